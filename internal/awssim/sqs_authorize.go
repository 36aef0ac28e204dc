package awssim

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// askQueue is a question about the queue of a URL. Who sends to or receives from a queue under a customer managed key
// needs that key too.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
func (x *request) askQueue(url *string, keyActions ...string) []Check {
	_, name, _ := queueOf(url)
	return x.askQueueNamed(name, keyActions...)
}

func (x *request) askQueueNamed(name string, keyActions ...string) []Check {
	out := []Check{x.ask("", x.st.arn("sqs", x.Region, name))}
	q := x.sqs().Queues[name]
	if q == nil || !strings.HasPrefix(q.Attributes["KmsMasterKeyId"], "arn:") {
		return out
	}
	for _, action := range keyActions {
		out = append(out, x.ask(action, q.Attributes["KmsMasterKeyId"], map[string][]string{
			"kms:ViaService": {"sqs." + x.Region + "." + x.urlSuffix()},
		}))
	}
	return out
}

func decideSQS(d decisions) {
	decide(d, simpleQueue, func(x *request, in *sqs.CreateQueueInput) []Check { return x.askQueueNamed(*in.QueueName) })
	decide(d, simpleQueue, func(x *request, in *sqs.GetQueueUrlInput) []Check { return x.askQueueNamed(*in.QueueName) })
	decide(d, simpleQueue, func(x *request, in *sqs.DeleteQueueInput) []Check { return x.askQueue(in.QueueUrl) })
	decide(d, simpleQueue, func(x *request, in *sqs.GetQueueAttributesInput) []Check { return x.askQueue(in.QueueUrl) })
	decide(d, simpleQueue, func(x *request, in *sqs.SetQueueAttributesInput) []Check { return x.askQueue(in.QueueUrl) })
	decide(d, simpleQueue, func(x *request, in *sqs.PurgeQueueInput) []Check { return x.askQueue(in.QueueUrl) })
	decide(d, simpleQueue, func(x *request, in *sqs.DeleteMessageInput) []Check { return x.askQueue(in.QueueUrl) })
	decide(d, simpleQueue, func(x *request, in *sqs.DeleteMessageBatchInput) []Check { return x.askQueue(in.QueueUrl) })
	decide(d, simpleQueue, func(x *request, in *sqs.ChangeMessageVisibilityInput) []Check { return x.askQueue(in.QueueUrl) })
	decide(d, simpleQueue, func(x *request, in *sqs.ChangeMessageVisibilityBatchInput) []Check { return x.askQueue(in.QueueUrl) })
	decide(d, simpleQueue, func(x *request, in *sqs.ReceiveMessageInput) []Check { return x.askQueue(in.QueueUrl, "kms:Decrypt") })
	decide(d, simpleQueue, func(x *request, in *sqs.SendMessageInput) []Check {
		return x.askQueue(in.QueueUrl, "kms:GenerateDataKey", "kms:Decrypt")
	})
	decide(d, simpleQueue, func(x *request, in *sqs.SendMessageBatchInput) []Check {
		return x.askQueue(in.QueueUrl, "kms:GenerateDataKey", "kms:Decrypt")
	})
}
