package policy_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"cordon/internal/config"
	"cordon/internal/finding"
	"cordon/internal/policy"
)

var update = flag.Bool("update", false, "write the golden files anew")

// usual is the severity of a finding type by its default on the list; what varies is taken for the middle.
func usual(text string) float64 {
	first, _, _ := strings.Cut(strings.TrimSuffix(text, "*"), "/")
	switch first {
	case "Low":
		return 2
	case "High":
		return 8
	case "Critical":
		return 9.5
	default:
		return 5
	}
}

// TestEveryType: under the standard policy every type of GuardDuty's list decides to something, for each kind of resource
// that it may be about, as actor and as target. The golden file is the whole answer on one page.
func TestEveryType(t *testing.T) {
	raw, err := os.ReadFile("../../../shared/finding-types.tsv")
	if err != nil {
		t.Skip("the list of types is not here")
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")[1:]
	if len(lines) < 231 {
		t.Fatalf("%d types, want 231", len(lines))
	}
	var out strings.Builder
	for _, row := range lines {
		fields := strings.Split(row, "\t")
		typ := fields[0]
		kinds := finding.KindsOf(typ)
		if len(kinds) == 0 {
			kinds = []finding.Kind{"unknown"}
		}
		for _, kind := range kinds {
			said := map[string]string{}
			for _, role := range []string{"ACTOR", "TARGET"} {
				target := finding.Target{Account: "111122223333", Region: "us-east-1", Kind: kind, ID: "x"}
				d := policy.Decide(policy.Input{
					Config: config.Default("/"), Now: noon, Target: target,
					Finding: finding.Finding{Type: typ, Severity: usual(fields[2]), Count: 1, ResourceRole: role, Kind: kind, Targets: []finding.Target{target}},
				})
				if d.Outcome == policy.Ignore || d.Reason == "" {
					t.Errorf("%s on %s: %+v", typ, kind, d)
				}
				said[role] = fmt.Sprintf("%s (%s)", d.Outcome, strings.TrimPrefix(d.Rule, "builtin/"))
			}
			text := said["ACTOR"]
			if said["TARGET"] != text {
				text += "; as target " + said["TARGET"]
			}
			fmt.Fprintf(&out, "%s\t%s\t%s\t%s\n", typ, fields[2], kind, text)
		}
	}
	golden(t, "testdata/types.golden", out.String())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) == got {
		return
	}
	have := strings.Split(got, "\n")
	for i, line := range strings.Split(string(want), "\n") {
		if i >= len(have) || have[i] != line {
			t.Fatalf("%s, line %d differs (go test -update writes it anew)\nwant %s\ngot  %s", name, i+1, line, strings.Join(have[i:min(i+1, len(have))], ""))
		}
	}
	t.Fatalf("%s is shorter than what was said", name)
}
