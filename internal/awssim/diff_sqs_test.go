package awssim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"cordon/internal/cloud"
)

// knownSQS are the known differences; the sources are pages of the SQS API reference and developer guide.
var knownSQS = map[string]difference{
	"queues/create with an unknown attribute":                  {"error InvalidAttributeName", `ok "two"`, "sim", "CreateQueue: InvalidAttributeName, the attribute does not exist"},
	"queues/create with a bad attribute":                       {"error InvalidAttributeValue", `ok "four"`, "sim", "CreateQueue: InvalidAttributeValue; VisibilityTimeout is 43,200 at most"},
	"queues/create with a dead-letter queue that is not there": {"error InvalidParameterValue", "error AWS.SimpleQueueService.NonExistentQueue", "sim", "SQS answers: Dead letter target does not exist"},
	"queues/set an unknown one":                                {"error InvalidAttributeName", `ok "done"`, "sim", "SetQueueAttributes: InvalidAttributeName"},
	"queues/set what cannot be set":                            {"error InvalidAttributeName", `ok "done"`, "sim", "SetQueueAttributes does not list QueueArn"},
	"queues/set a bad one":                                     {"error InvalidAttributeValue", `ok "done"`, "sim", "SetQueueAttributes: DelaySeconds is 900 at most"},
	"queues/set a bad policy":                                  {"error InvalidParameterValue", "error without a code", "sim", "SQS answers: Redrive policy is not a valid JSON map (moto fails)"},
	"queues/create what was just deleted":                      {"error AWS.SimpleQueueService.QueueDeletedRecently", `ok "one"`, "sim", "CreateQueue: QueueDeletedRecently, for 60 seconds"},
	"messages/hide what is deleted":                            {"error InvalidParameterValue", "error ReceiptHandleIsInvalid", "sim", "SQS answers: Message does not exist or is not available for visibility timeout change"},
	"messages/purge again":                                     {"error AWS.SimpleQueueService.PurgeQueueInProgress", `ok "done"`, "sim", "PurgeQueue: once in 60 seconds"},
	"refused/counts after the old handle": {
		`ok {"ApproximateNumberOfMessages":"0","ApproximateNumberOfMessagesDelayed":"0","ApproximateNumberOfMessagesNotVisible":"1"}`,
		`ok {"ApproximateNumberOfMessages":"0","ApproximateNumberOfMessagesDelayed":"0","ApproximateNumberOfMessagesNotVisible":"0"}`,
		"sim", "DeleteMessage: with another than the latest receipt handle it succeeds and the message is not deleted",
	},
	"refused/show it once more":          {`ok "done"`, "error ReceiptHandleIsInvalid", "sim", "as above: moto has deleted the message"},
	"refused/hide what is not in flight": {"error AWS.SimpleQueueService.MessageNotInflight", "error ReceiptHandleIsInvalid", "sim", "ChangeMessageVisibility: MessageNotInflight"},
	"refused/send nothing":               {"error MissingParameter", `ok ["#2","d41d8cd98f00b204e9800998ecf8427e",null]`, "sim", "SendMessage: one character at least"},
	"refused/send a control character":   {"error InvalidMessageContents", `ok ["#3","aa36c0802009387bae9ee661769be2a4",null]`, "sim", "SendMessage: InvalidMessageContents"},
}

func TestDifferentialSQS(t *testing.T) {
	differential(t, []sequence{queueSequence(), messageSequence(), refusedSequence(), queueBatchSequence(), redriveSequence()}, knownSQS)
}

// queues is an SQS client of the account that c talks to.
func queues(c *cloud.Clients) *sqs.Client {
	o := c.STS.Options()
	return sqs.New(sqs.Options{
		Region: o.Region, Credentials: o.Credentials, BaseEndpoint: o.BaseEndpoint, APIOptions: o.APIOptions, Retryer: o.Retryer, HTTPClient: o.HTTPClient,
	})
}

// sqsStep makes a step of a call with the client and the URL of the queue "one".
func sqsStep(f func(ctx context.Context, q *sqs.Client, url *string, v vars) (any, error)) func(context.Context, *cloud.Clients, vars) (any, error) {
	return func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
		url := v["one"]
		return f(ctx, queues(c), &url, v)
	}
}

