package deploytest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cordon/internal/nodetest"
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

// dist runs make dist-template: what `aws cloudformation package` gets, but for the function's program.
func dist(t *testing.T, arguments ...string) string {
	t.Helper()
	root, err := nodetest.Root()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "make", append([]string{"-s", "dist-template", "DIST=" + dir}, arguments...)...)
	cmd.Dir, cmd.Env = root, append(os.Environ(), "MAKEFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return dir
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
		object(object(want["Parameters"])["Architecture"])["Default"] = arch
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", arch, diff)
		}
		for _, name := range []string{"cordon.asl.json", "member.yaml", "lambda"} {
			if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
				t.Error(err)
			}
		}
	}
	cmd := exec.CommandContext(t.Context(), "make", "-s", "dist-template", "DIST="+t.TempDir(), "ARCH=mips")
	cmd.Dir = File(t, ".")
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "arm64 or x86_64") {
		t.Errorf("ARCH=mips: %v, %s", err, out)
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
