package deploytest

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"cordon/internal/nodetest"
)

// spec is what AWS's schemas of CloudFormation say of resolved resources: what is wrong, and by type which property holds
// the tags (types that have none are left out).
func spec(t *testing.T, resources map[string]Resource) (problems []string, tags map[string]string) {
	t.Helper()
	in, err := json.Marshal(resources)
	if err != nil {
		t.Fatal(err)
	}
	var out struct {
		Problems []string
		Tags     map[string]string
	}
	if err := json.Unmarshal(nodetest.Run(t, File(t, "internal/deploytest/testdata/spec.cjs"), in), &out); err != nil {
		t.Fatal(err)
	}
	return out.Problems, out.Tags
}

// TestSchemas: every resource, as SAM translates it, has the type, the properties and the values that CloudFormation knows;
// and every one that can have tags has the deployment's.
func TestSchemas(t *testing.T) {
	plain := LoadSAM(t).Transform(t)
	seen := map[string]bool{}
	for name, of := range map[string]struct {
		tmpl       Template
		parameters map[string]string
	}{
		"defaults":   {plain, nil},
		"everything": {plain, everything()},
		"member":     {LoadMember(t), map[string]string{"HubAccount": "444455556666"}},
	} {
		stack, err := of.tmpl.Evaluate(of.parameters)
		if err != nil {
			t.Fatal(err)
		}
		problems, tags := spec(t, stack.Resources)
		for _, p := range problems {
			t.Errorf("%s: %s", name, p)
		}
		for id, r := range stack.Resources {
			seen[r.Type] = true
			key, can := tags[r.Type]
			if r.Type == "AWS::CloudWatch::Dashboard" {
				continue // only since 2026, and cfn-lint does not know it yet
			}
			list, _ := r.Properties[key].([]any)
			tagged := slices.ContainsFunc(list, func(tag any) bool {
				return object(tag)["Key"] == "cordon:deployment" && object(tag)["Value"] == "cordon"
			})
			if can && !tagged {
				t.Errorf("%s: %s can have tags, and has not the deployment's", name, id)
			}
		}
	}
	if len(seen) < 15 {
		t.Errorf("only %d types of resource seen: %v", len(seen), seen)
	}
}

// TestSchemasTell: the script finds each kind of mistake.
func TestSchemasTell(t *testing.T) {
	queue := func(properties map[string]any) map[string]Resource {
		return map[string]Resource{"Q": {Type: "AWS::SQS::Queue", Properties: properties}}
	}
	for name, tt := range map[string]struct {
		resources map[string]Resource
		want      []string
	}{
		"good":          {queue(map[string]any{"QueueName": "x", "DelaySeconds": "5", "FifoQueue": "true"}), nil},
		"type":          {map[string]Resource{"Q": {Type: "AWS::SQS::Cue"}}, []string{"Q: there is no resource type AWS::SQS::Cue"}},
		"property":      {queue(map[string]any{"Nope": 1}), []string{"Q.Nope: there is no such property"}},
		"scalar":        {queue(map[string]any{"DelaySeconds": "soon"}), []string{`Q.DelaySeconds: "soon" is no integer`}},
		"list":          {queue(map[string]any{"Tags": "x"}), []string{"Q.Tags: is no list"}},
		"tag":           {queue(map[string]any{"Tags": []any{map[string]any{"Name": "x"}}}), []string{"Q.Tags[0]: is no tag"}},
		"required":      {map[string]Resource{"A": {Type: "AWS::KMS::Alias", Properties: map[string]any{"AliasName": "alias/x"}}}, []string{"A.TargetKeyId: is required"}},
		"allowed value": {map[string]Resource{"R": {Type: "AWS::Events::Rule", Properties: map[string]any{"State": "ON"}}}, []string{"R.State: ON is none of DISABLED,ENABLED,ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"}},
		"nested": {
			map[string]Resource{"R": {Type: "AWS::Events::Rule", Properties: map[string]any{"Targets": []any{map[string]any{"Id": "x", "Nope": 1}}}}},
			[]string{"R.Targets[0].Nope: there is no such property", "R.Targets[0].Arn: is required"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got, _ := spec(t, tt.resources); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