// newQueue creates a queue and keeps its URL under its name.
func newQueue(name string, attributes map[string]string) func(context.Context, *cloud.Clients, vars) (any, error) {
	return func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
		out, err := queues(c).CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
		if err != nil {
			return nil, err
		}
		v[name] = *out.QueueUrl
		return lastPart(*out.QueueUrl), nil
	}
}

// lastPart is the name in a queue's URL: the hosts are each side's own.
func lastPart(url string) string { return url[strings.LastIndex(url, "/")+1:] }

// queueAttribute gives attributes of the queue "one".
func queueAttribute(names ...sqstypes.QueueAttributeName) func(context.Context, *cloud.Clients, vars) (any, error) {
	return sqsStep(func(ctx context.Context, q *sqs.Client, url *string, _ vars) (any, error) {
		out, err := q.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: url, AttributeNames: names})
		if err != nil {
			return nil, err
		}
		for _, moment := range []string{"CreatedTimestamp", "LastModifiedTimestamp"} {
			if out.Attributes[moment] != "" {
				out.Attributes[moment] = "moment"
			}
		}
		if policy := map[string]any{}; json.Unmarshal([]byte(out.Attributes["RedrivePolicy"]), &policy) == nil {
			out.Attributes["RedrivePolicy"] = fmt.Sprint(policy)
		}
		return out.Attributes, nil
	})
}

func setQueue(pairs ...string) func(context.Context, *cloud.Clients, vars) (any, error) {
	return sqsStep(func(ctx context.Context, q *sqs.Client, url *string, v vars) (any, error) {
		in := &sqs.SetQueueAttributesInput{QueueUrl: url, Attributes: map[string]string{}}
		for i := 0; i < len(pairs); i += 2 {
			in.Attributes[pairs[i]] = pairs[i+1]
		}
		return done(q.SetQueueAttributes(ctx, in))
	})
}

// counts are a queue's numbers of messages: visible, in flight, delayed.
func counts() func(context.Context, *cloud.Clients, vars) (any, error) {
	return queueAttribute("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed")
}

func queueSequence() sequence {
	none := aws.String("https://sqs.us-east-1.amazonaws.com/123456789012/none")
	return sequence{"queues", []step{
		{"url of none", sqsStep(func(ctx context.Context, q *sqs.Client, _ *string, _ vars) (any, error) {
			return done(q.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("none")}))
		})},
		{"create", newQueue("one", nil)},
		{"create again", newQueue("one", nil)},
		{"create again otherwise", newQueue("one", map[string]string{"VisibilityTimeout": "60"})},
		{"create with a bad name", newQueue("a b", nil)},
		{"create with too long a name", newQueue(strings.Repeat("a", 81), nil)},
		{"create with an unknown attribute", newQueue("two", map[string]string{"Colour": "red"})},
		{"create with a bad attribute", newQueue("four", map[string]string{"VisibilityTimeout": "43201"})},
		{"create with a dead-letter queue that is not there", newQueue("five", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:123456789012:none","maxReceiveCount":3}`})},
		{"create with attributes", newQueue("three", map[string]string{"VisibilityTimeout": "90", "MessageRetentionPeriod": "600"})},
		{"url", sqsStep(func(ctx context.Context, q *sqs.Client, _ *string, _ vars) (any, error) {
			out, err := q.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("three")})
			if err != nil {
				return nil, err
			}
			return lastPart(*out.QueueUrl), nil
		})},
		{"list", sqsStep(func(ctx context.Context, q *sqs.Client, _ *string, _ vars) (any, error) {
			out, err := q.ListQueues(ctx, &sqs.ListQueuesInput{QueueNamePrefix: aws.String("th")})
			if err != nil {
				return nil, err
			}
			return len(out.QueueUrls), nil
		})},
		{"attributes", queueAttribute("All")},
		{"one attribute", queueAttribute("VisibilityTimeout")},
		{"no attribute", queueAttribute()},
		{"unknown attribute", queueAttribute("Colour")},
		{"set", setQueue("VisibilityTimeout", "7", "ReceiveMessageWaitTimeSeconds", "1")},
		{"what was set", queueAttribute("VisibilityTimeout", "ReceiveMessageWaitTimeSeconds")},
		{"set an unknown one", setQueue("Colour", "red")},
		{"set what cannot be set", setQueue("QueueArn", "x")},
		{"set a bad one", setQueue("DelaySeconds", "901")},
		{"set a bad policy", setQueue("RedrivePolicy", "{")},
		{"attributes of none", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(queues(c).GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: none}))
		}},
		{"delete", sqsStep(func(ctx context.Context, q *sqs.Client, url *string, _ vars) (any, error) {
			return done(q.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: url}))
		})},
		{"delete again", sqsStep(func(ctx context.Context, q *sqs.Client, url *string, _ vars) (any, error) {
			return done(q.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: url}))
		})},
		{"create what was just deleted", newQueue("one", nil)},
	}}
}

