package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"cordon/internal/action"
	"cordon/internal/casefile"
	"cordon/internal/cloud"
	"cordon/internal/finding"
	"cordon/internal/playbook"
)

// Another engine, such as AWS Step Functions, may walk a playbook's tree: Begin, then each Inline and each Step where the
// tree has them, then Settle. Every one of these calls stands alone, in any process: what one has to know of the others
// is in the store. The walk holds the case's lease from its first call to Settle.

// Turn is one part of a walk over a case's playbook.
type Turn struct {
	Case     string
	Walk     string    // names the walk; it owns the case's lease
	Received time.Time // when the walk began: time to contain counts from here
}

// turnLease is how long a walk keeps its case between two turns; one that died loses it after that.
const turnLease = 3 * time.Minute

// Begun is one target's case and the playbook that answers it; "" where nothing is to be done (any more).
type Begun struct {
	Case     casefile.Case
	Playbook string
	Ask      bool // a person has to say yes before it is walked: keep the token of who waits with SaveToken
}

// Begin opens the case of each of a finding's targets, as Respond does, and does nothing in those that are to be answered.
// The error is one of any target; calling again goes on.
func (e *Engine) Begin(ctx context.Context, f finding.Finding, received time.Time) ([]Begun, error) {
	all := targets(f)
	out := make([]Begun, len(all))
	results := make([]Result, len(all))
	var wg sync.WaitGroup
	for i, t := range all {
		wg.Go(func() {
			o, err := e.open(ctx, f, t, received, false)
			if err == nil && o.contains() {
				o.c, err = e.reopen(ctx, o.c, f)
			}
			results[i] = Result{o.c, err}
			out[i] = Begun{Case: o.c, Ask: err == nil && o.held && unattended(o.c)}
			if o.contains() || out[i].Ask {
				out[i].Playbook = o.decision.Playbook
			}
		})
	}
	wg.Wait()
	e.link(ctx, []finding.Finding{f}, results)
	var errs []error
	for _, r := range results {
		errs = append(errs, r.Err)
	}
	return out, errors.Join(errs...)
}

// Inline runs the Inline node at a place in the tree ("1/0": the second child's first), with the preflight before its first
// change. *action.Pending: call again. *Asked: a person has to say yes first; then call again. A case that is held back for
// want of a yes is left alone. *casefile.HeldError: another run has the case; call again when it is over.
func (e *Engine) Inline(ctx context.Context, t Turn, place string) error {
	caller := ctx
	ctx, c, stop, err := e.take(ctx, t)
	var held *casefile.HeldError
	if errors.As(err, &held) {
		return errors.Join(err, e.wantForNews(caller, t.Case))
	}
	if err != nil {
		return err
	}
	defer stop()
	if c.Status == casefile.Released {
		return e.anew(ctx, t, c)
	}
	again := c.Playbook != "" // set by the first run
	if c, err = e.lapse(ctx, c); err != nil || answered(c) || e.heldBack(c) {
		return err
	}
	if err := e.pausedMeanwhile(ctx, c); err != nil {
		return err
	}
	if c, _, err = e.unsettle(ctx, c, func(casefile.Case) error { return nil }); err != nil {
		return err
	}
	ctx = cloud.Share(ctx)
	r, err := e.turn(ctx, t, c)
	if err != nil {
		return err
	}
	node, err := at(r.p.Root, place)
	if err != nil {
		return err
	}
	var documents sync.WaitGroup
	looked := unanswered(c, r.findings)
	for _, f := range looked {
		r.f = &f
		documents.Go(func() { r.keepDocument(ctx, f) })
	}
	r.guard(ctx)
	r.fold(ctx, node)
	documents.Wait()
	if refused := r.refusal(ctx); refused != nil {
		var need *NeedsApproval
		if asks := errors.As(refused, &need); r.f != nil {
			if _, refused = e.giveUp(ctx, c, *r.f, refused); refused == nil && asks {
				refused = &Asked{c.ID}
			}
		}
		return refused
	}
	if again { // contained first, told then
		for _, f := range looked {
			e.sendRepeat(ctx, c, f)
		}
	}
	return r.ended()
}

// Step runs one step of the playbook. A case that nothing was begun in, or that is settled, is left alone: its containment
// was refused, or was not needed. *action.Pending: call again. What fails is in the record, not in the error.
func (e *Engine) Step(ctx context.Context, t Turn, id string) error {
	ctx, c, stop, err := e.take(ctx, t)
	if err != nil {
		return err
	}
	defer stop()
	records, err := e.o.Store.Records(ctx, c.ID)
	if err != nil {
		return fmt.Errorf("read records of case %s: %w", c.ID, err)
	}
	step := func(r action.Record) bool { return !isNotice(r) }
	if c.Settled || c.Status == casefile.Released || e.heldBack(c) || !slices.ContainsFunc(records, step) {
		return nil
	}
	r, err := e.turn(ctx, t, c)
	if err != nil {
		return err
	}
	if _, known := e.actions[id]; !known {
		return &PlaceError{id}
	}
	s, ok := r.p.Step(id)
	if !ok {
		return nil // switched off since the walk began
	}
	r.step(ctx, s, false)
	if refused := r.pre.permit(context.WithoutCancel(ctx)); refused != nil {
		return refused
	}
	return r.ended()
}

