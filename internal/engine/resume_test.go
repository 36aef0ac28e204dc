package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/aws/smithy-go"

	"cordon/internal/action"
	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/engine"
	"cordon/internal/finding"
)

// TestResume: a run that is given up at its n-th call is gone on with by the next one, from the stored records; the
// instance ends contained, and release restores the account exactly.
func TestResume(t *testing.T) {
	for n := 1; n <= 90; n += 4 {
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
				before := r.account.Dump(awssim.DumpOptions{})
				calls.Store(0)
				first := r.Respond(ctx, []finding.Finding{on(web, 1)})[0]
				c := r.respond(t, on(web, 1))
				if c.Status != casefile.Contained || c.ID != first.Case.ID {
					t.Fatalf("resumed: case %s %s: %s", c.ID, c.Status, c.Reason)
				}
				records, err := r.store.Records(t.Context(), c.ID)
				if err != nil || !c.Settled {
					t.Errorf("settled %v, %v", c.Settled, err)
				}
				for _, rec := range records {
					if rec.Status != action.Done && rec.Status != action.Skipped {
						t.Errorf("%s is %s after the run that resumed", rec.Action, rec.Status)
					}
				}
				for _, residual := range c.Residual {
					if strings.Contains(residual, "443") {
						t.Errorf("the channel is open: %s", residual)
					}
				}
				if v, err := r.Verify(t.Context(), c.ID); err != nil || !v.Holds {
					t.Errorf("verify: %+v %+v, %v", v.Drift, v.Problems, err)
				}
				if c, err := r.Release(t.Context(), c.ID, engine.ReleaseOptions{}); err != nil || c.Status != casefile.Released {
					t.Fatalf("release: %s %s, %v", c.Status, c.Reason, err)
				}
				restored(t, r, before)
			})
		})
	}
}

// TestExpiredCredentials: said as such, nothing is changed, and a case that was contained before stays so.
func TestExpiredCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var expired atomic.Bool
		r := newRig(t, awssim.Options{Fault: func(awssim.Call) awssim.Fault {
			if expired.Load() {
				return awssim.Fault{Before: &smithy.GenericAPIError{Code: "ExpiredToken", Message: "The security token included in the request is expired"}}
			}
			return awssim.Fault{}
		}}, quiet())
		expired.Store(true)
		res := r.Respond(t.Context(), []finding.Finding{on(web, 1)})[0]
		var setup *engine.SetupError
		if !errors.As(res.Err, &setup) || setup.What != "AWS credentials" || res.Case.Status != casefile.Failed {
			t.Fatalf("got %s, %v", res.Case.Status, res.Err)
		}
		expired.Store(false)
		if c := r.respond(t, on(web, 1)); c.Status != casefile.Contained {
			t.Fatalf("with fresh credentials: %s %s", c.Status, c.Reason)
		}
		expired.Store(true)
		res = r.Respond(t.Context(), []finding.Finding{on(web, 2)})[0]
		if !errors.As(res.Err, &setup) || res.Case.Status != casefile.Contained {
			t.Errorf("a repeat without credentials: %s, %v", res.Case.Status, res.Err)
		}
		stored, err := r.store.Case(t.Context(), res.Case.ID)
		if err != nil || stored.Status != casefile.Contained {
			t.Errorf("stored: %s %s, %v", stored.Status, stored.Reason, err)
		}
		for _, id := range []string{"ec2.isolate-network", "ec2.tag"} {
			if rec := r.record(t, stored, id); rec.Status != action.Done {
				t.Errorf("%s became %s (%s)", id, rec.Status, rec.Error)
			}
		}
	})
}
