package cli_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"cordon/internal/awssim"
	"cordon/internal/casefile/dynamodb"
	"cordon/internal/cli"
)

// TestStoreOnAWS: the cases of a response are in a DynamoDB table, what is too large for it in the vault's bucket, and
// every verb finds them there.
func TestStoreOnAWS(t *testing.T) {
	dir := t.TempDir()
	box, conf := filepath.Join(dir, "box"), filepath.Join(dir, "cordon.yaml")
	account, _, err := awssim.Open(box, awssim.Options{})
	if err == nil {
		err = awssim.Demo(account)
	}
	if err != nil {
		t.Fatal(err)
	}
	write(t, conf, "store: dynamodb://cordon\nvault: s3://cordon-evidence-111122223333/cordon\n")
	finding := filepath.Join("..", "..", "examples", "findings", "ec2-c2.json")
	with := func(args ...string) []string {
		return append([]string{"--sandbox", box, "--config", conf, "-q"}, args...)
	}

	for _, verb := range [][]string{{"respond", finding}, {"cases"}} {
		want := "there is no table cordon in us-east-1: make it"
		if verb[0] == "cases" { // asks the index first, which AWS does not tell from the table
			want = "the table cordon in us-east-1 is not there"
		}
		var out, errs bytes.Buffer
		code := cli.Main(t.Context(), with(verb...), cli.IO{In: &bytes.Buffer{}, Out: &out, Err: &errs})
		if code == 0 || !strings.Contains(errs.String(), want) {
			t.Errorf("%s without the table: exit code %d\n%s", verb[0], code, errs.String())
		}
	}
	if _, err := awsdynamodb.NewFromConfig(account.Config("us-east-1")).CreateTable(t.Context(), dynamodb.CreateTableInput("cordon")); err != nil {
		t.Fatal(err)
	}
	before := account.Dump(awssim.DumpOptions{})

	type answer struct {
		Cases []struct {
			ID, Status string
			Steps      []struct{ Action, Status string }
		}
		Plans []struct {
			OpenCase string `json:"open_case"`
		}
	}
	ask := func(args ...string) (a answer) {
		t.Helper()
		if err := json.Unmarshal(cordon(t, 0, with(append(args, "-o", "json")...)...), &a); err != nil {
			t.Fatal(err)
		}
		return a
	}
	first := ask("respond", finding)
	if len(first.Cases) != 1 || first.Cases[0].Status != "contained" {
		t.Fatalf("respond: %+v", first)
	}
	id := first.Cases[0].ID
	if again := ask("respond", finding); len(again.Cases) != 1 || again.Cases[0].ID != id {
		t.Errorf("respond again: %+v, want case %s", again, id)
	}
	if listed := ask("cases"); len(listed.Cases) != 1 || listed.Cases[0].ID != id || len(listed.Cases[0].Steps) != len(first.Cases[0].Steps) {
		t.Errorf("cases: %+v", listed)
	}
	if plan := ask("plan", finding); len(plan.Plans) != 1 || plan.Plans[0].OpenCase != id {
		t.Errorf("plan: %+v, want the open case %s", plan, id)
	}
	ask("verify", id)
	ask("release", id)
	if listed := ask("cases"); len(listed.Cases) != 0 {
		t.Errorf("cases after the release: %+v", listed)
	}
	if d := awssim.Diff(before, account.Dump(awssim.DumpOptions{})); len(d) > 0 {
		t.Errorf("the account is not as it was: %v", d)
	}
}
