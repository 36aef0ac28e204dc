package policytest

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"cordon/internal/config"
)

// FuzzRead: a file of policy tests is refused, or each of its cases is decided, and decided the same again.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("../../examples/policy/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	for _, seed := range []string{
		"cases: [{name: a, finding: {type: 'Backdoor:EC2/C&CActivity.B', severity: 8, resource: i-0}, expect: contain}]",
		"now: 2026-11-21T12:00:00Z\ncases:\n- &a {name: a, finding: {type: t, age: 3650d, count: -1}, tags: {a: b}, expect: {outcome: observe, rule: r}}\n- *a\n",
		"cases: [{name: a, file: /dev/zero, expect: contain}]", "cases: [{name: a, finding: {type: x, severity: .nan}, expect: ignore}]", "cases: []", "",
	} {
		f.Add([]byte(seed))
	}
	conf := config.Default("/")
	f.Fuzz(func(t *testing.T, raw []byte) {
		file, err := parse(raw)
		if err != nil {
			return
		}
		for _, c := range file.Cases {
			if c.File != "" {
				return
			}
		}
		now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
		results, err := file.Run(conf, t.TempDir(), now)
		again, err2 := file.Run(conf, t.TempDir(), now)
		if (err == nil) != (err2 == nil) || len(results) != len(again) || err == nil && len(results) < len(file.Cases) {
			t.Fatalf("%d cases, %d results, then %d; %v, %v", len(file.Cases), len(results), len(again), err, err2)
		}
		for i, r := range results {
			if r.Decision.Outcome == "" || r.Decision.Outcome != again[i].Decision.Outcome || r.Decision.Rule != again[i].Decision.Rule {
				t.Fatalf("%+v, then %+v", r, again[i])
			}
		}
	})
}

// TestFileWithoutEnd: a case names what it likes; only a regular file is read.
func TestFileWithoutEnd(t *testing.T) {
	if _, err := os.Stat("/dev/zero"); err != nil {
		t.Skip(err)
	}
	file, err := parse([]byte("cases: [{name: a, file: /dev/zero, expect: contain}]"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Run(config.Default("/"), ".", time.Now()); err == nil {
		t.Error("/dev/zero is a finding")
	}
}
