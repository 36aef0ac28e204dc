package dynamodb

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"cordon/internal/action"
	"cordon/internal/casefile"
	"cordon/internal/finding"
)

// Cases implements casefile.Store: of a target from the table, consistently, else from the index.
func (s *Store) Cases(ctx context.Context, f casefile.Filter) (cases []casefile.Case, err error) {
	if err = ctx.Err(); err == nil {
		if f.Target != nil {
			cases, err = s.ofTarget(ctx, *f.Target, f)
		} else {
			cases, err = s.ofStatuses(ctx, f)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("list cases: %w", err)
	}
	return cases, nil
}

// ofTarget reads the target's cases a page at a time, the newest first, until there are enough.
func (s *Store) ofTarget(ctx context.Context, t finding.Target, f casefile.Filter) ([]casefile.Case, error) {
	in := s.underInput(targetKey(t), skCaseOf)
	in.ScanIndexForward, in.Limit = aws.Bool(false), aws.Int32(atOnce)
	pages := dynamodb.NewQueryPaginator(s.client, in)
	cases := []casefile.Case{}
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, s.hinted(err)
		}
		keys := make([]item, len(page.Items))
		for n, i := range page.Items {
			keys[n] = key(caseKey(item(i).text("case_id")), skCase)
		}
		if cases, err = s.gather(ctx, cases, keys, f); err != nil || enough(cases, f) {
			return cases, err
		}
	}
	return cases, nil
}

// ofStatuses asks the index for the newest of each status and reads those cases from the table.
func (s *Store) ofStatuses(ctx context.Context, f casefile.Filter) ([]casefile.Case, error) {
	of := casefile.Statuses()
	if len(f.Statuses) > 0 {
		of = slices.Compact(slices.Sorted(slices.Values(f.Statuses)))
	}
	lists := make([][]item, len(of))
	err := each(ctx, len(of), func(ctx context.Context, n int) (err error) {
		lists[n], err = s.index(ctx, statusPartition(of[n]), false, f.Limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	keys := slices.Concat(lists...)
	slices.SortStableFunc(keys, func(a, b item) int { return strings.Compare(b.text(IndexSortKey), a.text(IndexSortKey)) })
	seen := map[string]bool{}
	keys = slices.DeleteFunc(keys, func(k item) bool { // twice where its status changed meanwhile
		pk := k.text(PartitionKey)
		defer func() { seen[pk] = true }()
		return seen[pk]
	})
	cases := []casefile.Case{}
	for chunk := range slices.Chunk(keys, atOnce) {
		if cases, err = s.gather(ctx, cases, chunk, f); err != nil || enough(cases, f) {
			return cases, err
		}
	}
	return cases, nil
}

// gather reads the cases of keys (at most atOnce), and adds those that the filter chooses, up to its limit.
func (s *Store) gather(ctx context.Context, cases []casefile.Case, keys []item, f casefile.Filter) ([]casefile.Case, error) {
	items, err := s.fetch(ctx, keys)
	if err != nil {
		return nil, err
	}
	some := make([]casefile.Case, len(items))
	err = each(ctx, len(items), func(ctx context.Context, n int) error {
		c, err := s.decodeCase(ctx, items[n])
		some[n] = c.Case
		return err
	})
	if err != nil {
		return nil, err
	}
	some = slices.DeleteFunc(some, func(c casefile.Case) bool { return len(f.Statuses) > 0 && !slices.Contains(f.Statuses, c.Status) })
	slices.SortFunc(some, func(a, b casefile.Case) int { return strings.Compare(caseOrder(b), caseOrder(a)) })
	cases = append(cases, some...)
	if enough(cases, f) {
		cases = cases[:f.Limit]
	}
	return cases, nil
}

func enough(cases []casefile.Case, f casefile.Filter) bool {
	return f.Limit > 0 && len(cases) >= f.Limit
}

// index gives a partition of the index, up to limit (0 for all).
func (s *Store) index(ctx context.Context, partition string, forward bool, limit int) (keys []item, err error) {
	in := &dynamodb.QueryInput{
		TableName: &s.table, IndexName: aws.String(Index), ScanIndexForward: &forward,
		KeyConditionExpression: aws.String("gsipk = :pk"), ExpressionAttributeValues: item{":pk": text(partition)},
	}
	if limit > 0 {
		in.Limit = aws.Int32(int32(min(limit, 1000)))
	}
	pages := dynamodb.NewQueryPaginator(s.client, in)
	for pages.HasMorePages() && (limit <= 0 || len(keys) < limit) {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, s.indexHinted(err)
		}
		for _, i := range page.Items {
			keys = append(keys, i)
		}
	}
	return keys, nil
}

// Unsent implements casefile.Store.
func (s *Store) Unsent(ctx context.Context) ([]action.Record, error) {
	records, err := s.unsent(ctx)
	if err != nil {
		return nil, fmt.Errorf("read unsent notices: %w", err)
	}
	return records, nil
}

func (s *Store) unsent(ctx context.Context) ([]action.Record, error) {
	keys, err := s.index(ctx, unsentNotices, true, 0)
	if err != nil {
		return nil, err
	}
	records := []action.Record{}
	for chunk := range slices.Chunk(keys, atOnce) {
		items, err := s.fetch(ctx, chunk)
		if err != nil {
			return nil, err
		}
		some, err := s.decodeRecords(ctx, items)
		if err != nil {
			return nil, err
		}
		records = append(records, some...)
	}
	records = slices.DeleteFunc(records, func(r action.Record) bool { return !unsent(r) }) // sent meanwhile
	slices.SortFunc(records, func(a, b action.Record) int {
		return cmp.Or(a.Started.Compare(b.Started), strings.Compare(a.Case, b.Case), a.Seq-b.Seq)
	})
	return records, nil
}
