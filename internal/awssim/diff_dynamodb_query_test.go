package awssim_test

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"cordon/internal/cloud"
)

func querySequence() sequence {
	steps := []step{{"create", dynamoTable()}}
	for _, sk := range []string{"c#2", "a#1", "c#1", "b", "c#10"} {
		steps = append(steps, step{"put " + sk, put(attrs("pk", "x", "sk", sk, "n", 1), "", nil)})
	}
	steps = append(steps, step{"put another", put(attrs("pk", "y", "sk", "c#1"), "", nil)})
	query := func(condition string, values map[string]types.AttributeValue, change ...func(*dynamodb.QueryInput)) doing {
		return func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			in := &dynamodb.QueryInput{
				TableName: aws.String("cases"), KeyConditionExpression: &condition, ExpressionAttributeValues: values, ConsistentRead: aws.Bool(true),
			}
			for _, f := range change {
				f(in)
			}
			out, err := dynamo(c).Query(ctx, in)
			if err != nil {
				return nil, err
			}
			return []any{shownAll(out.Items), shown(out.LastEvaluatedKey), out.Count}, nil
		}
	}
	backward := func(in *dynamodb.QueryInput) { in.ScanIndexForward = aws.Bool(false) }
	two := func(in *dynamodb.QueryInput) { in.Limit = aws.Int32(2) }
	from := func(pairs ...any) func(in *dynamodb.QueryInput) {
		return func(in *dynamodb.QueryInput) { in.ExclusiveStartKey = attrs(pairs...) }
	}
	return sequence{"queries", append(steps, []step{
		{"all", query("pk = :x", attrs(":x", "x"))},
		{"none", query("pk = :x", attrs(":x", "none"))},
		{"prefix", query("pk = :x AND begins_with(sk, :p)", attrs(":x", "x", ":p", "c#"))},
		{"prefix backward", query("pk = :x AND begins_with(sk, :p)", attrs(":x", "x", ":p", "c#"), backward)},
		{"between", query("pk = :x AND sk BETWEEN :a AND :b", attrs(":x", "x", ":a", "a", ":b", "b"))},
		{"greater", query("pk = :x AND sk > :a", attrs(":x", "x", ":a", "c#1"))},
		{"sort key first", query("sk >= :a AND pk = :x", attrs(":x", "x", ":a", "c#1"))},
		{"limit", query("pk = :x", attrs(":x", "x"), two)},
		{"next page", query("pk = :x", attrs(":x", "x"), two, from("pk", "x", "sk", "b"))},
		{"after one that is gone", query("pk = :x", attrs(":x", "x"), two, from("pk", "x", "sk", "b#"))},
		{"page backward", query("pk = :x", attrs(":x", "x"), two, backward, from("pk", "x", "sk", "c#1"))},
		{"last page", query("pk = :x", attrs(":x", "x"), two, from("pk", "x", "sk", "c#10"))},
		{"last page, just full", query("pk = :x", attrs(":x", "x"), two, from("pk", "x", "sk", "c#1"))},
		{"names", query("#p = :x", attrs(":x", "x"), two, func(in *dynamodb.QueryInput) { in.ExpressionAttributeNames = map[string]string{"#p": "pk"} })},
		{"projection", query("pk = :x", attrs(":x", "x"), two, func(in *dynamodb.QueryInput) { in.ProjectionExpression = aws.String("sk, n") })},
		{"wrong start", query("pk = :x", attrs(":x", "x"), from("pk", "x"))},
		{"no limit", query("pk = :x", attrs(":x", "x"), func(in *dynamodb.QueryInput) { in.Limit = aws.Int32(0) })},
		{"sort key alone", query("sk = :x", attrs(":x", "x"))},
		{"no key", query("n = :x", attrs(":x", "x"))},
		{"partition greater", query("pk > :x", attrs(":x", "x"))},
		{"undefined value", query("pk = :x", nil)},
		{"unused value", query("pk = :x", attrs(":x", "x", ":y", "y"))},
		{"unknown index", query("pk = :x", attrs(":x", "x"), func(in *dynamodb.QueryInput) { in.IndexName = aws.String("none") })},
		{"unknown table", query("pk = :x", attrs(":x", "x"), func(in *dynamodb.QueryInput) { in.TableName = aws.String("none") })},
	}...)}
}

