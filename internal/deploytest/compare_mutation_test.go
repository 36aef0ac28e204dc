package deploytest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// differencesShow changes one thing in one of the two at a time, each resource and each single value in turn: the
// comparison has to report every one. So a change in one template alone cannot go unseen.
func differencesShow(t *testing.T, tf *Terraform) {
	everything := parameterSets[1]
	stack, err := LoadFor(t, everything.sam).Evaluate(everything.sam)
	if err != nil {
		t.Fatal(err)
	}
	plan := planHub(t, tf, everything.tf)
	const definition = `{"StartAt": "${FunctionArn} ${Partition}"}` // a short one: it is read again for every change
	plan.Resources["aws_sfn_state_machine.state_machine"].Values["definition"] = fmt.Sprintf(
		`{"StartAt": "%s %s"}`, plan.Resources["aws_lambda_function.function"].Values["arn"], Partition)
	if found := compare(stack, definition, plan); len(found) > 0 {
		t.Fatalf("they differ before any change: %s", strings.Join(found, "\n"))
	}
	t.Run("SAM", func(t *testing.T) {
		sam := fromSAM(stack, definition)
		tf, _ := fromTerraform(plan)
		changed := 0
		for _, id := range slices.Sorted(maps.Keys(stack.Resources)) {
			r, shape := stack.Resources[id], sam[id]
			delete(sam, id)
			expect(t, "without "+id, compareShapes(sam, tf))
			for _, path := range leaves(r.Properties, nil) {
				if exceptions[id+"."+path[0]] != "" || path[0] == "DefinitionUri" {
					continue
				}
				changed++
				mutant := r
				mutant.Properties = mutated(t, r.Properties, path)
				sam[id] = shapeOf(mutant, definition)
				expect(t, fmt.Sprintf("%s.%s changed", id, strings.Join(path, ".")), compareShapes(sam, tf))
			}
			sam[id] = shape
		}
		t.Logf("%d values changed, each seen", changed)
	})
	t.Run("Terraform", func(t *testing.T) {
		changed := 0
		for _, address := range slices.Sorted(maps.Keys(plan.Resources)) {
			whole := plan.Resources[address]
			delete(plan.Resources, address)
			expect(t, "without "+address, compare(stack, definition, plan))
			for _, path := range leaves(whole.Values, nil) {
				if !slices.Contains(whole.Configured, path[0]) || unseen[whole.Type+"."+path[0]] {
					continue
				}
				changed++
				r := whole
				r.Values = mutated(t, whole.Values, path)
				plan.Resources[address] = r
				expect(t, fmt.Sprintf("%s.%s changed", address, strings.Join(path, ".")), compare(stack, definition, plan))
			}
			plan.Resources[address] = whole
		}
		t.Logf("%d values changed, each seen", changed)
	})
	t.Run("definition", func(t *testing.T) {
		expect(t, "another definition", compare(stack, strings.Replace(definition, `"StartAt"`, `"StartAtt"`, 1), plan))
	})
	t.Run("resource that is new", func(t *testing.T) {
		plan.Resources["aws_sqs_queue.second"] = Planned{Type: "aws_sqs_queue", Name: "second"}
		expect(t, "a second queue", compare(stack, definition, plan))
	})
}

// unseen are Terraform's sides of exceptions.
var unseen = map[string]bool{
	"aws_s3_bucket.force_destroy": true, "aws_lambda_function.filename": true, "aws_lambda_function.source_code_hash": true, "aws_iam_instance_profile.tags": true,
}

func expect(t *testing.T, change string, found []string) {
	t.Helper()
	if len(found) == 0 {
		t.Errorf("%s: the comparison sees no difference", change)
	}
}

// leaves lists the paths to the scalars in a value; null is none.
func leaves(v any, path []string) [][]string {
	var out [][]string
	switch v := v.(type) {
	case nil:
	case map[string]any:
		for _, key := range keys(v) {
			out = append(out, leaves(v[key], append(slices.Clone(path), key))...)
		}
	case []any:
		for n, item := range v {
			out = append(out, leaves(item, append(slices.Clone(path), fmt.Sprint(n)))...)
		}
	default:
		out = append(out, path)
	}
	return out
}

// mutated is a copy with the scalar at path changed.
func mutated(t *testing.T, v map[string]any, path []string) map[string]any {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	var at any = out
	for n, key := range path {
		last := n == len(path)-1
		switch in := at.(type) {
		case map[string]any:
			if last {
				in[key] = other(in[key])
			}
			at = in[key]
		case []any:
			var index int
			if _, err := fmt.Sscan(key, &index); err != nil {
				t.Fatal(err)
			}
			if last {
				in[index] = other(in[index])
			}
			at = in[index]
		}
	}
	return out
}

// other is another value of the same kind: text stays the JSON that it was, with one more thing in it.
func other(v any) any {
	switch v := v.(type) {
	case bool:
		return !v
	case float64:
		return v + 1
	case string:
		if strings.HasPrefix(v, "{") {
			return strings.Replace(v, "{", `{"other": 1, `, 1)
		}
		return v + "x"
	}
	return "other"
}
