package deploytest

import (
	"os"
	"os/exec"
	"testing"
)

// dist runs make dist-template: what `aws cloudformation package` gets, but for the function's program.
func dist(t testing.TB, arguments ...string) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "make", append([]string{"-s", "dist-template", "DIST=" + dir}, arguments...)...)
	cmd.Dir, cmd.Env = File(t, "."), append(os.Environ(), "MAKEFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return dir
}
