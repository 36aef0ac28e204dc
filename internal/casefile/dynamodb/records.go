package dynamodb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"cordon/internal/action"
	"cordon/internal/casefile"
)

// Record implements action.Ledger.
func (s *Store) Record(ctx context.Context, caseID, name string) (r action.Record, ok bool, err error) {
	i, err := s.get(ctx, caseKey(caseID), recordKey(name))
	if err == nil && i != nil {
		r, err = s.decodeRecord(ctx, i)
	}
	if err != nil {
		return action.Record{}, false, fmt.Errorf("read record %s of case %s: %w", name, caseID, err)
	}
	return r, i != nil, nil
}

// Records implements action.Ledger.
func (s *Store) Records(ctx context.Context, caseID string) ([]action.Record, error) {
	items, err := s.under(ctx, caseKey(caseID), skRecord)
	if err == nil {
		var records []action.Record
		if records, err = s.decodeRecords(ctx, items); err == nil {
			bySeq(records)
			return records, nil
		}
	}
	return nil, fmt.Errorf("read records of case %s: %w", caseID, err)
}

func bySeq(records []action.Record) {
	slices.SortFunc(records, func(a, b action.Record) int { return a.Seq - b.Seq })
}

// SaveRecord implements action.Ledger: one write, and for a case's first new record in this process, unless it made the
// case, one read before it. casefile.ErrNotFound where there is no such case.
func (s *Store) SaveRecord(ctx context.Context, r action.Record) (action.Record, error) {
	i, err := s.encodeRecord(ctx, r)
	if err == nil {
		err = s.again(ctx, func() error {
			if r.Version == 0 {
				return s.insertRecord(ctx, &r, i)
			}
			return s.replaceRecord(ctx, r, i)
		})
	}
	if err != nil {
		return action.Record{}, fmt.Errorf("save record %s of case %s: %w", r.Action, r.Case, err)
	}
	r.Version++
	return r, nil
}

// replaceRecord writes over the version that r was read at. An attempt whose answer was lost finds its own write,
// which it knows by its token, and has succeeded.
func (s *Store) replaceRecord(ctx context.Context, r action.Record, i item) error {
	i["seq"] = number(r.Seq)
	listUnsent(i, r)
	if err := i.fits(); err != nil {
		return err
	}
	_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &s.table, Item: i, ConditionExpression: aws.String("version = :version AND seq = :seq"),
		ExpressionAttributeValues:           item{":version": number(r.Version), ":seq": i["seq"]},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	var failed *types.ConditionalCheckFailedException
	if !errors.As(err, &failed) {
		return s.hinted(err)
	}
	if there := item(failed.Item); there.text("write") == i.text("write") {
		return nil
	}
	return action.ErrStale
}

// listUnsent puts the record of a notice that is not sent into the index. Writing a record without it takes it out.
func listUnsent(i item, r action.Record) {
	if unsent(r) {
		i[IndexPartitionKey], i[IndexSortKey] = text(unsentNotices), text(recordOrder(r.Started, r.Case, r.Seq))
	}
}

func unsent(r action.Record) bool {
	return strings.HasPrefix(r.Action, "notify.") && (r.Status == action.Doing || r.Status == action.Waiting || r.Status == action.Failed)
}

// encodeRecord is the record's item as the version after r.Version, but for its number and the index. The attribute
// write tells this call's write from every other.
func (s *Store) encodeRecord(ctx context.Context, r action.Record) (item, error) {
	i := key(caseKey(r.Case), recordKey(r.Action))
	i["version"], i["write"] = number(r.Version+1), text(rand.Text())
	for name, raw := range map[string][]byte{"request": r.Request, "prior": r.Prior, "after": r.After} {
		if err := s.keep(ctx, i, name, raw, smallContent); err != nil {
			return nil, err
		}
	}
	r.Request, r.Prior, r.After = nil, nil, nil
	return i, s.keepBody(ctx, i, r)
}

func (s *Store) decodeRecord(ctx context.Context, i item) (r action.Record, err error) {
	var parts [4][]byte
	for n, name := range [...]string{"body", "request", "prior", "after"} {
		if parts[n], err = s.kept(ctx, i, name); err != nil {
			return r, err
		}
	}
	if r, err = casefile.DecodeRecord(parts[0], parts[1], parts[2], parts[3]); err != nil {
		return r, i.named(err)
	}
	r.Seq, r.Version = int(i.number("seq")), int(i.number("version"))
	return r, nil
}

func (s *Store) decodeRecords(ctx context.Context, items []item) ([]action.Record, error) {
	records := make([]action.Record, len(items))
	err := each(ctx, len(items), func(ctx context.Context, n int) (err error) {
		records[n], err = s.decodeRecord(ctx, items[n])
		return err
	})
	return records, err
}

// sideBySide is how many items each works on at once: an item may need the overflow.
const sideBySide = 8

// each calls f for 0..n-1, several at once; the first error ends it.
func each(ctx context.Context, n int, f func(ctx context.Context, i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(sideBySide)
	for i := range n {
		g.Go(func() error { return f(ctx, i) })
	}
	return g.Wait()
}
