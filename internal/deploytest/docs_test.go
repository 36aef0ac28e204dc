package deploytest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/casefile/dynamodb"
	"cordon/internal/cloud"
	"cordon/internal/lambda"
)

// page is docs/deploy.md.
func page(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(File(t, "docs/deploy.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// group is the one group of the one match of a pattern in docs/deploy.md.
func group(t *testing.T, pattern string) string {
	t.Helper()
	all := regexp.MustCompile(pattern).FindAllStringSubmatch(page(t), -1)
	if len(all) != 1 {
		t.Fatalf("docs/deploy.md has %d of %s", len(all), pattern)
	}
	return all[0][1]
}

// simulated is a simulated account with a table, cases.
func simulated(t *testing.T) aws.Config {
	t.Helper()
	account := awssim.New(awssim.Options{})
	if err := awssim.Demo(account); err != nil {
		t.Fatal(err)
	}
	cfg := account.Config(Region)
	if _, err := awsdynamodb.NewFromConfig(cfg).CreateTable(t.Context(), dynamodb.CreateTableInput("cases")); err != nil {
		t.Fatal(err)
	}
	return cfg
}

// TestDocsSmoke: the event that the page has the function answer right after deployment gives what the page says, and a
// configuration that cannot work says so in the answer or in the log.
func TestDocsSmoke(t *testing.T) {
	event, err := os.ReadFile(File(t, group(t, `--payload fileb://(\S+) `)))
	if err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(group(t, "Right is a case that is `observed`: `([^`]+)`")), "c-…", "c-[a-z0-9]+") + "$")
	for _, tt := range []struct{ name, conf, want string }{
		{"right", `{"store": "dynamodb://cases", "vault": "s3://cordon-evidence-111122223333/cordon", "accounts": {"own": "444455556666"}}`, ""},
		{"no table", `{"store": "dynamodb://nope", "vault": "s3://cordon-evidence-111122223333/cordon"}`, "there is no table nope"},
		{"no bucket", `{"store": "dynamodb://cases", "vault": "s3://nope/cordon"}`, "could not be kept as evidence"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := simulated(t)
			var log bytes.Buffer
			env := map[string]string{lambda.ConfigVariable: tt.conf}
			h, err := lambda.Open(cfg, func(name string) string { return env[name] }, slog.New(slog.NewTextHandler(&log, nil)))
			if err != nil {
				t.Fatal(err)
			}
			out, err := h.Invoke(t.Context(), event)
			answer, _ := json.Marshal(out)
			switch {
			case tt.want == "" && (err != nil || !want.Match(answer)):
				t.Errorf("%s, %v; want %s", answer, err, want)
			case tt.want != "" && !strings.Contains(fmt.Sprint(err, log.String()), tt.want):
				t.Errorf("%s, %v, log %s; want %q", answer, err, &log, tt.want)
			}
		})
	}
}

// TestDocsOperator: what the page says that cases and show need is what they call.
func TestDocsOperator(t *testing.T) {
	var policy struct {
		Statement []struct{ Action, Resource any }
	}
	if err := json.Unmarshal([]byte(group(t, "(?s)```json\n(.*?)```")), &policy); err != nil {
		t.Fatal(err)
	}
	var written []string
	for _, s := range policy.Statement {
		for _, action := range (statement{body: map[string]any{"Action": s.Action}}).list("Action") {
			if name, ok := strings.CutPrefix(action, "dynamodb:"); ok && !slices.Contains(written, name) {
				written = append(written, name)
			}
		}
	}
	slices.Sort(written)

	cfg := simulated(t)
	respond(t, cfg, "ec2-sample.json")
	journal := &cloud.Journal{}
	store, err := dynamodb.OpenURI(journal.Attach(cfg), "dynamodb://cases", "s3://cordon-evidence-111122223333/cordon", "")
	if err != nil {
		t.Fatal(err)
	}
	cases, err := store.Cases(t.Context(), casefile.Filter{})
	if err != nil || len(cases) != 1 {
		t.Fatalf("%v, %v", cases, err)
	}
	_, caseErr := store.Case(t.Context(), cases[0].ID)
	_, recordsErr := store.Records(t.Context(), cases[0].ID)
	_, journalErr := store.Journal(t.Context(), cases[0].ID)
	if err := errors.Join(caseErr, recordsErr, journalErr); err != nil {
		t.Fatal(err)
	}
	var called []string
	for _, call := range journal.Calls() {
		if !slices.Contains(called, call.Operation) {
			called = append(called, call.Operation)
		}
	}
	slices.Sort(called)
	if diff := cmp.Diff(called, written); diff != "" {
		t.Errorf("(-called +written in docs/deploy.md) %s", diff)
	}
}

