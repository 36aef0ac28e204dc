package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cordon/internal/action"
	"cordon/internal/casefile"
	"cordon/internal/finding"
)

// cleared says whether the case may be contained without asking (again): people have said yes, or none did in time and the
// rules say to contain then.
func (e *Engine) cleared(c casefile.Case) bool {
	return c.Approval != nil &&
		(c.Approval.Outcome == casefile.Approved || c.Approval.Outcome == casefile.Expired && e.rules.Contain)
}

// halfway says whether what people have said yes to was begun and did not get to its end: the process died, or a step failed.
// It goes on without another yes, where no finding has come since that nobody has looked at.
func (e *Engine) halfway(c casefile.Case) bool {
	if !e.cleared(c) || c.Releasing || len(c.Unanswered) > 0 {
		return false
	}
	switch c.Status {
	case casefile.Contained, casefile.Partial:
		return !c.Settled
	case casefile.Failed:
		return c.Playbook != "" // set by the first run
	default:
		return false
	}
}

// heldBack says whether a case is left alone because of a question: it is open, or the answer was no.
func (e *Engine) heldBack(c casefile.Case) bool {
	switch c.Status {
	case casefile.AwaitingApproval:
		return !e.cleared(c)
	case casefile.Observed:
		return c.Approval != nil && !e.cleared(c)
	default:
		return false
	}
}

// begun says whether a step was begun in the case.
func (e *Engine) begun(ctx context.Context, caseID string) (bool, error) {
	records, err := e.o.Store.Records(ctx, caseID)
	if err != nil {
		return false, fmt.Errorf("read records of case %s: %w", caseID, err)
	}
	return slices.ContainsFunc(records, func(r action.Record) bool { return r.Open() && !isNotice(r) }), nil
}

// lapse ends a question whose time is over, and tells people where that is all.
func (e *Engine) lapse(ctx context.Context, c casefile.Case) (casefile.Case, error) {
	if c.Approval == nil || c.Status != casefile.AwaitingApproval {
		return c, nil
	}
	if _, over := c.Approval.Expire(time.Now()); !over {
		return c, nil
	}
	ended := false
	now, err := e.o.Store.Update(ctx, c.ID, func(c *casefile.Case) ([]casefile.Entry, error) {
		ended = false
		if c.Approval == nil || c.Status != casefile.AwaitingApproval {
			return nil, nil
		}
		after, over := c.Approval.Expire(time.Now())
		if !over {
			return nil, nil
		}
		ended, c.Approval = true, &after
		entries := []casefile.Entry{{By: e.o.Owner, Event: "approval", Text: "nobody settled it until " + after.Expires.Format(time.RFC3339)}}
		if e.rules.Contain {
			entries[0].Text += ": it is contained without a yes, as policy.approval.on_timeout says"
			return entries, nil
		}
		c.Settled = true
		return append(entries, moved(c, casefile.Observed, "nobody said yes in time, so it is only looked at; it was asked because: "+strings.Join(after.Why, "; "), e.o.Owner)...), nil
	})
	if err != nil {
		return c, storeError(err)
	}
	if ended && now.Status == casefile.Observed {
		return e.ended(ctx, now)
	}
	return now, nil
}

// ended tells people, and the execution that waits, that nothing is going to be done.
func (e *Engine) ended(ctx context.Context, c casefile.Case) (casefile.Case, error) {
	ctx = context.WithoutCancel(ctx)
	e.tell(Event{Case: c.ID, Target: c.Target, Status: string(c.Status), Text: c.Reason})
	f, err := e.lastFinding(ctx, c)
	if err != nil {
		return c, err
	}
	n := e.notices()
	n.send(ctx, c, statusKey(c), noticeOf(c, f, nil))
	n.wait()
	e.nobodyNeedsWait(ctx, c, c.TaskToken())
	return e.reread(ctx, c)
}

// nobodyNeedsWait tells the execution that waits for an answer that it is no. Where the caller may not, it finds the outcome in
// the case when its own time is over.
func (e *Engine) nobodyNeedsWait(ctx context.Context, c casefile.Case, token string) {
	if token == "" || e.o.Answer == nil {
		return
	}
	if err := e.o.Answer(ctx, token, false); err != nil && !errors.Is(err, ErrNobodyWaits) {
		e.tell(Event{Case: c.ID, Target: c.Target, Status: string(c.Status), Text: "the state machine could not be told: " + err.Error()})
	}
}

