package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"cordon/internal/cli"
	"cordon/internal/cloud"
	"cordon/internal/mototest"
	"cordon/internal/mototest/workload"
)

// TestServeOnTheEmulator runs the service on a queue and an account that someone else simulates: a finding in the queue has its
// instance contained and its message deleted; what is no finding goes to the dead-letter queue in the end.
func TestServeOnTheEmulator(t *testing.T) {
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
	queues := sqs.NewFromConfig(cfg)
	made, err := queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("cordon")})
	if err != nil {
		t.Fatal(err)
	}
	send := func(body string) {
		if _, err := queues.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: made.QueueUrl, MessageBody: &body}); err != nil {
			t.Fatal(err)
		}
	}
	send(fmt.Sprintf(`{"source":"aws.guardduty","detail-type":"GuardDuty Finding","account":%q,"region":"us-east-1","detail":{"schemaVersion":"2.0",
		"id":"f1","accountId":%q,"region":"us-east-1","type":"Backdoor:EC2/C&CActivity.B","severity":8,"service":{"count":1},
		"resource":{"resourceType":"Instance","instanceDetails":{"instanceId":%q}}}}`, mototest.Account, mototest.Account, instance))
	send("hello")
	path := (*made.QueueUrl)[strings.LastIndex(*made.QueueUrl, "/"+mototest.Account):]
	write(t, dir+"/cordon.yaml", "vault: s3://evidence/cordon\nserve:\n  health: 127.0.0.1:0\n  queue: "+*cfg.BaseEndpoint+path+"\n")

	var out, log bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- cli.Main(context.Background(), []string{"--config", dir + "/cordon.yaml", "serve"}, cli.IO{In: &bytes.Buffer{}, Out: &out, Err: &log})
	}()
	count := func(name types.QueueAttributeName) string {
		got, err := queues.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: made.QueueUrl, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
		if err != nil {
			t.Fatal(err)
		}
		return got.Attributes[string(name)]
	}
	for until := time.Now().Add(2 * time.Minute); ; time.Sleep(500 * time.Millisecond) {
		// The finding's message is gone, the other is hidden for its next delivery.
		if count(types.QueueAttributeNameApproximateNumberOfMessages) == "0" && count(types.QueueAttributeNameApproximateNumberOfMessagesNotVisible) == "1" {
			break
		}
		if time.Now().After(until) {
			t.Fatal("the messages are not worked on")
		}
	}
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d\n%s", code, log.Bytes())
	}
	for eni, groups := range workload.Interfaces(t, c, instance) {
		if len(groups) != 1 || !strings.HasPrefix(groups[0], "cordon-quarantine-") {
			t.Errorf("%s is in %v\n%s", eni, groups, log.Bytes())
		}
	}
	if !strings.Contains(log.String(), "redrive policy") {
		t.Errorf("nothing is said of the other message:\n%s", log.Bytes())
	}
}
