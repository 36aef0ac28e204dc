package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cordon/internal/cli"
	"cordon/internal/cloud"
	"cordon/internal/mototest"
	"cordon/internal/mototest/workload"
)

// TestOnTheEmulator answers a finding on an account that someone else simulates, through AWS_ENDPOINT_URL as a user
// would: the instance is contained, the case verified, then released, and what AWS shows is as before.
func TestOnTheEmulator(t *testing.T) {
	cfg := mototest.Start(t)
	c := cloud.New(cfg, mototest.Account)
	instance := workload.Make(t, c)
	dir := t.TempDir()
	for k, v := range map[string]string{
		"AWS_ENDPOINT_URL": workload.Fill(t, *cfg.BaseEndpoint), "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIAMOTO", "AWS_SECRET_ACCESS_KEY": "moto",
		"XDG_STATE_HOME": dir, "AWS_CONFIG_FILE": dir + "/none", "AWS_SHARED_CREDENTIALS_FILE": dir + "/none",
	} {
		t.Setenv(k, v)
	}
	write(t, dir+"/cordon.yaml", "vault: s3://evidence/cordon\n")
	write(t, dir+"/finding.json", fmt.Sprintf(`{"schemaVersion":"2.0","id":"f1","accountId":%q,"region":"us-east-1",
		"type":"Backdoor:EC2/C&CActivity.B","severity":8,"service":{"count":1},
		"resource":{"resourceType":"Instance","instanceDetails":{"instanceId":%q}}}`, mototest.Account, instance))
	before := workload.Seen(t, c, instance)

	out := cordon(t, 0, "--config", dir+"/cordon.yaml", "-q", "-o", "json", "respond", dir+"/finding.json")
	var answer struct {
		Cases []struct {
			ID, Status, Reason string
			Steps              []struct{ Action, Status, Error, Reason string }
		}
	}
	if err := json.Unmarshal(out, &answer); err != nil || len(answer.Cases) != 1 {
		t.Fatalf("respond: %v\n%s", err, out)
	}
	if got := answer.Cases[0]; got.Status != "contained" {
		t.Fatalf("case %s: %s", got.Status, got.Reason)
	}
	for _, s := range answer.Cases[0].Steps {
		t.Logf("%-8s %s %s%s", s.Status, s.Action, s.Error, s.Reason)
	}
	isolated := workload.Interfaces(t, c, instance)
	if len(isolated) != 2 {
		t.Fatalf("%d interfaces, want 2", len(isolated))
	}
	for eni, groups := range isolated {
		if len(groups) != 1 || !strings.HasPrefix(groups[0], "cordon-quarantine-") {
			t.Errorf("%s is in %v while contained", eni, groups)
		}
	}
	cordon(t, 0, "--config", dir+"/cordon.yaml", "-q", "verify", answer.Cases[0].ID)
	cordon(t, 0, "--config", dir+"/cordon.yaml", "-q", "release", answer.Cases[0].ID)
	if diff := cmp.Diff(before, workload.Seen(t, c, instance)); diff != "" {
		t.Errorf("not as before (-before +after):\n%s", diff)
	}
	cordon(t, 0, "--config", dir+"/cordon.yaml", "-q", "verify", answer.Cases[0].ID)
}

// cordon runs the command line in this process, wants an exit code, and gives standard output.
func cordon(t *testing.T, want int, args ...string) []byte {
	t.Helper()
	var out, errs bytes.Buffer
	if got := cli.Main(context.Background(), args, cli.IO{In: &bytes.Buffer{}, Out: &out, Err: &errs}); got != want {
		var answer struct{ Cases []struct{ Reason string } }
		_ = json.Unmarshal(out.Bytes(), &answer)
		t.Fatalf("cordon %v: exit code %d, want %d\n%+v\n%s", args, got, want, answer, errs.Bytes())
	}
	return out.Bytes()
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