// Lapse ends every question whose time is over, and contains nothing: it gives the cases (ids) that are to be contained now, as
// the rules say. Contain each by CarryOut. The error is one of any case; the others are gone through all the same.
func (e *Engine) Lapse(ctx context.Context) (due []string, err error) {
	cases, err := e.o.Store.Cases(ctx, casefile.Filter{Statuses: []casefile.Status{casefile.AwaitingApproval}})
	if err != nil {
		return nil, fmt.Errorf("list cases that wait for a yes: %w", err)
	}
	var errs []error
	for _, c := range cases {
		c, err := e.lapse(ctx, c)
		if errs = append(errs, err); err == nil && e.due(c) {
			due = append(due, c.ID)
		}
	}
	return due, errors.Join(errs...)
}

// CarryOut contains the target of a case that Lapse has given, with its evidence; any other case is left alone.
func (e *Engine) CarryOut(ctx context.Context, caseID string) Result {
	c, err := e.o.Store.Case(ctx, caseID)
	if err == nil && e.due(c) {
		c, err = e.carryOut(ctx, c)
	}
	return Result{Case: c, Err: err}
}

// due says whether nobody has answered a case's question in time, and the rules say to contain then.
func (e *Engine) due(c casefile.Case) bool {
	return c.Status == casefile.AwaitingApproval && c.Approval != nil && c.Approval.Outcome == casefile.Expired && e.cleared(c)
}

// reopen lets a walk contain a case that was held back, because nothing wants a yes for another finding. Where the containment
// asks all the same, the question stands as it was.
func (e *Engine) reopen(ctx context.Context, was casefile.Case, f finding.Finding) (casefile.Case, error) {
	if !e.heldBack(was) {
		return was, nil
	}
	c, err := e.o.Store.Update(ctx, was.ID, func(c *casefile.Case) ([]casefile.Entry, error) {
		if !e.heldBack(*c) {
			return nil, nil
		}
		entry := casefile.Entry{By: e.o.Owner, Event: "status", From: c.Status, To: casefile.Open, Text: "no yes is wanted for finding " + f.ID}
		c.Status, c.Settled = casefile.Open, false
		return []casefile.Entry{entry}, nil
	})
	if err != nil {
		return was, storeError(err)
	}
	c.News = was.News
	return c, nil
}

// unattended says whether a case has an open question, and no execution waits for the answer.
func unattended(c casefile.Case) bool {
	return c.Status == casefile.AwaitingApproval && c.Approval != nil && c.Approval.Outcome == "" && c.TaskToken() == ""
}

// pausedMeanwhile keeps a walk from beginning a containment while that is paused: *Asked, or *action.Pending where people
// have said yes already.
func (e *Engine) pausedMeanwhile(ctx context.Context, c casefile.Case) error {
	err := e.notPaused(ctx)
	var paused *PausedError
	if !errors.As(err, &paused) {
		return err
	}
	if begun, err := e.begun(ctx, c.ID); err != nil || begun {
		return err // what was begun goes to its end
	}
	if e.cleared(c) {
		return &action.Pending{After: time.Minute, Reason: paused.Error()}
	}
	f, err := e.lastFinding(ctx, c)
	if err != nil {
		return err
	}
	q := Ask{Why: []string{paused.Error()}, Held: true}
	if f != nil {
		q.Finding = *f
	}
	if _, _, err := e.AskApproval(ctx, c, q); err != nil {
		return err
	}
	return &Asked{c.ID}
}

// lastFinding is the case's latest, nil where its documents cannot be read.
func (e *Engine) lastFinding(ctx context.Context, c casefile.Case) (*finding.Finding, error) {
	findings, err := e.findings(ctx, c)
	if err != nil || len(findings) == 0 {
		return nil, err
	}
	return &findings[len(findings)-1], nil
}

// SaveToken keeps the token of the execution that waits for the case's answer. *NotAskedError: there is none to wait for (any
// more).
func (e *Engine) SaveToken(ctx context.Context, caseID, token string) error {
	c, err := e.o.Store.Case(ctx, caseID)
	if err != nil {
		return err
	}
	if _, err = e.lapse(ctx, c); err != nil {
		return err
	}
	_, err = e.o.Store.Update(ctx, caseID, func(c *casefile.Case) ([]casefile.Entry, error) {
		if c.Status != casefile.AwaitingApproval || c.Approval == nil || c.Approval.Outcome != "" {
			return nil, &NotAskedError{c.ID, c.Status}
		}
		if c.TaskToken() == token {
			return nil, nil
		}
		c.SetTaskToken(token)
		return []casefile.Entry{{By: e.o.Owner, Event: "asked", Text: "an execution of the state machine waits for the answer"}}, nil
	})
	return err
}

// closeQuestion ends what is asked about a case that is released: that is a no.
func closeQuestion(c *casefile.Case, by string) (token string) {
	if c.Approval == nil || c.Approval.Outcome != "" {
		return ""
	}
	if a, err := c.Approval.Answer(by, false, "the case was released", time.Now(), casefile.ApprovalRules{}); err == nil {
		c.Approval = &a
	}
	return c.TaskToken()
}
