package actions_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cordon/internal/action"
	"cordon/internal/action/actiontest"
	"cordon/internal/actions"
	"cordon/internal/awssim"
)

func memoryWorld(t *testing.T, f func(t *testing.T, w *actiontest.World, a action.Action, run func() (action.Record, error))) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := actiontest.NewWorld(t, actiontest.WebServer, awssim.Options{})
		stageTool(memoryTool)(t, w)
		for _, a := range actions.Catalog() {
			if a.ID == "ec2.capture-memory" {
				f(t, w, a, func() (action.Record, error) {
					return action.Run(t.Context(), w.Ledger, w.Env, a, actiontest.CaseID, w.Request(t, memoryWith(memoryTool, nil)))
				})
			}
		}
	})
}

// TestMemoryLeftOff: a host that is released in the middle of a capture has no URLs left to write with.
func TestMemoryLeftOff(t *testing.T) {
	for name, denied := range map[string]bool{"aborted": false, "denied": true} {
		t.Run(name, func(t *testing.T) {
			memoryWorld(t, func(t *testing.T, w *actiontest.World, a action.Action, run func() (action.Record, error)) {
				rec, err := run()
				var pending *action.Pending
				if !errors.As(err, &pending) || rec.Status != action.Waiting {
					t.Fatalf("%s, %v; want it to be under way", rec.Status, err)
				}
				w.Inject(func(_ int, c awssim.Call) awssim.Fault {
					if denied && c.Operation == "AbortMultipartUpload" {
						return awssim.Fault{Before: awssim.Denied(c)}
					}
					return awssim.Fault{}
				})
				plan, err := action.PlanUndo(t.Context(), w.Env, a, rec)
				if err != nil || !strings.Contains(plan.Reason, "is under way") {
					t.Errorf("the plan of a release says %q, %v", plan.Reason, err)
				}
				rec, err = action.LeaveOff(t.Context(), w.Ledger, w.Env, a, rec)
				if err != nil || rec.Status != action.Skipped || strings.Contains(rec.Reason, "was not ended") != denied {
					t.Errorf("%s, %q, %v", rec.Status, rec.Reason, err)
				}
				if !denied {
					nothingSent(t, w)
				}
			})
		})
	}
}

// TestMemorySentOnce: an answer that is lost sends no second command by itself, beside the first one's lock.
func TestMemorySentOnce(t *testing.T) {
	memoryWorld(t, func(t *testing.T, w *actiontest.World, _ action.Action, run func() (action.Record, error)) {
		sent := 0
		w.Inject(func(_ int, c awssim.Call) awssim.Fault {
			if c.Operation != "SendCommand" {
				return awssim.Fault{}
			}
			sent++
			return awssim.Fault{After: awssim.Broken(c)}
		})
		rec, err := run()
		if err != nil || rec.Status != action.Failed || sent != 1 {
			t.Errorf("%d commands sent, %s, %v", sent, rec.Status, err)
		}
		nothingSent(t, w)
	})
}

// TestMemoryFaultAfterUpload: a fault at the look at the command is that fault, and no foreign object.
func TestMemoryFaultAfterUpload(t *testing.T) {
	memoryWorld(t, func(t *testing.T, w *actiontest.World, _ action.Action, run func() (action.Record, error)) {
		refuse := func(operation string, after bool) {
			completed := false
			w.Inject(func(_ int, c awssim.Call) awssim.Fault {
				completed = completed || c.Operation == "CompleteMultipartUpload"
				if c.Operation == operation && (completed || !after) {
					return awssim.Fault{Before: awssim.Denied(c)}
				}
				return awssim.Fault{}
			})
		}
		refuse("HeadObject", true)
		var rec action.Record
		for range 60 {
			var err error
			if rec, err = run(); rec.Status == action.Failed {
				break
			} else if err == nil {
				t.Fatalf("%s", rec.Status)
			}
			time.Sleep(10 * time.Second)
		}
		refuse("GetCommandInvocation", false)
		rec, err := run()
		if err != nil || rec.Status != action.Failed || !strings.Contains(rec.Error, "read command") {
			t.Errorf("%s, %q, %v; want the fault of the read", rec.Status, rec.Error, err)
		}
		w.Inject(nil)
		if rec, err = run(); err != nil || rec.Status != action.Done {
			t.Errorf("afterwards: %s, %q, %v", rec.Status, rec.Error, err)
		}
	})
}
