package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"cordon/internal/casefile"
	"cordon/internal/finding"
)

// Accepted is a finding that its targets' cases have taken in: what a process that dies now leaves behind, the next one goes
// on with (see Backlog). Answer it with RespondTo.
type Accepted struct {
	f        finding.Finding
	received time.Time
	targets  []accepted
}

// accepted is one target's part of it.
type accepted struct {
	target     finding.Target
	c          casefile.Case
	created    bool // the delivery made the case
	suppressed bool // a repeat of a false alarm: nothing is to be done
}

// Accept stores a finding in the open case of each of its targets, and does nothing else: no call to AWS, no notice. With
// an error some of the cases may have it; accepting it again is safe.
func (e *Engine) Accept(ctx context.Context, f finding.Finding, received time.Time) (Accepted, error) {
	out := Accepted{f: f, received: received}
	for _, t := range targets(f) {
		a, err := e.accept(ctx, f, t, received)
		if err != nil {
			return out, err
		}
		out.targets = append(out.targets, a)
	}
	return out, nil
}

// Cases are the cases that have the finding, in the order of its targets, as they were when it was accepted.
func (a Accepted) Cases() []casefile.Case {
	var out []casefile.Case
	for _, t := range a.targets {
		out = append(out, t.c)
	}
	return out
}

// Targets are the finding's: never empty, because one without any stands for itself.
func (a Accepted) Targets() []finding.Target {
	var out []finding.Target
	for _, t := range a.targets {
		out = append(out, t.target)
	}
	return out
}

// RespondTo answers an accepted finding as Respond does. Results come in the order of its targets.
func (e *Engine) RespondTo(ctx context.Context, a Accepted) []Result {
	out := make([]Result, len(a.targets))
	var wg sync.WaitGroup
	for i, t := range a.targets {
		wg.Go(func() {
			defer e.contained(ctx, t.target) // whatever became of it: the others' may go on
			out[i] = e.respondLater(ctx, a.f, t, a.received)
		})
	}
	wg.Wait()
	e.link(ctx, []finding.Finding{a.f}, out)
	return out
}

// respondLater answers one target some time after it was accepted: its case may be another by now, or over.
func (e *Engine) respondLater(ctx context.Context, f finding.Finding, a accepted, received time.Time) Result {
	c, err := e.reread(ctx, a.c)
	if err != nil {
		return Result{Case: a.c, Err: storeError(err)}
	}
	if !a.suppressed && c.Status == casefile.Released {
		return e.respond(ctx, f, a.target, received)
	}
	a.c = c
	r := e.respondTo(ctx, f, a, received)
	if errors.Is(r.Err, errReleased) {
		return e.respond(ctx, f, a.target, received)
	}
	return r
}

// accept stores a finding in the open case of one target, unless it is a repeat of a false alarm.
func (e *Engine) accept(ctx context.Context, f finding.Finding, t finding.Target, received time.Time) (accepted, error) {
	a := accepted{target: t}
	var err error
	if a.c, a.suppressed, err = e.suppressed(ctx, f, t, received); err != nil || a.suppressed {
		return a, err
	}
	id, err := casefile.NewID(rand.Reader)
	if err != nil {
		return a, err
	}
	a.c, a.created, err = e.o.Store.OpenCase(ctx, casefile.Opening{
		NewID: id, Target: t, Finding: entry(f), Raw: f.Raw, By: e.o.Owner, Now: received.UTC(),
	})
	if err != nil {
		return accepted{target: t}, storeError(err)
	}
	return a, nil
}