func indexSequence() sequence {
	steps := []step{{"create", dynamoTable()}}
	for _, i := range []map[string]types.AttributeValue{
		attrs("pk", "a", "sk", "1", "gpk", "open", "gsk", "2026-01-02", "body", "x"),
		attrs("pk", "b", "sk", "1", "gpk", "open", "gsk", "2026-01-01"),
		attrs("pk", "c", "sk", "1", "gpk", "open", "gsk", "2026-01-03"),
		attrs("pk", "d", "sk", "1", "gpk", "done", "gsk", "2026-01-03"),
		attrs("pk", "e", "sk", "1", "gpk", "open"),
		attrs("pk", "f", "sk", "1"),
	} {
		steps = append(steps, step{"put " + shown(i)[:4], put(i, "", nil)})
	}
	query := func(change ...func(*dynamodb.QueryInput)) doing {
		return func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			in := &dynamodb.QueryInput{
				TableName: aws.String("cases"), IndexName: aws.String("list"), KeyConditionExpression: aws.String("gpk = :x"),
				ExpressionAttributeValues: attrs(":x", "open"), ScanIndexForward: aws.Bool(false),
			}
			for _, f := range change {
				f(in)
			}
			out, err := dynamo(c).Query(ctx, in)
			if err != nil {
				return nil, err
			}
			return []any{shownAll(out.Items), shown(out.LastEvaluatedKey)}, nil
		}
	}
	one := func(in *dynamodb.QueryInput) { in.Limit = aws.Int32(1) }
	return sequence{"index", append(steps, []step{
		{"newest first", query()},
		{"first page", query(one)},
		{"second page", query(one, func(in *dynamodb.QueryInput) {
			in.ExclusiveStartKey = attrs("pk", "c", "sk", "1", "gpk", "open", "gsk", "2026-01-03")
		})},
		{"start without the index's keys", query(one, func(in *dynamodb.QueryInput) { in.ExclusiveStartKey = attrs("pk", "c", "sk", "1") })},
		{"consistent", query(func(in *dynamodb.QueryInput) { in.ConsistentRead = aws.Bool(true) })},
		{"by the table's key", query(func(in *dynamodb.QueryInput) { in.KeyConditionExpression = aws.String("pk = :x") })},
		{"move", put(attrs("pk", "c", "sk", "1", "gpk", "done", "gsk", "2026-01-03"), "", nil)},
		{"moved", query()},
		{"out of the index", put(attrs("pk", "a", "sk", "1"), "", nil)},
		{"is out", query()},
	}...)}
}

// transaction gives the reasons of one that is cancelled.
func transaction(parts ...types.TransactWriteItem) doing { return tokened("", parts...) }

func tokened(token string, parts ...types.TransactWriteItem) doing {
	return func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
		in := &dynamodb.TransactWriteItemsInput{TransactItems: parts}
		if token != "" {
			in.ClientRequestToken = &token
		}
		_, err := dynamo(c).TransactWriteItems(ctx, in)
		var cancelled *types.TransactionCanceledException
		if !errors.As(err, &cancelled) {
			return "done", err
		}
		var out []string
		for _, r := range cancelled.CancellationReasons {
			out = append(out, aws.ToString(r.Code)+" "+shown(r.Item))
		}
		return out, nil
	}
}

func putPart(i map[string]types.AttributeValue, condition string) types.TransactWriteItem {
	p := &types.Put{TableName: aws.String("cases"), Item: i, ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld}
	if condition != "" {
		p.ConditionExpression = &condition
	}
	return types.TransactWriteItem{Put: p}
}

func updatePart(key map[string]types.AttributeValue, expression, condition string, values map[string]types.AttributeValue) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{
		TableName: aws.String("cases"), Key: key, UpdateExpression: &expression, ConditionExpression: &condition, ExpressionAttributeValues: values,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}}
}

