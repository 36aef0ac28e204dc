package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"cordon/internal/casefile"
	"cordon/internal/finding"
)

// Ask is a question: whether a case's target is to be contained.
type Ask struct {
	Finding finding.Finding // the one that brought it about
	Why     []string        // why it is not done without a yes, for people
	Quiet   bool            // no notice of this case alone: its caller tells people of many at once
	Held    bool            // the caller has the case's lease, and nothing was begun
}

// AskApproval asks people about the plan of a case as it is now, or leaves standing what is asked, or was answered, about the
// same plan. The plan is kept as evidence, with the finding. cleared says that nobody is (to be) asked: there is a yes to
// this very plan, or none came in time and the rules say to contain then. The caller contains.
//
//	─▶ awaiting-approval ┬─ Approve(yes) ─▶ contained, …   the last yes that was wanted
//	      ▲      │       ├─ Approve(no)  ─▶ observed
//	      └──────┘       └─ nobody       ─▶ observed, or contained, as the rules say
//	   another plan
func (e *Engine) AskApproval(ctx context.Context, c casefile.Case, q Ask) (now casefile.Case, cleared bool, err error) {
	news := c.News
	if c, err = e.lapse(ctx, c); err != nil {
		return c, false, err
	}
	c.News = news
	if !askable(c, q) {
		c, err = e.noted(ctx, c, q.Finding)
		return c, false, err
	}
	if begun, err := e.begun(ctx, c.ID); err != nil || begun && e.cleared(c) {
		return c, err == nil, err // what was said yes to goes on
	}
	plan, err := e.casePlan(ctx, c)
	if err != nil {
		if c.Status != casefile.AwaitingApproval {
			c, err = e.giveUp(ctx, c, q.Finding, err)
		}
		return c, false, err
	}
	hash, raw, err := plan.hash()
	if err != nil {
		return c, false, err
	}
	switch {
	case c.Approval.Approves(hash), c.Approval != nil && c.Approval.Outcome == casefile.Expired && e.cleared(c):
		return c, true, nil
	case !e.o.Recheck && c.Approval != nil && c.Approval.Outcome == casefile.Denied && c.Approval.Plan == hash && slices.Equal(c.Approval.Why, q.Why):
		c, err = e.noted(ctx, c, q.Finding) // the no stands
		return c, false, err
	}
	e.keepAsked(ctx, c, q.Finding, planName(hash), raw)
	now, err = e.ask(context.WithoutCancel(ctx), c, q, hash)
	now.News = news
	return now, false, err
}

// askFirst asks people about a case whose target is to be contained, where containment is paused, or the engine's guard wants
// a yes. held says that it is not to be contained now.
func (e *Engine) askFirst(ctx context.Context, c casefile.Case, f finding.Finding) (now casefile.Case, held bool, err error) {
	var why []string
	var paused *PausedError
	switch err := e.notPaused(ctx); {
	case errors.As(err, &paused):
		why = append(why, pausedText(paused.Pause))
	case err != nil:
		return c, true, err
	}
	switch {
	case len(why) == 0:
		return c, false, nil
	case c.Lease.Holds(time.Now()): // another run is at work on it
		c, err = e.noted(ctx, c, f)
		return c, true, err
	}
	c, cleared, err := e.AskApproval(ctx, c, Ask{Finding: f, Why: why})
	return c, !cleared || paused != nil, err
}

// askable says whether the case's status is one from which people may be asked.
func askable(c casefile.Case, q Ask) bool {
	switch c.Status {
	case casefile.Open, casefile.AwaitingApproval, casefile.Observed, casefile.Unsupported:
		return true
	case casefile.Failed:
		return q.Held || c.Playbook == "" // set by the first run
	default:
		return false
	}
}

// ask stores the question and tells people.
func (e *Engine) ask(ctx context.Context, c casefile.Case, q Ask, hash string) (casefile.Case, error) {
	requester, err := e.requester(ctx)
	if err != nil {
		return c, err
	}
	question := casefile.Question{
		Plan: hash, Why: q.Why, Requester: requester, People: e.rules.People, Now: time.Now(), Timeout: e.rules.timeout(),
	}
	asked := false
	now, err := e.o.Store.Update(ctx, c.ID, func(c *casefile.Case) ([]casefile.Entry, error) {
		asked = false
		if !askable(*c, q) {
			return nil, nil // answered meanwhile
		}
		approval, anew := c.Approval.Ask(question)
		c.Answered(entry(q.Finding))
		if !anew && c.Status == casefile.AwaitingApproval {
			return nil, nil
		}
		reason := "a person must say yes first: " + strings.Join(approval.Why, "; ")
		if c.Settled = false; !anew { // the question stands as it was
			entry := casefile.Entry{By: e.o.Owner, Event: "status", From: c.Status, To: casefile.AwaitingApproval, Text: reason}
			c.Status, c.Reason = casefile.AwaitingApproval, reason
			return []casefile.Entry{entry}, nil
		}
		asked, c.Approval = true, &approval
		entries := moved(c, casefile.AwaitingApproval, reason, e.o.Owner)
		return append(entries, casefile.Entry{By: e.o.Owner, Event: "asked", Text: aboutAsked(approval)}), nil
	})
	if err != nil {
		return c, storeError(err)
	}
	if !asked {
		return now, nil
	}
	e.tell(Event{Case: now.ID, Target: now.Target, Status: string(now.Status), Text: now.Reason})
	if q.Quiet {
		return now, nil
	}
	n, notice := e.notices(), noticeOf(now, &q.Finding, nil)
	notice.Reason += " (" + aboutAsked(*now.Approval) + ")"
	notice.Next = []string{"cordon show " + now.ID, "cordon approve " + now.ID, "cordon deny " + now.ID}
	n.send(ctx, now, statusKey(now), notice)
	n.wait()
	return e.reread(ctx, now)
}

// moved gives the case a status and a reason, and the journal's entry of it. A question that is asked anew counts as a change:
// people are told.
func moved(c *casefile.Case, to casefile.Status, reason, by string) []casefile.Entry {
	entry := casefile.Entry{By: by, Event: "status", From: c.Status, To: to, Text: reason}
	c.Status, c.Reason = to, reason
	c.Changes++
	return []casefile.Entry{entry}
}

func aboutAsked(a casefile.Approval) string {
	people := "one yes is wanted"
	if a.People > 1 {
		people = "the yes of two people is wanted"
	}
	return "plan " + a.Plan[:min(12, len(a.Plan))] + ", " + people + " until " + a.Expires.UTC().Format(time.RFC3339)
}

// noted takes a finding that no run answers off the case's unanswered ones.
func (e *Engine) noted(ctx context.Context, was casefile.Case, f finding.Finding) (casefile.Case, error) {
	if !slices.Contains(was.Unanswered, f.ID) {
		return was, nil
	}
	c, err := e.o.Store.Update(ctx, was.ID, func(c *casefile.Case) ([]casefile.Entry, error) {
		c.Answered(entry(f))
		return nil, nil
	})
	if err != nil {
		return was, storeError(err)
	}
	c.News = was.News
	return c, nil
}

// keepAsked keeps what people are asked about as evidence. The question stands without it.
func (e *Engine) keepAsked(ctx context.Context, c casefile.Case, f finding.Finding, name string, plan []byte) {
	err := putDocument(ctx, e.evidence(c), f)
	_, perr := e.evidence(c).Put(ctx, name, plan)
	if err = errors.Join(err, perr); err != nil {
		e.tell(Event{Case: c.ID, Target: c.Target, Status: string(c.Status), Text: "what is asked about could not be kept as evidence: " + err.Error()})
	}
}
