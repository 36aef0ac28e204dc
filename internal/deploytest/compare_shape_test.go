package deploytest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// canonical gives a value in the one shape that both templates are compared in: scalars as text (CloudFormation's
// parameters are texts), what is null left out, JSON in a text read, lists of tags and of dimensions as maps, the parts of
// a policy's statement as lists, and the same names on both sides.
func canonical(v any, names *strings.Replacer) any {
	switch v := v.(type) {
	case map[string]any:
		return canonicalMap(v, names)
	case []any:
		if pairs, ok := pairs(v); ok {
			return canonical(pairs, names)
		}
		out := make([]any, 0, len(v))
		for _, item := range v {
			out = append(out, canonical(item, names))
		}
		return out
	case string:
		var object map[string]any
		if strings.HasPrefix(v, "{") && json.Unmarshal([]byte(v), &object) == nil {
			return canonical(object, names)
		}
		return names.Replace(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

func canonicalMap(v map[string]any, names *strings.Replacer) map[string]any {
	out := map[string]any{}
	_, statement := v["Effect"]
	for key, item := range v {
		if item == nil {
			continue
		}
		value := canonical(item, names)
		if _, list := value.([]any); statement && !list && slices.Contains([]string{"Action", "NotAction", "Resource"}, key) {
			value = []any{value}
		}
		if list, ok := value.([]any); ok && (key == "AttributeDefinitions" || key == "Statement") { // sets
			sortByText(list)
		}
		out[key] = value
	}
	return out
}

// pairs gives [{Key: a, Value: b}] and [{Name: a, Value: b}] as {a: b}.
func pairs(list []any) (map[string]any, bool) {
	out := map[string]any{}
	for _, item := range list {
		m, ok := item.(map[string]any)
		name, isKey := m["Key"].(string)
		if !isKey {
			name, isKey = m["Name"].(string)
		}
		value, has := m["Value"]
		if !ok || !isKey || !has || len(m) != 2 {
			return nil, false
		}
		out[name] = value
	}
	return out, len(list) > 0
}

// sortByText sorts by Sid where there is one, so that differences are shown of the statements that belong together.
func sortByText(list []any) {
	slices.SortFunc(list, func(a, b any) int {
		return cmp.Or(strings.Compare(text(object(a)["Sid"]), text(object(b)["Sid"])), strings.Compare(fmt.Sprint(a), fmt.Sprint(b)))
	})
}

// differences lists where two canonical values differ, as "PATH: a here, b there".
func differences(path string, a, b any) []string {
	am, aok := a.(map[string]any)
	bm, bok := b.(map[string]any)
	if aok && bok {
		var out []string
		for _, key := range keys(am, bm) {
			out = append(out, differences(path+"."+key, am[key], bm[key])...)
		}
		return out
	}
	al, aok := a.([]any)
	bl, bok := b.([]any)
	if aok && bok && len(al) == len(bl) {
		var out []string
		for n := range al {
			out = append(out, differences(fmt.Sprintf("%s[%d]", path, n), al[n], bl[n])...)
		}
		return out
	}
	if reflect.DeepEqual(a, b) {
		return nil
	}
	return []string{fmt.Sprintf("%s: SAM has %s, Terraform %s", path, show(a), show(b))}
}

func show(v any) string {
	if v == nil {
		return "nothing"
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

func keys(maps ...map[string]any) []string {
	var out []string
	for _, m := range maps {
		for key := range m {
			out = append(out, key)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
