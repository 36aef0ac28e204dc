package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"cordon/internal/casefile"
)

const leaseTime = 30 * time.Second

// How long whoever waits for a lease pauses between two looks: longer each time.
const (
	leasePause     = 250 * time.Millisecond
	leasePauseMost = 2 * time.Second
)

// lease takes the case for this run, waiting while another process has it, and keeps it until free is called. A process
// that dies loses it after leaseTime, or soon where its death can be seen; one that was asleep that long finds its context
// cancelled. While it is to wait it calls meanwhile, if there is one, and its place is free for others: see Places.
func (e *Engine) lease(ctx context.Context, c casefile.Case, meanwhile func(context.Context, string) error) (held context.Context, free func(), waited bool, err error) {
	var late grave
	var resume func(context.Context) error
	var ended <-chan struct{}
	for pause := leasePause; ; pause = min(pause+pause/4, leasePauseMost) {
		held, free, err := e.tryLease(ctx, c.ID)
		var other *casefile.HeldError
		if !errors.As(err, &other) {
			if err == nil && waited && resume(held) != nil {
				free()
				return nil, nil, waited, &InterruptedError{c.ID}
			}
			return held, free, waited, err
		}
		if late.rests(e.dead(other.Lease.Owner), other.Lease.Owner, time.Now()) {
			e.tell(Event{Case: c.ID, Target: c.Target, Status: string(c.Status), Text: "the other run has died: going on where it was"})
			e.yield(ctx, c.ID, other.Lease.Owner) // no other's, whoever has taken the case meanwhile
			continue
		}
		if !waited {
			waited = true
			resume, ended = e.waits(ctx, c.Target)
			e.tell(Event{Case: c.ID, Target: c.Target, Status: string(c.Status), Text: fmt.Sprintf(
				"waiting for another run (%s), until %s at the latest if that has died", ownerName(other.Lease.Owner), other.Lease.Until.Format(time.TimeOnly),
			)})
		}
		if meanwhile != nil {
			if err := meanwhile(ctx, c.ID); err != nil {
				return nil, nil, waited, fmt.Errorf("wait for case %s: %w", c.ID, err)
			}
		}
		select {
		case <-time.After(pause):
		case <-ended:
			return nil, nil, waited, &InterruptedError{c.ID}
		case <-ctx.Done():
			return nil, nil, waited, &InterruptedError{c.ID}
		}
	}
}

// tryLease is lease without the waiting: a *casefile.HeldError says who has the case.
func (e *Engine) tryLease(ctx context.Context, caseID string) (held context.Context, free func(), err error) {
	owner := e.newOwner()
	held, stop, err := e.hold(ctx, caseID, owner, leaseTime)
	if err != nil {
		return nil, nil, err
	}
	return held, e.yielding(ctx, stop, caseID, owner), nil
}

// keepFirst keeps the lease that the case was made with, as lease does.
func (e *Engine) keepFirst(ctx context.Context, caseID string, first *firstRun) (held context.Context, free func()) {
	held, stop := e.renew(ctx, caseID, first.owner, leaseTime, first.since)
	return held, e.yielding(ctx, stop, caseID, first.owner)
}

func (e *Engine) yielding(ctx context.Context, stop func(), caseID, owner string) (free func()) {
	return func() {
		stop()
		e.yield(ctx, caseID, owner)
	}
}

// newOwner is the name of one run of this process, as the owner of a lease.
func (e *Engine) newOwner() string { return e.o.Owner + "/" + rand.Text()[:8] + e.process }

// yield gives the lease back; where that fails it runs out by itself.
func (e *Engine) yield(ctx context.Context, caseID, owner string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	_ = e.o.Store.Yield(ctx, caseID, owner)
}

// hold claims the case for ttl and renews that until stop is called, which leaves the lease to its owner.
func (e *Engine) hold(ctx context.Context, caseID, owner string, ttl time.Duration) (held context.Context, stop func(), err error) {
	if err := e.o.Store.Claim(ctx, caseID, owner, time.Now().UTC(), ttl); err != nil {
		return nil, nil, fmt.Errorf("claim case %s: %w", caseID, err)
	}
	held, stop = e.renew(ctx, caseID, owner, ttl, time.Now())
	return held, stop, nil
}

// renew renews a lease of ttl that was taken at a time, until stop is called.
func (e *Engine) renew(ctx context.Context, caseID, owner string, ttl time.Duration, taken time.Time) (held context.Context, stop func()) {
	held, lose := context.WithCancel(ctx)
	keep, done := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	wg.Go(func() {
		for renewed := taken; ; {
			select {
			case <-time.After(ttl / 3):
			case <-keep.Done():
				return
			}
			asked := time.Now()
			bounded, cancel := context.WithTimeout(keep, ttl/4)
			err := e.o.Store.Claim(bounded, caseID, owner, asked.UTC(), ttl)
			cancel()
			var other *casefile.HeldError
			switch {
			case err == nil:
				renewed = asked
			case errors.As(err, &other), time.Since(renewed) > ttl/2: // the next look would come too late
				lose() // another process may be at work on the case
				return
			}
		}
	})
	return held, func() {
		done()
		wg.Wait()
		lose()
	}
}
