// Package nodetest runs what others wrote for Node (an interpreter and a validator of state machines, the schemas of
// CloudFormation and of the Terraform provider, the list of IAM actions), for tests alone.
package nodetest

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Modules is the folder of the packages that package.json names, which make test installs. Where it is not there the test
// fails and says so, or is skipped with SKIP_EMULATOR=1.
func Modules(t testing.TB) string {
	t.Helper()
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, ".tools", "node", "node_modules")
	_, err = os.Stat(filepath.Join(dir, "asl-validator"))
	if err == nil {
		_, err = exec.LookPath("node")
	}
	switch {
	case err == nil:
		return dir
	case os.Getenv("SKIP_EMULATOR") != "":
		t.Skipf("left out, because SKIP_EMULATOR is set: %v", err)
	default:
		t.Fatalf("%v: run make node (it needs Node 20 or newer and npm), or set SKIP_EMULATOR=1", err)
	}
	return ""
}

// Run runs a script (CommonJS: require finds the packages) with in on its standard input and gives its standard output.
func Run(t testing.TB, script string, in []byte, args ...string) []byte {
	t.Helper()
	modules := Modules(t)
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", append([]string{
		"--require", filepath.Join(root, "internal", "nodetest", "node20.cjs"), "--no-warnings", script,
	}, args...)...)
	cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
	cmd.Stdin = bytes.NewReader(in)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("node %s: %v\n%s", script, err, errs.Bytes())
	}
	return out.Bytes()
}

// Root is the module's root: the next folder upwards that holds go.mod.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("no go.mod in any folder above")
		}
		dir = up
	}
}
