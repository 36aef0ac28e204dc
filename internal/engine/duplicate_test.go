package engine_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/engine"
)

// unclaimed counts what would write, and what takes the lease.
type unclaimed struct {
	casefile.Store
	claims, updates int
}

func (s *unclaimed) Claim(ctx context.Context, id, owner string, now time.Time, ttl time.Duration) error {
	s.claims++
	return s.Store.Claim(ctx, id, owner, now, ttl)
}

func (s *unclaimed) Update(ctx context.Context, id string, f func(*casefile.Case) ([]casefile.Entry, error)) (casefile.Case, error) {
	s.updates++
	return s.Store.Update(ctx, id, f)
}

// TestDuplicateWritesNothing: a delivery that brings nothing new, of a case that is answered, takes no lease, writes nothing and calls nobody; a
// higher count does all that again.
func TestDuplicateWritesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, quiet())
		first := r.respond(t, on(batch, 1))
		counted := &unclaimed{Store: r.store}
		r.Engine = r.engineWith(func(o *engine.Options) { o.Store = counted })
		calls := len(r.journal.Calls())
		if again := r.respond(t, on(batch, 1)); again.ID != first.ID || again.Status != casefile.Contained {
			t.Errorf("the duplicate: %s %s, want %s contained", again.ID, again.Status, first.ID)
		}
		if n := len(r.journal.Calls()) - calls; n != 0 || counted.claims != 0 || counted.updates != 0 {
			t.Errorf("%d calls to AWS, %d claims, %d updates; want none", n, counted.claims, counted.updates)
		}
		if r.respond(t, on(batch, 2)); counted.claims == 0 {
			t.Error("a higher count was taken for a duplicate")
		}
	})
}
