package engine

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"cordon/internal/action"
	"cordon/internal/casefile"
	"cordon/internal/finding"
	"cordon/internal/playbook"
	"cordon/internal/policy"
)

// Result is what became of one target of one finding. Err is set where the response could not be made or finished;
// the case, where there is one, says what holds all the same.
type Result struct {
	Case casefile.Case
	Err  error
}

// Respond answers findings, each of their targets on its own, side by side. Results come in the order of the findings
// and their targets.
func (e *Engine) Respond(ctx context.Context, findings []finding.Finding) []Result {
	received := time.Now()
	var jobs []func() Result
	for _, f := range findings {
		for _, t := range targets(f) {
			jobs = append(jobs, func() Result { return e.respond(ctx, f, t, received) })
		}
	}
	out := make([]Result, len(jobs))
	slots := make(chan struct{}, 16)
	var wg sync.WaitGroup
	for i, job := range jobs {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			out[i] = job()
		})
	}
	wg.Wait()
	return out
}

// targets are a finding's; one without any stands for itself, so that it gets a case and is not lost.
func targets(f finding.Finding) []finding.Target {
	if len(f.Targets) > 0 {
		return f.Targets
	}
	kind := f.Kind
	if kind == finding.KindNone {
		kind = "unknown"
	}
	return []finding.Target{{Account: f.Account, Region: f.Region, Kind: kind, ID: "finding/" + f.ID}}
}

func (e *Engine) respond(ctx context.Context, f finding.Finding, t finding.Target, received time.Time) Result {
	known := casefile.Finding{ID: f.ID, Type: f.Type, Severity: f.Severity, Count: f.Count, UpdatedAt: f.UpdatedAt}
	id, err := casefile.NewID(rand.Reader)
	if err != nil {
		return Result{Err: err}
	}
	c, _, err := e.o.Store.OpenCase(ctx, casefile.Opening{
		NewID: id, Target: t, Finding: known, Raw: f.Raw, By: e.o.Owner, Now: received.UTC(),
	})
	if err != nil {
		return Result{Err: &SetupError{"case store", "nothing was changed; make it writable, or set store in cordon.yaml", err}}
	}
	d := policy.Decide(f, t, e.o.Config)
	switch d.Outcome {
	case policy.Observe:
		c, err = e.lookOnly(ctx, c, casefile.Observed, d)
	case policy.Unsupported:
		c, err = e.lookOnly(ctx, c, casefile.Unsupported, d)
	case policy.Contain:
		c, err = e.contain(ctx, c, f, received)
	}
	return Result{Case: c, Err: err}
}

// lookOnly settles a case that nothing is done in. A case that is being answered for another finding goes its own way.
func (e *Engine) lookOnly(ctx context.Context, c casefile.Case, s casefile.Status, d policy.Decision) (casefile.Case, error) {
	if c.Status != casefile.Open || c.Lease.Owner != "" {
		return c, nil
	}
	return e.setStatus(ctx, c.ID, e.o.Owner, s, d.Reason, nil)
}

// contain runs the target's playbook in the case, alone: whoever comes second waits and then finds the work done.
func (e *Engine) contain(ctx context.Context, c casefile.Case, f finding.Finding, received time.Time) (casefile.Case, error) {
	release, err := e.lease(ctx, c.ID)
	if err != nil {
		return c, err
	}
	defer release()
	before := c
	if c, err = e.o.Store.Case(ctx, c.ID); err != nil {
		return before, err
	}
	if c.Status == casefile.Contained && !before.News {
		e.tell(Event{Case: c.ID, Target: c.Target, Status: string(c.Status), Text: "repeat of a finding that is answered"})
		return c, nil
	}
	p, ok := playbook.For(c.Target.Kind, e.o.Config, c.ID)
	if !ok {
		return c, fmt.Errorf("choose playbook for %s: none", c.Target.Kind)
	}
	r, err := e.newRun(ctx, c, p, received, map[string][]byte{documentName(f): f.Raw})
	if err != nil {
		return e.giveUp(ctx, c, err)
	}
	r.fold(ctx, p.Root)
	<-r.pre.done // its goroutine writes evidence; it ends before the case does
	if r.refused != nil {
		return e.giveUp(ctx, c, r.refused)
	}
	if c, err = e.o.Store.Case(ctx, c.ID); err != nil {
		return before, err
	}
	return c, r.broken
}

