package dynamodb

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"cordon/internal/casefile"
)

// Pause implements casefile.Store: one read and one transaction.
func (s *Store) Pause(ctx context.Context, p casefile.Pause) error {
	p, entry, err := p.Kept()
	if err == nil {
		err = s.changePause(ctx, entry, func(_, is item) (bool, error) { return true, s.keepBody(ctx, is, p) })
	}
	if err != nil {
		return fmt.Errorf("store pause: %w", err)
	}
	return nil
}

// Resume implements casefile.Store.
func (s *Store) Resume(ctx context.Context, by string, now time.Time) error {
	entry, err := casefile.Resumption(by, now)
	if err == nil {
		err = s.changePause(ctx, entry, func(was, _ item) (bool, error) { return inForce(was), nil })
	}
	if err != nil {
		return fmt.Errorf("end pause: %w", err)
	}
	return nil
}

// changePause writes what f makes of the pause, together with its entry; f says whether there is a change. How many
// entries there are is the condition of the write: it only ever grows.
func (s *Store) changePause(ctx context.Context, e casefile.Entry, f func(was, is item) (bool, error)) error {
	return s.again(ctx, func() error {
		was, err := s.get(ctx, pkPause, skPause)
		if err != nil {
			return err
		}
		e.Seq = int(was.number("entries")) + 1
		is := key(pkPause, skPause)
		is["entries"] = number(e.Seq)
		changed, err := f(was, is)
		if err != nil || !changed {
			return err
		}
		entry := key(pkPause, entryKey(e.Seq))
		if err := s.keepBody(ctx, entry, e); err != nil {
			return err
		}
		write := s.putting(is, "attribute_not_exists(pk)")
		if was != nil {
			write = s.putting(is, "entries = :was")
			write.Put.ExpressionAttributeValues = item{":was": was["entries"]}
		}
		err = s.transact(ctx, []types.TransactWriteItem{write, s.putting(entry, "attribute_not_exists(pk)")})
		if refused(err, 0) {
			return errOvertaken
		}
		return err
	})
}

// inForce says whether the item of the pause has one.
func inForce(i item) bool { return i["body"] != nil || i[hash("body")] != nil }

// Paused implements casefile.Store: one consistent read.
func (s *Store) Paused(ctx context.Context) (p casefile.Pause, ok bool, err error) {
	i, err := s.get(ctx, pkPause, skPause)
	if err == nil && !inForce(i) {
		return casefile.Pause{}, false, nil
	}
	if err == nil {
		err = s.body(ctx, i, &p)
	}
	if err != nil {
		return casefile.Pause{}, false, fmt.Errorf("read pause: %w", err)
	}
	return p, true, nil
}

// Pauses implements casefile.Store.
func (s *Store) Pauses(ctx context.Context) ([]casefile.Entry, error) {
	items, err := s.under(ctx, pkPause, skEntry)
	entries := make([]casefile.Entry, len(items))
	for n, i := range items {
		if err == nil {
			err = s.body(ctx, i, &entries[n])
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read pauses: %w", err)
	}
	return entries, nil
}
