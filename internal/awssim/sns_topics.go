package awssim

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
)

// topic is an SNS topic with its subscriptions, of which only the number counts.
type topic struct {
	Name, Key          string // Key: the KMS key, "" for none
	Confirmed, Pending int
}

func registerTopics(r registry) {
	write(r, "SNS", createTopic)
	write(r, "SNS", deleteTopic)
	write(r, "SNS", subscribe)
	read(r, "SNS", getTopicAttributes)
}

var topicPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}(\.fifo)?$`)

func invalidTopicParameter(what string) error {
	return httpError(400, &snstypes.InvalidParameterException{Message: aws.String("Invalid parameter: " + what)})
}

// topic is the topic that a call names, in the Region that the call went to.
func (x *request) topic(arn *string) (*topic, error) {
	f := strings.SplitN(aws.ToString(arn), ":", 6)
	if len(f) != 6 || f[0] != "arn" || f[2] != "sns" || f[3] != x.Region {
		return nil, invalidTopicParameter("TopicArn")
	}
	if f[4] != x.st.Account {
		return nil, httpError(403, &snstypes.AuthorizationErrorException{Message: aws.String("User: " + x.Principal + " is not authorized to perform this action on resource: " + *arn)})
	}
	t, ok := x.region().Topics[f[5]]
	if !ok {
		return nil, httpError(404, &snstypes.NotFoundException{Message: aws.String("Topic does not exist")})
	}
	return t, nil
}

// createTopic gives the topic of that name where there is one already; attributes other than the key and FifoTopic are
// not simulated.
func createTopic(x *request, in *sns.CreateTopicInput) (*sns.CreateTopicOutput, error) {
	name := aws.ToString(in.Name)
	if !topicPattern.MatchString(name) || strings.HasSuffix(name, ".fifo") != (in.Attributes["FifoTopic"] == "true") {
		return nil, invalidTopicParameter("Topic Name")
	}
	for _, key := range sortedKeys(in.Attributes) {
		if key != "KmsMasterKeyId" && key != "FifoTopic" {
			return nil, apiError(501, "UnsimulatedOperation", "CreateTopic with the attribute %s is not simulated", key)
		}
	}
	r := x.region()
	switch old := r.Topics[name]; {
	case old == nil && r.Topics == nil:
		r.Topics = map[string]*topic{}
		fallthrough
	case old == nil:
		r.Topics[name] = &topic{Name: name, Key: in.Attributes["KmsMasterKeyId"]}
	case old.Key != in.Attributes["KmsMasterKeyId"] && in.Attributes["KmsMasterKeyId"] != "":
		return nil, invalidTopicParameter("Attributes Reason: Topic already exists with different attributes")
	}
	return &sns.CreateTopicOutput{TopicArn: aws.String(x.st.arn("sns", x.Region, name))}, nil
}

// deleteTopic of a topic that is not there succeeds.
func deleteTopic(x *request, in *sns.DeleteTopicInput) (*sns.DeleteTopicOutput, error) {
	f := strings.SplitN(aws.ToString(in.TopicArn), ":", 6)
	if len(f) != 6 {
		return nil, invalidTopicParameter("TopicArn")
	}
	delete(x.region().Topics, f[5])
	return &sns.DeleteTopicOutput{}, nil
}

// subscribe: what belongs to the account is confirmed at once; people and foreign endpoints have to confirm.
func subscribe(x *request, in *sns.SubscribeInput) (*sns.SubscribeOutput, error) {
	t, err := x.topic(in.TopicArn)
	if err != nil {
		return nil, err
	}
	protocol := aws.ToString(in.Protocol)
	if !slices.Contains([]string{"application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs"}, protocol) {
		return nil, invalidTopicParameter("Protocol Reason: Amazon SNS does not support this protocol string: " + protocol)
	}
	if aws.ToString(in.Endpoint) == "" {
		return nil, invalidTopicParameter("Endpoint")
	}
	switch protocol {
	case "email", "email-json", "http", "https":
		t.Pending++
		return &sns.SubscribeOutput{SubscriptionArn: aws.String("pending confirmation")}, nil
	}
	t.Confirmed++
	return &sns.SubscribeOutput{SubscriptionArn: aws.String(*in.TopicArn + ":" + x.st.uuid())}, nil
}

func getTopicAttributes(x *request, in *sns.GetTopicAttributesInput) (*sns.GetTopicAttributesOutput, error) {
	t, err := x.topic(in.TopicArn)
	if err != nil {
		return nil, err
	}
	attributes := map[string]string{
		"TopicArn": *in.TopicArn, "Owner": x.st.Account, "DisplayName": "",
		"SubscriptionsConfirmed": strconv.Itoa(t.Confirmed), "SubscriptionsPending": strconv.Itoa(t.Pending), "SubscriptionsDeleted": "0",
	}
	if t.Key != "" {
		attributes["KmsMasterKeyId"] = t.Key
	}
	if strings.HasSuffix(t.Name, ".fifo") {
		attributes["FifoTopic"] = "true"
	}
	return &sns.GetTopicAttributesOutput{Attributes: attributes}, nil
}
