package awssim

import (
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// What one BatchGetItem takes and gives.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
const (
	maxDynamoBatch  = 100
	maxDynamoAnswer = 16 << 20
)

func batchGetItem(x *request, in *dynamodb.BatchGetItemInput) (*dynamodb.BatchGetItemOutput, error) {
	keys := 0
	for _, ask := range in.RequestItems {
		keys += len(ask.Keys)
	}
	switch {
	case keys == 0:
		return nil, dynamoInvalid("1 validation error detected: Value at 'requestItems' failed to satisfy constraint: Member must have length greater than or equal to 1")
	case keys > maxDynamoBatch:
		return nil, dynamoInvalid("Too many items requested for the BatchGetItem call")
	}
	out := &dynamodb.BatchGetItemOutput{
		Responses: map[string][]map[string]types.AttributeValue{}, UnprocessedKeys: map[string]types.KeysAndAttributes{},
	}
	size := 0
	for _, name := range sortedKeys(in.RequestItems) {
		ask := in.RequestItems[name]
		if len(ask.AttributesToGet) > 0 {
			return nil, unsimulatedDynamo("AttributesToGet")
		}
		t, err := x.dynamoTable(&name)
		if err != nil {
			return nil, err
		}
		p := newPlaceholders(ask.ExpressionAttributeNames, nil)
		names, err := p.projection(ask.ProjectionExpression)
		if err == nil {
			err = p.finish()
		}
		if err != nil {
			return nil, err
		}
		out.Responses[name] = []map[string]types.AttributeValue{}
		seen, left := map[string]bool{}, []map[string]types.AttributeValue(nil)
		for _, asked := range ask.Keys {
			key := dynamoItem(asked).cloned()
			if err := t.checkKey(key); err != nil {
				return nil, err
			}
			id := t.id(key)
			if seen[id] {
				return nil, dynamoInvalid("Provided list of item keys contains duplicates")
			}
			seen[id] = true
			i, ok := t.Items[id]
			switch {
			case !ok:
				continue
			case size+i.size() > maxDynamoAnswer:
				left = append(left, key)
				continue
			}
			size += i.size()
			if names != nil {
				i = i.only(names)
			}
			out.Responses[name] = append(out.Responses[name], i.cloned())
		}
		if left != nil {
			ask.Keys = left
			out.UnprocessedKeys[name] = ask
		}
	}
	return out, nil
}
