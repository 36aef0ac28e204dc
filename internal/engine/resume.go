package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cordon/internal/casefile"
)

// Backlog is what earlier runs, of any process, have left.
type Backlog struct {
	Cases    []casefile.Case // unfinished, the oldest first: go on with each by Resume
	AtWork   int             // unfinished, but somebody has them: look again later
	Releases []casefile.Case // a release that was begun and not gone through with: a person's
}

// errNoFinding says that a case's documents cannot be read.
var errNoFinding = errors.New("none of its findings can be read")

// releasedLook is how many released cases are looked through for a finding that joined them while they were being released.
const releasedLook = 200

// Backlog looks for unfinished cases: failed, not settled, or with a finding that no run has gone through the containment for.
// Cases that wait for a person's yes are not among them. A failed case stays unfinished until it is contained: whoever goes on
// with it does so less and less often. An error beside a backlog is of cases that could not be read: the others are in it.
func (e *Engine) Backlog(ctx context.Context) (Backlog, error) {
	var b Backlog
	open, err := e.o.Store.Cases(ctx, casefile.Filter{Statuses: []casefile.Status{
		casefile.Open, casefile.Contained, casefile.Partial, casefile.Failed, casefile.Observed, casefile.Unsupported,
	}})
	if err != nil {
		return b, fmt.Errorf("list open cases: %w", err)
	}
	released, err := e.o.Store.Cases(ctx, casefile.Filter{Statuses: []casefile.Status{casefile.Released}, Limit: releasedLook})
	if err != nil {
		return b, fmt.Errorf("list released cases: %w", err)
	}
	now := time.Now()
	var errs []error
	for _, c := range slices.Backward(slices.Concat(open, released)) {
		if atWork(c, now) {
			if unfinished(c) {
				b.AtWork++
			}
			continue
		}
		cut, err := e.releaseCut(ctx, c)
		switch {
		case err != nil:
			errs = append(errs, err)
		case cut:
			b.Releases = append(b.Releases, c)
		case unfinished(c):
			b.Cases = append(b.Cases, c)
		}
	}
	return b, errors.Join(errs...)
}

func (e *Engine) releaseCut(ctx context.Context, c casefile.Case) (bool, error) {
	if c.Status != casefile.Contained && c.Status != casefile.Partial {
		return false, nil
	}
	records, err := e.o.Store.Records(ctx, c.ID)
	if err != nil {
		return false, fmt.Errorf("read records of case %s: %w", c.ID, err)
	}
	return releaseInterrupted(c, records), nil
}

// unfinished says whether a run has something to go on with in the case.
func unfinished(c casefile.Case) bool {
	switch c.Status {
	case casefile.AwaitingApproval:
		return false
	case casefile.Observed, casefile.Unsupported, casefile.Released:
		return len(c.Unanswered) > 0
	default:
		return !c.Releasing && (c.Status == casefile.Failed || !c.Settled || len(c.Unanswered) > 0)
	}
}

// Resume goes on with an unfinished case, from its stored findings and records, as a new delivery of the finding would.
func (e *Engine) Resume(ctx context.Context, caseID string) Result {
	received := time.Now()
	c, err := e.o.Store.Case(ctx, caseID)
	if err != nil {
		return Result{Case: c, Err: err}
	}
	if !unfinished(c) {
		return Result{Case: c}
	}
	findings, err := e.findings(ctx, c)
	if err == nil && len(findings) == 0 {
		err = fmt.Errorf("go on with case %s: %w", c.ID, errNoFinding)
	}
	if err != nil {
		return Result{Case: c, Err: err}
	}
	if c.Status == casefile.Released {
		err := e.anew(ctx, Turn{Case: c.ID, Received: received}, c)
		return Result{Case: c, Err: err}
	}
	todo := unanswered(c, findings)
	if len(todo) == 0 {
		todo = findings[len(findings)-1:]
	}
	r := Result{Case: c}
	for _, f := range todo { // the first run looks at them all; the others find that done
		next := e.respond(ctx, f, c.Target, received)
		r = Result{Case: next.Case, Err: errors.Join(r.Err, next.Err)}
	}
	return r
}
