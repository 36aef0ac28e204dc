package notify

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

// maxSNS is the most that a message and its attributes may hold together, in bytes (Publish: 256 KiB).
const maxSNS = 256 << 10

// snsWindow is how long a FIFO topic drops a message with the same deduplication id.
const snsWindow = 5 * time.Minute

// snsChannel publishes to a topic. Its reference is the message id.
type snsChannel struct {
	wanted
	topic  string
	fifo   bool
	client *sns.Client
	now    func() time.Time
}

func newSNS(c SNSConfig, d Deps) *snsChannel {
	region := d.AWS.Region
	if a, err := arn.Parse(c.Topic); err == nil {
		region = a.Region
	}
	return &snsChannel{
		wanted: orElse(c.Events, but(EventRepeat)), topic: c.Topic, fifo: strings.HasSuffix(c.Topic, ".fifo"),
		client: sns.NewFromConfig(d.AWS, func(o *sns.Options) { o.Region = region }), now: d.Now,
	}
}

// ID is "notify.sns".
func (*snsChannel) ID() string { return "notify.sns" }

// Deliver publishes n. Sent again, it is published only to a FIFO topic within the five minutes in which the topic
// itself drops the second of two equal messages.
func (c *snsChannel) Deliver(ctx context.Context, n Notice, again bool) (string, error) {
	if again && (!c.fifo || c.now().Sub(n.At) >= snsWindow) {
		return "", ErrUnknown
	}
	out, err := c.client.Publish(ctx, c.message(n))
	if err != nil {
		return "", awsError("publish to topic "+c.topic, err, snsHints(), "InternalError", "Throttled", "KMSThrottling")
	}
	return aws.ToString(out.MessageId), nil
}

// snsHints are by the codes of Publish.
func snsHints() hints {
	const key = "the topic's KMS key: it must be enabled, and allow kms:GenerateDataKey and kms:Decrypt to Cordon's role"
	return hints{
		"NotFound":           "there is no such topic; mend notify.sns.topic in cordon.yaml",
		"NotFoundException":  "there is no such topic; mend notify.sns.topic in cordon.yaml",
		"AuthorizationError": "allow sns:Publish on the topic to Cordon's role, in its policy and the topic's",
		"AccessDenied":       "allow sns:Publish on the topic to Cordon's role, in its policy and the topic's",
		"KMSAccessDenied":    key, "KMSDisabled": key, "KMSInvalidState": key, "KMSNotFound": key, "KMSOptInRequired": key,
	}
}

// message is the whole input of Publish, within SNS's limits.
func (c *snsChannel) message(n Notice) *sns.PublishInput {
	in := &sns.PublishInput{
		TopicArn: &c.topic, Subject: aws.String(snsSubject(n)), Message: aws.String(plainText(n)),
		MessageAttributes: map[string]types.MessageAttributeValue{},
	}
	// At most ten: an SQS queue with raw delivery drops messages with more.
	attribute := func(name, kind, value string) {
		if value = fit(line(value), 256); value != "" { // SNS refuses an empty value
			in.MessageAttributes[name] = types.MessageAttributeValue{DataType: aws.String(kind), StringValue: &value}
		}
	}
	attribute("event", "String", string(n.Event))
	attribute("level", "String", string(n.Level))
	attribute("status", "String", n.Status)
	if n.Severity > 0 && n.Severity <= 10 {
		attribute("severity", "Number", strconv.FormatFloat(n.Severity, 'f', -1, 64))
	}
	attribute("account", "String", n.Target.Account)
	attribute("region", "String", n.Target.Region)
	attribute("kind", "String", string(n.Target.Kind))
	attribute("case", "String", n.Case)
	if c.fifo {
		in.MessageGroupId = aws.String(identifier(n.Case, 128))
		in.MessageDeduplicationId = aws.String(n.key())
	}
	const attributeName = "notice"
	room := maxSNS - snsSize(in) - len(attributeName+"String")
	if value := asciiJSON(n, room); value != "" {
		in.MessageAttributes[attributeName] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
	}
	return in
}

// snsSize is what SNS counts: body, subject (to be safe), and name, type and value of each attribute.
func snsSize(in *sns.PublishInput) int {
	size := len(*in.Message) + len(*in.Subject)
	for name, a := range in.MessageAttributes {
		size += len(name) + len(*a.DataType) + len(*a.StringValue)
	}
	return size
}

// snsSubject is printable ASCII that begins with a letter, less than 100 characters.
func snsSubject(n Notice) string {
	s := "Cordon: "
	if n.Level == LevelCritical {
		s = "Cordon CRITICAL: "
	}
	s += fmt.Sprintf("%s: %s", verdict(n), join(", ", fit(n.Target.ID, 48), n.Target.Account, n.Target.Region, n.Type))
	ascii := strings.Map(func(r rune) rune {
		switch {
		case r == '…':
			return '.'
		case r > '~':
			return '?'
		default:
			return r
		}
	}, line(s))
	return ascii[:min(len(ascii), 99)]
}

// identifier is s with only letters, digits, "-" and "_", at most size long, never empty.
func identifier(s string, size int) string {
	id := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		default:
			return '_'
		}
	}, s)
	if id == "" {
		return "none"
	}
	return id[:min(len(id), size)]
}
