package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cordon/internal/cli"
)

// TestWildFindings puts findings that other projects ship through explain and respond: each ends in a case, or in exit
// code 5 with a reason; nothing panics, and the account is as it was: none of them is about it, and many are samples.
func TestWildFindings(t *testing.T) {
	files, err := filepath.Glob("../../../shared/findings/*/*.json")
	if err != nil || len(files) == 0 {
		t.Skip("the findings are not here")
	}
	t.Setenv("CORDON_SANDBOX", t.TempDir())
	run := func(args ...string) (code int, out, said string) {
		var stdout, stderr bytes.Buffer
		code = cli.Main(context.Background(), args, cli.IO{In: &bytes.Buffer{}, Out: &stdout, Err: &stderr})
		return code, stdout.String(), stderr.String()
	}
	if code, _, said := run("plan", "../../examples/findings/ec2-sample.json"); code != 0 { // makes the sandbox
		t.Fatal(said)
	}
	account := filepath.Join(os.Getenv("CORDON_SANDBOX"), "account.json")
	before, err := os.ReadFile(account)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(filepath.Base(filepath.Dir(file))+"/"+filepath.Base(file), func(t *testing.T) {
			explained, _, said := run("explain", file)
			if explained == 5 && strings.TrimSpace(said) == "" {
				t.Error("explain: exit code 5 without a reason")
			}
			code, out, said := run("-q", "-o", "json", "respond", file)
			if code == 5 {
				if strings.TrimSpace(said) == "" || explained != 5 {
					t.Errorf("respond: exit code 5, said %q; explain: %d", said, explained)
				}
				return
			}
			var answer struct {
				Cases []struct{ ID, Status, Reason string }
			}
			if err := json.Unmarshal([]byte(out), &answer); err != nil || len(answer.Cases) == 0 {
				t.Fatalf("respond: exit code %d, no case: %v\n%s%s", code, err, out, said)
			}
			for _, c := range answer.Cases {
				if !slices.Contains([]string{"observed", "unsupported", "failed", "awaiting-approval"}, c.Status) || c.Reason == "" {
					t.Errorf("case %s is %s: %q", c.ID, c.Status, c.Reason)
				}
			}
		})
	}
	after, err := os.ReadFile(account)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the account was changed, %v", err)
	}
}
