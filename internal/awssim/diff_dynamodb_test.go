package awssim_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"cordon/internal/cloud"
)

// knownDynamoDB are the known differences; the sources are the DynamoDB API reference and developer guide.
var knownDynamoDB = map[string]difference{
	"tables/create with a bad name":              {"error ValidationException", `ok "done"`, "sim", "naming rules: 3 to 255 letters, digits, _, - and ."},
	"tables/time to live again":                  {"error ValidationException", `ok "done"`, "sim", "DynamoDB answers: TimeToLive is already enabled"},
	"tables/time to live off, another attribute": {"error ValidationException", `ok "done"`, "sim", "DynamoDB answers: TimeToLive is active on a different AttributeName"},
	"items/get numbers": {
		`ok "pk=a sk=3 w:12345678901234567890123456789012345678 x:7 y:1.5 z:0"`, `ok "pk=a sk=3 w:12345678901234567890123456789012345678 x:007 y:1.50 z:-0.0"`,
		"sim", "data types, number: leading and trailing zeroes are trimmed",
	},
	"items/index key of another type": {"error ValidationException", `ok "done"`, "sim", "PutItem: attributes of an index key must match its type"},
	"items/large":                     {`ok "done"`, "error ValidationException", "sim", "item sizes: 400 KB, the sum of the lengths of names and values"},
	"items/get with a wrong key":      {"error ValidationException", `ok ""`, "sim", "DynamoDB answers: the provided key element does not match the schema"},
	"items/undefined value":           {"error ValidationException", "error without a code", "sim", "expression attribute values have to be defined (moto fails)"},
	"items/unused value":              {"error ValidationException", `ok "done"`, "sim", "DynamoDB answers: value provided in ExpressionAttributeValues unused in expressions"},
	"items/no expression":             {"error ValidationException", "error without a code", "sim", "an expression's syntax (moto fails)"},
	"items/half an expression":        {"error ValidationException", "error without a code", "sim", "an expression's syntax (moto fails)"},
	"updates/undefined name":          {"error ValidationException", "error without a code", "sim", "expression attribute names have to be defined (moto fails)"},
	"queries/page backward": {
		`ok [["n:1 pk=x sk=b","n:1 pk=x sk=a#1"],"pk=x sk=a#1",2]`, `ok [["n:1 pk=x sk=b","n:1 pk=x sk=a#1"],"",2]`,
		"sim", "Query, Limit: it stops at the limit and gives a LastEvaluatedKey, also where nothing follows",
	},
	"queries/last page, just full": {
		`ok [["n:1 pk=x sk=c#10","n:1 pk=x sk=c#2"],"pk=x sk=c#2",2]`, `ok [["n:1 pk=x sk=c#10","n:1 pk=x sk=c#2"],"",2]`,
		"sim", "Query, Limit: it stops at the limit and gives a LastEvaluatedKey, also where nothing follows",
	},
	"queries/wrong start": {"error ValidationException", "error without a code", "sim", "DynamoDB answers: the provided starting key is invalid (moto fails)"},
	"queries/no limit":    {"error ValidationException", "error without a code", "sim", "Query, Limit: 1 at least (moto fails)"},
	"queries/unused value": {
		"error ValidationException", `ok [["n:1 pk=x sk=a#1","n:1 pk=x sk=b","n:1 pk=x sk=c#1","n:1 pk=x sk=c#10","n:1 pk=x sk=c#2"],"",5]`,
		"sim", "DynamoDB answers: value provided in ExpressionAttributeValues unused in expressions",
	},
	"queries/unknown index":                           {"error ValidationException", "error ResourceNotFoundException", "sim", "DynamoDB answers: the table does not have the specified index"},
	"index/start without the index's keys":            {"error ValidationException", "error without a code", "sim", "DynamoDB answers: the provided starting key is invalid (moto fails)"},
	"transactions/bad update":                         {`ok ["ValidationError "]`, "error ValidationException", "sim", "TransactionCanceledException: ValidationError, the provided expression refers to an attribute that does not exist in the item"},
	"transactions/once":                               {`ok "pk=a sk=2 v:2"`, `ok "pk=a sk=2 v:3"`, "sim", "TransactWriteItems, ClientRequestToken: the call is idempotent for 10 minutes"},
	"transactions/with the token and another request": {"error IdempotentParameterMismatchException", `ok "done"`, "sim", "TransactWriteItems: IdempotentParameterMismatchException"},
}

