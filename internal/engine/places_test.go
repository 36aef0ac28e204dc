package engine_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/engine"
	"cordon/internal/finding"
)

// places notes when the engine says what.
type places struct {
	contained, waits, resumed []time.Duration
	began                     time.Time
	no                        error
	ended                     chan struct{}
}

func (p *places) Contained(context.Context, finding.Target) {
	p.contained = append(p.contained, time.Since(p.began))
}

func (p *places) Wait(context.Context, finding.Target) (func(context.Context) error, <-chan struct{}) {
	p.waits = append(p.waits, time.Since(p.began))
	return func(context.Context) error {
		p.resumed = append(p.resumed, time.Since(p.began))
		return p.no
	}, p.ended
}

// TestPlaces: a run that waits for another one says so, and that its containment is over when it is, neither earlier nor after the
// evidence; one that may not go on has changed nothing.
func TestPlaces(t *testing.T) {
	const pace, elsewhere, snapshots = 40 * time.Millisecond, 20 * time.Second, time.Hour
	for _, tt := range []struct {
		name      string
		edit      func(*places)
		contained bool
	}{
		{"goes on", func(*places) {}, true},
		{"no place any more", func(p *places) { p.no = errors.New("stopping") }, false},
		{"no use in waiting", func(p *places) { p.ended = make(chan struct{}); close(p.ended) }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, awssim.Options{Latency: func(awssim.Call) time.Duration { return pace }, SnapshotTime: snapshots}, quiet())
				p := &places{began: time.Now()}
				tt.edit(p)
				e := r.engineWith(func(o *engine.Options) { o.Places = p })
				a, err := e.Accept(t.Context(), on(web, 1), p.began)
				if err != nil {
					t.Fatal(err)
				}
				id := a.Cases()[0].ID
				if err := r.store.Claim(t.Context(), id, "other", time.Now(), elsewhere); err != nil {
					t.Fatal(err)
				}
				c := e.RespondTo(t.Context(), a)[0].Case
				if (c.Status == casefile.Contained) != tt.contained || len(p.waits) != 1 || p.waits[0] > time.Second {
					t.Fatalf("%s %s, waits %v", c.Status, c.Reason, p.waits)
				}
				if !tt.contained {
					if len(r.journal.Calls()) > 0 {
						t.Errorf("%d calls", len(r.journal.Calls()))
					}
					return
				}
				if len(p.resumed) != 1 || p.resumed[0] < elsewhere || p.resumed[0] > elsewhere+3*time.Second {
					t.Errorf("resumed %v", p.resumed)
				}
				if len(p.contained) != 2 || p.contained[0] < p.resumed[0]+pace || p.contained[0] > p.resumed[0]+3*time.Second || p.contained[1] < snapshots {
					t.Errorf("contained %v", p.contained)
				}
			})
		})
	}
}
