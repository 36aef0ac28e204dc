package awssim

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// deleteMessage deletes with the latest receipt handle, visible or not. With an older one, or of a message that is gone, it
// succeeds and deletes nothing.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html
func deleteMessage(x *request, in *sqs.DeleteMessageInput) (*sqs.DeleteMessageOutput, error) {
	q, err := x.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return &sqs.DeleteMessageOutput{}, q.delete(in.ReceiptHandle)
}

func (q *queue) delete(handle *string) error {
	held, latest, err := q.held(handle)
	if err != nil {
		return err
	}
	if latest {
		q.Messages = slices.DeleteFunc(q.Messages, func(m *queued) bool { return m == held })
	}
	return nil
}

// changeMessageVisibility hides a message that is in flight from now on for another time; twelve hours from when it was
// received are the most.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
func changeMessageVisibility(x *request, in *sqs.ChangeMessageVisibilityInput) (*sqs.ChangeMessageVisibilityOutput, error) {
	q, err := x.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return &sqs.ChangeMessageVisibilityOutput{}, x.hide(q, in.ReceiptHandle, in.VisibilityTimeout)
}

func (x *request) hide(q *queue, handle *string, seconds int32) error {
	m, latest, err := q.held(handle)
	until := x.now.Add(time.Duration(seconds) * time.Second)
	switch {
	case seconds < 0 || seconds > 43_200:
		return invalidQueueParameter("Value %d for parameter VisibilityTimeout is invalid. Reason: Must be between 0 and 43200.", seconds)
	case err != nil:
		return err
	case m == nil:
		return invalidQueueParameter("Value %s for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.", aws.ToString(handle))
	case !latest || !m.Visible.After(x.now):
		return httpError(400, &sqstypes.MessageNotInflight{
			Message: aws.String("The message referred to is not in flight."), ErrorCodeOverride: aws.String(sqsPrefix + "MessageNotInflight"),
		})
	case until.Sub(m.Taken) > 12*time.Hour:
		return invalidQueueParameter("Value %d for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds].", seconds)
	}
	m.Visible = until
	return nil
}
