package awssim_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"cordon/internal/awssim"
	"cordon/internal/cloud"
)

// casesTable is an account with the table "cases" of the differential suite, and a client.
func casesTable(t testing.TB, a *awssim.Account) *dynamodb.Client {
	t.Helper()
	cfg := a.Config("us-east-1")
	if _, err := dynamoTable()(t.Context(), cloud.New(cfg, a.ID()), nil); err != nil {
		t.Fatal(err)
	}
	return dynamodb.NewFromConfig(cfg)
}

func TestDynamoDBUnsimulated(t *testing.T) {
	c := casesTable(t, awssim.New(awssim.Options{}))
	ctx, name, key := t.Context(), aws.String("cases"), attrs("pk", "a", "sk", "1")
	condition := func(text string, values map[string]types.AttributeValue) error {
		_, err := c.PutItem(ctx, &dynamodb.PutItemInput{TableName: name, Item: key, ConditionExpression: &text, ExpressionAttributeValues: values})
		return err
	}
	update := func(text string, values map[string]types.AttributeValue) error {
		_, err := c.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: name, Key: key, UpdateExpression: &text, ExpressionAttributeValues: values})
		return err
	}
	query := func(change func(*dynamodb.QueryInput)) error {
		in := &dynamodb.QueryInput{TableName: name, KeyConditionExpression: aws.String("pk = :x"), ExpressionAttributeValues: attrs(":x", "a")}
		change(in)
		_, err := c.Query(ctx, in)
		return err
	}
	_, errSet := c.PutItem(ctx, &dynamodb.PutItemInput{TableName: name, Item: map[string]types.AttributeValue{
		"pk": key["pk"], "sk": key["sk"], "set": &types.AttributeValueMemberSS{Value: []string{"a"}},
	}})
	for what, err := range map[string]error{
		"path":        condition("a.b = :x", attrs(":x", 1)),
		"list":        condition("attribute_exists(a[0])", nil),
		"size":        condition("size(a) > :x", attrs(":x", 1)),
		"contains":    condition("contains(a, :x)", attrs(":x", "1")),
		"in":          condition("a IN (:x)", attrs(":x", "1")),
		"delete":      update("DELETE a :x", attrs(":x", "1")),
		"list_append": update("SET a = list_append(a, :x)", attrs(":x", "1")),
		"set":         errSet,
		"filter":      query(func(in *dynamodb.QueryInput) { in.FilterExpression = aws.String("a = :x") }),
		"count":       query(func(in *dynamodb.QueryInput) { in.Select = types.SelectCount }),
		"old query": query(func(in *dynamodb.QueryInput) {
			in.KeyConditions = map[string]types.Condition{"pk": {ComparisonOperator: types.ComparisonOperatorNull}}
		}),
	} {
		if !cloud.Is(err, "ValidationException") || !strings.Contains(err.Error(), "is not simulated") {
			t.Errorf("%s: %v, want a ValidationException that says that it is not simulated", what, err)
		}
	}
	if _, err := c.Scan(ctx, &dynamodb.ScanInput{TableName: name}); !cloud.Is(err, "UnsimulatedOperation") {
		t.Errorf("Scan: %v", err)
	}
}

// TestDynamoDBSurvivesRestart: every type of value comes back from the disk as it was, and Dump leaves items out unless
// it is asked for them.
func TestDynamoDBSurvivesRestart(t *testing.T) {
	dir := t.TempDir()
	a, _, err := awssim.Open(dir, awssim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	item := attrs("pk", "a", "sk", "1", "s", "", "n", -5, "b", []byte{}, "yes", true, "list", []types.AttributeValue{
		&types.AttributeValueMemberNULL{Value: true}, &types.AttributeValueMemberM{Value: attrs("deep", "x")}, &types.AttributeValueMemberM{Value: attrs()},
	})
	c := casesTable(t, a)
	if _, err := c.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("cases"), Item: item}); err != nil {
		t.Fatal(err)
	}
	item["s"].(*types.AttributeValueMemberS).Value = "changed after the call"
	again, _, err := awssim.Open(dir, awssim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	item["s"].(*types.AttributeValueMemberS).Value = ""
	out, err := dynamodb.NewFromConfig(again.Config("us-east-1")).GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("cases"), Key: attrs("pk", "a", "sk", "1")})
	if err != nil || !reflect.DeepEqual(out.Item, item) {
		t.Errorf("read %v, %v\nwant %v", out, err, item)
	}
	for with, want := range map[bool]int{false: 0, true: 1} {
		text := fmt.Sprint(again.Dump(awssim.DumpOptions{Items: with}))
		if strings.Count(text, "deep") != want || !strings.Contains(text, "table/cases") {
			t.Errorf("dump with items %v: %s", with, text)
		}
	}
}

func TestDynamoDBTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := casesTable(t, awssim.New(awssim.Options{}))
		add := func() {
			t.Helper()
			_, err := c.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{
				ClientRequestToken: aws.String("one"), TransactItems: []types.TransactWriteItem{
					updatePart(attrs("pk", "a", "sk", "1"), "ADD n :n", "attribute_not_exists(x)", attrs(":n", 1)),
				},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, step := range []struct {
			wait time.Duration
			want string
		}{{0, "1"}, {9 * time.Minute, "1"}, {2 * time.Minute, "2"}} {
			time.Sleep(step.wait)
			add()
			out, err := c.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: aws.String("cases"), Key: attrs("pk", "a", "sk", "1")})
			if err != nil || out.Item["n"].(*types.AttributeValueMemberN).Value != step.want {
				t.Errorf("after %s: %v, %v; want n %s", step.wait, out, err, step.want)
			}
		}
	})
}

