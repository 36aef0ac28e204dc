package dynamodb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"cordon/internal/casefile"
)

// A scope's tally is one item. Its revision is drawn anew with each write, and is the condition of the next: the item
// may be deleted by its TTL and made again meanwhile, so a number would not tell.

// counted are the tallies of limits' scopes, and the revisions they have in the table ("" for those that are not there).
type counted struct {
	tallies   map[string]casefile.Tally
	revisions map[string]string
}

// Admit implements casefile.Store: one read, and one transaction where it counts; again where another was first.
func (s *Store) Admit(ctx context.Context, caseID string, limits []casefile.Limit, now time.Time) (full *casefile.Limit, err error) {
	err = casefile.CheckLimits(limits)
	if err == nil && caseID == "" {
		err = errors.New("no id of a case")
	}
	if err == nil && len(limits) > 0 {
		err = s.again(ctx, func() error {
			was, err := s.counted(ctx, limits)
			if err != nil {
				return err
			}
			var in []casefile.Admission
			if in, full = casefile.Admissions(was.tallies, caseID, limits, now); len(in) == 0 {
				return nil
			}
			return s.admit(ctx, was, caseID, in, now)
		})
	}
	if err != nil {
		return nil, fmt.Errorf("count containment of case %s: %w", caseID, err)
	}
	return full, nil
}

// admit counts a case in scopes, in all or in none. DynamoDB deletes a tally some time after all of it is of no use.
func (s *Store) admit(ctx context.Context, was counted, caseID string, in []casefile.Admission, now time.Time) error {
	var writes []types.TransactWriteItem
	for _, a := range in {
		write, err := s.countWrite(ctx, was, caseID, a, now)
		if err != nil {
			return err
		}
		writes = append(writes, write)
	}
	err := s.transact(ctx, writes)
	for n := range writes {
		if refused(err, n) {
			return errOvertaken
		}
	}
	return err
}

// countWrite counts a case in a scope.
func (s *Store) countWrite(ctx context.Context, was counted, caseID string, a casefile.Admission, now time.Time) (write types.TransactWriteItem, err error) {
	tally := was.tallies[a.Scope].Add(caseID, now, a.Keep)
	i := key(limitKey(a.Scope), skTally)
	latest := time.Unix(0, slices.Max(slices.Collect(maps.Values(tally))))
	i[TimeToLive] = number(latest.Add(a.Keep + time.Second - 1).Unix())
	i["revision"], i["scope"], i["keep_ns"] = text(rand.Text()), content([]byte(a.Scope)), number(a.Keep.Nanoseconds())
	i[IndexPartitionKey], i[IndexSortKey] = text(allLimits), text(limitKey(a.Scope))
	if err := s.keepBody(ctx, i, tally); err != nil {
		return write, err
	}
	write = s.putting(i, "attribute_not_exists(pk)")
	if revision := was.revisions[a.Scope]; revision != "" {
		write = s.putting(i, "revision = :was")
		write.Put.ExpressionAttributeValues = item{":was": text(revision)}
	}
	return write, nil
}

// Admitted implements casefile.Store. The read is consistent.
func (s *Store) Admitted(ctx context.Context, limits []casefile.Limit, now time.Time) ([]int, error) {
	var of counted
	err := casefile.CheckLimits(limits)
	if err == nil {
		of, err = s.counted(ctx, limits)
	}
	if err != nil {
		return nil, fmt.Errorf("read containments: %w", err)
	}
	counts := make([]int, len(limits))
	for n, l := range limits {
		counts[n] = of.tallies[l.Scope].Within(l.Window, now)
	}
	return counts, nil
}

// counted reads the tallies of the limits' scopes, consistently each.
func (s *Store) counted(ctx context.Context, limits []casefile.Limit) (counted, error) {
	c := counted{map[string]casefile.Tally{}, map[string]string{}}
	scopes := map[string]string{} // by key
	var keys []item
	for _, l := range limits {
		c.tallies[l.Scope], scopes[limitKey(l.Scope)] = casefile.Tally{}, l.Scope
		keys = append(keys, key(limitKey(l.Scope), skTally))
	}
	for chunk := range slices.Chunk(keys, atOnce) {
		items, err := s.fetch(ctx, chunk)
		if err != nil {
			return c, err
		}
		for _, i := range items {
			scope, tally := scopes[i.text(PartitionKey)], casefile.Tally{}
			if err := s.body(ctx, i, &tally); err != nil {
				return c, err
			}
			c.tallies[scope], c.revisions[scope] = tally, i.text("revision")
		}
	}
	return c, nil
}