// sendOne sends a message to the queue "one".
func sendOne(change func(*sqs.SendMessageInput)) func(context.Context, *cloud.Clients, vars) (any, error) {
	return sqsStep(func(ctx context.Context, q *sqs.Client, url *string, _ vars) (any, error) {
		in := &sqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("hello")}
		change(in)
		out, err := q.SendMessage(ctx, in)
		if err != nil {
			return nil, err
		}
		return []any{out.MessageId, out.MD5OfMessageBody, out.MD5OfMessageAttributes}, nil
	})
}

// receive receives from the queue "one", and keeps the last receipt handle as "handle".
func receive(change func(*sqs.ReceiveMessageInput)) func(context.Context, *cloud.Clients, vars) (any, error) {
	return sqsStep(func(ctx context.Context, q *sqs.Client, url *string, v vars) (any, error) {
		in := &sqs.ReceiveMessageInput{QueueUrl: url, VisibilityTimeout: 30}
		change(in)
		out, err := q.ReceiveMessage(ctx, in)
		if err != nil {
			return nil, err
		}
		var got []any
		for _, m := range out.Messages {
			v["old handle"], v["handle"] = v["handle"], *m.ReceiptHandle
			delete(m.Attributes, "SenderId")
			for name := range m.Attributes {
				if strings.HasSuffix(name, "Timestamp") {
					m.Attributes[name] = "moment"
				}
			}
			names := make([]string, 0, len(m.MessageAttributes))
			for name, a := range m.MessageAttributes {
				names = append(names, name+"="+*a.DataType+":"+aws.ToString(a.StringValue)+string(a.BinaryValue))
			}
			slices.Sort(names)
			got = append(got, []any{m.MessageId, m.Body, m.MD5OfBody, m.Attributes, names, m.MD5OfMessageAttributes})
		}
		return got, nil
	})
}

// deleteHandle deletes with the receipt handle that is kept under a name.
func deleteHandle(name string) func(context.Context, *cloud.Clients, vars) (any, error) {
	return sqsStep(func(ctx context.Context, q *sqs.Client, url *string, v vars) (any, error) {
		return done(q.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: aws.String(v[name])}))
	})
}

func hide(name string, seconds int32) func(context.Context, *cloud.Clients, vars) (any, error) {
	return sqsStep(func(ctx context.Context, q *sqs.Client, url *string, v vars) (any, error) {
		return done(q.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: url, ReceiptHandle: aws.String(v[name]), VisibilityTimeout: seconds}))
	})
}

