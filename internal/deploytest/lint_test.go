package deploytest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lint runs cfn-lint, which also warns; it gives what it says, "" for nothing.
func lint(t *testing.T, files ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), cfnLint(t), append([]string{"--non-zero-exit-code", "warning", "--"}, files...)...).CombinedOutput()
	if err != nil && len(out) == 0 {
		t.Fatal(err)
	}
	return string(out)
}

func TestLint(t *testing.T) {
	dir := dist(t)
	if out := lint(t, File(t, "deploy/sam/template.yaml"), File(t, "deploy/sam/member.yaml"), filepath.Join(dir, "template.yaml")); out != "" {
		t.Error(out)
	}
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("Resources: {T: {Type: AWS::SNS::Topic, Properties: {Nope: x}}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := lint(t, bad); !strings.Contains(out, "Nope") {
		t.Errorf("cfn-lint says nothing to a bad template: %q", out)
	}
}

// TestDist: the packaged template is the SAM template but for two paths, the builder and the processor.
func TestDist(t *testing.T) {
	for _, arch := range []string{"arm64", "x86_64"} {
		dir := dist(t, "ARCH="+arch)
		want, got := LoadSAM(t), Load(t, filepath.Join(dir, "template.yaml"))
		function := object(object(want["Resources"])["Function"])
		delete(function, "Metadata")
		object(function["Properties"])["CodeUri"] = "lambda/"
		object(object(object(want["Resources"])["StateMachine"])["Properties"])["DefinitionUri"] = "cordon.asl.json"
		processor := object(object(want["Parameters"])["Architecture"])
		processor["Default"], processor["AllowedValues"] = arch, []any{arch}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", arch, diff)
		}
		for _, name := range []string{"cordon.asl.json", "member.yaml", "samconfig.toml", "lambda"} {
			if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestMakeRefuses: what would build for another processor than the template says, or write elsewhere, is refused.
func TestMakeRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		arguments []string
		want      string
	}{
		{[]string{"dist-template", "DIST=" + dir, "ARCH=mips"}, "arm64 or x86_64"},
		{[]string{"build-Function", "ARTIFACTS_DIR=" + dir, "ARCH=x86_64"}, "make dist ARCH=x86_64"},
		{[]string{"dist-template", "DIST=" + dir + "/a b"}, "DIST is one folder"},
		{[]string{"dist-template", "DIST="}, "DIST is one folder"},
		{[]string{"dist-template", "DIST=" + dir + "/*"}, "DIST is one folder"},
	} {
		cmd := exec.CommandContext(t.Context(), "make", append([]string{"-s"}, tt.arguments...)...)
		cmd.Dir, cmd.Env = File(t, "."), append(os.Environ(), "MAKEFLAGS=")
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), tt.want) {
			t.Errorf("make %s: %v, %s", tt.arguments, err, out)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestLocalPaths: what sam build looks for is there.
func TestLocalPaths(t *testing.T) {
	resources := LoadSAM(t).Resources()
	for path, file := range map[string]string{
		text(resources["Function"].Properties["CodeUri"]):           "Makefile",
		text(resources["StateMachine"].Properties["DefinitionUri"]): "",
	} {
		if _, err := os.Stat(filepath.Join(File(t, "deploy/sam"), filepath.FromSlash(path), file)); err != nil {
			t.Error(err)
		}
	}
	makefile, err := os.ReadFile(File(t, "Makefile"))
	if err != nil || !strings.Contains(string(makefile), "\nbuild-Function:") {
		t.Errorf("the Makefile has no target for sam build: %v", err)
	}
	var raw []byte
	if raw, err = os.ReadFile(File(t, "deploy/sam/template.yaml")); err != nil || !strings.Contains(string(raw), "Metadata: {BuildMethod: makefile}") {
		t.Errorf("sam build is not told of the Makefile: %v", err)
	}
}