func TestDifferentialDynamoDB(t *testing.T) {
	differential(t, []sequence{tableSequence(), itemSequence(), updateSequence(), querySequence(), indexSequence(), transactSequence(), batchSequence()}, knownDynamoDB)
}

// dynamo is a DynamoDB client of the account that c talks to.
func dynamo(c *cloud.Clients) *dynamodb.Client {
	o := c.STS.Options()
	return dynamodb.New(dynamodb.Options{
		Region: o.Region, Credentials: o.Credentials, BaseEndpoint: o.BaseEndpoint, APIOptions: o.APIOptions, Retryer: o.Retryer, HTTPClient: o.HTTPClient,
	})
}

// attrs makes attributes from names and values by turns: strings, numbers (int) and bytes.
func attrs(pairs ...any) map[string]types.AttributeValue {
	out := map[string]types.AttributeValue{}
	for i := 0; i < len(pairs); i += 2 {
		switch v := pairs[i+1].(type) {
		case string:
			out[pairs[i].(string)] = &types.AttributeValueMemberS{Value: v}
		case int:
			out[pairs[i].(string)] = &types.AttributeValueMemberN{Value: fmt.Sprint(v)}
		case num:
			out[pairs[i].(string)] = &types.AttributeValueMemberN{Value: string(v)}
		case []byte:
			out[pairs[i].(string)] = &types.AttributeValueMemberB{Value: v}
		case bool:
			out[pairs[i].(string)] = &types.AttributeValueMemberBOOL{Value: v}
		case []types.AttributeValue:
			out[pairs[i].(string)] = &types.AttributeValueMemberL{Value: v}
		}
	}
	return out
}

// num is a number as it is written.
type num string

// shown is an item as text.
func shown(i map[string]types.AttributeValue) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(i)) {
		switch v := i[name].(type) {
		case *types.AttributeValueMemberS:
			out = append(out, name+"="+v.Value)
		case *types.AttributeValueMemberN:
			out = append(out, name+":"+v.Value)
		default:
			out = append(out, fmt.Sprintf("%s %T %v", name, v, v))
		}
	}
	return strings.Join(out, " ")
}

func shownAll(items []map[string]types.AttributeValue) []string {
	out := []string{}
	for _, i := range items {
		out = append(out, shown(i))
	}
	return out
}

type doing func(ctx context.Context, c *cloud.Clients, v vars) (any, error)

func dynamoTable(change ...func(*dynamodb.CreateTableInput)) doing {
	return func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
		keys := func(a, b string) []types.KeySchemaElement {
			return []types.KeySchemaElement{{AttributeName: &a, KeyType: types.KeyTypeHash}, {AttributeName: &b, KeyType: types.KeyTypeRange}}
		}
		in := &dynamodb.CreateTableInput{
			TableName: aws.String("cases"), BillingMode: types.BillingModePayPerRequest, KeySchema: keys("pk", "sk"),
			GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{
				IndexName: aws.String("list"), KeySchema: keys("gpk", "gsk"), Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly},
			}},
		}
		for _, name := range []string{"pk", "sk", "gpk", "gsk"} {
			in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: aws.String(name), AttributeType: types.ScalarAttributeTypeS})
		}
		for _, f := range change {
			f(in)
		}
		return done(dynamo(c).CreateTable(ctx, in))
	}
}