func messageSequence() sequence {
	plain := func(*sqs.ReceiveMessageInput) {}
	all := func(in *sqs.ReceiveMessageInput) {
		in.MessageSystemAttributeNames = []sqstypes.MessageSystemAttributeName{"All"}
		in.MessageAttributeNames = []string{"All"}
	}
	return sequence{"messages", []step{
		{"create", newQueue("one", map[string]string{"MaximumMessageSize": "1024"})},
		{"receive from an empty one", receive(plain)},
		{"send", sendOne(func(*sqs.SendMessageInput) {})},
		{"send too much", sendOne(func(in *sqs.SendMessageInput) { in.MessageBody = aws.String(strings.Repeat("a", 1025)) })},
		{"send with too long a delay", sendOne(func(in *sqs.SendMessageInput) { in.DelaySeconds = 901 })},
		{"receive", receive(all)},
		{"receive what is hidden", receive(plain)},
		{"counts with one in flight", counts()},
		{"show it again", hide("handle", 0)},
		{"receive again", receive(all)},
		{"hide longer", hide("handle", 60)},
		{"hide too long", hide("handle", 43_201)},
		{"hide with a made-up handle", sqsStep(func(ctx context.Context, q *sqs.Client, url *string, _ vars) (any, error) {
			return done(q.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{QueueUrl: url, ReceiptHandle: aws.String("made up"), VisibilityTimeout: 10}))
		})},
		{"delete", deleteHandle("handle")},
		{"delete again", deleteHandle("handle")},
		{"hide what is deleted", hide("handle", 10)},
		{"delete with a made-up handle", sqsStep(func(ctx context.Context, q *sqs.Client, url *string, _ vars) (any, error) {
			return done(q.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: aws.String("made up")}))
		})},
		{"send with attributes", sendOne(func(in *sqs.SendMessageInput) {
			in.MessageAttributes = map[string]sqstypes.MessageAttributeValue{
				"text":   {DataType: aws.String("String"), StringValue: aws.String("a")},
				"number": {DataType: aws.String("Number"), StringValue: aws.String("7")},
				"bytes":  {DataType: aws.String("Binary"), BinaryValue: []byte("b")},
			}
		})},
		{"receive with attributes", receive(all)},
		{"receive too many", receive(func(in *sqs.ReceiveMessageInput) { in.MaxNumberOfMessages = 11 })},
		{"receive and wait too long", receive(func(in *sqs.ReceiveMessageInput) { in.WaitTimeSeconds = 21 })},
		{"receive and hide too long", receive(func(in *sqs.ReceiveMessageInput) { in.VisibilityTimeout = 43_201 })},
		{"send with a delay", sendOne(func(in *sqs.SendMessageInput) { in.DelaySeconds = 1 })},
		{"receive what is delayed", receive(plain)},
		{"wait for what is delayed", receive(func(in *sqs.ReceiveMessageInput) { in.WaitTimeSeconds = 3 })},
		{"purge", sqsStep(func(ctx context.Context, q *sqs.Client, url *string, _ vars) (any, error) {
			return done(q.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: url}))
		})},
		{"counts after purge", counts()},
		{"purge again", sqsStep(func(ctx context.Context, q *sqs.Client, url *string, _ vars) (any, error) {
			return done(q.PurgeQueue(ctx, &sqs.PurgeQueueInput{QueueUrl: url}))
		})},
		{"send to none", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			return done(queues(c).SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: aws.String(v["one"] + "-none"), MessageBody: aws.String("a")}))
		}},
		{"receive from none", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			return done(queues(c).ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: aws.String(v["one"] + "-none")}))
		}},
	}}
}

// refusedSequence has what only one side refuses, so that it changes nothing for the steps after it.
func refusedSequence() sequence {
	plain := func(*sqs.ReceiveMessageInput) {}
	return sequence{"refused", []step{
		{"create", newQueue("one", nil)},
		{"send", sendOne(func(*sqs.SendMessageInput) {})},
		{"receive", receive(plain)},
		{"show it again", hide("handle", 0)},
		{"receive again", receive(plain)},
		{"delete with the old handle", deleteHandle("old handle")},
		{"counts after the old handle", counts()},
		{"show it once more", hide("handle", 0)},
		{"hide what is not in flight", hide("handle", 10)},
		{"send nothing", sendOne(func(in *sqs.SendMessageInput) { in.MessageBody = aws.String("") })},
		{"send a control character", sendOne(func(in *sqs.SendMessageInput) { in.MessageBody = aws.String("a\x01b") })},
	}}
}

