package finding

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"testing"
)

// Every member of a finding, one at a time, is made something it should not be. What comes out is
// a sound finding, or a typed error; and what it keeps as Raw says the same again.
func TestMangled(t *testing.T) {
	docs := map[string]string{"asff": asffDoc, "bare": bare}
	for _, name := range []string{"iam-role", "s3-public", "eks-runtime", "attack-sequence"} {
		data, err := os.ReadFile("../../examples/findings/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		docs[name] = string(data)
	}
	odd := []any{nil, "", "x\x00\u202e", -1, []any{}, m{}, []any{[]any{m{"name": "x"}}, 7}, m{"sample": "true", "name": 1}, true, "arn:a:b"}
	for name, doc := range docs {
		t.Run(name, func(t *testing.T) {
			var root any
			if err := json.Unmarshal([]byte(doc), &root); err != nil {
				t.Fatal(err)
			}
			good, bad := 0, 0
			mangle(root, "", odd, func(path string) {
				data, err := json.Marshal(root)
				if err != nil {
					t.Fatal(err)
				}
				found, err := Decode(bytes.NewReader(data))
				if len(found) == 0 && len(Problems(err)) == 0 {
					t.Fatalf("%s: no finding, error %v", path, err)
				}
				good, bad = good+len(found), bad+len(Problems(err))
				for _, f := range found {
					sound(t, f)
					again, err := Decode(bytes.NewReader(f.Raw))
					if err != nil || len(again) != 1 || again[0].ID != f.ID || !slices.Equal(again[0].Targets, f.Targets) {
						t.Fatalf("%s: Raw decodes to %+v, error %v; was %+v", path, again, err, f)
					}
				}
			})
			if good == 0 || bad == 0 {
				t.Errorf("%d findings, %d errors: the test does not reach", good, bad)
			}
		})
	}
}

// mangle puts each odd value in the place of each value below v, calls visit, and mends it.
func mangle(v any, path string, odd []any, visit func(path string)) {
	switch v := v.(type) {
	case map[string]any:
		for key, was := range v {
			for _, o := range odd {
				v[key] = o
				visit(path + "." + key)
			}
			v[key] = was
			mangle(was, path+"."+key, odd, visit)
		}
	case []any:
		for i, was := range v {
			at := path + "." + strconv.Itoa(i)
			for _, o := range odd {
				v[i] = o
				visit(at)
			}
			v[i] = was
			mangle(was, at, odd, visit)
		}
	}
}
