package awssim

import (
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

var queuePattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// createQueue gives the queue of that name where there is one with the same attributes. A name is free again a minute
// after its queue was deleted.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
func createQueue(x *request, in *sqs.CreateQueueInput) (*sqs.CreateQueueOutput, error) {
	name, state := aws.ToString(in.QueueName), x.sqs()
	switch {
	case in.Attributes["FifoQueue"] == "true" || len(in.Tags) > 0:
		return nil, apiError(501, "UnsimulatedOperation", "CreateQueue of FIFO queues, or with tags, is not simulated")
	case !queuePattern.MatchString(name):
		return nil, invalidQueueParameter("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	if err := x.checkQueueAttributes(in.Attributes); err != nil {
		return nil, err
	}
	if old := state.Queues[name]; old != nil {
		for attribute, value := range in.Attributes {
			if old.value(attribute) != value {
				return nil, httpError(400, &sqstypes.QueueNameExists{
					Message:           aws.String("A queue already exists with the same name and a different value for attribute " + attribute),
					ErrorCodeOverride: aws.String("QueueAlreadyExists"),
				})
			}
		}
		return &sqs.CreateQueueOutput{QueueUrl: x.queueURL(name)}, nil
	}
	if deleted, ok := state.Deleted[name]; ok && x.now.Sub(deleted) < time.Minute {
		return nil, httpError(400, &sqstypes.QueueDeletedRecently{
			Message:           aws.String("You must wait 60 seconds after deleting a queue before you can create another with the same name."),
			ErrorCodeOverride: aws.String(sqsPrefix + "QueueDeletedRecently"),
		})
	}
	if state.Queues == nil {
		state.Queues = map[string]*queue{}
	}
	delete(state.Deleted, name)
	q := &queue{Name: name, Created: x.now, Attributes: map[string]string{}}
	q.set(in.Attributes, x.now)
	state.Queues[name] = q
	return &sqs.CreateQueueOutput{QueueUrl: x.queueURL(name)}, nil
}

func deleteQueue(x *request, in *sqs.DeleteQueueInput) (*sqs.DeleteQueueOutput, error) {
	q, err := x.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	state := x.sqs()
	delete(state.Queues, q.Name)
	if state.Deleted == nil {
		state.Deleted = map[string]time.Time{}
	}
	state.Deleted[q.Name] = x.now
	return &sqs.DeleteQueueOutput{}, nil
}

func getQueueURL(x *request, in *sqs.GetQueueUrlInput) (*sqs.GetQueueUrlOutput, error) {
	name := aws.ToString(in.QueueName)
	if x.sqs().Queues[name] == nil || in.QueueOwnerAWSAccountId != nil && *in.QueueOwnerAWSAccountId != x.st.Account {
		return nil, noQueue()
	}
	return &sqs.GetQueueUrlOutput{QueueUrl: x.queueURL(name)}, nil
}

func listQueues(x *request, in *sqs.ListQueuesInput) (*sqs.ListQueuesOutput, error) {
	if n := in.MaxResults; n != nil && (*n < 1 || *n > 1000) {
		return nil, invalidQueueParameter("Value for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and 1000.")
	}
	var names []string
	for _, name := range sortedKeys(x.sqs().Queues) {
		if strings.HasPrefix(name, aws.ToString(in.QueueNamePrefix)) {
			names = append(names, name)
		}
	}
	if badToken(aws.ToString(in.NextToken)) {
		return nil, invalidQueueParameter("Invalid or expired next token.")
	}
	page, next := pageAfter(names, aws.ToString(in.NextToken), pageSize(in.MaxResults, 1000, 1000))
	out := &sqs.ListQueuesOutput{}
	for _, name := range page {
		out.QueueUrls = append(out.QueueUrls, *x.queueURL(name))
	}
	if next != "" && in.MaxResults != nil { // without MaxResults the rest is never given
		out.NextToken = &next
	}
	return out, nil
}

func purgeQueue(x *request, in *sqs.PurgeQueueInput) (*sqs.PurgeQueueOutput, error) {
	q, err := x.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	if x.now.Sub(q.Purged) < time.Minute {
		return nil, httpError(403, &sqstypes.PurgeQueueInProgress{
			Message:           aws.String("Only one PurgeQueue operation on " + q.Name + " is allowed every 60 seconds."),
			ErrorCodeOverride: aws.String(sqsPrefix + "PurgeQueueInProgress"),
		})
	}
	q.Messages, q.Purged = nil, x.now
	return &sqs.PurgeQueueOutput{}, nil
}