// sendBatch sends a message an id to the queue "one"; the body is the id, unless bodies has another one.
func sendBatch(bodies map[string]string, ids ...string) func(context.Context, *cloud.Clients, vars) (any, error) {
	return sqsStep(func(ctx context.Context, q *sqs.Client, url *string, _ vars) (any, error) {
		in := &sqs.SendMessageBatchInput{QueueUrl: url, Entries: []sqstypes.SendMessageBatchRequestEntry{}}
		for _, id := range ids {
			body, ok := bodies[id]
			if !ok {
				body = id
			}
			in.Entries = append(in.Entries, sqstypes.SendMessageBatchRequestEntry{Id: &id, MessageBody: &body})
		}
		out, err := q.SendMessageBatch(ctx, in)
		if err != nil {
			return nil, err
		}
		var got []string
		for _, e := range out.Successful {
			got = append(got, *e.Id+" "+*e.MD5OfMessageBody)
		}
		for _, e := range out.Failed {
			got = append(got, *e.Id+" "+*e.Code)
		}
		return got, nil
	})
}

func queueBatchSequence() sequence {
	return sequence{"batches", []step{
		{"create", newQueue("one", nil)},
		{"send", sendBatch(nil, "a", "b", "c")},
		{"send none", sendBatch(nil)},
		{"send eleven", sendBatch(nil, "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k")},
		{"send one id twice", sendBatch(nil, "a", "a")},
		{"send a bad id", sendBatch(nil, "a b")},
		{"send too much together", sendBatch(map[string]string{"a": strings.Repeat("a", 600_000), "b": strings.Repeat("b", 600_000)}, "a", "b")},
		{"counts", counts()},
		{"receive and delete", sqsStep(func(ctx context.Context, q *sqs.Client, url *string, _ vars) (any, error) {
			got, err := q.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: 10, VisibilityTimeout: 60})
			if err != nil {
				return nil, err
			}
			longer := &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: url}
			remove := &sqs.DeleteMessageBatchInput{QueueUrl: url}
			for _, m := range got.Messages {
				longer.Entries = append(longer.Entries, sqstypes.ChangeMessageVisibilityBatchRequestEntry{Id: m.Body, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: 90})
				remove.Entries = append(remove.Entries, sqstypes.DeleteMessageBatchRequestEntry{Id: m.Body, ReceiptHandle: m.ReceiptHandle})
			}
			longer.Entries[0].ReceiptHandle, remove.Entries[0].ReceiptHandle = aws.String("made up"), aws.String("made up")
			hidden, err := q.ChangeMessageVisibilityBatch(ctx, longer)
			if err != nil {
				return nil, err
			}
			deleted, err := q.DeleteMessageBatch(ctx, remove)
			if err != nil {
				return nil, err
			}
			return []any{len(hidden.Successful), *hidden.Failed[0].Code, len(deleted.Successful), *deleted.Failed[0].Code}, nil
		})},
		{"counts after", counts()},
		{"delete none", sqsStep(func(ctx context.Context, q *sqs.Client, url *string, _ vars) (any, error) {
			return done(q.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: url, Entries: []sqstypes.DeleteMessageBatchRequestEntry{}}))
		})},
	}}
}

func redriveSequence() sequence {
	short := func(in *sqs.ReceiveMessageInput) { in.VisibilityTimeout = 1 }
	policy, _ := json.Marshal(map[string]any{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:dead", "maxReceiveCount": 2})
	return sequence{"redrive", []step{
		{"create the dead-letter queue", newQueue("dead", nil)},
		{"create", newQueue("one", map[string]string{"RedrivePolicy": string(policy)})},
		{"policy", queueAttribute("RedrivePolicy")},
		{"send", sendOne(func(*sqs.SendMessageInput) {})},
		{"first", receive(short)},
		{"second", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			time.Sleep(1100 * time.Millisecond)
			return receive(short)(ctx, c, v)
		}},
		{"no third", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			time.Sleep(1100 * time.Millisecond)
			return receive(short)(ctx, c, v)
		}},
		{"counts", counts()},
		{"in the dead-letter queue", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			out, err := queues(c).ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
				QueueUrl: aws.String(v["dead"]), MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{"ApproximateReceiveCount"},
			})
			if err != nil || len(out.Messages) != 1 {
				return len(out.Messages), err
			}
			return []any{out.Messages[0].MessageId, out.Messages[0].Attributes}, nil
		}},
	}}
}
