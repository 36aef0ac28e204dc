package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cordon/internal/action"
	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/config"
	"cordon/internal/engine"
	"cordon/internal/finding"
	"cordon/internal/playbook"
	"cordon/internal/vault"
)

// walk goes through a case as a state machine does: Begin, the containment, every other step, again while it is pending, Settle.
func (r *rig) walk(t *testing.T, f finding.Finding, name string) (c casefile.Case, waits int) {
	t.Helper()
	begun, err := r.Begin(t.Context(), f, time.Now())
	if err != nil || len(begun) != 1 {
		t.Fatalf("begin: %v, %v", begun, err)
	}
	if begun[0].Playbook == "" {
		return begun[0].Case, 0
	}
	turn := engine.Turn{Case: begun[0].Case.ID, Walk: name, Received: time.Now()}
	again := func(do func() error) {
		for {
			err := do()
			var pending *action.Pending
			var held *casefile.HeldError
			switch {
			case errors.As(err, &pending), errors.As(err, &held):
				waits++
				time.Sleep(2 * time.Second)
				continue
			case err != nil:
				t.Log(err) // a state machine catches it and goes on
			}
			return
		}
	}
	p, _ := playbook.For(playbook.Subject{Case: turn.Case, Target: begun[0].Case.Target, Config: r.conf})
	again(func() error { return r.Inline(t.Context(), turn, "0") })
	for _, s := range playbook.Steps(p.Root.(playbook.Seq)[1:]) {
		if s.Action != playbook.Settle {
			again(func() error { return r.Step(t.Context(), turn, s.Action) })
		}
	}
	c, err = r.Settle(t.Context(), turn)
	if err != nil {
		t.Log("settle:", err)
	}
	return c, waits
}

// TestWalkEqualsRun: a case that another engine walks through ends as one that Respond answers, record by record.
func TestWalkEqualsRun(t *testing.T) {
	outcome := func(answer func(*testing.T, *rig) casefile.Case) (string, []string) {
		t.Helper()
		var status string
		var records []string
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, awssim.Options{}, config.EC2{CutEstablished: true})
			c := answer(t, r)
			c, err := r.store.Case(t.Context(), c.ID)
			if err != nil {
				t.Fatal(err)
			}
			status = fmt.Sprint(c.Status, c.Settled, len(c.Unanswered), c.Lease.Owner, c.Residual)
			all, err := r.store.Records(t.Context(), c.ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, rec := range all {
				records = append(records, rec.Action+" "+string(rec.Status))
			}
			slices.Sort(records)
		})
		return status, records
	}
	waited := 0
	status, records := outcome(func(t *testing.T, r *rig) (c casefile.Case) { c, waited = r.walk(t, on(web, 1), "w"); return c })
	wantStatus, want := outcome(func(t *testing.T, r *rig) casefile.Case { return r.respond(t, on(web, 1)) })
	if status != wantStatus || !slices.Equal(records, want) {
		t.Errorf("walked:   %s %v\nanswered: %s %v", status, records, wantStatus, want)
	}
	if waited == 0 {
		t.Error("nothing was pending: the snapshots take 2 s")
	}
}

// TestWalkRefused: where the preflight refuses, no later step of the walk changes anything either.
func TestWalkRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, config.EC2{CutEstablished: true})
		before := r.account.Dump(awssim.DumpOptions{})
		r.Engine = r.engine(fullVault{r.vault})
		c, _ := r.walk(t, on(web, 1), "w")
		if c.Status != casefile.Failed || engine.Whole(c) || len(c.Unanswered) != 1 {
			t.Errorf("case %s, unanswered %v; want failed and unanswered", c.Status, c.Unanswered)
		}
		if d := awssim.Diff(before, r.account.Dump(awssim.DumpOptions{})); len(d) > 0 {
			t.Errorf("the account was changed: %v", d)
		}
		r.Engine = r.engine(r.vault)
		if c, _ = r.walk(t, on(web, 1), "w2"); c.Status != casefile.Contained || !engine.Whole(c) {
			t.Errorf("after mending: case %s: %s", c.Status, c.Reason)
		}
	})
}

type fullVault struct{ vault.Vault }

func (fullVault) Check(context.Context) error { return errors.New("no space left") }

// TestWalksSideBySide: two deliveries of one finding are two walks; the second waits, and then finds nothing to do.
func TestWalksSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, config.EC2{CutEstablished: true})
		var wg sync.WaitGroup
		cases := make([]casefile.Case, 2)
		for i := range cases {
			wg.Go(func() { cases[i], _ = r.walk(t, on(web, 1), fmt.Sprint("w", i)) })
		}
		wg.Wait()
		for _, c := range cases {
			if c.ID != cases[0].ID || !engine.Whole(c) {
				t.Errorf("case %s: %s", c.ID, c.Status)
			}
		}
		records, err := r.store.Records(t.Context(), cases[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, rec := range records {
			if rec.Action == "ec2.isolate-network" && rec.Attempts != 1 {
				t.Errorf("isolated %d times", rec.Attempts)
			}
		}
	})
}