// TestDynamoDBPages: a query gives 1 MB at a time, a batch 16 MB.
func TestDynamoDBPages(t *testing.T) {
	c := casesTable(t, awssim.New(awssim.Options{}))
	large := strings.Repeat("a", 390<<10)
	keys := []map[string]types.AttributeValue{}
	for n := range 45 {
		item := attrs("pk", "a", "sk", fmt.Sprintf("%02d", n), "s", large)
		if _, err := c.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("cases"), Item: item}); err != nil {
			t.Fatal(err)
		}
		keys = append(keys, attrs("pk", "a", "sk", fmt.Sprintf("%02d", n)))
	}
	pages := dynamodb.NewQueryPaginator(c, &dynamodb.QueryInput{
		TableName: aws.String("cases"), KeyConditionExpression: aws.String("pk = :x"), ExpressionAttributeValues: attrs(":x", "a"),
	})
	n, count := 0, 0
	for ; pages.HasMorePages(); n++ {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		count += len(page.Items)
	}
	if n < 15 || count != 45 {
		t.Errorf("%d items on %d pages", count, n)
	}
	out, err := c.BatchGetItem(t.Context(), &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{"cases": {Keys: keys}}})
	if err != nil {
		t.Fatal(err)
	}
	got, left := len(out.Responses["cases"]), len(out.UnprocessedKeys["cases"].Keys)
	if got+left != 45 || left == 0 {
		t.Errorf("%d items and %d left", got, left)
	}
}

// TestDynamoDBAsksIAM: each operation asks for its table, Query for its index, a transaction for each of its writes.
func TestDynamoDBAsksIAM(t *testing.T) {
	var asked []string
	deny := ""
	a := awssim.New(awssim.Options{Authorize: func(c awssim.Check) bool {
		line := c.Action + " " + strings.TrimPrefix(c.Resource, "arn:aws:dynamodb:us-east-1:111122223333:")
		for _, k := range []string{"dynamodb:LeadingKeys", "dynamodb:EnclosingOperation"} {
			if v := c.Context[k]; len(v) > 0 {
				line += " " + strings.Join(v, ",")
			}
		}
		asked = append(asked, line)
		return c.Action != deny
	}})
	c := casesTable(t, a)
	one := attrs("pk", "a", "sk", "1")
	transact := func() error {
		_, err := c.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
			putPart(one, ""), updatePart(attrs("pk", "b", "sk", "1"), "SET n = :n", "attribute_not_exists(n)", attrs(":n", 1)),
		}})
		return err
	}
	err := transact()
	_, errQuery := c.Query(t.Context(), &dynamodb.QueryInput{
		TableName: aws.String("cases"), IndexName: aws.String("list"), KeyConditionExpression: aws.String("gpk = :x"), ExpressionAttributeValues: attrs(":x", "a"),
	})
	if err = errors.Join(err, errQuery); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"dynamodb:CreateTable table/cases",
		"dynamodb:PutItem table/cases a TransactWriteItems", "dynamodb:UpdateItem table/cases b TransactWriteItems",
		"dynamodb:Query table/cases/index/list",
	}
	if strings.Join(asked, "\n") != strings.Join(want, "\n") {
		t.Errorf("asked\n%s\nwant\n%s", strings.Join(asked, "\n"), strings.Join(want, "\n"))
	}
	deny = "dynamodb:UpdateItem"
	if err := transact(); !cloud.Denied(err) {
		t.Errorf("a transaction with one write denied: %v", err)
	}
}

// FuzzDynamoDBExpression: whatever stands in an expression, the answer is success or a ValidationException.
func FuzzDynamoDBExpression(f *testing.F) {
	c := casesTable(f, awssim.New(awssim.Options{}))
	for _, seed := range []string{
		"attribute_not_exists(pk) AND (n = :n OR NOT begins_with(#s, :s))", "SET a = a + :n, b = if_not_exists(b, :n) REMOVE c ADD d :n",
		"pk = :s AND sk BETWEEN :s AND :s", "((((", "a = ", ":n", "#s", "a.b[0]", "SET", "\xff", "NOT NOT", "size(a)",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name, key := aws.String("cases"), attrs("pk", "a", "sk", "1")
		names, values := map[string]string{"#s": "s"}, attrs(":n", 1, ":s", "x")
		_, errPut := c.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: name, Item: key, ConditionExpression: &text, ExpressionAttributeNames: names, ExpressionAttributeValues: values})
		_, errUpdate := c.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{TableName: name, Key: key, UpdateExpression: &text, ExpressionAttributeNames: names, ExpressionAttributeValues: values})
		_, errQuery := c.Query(t.Context(), &dynamodb.QueryInput{TableName: name, KeyConditionExpression: &text, ProjectionExpression: &text, ExpressionAttributeNames: names, ExpressionAttributeValues: values})
		for _, err := range []error{errPut, errUpdate, errQuery} {
			if err != nil && !cloud.Is(err, "ValidationException", "ConditionalCheckFailedException") {
				t.Errorf("%q: %v", text, err)
			}
		}
	})
}
