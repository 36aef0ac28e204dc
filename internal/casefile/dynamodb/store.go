package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"cordon/internal/casefile"
)

// Store is a casefile.Store in a table. Make it with Open.
type Store struct {
	client   *dynamodb.Client
	table    string
	overflow Overflow // nil: none
	inserts  inserts
}

var _ casefile.Store = (*Store)(nil)

// tableName is what DynamoDB takes for one.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
var tableName = regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,255}$`)

// Open is the store in a table, which has to be there (CreateTableInput); no call is made. overflow may be nil: then
// what does not fit into an item of 400 KB is an error.
func Open(client *dynamodb.Client, table string, overflow Overflow) (*Store, error) {
	switch {
	case client == nil:
		return nil, errors.New("open case store: no client")
	case !tableName.MatchString(table):
		return nil, fmt.Errorf("open case store: %q is no table's name (write store: dynamodb://TABLE)", table)
	}
	return &Store{client: client, table: table, overflow: overflow}, nil
}

// never is a condition that no item meets.
const never = "attribute_exists(pk) AND attribute_not_exists(pk)"

// Check proves that the table is there and may be written: a transaction of every kind of write, each under a condition
// that nothing meets, has to fail by that. It then reads the index. A denial, a missing table or other keys show first.
func (s *Store) Check(ctx context.Context) error {
	if err := s.check(ctx); err != nil {
		return fmt.Errorf("check case store %s: %w", s.table, err)
	}
	return nil
}

func (s *Store) check(ctx context.Context) error {
	err := s.again(ctx, func() error {
		err := s.transact(ctx, []types.TransactWriteItem{
			s.putting(item{PartitionKey: text("CHECK"), SortKey: text("PUT")}, never),
			{Update: &types.Update{
				TableName: &s.table, Key: key("CHECK", "UPDATE"), ConditionExpression: aws.String(never),
				UpdateExpression: aws.String("REMOVE body"),
			}},
			{Delete: &types.Delete{TableName: &s.table, Key: key("CHECK", "DELETE"), ConditionExpression: aws.String(never)}},
		})
		if refused(err, 0) {
			return nil
		}
		if err == nil {
			return errors.New("a write was made whose condition does not hold (is the endpoint DynamoDB?)")
		}
		return err
	})
	if err != nil {
		return err
	}
	_, err = s.client.Query(ctx, &dynamodb.QueryInput{
		TableName: &s.table, IndexName: aws.String(Index), Limit: aws.Int32(1),
		KeyConditionExpression:    aws.String(IndexPartitionKey + " = :pk"),
		ExpressionAttributeValues: item{":pk": text(unsentNotices)},
	})
	return s.indexHinted(err)
}

// Close does nothing: there is no connection that the store holds.
func (*Store) Close() error { return nil }
