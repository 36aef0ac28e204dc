package awssim

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const simpleQueue = "SQS"

// sqsState is a Region's standard queues. FIFO queues are not simulated.
type sqsState struct {
	Queues  map[string]*queue    `json:",omitempty"` // by name
	Deleted map[string]time.Time `json:",omitempty"` // when a queue of that name was deleted, for the minute that counts
}

// queue is a standard queue. Attributes has what was set; what was not has its default.
type queue struct {
	Name              string
	Created, Modified time.Time
	Purged            time.Time
	Attributes        map[string]string
	Messages          []*queued
}

// queued is a message in a queue. It can be received from Visible on.
type queued struct {
	ID, Body, Sender string
	Group            string `json:",omitempty"`
	Attributes       map[string]sqstypes.MessageAttributeValue
	Sent, First      time.Time // First: when it was first received
	Visible, Taken   time.Time // Taken: when it was last received
	Received         int
}

func registerSQS(r registry) {
	write(r, simpleQueue, createQueue)
	write(r, simpleQueue, deleteQueue)
	write(r, simpleQueue, setQueueAttributes)
	write(r, simpleQueue, purgeQueue)
	read(r, simpleQueue, getQueueURL)
	read(r, simpleQueue, getQueueAttributes)
	read(r, simpleQueue, listQueues)
	write(r, simpleQueue, sendMessage)
	write(r, simpleQueue, sendMessageBatch)
	write(r, simpleQueue, receiveMessage)
	write(r, simpleQueue, deleteMessage)
	write(r, simpleQueue, deleteMessageBatch)
	write(r, simpleQueue, changeMessageVisibility)
	write(r, simpleQueue, changeMessageVisibilityBatch)
}

func (x *request) sqs() *sqsState { return &x.region().SQS }

func (x *request) queueURL(name string) *string {
	return aws.String("https://sqs." + x.Region + "." + x.urlSuffix() + "/" + x.st.Account + "/" + name)
}

// queue is the queue that a URL names, in the Region that the call went to, without the messages that are too old.
func (x *request) queue(url *string) (*queue, error) {
	account, name, ok := queueOf(url)
	if !ok {
		return nil, httpError(404, &sqstypes.InvalidAddress{Message: aws.String("The address " + aws.ToString(url) + " is not valid for this endpoint.")})
	}
	if account != x.st.Account {
		return nil, apiError(403, "AccessDenied", "Access to the resource %s is denied.", aws.ToString(url))
	}
	q := x.sqs().Queues[name]
	if q == nil {
		return nil, noQueue()
	}
	kept := time.Duration(q.number("MessageRetentionPeriod")) * time.Second
	q.Messages = slices.DeleteFunc(q.Messages, func(m *queued) bool { return x.now.Sub(m.Sent) >= kept })
	return q, nil
}

// queueOf reads account and name out of a queue's URL.
func queueOf(url *string) (account, name string, ok bool) {
	f := strings.Split(aws.ToString(url), "/")
	if len(f) != 5 || !strings.HasPrefix(*url, "https://") && !strings.HasPrefix(*url, "http://") || !queuePattern.MatchString(f[4]) {
		return "", "", false
	}
	return f[3], f[4], true
}

// number is the value of a numeric attribute.
func (q *queue) number(attribute string) int {
	value, ok := q.Attributes[attribute]
	if !ok {
		return queueNumbers[attribute].byDefault
	}
	n, _ := strconv.Atoi(value) // checked when it was set
	return n
}

// find gives the message of an id, nil for none.
func (q *queue) find(id string) *queued {
	i := slices.IndexFunc(q.Messages, func(m *queued) bool { return m.ID == id })
	if i < 0 {
		return nil
	}
	return q.Messages[i]
}

// A receipt handle says which message of which queue it is of, and which time of receiving.
func (q *queue) handle(m *queued) string {
	return base64.StdEncoding.EncodeToString([]byte(q.Name + " " + m.ID + " " + strconv.Itoa(m.Received)))
}

// held is the message of a receipt handle of this queue, nil when it is there no longer; latest says that it was not
// received again since.
func (q *queue) held(handle *string) (m *queued, latest bool, err error) {
	raw, err := base64.StdEncoding.DecodeString(aws.ToString(handle))
	f := strings.Split(string(raw), " ")
	if err != nil || len(f) != 3 || f[0] != q.Name {
		return nil, false, badHandle()
	}
	m = q.find(f[1])
	return m, m != nil && strconv.Itoa(m.Received) == f[2], nil
}

// Errors of SQS carry the code that the service's older protocol gave them: that is the one the SDK reports.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-json-faqs.html
const sqsPrefix = "AWS.SimpleQueueService."

func noQueue() error {
	return httpError(400, &sqstypes.QueueDoesNotExist{
		Message: aws.String("The specified queue does not exist."), ErrorCodeOverride: aws.String(sqsPrefix + "NonExistentQueue"),
	})
}

func invalidQueueParameter(format string, args ...any) error {
	return apiError(400, "InvalidParameterValue", format, args...)
}

func badHandle() error {
	return httpError(400, &sqstypes.ReceiptHandleIsInvalid{Message: aws.String("The input receipt handle is invalid.")})
}
