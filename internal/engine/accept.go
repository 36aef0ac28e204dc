package engine

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"cordon/internal/casefile"
	"cordon/internal/finding"
	"cordon/internal/policy"
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

	first *firstRun // the delivery made the case, for this run: it has the lease
}

// firstRun is a case's first run, which has made the case with its own lease: nobody has worked on the case before, so there
// is nothing to read back. What policy says of the finding alone has the target contained; the facts have to confirm it.
type firstRun struct {
	in       policy.Input
	decision policy.Decision
	owner    string
	since    time.Time // when the lease began
}

// Accept stores a finding in the open case of each of its targets, and does nothing else: no call to AWS, no notice. With
// an error some of the cases may have it; accepting it again is safe.
func (e *Engine) Accept(ctx context.Context, f finding.Finding, received time.Time) (Accepted, error) {
	out := Accepted{f: f, received: received}
	for _, t := range targets(f) {
		a, err := e.accept(ctx, f, t, received, false)
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
		return e.elsewhere(ctx, c.ID, f, e.respond(ctx, f, a.target, received))
	}
	a.c = c
	r := e.respondTo(ctx, f, a, received)
	if errors.Is(r.Err, errReleased) {
		return e.elsewhere(ctx, c.ID, f, e.respond(ctx, f, a.target, received))
	}
	return r
}

// elsewhere takes a finding that had joined a case while it was released out of what is unanswered there, once another case has
// it: else it would be answered a third time, after a person has released that one, too.
func (e *Engine) elsewhere(ctx context.Context, released string, f finding.Finding, r Result) Result {
	if r.Err != nil && (r.Case.ID == released || !r.Case.Knows(entry(f))) {
		return r // nobody has it
	}
	_, err := e.o.Store.Update(context.WithoutCancel(ctx), released, func(c *casefile.Case) ([]casefile.Entry, error) {
		was := len(c.Unanswered)
		if c.Answered(entry(f)); len(c.Unanswered) == was {
			return nil, nil
		}
		text := f.ID + " is answered in case " + r.Case.ID
		if r.Case.Status == casefile.Released {
			text = f.ID + " is a repeat of a false alarm"
		}
		return []casefile.Entry{{By: e.o.Owner, Event: "finding", Text: text}}, nil
	})
	r.Err = errors.Join(r.Err, err)
	return r
}

// accept stores a finding in the open case of one target, unless it is a repeat of a false alarm. With run, a case that this
// makes, and that is to be contained, has the lease of a run of this process, which has to follow at once.
func (e *Engine) accept(ctx context.Context, f finding.Finding, t finding.Target, received time.Time, run bool) (accepted, error) {
	a := accepted{target: t}
	id, err := casefile.NewID(rand.Reader)
	if err != nil {
		return a, err
	}
	var first *firstRun
	var falseAlarm casefile.Case
	var kept error // why nothing is opened
	a.c, a.created, err = e.o.Store.OpenCase(ctx, casefile.Opening{
		NewID: id, Target: t, Finding: entry(f), Raw: f.Raw, By: e.o.Owner, Now: received.UTC(),
		Before: func(ctx context.Context) error {
			var suppressed bool
			if falseAlarm, suppressed, kept = e.suppressed(ctx, f, t, received); kept == nil && suppressed {
				kept = errSuppressed
			}
			return kept
		},
		Begin: func() (begin casefile.Beginning) {
			if run {
				first, begin = e.firstRun(f, t)
			}
			return begin
		},
	})
	switch {
	case errors.Is(kept, errSuppressed):
		return accepted{target: t, c: falseAlarm, suppressed: true}, nil
	case kept != nil:
		return accepted{target: t}, kept
	case err != nil:
		if first != nil { // the case may have been made all the same
			e.yield(ctx, id, first.owner)
		}
		return accepted{target: t}, storeError(err)
	case a.created:
		a.first = first
	}
	return a, nil
}

var errSuppressed = errors.New("a repeat of a false alarm")

// firstRun is the first run of a case that is made for the finding, nil where policy does not have the target contained.
func (e *Engine) firstRun(f finding.Finding, t finding.Target) (*firstRun, casefile.Beginning) {
	in := e.input(f, t)
	d := policy.Decide(in)
	if d.Outcome != policy.Contain {
		return nil, casefile.Beginning{}
	}
	now := time.Now()
	r := &firstRun{in, d, e.newOwner(), now}
	return r, casefile.Beginning{
		Lease: casefile.Lease{Owner: r.owner, Until: now.UTC().Add(leaseTime)}, Rule: d.Rule, Off: d.Off,
	}
}