func tableSequence() sequence {
	name := aws.String("cases")
	ttl := func(on bool, attribute string) doing {
		return func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(dynamo(c).UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
				TableName: name, TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: &attribute, Enabled: &on},
			}))
		}
	}
	getTTL := func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
		out, err := dynamo(c).DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: name})
		if err != nil {
			return nil, err
		}
		return out.TimeToLiveDescription.TimeToLiveStatus, nil
	}
	describe := func(name string) doing {
		return func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := dynamo(c).DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
			if err != nil {
				return nil, err
			}
			t := out.Table
			var keys []string
			for _, k := range append(t.KeySchema, t.GlobalSecondaryIndexes[0].KeySchema...) {
				keys = append(keys, *k.AttributeName+" "+string(k.KeyType))
			}
			g := t.GlobalSecondaryIndexes[0]
			return []any{t.TableName, t.TableArn, t.TableStatus, t.ItemCount, t.DeletionProtectionEnabled, t.BillingModeSummary.BillingMode, g.IndexName, g.IndexStatus, g.Projection, keys, len(t.AttributeDefinitions)}, nil
		}
	}
	backups := func(on bool) doing {
		return func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := dynamo(c).UpdateContinuousBackups(ctx, &dynamodb.UpdateContinuousBackupsInput{
				TableName: name, PointInTimeRecoverySpecification: &types.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: &on},
			})
			if err != nil {
				return nil, err
			}
			return out.ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus, nil
		}
	}
	getBackups := func(name string) doing {
		return func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := dynamo(c).DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: &name})
			if err != nil {
				return nil, err
			}
			return out.ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus, nil
		}
	}
	remove := func(name string) doing {
		return func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(dynamo(c).DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: &name}))
		}
	}
	return sequence{"tables", []step{
		{"create", dynamoTable()},
		{"create again", dynamoTable()},
		{"create with a bad name", dynamoTable(func(in *dynamodb.CreateTableInput) { in.TableName = aws.String("a b c") })},
		{"create without capacity", dynamoTable(func(in *dynamodb.CreateTableInput) { in.TableName, in.BillingMode = aws.String("other"), "" })},
		{"create with too many attributes", dynamoTable(func(in *dynamodb.CreateTableInput) {
			in.TableName, in.GlobalSecondaryIndexes = aws.String("other"), nil
		})},
		{"create with an undefined key", dynamoTable(func(in *dynamodb.CreateTableInput) {
			in.TableName, in.AttributeDefinitions = aws.String("other"), in.AttributeDefinitions[1:]
		})},
		{"create protected", dynamoTable(func(in *dynamodb.CreateTableInput) {
			in.TableName, in.DeletionProtectionEnabled = aws.String("protected"), aws.Bool(true)
		})},
		{"describe", describe("cases")},
		{"describe protected", describe("protected")},
		{"describe unknown", describe("none")},
		{"time to live of a new table", getTTL},
		{"time to live", ttl(true, "ttl")},
		{"time to live again", ttl(true, "ttl")},
		{"describe time to live", getTTL},
		{"time to live off, another attribute", ttl(false, "other")},
		{"time to live off", ttl(false, "ttl")},
		{"backups of a new table", getBackups("cases")},
		{"backups on", backups(true)},
		{"backups", getBackups("cases")},
		{"backups of unknown", getBackups("none")},
		{"delete protected", remove("protected")},
		{"delete", remove("cases")},
		{"delete again", remove("cases")},
	}}
}

// put is a PutItem with a condition ("" for none).
func put(i map[string]types.AttributeValue, condition string, values map[string]types.AttributeValue) doing {
	return func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
		in := &dynamodb.PutItemInput{TableName: aws.String("cases"), Item: i, ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld}
		if condition != "" {
			in.ConditionExpression, in.ExpressionAttributeValues = &condition, values
		}
		_, err := dynamo(c).PutItem(ctx, in)
		var failed *types.ConditionalCheckFailedException
		if errors.As(err, &failed) {
			return "refused: " + shown(failed.Item), nil
		}
		return "done", err
	}
}

