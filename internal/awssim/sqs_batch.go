package awssim

import (
	"errors"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
)

var batchID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// checkBatch refuses a whole batch for its entries' ids.
func checkBatch(ids []*string) error {
	seen := map[string]bool{}
	switch n := len(ids); {
	case n == 0:
		return httpError(400, &sqstypes.EmptyBatchRequest{Message: aws.String("There should be at least one entry in the request."), ErrorCodeOverride: aws.String(sqsPrefix + "EmptyBatchRequest")})
	case n > 10:
		return httpError(400, &sqstypes.TooManyEntriesInBatchRequest{Message: aws.String("Maximum number of entries per request are 10."), ErrorCodeOverride: aws.String(sqsPrefix + "TooManyEntriesInBatchRequest")})
	}
	for _, id := range ids {
		switch id := aws.ToString(id); {
		case !batchID.MatchString(id):
			return httpError(400, &sqstypes.InvalidBatchEntryId{Message: aws.String("A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."), ErrorCodeOverride: aws.String(sqsPrefix + "InvalidBatchEntryId")})
		case seen[id]:
			return httpError(400, &sqstypes.BatchEntryIdsNotDistinct{Message: aws.String("Id " + id + " repeated."), ErrorCodeOverride: aws.String(sqsPrefix + "BatchEntryIdsNotDistinct")})
		default:
			seen[id] = true
		}
	}
	return nil
}

// entryError is one entry's refusal.
func entryError(id *string, err error) sqstypes.BatchResultErrorEntry {
	var api smithy.APIError
	errors.As(err, &api)
	return sqstypes.BatchResultErrorEntry{Id: aws.String(aws.ToString(id)), Code: aws.String(api.ErrorCode()), Message: aws.String(api.ErrorMessage()), SenderFault: true}
}

func sendMessageBatch(x *request, in *sqs.SendMessageBatchInput) (*sqs.SendMessageBatchOutput, error) {
	q, err := x.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	var ids []*string
	size := 0
	for _, e := range in.Entries {
		ids = append(ids, e.Id)
		size += messageSize(aws.ToString(e.MessageBody), e.MessageAttributes)
	}
	if err := checkBatch(ids); err != nil {
		return nil, err
	}
	if size > mostMessage {
		return nil, httpError(400, &sqstypes.BatchRequestTooLong{Message: aws.String("Batch requests cannot be longer than 1048576 bytes."), ErrorCodeOverride: aws.String(sqsPrefix + "BatchRequestTooLong")})
	}
	out := &sqs.SendMessageBatchOutput{}
	for _, e := range in.Entries {
		one := &sqs.SendMessageInput{MessageBody: e.MessageBody, MessageAttributes: e.MessageAttributes, DelaySeconds: e.DelaySeconds, MessageGroupId: e.MessageGroupId}
		sent, err := x.send(q, one)
		if err != nil {
			out.Failed = append(out.Failed, entryError(e.Id, err))
			continue
		}
		out.Successful = append(out.Successful, sqstypes.SendMessageBatchResultEntry{
			Id: aws.String(*e.Id), MessageId: sent.MessageId, MD5OfMessageBody: sent.MD5OfMessageBody, MD5OfMessageAttributes: sent.MD5OfMessageAttributes,
		})
	}
	return out, nil
}

func deleteMessageBatch(x *request, in *sqs.DeleteMessageBatchInput) (*sqs.DeleteMessageBatchOutput, error) {
	q, err := x.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	var ids []*string
	for _, e := range in.Entries {
		ids = append(ids, e.Id)
	}
	if err := checkBatch(ids); err != nil {
		return nil, err
	}
	out := &sqs.DeleteMessageBatchOutput{}
	for _, e := range in.Entries {
		if err := q.delete(e.ReceiptHandle); err != nil {
			out.Failed = append(out.Failed, entryError(e.Id, err))
			continue
		}
		out.Successful = append(out.Successful, sqstypes.DeleteMessageBatchResultEntry{Id: aws.String(*e.Id)})
	}
	return out, nil
}

func changeMessageVisibilityBatch(x *request, in *sqs.ChangeMessageVisibilityBatchInput) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
	q, err := x.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	var ids []*string
	for _, e := range in.Entries {
		ids = append(ids, e.Id)
	}
	if err := checkBatch(ids); err != nil {
		return nil, err
	}
	out := &sqs.ChangeMessageVisibilityBatchOutput{}
	for _, e := range in.Entries {
		if err := x.hide(q, e.ReceiptHandle, e.VisibilityTimeout); err != nil {
			out.Failed = append(out.Failed, entryError(e.Id, err))
			continue
		}
		out.Successful = append(out.Successful, sqstypes.ChangeMessageVisibilityBatchResultEntry{Id: aws.String(*e.Id)})
	}
	return out, nil
}
