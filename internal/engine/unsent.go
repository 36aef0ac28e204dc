package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"cordon/internal/action"
	"cordon/internal/casefile"
	"cordon/internal/notify"
)

// SendUnsent sends what earlier runs, of any process, could not: the channels side by side. One that a channel did not take is
// sent less and less often, and not before the channel wants it; with Recheck, when a person asks, at once. It takes each case's
// lease, so that a notice is not sent by two; a case that is being answered sends its own.
func (e *Engine) SendUnsent(ctx context.Context) error {
	if len(e.o.Channels) == 0 {
		return nil
	}
	records, err := e.o.Store.Unsent(ctx)
	if err != nil {
		return err
	}
	leases := &sharedLease{take: e.tryLease, held: map[string]*lent{}}
	errs := make([]error, len(e.o.Channels))
	var wg sync.WaitGroup
	for i, ch := range e.o.Channels {
		wg.Go(func() { errs[i] = e.sendUnsentOn(ctx, ch, records, leases.tryLease) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// sendUnsentOn sends one channel's.
func (e *Engine) sendUnsentOn(ctx context.Context, ch notify.Channel, records []action.Record, lease leaser) error {
	var errs []error
	for _, rec := range records {
		if strings.HasPrefix(rec.Action, ch.ID()+"/") && (e.o.Recheck || dueNow(rec, time.Now())) {
			errs = append(errs, e.sendAgain(ctx, rec, lease))
		}
	}
	return errors.Join(errs...)
}

// dueNow says whether it is time to send a notice again. A time farther ahead than any is set was written by a clock that has been
// set back since.
func dueNow(rec action.Record, now time.Time) bool {
	return !rec.Next.After(now) || rec.Next.After(now.Add(retryMost))
}

// SendUnsentOf is SendUnsent for one case; it says which channels still do not take a notice, and which refuse one.
func (e *Engine) SendUnsentOf(ctx context.Context, caseID string) (waiting, refused []string, err error) {
	if len(e.o.Channels) == 0 {
		return nil, nil, nil
	}
	records, err := e.o.Store.Records(ctx, caseID)
	if err != nil {
		return nil, nil, fmt.Errorf("read records of case %s: %w", caseID, err)
	}
	for _, rec := range records {
		if unsent(rec) && !e.configured(rec) {
			continue
		}
		if unsent(rec) {
			if err := e.sendAgain(ctx, rec, e.tryLease); err != nil {
				return nil, nil, err
			}
			if rec, _, err = e.o.Store.Record(ctx, caseID, rec.Action); err != nil {
				return nil, nil, fmt.Errorf("read record of %s: %w", rec.Action, err)
			}
		}
		switch {
		case !unsent(rec):
		case rec.Status == action.Failed:
			refused = append(refused, rec.Action+": "+rec.Error)
		default:
			waiting = append(waiting, rec.Action+": "+rec.Reason)
		}
	}
	return waiting, refused, nil
}

// configured says whether the notice's channel is, still.
func (e *Engine) configured(rec action.Record) bool {
	id, _, _ := strings.Cut(rec.Action, "/")
	return slices.ContainsFunc(e.o.Channels, func(ch notify.Channel) bool { return ch.ID() == id })
}

// isNotice says whether a record is a notice's, and no step's.
func isNotice(rec action.Record) bool { return strings.HasPrefix(rec.Action, "notify.") }

func unsent(rec action.Record) bool {
	return isNotice(rec) && rec.Status != action.Done && rec.Status != action.Skipped
}

// sendAgain sends the notice of a record, unless its channel is not configured any more, its case is being answered, or
// another process may be sending it right now: a question is asked without the case's lease.
func (e *Engine) sendAgain(ctx context.Context, rec action.Record, lease leaser) error {
	if rec.Status == action.Doing && time.Since(rec.Started) < leaseTime {
		return nil
	}
	id, _, _ := strings.Cut(rec.Action, "/")
	for _, ch := range e.o.Channels {
		if ch.ID() != id {
			continue
		}
		_, free, err := lease(ctx, rec.Case)
		var held *casefile.HeldError
		if errors.As(err, &held) {
			return nil
		}
		if err != nil {
			return err
		}
		defer free()
		return e.deliver(ctx, ch, rec, 0)
	}
	return nil
}

// leaser is tryLease, or a sharing of it.
type leaser func(ctx context.Context, caseID string) (held context.Context, free func(), err error)

// sharedLease lets several notices of one case be sent under one lease.
type sharedLease struct {
	take leaser

	mu   sync.Mutex
	held map[string]*lent
}

// lent is a lease that was asked for once, for all of its users.
type lent struct {
	users int
	ready chan struct{} // closed once free and err are set
	free  func()
	err   error
}

func (s *sharedLease) tryLease(ctx context.Context, caseID string) (held context.Context, free func(), err error) {
	s.mu.Lock()
	l := s.held[caseID]
	first := l == nil
	if first {
		l = &lent{ready: make(chan struct{})}
		s.held[caseID] = l
	}
	l.users++
	s.mu.Unlock()
	if first {
		_, l.free, l.err = s.take(ctx, caseID)
		close(l.ready)
	}
	<-l.ready
	if l.err != nil {
		s.leave(caseID, l)
		return nil, nil, l.err
	}
	return ctx, func() {
		if s.leave(caseID, l) {
			l.free()
		}
	}, nil
}

// leave says whether it was the lease's last user.
func (s *sharedLease) leave(caseID string, l *lent) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.users--; l.users > 0 {
		return false
	}
	delete(s.held, caseID)
	return true
}
