package deploytest

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"testing"
)

// Transform gives the template as plain CloudFormation, translated by SAM's own translator (it comes with cfn-lint). The
// local files are where `aws cloudformation package` would have put them.
func (tmpl Template) Transform(t testing.TB) Template {
	t.Helper()
	raw, err := json.Marshal(tmpl)
	if err != nil {
		t.Fatal(err)
	}
	var packaged Template
	if err := json.Unmarshal(raw, &packaged); err != nil {
		t.Fatal(err)
	}
	for _, r := range object(packaged["Resources"]) {
		properties := object(object(r)["Properties"])
		for key, uri := range map[string]string{"CodeUri": "s3://packages/function.zip", "DefinitionUri": "s3://packages/cordon.asl.json"} {
			if _, ok := properties[key]; ok {
				properties[key] = uri
			}
		}
	}
	raw, err = json.Marshal(packaged)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python(t), File(t, "internal/deploytest/testdata/sam.py"))
	cmd.Stdin = bytes.NewReader(raw)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("translate the template: %v\n%s", err, errs.Bytes())
	}
	plain, err := Parse(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// python is an interpreter that has SAM's translator. Without one the test fails, or is skipped where SKIP_EMULATOR=1.
func python(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"python3", File(t, ".venv/bin/python")} {
		if path, err := exec.LookPath(name); err == nil && exec.CommandContext(t.Context(), path, "-c", "import samtranslator").Run() == nil {
			return path
		}
	}
	missing(t, "the Python package aws-sam-translator (it comes with cfn-lint)")
	return ""
}

// cfnLint is the path of cfn-lint, on PATH or in .venv.
func cfnLint(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"cfn-lint", File(t, ".venv/bin/cfn-lint")} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing(t, "cfn-lint")
	return ""
}

func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("SKIP_EMULATOR") == "1" {
		t.Skipf("left out, because SKIP_EMULATOR=1: %s", what)
	}
	t.Fatalf("%s is missing: run make emulator, or set SKIP_EMULATOR=1", what)
}