// respond has the function answer an example.
func respond(t *testing.T, cfg aws.Config, file string) {
	t.Helper()
	env := map[string]string{lambda.ConfigVariable: `{"store": "dynamodb://cases", "vault": "s3://cordon-evidence-111122223333/cordon"}`}
	h, err := lambda.Open(cfg, func(name string) string { return env[name] }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	event, err := os.ReadFile(File(t, "examples/findings/"+file))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Invoke(t.Context(), event); err != nil {
		t.Fatal(err)
	}
}

// TestDocsTable: the command on the page makes the store's table.
func TestDocsTable(t *testing.T) {
	command := group(t, `(?s)aws dynamodb create-table (.*?)\naws dynamodb wait`)
	schema := dynamodb.CreateTableInput("cordon-cases")
	element := func(e types.KeySchemaElement) string {
		return "AttributeName=" + *e.AttributeName + ",KeyType=" + string(e.KeyType)
	}
	want := []string{"--table-name cordon-cases", "--billing-mode " + string(schema.BillingMode)}
	for _, a := range schema.AttributeDefinitions {
		want = append(want, " AttributeName="+*a.AttributeName+",AttributeType="+string(a.AttributeType))
	}
	want = append(want, "--key-schema "+element(schema.KeySchema[0])+" "+element(schema.KeySchema[1]))
	for _, index := range schema.GlobalSecondaryIndexes {
		want = append(want, "IndexName="+*index.IndexName+",KeySchema=[{"+element(index.KeySchema[0])+"},{"+element(index.KeySchema[1])+"}],Projection={ProjectionType="+
			string(index.Projection.ProjectionType)+"}")
	}
	for _, part := range want {
		if !strings.Contains(command, part) {
			t.Errorf("docs/deploy.md does not have %q in\n%s", part, command)
		}
	}
	if n := strings.Count(command, "AttributeType="); n != len(schema.AttributeDefinitions) || strings.Count(command, "IndexName=") != len(schema.GlobalSecondaryIndexes) {
		t.Errorf("docs/deploy.md has more than the schema in\n%s", command)
	}
	if ttl := group(t, `--time-to-live-specification (\S+)`); ttl != "Enabled=true,AttributeName="+dynamodb.TimeToLive {
		t.Errorf("time to live: %s", ttl)
	}
}

// TestDocsNames: outputs and parameters that the page names are there.
func TestDocsNames(t *testing.T) {
	tmpl, member := LoadSAM(t), LoadMember(t)
	for _, m := range regexp.MustCompile(`OutputKey=='(\w+)'`).FindAllStringSubmatch(page(t), -1) {
		if object(tmpl["Outputs"])[m[1]] == nil {
			t.Errorf("docs/deploy.md names output %s", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`(?m)--parameter-overrides (.*)$`).FindAllStringSubmatch(page(t), -1) {
		given := map[string]string{}
		for word := range strings.FieldsSeq(m[1]) {
			name, v, _ := strings.Cut(strings.Trim(word, "'"), "=")
			given[name] = v
		}
		if _, err := tmpl.Evaluate(given); err != nil {
			t.Errorf("docs/deploy.md: %s: %v", m[0], err)
		}
	}
	given := map[string]string{}
	for _, m := range regexp.MustCompile(`ParameterKey=(\w+),ParameterValue=(\S+)`).FindAllStringSubmatch(page(t), -1) {
		given[m[1]] = m[2]
	}
	if _, err := member.Evaluate(given); err != nil || len(given) != 2 {
		t.Errorf("docs/deploy.md: %v: %v", given, err)
	}
	outputs, err := os.ReadFile(File(t, "deploy/terraform/examples/simple/main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`output -raw (\w+)|-var '?(\w+)=`).FindAllStringSubmatch(page(t), -1) {
		if !strings.Contains(string(outputs), ` "`+m[1]+m[2]+`" {`) {
			t.Errorf("docs/deploy.md: examples/simple has no %s%s", m[1], m[2])
		}
	}
}
