package dynamodb

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"cordon/internal/action"
	"cordon/internal/casefile"
)

// A case's new records are numbered by one item, so inserts side by side would be in each other's way. Those of this process
// that come together go together: one transaction numbers and writes them, while the next ones gather. The count is
// remembered; where another process has counted on, the transaction fails by its condition, and the count is read.

const (
	gather      = 500 * time.Microsecond // how long the first of a group waits for others
	mostInserts = 20                     // in a group
	mostCounts  = 1000                   // cases whose count is remembered
)

// inserts are those of a store, by case. Its zero value is ready.
type inserts struct {
	mu    sync.Mutex
	cases map[string]*caseInserts
}

// caseInserts are those of one case.
type caseInserts struct {
	count             int64        // how many records there are
	known             bool         // count is that
	gathering, before *insertGroup // the group that takes inserts, and the one under way
}

// newRecord is a record and its item, but for its number.
type newRecord struct {
	item   item
	record action.Record
}

// insertGroup is inserts that go together. All but done is read once done is closed.
type insertGroup struct {
	all   []newRecord
	done  chan struct{}
	first int // number of the first one
	err   error
}

// errSplit says that several inserts failed together: each of them is to be made alone.
var errSplit = errors.New("inserts failed together")

// insertRecord writes a new record with the next number of its case, unless the action has one.
func (s *Store) insertRecord(ctx context.Context, r *action.Record, i item) error {
	n := newRecord{i, *r}
	group, place, leads := s.inserts.join(r.Case, n)
	if leads {
		s.lead(ctx, r.Case, group)
	}
	select {
	case <-group.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	first, err := group.first+place, group.err
	if errors.Is(err, errSplit) {
		first, err = s.insert(ctx, r.Case, []newRecord{n})
	}
	r.Seq = first
	return err
}

// join adds an insert to the group of its case that gathers; leads says that the caller is its first, who has to lead it.
func (i *inserts) join(caseID string, n newRecord) (g *insertGroup, place int, leads bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	c := i.of(caseID)
	if leads = c.gathering == nil || len(c.gathering.all) == mostInserts; leads {
		if c.gathering != nil {
			c.before = c.gathering
		}
		c.gathering = &insertGroup{done: make(chan struct{})}
	}
	c.gathering.all = append(c.gathering.all, n)
	return c.gathering, len(c.gathering.all) - 1, leads
}

// of gives what is known of a case. The caller has the lock.
func (i *inserts) of(caseID string) *caseInserts {
	if c := i.cases[caseID]; c != nil {
		return c
	}
	if i.cases == nil {
		i.cases = map[string]*caseInserts{}
	}
	if len(i.cases) >= mostCounts {
		maps.DeleteFunc(i.cases, func(_ string, c *caseInserts) bool { return c.gathering == nil && c.before == nil })
	}
	c := &caseInserts{}
	i.cases[caseID] = c
	return c
}

// lead writes a group once the one before it is written.
func (s *Store) lead(ctx context.Context, caseID string, g *insertGroup) {
	defer close(g.done)
	s.inserts.mu.Lock()
	before := s.inserts.of(caseID).before
	s.inserts.mu.Unlock()
	timer := time.NewTimer(gather)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	if before != nil {
		select {
		case <-before.done:
		case <-ctx.Done():
		}
	}
	s.inserts.mu.Lock()
	c := s.inserts.of(caseID)
	if c.gathering == g {
		c.gathering, c.before = nil, g
	}
	s.inserts.mu.Unlock()
	if g.first, g.err = s.insert(ctx, caseID, g.all); g.err != nil && len(g.all) > 1 {
		g.err = errSplit
	}
	s.inserts.mu.Lock()
	if c := s.inserts.of(caseID); c.before == g {
		c.before = nil
	}
	s.inserts.mu.Unlock()
}

// insert writes new records of one case with its next numbers, all or none, and gives the first number. action.ErrStale of
// a single one whose action has a record.
func (s *Store) insert(ctx context.Context, caseID string, all []newRecord) (first int, err error) {
	err = s.again(ctx, func() error {
		last, err := s.countRecords(ctx, caseID)
		if err != nil {
			return err
		}
		writes := []types.TransactWriteItem{s.updating(key(caseKey(caseID), skRecords), "SET records = :next", "records = :last", item{
			":next": number(last + int64(len(all))), ":last": number(last),
		})}
		for n, r := range all {
			r.record.Seq = int(last) + 1 + n
			r.item["seq"] = number(r.record.Seq)
			listUnsent(r.item, r.record)
			writes = append(writes, s.putting(r.item, "attribute_not_exists(pk)"))
		}
		err = s.transact(ctx, writes)
		first = int(last) + 1
		s.inserts.counted(caseID, last+int64(len(all)), err == nil)
		switch {
		case len(all) == 1 && refused(err, 1):
			return action.ErrStale
		case refused(err, 0):
			return errOvertaken
		default:
			return err
		}
	})
	return first, err
}

// countRecords is how many records a case has, as far as this process knows.
func (s *Store) countRecords(ctx context.Context, caseID string) (int64, error) {
	s.inserts.mu.Lock()
	c := *s.inserts.of(caseID)
	s.inserts.mu.Unlock()
	if c.known {
		return c.count, nil
	}
	i, err := s.get(ctx, caseKey(caseID), skRecords)
	if err == nil && i == nil {
		err = casefile.ErrNotFound
	}
	return i.number("records"), err
}

// counted remembers how many records a case has; without ok that is not known any more.
func (i *inserts) counted(caseID string, count int64, ok bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	c := i.of(caseID)
	c.count, c.known = count, ok
}
