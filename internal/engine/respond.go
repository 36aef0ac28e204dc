package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"cordon/internal/action"
	"cordon/internal/casefile"
	"cordon/internal/cloud"
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
	var wg sync.WaitGroup
	for i, job := range jobs { // containments and collecting steps are bounded, each on their own: see slots
		wg.Go(func() { out[i] = job() })
	}
	wg.Wait()
	e.link(ctx, findings, out)
	return out
}

// link notes in each case of a finding with several targets which the others are. Failing to is no failure of the
// response: the cases name their findings all the same.
func (e *Engine) link(ctx context.Context, findings []finding.Finding, results []Result) {
	ctx = context.WithoutCancel(ctx)
	for _, f := range findings {
		of := results[:len(targets(f))]
		results = results[len(of):]
		for i := range of {
			var others []string
			for j, other := range of {
				if i != j && other.Case.ID != "" && other.Case.ID != of[i].Case.ID {
					others = append(others, other.Case.ID)
				}
			}
			if len(others) == 0 || of[i].Case.ID == "" {
				continue
			}
			c, err := e.o.Store.Update(ctx, of[i].Case.ID, func(c *casefile.Case) ([]casefile.Entry, error) {
				linked := slices.Compact(slices.Sorted(slices.Values(slices.Concat(c.Linked, others))))
				if slices.Equal(linked, c.Linked) {
					return nil, nil
				}
				c.Linked = linked
				return []casefile.Entry{{By: e.o.Owner, Event: "linked", Text: "finding " + f.ID + ": " + strings.Join(others, ", ")}}, nil
			})
			if err == nil {
				of[i].Case.Linked = c.Linked
			}
		}
	}
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

// errReleased says that the case was released while this delivery waited for it.
var errReleased = errors.New("the case was released meanwhile")

// respond answers one target of a finding. A case that is released meanwhile is over: the finding is looked at anew.
func (e *Engine) respond(ctx context.Context, f finding.Finding, t finding.Target, received time.Time) Result {
	var over []string
	for {
		r := e.respondOnce(ctx, f, t, received)
		if errors.Is(r.Err, errReleased) {
			over = append(over, r.Case.ID)
			continue
		}
		for _, released := range over {
			r = e.elsewhere(ctx, released, f, r)
		}
		return r
	}
}

func (e *Engine) respondOnce(ctx context.Context, f finding.Finding, t finding.Target, received time.Time) Result {
	a, err := e.accept(ctx, f, t, received, true)
	if err != nil {
		return Result{Case: a.c, Err: err}
	}
	return e.respondTo(ctx, f, a, received)
}

// respondTo answers one target of a finding that its case has taken in.
func (e *Engine) respondTo(ctx context.Context, f finding.Finding, a accepted, received time.Time) Result {
	o, err := e.openAccepted(ctx, f, a, true)
	switch {
	case err == nil && o.contains() && o.duplicate:
		e.tellAnswered(o.c)
	case err == nil && o.contains():
		o, err = e.answer(ctx, o, f, received)
	}
	if err == nil && o.repeat {
		e.sendRepeat(ctx, o.c, f)
	}
	return Result{Case: o.c, Err: err}
}

// opened is a target's case as a delivery finds it.
type opened struct {
	c        casefile.Case
	decision policy.Decision
	repeat   bool          // a finding, count or update that is new to a case that was there before
	confirm  *policy.Input // the decision was made without facts: they have to confirm it before the first change
	held     bool          // people are asked before it is contained
	first    *firstRun     // the case's first, which has its lease; it looks itself whether containment is paused

	// still makes it a putting back of what has drifted: only a case of which it is true under the lease is contained.
	still func(casefile.Case) bool

	// duplicate: this delivery brings nothing new, and what the case's findings want is done. No run is at work then: one that is
	// says that the case is not settled.
	duplicate bool
}

// tellAnswered says that nothing is left to do for a delivery.
func (e *Engine) tellAnswered(c casefile.Case) {
	e.tell(Event{Case: c.ID, Target: c.Target, Status: string(c.Status), Text: "repeat of a finding that is answered"})
}

// contains says whether the target is to be contained now.
func (o opened) contains() bool { return o.decision.Outcome == policy.Contain && !o.held }

// open gives the target's case and what policy says. What is only looked at is settled by then; what is to be contained
// is left to the caller. With ahead that may be said before the facts are known: see opened.confirm.
func (e *Engine) open(ctx context.Context, f finding.Finding, t finding.Target, received time.Time, ahead bool) (opened, error) {
	a, err := e.accept(ctx, f, t, received, false)
	if err != nil {
		return opened{c: a.c}, err
	}
	return e.openAccepted(ctx, f, a, ahead)
}

// openAccepted is open for a finding that the target's case has taken in.
func (e *Engine) openAccepted(ctx context.Context, f finding.Finding, a accepted, ahead bool) (opened, error) {
	c, t := a.c, a.target
	if a.suppressed {
		return opened{c: c}, nil
	}
	if a.first != nil {
		return opened{c: c, decision: a.first.decision, confirm: &a.first.in, first: a.first}, nil
	}
	o := opened{c: c, repeat: c.News && !a.created}
	if !e.o.Recheck && !c.News && attended(c) { // a duplicate, to which policy has nothing new to say
		o.duplicate, o.decision = true, policy.Decision{Outcome: decidedAs(c.Status), Rule: c.Rule, Playbook: c.Playbook}
		return o, nil
	}
	asked := c.Approval != nil || c.Status == casefile.AwaitingApproval
	if in := e.input(f, t); ahead && !asked && needsFacts(in) {
		if d := policy.Decide(in); d.Outcome == policy.Contain {
			var err error
			o.confirm, o.decision = &in, d
			o.c, o.held, err = e.askFirst(ctx, o.c, f)
			return o, err
		}
	}
	d, err := e.decide(ctx, f, t)
	if err != nil {
		o.c, err = e.giveUp(ctx, c, f, err)
		return o, err
	}
	return e.follow(ctx, o, f, d)
}

// follow does what a decision says, short of containing.
func (e *Engine) follow(ctx context.Context, o opened, f finding.Finding, d policy.Decision) (opened, error) {
	var err error
	o.decision, o.confirm, o.held = d, nil, false
	switch d.Outcome {
	case policy.Observe:
		o.c, err = e.lookOnly(ctx, o.c, f, casefile.Observed, d)
	case policy.Unsupported:
		o.c, err = e.lookOnly(ctx, o.c, f, casefile.Unsupported, d)
	case policy.Approve:
		return e.askAsPolicySays(ctx, o, f)
	case policy.Ignore:
		o.c, err = e.ignore(ctx, o.c, f, d)
		o.repeat = false
	case policy.Contain: // by the caller, as the case says
		if o.c, err = e.adopt(ctx, o.c, d); err == nil {
			o.c, o.held, err = e.askFirst(ctx, o.c, f)
		}
	default:
		panic("engine: unknown outcome " + string(d.Outcome))
	}
	return o, err
}

// askAsPolicySays asks people about a target that policy wants their yes for. Where there is one, it is contained.
func (e *Engine) askAsPolicySays(ctx context.Context, o opened, f finding.Finding) (opened, error) {
	var err error
	if o.c, err = e.adopt(ctx, o.c, o.decision); err != nil {
		return o, err
	}
	if e.halfway(o.c) {
		o.decision.Outcome, o.held = policy.Contain, false
		return o, nil
	}
	switch o.c.Status {
	case casefile.Contained, casefile.Partial: // for another finding, and people are not asked about what is done
		o.c, err = e.noted(ctx, o.c, f)
		return o, err
	}
	c, cleared, err := e.AskApproval(ctx, o.c, Ask{Finding: f, Why: []string{o.decision.Reason}})
	o.c, o.held = c, !cleared
	o.decision.Outcome = policy.Contain
	return o, err
}

// answer contains the target of an opened case. Where the facts overrule the decision nothing was changed, and what they
// say is done instead.
func (e *Engine) answer(ctx context.Context, o opened, f finding.Finding, received time.Time) (opened, error) {
	var err error
	o.c, err = e.contain(ctx, o, f, received)
	var over *overruled
	var paused *PausedError
	switch first := o.first; {
	case errors.As(err, &over):
		o.first = nil
		o, err = e.follow(ctx, o, f, over.d)
	case first != nil && errors.As(err, &paused):
		o.first = nil
		o.c, o.held, err = e.askFirst(ctx, o.c, f)
	default:
		return o, err
	}
	if err != nil || !o.contains() {
		return o, err
	}
	o.c, err = e.contain(ctx, o, f, received)
	return o, err
}

// entry is a finding's entry in a case.
func entry(f finding.Finding) casefile.Finding {
	return casefile.Finding{ID: f.ID, Type: f.Type, Severity: f.Severity, Count: f.Count, UpdatedAt: f.UpdatedAt}
}

func storeError(err error) error {
	return &SetupError{"case store", "nothing was changed; make it writable, or set store in cordon.yaml", err}
}

// lookOnly settles a case that nothing is done in. A case that is being answered for another finding goes its own way.
func (e *Engine) lookOnly(ctx context.Context, c casefile.Case, f finding.Finding, s casefile.Status, d policy.Decision) (casefile.Case, error) {
	if !settles(c, s) || c.Lease.Owner != "" {
		return e.noted(ctx, c, f)
	}
	if err := putDocument(ctx, e.evidence(c), f); err != nil {
		e.tell(Event{Case: c.ID, Target: c.Target, Status: string(c.Status), Text: "the finding's document could not be kept as evidence: " + err.Error()})
	}
	return e.settleAlone(ctx, c, f, s, d.Reason)
}

// settles says whether a case takes a status that nothing is done for: it is new, or nothing could be begun in it so far, or
// it was only looked at, and a question is news.
func settles(c casefile.Case, s casefile.Status) bool {
	switch c.Status {
	case casefile.Open:
		return true
	case casefile.Failed:
		return c.Playbook == "" // set by the first run
	case casefile.Observed, casefile.Unsupported:
		return s == casefile.AwaitingApproval
	default:
		return false
	}
}

func (e *Engine) evidence(c casefile.Case) evidence {
	return evidence{e.o.Store, e.o.Vault, c.ID, e.o.Owner}
}

// settleAlone gives a case its status outside a run, and sends the notice.
func (e *Engine) settleAlone(ctx context.Context, c casefile.Case, f finding.Finding, s casefile.Status, reason string) (casefile.Case, error) {
	ctx = context.WithoutCancel(ctx)
	now, changed, err := e.setStatus(ctx, c.ID, e.o.Owner, s, reason, func(now *casefile.Case) bool {
		return now.Status == c.Status // nobody has answered it meanwhile
	}, func(c *casefile.Case) {
		if s != casefile.Failed {
			c.Answered(entry(f))
		}
	})
	if err != nil || !changed {
		return now, err
	}
	e.contained(ctx, now.Target)
	n := e.notices()
	n.send(ctx, now, statusKey(now), noticeOf(now, &f, nil))
	n.wait()
	return e.reread(ctx, now)
}

// contain runs the target's playbook in the case, alone: whoever comes second waits and then finds the work done.
func (e *Engine) contain(ctx context.Context, o opened, f finding.Finding, received time.Time) (casefile.Case, error) {
	ctx, s, err := e.begin(ctx, o, f)
	if err != nil {
		return s.c, err
	}
	defer s.free()
	ctx = cloud.Share(ctx)
	c, settled := s.c, s.settled
	if s.over {
		e.tellAnswered(c)
		return c, nil
	}
	if o.confirm != nil { // stored once it is confirmed
		c.Off = offOf(c, o.decision)
	}
	p, err := e.playbookFor(c, s.findings)
	if err != nil {
		return c, err
	}
	also := []func(context.Context) error{func(ctx context.Context) error { return e.confirm(ctx, o) }}
	if o.first != nil {
		also = append(also, e.notPaused)
	}
	r, err := e.newRun(ctx, c, p, s.findings, &f, received, also...)
	if err != nil && o.still != nil {
		return e.resettle(ctx, c, false, settled, err)
	} else if err != nil {
		return e.giveUp(ctx, c, f, err)
	}
	r.ledger.knows(s.records)
	var document sync.WaitGroup
	document.Go(func() { r.keepDocument(ctx, f) })
	if !settled && c.Playbook != "" { // a run before this one did not come to its end
		document.Go(func() { r.fail(e.evidence(c).catchUp(ctx)) })
	}
	r.guard(ctx)
	r.fold(ctx, p.Root)
	document.Wait()
	// Where the preflight refused, no step changed anything, whatever else went wrong with it.
	refused := r.refusal(ctx)
	if errors.As(refused, new(*overruled)) || refused != nil && o.still != nil || o.first != nil && errors.As(refused, new(*PausedError)) {
		return e.resettle(ctx, c, o.first != nil, settled, refused)
	} else if refused != nil {
		return e.giveUp(ctx, c, f, refused)
	}
	r.notices.wait()
	if c, err = e.reread(ctx, c); err != nil {
		return c, err
	}
	if ctx.Err() != nil {
		return c, &InterruptedError{c.ID}
	}
	if Wanted(c) {
		e.tell(Event{Case: c.ID, Target: c.Target, Status: string(c.Status), Text: "stopped here: a release, or a run for a newer finding, goes on with the case"})
	}
	return c, r.broken
}

// answered says that nothing is left to do for the findings that the case has.
func answered(c casefile.Case) bool {
	return c.Status == casefile.Contained && c.Settled && len(c.Unanswered) == 0
}

// reread gives the case as the store has it now; News is carried over.
func (e *Engine) reread(ctx context.Context, c casefile.Case) (casefile.Case, error) {
	now, err := e.o.Store.Case(context.WithoutCancel(ctx), c.ID)
	if err != nil {
		return c, err
	}
	now.News = c.News
	return now, nil
}

// playbook makes the target's playbook from what the case's findings say.
func (e *Engine) playbook(ctx context.Context, c casefile.Case) (playbook.Playbook, error) {
	findings, err := e.findings(ctx, c)
	if err != nil {
		return playbook.Playbook{}, err
	}
	return e.playbookFor(c, findings)
}

// playbookFor is playbook for findings that are read already.
func (e *Engine) playbookFor(c casefile.Case, findings []finding.Finding) (playbook.Playbook, error) {
	p, ok := playbook.For(e.subject(c, findings))
	if !ok {
		return p, fmt.Errorf("choose playbook for %s: there is none", c.Target.Kind)
	}
	return p, nil
}

// subject is what the case's playbook is made for. What it takes from the findings, it takes in the order of their ids.
func (e *Engine) subject(c casefile.Case, findings []finding.Finding) playbook.Subject {
	s := playbook.Subject{Case: c.ID, Target: c.Target, Config: e.o.Config, Steps: switchedOff(c.Off)}
	var latest time.Time
	for _, f := range slices.SortedFunc(slices.Values(findings), func(a, b finding.Finding) int { return strings.Compare(a.ID, b.ID) }) {
		if f.LastSeen.After(latest) {
			latest = f.LastSeen
			s.Since = latest.UTC().Format(time.RFC3339)
		}
		if !slices.Contains(f.Targets, c.Target) {
			continue
		}
		s.RemoteIPs = addNew(s.RemoteIPs, f.RemoteIPs)
		if f.Identity == nil {
			continue
		}
		if key := f.Identity.AccessKeyID; key != "" && !slices.Contains(s.AccessKeys, key) {
			s.AccessKeys = append(s.AccessKeys, key)
		}
		s.PrincipalID = f.Identity.PrincipalID
	}
	return s
}

// addNew adds those of more that the list does not have.
func addNew(list, more []string) []string {
	for _, m := range more {
		if !slices.Contains(list, m) {
			list = append(list, m)
		}
	}
	return list
}

// decodeOne reads a finding back from the document that the store kept.
func decodeOne(raw []byte) (finding.Finding, bool) {
	findings, _ := finding.Decode(bytes.NewReader(raw))
	if len(findings) != 1 {
		return finding.Finding{}, false
	}
	return findings[0], true
}

// keepDocument puts the finding into evidence, beside the containment and once that is permitted.
func (r *run) keepDocument(ctx context.Context, f finding.Finding) {
	if r.pre.permit(ctx) != nil {
		return // nothing is going to be done
	}
	if err := putDocument(ctx, r.env.Evidence, f); err != nil {
		r.fail(fmt.Errorf("keep the finding's document as evidence: %w", err))
	}
}

// giveUp settles a case that could not be answered: nothing was changed. A case that was answered before stays as it was.
func (e *Engine) giveUp(ctx context.Context, c casefile.Case, f finding.Finding, cause error) (casefile.Case, error) {
	var need *NeedsApproval
	if errors.As(cause, &need) {
		return e.awaitApproval(ctx, c, f, need)
	}
	switch c.Status {
	case casefile.Contained, casefile.Partial, casefile.Released:
		return c, cause
	default: // nothing was done in it so far
	}
	now, err := e.settleAlone(ctx, c, f, casefile.Failed, "nothing was changed: "+cause.Error())
	if err != nil {
		return c, errors.Join(cause, err)
	}
	return now, cause
}

// setStatus moves the case, with a journal entry, when it still is as when wants it (nil: always); edit may change more in
// the same transaction. changed is true for the one caller that brought the status about.
func (e *Engine) setStatus(
	ctx context.Context, id, by string, s casefile.Status, reason string, when func(*casefile.Case) bool, edit func(*casefile.Case),
) (c casefile.Case, changed bool, err error) {
	c, err = e.o.Store.Update(ctx, id, func(c *casefile.Case) ([]casefile.Entry, error) {
		var entries []casefile.Entry
		if changed = false; when != nil && !when(c) {
			return nil, nil
		}
		if changed = c.Status != s; changed {
			c.Changes++
		}
		if changed || c.Reason != reason {
			entries = []casefile.Entry{{By: by, Event: "status", From: c.Status, To: s, Text: reason}}
		}
		c.Status, c.Reason = s, reason
		if edit != nil {
			edit(c)
		}
		return entries, nil
	})
	if err != nil {
		return c, false, fmt.Errorf("store status of case %s: %w", id, err)
	}
	e.tell(Event{Case: c.ID, Target: c.Target, Status: string(s), Text: reason})
	return c, changed, nil
}

// env is what actions in this case work with.
func (e *Engine) env(ctx context.Context, c casefile.Case) (*action.Env, error) {
	clients, err := e.o.Clients(ctx, c.Target.Account, c.Target.Region)
	if err != nil {
		return nil, err
	}
	return &action.Env{
		Clients:  clients,
		Evidence: e.evidence(c),
		Records:  func(ctx context.Context) ([]action.Record, error) { return e.o.Store.Records(ctx, c.ID) },
	}, nil
}
