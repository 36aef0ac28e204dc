package serve

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// How a queue is read. A message is invisible to others for visibility, renewed three times within it while it is worked on
// (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html).
const (
	LongPoll    = 20 * time.Second // how long the queue waits for a message: the most that SQS does
	maxBatch    = 10               // the most that SQS gives
	visibility  = time.Minute
	againAfter  = 30 * time.Second // a message that was not answered: doubled with each receipt
	againAtMost = 15 * time.Minute
	backoffMost = time.Minute // between calls that fail
	depthEvery  = time.Minute
	wordTime    = 15 * time.Second // for one word on a message
)

// queue is the SQS queue.
type queue struct {
	client *sqs.Client
	url    string
}

func (q *queue) receive(ctx context.Context, n int, wait time.Duration) ([]types.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, wait+wordTime) // a connection that nobody answers on is none
	defer cancel()
	out, err := q.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &q.url, MaxNumberOfMessages: int32(n), WaitTimeSeconds: int32(wait / time.Second),
		VisibilityTimeout: int32(visibility / time.Second),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{
			types.MessageSystemAttributeNameApproximateReceiveCount, types.MessageSystemAttributeNameSentTimestamp,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("receive messages: %w", err)
	}
	return out.Messages, nil
}

func (q *queue) delete(ctx context.Context, m types.Message) error {
	ctx, cancel := context.WithTimeout(ctx, wordTime)
	defer cancel()
	_, err := q.client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &q.url, ReceiptHandle: m.ReceiptHandle})
	if err != nil {
		return fmt.Errorf("delete message: %w", err)
	}
	return nil
}

// hide keeps a message from others for d; 0 shows it to them at once.
func (q *queue) hide(ctx context.Context, m types.Message, d time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, wordTime)
	defer cancel()
	_, err := q.client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl: &q.url, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: int32(d / time.Second),
	})
	if err != nil {
		return fmt.Errorf("change visibility of message: %w", err)
	}
	return nil
}

// poll receives messages, as many as there are idle workers, and has each worked on beside. An error of the queue's never ends
// it: it asks again, less and less often.
func (s *Service) poll(ctx context.Context) {
	wait, failed := time.Second, 0 // the first answer shows soon that the queue is there
	for {
		n := s.pool.awaitIdle(ctx)
		if n == 0 {
			return
		}
		messages, err := s.queue.receive(ctx, min(n, maxBatch), wait)
		if ctx.Err() != nil && err != nil {
			return
		}
		s.ready.queue(err)
		if err != nil {
			s.said(ctx, "queue", err)
			failed++
			sleep(ctx, backoff(failed))
			continue
		}
		wait, failed = LongPoll, 0
		for _, m := range messages {
			s.pool.add(1)
			if begun := s.jobs.begin(func() { s.message(s.work, m) }); !begun {
				s.pool.release(1) // it is visible again soon
			}
		}
	}
}

// backoff is how long to wait after the n-th failure in a row: half of it, and up to the other half by chance.
func backoff(n int) time.Duration {
	d := min(time.Second<<min(n-1, 10), backoffMost)
	return d/2 + rand.N(d/2+1)
}

// measure tells how many messages wait in the queue.
func (s *Service) measure(ctx context.Context) {
	name := types.QueueAttributeNameApproximateNumberOfMessages
	out, err := s.queue.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &s.queue.url, AttributeNames: []types.QueueAttributeName{name},
	})
	if err != nil {
		return // it is a number for a picture; what is wrong shows where messages are received
	}
	if n, err := strconv.Atoi(out.Attributes[string(name)]); err == nil {
		s.o.Telemetry.Gauge(QueueDepth, float64(n))
	}
}

// receipts is how often a message was received, at least once.
func receipts(m types.Message) int {
	n, err := strconv.Atoi(m.Attributes[string(types.MessageSystemAttributeNameApproximateReceiveCount)])
	if err != nil {
		return 1
	}
	return max(n, 1)
}

// sent is when a message was sent; ok is false where it does not say.
func sent(m types.Message) (at time.Time, ok bool) {
	ms, err := strconv.ParseInt(m.Attributes[string(types.MessageSystemAttributeNameSentTimestamp)], 10, 64)
	return time.UnixMilli(ms), err == nil
}

// pauseAfter is how long a message that was not answered stays away.
func pauseAfter(m types.Message) time.Duration {
	return min(againAfter<<min(receipts(m)-1, 10), againAtMost)
}

// messageID is what SQS calls a message.
func messageID(m types.Message) string { return aws.ToString(m.MessageId) }
