package casefiletest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cordon/internal/casefile"
)

func leaseClaimed(t *testing.T, s casefile.Store) {
	opened(t, s, "c-1", "i-1")
	before := kept(t, s, "c-1")["journal"]
	for _, step := range []struct {
		name, owner string
		at          time.Duration // since epoch
		held        bool
		until       time.Duration // of the lease afterwards, since epoch
	}{
		{"taken", "a", 0, false, time.Minute},
		{"held", "b", 30 * time.Second, true, time.Minute},
		{"renewed", "a", 40 * time.Second, false, 100 * time.Second},
		{"still held after the first term", "b", 70 * time.Second, true, 100 * time.Second},
		{"held to its last moment", "b", 100*time.Second - 1, true, 100 * time.Second},
		{"expired", "b", 100 * time.Second, false, 160 * time.Second},
		{"lost to another", "a", 110 * time.Second, true, 160 * time.Second},
	} {
		err := s.Claim(t.Context(), "c-1", step.owner, epoch.Add(step.at), time.Minute)
		var held *casefile.HeldError
		if errors.As(err, &held) != step.held || (err != nil && !step.held) {
			t.Fatalf("%s: %v", step.name, err)
		}
		c, err := s.Case(t.Context(), "c-1")
		must(t, err)
		if !c.Lease.Until.Equal(epoch.Add(step.until)) {
			t.Errorf("%s: until %s, want %s", step.name, c.Lease.Until, epoch.Add(step.until))
		}
		if held != nil && held.Lease != c.Lease {
			t.Errorf("%s: error names %+v, the lease is %+v", step.name, held.Lease, c.Lease)
		}
	}
	setStatus(t, s, "c-1", casefile.Contained)
	c, err := s.Case(t.Context(), "c-1")
	must(t, err)
	if c.Lease.Owner != "b" {
		t.Errorf("after an update the lease is %+v", c.Lease)
	}
	journal, err := s.Journal(t.Context(), "c-1")
	must(t, err)
	same(t, "journal before the update", journal[:2], before)
	if err := s.Claim(t.Context(), "c-1", "", epoch, time.Minute); err == nil {
		t.Error("a lease without an owner was given")
	}
}

// leaseJumps: the clock is set back or forward by hours between two runs, or is that of another machine.
func leaseJumps(t *testing.T, s casefile.Store) {
	opened(t, s, "c-1", "i-1")
	for _, step := range []struct {
		name, owner string
		at          time.Duration // since epoch
		held        bool
	}{
		{"taken", "a", 0, false},
		{"by a clock that is a little behind", "b", -10 * time.Minute, true},
		{"set back by hours, whoever has it may be dead", "b", -3 * time.Hour, false},
		{"then it holds again", "a", -3*time.Hour + time.Second, true},
		{"forward again: it is over", "a", 0, false},
		{"as far ahead as a lease can be", "c", -casefile.Farthest + time.Minute, true},
		{"further", "c", -casefile.Farthest + time.Minute - 1, false},
	} {
		err := s.Claim(t.Context(), "c-1", step.owner, epoch.Add(step.at), time.Minute)
		var held *casefile.HeldError
		if errors.As(err, &held) != step.held || (err != nil && !step.held) {
			t.Fatalf("%s: %v", step.name, err)
		}
	}
	c, err := s.Case(t.Context(), "c-1")
	must(t, err)
	if c.Status != casefile.Open || len(events(t, s, "c-1")) != 2 {
		t.Errorf("the case after the jumps: %+v", c)
	}
}

func leaseYielded(t *testing.T, s casefile.Store) {
	opened(t, s, "c-1", "i-1")
	must(t, s.Claim(t.Context(), "c-1", "a", epoch, time.Minute))
	must(t, s.Yield(t.Context(), "c-1", "b")) // not b's to give
	if err := s.Claim(t.Context(), "c-1", "b", epoch, time.Minute); err == nil {
		t.Error("b's Yield gave a's lease away")
	}
	must(t, s.Yield(t.Context(), "c-1", "a"))
	c, err := s.Case(t.Context(), "c-1")
	must(t, err)
	same(t, "lease", c.Lease, casefile.Lease{})
	must(t, s.Claim(t.Context(), "c-1", "b", epoch, time.Minute))
	must(t, s.Yield(t.Context(), "c-1", "b"))
	must(t, s.Yield(t.Context(), "c-1", "b")) // again
}

func leaseConcurrent(t *testing.T, s casefile.Store) {
	opened(t, s, "c-1", "i-1")
	var group sync.WaitGroup
	var won atomic.Int32
	for i := range 16 {
		group.Go(func() {
			err := s.Claim(t.Context(), "c-1", fmt.Sprintf("owner-%d", i), epoch, time.Minute)
			var held *casefile.HeldError
			switch {
			case err == nil:
				won.Add(1)
			case !errors.As(err, &held):
				t.Error(err)
			}
		})
	}
	group.Wait()
	if won.Load() != 1 {
		t.Errorf("%d owners have the lease, want 1", won.Load())
	}
}

func cancelled(t *testing.T, s casefile.Store) {
	opened(t, s, "c-1", "i-1")
	before := kept(t, s, "c-1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, errOpen := s.OpenCase(ctx, opening("c-2", "i-2", "f-1", 1))
	_, errCase := s.Case(ctx, "c-1")
	_, errCases := s.Cases(ctx, casefile.Filter{})
	_, errUpdate := s.Update(ctx, "c-1", func(c *casefile.Case) ([]casefile.Entry, error) {
		c.Reason = "changed"
		return nil, nil
	})
	_, errSave := s.SaveRecord(ctx, record("ec2.tag"))
	_, errAdmit := s.Admit(ctx, "c-1", []casefile.Limit{limit("total", 1)}, epoch)
	_, errAdmitted := s.Admitted(ctx, []casefile.Limit{limit("total", 1)}, epoch)
	_, _, errPaused := s.Paused(ctx)
	for name, err := range map[string]error{
		"OpenCase": errOpen, "Case": errCase, "Cases": errCases, "Update": errUpdate, "SaveRecord": errSave,
		"Claim": s.Claim(ctx, "c-1", "me", epoch, time.Minute), "Check": s.Check(ctx),
		"Admit": errAdmit, "Admitted": errAdmitted, "Paused": errPaused,
		"Pause": s.Pause(ctx, casefile.Pause{By: "me", At: epoch}), "Resume": s.Resume(ctx, "me", epoch),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want context.Canceled", name, err)
		}
	}
	same(t, "kept", kept(t, s, "c-1"), before)
	cases, err := s.Cases(t.Context(), casefile.Filter{})
	must(t, err)
	if len(cases) != 1 {
		t.Errorf("%d cases, want 1", len(cases))
	}
	counted, err := s.Admitted(t.Context(), []casefile.Limit{limit("total", 1)}, epoch)
	must(t, err)
	same(t, "counted", counted, []int{0})
	if _, ok, err := s.Paused(t.Context()); ok || err != nil {
		t.Errorf("paused %v, %v", ok, err)
	}
}

func checked(t *testing.T, s casefile.Store) {
	opened(t, s, "c-1", "i-1")
	before := kept(t, s, "c-1")
	must(t, s.Check(t.Context()))
	same(t, "kept", kept(t, s, "c-1"), before)
	cases, err := s.Cases(t.Context(), casefile.Filter{})
	must(t, err)
	if len(cases) != 1 {
		t.Errorf("%d cases, want 1", len(cases))
	}
}