// documentName is distinct for each version of a finding, so that a repeat adds evidence and replaces none.
func documentName(f finding.Finding) string {
	return fmt.Sprintf("finding-%s-%d-%d.json", f.ID, f.Count, f.UpdatedAt.Unix())
}

// giveUp settles a case that could not be answered: nothing was changed.
func (e *Engine) giveUp(ctx context.Context, c casefile.Case, cause error) (casefile.Case, error) {
	now, err := e.setStatus(context.WithoutCancel(ctx), c.ID, e.o.Owner, casefile.Failed, "nothing was changed: "+cause.Error(), nil)
	if err != nil {
		return c, errors.Join(cause, err)
	}
	return now, cause
}

// setStatus moves the case, with a journal entry; edit may change more in the same transaction.
func (e *Engine) setStatus(ctx context.Context, id, by string, s casefile.Status, reason string, edit func(*casefile.Case)) (casefile.Case, error) {
	c, err := e.o.Store.Update(ctx, id, func(c *casefile.Case) ([]casefile.Entry, error) {
		var entries []casefile.Entry
		if c.Status != s || c.Reason != reason {
			entries = []casefile.Entry{{By: by, Event: "status", From: c.Status, To: s, Text: reason}}
		}
		c.Status, c.Reason = s, reason
		if edit != nil {
			edit(c)
		}
		return entries, nil
	})
	if err != nil {
		return c, fmt.Errorf("store status of case %s: %w", id, err)
	}
	e.tell(Event{Case: c.ID, Target: c.Target, Status: string(s), Text: reason})
	return c, nil
}

const leaseTime = 30 * time.Second

// lease takes the case for this run, waiting while another process has it, and keeps it until the returned function is
// called. A process that dies loses it after leaseTime.
func (e *Engine) lease(ctx context.Context, caseID string) (func(), error) {
	var salt [6]byte
	rand.Read(salt[:])
	owner := e.o.Owner + "/" + hex.EncodeToString(salt[:])
	for {
		err := e.o.Store.Claim(ctx, caseID, owner, time.Now().UTC(), leaseTime)
		if err == nil {
			break
		}
		var held *casefile.HeldError
		if !errors.As(err, &held) {
			return nil, fmt.Errorf("claim case %s: %w", caseID, err)
		}
		select {
		case <-time.After(250 * time.Millisecond):
		case <-ctx.Done():
			return nil, fmt.Errorf("claim case %s: %w", caseID, err)
		}
	}
	keep, stop := context.WithCancel(context.WithoutCancel(ctx))
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-time.After(leaseTime / 3):
				// A renewal that fails is tried again; two may fail before the lease is lost.
				_ = e.o.Store.Claim(keep, caseID, owner, time.Now().UTC(), leaseTime)
			case <-keep.Done():
				return
			}
		}
	})
	return func() {
		stop()
		wg.Wait()
		done, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		_ = e.o.Store.Yield(done, caseID, owner) // else it runs out by itself
	}, nil
}

// env is what actions in this case work with.
func (e *Engine) env(ctx context.Context, c casefile.Case) (*action.Env, error) {
	clients, err := e.o.Clients(ctx, c.Target.Account, c.Target.Region)
	if err != nil {
		return nil, err
	}
	return &action.Env{
		Clients:  clients,
		Evidence: evidence{e.o.Store, e.o.Vault, c.ID, e.o.Owner},
		Records:  func(ctx context.Context) ([]action.Record, error) { return e.o.Store.Records(ctx, c.ID) },
	}, nil
}
