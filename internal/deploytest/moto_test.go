package deploytest

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cordon/internal/casefile/dynamodb"
	"cordon/internal/config"
	"cordon/internal/mototest"
)

// lacking are the resource types that moto's CloudFormation passes over. The rest of the stack it creates, but for the tags
// of a key (it fails on them) and a pattern that is text (it takes objects only); and of what it creates it leaves out the
// table's time to live and encryption, the bucket's versioning, access block and lifecycle, the function's architecture and
// the state machine's definition and logging.
var lacking = []string{"AWS::CloudWatch::Alarm", "AWS::S3::BucketPolicy", "AWS::SNS::Subscription", "AWS::SQS::QueuePolicy"}

// created is what testdata/create.py found after the stack was made.
type created struct {
	Status  string
	Made    map[string]string // physical id by logical id
	Outputs map[string]string
	Table   struct {
		TableName                 string
		KeySchema                 []keyElement
		GlobalSecondaryIndexes    []index
		BillingModeSummary        struct{ BillingMode string }
		DeletionProtectionEnabled bool
	}
	Rule     struct{ EventPattern, State string }
	Targets  []map[string]any
	Queue    map[string]string
	Topic    map[string]string
	Function struct {
		Role, Handler, Runtime string
		Timeout, MemorySize    int
		Environment            struct{ Variables map[string]string }
	}
	StateMachine struct{ RoleArn, Type string }
	Logs         []struct {
		LogGroupName    string
		RetentionInDays any // moto leaves a parameter the text that it is
	}
	Profile struct {
		Roles []struct{ RoleName string }
	}
	Dashboard struct{ Widgets []any }
}

type keyElement struct{ AttributeName, KeyType string }

type index struct {
	IndexName  string
	KeySchema  []keyElement
	Projection struct{ ProjectionType string }
}

