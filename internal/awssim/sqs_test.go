package awssim_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"cordon/internal/awssim"
	"cordon/internal/cloud"
)

// oneQueue is a queue in an account, and its URL.
func oneQueue(t *testing.T, a *awssim.Account, attributes map[string]string) (*sqs.Client, *string) {
	t.Helper()
	q := sqs.NewFromConfig(a.Config(region))
	out := must(q.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("findings"), Attributes: attributes}))(t)
	return q, out.QueueUrl
}

func TestLongPollWaitsForAMessage(t *testing.T) {
	for _, tt := range []struct {
		name   string
		attr   map[string]string
		in     sqs.ReceiveMessageInput
		after  time.Duration // when a message is sent; 0: never
		want   int
		waited time.Duration // at least, and less than a look more
	}{
		{"short poll", nil, sqs.ReceiveMessageInput{}, 0, 0, 0},
		{"nothing comes", nil, sqs.ReceiveMessageInput{WaitTimeSeconds: 20}, 0, 0, 20 * time.Second},
		{"a message comes", nil, sqs.ReceiveMessageInput{WaitTimeSeconds: 20}, 3 * time.Second, 1, 3 * time.Second},
		{"the queue's own time", map[string]string{"ReceiveMessageWaitTimeSeconds": "5"}, sqs.ReceiveMessageInput{}, 0, 0, 5 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, url := oneQueue(t, awssim.New(awssim.Options{}), tt.attr)
				if tt.after > 0 {
					go func() {
						time.Sleep(tt.after)
						_, _ = q.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("late")})
					}()
				}
				tt.in.QueueUrl = url
				began := time.Now()
				out := must(q.ReceiveMessage(t.Context(), &tt.in))(t)
				waited := time.Since(began)
				if len(out.Messages) != tt.want || waited < tt.waited || waited > tt.waited+100*time.Millisecond {
					t.Errorf("%d messages after %s, want %d after %s", len(out.Messages), waited, tt.want, tt.waited)
				}
			})
		})
	}
}

func TestQueueTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, url := oneQueue(t, awssim.New(awssim.Options{}), map[string]string{"MessageRetentionPeriod": "7200"})
		ctx := t.Context()
		receive := func() []sqstypes.Message {
			t.Helper()
			return must(q.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url, VisibilityTimeout: 10}))(t).Messages
		}
		hide := func(handle *string, seconds int32) error {
			return failed(q.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: url, ReceiptHandle: handle, VisibilityTimeout: seconds}))
		}
		must(q.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("one")}))(t)
		first := receive()
		time.Sleep(9 * time.Second)
		if err := hide(first[0].ReceiptHandle, 60); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second)
		if got := receive(); len(got) != 0 {
			t.Error("a message that was hidden for longer was received")
		}
		wantCode(t, hide(first[0].ReceiptHandle, 43_200), "InvalidParameterValue") // 39 s are over: twelve hours from the receiving on
		time.Sleep(31 * time.Second)
		wantCode(t, hide(first[0].ReceiptHandle, 60), "AWS.SimpleQueueService.MessageNotInflight")
		again := receive()
		if len(again) != 1 || *again[0].ReceiptHandle == *first[0].ReceiptHandle {
			t.Fatalf("received again: %v", again)
		}
		time.Sleep(2 * time.Hour)
		if got := receive(); len(got) != 0 {
			t.Error("a message outlived the queue's retention")
		}
		err := failed(q.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: aws.String(*url + "2")}))
		if missing := new(sqstypes.QueueDoesNotExist); !errors.As(err, &missing) || cloud.Code(err) != "AWS.SimpleQueueService.NonExistentQueue" {
			t.Errorf("a queue that is not there: %v", err)
		}
		wantCode(t, failed(q.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: aws.String("findings")})), "InvalidAddress")
		wantCode(t, failed(q.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: aws.String("https://sqs.us-east-1.amazonaws.com/999999999999/findings")})), "AccessDenied")
	})
}

// TestQueuesOutliveTheProcess: two processes on one directory share a queue, and a message is in the dump that asks for it.
func TestQueuesOutliveTheProcess(t *testing.T) {
	dir := t.TempDir()
	open := func() *awssim.Account {
		t.Helper()
		a, _, err := awssim.Open(dir, awssim.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	one, two := open(), open()
	q, url := oneQueue(t, one, nil)
	other := sqs.NewFromConfig(two.Config(region))
	empty := two.Dump(awssim.DumpOptions{Messages: true})
	attributes := map[string]sqstypes.MessageAttributeValue{"n": {DataType: aws.String("Number"), StringValue: aws.String("7")}}
	must(q.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("one"), MessageAttributes: attributes}))(t)
	if d := awssim.Diff(empty, two.Dump(awssim.DumpOptions{Messages: true})); len(d) == 0 {
		t.Error("the dump does not show the message")
	}
	if d := awssim.Diff(empty, two.Dump(awssim.DumpOptions{})); len(d) != 0 {
		t.Errorf("a dump without messages: %v", d)
	}
	got := must(other.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: url, MessageAttributeNames: []string{"All"}}))(t).Messages
	if len(got) != 1 || *got[0].MessageAttributes["n"].StringValue != "7" {
		t.Fatalf("the other process received %v", got)
	}
	must(q.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: got[0].ReceiptHandle}))(t)
	if d := awssim.Diff(empty, two.Dump(awssim.DumpOptions{Messages: true})); len(d) != 0 {
		t.Errorf("after deletion: %v", d)
	}
}

func TestQueueQuestions(t *testing.T) {
	const key = "arn:aws:kms:us-east-1:111122223333:key/k"
	asked := map[string]bool{}
	allow := true
	a := awssim.New(awssim.Options{Authorize: func(c awssim.Check) bool { asked[c.Action+" "+c.Resource] = true; return allow }})
	q, url := oneQueue(t, a, map[string]string{"KmsMasterKeyId": key})
	must(q.SendMessageBatch(t.Context(), &sqs.SendMessageBatchInput{QueueUrl: url, Entries: []sqstypes.SendMessageBatchRequestEntry{{Id: aws.String("a"), MessageBody: aws.String("a")}}}))(t)
	must(q.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: url}))(t)
	const queue = " arn:aws:sqs:us-east-1:111122223333:findings"
	for _, want := range []string{"sqs:CreateQueue" + queue, "sqs:SendMessage" + queue, "sqs:ReceiveMessage" + queue, "kms:GenerateDataKey " + key, "kms:Decrypt " + key} {
		if !asked[want] {
			t.Errorf("nobody asked for %s: %v", want, asked)
		}
	}
	allow = false
	wantCode(t, failed(q.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: url})), "AccessDenied")
}
