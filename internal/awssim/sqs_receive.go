package awssim

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const pollInterval = 50 * time.Millisecond // between two looks of a long poll

// receiveMessage gives messages that can be seen, in the order in which they were sent, and hides them. A long poll that
// finds none is done again until its time is over.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
func receiveMessage(x *request, in *sqs.ReceiveMessageInput) (*sqs.ReceiveMessageOutput, error) {
	q, err := x.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	most := int(cmp.Or(in.MaxNumberOfMessages, 1))
	hidden := int(cmp.Or(in.VisibilityTimeout, int32(q.number("VisibilityTimeout"))))         //nolint:gosec // at most 43200
	wait := int(cmp.Or(in.WaitTimeSeconds, int32(q.number("ReceiveMessageWaitTimeSeconds")))) //nolint:gosec // at most 20
	switch {
	case most < 1 || most > 10:
		return nil, invalidQueueParameter("Value %d for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.", most)
	case hidden < 0 || hidden > 43_200:
		return nil, invalidQueueParameter("Value %d for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200, if provided.", hidden)
	case wait < 0 || wait > 20:
		return nil, invalidQueueParameter("Value %d for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.", wait)
	}
	moved := x.redriveDead(q)
	out := &sqs.ReceiveMessageOutput{}
	for _, m := range q.Messages {
		if len(out.Messages) == most || m.Visible.After(x.now) {
			continue
		}
		if m.Received++; m.Received == 1 {
			m.First = x.now
		}
		m.Taken = x.now
		m.Visible = x.now.Add(time.Duration(hidden) * time.Second)
		out.Messages = append(out.Messages, q.answer(m, in))
	}
	if len(out.Messages) == 0 {
		x.unchanged = !moved
		if left := x.began.Add(time.Duration(wait) * time.Second).Sub(x.now); left > 0 {
			x.again = min(left, pollInterval)
		}
	}
	return out, nil
}

// redriveDead moves the messages that were received too often to the dead-letter queue, where there is one. They keep the
// time at which they were sent.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
func (x *request) redriveDead(q *queue) (moved bool) {
	name, most, ok := q.redrive()
	target := x.sqs().Queues[name]
	if !ok || target == nil {
		return false
	}
	q.Messages = slices.DeleteFunc(q.Messages, func(m *queued) bool {
		dead := m.Received >= most && !m.Visible.After(x.now)
		if dead {
			target.Messages = append(target.Messages, m)
			moved = true
		}
		return dead
	})
	return moved
}

func (q *queue) answer(m *queued, in *sqs.ReceiveMessageInput) sqstypes.Message {
	out := sqstypes.Message{MessageId: aws.String(m.ID), Body: aws.String(m.Body), MD5OfBody: md5Of(m.Body), ReceiptHandle: aws.String(q.handle(m))}
	system := map[string]string{
		"ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.First.UnixMilli(), 10),
		"ApproximateReceiveCount":          strconv.Itoa(m.Received),
		"SenderId":                         m.Sender,
		"SentTimestamp":                    strconv.FormatInt(m.Sent.UnixMilli(), 10),
	}
	if m.Group != "" {
		system["MessageGroupId"] = m.Group
	}
	for name, value := range system {
		if slices.ContainsFunc(in.MessageSystemAttributeNames, func(a sqstypes.MessageSystemAttributeName) bool { return a == "All" || string(a) == name }) ||
			slices.ContainsFunc(in.AttributeNames, func(a sqstypes.QueueAttributeName) bool { return a == "All" || string(a) == name }) { //nolint:staticcheck // deprecated, still answered
			if out.Attributes == nil {
				out.Attributes = map[string]string{}
			}
			out.Attributes[name] = value
		}
	}
	for name, value := range m.Attributes {
		if slices.ContainsFunc(in.MessageAttributeNames, func(asked string) bool {
			prefix, wildcard := strings.CutSuffix(asked, ".*")
			return asked == "All" || asked == name || wildcard && strings.HasPrefix(name, prefix)
		}) {
			if out.MessageAttributes == nil {
				out.MessageAttributes = map[string]sqstypes.MessageAttributeValue{}
			}
			out.MessageAttributes[name] = clone(value)
		}
	}
	out.MD5OfMessageAttributes = md5OfAttributes(out.MessageAttributes)
	return out
}
