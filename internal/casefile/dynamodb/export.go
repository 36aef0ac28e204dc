package dynamodb

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"cordon/internal/casefile"
)

// Export implements casefile.Store. Each snapshot is of a moment of its own. Which cases there are is read from the index,
// which may miss one that was opened just now.
func (s *Store) Export(ctx context.Context, ids []string, f func(casefile.Snapshot) error) error {
	counted, err := s.allCounted(ctx)
	if err == nil && ids == nil {
		ids, err = s.allCases(ctx)
	}
	if err != nil {
		return fmt.Errorf("export cases: %w", err)
	}
	for _, id := range ids {
		snapshot, err := s.snapshotOf(ctx, id)
		if err != nil {
			return fmt.Errorf("export case %s: %w", id, err)
		}
		snapshot.Counted = counted[id]
		if err := f(snapshot); err != nil {
			return err
		}
	}
	return nil
}

// allCases are the ids of every case, the oldest first.
func (s *Store) allCases(ctx context.Context) ([]string, error) {
	var keys []item
	for _, status := range casefile.Statuses() {
		some, err := s.index(ctx, statusPartition(status), true, 0)
		if err != nil {
			return nil, err
		}
		keys = append(keys, some...)
	}
	slices.SortFunc(keys, func(a, b item) int { return strings.Compare(a.text(IndexSortKey), b.text(IndexSortKey)) })
	var ids []string
	seen := map[string]bool{}
	for _, k := range keys {
		id := strings.TrimPrefix(k.text(PartitionKey), skCaseOf)
		if !seen[id] { // twice where its status changed meanwhile
			ids = append(ids, id)
		}
		seen[id] = true
	}
	return ids, nil
}

// allCounted is where cases' containments are counted, by case.
func (s *Store) allCounted(ctx context.Context) (map[string][]casefile.Counted, error) {
	keys, err := s.index(ctx, allLimits, true, 0)
	if err != nil {
		return nil, err
	}
	of := map[string][]casefile.Counted{}
	for chunk := range slices.Chunk(keys, atOnce) {
		items, err := s.fetch(ctx, chunk)
		if err != nil {
			return nil, err
		}
		for _, i := range items {
			tally := casefile.Tally{}
			if err := s.body(ctx, i, &tally); err != nil {
				return nil, err
			}
			for id, at := range tally {
				of[id] = append(of[id], casefile.Counted{
					Scope: i.text("scope"), At: time.Unix(0, at).UTC(), Until: time.Unix(0, at+i.number("keep_ns")).UTC(),
				})
			}
		}
	}
	return of, nil
}

// snapshotOf reads a case whole, but for its counts; casefile.ErrNotFound. What is read twice just the same was all there
// at once in between: versions only grow.
func (s *Store) snapshotOf(ctx context.Context, id string) (out casefile.Snapshot, err error) {
	var items []item
	err = s.again(ctx, func() error {
		first, err := s.collect(ctx, id)
		if err != nil {
			return err
		}
		if items, err = s.collect(ctx, id); err == nil && !reflect.DeepEqual(first, items) {
			err = errOvertaken
		}
		return err
	})
	if err != nil {
		return out, err
	}
	out.Documents = map[string]json.RawMessage{}
	for _, i := range items {
		sk := i.text(SortKey)
		switch {
		case sk == skCase:
			c, err := s.decodeCase(ctx, i)
			if err != nil {
				return out, err
			}
			out.Case = c.Case
		case strings.HasPrefix(sk, skRecord):
			r, err := s.decodeRecord(ctx, i)
			if err != nil {
				return out, err
			}
			out.Records = append(out.Records, r)
		case strings.HasPrefix(sk, skEntry):
			var e casefile.Entry
			if err := s.body(ctx, i, &e); err != nil {
				return out, err
			}
			out.Journal = append(out.Journal, e)
		case strings.HasPrefix(sk, skDocument):
			raw, err := s.kept(ctx, i, "raw")
			if err != nil {
				return out, err
			}
			out.Documents[i.text("finding")] = raw
		}
	}
	bySeq(out.Records)
	out.Suppressions, err = s.suppressionsOf(ctx, out.Case)
	return out, err
}

// collect reads the items of a case, without its lease, which changes as it likes.
func (s *Store) collect(ctx context.Context, id string) ([]item, error) {
	c, err := s.get(ctx, caseKey(id), skCase)
	if err != nil {
		return nil, err
	}
	if c == nil {
		return nil, casefile.ErrNotFound
	}
	delete(c, "lease_owner")
	delete(c, "lease_until")
	items := []item{c}
	for _, prefix := range []string{skRecord, skEntry, skDocument} {
		some, err := s.under(ctx, caseKey(id), prefix)
		if err != nil {
			return nil, err
		}
		items = append(items, some...)
	}
	return items, nil
}

// suppressionsOf are those that the release of a case has made.
func (s *Store) suppressionsOf(ctx context.Context, c casefile.Case) (of []casefile.Suppression, err error) {
	items, err := s.under(ctx, targetKey(c.Target), skSuppressed)
	if err != nil {
		return nil, err
	}
	for _, i := range items {
		var p casefile.Suppression
		if err := s.body(ctx, i, &p); err != nil {
			return nil, err
		}
		if p.Case == c.ID {
			of = append(of, p)
		}
	}
	return of, nil
}