func transactSequence() sequence {
	one, two := attrs("pk", "a", "sk", "1"), attrs("pk", "a", "sk", "2")
	check := func(key map[string]types.AttributeValue, condition string) types.TransactWriteItem {
		return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{TableName: aws.String("cases"), Key: key, ConditionExpression: &condition}}
	}
	deletion := types.TransactWriteItem{Delete: &types.Delete{TableName: aws.String("cases"), Key: one}}
	many := func(n int) (parts []types.TransactWriteItem) {
		for i := range n {
			parts = append(parts, putPart(attrs("pk", "many", "sk", fmt.Sprint(i)), ""))
		}
		return parts
	}
	return sequence{"transactions", []step{
		{"without a table", transaction(putPart(one, ""))},
		{"create", dynamoTable()},
		{"two", transaction(putPart(attrs("pk", "a", "sk", "1", "v", 1), "attribute_not_exists(pk)"), putPart(attrs("pk", "a", "sk", "2", "v", 1), "attribute_not_exists(pk)"))},
		{"one of two refused", transaction(putPart(attrs("pk", "a", "sk", "3"), "attribute_not_exists(pk)"), putPart(attrs("pk", "a", "sk", "2", "v", 2), "attribute_not_exists(pk)"))},
		{"nothing of it", get(attrs("pk", "a", "sk", "3"))},
		{"both refused", transaction(putPart(one, "attribute_not_exists(pk)"), updatePart(two, "SET v = :v", "v = :v", attrs(":v", 7)))},
		{"update and check", transaction(updatePart(one, "SET v = v + :v", "v = :v", attrs(":v", 1)), check(two, "attribute_exists(pk)"))},
		{"check refused", transaction(updatePart(one, "SET v = v + :v", "attribute_exists(pk)", attrs(":v", 1)), check(two, "attribute_not_exists(pk)"))},
		{"get", get(one)},
		{"delete", transaction(deletion, putPart(attrs("pk", "a", "sk", "4"), ""))},
		{"is deleted", get(one)},
		{"twice the same item", transaction(putPart(one, ""), check(one, "attribute_exists(pk)"))},
		{"nothing", transaction()},
		{"100", transaction(many(100)...)},
		{"101", transaction(many(101)...)},
		{"two in one", transaction(types.TransactWriteItem{Put: putPart(one, "").Put, Delete: deletion.Delete})},
		{"unknown table", transaction(types.TransactWriteItem{Put: &types.Put{TableName: aws.String("none"), Item: one}})},
		{"bad key", transaction(putPart(attrs("pk", ""), ""))},
		{"bad update", transaction(updatePart(two, "SET v = nothing + :v", "attribute_exists(pk)", attrs(":v", 1)))},
		{"with a token", tokened("token-1", updatePart(two, "SET v = v + :v", "attribute_exists(pk)", attrs(":v", 1)))},
		{"with the token again", tokened("token-1", updatePart(two, "SET v = v + :v", "attribute_exists(pk)", attrs(":v", 1)))},
		{"once", get(two)},
		{"with the token and another request", tokened("token-1", updatePart(two, "SET v = :v", "attribute_exists(pk)", attrs(":v", 1)))},
	}}
}

func batchSequence() sequence {
	batch := func(keys ...map[string]types.AttributeValue) doing {
		return func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := dynamo(c).BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
				"cases": {Keys: keys, ConsistentRead: aws.Bool(true)},
			}})
			if err != nil {
				return nil, err
			}
			got := shownAll(out.Responses["cases"])
			slices.Sort(got)
			return []any{got, len(out.UnprocessedKeys)}, nil
		}
	}
	many := func(n int) (keys []map[string]types.AttributeValue) {
		for i := range n {
			keys = append(keys, attrs("pk", "many", "sk", fmt.Sprint(i)))
		}
		return keys
	}
	return sequence{"batches", []step{
		{"without a table", batch(attrs("pk", "a", "sk", "1"))},
		{"create", dynamoTable()},
		{"put", put(attrs("pk", "a", "sk", "1", "n", 1), "", nil)},
		{"put another", put(attrs("pk", "b", "sk", "1", "n", 2), "", nil)},
		{"get", batch(attrs("pk", "a", "sk", "1"), attrs("pk", "none", "sk", "1"), attrs("pk", "b", "sk", "1"))},
		{"duplicates", batch(attrs("pk", "a", "sk", "1"), attrs("pk", "a", "sk", "1"))},
		{"bad key", batch(attrs("pk", "a"))},
		{"100", batch(many(100)...)},
		{"101", batch(many(101)...)},
		{"none", batch()},
	}}
}
