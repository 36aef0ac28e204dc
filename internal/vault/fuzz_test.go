package vault

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cordon/internal/action"
)

// FuzzEntry: whatever stands in a manifest, it is refused as damaged, or it is to the byte what would be written, and the
// chain goes on behind it.
func FuzzEntry(f *testing.F) {
	good, err := encode(Entry{Seq: 1, Case: "c-0123456789ab", Name: "a", SHA256: digest([]byte("x")), Bytes: 1})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{
		string(good) + "\n", string(good), string(good) + "\n{}\n", "{}\n", "null\n", "", `{"seq":9223372036854775807}`, `{"seq":-1}`, `{"SEQ":1}`,
		`{"seq":1,"seq":2}`, `{"at":"9999-12-31T23:59:59-23:59"}`, `{"bytes":1e400}`, `{"name":"` + "\xff" + `"}`, `{"name":"../../x"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		first, err := decode(raw)
		if err != nil {
			return
		}
		again, err := encode(first)
		if err != nil || string(again) != strings.TrimSuffix(string(raw), "\n") {
			t.Fatalf("read %q, would write %q, %v", raw, again, err)
		}
		dir := t.TempDir()
		v, err := OpenDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		const id = "c-0123456789ab"
		at := filepath.Join(dir, id, manifestDir, "000001.json")
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Verify(t.Context(), v, id, []action.Artifact{}, ""); err != nil {
			t.Fatalf("verify: %v", err)
		}
		if first.Seq != 1 || first.Name == "b" {
			return // the number behind it is not free, or the name not
		}
		if _, e, err := v.Put(t.Context(), id, "b", []byte("y")); err != nil || e.Seq != 2 || e.Prev != first.Hash {
			t.Fatalf("%+v behind %+v: %v", e, first, err)
		}
	})
}