func get(key map[string]types.AttributeValue) doing {
	return func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
		out, err := dynamo(c).GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String("cases"), Key: key, ConsistentRead: aws.Bool(true)})
		if err != nil {
			return nil, err
		}
		return shown(out.Item), nil
	}
}

func itemSequence() sequence {
	one := attrs("pk", "a", "sk", "1")
	remove := func(condition string) doing {
		return func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			in := &dynamodb.DeleteItemInput{TableName: aws.String("cases"), Key: one, ReturnValues: types.ReturnValueAllOld}
			if condition != "" {
				in.ConditionExpression = &condition
			}
			out, err := dynamo(c).DeleteItem(ctx, in)
			if err != nil {
				return nil, err
			}
			return shown(out.Attributes), nil
		}
	}
	return sequence{"items", []step{
		{"without a table", put(one, "", nil)},
		{"create", dynamoTable()},
		{"get none", get(one)},
		{"put", put(attrs("pk", "a", "sk", "1", "n", 1, "s", "x", "b", []byte{0, 255}), "", nil)},
		{"get", get(one)},
		{"put where there is none", put(attrs("pk", "a", "sk", "1"), "attribute_not_exists(pk)", nil)},
		{"put where there is one", put(attrs("pk", "a", "sk", "1", "n", 2), "attribute_exists(pk) AND n = :n", attrs(":n", 1))},
		{"put on another version", put(attrs("pk", "a", "sk", "1", "n", 3), "n = :n", attrs(":n", 1))},
		{"put under or and not", put(attrs("pk", "a", "sk", "1", "n", 3), "NOT (n < :one OR n >= :three) and attribute_not_exists(x)", attrs(":one", 1, ":three", 3))},
		{"put under between", put(attrs("pk", "a", "sk", "1", "n", 4), "n BETWEEN :one AND :three AND begins_with(pk, :a)", attrs(":one", 1, ":three", 3, ":a", "a"))},
		{"put, another type", put(attrs("pk", "a", "sk", "1", "n", 5), "n = :n", attrs(":n", "4"))},
		{"put, unequal to what is not there", put(attrs("pk", "a", "sk", "1", "n", 6), "x <> :n", attrs(":n", 4))},
		{"get again", get(one)},
		{"empty text", put(attrs("pk", "a", "sk", "2", "s", ""), "", nil)},
		{"numbers", put(attrs("pk", "a", "sk", "3", "x", num("007"), "y", num("1.50"), "z", num("-0.0"), "w", num("12345678901234567890123456789012345678")), "", nil)},
		{"get numbers", get(attrs("pk", "a", "sk", "3"))},
		{"no number", put(attrs("pk", "a", "sk", "3", "x", num("seven")), "", nil)},
		{"without a sort key", put(attrs("pk", "a"), "", nil)},
		{"empty key", put(attrs("pk", "", "sk", "1"), "", nil)},
		{"empty sort key", put(attrs("pk", "a", "sk", ""), "", nil)},
		{"key of another type", put(attrs("pk", 1, "sk", "1"), "", nil)},
		{"index key of another type", put(attrs("pk", "a", "sk", "1", "gpk", 1), "", nil)},
		{"empty index key", put(attrs("pk", "a", "sk", "1", "gpk", "", "gsk", "x"), "", nil)},
		{"long key", put(attrs("pk", strings.Repeat("a", 2048), "sk", strings.Repeat("a", 1024)), "", nil)},
		{"too long a key", put(attrs("pk", strings.Repeat("a", 2049), "sk", "1"), "", nil)},
		{"too long a sort key", put(attrs("pk", "a", "sk", strings.Repeat("a", 1025)), "", nil)},
		{"large", put(attrs("pk", "a", "sk", "4", "s", strings.Repeat("a", 400<<10-7)), "", nil)},
		{"too large", put(attrs("pk", "a", "sk", "4", "s", strings.Repeat("a", 400<<10)), "", nil)},
		{"get with half a key", get(attrs("pk", "a"))},
		{"get with more than a key", get(attrs("pk", "a", "sk", "1", "n", 1))},
		{"get with a wrong key", get(attrs("pk", "a", "sk", 1))},
		{"undefined value", put(one, "n = :n", nil)},
		{"unused value", put(one, "attribute_exists(pk)", attrs(":n", 1))},
		{"reserved word", put(one, "attribute_not_exists(ttl)", nil)},
		{"no expression", put(one, "n ==", nil)},
		{"half an expression", put(one, "attribute_exists(pk) AND", nil)},
		{"put anew", put(one, "", nil)},
		{"delete under a condition", remove("attribute_not_exists(pk)")},
		{"delete", remove("attribute_exists(pk)")},
		{"delete again", remove("")},
		{"delete again, where there is one", remove("attribute_exists(pk)")},
	}}
}

