package casefile_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cordon/internal/casefile"
)

// FuzzStored: what a store has kept is a case or a record that can be kept again and is then the same, or an error.
func FuzzStored(f *testing.F) {
	for _, seed := range []string{
		`{"id":"c-0123456789ab","status":"contained","target":{"account":"111122223333","kind":"ec2.instance","id":"i-0"},"findings":[{"id":"f","count":1}],
		  "approval":{"plan":"00","why":["w"],"asked":"2026-01-01T00:00:00Z","expires":"2026-01-01T00:00:00Z","people":1,"answers":[{"by":"a","yes":true}]}}`,
		`{"case":"c-0123456789ab","action":"ec2.isolate-network","seq":1,"version":1,"status":"done","started":"2026-01-01T00:00:00Z","notes":["n"]}`,
		``, `null`, `{}`, `[]`, `{"id":"x","status":"y","opened":"9999-12-31T23:59:59.999999999-23:59"}`, `{"id":"x","status":"y","contained_after":1e400}`,
		`{"case":"c","action":"a","notes":["` + "\xff" + `"]}`, `{"case":"c","action":"a","seq":-9223372036854775808}`, `{"id":"a","ID":"b","status":"c"}`,
	} {
		f.Add([]byte(seed), []byte(`{}`), []byte(`{"a":[1e999]}`))
		f.Add([]byte(seed), []byte(``), []byte(`{`))
	}
	f.Fuzz(func(t *testing.T, body, request, prior []byte) {
		if c, err := casefile.DecodeCase(body); err == nil {
			raw, err := json.Marshal(c)
			if err != nil {
				t.Fatal(err)
			}
			again, err := casefile.DecodeCase(raw)
			if err != nil || !cmp.Equal(c, again, cmpopts.EquateEmpty()) {
				t.Fatalf("%v\n%s", err, cmp.Diff(c, again))
			}
			c.OpenFindings()
			c.Unseen()
			c.Answered(c.Findings...)
		}
		if r, err := casefile.DecodeRecord(body, request, prior, nil); err == nil {
			raw, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			var parts struct{ Request, Prior json.RawMessage }
			if err := json.Unmarshal(raw, &parts); err != nil {
				t.Fatal(err)
			}
			again, err := casefile.DecodeRecord(raw, r.Request, r.Prior, nil)
			if err != nil || !cmp.Equal(r, again, cmpopts.EquateEmpty()) {
				t.Fatalf("%v\n%s", err, cmp.Diff(r, again))
			}
			r.Open()
		}
	})
}