// TestReleaseStopsAWalk: a release does not wait for evidence; the walk begins nothing more and gives the case free.
func TestReleaseStopsAWalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{SnapshotTime: 10 * time.Hour}, config.EC2{CutEstablished: true})
		before := r.account.Dump(awssim.DumpOptions{})
		var wg sync.WaitGroup
		wg.Go(func() { r.walk(t, on(web, 1), "w") })
		time.Sleep(10 * time.Minute)
		cases, err := r.store.Cases(t.Context(), casefile.Filter{})
		if err != nil || len(cases) != 1 || cases[0].Status != casefile.Contained {
			t.Fatalf("cases %+v, %v", cases, err)
		}
		asked := time.Now()
		c, err := r.Release(t.Context(), cases[0].ID, engine.ReleaseOptions{})
		if err != nil || c.Status != casefile.Released {
			t.Fatalf("release: %s (%s), %v", c.Status, c.Reason, err)
		}
		if waited := time.Since(asked); waited > 2*time.Minute {
			t.Errorf("the release waited %s for the walk", waited)
		}
		wg.Wait()
		if d := awssim.Diff(before, r.account.Dump(awssim.DumpOptions{})); len(d) > 0 {
			t.Errorf("not as before: %v", d)
		}
	})
}

// TestReleaseStopsARun is the same for a run in process.
func TestReleaseStopsARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{SnapshotTime: 10 * time.Hour}, config.EC2{CutEstablished: true})
		var wg sync.WaitGroup
		wg.Go(func() { r.Respond(t.Context(), []finding.Finding{on(web, 1)}) })
		time.Sleep(10 * time.Minute)
		cases, err := r.store.Cases(t.Context(), casefile.Filter{})
		if err != nil || len(cases) != 1 {
			t.Fatalf("cases %+v, %v", cases, err)
		}
		asked := time.Now()
		c, err := r.Release(t.Context(), cases[0].ID, engine.ReleaseOptions{})
		if err != nil || c.Status != casefile.Released || time.Since(asked) > 2*time.Minute {
			t.Errorf("release after %s: %s (%s), %v", time.Since(asked), c.Status, c.Reason, err)
		}
		wg.Wait()
	})
}

// TestFindingJoinsARelease: a finding that joined a case which was then released is answered in a case of its own.
func TestFindingJoinsARelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, config.EC2{CutEstablished: true})
		first := r.respond(t, on(web, 1))
		begun, err := r.Begin(t.Context(), on(web, 2), time.Now())
		if err != nil || begun[0].Case.ID != first.ID {
			t.Fatalf("begin: %+v, %v", begun, err)
		}
		// The release began before the finding joined: what joined is not what it releases.
		if _, err := r.store.Update(t.Context(), first.ID, func(c *casefile.Case) ([]casefile.Entry, error) {
			c.Status = casefile.Released
			return nil, nil
		}); err != nil {
			t.Fatal(err)
		}
		turn := engine.Turn{Case: first.ID, Walk: "w", Received: time.Now()}
		if err := r.Inline(t.Context(), turn, "0"); err != nil {
			t.Fatal(err)
		}
		c, err := r.Settle(t.Context(), turn)
		if err != nil || !engine.Whole(c) {
			t.Errorf("settle: %+v, %v", c, err)
		}
		open, err := r.store.Cases(t.Context(), casefile.Filter{Statuses: []casefile.Status{casefile.Contained}})
		if err != nil || len(open) != 1 || open[0].ID == first.ID || !engine.Whole(open[0]) {
			t.Errorf("contained cases %+v, %v; want a new one", open, err)
		}
	})
}

// TestNewsIsNotLost: a delivery that was recorded, and whose process died before it was answered, is answered by the next.
func TestNewsIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, config.EC2{CutEstablished: true})
		c := r.respond(t, on(web, 1))
		if _, err := r.Begin(t.Context(), on(web, 2), time.Now()); err != nil { // and no more
			t.Fatal(err)
		}
		if v, err := r.Verify(t.Context(), c.ID); err != nil || v.Holds {
			t.Errorf("verify: %+v, %v; want a drift: a finding is not answered", v.Drift, err)
		}
		if c = r.respond(t, on(web, 2)); !engine.Whole(c) {
			t.Errorf("after the same delivery again: unanswered %v", c.Unanswered)
		}
	})
}