func updateSequence() sequence {
	one := attrs("pk", "a", "sk", "1")
	update := func(expression, condition string, names map[string]string, values map[string]types.AttributeValue) doing {
		return func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			in := &dynamodb.UpdateItemInput{
				TableName: aws.String("cases"), Key: one, UpdateExpression: &expression, ReturnValues: types.ReturnValueAllNew,
				ExpressionAttributeNames: names, ExpressionAttributeValues: values,
				ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
			}
			if condition != "" {
				in.ConditionExpression = &condition
			}
			out, err := dynamo(c).UpdateItem(ctx, in)
			var failed *types.ConditionalCheckFailedException
			if errors.As(err, &failed) {
				return "refused: " + shown(failed.Item), nil
			}
			if err != nil {
				return nil, err
			}
			return shown(out.Attributes), nil
		}
	}
	return sequence{"updates", []step{
		{"create", dynamoTable()},
		{"new, where there is one", update("SET n = :n", "attribute_exists(pk)", nil, attrs(":n", 1))},
		{"new", update("SET n = :n, s = :s", "", nil, attrs(":n", 1, ":s", "x"))},
		{"remove and set", update("SET n = n + :n REMOVE s, t", "n = :n", nil, attrs(":n", 1))},
		{"refused", update("SET n = n + :n", "n = :n", nil, attrs(":n", 1))},
		{"subtract", update("SET n = n - :n", "", nil, attrs(":n", 5))},
		{"add", update("ADD n :n, m :n", "", nil, attrs(":n", 7))},
		{"if not exists", update("SET n = if_not_exists(n, :n), k = if_not_exists(k, :n)", "", nil, attrs(":n", 9))},
		{"names", update("SET #t = :n", "attribute_not_exists(#t)", map[string]string{"#t": "ttl"}, attrs(":n", 9))},
		{"unused name", update("SET n = :n", "", map[string]string{"#t": "ttl"}, attrs(":n", 9))},
		{"undefined name", update("SET #x = :n", "", nil, attrs(":n", 9))},
		{"reserved word", update("SET token = :n", "", nil, attrs(":n", 9))},
		{"from what is not there", update("SET n = nothing + :n", "", nil, attrs(":n", 9))},
		{"add to text", update("SET n = n + :s", "", nil, attrs(":s", "x"))},
		{"key", update("SET sk = :s", "", nil, attrs(":s", "x"))},
		{"twice the same", update("SET n = :n, n = :n", "", nil, attrs(":n", 9))},
		{"set twice", update("SET n = :n SET m = :n", "", nil, attrs(":n", 9))},
		{"no section", update("n = :n", "", nil, attrs(":n", 9))},
		{"index key of another type", update("SET gpk = :n", "", nil, attrs(":n", 9))},
		{"too large", update("SET s = :s", "", nil, attrs(":s", strings.Repeat("a", 400<<10)))},
		{"get", get(one)},
	}}
}