// Settle gives the case its status at the end of a walk, tells people, and gives the case free.
func (e *Engine) Settle(ctx context.Context, t Turn) (casefile.Case, error) {
	held, c, stop, err := e.take(ctx, t)
	if err != nil {
		return c, err
	}
	defer e.yield(ctx, c.ID, t.owner())
	defer stop()
	if c, err = e.lapse(held, c); err != nil || c.Settled || c.Status == casefile.Released || e.heldBack(c) {
		return c, err
	}
	r, err := e.turn(held, t, c)
	if err != nil {
		return c, err
	}
	if n := len(r.findings); n > 0 {
		r.f = &r.findings[n-1]
	}
	r.settle(held, true)
	if refused := r.pre.permit(context.WithoutCancel(held)); refused != nil {
		return c, refused // nothing was said of the case
	}
	err = r.ended()
	now, rerr := e.reread(held, c)
	return now, errors.Join(err, rerr)
}

// Whole says whether a case ended as policy says, or people are asked, as policy says. Else a person has to look: something
// failed, or was left undone.
func Whole(c casefile.Case) bool {
	switch c.Status {
	case casefile.Contained:
		return answered(c)
	case casefile.Unsupported: // where a playbook began, and found that it cannot: the target is not contained
		return c.Playbook == "" && len(c.Unanswered) == 0
	case casefile.Observed, casefile.Released:
		return len(c.Unanswered) == 0
	case casefile.AwaitingApproval:
		return len(c.Unanswered) == 0 && c.Approval != nil && c.Approval.Outcome == "" // people are asked
	default:
		return false
	}
}

func (t Turn) owner() string { return "walk/" + t.Walk }

// take reads the case and takes its lease for the walk; stop ends the renewing, not the lease.
func (e *Engine) take(ctx context.Context, t Turn) (held context.Context, c casefile.Case, stop func(), err error) {
	held, stop, err = e.hold(ctx, t.Case, t.owner(), turnLease)
	if err != nil {
		return nil, c, nil, err
	}
	if c, err = e.o.Store.Case(held, t.Case); err != nil {
		stop()
		return nil, c, nil, err
	}
	return held, c, stop, nil
}

// turn is a run over the case's playbook that does not wait.
func (e *Engine) turn(ctx context.Context, t Turn, c casefile.Case) (*run, error) {
	findings, err := e.findings(ctx, c)
	if err != nil {
		return nil, err
	}
	p, err := e.playbookFor(c, findings)
	if err != nil {
		return nil, err
	}
	r, err := e.newRun(ctx, c, p, findings, nil, t.Received)
	if err == nil {
		r.once = true
	}
	return r, err
}

// ended waits for what runs beside and says what the caller has to know.
func (r *run) ended() error {
	r.notices.wait()
	switch {
	case r.broken != nil:
		return r.broken
	case r.pending != nil:
		return r.pending
	default:
		return nil
	}
}

// anew answers the findings that joined a case while it was being released: whole, here, in a case of their own.
func (e *Engine) anew(ctx context.Context, t Turn, released casefile.Case) error {
	findings, err := e.findings(ctx, released)
	if err != nil {
		return err
	}
	var errs []error
	for _, f := range unanswered(released, findings) {
		r := e.respond(ctx, f, released.Target, t.Received)
		if errs = append(errs, r.Err); r.Err != nil || !Whole(r.Case) {
			continue // stays unanswered here, so that the walk does not end well
		}
		errs = append(errs, e.elsewhere(ctx, released.ID, f, r).Err)
	}
	return errors.Join(errs...)
}

// unanswered are those of a case's findings that no run has gone through the containment for.
func unanswered(c casefile.Case, findings []finding.Finding) (out []finding.Finding) {
	for _, f := range findings {
		if slices.Contains(c.Unanswered, f.ID) {
			out = append(out, f)
		}
	}
	return out
}

// PlaceError says that a playbook has no such node, or the catalogue no such action.
type PlaceError struct{ Place string }

func (e *PlaceError) Error() string {
	return fmt.Sprintf("the playbook has no part %q; deploy function and state machine of one version", e.Place)
}

// at finds the node at a place such as "1/0" in a tree; "" is the root.
func at(n playbook.Node, place string) (playbook.Node, error) {
	if place == "" {
		return n, nil
	}
	for part := range strings.SplitSeq(place, "/") {
		i, err := strconv.Atoi(part)
		var children []playbook.Node
		switch n := n.(type) {
		case playbook.Seq:
			children = n
		case playbook.Par:
			children = n
		case playbook.Inline:
			children = []playbook.Node{n.Node}
		}
		if err != nil || i < 0 || i >= len(children) {
			return nil, &PlaceError{place}
		}
		n = children[i]
	}
	return n, nil
}
