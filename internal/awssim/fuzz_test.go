package awssim

import (
	"os"
	"path/filepath"
	"testing"
)

// FuzzState: a sandbox's file is refused, or the account can be looked at, kept and read again, and is then the same.
func FuzzState(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, ``, `{"Regions":{"us-east-1":null}}`, `{"Regions":{"us-east-1":{}}}`, `{"Buckets":{"b":null}}`, `{"IAM":{"Users":{"u":null}}}`,
		`{"Regions":{"us-east-1":{"EC2":{"Instances":{"i-0":null},"Interfaces":{"eni-0":{}}}}}}`, `{"Seq":9223372036854775807}`, `{"Seq":"x"}`,
		`{"Regions":null,"Buckets":null,"Account":"1"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		dir := t.TempDir()
		for name, content := range map[string]string{"account.json": string(raw), "account.lock": "00000000000000000001"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		a, created, err := Open(dir, Options{})
		if err != nil {
			return
		}
		if created {
			t.Fatal("the account in the file is taken for none")
		}
		all := DumpOptions{Snapshots: true, Objects: true, Commands: true, Items: true}
		before := a.Dump(all)
		if err := a.update(func(s *state) { s.region("us-east-1") }); err != nil {
			t.Fatalf("keep what was read: %v", err)
		}
		kept := a.Dump(all)
		again, _, err := Open(dir, Options{})
		if err != nil {
			t.Fatalf("read what was kept: %v", err)
		}
		if d := Diff(kept, again.Dump(all)); len(d) > 0 {
			t.Fatalf("read again it is another: %v (first %v)", d, before)
		}
	})
}
