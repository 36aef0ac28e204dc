// Package layering holds the rule that imports run one way.
package layering

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// allowed lists, for each of our packages, which others it may import (tests aside). A new package has to be entered.
var allowed = map[string][]string{
	"finding":           {},
	"cloud":             {},
	"action":            {"cloud", "finding"},
	"actions":           {"action", "cloud", "finding"},
	"blast":             {"cloud", "config", "finding"},
	"config":            {"finding", "notify", "strict"},
	"playbook":          {"config", "finding"},
	"policy":            {"config", "finding", "playbook"},
	"casefile":          {"action", "finding", "printable"},
	"casefile/sqlite":   {"action", "casefile", "finding"},
	"casefile/dynamodb": {"action", "casefile", "cloud", "finding"},
	"vault":             {"action", "cloud"},
	"engine":            {"action", "blast", "casefile", "cloud", "config", "finding", "notify", "playbook", "policy", "vault"},
	"serve":             {"action", "casefile", "config", "engine", "finding", "notify"},
	"asl":               {"config", "finding", "playbook"},
	"doctor":            {"casefile/dynamodb", "casefile/sqlite", "cloud", "config", "notify", "permissions", "vault"},
	"awssim":            {"cloud"},
	"notify":            {"cloud", "finding"},
	"cli":               {"action", "actions", "asl", "awssim", "casefile", "casefile/dynamodb", "casefile/sqlite", "cloud", "config", "doctor", "engine", "finding", "notify", "permissions", "playbook", "policy", "policytest", "printable", "serve", "telemetry", "vault"},
	"gen":               {"action", "actions", "asl", "config", "finding", "notify", "permissions", "playbook"},
	"permissions":       {"action", "actions", "blast", "casefile/dynamodb", "config", "engine", "notify"},
	"layering":          {},
	"printable":         {},
	"hostiletest":       {},
	"faultsim":          {},
	"policytest":        {"config", "finding", "policy", "strict"},
	"strict":            {},
	"telemetry":         {"cloud", "engine"},
	"mototest":          {},
	"nodetest":          {},
	"mototest/workload": {"cloud"},
	"lambda":            {"action", "actions", "asl", "casefile", "casefile/dynamodb", "cloud", "config", "engine", "finding", "notify", "vault"},
	"lambda/lambdatest": {},
	"deploytest":        {"nodetest"},
	"action/actiontest": {"action", "awssim", "cloud", "finding"},

	"playbook/playbooktest":   {"playbook"},
	"casefile/casefiletest":   {"action", "casefile", "finding"},
	"deploytest/stubprovider": {},
}

func TestImportsRunOneWay(t *testing.T) {
	seen := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		seen++
		pkg := filepath.ToSlash(filepath.Dir(strings.TrimPrefix(path, "../")))
		may, known := allowed[pkg]
		if !known {
			t.Errorf("package internal/%s is not entered in the layering table", pkg)
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, imp := range file.Imports {
			ours, ok := strings.CutPrefix(strings.Trim(imp.Path.Value, `"`), "cordon/internal/")
			if ok && !slices.Contains(may, ours) {
				t.Errorf("%s imports internal/%s; allowed for internal/%s: %v", path, ours, pkg, may)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 50 {
		t.Fatalf("only %d files seen; is the test looking in the right place?", seen)
	}
}
