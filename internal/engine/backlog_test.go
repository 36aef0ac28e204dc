package engine_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go"

	"cordon/internal/action"
	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/engine"
	"cordon/internal/finding"
)

// TestBacklog: whatever a run leaves that is given up at its n-th call, the backlog names it, going on with it contains the
// target, and then the backlog is empty.
func TestBacklog(t *testing.T) {
	for n := 1; n <= 60; n += 5 {
		t.Run(fmt.Sprint("call ", n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, giveUp := context.WithCancel(t.Context())
				var calls atomic.Int64
				r := newRig(t, awssim.Options{Fault: func(awssim.Call) awssim.Fault {
					if calls.Add(1) == int64(n) {
						giveUp()
					}
					return awssim.Fault{}
				}}, withLiveResponse())
				calls.Store(0)
				r.Respond(ctx, []finding.Finding{on(web, 1)})
				b, err := r.Backlog(t.Context())
				if err != nil || len(b.Cases) != 1 || len(b.Releases) > 0 {
					t.Fatalf("backlog %+v, %v", b, err)
				}
				res := r.Resume(t.Context(), b.Cases[0].ID)
				if res.Err != nil || res.Case.Status != casefile.Contained || !res.Case.Settled {
					t.Fatalf("resumed: %s %s, %v", res.Case.Status, res.Case.Reason, res.Err)
				}
				if b, err = r.Backlog(t.Context()); err != nil || len(b.Cases) > 0 {
					t.Errorf("backlog afterwards %+v, %v", b, err)
				}
			})
		})
	}
}

// TestAcceptedAndDied: what was accepted and never answered is in the backlog, and answered from it.
func TestAcceptedAndDied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, quiet())
		a, err := r.Accept(t.Context(), on(web, 1), time.Now())
		if err != nil || len(a.Cases()) != 1 || r.journal.Calls() != nil {
			t.Fatalf("accept: %+v, %v, %d calls", a.Cases(), err, len(r.journal.Calls()))
		}
		b, err := r.Backlog(t.Context())
		if err != nil || len(b.Cases) != 1 || b.Cases[0].ID != a.Cases()[0].ID {
			t.Fatalf("backlog %+v, %v", b, err)
		}
		if res := r.Resume(t.Context(), b.Cases[0].ID); res.Err != nil || res.Case.Status != casefile.Contained {
			t.Errorf("%s %s, %v", res.Case.Status, res.Case.Reason, res.Err)
		}
	})
}

// TestRespondTo: an accepted finding is answered as a delivered one is, also where its case is released meanwhile.
func TestRespondTo(t *testing.T) {
	for _, released := range []bool{false, true} {
		t.Run(fmt.Sprint("released ", released), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, awssim.Options{}, quiet())
				first := r.respond(t, on(web, 1))
				again := on(web, 2)
				a, err := r.Accept(t.Context(), again, time.Now())
				if err != nil {
					t.Fatal(err)
				}
				if released {
					if _, err := r.Release(t.Context(), first.ID, engine.ReleaseOptions{}); err != nil {
						t.Fatal(err)
					}
				}
				res := r.RespondTo(t.Context(), a)[0]
				if res.Err != nil || res.Case.Status != casefile.Contained || (res.Case.ID == first.ID) == released {
					t.Fatalf("%s %s %s, %v", res.Case.ID, res.Case.Status, res.Case.Reason, res.Err)
				}
				if released {
					if _, err := r.Release(t.Context(), res.Case.ID, engine.ReleaseOptions{}); err != nil {
						t.Fatal(err)
					}
				}
				b, err := r.Backlog(t.Context())
				if err != nil || len(b.Cases)+len(b.Releases) > 0 {
					t.Errorf("backlog %+v, %v", b, err)
				}
			})
		})
	}
}

// TestFailedIsBacklog: a containment that failed by a fault that has passed since is tried again.
func TestFailedIsBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var passed atomic.Bool
		r := newRig(t, awssim.Options{Fault: func(c awssim.Call) awssim.Fault {
			if !passed.Load() && c.Operation == "ModifyNetworkInterfaceAttribute" {
				return awssim.Fault{Before: &smithy.GenericAPIError{Code: "UnauthorizedOperation", Message: "no"}}
			}
			return awssim.Fault{}
		}}, quiet())
		failed := r.respond(t, on(web, 1))
		if failed.Status != casefile.Failed || !failed.Settled || len(failed.Unanswered) > 0 {
			t.Fatalf("%s %s, settled %v, unanswered %v", failed.Status, failed.Reason, failed.Settled, failed.Unanswered)
		}
		passed.Store(true)
		b, err := r.Backlog(t.Context())
		if err != nil || len(b.Cases) != 1 {
			t.Fatalf("backlog %+v, %v", b, err)
		}
		if res := r.Resume(t.Context(), b.Cases[0].ID); res.Err != nil || res.Case.Status != casefile.Contained {
			t.Errorf("%s %s, %v", res.Case.Status, res.Case.Reason, res.Err)
		}
		if b, err = r.Backlog(t.Context()); err != nil || len(b.Cases) > 0 {
			t.Errorf("backlog afterwards %+v, %v", b, err)
		}
	})
}

func TestBacklogLeavesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, quiet())
		held, err := r.Accept(t.Context(), on(web, 1), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := r.store.Claim(t.Context(), held.Cases()[0].ID, "other", time.Now().UTC(), time.Minute); err != nil {
			t.Fatal(err)
		}
		cut := r.respond(t, on(batch, 1)) // a release of it died after its first step
		rec := r.record(t, cut, "ec2.tag")
		rec.Status = action.Undone
		if _, err := r.store.SaveRecord(t.Context(), rec); err != nil {
			t.Fatal(err)
		}
		b, err := r.Backlog(t.Context())
		if err != nil || len(b.Cases) != 0 || b.AtWork != 1 || len(b.Releases) != 1 || b.Releases[0].ID != cut.ID {
			t.Errorf("backlog %+v, %v", b, err)
		}
		time.Sleep(2 * time.Minute) // the other process has died
		if b, err = r.Backlog(t.Context()); err != nil || len(b.Cases) != 1 || b.AtWork != 0 {
			t.Errorf("backlog %+v, %v", b, err)
		}
	})
}
