package dynamodb

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// The calls that everything is made of. They give AWS's errors with hints; again makes those calls again that other
// writers were in the way of.

// get reads an item consistently, nil where there is none.
func (s *Store) get(ctx context.Context, pk, sk string) (item, error) {
	out, err := s.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &s.table, Key: key(pk, sk), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, s.hinted(err)
	}
	if len(out.Item) == 0 {
		return nil, nil
	}
	return out.Item, nil
}

// under reads all items of a partition whose sort keys begin with prefix, in order, consistently.
func (s *Store) under(ctx context.Context, pk, prefix string) (items []item, err error) {
	pages := dynamodb.NewQueryPaginator(s.client, s.underInput(pk, prefix))
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, s.hinted(err)
		}
		for _, i := range page.Items {
			items = append(items, i)
		}
	}
	return items, nil
}

func (s *Store) underInput(pk, prefix string) *dynamodb.QueryInput {
	return &dynamodb.QueryInput{
		TableName: &s.table, ConsistentRead: aws.Bool(true),
		KeyConditionExpression:    aws.String("pk = :pk AND begins_with(sk, :prefix)"),
		ExpressionAttributeValues: item{":pk": text(pk), ":prefix": text(prefix)},
	}
}

// atOnce is how many items BatchGetItem takes.
const atOnce = 100

// fetch reads the items of at most atOnce keys consistently, in any order; those that are gone are left out.
func (s *Store) fetch(ctx context.Context, keys []item) (items []item, err error) {
	ask := make([]map[string]types.AttributeValue, len(keys))
	for i, k := range keys {
		ask[i] = key(k.text(PartitionKey), k.text(SortKey))
	}
	for n := 0; len(ask) > 0; n++ {
		if n > 0 { // DynamoDB had enough for one answer
			if err := pause(ctx, n); err != nil {
				return nil, err
			}
		}
		out, err := s.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
			s.table: {Keys: ask, ConsistentRead: aws.Bool(true)},
		}})
		if err != nil {
			return nil, s.hinted(err)
		}
		for _, i := range out.Responses[s.table] {
			items = append(items, i)
		}
		ask = out.UnprocessedKeys[s.table].Keys
		if n == attempts && len(ask) > 0 {
			return nil, fmt.Errorf("read %d items: the table is too busy (try again)", len(ask))
		}
	}
	return items, nil
}

// putting is a transaction's write of a whole item, under a condition ("" for none).
func (s *Store) putting(i item, condition string) types.TransactWriteItem {
	put := &types.Put{TableName: &s.table, Item: i}
	if condition != "" {
		put.ConditionExpression = &condition
	}
	return types.TransactWriteItem{Put: put}
}

// updating is a transaction's change of an item's attributes, under a condition.
func (s *Store) updating(k item, expression, condition string, values item) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &s.table, Key: k, UpdateExpression: &expression, ConditionExpression: &condition, ExpressionAttributeValues: values,
	}}
}

// mostWrites is how many items TransactWriteItems takes.
const mostWrites = 100

// transact makes the writes, all or none. The SDK gives each call a token: an attempt whose answer was lost and
// that is repeated takes effect once.
func (s *Store) transact(ctx context.Context, writes []types.TransactWriteItem) error {
	if len(writes) > mostWrites {
		return fmt.Errorf("write %d items at once: DynamoDB takes %d (make the change in parts)", len(writes), mostWrites)
	}
	for _, w := range writes {
		if w.Put != nil {
			if err := item(w.Put.Item).fits(); err != nil {
				return err
			}
		}
	}
	_, err := s.client.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
	return s.hinted(err)
}

// refused says whether a transaction was cancelled because the condition of its n-th write (from 0) did not hold.
func refused(err error, n int) bool {
	var cancelled *types.TransactionCanceledException
	return errors.As(err, &cancelled) && n < len(cancelled.CancellationReasons) &&
		aws.ToString(cancelled.CancellationReasons[n].Code) == "ConditionalCheckFailed"
}

// errOvertaken says that another writer was first: read anew and try again.
var errOvertaken = errors.New("overtaken by another process")

// overtaken says whether err says that another writer was in the way, or that a transaction met with throttling, which
// the SDK does not see there.
func overtaken(err error) bool {
	var conflict *types.TransactionConflictException
	if errors.Is(err, errOvertaken) || errors.As(err, &conflict) {
		return true
	}
	var cancelled *types.TransactionCanceledException
	return errors.As(err, &cancelled) && slices.ContainsFunc(cancelled.CancellationReasons, func(reason types.CancellationReason) bool {
		switch aws.ToString(reason.Code) {
		case "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded":
			return true
		}
		return false
	})
}

// attempts bounds again: about half a minute.
const attempts = 100

// again runs f, and again while other writers are in its way: of those that collide one gets on each time.
func (s *Store) again(ctx context.Context, f func() error) error {
	for n := 1; ; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := f()
		switch {
		case !overtaken(err):
			return err
		case n == attempts:
			return fmt.Errorf("%w (other processes keep changing it, or the table is too busy: try again)", err)
		}
		if err := pause(ctx, n); err != nil {
			return err
		}
	}
}

// pause waits before attempt n+1: a random time, longer with each attempt, so that writers drift apart.
func pause(ctx context.Context, n int) error {
	longest := min(5*time.Millisecond<<min(n, 10), 500*time.Millisecond)
	timer := time.NewTimer(rand.N(longest) + time.Millisecond)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
