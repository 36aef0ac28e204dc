package awssim

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"
)

// What one transaction takes, and how long its token is known.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
const (
	maxTransaction      = 100
	maxTransactionBytes = 4 << 20
	tokenLife           = 10 * time.Minute
)

// transactWriteItems makes all writes or none. Calls come one at a time here, so there is never a TransactionConflict:
// a test puts that in with Options.Fault.
func transactWriteItems(x *request, in *dynamodb.TransactWriteItemsInput) (*dynamodb.TransactWriteItemsOutput, error) {
	switch n := len(in.TransactItems); {
	case n == 0:
		return nil, dynamoInvalid("1 validation error detected: Value '[]' at 'transactItems' failed to satisfy constraint: Member must have length greater than or equal to 1")
	case n > maxTransaction:
		return nil, dynamoInvalid("1 validation error detected: Value at 'transactItems' failed to satisfy constraint: Member must have length less than or equal to 100")
	}
	done, err := x.doneBefore(in)
	if done || err != nil {
		return &dynamodb.TransactWriteItemsOutput{}, err
	}
	writes, size, ids := make([]*dynamoWrite, len(in.TransactItems)), 0, map[string]bool{}
	onFailure := make([]types.ReturnValuesOnConditionCheckFailure, len(in.TransactItems))
	for n, part := range in.TransactItems {
		w, on, err := x.part(part)
		if err != nil {
			return nil, err
		}
		if id := w.table.Name + "|" + w.id; ids[id] {
			return nil, dynamoInvalid("Transaction request cannot include multiple operations on one item")
		} else {
			ids[id] = true
		}
		writes[n], onFailure[n] = w, on
	}
	become, reasons, failed := make([]dynamoItem, len(writes)), make([]types.CancellationReason, len(writes)), false
	for n, w := range writes {
		become[n], reasons[n] = w.consider(onFailure[n])
		failed = failed || *reasons[n].Code != "None"
		size += become[n].size()
	}
	if failed {
		return nil, cancelled(reasons)
	}
	if size > maxTransactionBytes {
		return nil, dynamoInvalid("Collection size limit exceeded: transaction is larger than 4 MB")
	}
	for n, w := range writes {
		w.set(become[n])
	}
	x.remember(in)
	return &dynamodb.TransactWriteItemsOutput{}, nil
}

// part prepares one write of a transaction. A condition's check writes what is there.
func (x *request) part(part types.TransactWriteItem) (w *dynamoWrite, on types.ReturnValuesOnConditionCheckFailure, err error) {
	kinds := 0
	if p := part.Put; p != nil {
		kinds, on = kinds+1, p.ReturnValuesOnConditionCheckFailure
		w, err = x.putting(p.TableName, p.Item, p.ConditionExpression, newPlaceholders(p.ExpressionAttributeNames, p.ExpressionAttributeValues))
	}
	if p := part.Update; p != nil {
		kinds, on = kinds+1, p.ReturnValuesOnConditionCheckFailure
		w, err = x.updating(p.TableName, p.Key, p.UpdateExpression, p.ConditionExpression, newPlaceholders(p.ExpressionAttributeNames, p.ExpressionAttributeValues))
	}
	if p := part.Delete; p != nil {
		kinds, on = kinds+1, p.ReturnValuesOnConditionCheckFailure
		w, err = x.deleting(p.TableName, p.Key, p.ConditionExpression, newPlaceholders(p.ExpressionAttributeNames, p.ExpressionAttributeValues), true)
	}
	if p := part.ConditionCheck; p != nil {
		kinds, on = kinds+1, p.ReturnValuesOnConditionCheckFailure
		w, err = x.deleting(p.TableName, p.Key, p.ConditionExpression, newPlaceholders(p.ExpressionAttributeNames, p.ExpressionAttributeValues), true)
		if err == nil {
			w.to = func() (dynamoItem, error) { return w.was, nil }
		}
	}
	if kinds != 1 {
		return nil, "", dynamoInvalid("TransactItems can only contain one of Check, Put, Update or Delete")
	}
	return w, on, err
}

// consider gives what an item would become, and the reason why not.
func (w *dynamoWrite) consider(on types.ReturnValuesOnConditionCheckFailure) (dynamoItem, types.CancellationReason) {
	if !w.met() {
		reason := types.CancellationReason{Code: aws.String("ConditionalCheckFailed"), Message: aws.String("The conditional request failed")}
		if on == types.ReturnValuesOnConditionCheckFailureAllOld {
			reason.Item = w.was.cloned()
		}
		return nil, reason
	}
	is, err := w.to()
	if err != nil {
		text := err.Error()
		var api smithy.APIError
		if errors.As(err, &api) {
			text = api.ErrorMessage()
		}
		return nil, types.CancellationReason{Code: aws.String("ValidationError"), Message: &text}
	}
	return is, types.CancellationReason{Code: aws.String("None")}
}

func cancelled(reasons []types.CancellationReason) error {
	codes := make([]string, len(reasons))
	for n, r := range reasons {
		codes[n] = *r.Code
	}
	return httpError(400, &types.TransactionCanceledException{
		Message:             aws.String("Transaction cancelled, please refer cancellation reasons for specific reasons [" + strings.Join(codes, ", ") + "]"),
		CancellationReasons: reasons,
	})
}

// doneBefore says whether the transaction of this token has been done; a token that came with other writes is refused.
func (x *request) doneBefore(in *dynamodb.TransactWriteItemsInput) (bool, error) {
	tokens := x.dynamo().Tokens
	for token, t := range tokens {
		if x.now.Sub(t.At) > tokenLife {
			delete(tokens, token)
		}
	}
	t, ok := tokens[aws.ToString(in.ClientRequestToken)]
	if ok && t.Request != requestHash(in) {
		return false, httpError(400, &types.IdempotentParameterMismatchException{Message: aws.String("Token was used with another request")})
	}
	return ok, nil
}

func (x *request) remember(in *dynamodb.TransactWriteItemsInput) {
	if token := aws.ToString(in.ClientRequestToken); token != "" {
		d := x.dynamo()
		if d.Tokens == nil {
			d.Tokens = map[string]dynamoToken{}
		}
		d.Tokens[token] = dynamoToken{requestHash(in), x.now}
	}
}

func requestHash(in *dynamodb.TransactWriteItemsInput) string {
	raw, _ := json.Marshal(in.TransactItems) // plain data
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}
