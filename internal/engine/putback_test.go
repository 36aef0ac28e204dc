package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go"

	"cordon/internal/action"
	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/engine"
	"cordon/internal/notify"
)

// TestPutBackFails: what could not be put back is told as such, once, and it is put back when it can be.
func TestPutBackFails(t *testing.T) {
	for name, tt := range map[string]struct {
		operation string // that is denied while it is put back
		from      int    // the n-th call of it on
		status    casefile.Status
		fails     bool // the watch itself
	}{
		"the change is denied":  {"ModifyNetworkInterfaceAttribute", 1, casefile.Failed, false},
		"the preflight refuses": {"GetCallerIdentity", 2, casefile.Contained, true}, // the first is the watch's
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				denied, n := false, 0
				r, slack, c := watchRig(t, awssim.Options{Fault: func(call awssim.Call) awssim.Fault {
					if denied && call.Operation == tt.operation {
						if n++; n >= tt.from {
							return awssim.Fault{Before: &smithy.GenericAPIError{Code: "UnauthorizedOperation", Message: "no"}}
						}
					}
					return awssim.Fault{}
				}})
				r.meddle(t)
				for look := range 2 {
					denied, n = true, 0
					w, err := r.Watch(t.Context(), c.ID, true)
					if w.PutBack || (err != nil) != (tt.fails && w.Drift != nil) || w.Case.Status != tt.status || w.New != (look == 0) {
						t.Fatalf("look %d: %+v, %v", look, w, err)
					}
					time.Sleep(5 * time.Minute)
				}
				told := 0
				for _, s := range slack.sent {
					if s.Event == notify.EventDrift {
						told++
						if s.Level != notify.LevelCritical || !strings.Contains(s.Reason, "could not be put back") {
							t.Errorf("told %s: %s", s.Level, s.Reason)
						}
					}
				}
				if told != 1 {
					t.Errorf("told %v", slack.events())
				}
				denied = false
				if b, err := r.Backlog(t.Context()); err != nil {
					t.Fatal(err)
				} else if tt.status == casefile.Failed {
					if len(b.Cases) != 1 {
						t.Fatalf("nobody tries again: %+v", b)
					}
					r.Resume(t.Context(), c.ID)
				} else if w := r.watch(t, c, true); !w.PutBack {
					t.Errorf("mended: %+v", w)
				}
				if v, err := r.Verify(t.Context(), c.ID); err != nil || !v.Holds {
					t.Errorf("verify: %+v, %v", v.Drift, err)
				}
			})
		})
	}
}

// TestPutBackDied: people hear of drift that was put back by whoever went on after the process had died.
func TestPutBackDied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, die := context.WithCancel(t.Context())
		armed := false
		r, slack, c := watchRig(t, awssim.Options{Fault: func(call awssim.Call) awssim.Fault {
			if armed && call.Operation == "ModifyNetworkInterfaceAttribute" {
				die()
			}
			return awssim.Fault{}
		}})
		r.meddle(t)
		armed = true
		if w, err := r.Watch(ctx, c.ID, true); err == nil || w.PutBack {
			t.Fatalf("%+v, %v", w, err)
		}
		armed = false
		r.Resume(t.Context(), c.ID)
		r.watch(t, c, true)
		r.watch(t, c, true)
		if got := slack.events(); got[len(got)-1] != "drift" || got[len(got)-2] == "drift" {
			t.Errorf("told %v", got)
		}
		if last := slack.sent[len(slack.sent)-1]; !strings.Contains(last.Reason, "was put back") {
			t.Errorf("told %q", last.Reason)
		}
	})
}

// TestPutBackAfterRelease: a release that begins while drift is read, or just before it is put back, goes before that.
func TestPutBackAfterRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, slack, c := watchRig(t, awssim.Options{})
		r.meddle(t)
		store := &hooked{Store: r.store}
		r.Engine = r.engineWith(func(o *engine.Options) { o.Store = store })
		store.claim = func() { // just before the lease is taken
			store.claim = nil
			if _, err := r.store.Update(t.Context(), c.ID, func(c *casefile.Case) ([]casefile.Entry, error) {
				c.Status, c.Releasing = casefile.Partial, true
				return nil, nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		before := r.account.Dump(awssim.DumpOptions{})
		if w := r.watch(t, c, true); w.PutBack || w.New || !w.Case.Releasing {
			t.Errorf("%+v", w)
		}
		restored(t, r, before)
		if n := len(slack.sent); n != 1 {
			t.Errorf("told %v", slack.events())
		}
	})
}

// TestDriftNoticeLost: a notice of drift that was to be sent when the process died is sent by the next look, once.
func TestDriftNoticeLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, slack, c := watchRig(t, awssim.Options{})
		r.meddle(t)
		r.channels = nil // as if it had died before the outbox had it
		r.engine(r.vault).Watch(t.Context(), c.ID, false)
		for range 3 {
			time.Sleep(5 * time.Minute)
			r.watch(t, c, false)
		}
		if len(slack.sent) != 2 || !strings.Contains(slack.sent[1].Reason, "containment has drifted") || slack.sent[1].Level != notify.LevelCritical {
			t.Errorf("told %v", slack.events())
		}
	})
}

// TestWatchFarLease: a lease that ends too far ahead, by a clock that was set back since, keeps nobody from looking.
func TestWatchFarLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, c := watchRig(t, awssim.Options{})
		if err := r.store.Claim(t.Context(), c.ID, "other", time.Now().Add(24*time.Hour).UTC(), time.Minute); err != nil {
			t.Fatal(err)
		}
		if all, err := r.Watchable(t.Context()); err != nil || len(all) != 1 {
			t.Errorf("%d cases, %v", len(all), err)
		}
	})
}

// TestOneUnreadable: records of one case that cannot be read keep nobody from the other cases.
func TestOneUnreadable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, c := watchRig(t, awssim.Options{})
		other, err := r.Accept(t.Context(), on(batch, 1), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		r.Engine = r.engineWith(func(o *engine.Options) { o.Store = &hooked{Store: r.store, unreadable: c.ID} })
		b, err := r.Backlog(t.Context())
		if !errors.Is(err, errUnreadable) || len(b.Cases) != 1 || b.Cases[0].ID != other.Cases()[0].ID {
			t.Errorf("backlog %+v, %v", b, err)
		}
		all, err := r.VerifyAll(t.Context())
		if err != nil || len(all) != 2 || all[0].Err != nil || !errors.Is(all[1].Err, errUnreadable) || all[1].Case.ID != c.ID {
			t.Errorf("verified %+v, %v", all, err)
		}
	})
}

var errUnreadable = errors.New("it is torn")

// hooked is a store that calls claim before a lease is taken, and cannot read the records of one case.
type hooked struct {
	casefile.Store
	claim      func()
	unreadable string
}

func (h *hooked) Records(ctx context.Context, id string) ([]action.Record, error) {
	if id == h.unreadable {
		return nil, errUnreadable
	}
	return h.Store.Records(ctx, id)
}

func (h *hooked) Claim(ctx context.Context, id, owner string, now time.Time, ttl time.Duration) error {
	if h.claim != nil {
		h.claim()
	}
	return h.Store.Claim(ctx, id, owner, now, ttl)
}