// TestMoto: somebody else's CloudFormation makes of the template, as SAM translates it, what the function expects.
func TestMoto(t *testing.T) {
	plain := LoadSAM(t).Transform(t)
	parameters := map[string]string{
		"ProtectedIdentities": "break-glass-*,admin", "LiveResponse": "true", "MinSeverity": "7",
		"BlockRemoteIps": "true", // moto leaves AWS::NoValue in a list as null, which its managed policies refuse
	}
	stack, err := plain.Evaluate(parameters)
	if err != nil {
		t.Fatal(err)
	}
	pattern := decoded(t, text(stack.Resources["Rule"].Properties["EventPattern"]))
	got := create(t, plain, parameters, pattern)

	for id, r := range stack.Resources {
		if _, made := got.Made[id]; made == slices.Contains(lacking, r.Type) {
			t.Errorf("%s (%s): made is %v", id, r.Type, made)
		}
	}
	if got.Status != "CREATE_COMPLETE" || len(got.Outputs) != len(stack.Outputs) {
		t.Errorf("status %s, outputs %v", got.Status, got.Outputs)
	}

	schema := dynamodb.CreateTableInput("")
	var want created
	raw, err := json.Marshal(map[string]any{"KeySchema": schema.KeySchema, "GlobalSecondaryIndexes": schema.GlobalSecondaryIndexes})
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &want.Table); err != nil {
		t.Fatal(err)
	}
	want.Table.TableName, want.Table.DeletionProtectionEnabled = got.Made["Table"], true
	want.Table.BillingModeSummary.BillingMode = string(schema.BillingMode)
	if diff := cmp.Diff(want.Table, got.Table); diff != "" {
		t.Errorf("the table is not the store's: %s", diff)
	}

	// Its evaluation of the intrinsic functions is ours.
	environment := object(object(stack.Resources["Function"].Properties["Environment"])["Variables"])
	ours := strings.NewReplacer(
		Account, mototest.Account, "cordon-stack-Table", got.Made["Table"], "cordon-stack-evidencebucket", got.Made["EvidenceBucket"],
	).Replace(text(environment["CORDON_CONFIG"]))
	theirs := got.Function.Environment.Variables["CORDON_CONFIG"]
	if diff := cmp.Diff(decoded(t, ours), decoded(t, theirs)); diff != "" {
		t.Errorf("CORDON_CONFIG: %s", diff)
	}
	c, err := config.Parse("CORDON_CONFIG", []byte(theirs), config.Default("/state"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Store != "dynamodb://"+got.Table.TableName || c.Notify.SNS.Topic != got.Made["Topic"] || c.Accounts.Own != mototest.Account {
		t.Errorf("configuration %+v", c)
	}
	if diff := cmp.Diff(pattern, decoded(t, got.Rule.EventPattern)); diff != "" || got.Rule.State != "ENABLED" {
		t.Errorf("rule: %s, %s", got.Rule.State, diff)
	}
	arn := func(service, resource string) string {
		return "arn:aws:" + service + ":" + mototest.Account + ":" + resource
	}
	if diff := cmp.Diff([]map[string]any{{
		"Id": "StateMachine", "Arn": arn("states:us-east-1", "stateMachine:cordon"), "RoleArn": arn("iam:", "role/cordon-rule-us-east-1"),
		"DeadLetterConfig": map[string]any{"Arn": got.Queue["QueueArn"]},
		"RetryPolicy":      map[string]any{"MaximumRetryAttempts": 185.0, "MaximumEventAgeInSeconds": 86400.0},
	}}, got.Targets); diff != "" {
		t.Error(diff)
	}
	if got.Queue["SqsManagedSseEnabled"] != "true" || got.Queue["MessageRetentionPeriod"] != "1209600" {
		t.Errorf("queue %v", got.Queue)
	}
	if !strings.HasSuffix(got.Topic["KmsMasterKeyId"], got.Made["Key"]) {
		t.Errorf("topic %v", got.Topic)
	}
	f := got.Function
	if f.Role != arn("iam:", "role/cordon-function-us-east-1") || f.Handler != "bootstrap" || f.Runtime != "provided.al2023" || f.Timeout != 900 || f.MemorySize != 256 {
		t.Errorf("function %+v", f)
	}
	if got.StateMachine.Type != "STANDARD" || got.StateMachine.RoleArn != arn("iam:", "role/cordon-state-machine-us-east-1") {
		t.Errorf("state machine %+v", got.StateMachine)
	}
	for _, l := range got.Logs {
		if text(l.RetentionInDays) != "90" {
			t.Errorf("log group %s keeps its logs for %v days", l.LogGroupName, l.RetentionInDays)
		}
	}
	if len(got.Profile.Roles) != 1 || got.Profile.Roles[0].RoleName != got.Made["QuarantineRole"] || len(got.Logs) != 2 || len(got.Dashboard.Widgets) != 5 {
		t.Errorf("profile %+v, %d log groups, %d widgets", got.Profile, len(got.Logs), len(got.Dashboard.Widgets))
	}
}

// create makes the stack on a moto server.
func create(t *testing.T, plain Template, parameters map[string]string, pattern any) created {
	t.Helper()
	endpoint := *mototest.Start(t).BaseEndpoint
	resources := object(plain["Resources"])
	delete(object(object(resources["Key"])["Properties"]), "Tags")
	object(object(resources["Rule"])["Properties"])["EventPattern"] = pattern
	definition, err := os.ReadFile(File(t, "deploy/cordon.asl.json"))
	if err != nil {
		t.Fatal(err)
	}
	in, err := json.Marshal(map[string]any{"endpoint": endpoint, "template": plain, "parameters": parameters, "definition": string(definition)})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python(t), File(t, "internal/deploytest/testdata/create.py"))
	cmd.Stdin = bytes.NewReader(in)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("create the stack: %v\n%s", err, errs.Bytes())
	}
	var got created
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

func decoded(t *testing.T, raw string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(raw), &v); err != nil {
		t.Fatal(err)
	}
	return v
}
