package engine_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cordon/internal/action"
	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/engine"
	"cordon/internal/finding"
)

// TestHandoverKeepsTheChannel: a second finding on a host comes while live response waits or runs. The run for it takes the case
// over; live response still comes to its end, is done once, and the channel is sealed after it.
func TestHandoverKeepsTheChannel(t *testing.T) {
	for _, after := range []time.Duration{100 * time.Millisecond, 400 * time.Millisecond, 900 * time.Millisecond} {
		t.Run(after.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, latency(20*time.Millisecond), withLiveResponse())
				before := r.account.Dump(awssim.DumpOptions{})
				var first sync.WaitGroup
				first.Go(func() { r.Respond(t.Context(), []finding.Finding{on(batch, 1)}) })
				time.Sleep(after)
				second := on(batch, 1)
				second.ID = "f-second"
				c := r.respond(t, second)
				first.Wait()
				c, err := r.store.Case(t.Context(), c.ID)
				if err != nil || c.Status != casefile.Contained || !c.Settled {
					t.Fatalf("%s, settled %v: %s, %v", c.Status, c.Settled, c.Reason, err)
				}
				for _, id := range []string{"ec2.live-response", "ec2.seal-network", "ec2.remove-profile"} {
					if rec := r.record(t, c, id); rec.Status != action.Done {
						t.Errorf("%s is %s: %s%s", id, rec.Status, rec.Reason, rec.Error)
					}
				}
				if _, err := r.Release(t.Context(), c.ID, engine.ReleaseOptions{}); err != nil {
					t.Fatal(err)
				}
				restored(t, r, before)
			})
		})
	}
}
