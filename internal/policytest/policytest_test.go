package policytest_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"cordon/internal/config"
	"cordon/internal/policytest"
)

func write(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "cases.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestRefused(t *testing.T) {
	one := func(s string) string { return "cases:\n  - {name: x, expect: contain, " + s + "}\n" }
	for _, tt := range []struct{ name, yaml, want string }{
		{"nothing", "", "there is no case"},
		{"no name", "cases: [{expect: contain, file: x}]", "the case has no name"},
		{"name twice", "cases: [{name: x, expect: contain, file: x}, {name: x, expect: contain, file: y}]", "cases[1].name: two cases"},
		{"neither", "cases: [{name: x, expect: contain}]", "either a file or a finding"},
		{"both", one("file: x, finding: {type: y}"), "either a file or a finding"},
		{"no expectation", "cases: [{name: x, file: y}]", "expects nothing"},
		{"outcome", "cases: [{name: x, file: y, expect: {outcome: contained}}]", "did you mean contain?"},
		{"unknown key", one("finding: {tpye: x}"), "[2:42] cases[0].finding.tpye: there is no such key; did you mean type?"},
		{"no type", one("finding: {severity: 5}"), "has no type"},
		{"severity", one("finding: {type: x, severity: 11}"), "between 0 and 10"},
		{"role", one("finding: {type: x, role: victim}"), "use target or actor"},
		{"kind", one("finding: {type: x, kind: server}"), "no kind of target"},
		{"now", one("file: x, now: yesterday"), "is no time"},
		{"tags known and not", one("file: x, tags: {a: b}, tags_unknown: denied"), "tags are given"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := policytest.Read(write(t, tt.yaml)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q", err, tt.want)
			}
		})
	}
}

// TestDocumented: the cases in the documentation hold for the rules that stand there.
func TestDocumented(t *testing.T) {
	raw, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := map[string][]string{}
	for _, b := range regexp.MustCompile("(?s)```yaml\n# ([a-z-]+)\\.yaml\n(.*?)```").FindAllStringSubmatch(string(raw), -1) {
		blocks[b[1]] = append(blocks[b[1]], b[2])
	}
	rules := ""
	for _, b := range blocks["cordon"] {
		if strings.Contains(b, "production asks first") {
			rules = b
		}
	}
	conf, err := config.Parse("cordon.yaml", []byte(rules), config.Default("/"))
	if err != nil || rules == "" || len(blocks["policy-test"]) != 1 {
		t.Fatalf("%v, %d test blocks", err, len(blocks["policy-test"]))
	}
	f, err := policytest.Read(write(t, blocks["policy-test"][0]))
	if err != nil {
		t.Fatal(err)
	}
	results, err := f.Run(conf, ".", time.Now())
	if err != nil || len(results) != len(f.Cases) {
		t.Fatalf("%d results, %v", len(results), err)
	}
	for _, r := range results {
		if !r.OK {
			t.Errorf("%s: want %+v, got %s by %s", r.Case, r.Want, r.Decision.Outcome, r.Decision.Rule)
		}
	}
}

func TestTargets(t *testing.T) {
	run := func(target string) ([]policytest.Result, error) {
		f, err := policytest.Read(write(t, "cases: [{name: x, file: attack-sequence.json, expect: contain, target: '"+target+"'}]"))
		if err != nil {
			t.Fatal(err)
		}
		return f.Run(config.Default("/"), "../../examples/findings", time.Now())
	}
	if all, err := run(""); err != nil || len(all) != 4 {
		t.Errorf("%d targets, %v", len(all), err)
	}
	if one, err := run("deploy-bot"); err != nil || len(one) != 1 || !one[0].OK {
		t.Errorf("%+v, %v", one, err)
	}
	if _, err := run("nobody"); err == nil || !strings.Contains(err.Error(), `no target "nobody"`) {
		t.Errorf("error %v", err)
	}
}
