package engine_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"cordon/internal/action"
	"cordon/internal/casefile"
	"cordon/internal/config"
	"cordon/internal/engine"
	"cordon/internal/finding"
)

// TestYesHalfway: a process that dies between the containment that people have said yes to and the end of its evidence; the
// finding again, or the yes again, goes on to the end. Once it is there, the first answer counts.
func TestYesHalfway(t *testing.T) {
	for _, again := range []string{"respond", "approve"} {
		t.Run(again, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAsking(t, config.Approval{})
				c := a.asks(t)
				ctx, die := context.WithCancel(t.Context())
				a.progress = func(e engine.Event) {
					if e.Action == "" && e.Status == string(casefile.Contained) {
						die()
					}
				}
				if _, err := a.as(alice).Approve(ctx, c.ID, true, ""); !errors.As(err, new(*engine.InterruptedError)) {
					t.Fatalf("it did not die: %v", err)
				}
				c, err := a.store.Case(t.Context(), c.ID)
				if err != nil || c.Status == casefile.AwaitingApproval || c.Settled {
					t.Fatalf("left behind: %s, settled %t, %v", c.Status, c.Settled, err)
				}
				if again == "respond" {
					if res := a.as("").Respond(t.Context(), []finding.Finding{on(web, 1)}); res[0].Err != nil {
						t.Fatal(res[0].Err)
					}
				} else if _, err := a.as(alice).Approve(t.Context(), c.ID, true, ""); err != nil {
					t.Fatal(err)
				}
				c, err = a.store.Case(t.Context(), c.ID)
				if err != nil || c.Status != casefile.Contained || !engine.Whole(c) {
					t.Errorf("%s, %s, settled %t, %v", c.Status, c.Reason, c.Settled, err)
				}
				if rec := a.record(t, c, "ec2.snapshot-volumes"); rec.Status != action.Done {
					t.Errorf("the snapshots are %s", rec.Status)
				}
				if _, err := a.as(alice).Approve(t.Context(), c.ID, true, ""); !errors.As(err, new(*casefile.AnsweredError)) {
					t.Errorf("a yes to what is done: %v", err)
				}
			})
		})
	}
}
