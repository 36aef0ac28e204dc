package hostiletest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"cordon/examples"
	"cordon/internal/asl"
	"cordon/internal/awssim"
	table "cordon/internal/casefile/dynamodb"
	"cordon/internal/cloud"
	ht "cordon/internal/hostiletest"
	"cordon/internal/lambda"
	"cordon/internal/printable"
)

const taskToken = "AQCMPlantedTaskToken0123456789"

// TestFunction lets the Lambda function answer hostile findings, with the state machine and without it: its log, what it gives back
// to Step Functions, and its errors hold nothing that a reader of theirs is fooled by, and neither secret nor task token.
func TestFunction(t *testing.T) {
	texts := append([]ht.Text{{Name: "all", Value: ht.All()}}, ht.Strings()...)
	for i, text := range texts {
		if i%5 > 0 { // the engine's suite has each of them
			continue
		}
		t.Run(text.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { function(t, strings.ToValidUTF8(text.Value, "\ufffd")) })
		})
	}
}

func function(t *testing.T, text string) {
	account := awssim.New(awssim.Options{})
	if err := awssim.Demo(account); err != nil {
		t.Fatal(err)
	}
	infect(t, account, text)
	cfg := account.Config(region)
	if _, err := dynamodb.NewFromConfig(cfg).CreateTable(t.Context(), table.CreateTableInput("cordon")); err != nil {
		t.Fatal(err)
	}
	topic, err := sns.NewFromConfig(cfg).CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("security")})
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{lambda.ConfigVariable: `{"store": "dynamodb://cordon", "vault": "s3://` + evidenceBucket + `/cordon", "accounts": {"own": "111122223333"},
		"notify": {"sns": {"topic": "` + *topic.TopicArn + `"}, "securityhub": true},
		"policy": {"builtin": "contain-all", "rules": [{"name": "users ask", "match": {"kinds": ["iam.user"]}, "then": "approve"}]}}`}
	var log lines
	h, err := lambda.Open(cfg, func(name string) string { return env[name] }, slog.New(slog.NewJSONHandler(printable.Writer{W: &log}, nil)))
	if err != nil {
		t.Fatal(err)
	}
	var given bytes.Buffer
	invoke := func(payload any) any {
		t.Helper()
		raw, err := json.Marshal(payload)
		if err != nil {
			t.Fatal(err)
		}
		out, err := h.Invoke(t.Context(), raw)
		if err != nil { // Lambda writes it into its own JSON, and Step Functions into the execution's history
			given.WriteString(err.Error() + "\n")
			return nil
		}
		if raw, err = json.Marshal(out); err != nil {
			t.Fatal(err)
		}
		given.Write(append(raw, '\n'))
		var doc any
		if err := json.Unmarshal(raw, &doc); err != nil {
			t.Fatal(err)
		}
		if err := eachString(doc, "", func(path, s string) error { return ht.Name(s) }); err != nil {
			t.Errorf("the function gives back foreign text: %v", err)
		}
		return out
	}
	began := time.Now()
	asked := ""
	for _, name := range findings {
		raw, err := examples.Findings.ReadFile("findings/" + name)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := ht.Poison(raw, text, "")
		if err != nil {
			t.Fatal(err)
		}
		opened, ok := invoke(asl.Task{Task: asl.TaskOpen, Execution: "e-" + name, Started: began, Event: doc}).(asl.Opened)
		if !ok {
			t.Errorf("%s is not opened: %s", name, given.String())
			continue
		}
		for _, c := range opened.Cases {
			if c.Approve {
				asked = c.Case
				invoke(asl.Task{Task: asl.TaskGate, Execution: "e-" + name, Started: began, Case: c.Case, Token: taskToken})
			}
		}
		invoke(map[string]any{"Records": []any{map[string]any{"eventSource": "aws:sqs", "messageId": "m", "body": string(doc)}}})
		invoke(json.RawMessage(doc))
	}
	invoke(map[string]any{"task": text, "execution": "e", "started": began})
	invoke(map[string]any{"task": "step", "execution": text, "started": began, "case": "c-0123456789ab", "action": text})
	invoke(map[string]any{text: text})
	if asked == "" {
		t.Error("nobody was asked: the test does not reach what it is for")
	}
	if log.b.Len() == 0 {
		t.Error("nothing was logged: the test does not reach what it is for")
	}
	if err := ht.JSONLines(log.b.String()); err != nil {
		t.Errorf("log: %v", err)
	}
	for where, written := range map[string][]byte{"the log": log.b.Bytes(), "what was given back": given.Bytes(), "the evidence bucket": objects(t, cfg)} {
		if err := ht.Without(where, written, taskToken); err != nil {
			t.Error(err)
		}
	}
	tokenOnlyApart(t, account)
}

// lines is a log that may be written from everywhere.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// objects are the contents of the evidence bucket.
func objects(t *testing.T, cfg aws.Config) (all []byte) {
	t.Helper()
	client := cloud.New(cfg, "").S3
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: aws.String(evidenceBucket)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Contents {
			out, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(evidenceBucket), Key: o.Key})
			if err != nil {
				t.Fatal(err)
			}
			raw, err := io.ReadAll(out.Body)
			if err != nil {
				t.Fatal(err)
			}
			all = append(append(all, raw...), '\n')
		}
	}
	if len(all) == 0 {
		t.Error("there is no evidence: the test does not reach what it is for")
	}
	return all
}

// tokenOnlyApart holds that the table has the task token in the attribute that is made for it and in no other.
func tokenOnlyApart(t *testing.T, account *awssim.Account) {
	t.Helper()
	kept := 0
	tables := account.Dump(awssim.DumpOptions{Items: true})["Regions"].(map[string]any)[region].(map[string]any)["DynamoDB"].(map[string]any)["Tables"].(map[string]any)
	for _, i := range tables["cordon"].(map[string]any)["Items"].(map[string]any) {
		for name, v := range i.(map[string]any) {
			switch has := strings.Contains(fmt.Sprint(v), taskToken); {
			case has && name == "task_token":
				kept++
			case has:
				t.Errorf("attribute %s holds the task token", name)
			}
		}
	}
	if kept != 1 {
		t.Errorf("%d items hold the task token, want the one of the case that waits", kept)
	}
}
