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

// lease takes the case for this run, waiting while another process has it, and keeps it until the returned function is
// called. A process that dies loses it after leaseTime.
func (e *Engine) lease(ctx context.Context, c casefile.Case) (free func(), waited bool, err error) {
	for {
		free, err := e.tryLease(ctx, c.ID)
		var held *casefile.HeldError
		if !errors.As(err, &held) {
			return free, waited, err
		}
		if !waited {
			waited = true
			e.tell(Event{Case: c.ID, Target: c.Target, Status: string(c.Status), Text: fmt.Sprintf(
				"waiting for another run (%s), until %s at the latest if that has died", held.Lease.Owner, held.Lease.Until.Format(time.TimeOnly),
			)})
		}
		select {
		case <-time.After(250 * time.Millisecond):
		case <-ctx.Done():
			return nil, waited, err
		}
	}
}

// tryLease is lease without the waiting: a *casefile.HeldError says who has the case.
func (e *Engine) tryLease(ctx context.Context, caseID string) (free func(), err error) {
	owner := e.o.Owner + "/" + rand.Text()[:8]
	if err := e.o.Store.Claim(ctx, caseID, owner, time.Now().UTC(), leaseTime); err != nil {
		return nil, fmt.Errorf("claim case %s: %w", caseID, err)
	}
	keep, stop := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-time.After(leaseTime / 3):
				// A renewal that fails is tried again; two may fail before the lease is lost.
				_ = e.o.Store.Claim(keep, caseID, owner, time.Now().UTC(), leaseTime)
			case <-keep.Done():
				return
			}
		}
	})
	return func() {
		stop()
		wg.Wait()
		done, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		_ = e.o.Store.Yield(done, caseID, owner) // else it runs out by itself
	}, nil
}
