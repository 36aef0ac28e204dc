package awssim

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// queueNumbers are the numeric attributes that can be set.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
var queueNumbers = map[string]struct{ least, most, byDefault int }{
	"DelaySeconds":                  {0, 900, 0},
	"MaximumMessageSize":            {1024, mostMessage, mostMessage},
	"MessageRetentionPeriod":        {60, 1_209_600, 345_600},
	"ReceiveMessageWaitTimeSeconds": {0, 20, 0},
	"VisibilityTimeout":             {0, 43_200, 30},
	"KmsDataKeyReusePeriodSeconds":  {60, 86_400, 300},
}

const mostMessage = 1_048_576 // bytes of a message, or of all in a batch

// redrive is the attribute RedrivePolicy. AWS takes the number also as a string.
type redrive struct {
	Target  string      `json:"deadLetterTargetArn"`
	Receive json.Number `json:"maxReceiveCount"`
}

// redrive is the policy that sends a message to another queue, false for none.
func (q *queue) redrive() (target string, most int, ok bool) {
	var p redrive
	if json.Unmarshal([]byte(q.Attributes["RedrivePolicy"]), &p) != nil {
		return "", 0, false
	}
	n, err := p.Receive.Int64()
	return p.Target[strings.LastIndex(p.Target, ":")+1:], int(n), err == nil
}

// checkQueueAttributes refuses attributes that cannot be set. A dead-letter queue is of the same account and Region, and
// is there already; which source queues it allows is not simulated.
func (x *request) checkQueueAttributes(attributes map[string]string) error {
	for _, name := range sortedKeys(attributes) {
		value := attributes[name]
		limits, isNumber := queueNumbers[name]
		switch {
		case isNumber:
			if n, err := strconv.Atoi(value); err != nil || n < limits.least || n > limits.most {
				return invalidAttributeValue(name)
			}
		case name == "Policy":
			if value != "" && !json.Valid([]byte(value)) {
				return invalidAttributeValue(name)
			}
		case name == "SqsManagedSseEnabled":
			if value != "true" && value != "false" {
				return invalidAttributeValue(name)
			}
		case name == "KmsMasterKeyId":
		case name == "RedrivePolicy":
			if err := x.checkRedrive(value); err != nil {
				return err
			}
		case name == "RedriveAllowPolicy":
			return apiError(501, "UnsimulatedOperation", "the attribute RedriveAllowPolicy is not simulated")
		default:
			return httpError(400, &sqstypes.InvalidAttributeName{Message: aws.String("Unknown Attribute " + name + ".")})
		}
	}
	return nil
}

func (x *request) checkRedrive(value string) error {
	if value == "" { // removes the policy
		return nil
	}
	const text = "Value %s for parameter RedrivePolicy is invalid. Reason: %s"
	var p redrive
	if err := json.Unmarshal([]byte(value), &p); err != nil || p.Target == "" {
		return invalidQueueParameter(text, value, "Redrive policy is not a valid JSON map.")
	}
	if n, err := p.Receive.Int64(); err != nil || n < 1 || n > 1000 {
		return invalidQueueParameter(text, value, "Invalid value for maxReceiveCount: must be between 1 and 1000.")
	}
	for name := range x.sqs().Queues {
		if p.Target == x.st.arn("sqs", x.Region, name) {
			return nil
		}
	}
	return invalidQueueParameter(text, value, "Dead letter target does not exist.")
}

func invalidAttributeValue(name string) error {
	return httpError(400, &sqstypes.InvalidAttributeValue{Message: aws.String("Invalid value for the parameter " + name + ".")})
}

// set puts checked attributes; an empty text removes one.
func (q *queue) set(attributes map[string]string, now time.Time) {
	for name, value := range attributes {
		if value == "" {
			delete(q.Attributes, name)
			continue
		}
		q.Attributes[name] = value
	}
	q.Modified = now
}

// value is an attribute as it was set, or its default.
func (q *queue) value(attribute string) string {
	if v, ok := q.Attributes[attribute]; ok {
		return v
	}
	if _, ok := queueNumbers[attribute]; ok {
		return strconv.Itoa(q.number(attribute))
	}
	if attribute == "SqsManagedSseEnabled" {
		return strconv.FormatBool(q.Attributes["KmsMasterKeyId"] == "")
	}
	return ""
}

func setQueueAttributes(x *request, in *sqs.SetQueueAttributesInput) (*sqs.SetQueueAttributesOutput, error) {
	q, err := x.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if err := x.checkQueueAttributes(in.Attributes); err != nil {
		return nil, err
	}
	q.set(in.Attributes, x.now)
	return &sqs.SetQueueAttributesOutput{}, nil
}

func getQueueAttributes(x *request, in *sqs.GetQueueAttributesInput) (*sqs.GetQueueAttributesOutput, error) {
	q, err := x.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	all := x.queueAttributes(q)
	out := &sqs.GetQueueAttributesOutput{}
	for _, name := range in.AttributeNames {
		if !slices.Contains(name.Values(), name) {
			return nil, httpError(400, &sqstypes.InvalidAttributeName{Message: aws.String("Unknown Attribute " + string(name) + ".")})
		}
		for key, value := range all {
			if value != "" && (name == sqstypes.QueueAttributeNameAll || string(name) == key) {
				if out.Attributes == nil {
					out.Attributes = map[string]string{}
				}
				out.Attributes[key] = value
			}
		}
	}
	return out, nil
}

// queueAttributes are all attributes of a queue, "" for what it has not.
func (x *request) queueAttributes(q *queue) map[string]string {
	all := map[string]string{
		"QueueArn":              x.st.arn("sqs", x.Region, q.Name),
		"CreatedTimestamp":      strconv.FormatInt(q.Created.Unix(), 10),
		"LastModifiedTimestamp": strconv.FormatInt(q.Modified.Unix(), 10),
	}
	for _, name := range []string{"Policy", "RedrivePolicy", "KmsMasterKeyId", "SqsManagedSseEnabled"} {
		all[name] = q.value(name)
	}
	for name := range queueNumbers {
		if name != "KmsDataKeyReusePeriodSeconds" || all["KmsMasterKeyId"] != "" {
			all[name] = q.value(name)
		}
	}
	var visible, held, delayed int
	for _, m := range q.Messages {
		switch {
		case !m.Visible.After(x.now):
			visible++
		case m.Received > 0:
			held++
		default:
			delayed++
		}
	}
	all["ApproximateNumberOfMessages"] = strconv.Itoa(visible)
	all["ApproximateNumberOfMessagesNotVisible"] = strconv.Itoa(held)
	all["ApproximateNumberOfMessagesDelayed"] = strconv.Itoa(delayed)
	return all
}
