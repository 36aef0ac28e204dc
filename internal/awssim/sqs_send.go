package awssim

import (
	"crypto/md5" //nolint:gosec // the digest that SQS answers with
	"encoding/binary"
	"encoding/hex"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
func sendMessage(x *request, in *sqs.SendMessageInput) (*sqs.SendMessageOutput, error) {
	q, err := x.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if in.MessageDeduplicationId != nil || len(in.MessageSystemAttributes) > 0 {
		return nil, apiError(501, "UnsimulatedOperation", "SendMessage with deduplication or system attributes is not simulated")
	}
	return x.send(q, in)
}

func (x *request) send(q *queue, in *sqs.SendMessageInput) (*sqs.SendMessageOutput, error) {
	body := aws.ToString(in.MessageBody)
	delay := int(in.DelaySeconds)
	switch {
	case body == "":
		return nil, apiError(400, "MissingParameter", "The request must contain the parameter MessageBody.")
	case messageSize(body, in.MessageAttributes) > q.number("MaximumMessageSize"):
		return nil, invalidQueueParameter("One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", q.number("MaximumMessageSize"))
	case !utf8.ValidString(body) || hasForbidden(body):
		return nil, httpError(400, &sqstypes.InvalidMessageContents{Message: aws.String("Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF")})
	case delay < 0 || delay > 900:
		return nil, invalidQueueParameter("Value %d for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.", delay)
	case len(in.MessageAttributes) > 10:
		return nil, invalidQueueParameter("Number of message attributes [%d] exceeds the allowed maximum [10].", len(in.MessageAttributes))
	case delay == 0: // the SDK does not send a zero
		delay = q.number("DelaySeconds")
	}
	m := &queued{
		ID: x.st.uuid(), Body: body, Sender: x.Principal, Group: aws.ToString(in.MessageGroupId), Attributes: clone(in.MessageAttributes),
		Sent: x.now, Visible: x.now.Add(time.Duration(delay) * time.Second),
	}
	q.Messages = append(q.Messages, m)
	return &sqs.SendMessageOutput{MessageId: &m.ID, MD5OfMessageBody: md5Of(body), MD5OfMessageAttributes: md5OfAttributes(m.Attributes)}, nil
}

// hasForbidden says whether a text has characters that no message may have.
func hasForbidden(s string) bool {
	for _, r := range s {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return true
		}
	}
	return false
}

func messageSize(body string, attributes map[string]sqstypes.MessageAttributeValue) int {
	n := len(body)
	for name, v := range attributes {
		n += len(name) + len(aws.ToString(v.DataType)) + len(aws.ToString(v.StringValue)) + len(v.BinaryValue)
	}
	return n
}

func md5Of(s string) *string {
	sum := md5.Sum([]byte(s)) //nolint:gosec // as above
	return aws.String(hex.EncodeToString(sum[:]))
}

// md5OfAttributes is the MD5 of message attributes, nil for none.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
func md5OfAttributes(attributes map[string]sqstypes.MessageAttributeValue) *string {
	if len(attributes) == 0 {
		return nil
	}
	var raw []byte
	add := func(part []byte) { raw = append(binary.BigEndian.AppendUint32(raw, uint32(len(part))), part...) } //nolint:gosec // below 1 MiB
	for _, name := range sortedKeys(attributes) {
		v := attributes[name]
		add([]byte(name))
		add([]byte(aws.ToString(v.DataType)))
		if v.StringValue != nil {
			raw = append(raw, 1)
			add([]byte(*v.StringValue))
		} else {
			raw = append(raw, 2)
			add(v.BinaryValue)
		}
	}
	return md5Of(string(raw))
}
