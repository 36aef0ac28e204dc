package engine

import (
	"context"
	"errors"
	"time"

	"cordon/internal/casefile"
)

// Approve is a person's answer to what is asked about a case. The last yes that was wanted has the target contained: here, or
// by the execution that waits for it; a no leaves it observed. With more people to ask, the case waits on.
//
// The answer counts for the plan that was asked about alone. *PlanChangedError: it is another one now, and is asked about.
// *NotAskedError; *PausedError; the errors of casefile's Approval.Answer. A yes again, where what was said yes to could not
// be carried out, or not to its end, carries it out.
func (e *Engine) Approve(ctx context.Context, caseID string, yes bool, text string) (casefile.Case, error) {
	c, err := e.o.Store.Case(ctx, caseID)
	if err != nil {
		return c, err
	}
	if c, err = e.lapse(ctx, c); err != nil {
		return c, err
	}
	if c.Approval == nil {
		return c, &NotAskedError{c.ID, c.Status}
	}
	if yes {
		if err := e.notPaused(ctx); err != nil {
			return c, err
		}
	}
	by, err := e.caller(ctx)
	if err != nil {
		return c, err
	}
	if yes && (c.Status == casefile.AwaitingApproval && e.cleared(c) || e.halfway(c)) {
		if !e.rules.may(by) {
			return c, &casefile.NotApproverError{By: by}
		}
		return e.carry(ctx, c)
	}
	said := casefile.Answer{By: by, At: time.Now(), Yes: yes, Text: text}
	if _, err := e.rules.answer(*c.Approval, said); err != nil {
		return c, err
	}
	if c.Status != casefile.AwaitingApproval {
		return c, &NotAskedError{c.ID, c.Status}
	}
	if yes {
		if c, err := e.stillThePlan(ctx, c); err != nil {
			return c, err
		}
	}
	if c, err = e.say(ctx, c, said); err != nil {
		return c, err
	}
	switch c.Approval.Outcome {
	case casefile.Denied:
		return e.ended(ctx, c)
	case casefile.Approved:
		return e.carry(ctx, c)
	default:
		return c, nil
	}
}

// notPaused is nil where containment is not paused.
func (e *Engine) notPaused(ctx context.Context) error {
	p, paused, err := e.o.Store.Paused(ctx)
	switch {
	case err != nil:
		return storeError(err)
	case paused:
		return &PausedError{p}
	default:
		return nil
	}
}

// stillThePlan holds the plan that was asked about against the one that would be run now, and asks about that where they
// differ.
func (e *Engine) stillThePlan(ctx context.Context, c casefile.Case) (casefile.Case, error) {
	now, err := e.casePlan(ctx, c)
	if err != nil {
		return c, err
	}
	hash, _, err := now.hash()
	if err != nil || hash == c.Approval.Plan {
		return c, err
	}
	changes := []string{"what was asked about cannot be read any more"}
	if was, err := e.planAsked(ctx, c.ID, c.Approval.Plan); err == nil {
		changes = planChanges(was, now)
	}
	f, err := e.lastFinding(ctx, c)
	if err != nil {
		return c, err
	}
	q := Ask{Why: c.Approval.Why}
	if f != nil {
		q.Finding = *f
	}
	if c, _, err = e.AskApproval(ctx, c, q); err != nil {
		return c, err
	}
	return c, &PlanChangedError{c.ID, changes}
}

// say stores an answer.
func (e *Engine) say(ctx context.Context, was casefile.Case, said casefile.Answer) (casefile.Case, error) {
	return e.o.Store.Update(ctx, was.ID, func(c *casefile.Case) ([]casefile.Entry, error) {
		if c.Approval == nil || c.Status != casefile.AwaitingApproval {
			return nil, &NotAskedError{c.ID, c.Status}
		}
		if c.Approval.Plan != was.Approval.Plan {
			return nil, &PlanChangedError{c.ID, []string{"another process has asked about another plan just now"}}
		}
		after, err := e.rules.answer(*c.Approval, said)
		if err != nil {
			return nil, err
		}
		c.Approval = &after
		text := "yes"
		if !said.Yes {
			text = "no"
		}
		if said.Text != "" {
			text += ": " + said.Text
		}
		entries := []casefile.Entry{{By: said.By, Event: "approval", Text: text}}
		if after.Outcome == casefile.Denied {
			reason := "denied by " + said.By
			if said.Text != "" {
				reason += ": " + said.Text
			}
			c.Settled = true
			entries = append(entries, moved(c, casefile.Observed, reason, said.By)...)
		}
		return entries, nil
	})
}

// carry has a case contained that people have said yes to: by the execution that waits for it, else here.
func (e *Engine) carry(ctx context.Context, c casefile.Case) (casefile.Case, error) {
	token := c.TaskToken()
	if token == "" || e.o.Answer == nil {
		return e.carryOut(ctx, c)
	}
	err := e.o.Answer(ctx, token, true)
	if err != nil && !errors.Is(err, ErrNobodyWaits) {
		return c, &SetupError{
			"answer to the state machine",
			"the yes is kept: let yourself call states:SendTaskSuccess on it, then run cordon approve " + c.ID + " again", err,
		}
	}
	answered, uerr := e.o.Store.Update(ctx, c.ID, func(c *casefile.Case) ([]casefile.Entry, error) {
		if c.TaskToken() != token {
			return nil, nil
		}
		c.SetTaskToken("")
		text := "the execution that waited goes on"
		if err != nil {
			text = "the execution that waited has ended: it is contained from here"
		}
		return []casefile.Entry{{By: e.o.Owner, Event: "approval", Text: text}}, nil
	})
	if uerr != nil {
		return c, storeError(uerr)
	}
	if err != nil {
		return e.carryOut(ctx, answered)
	}
	return answered, nil
}

// carryOut contains the target in this process.
func (e *Engine) carryOut(ctx context.Context, c casefile.Case) (casefile.Case, error) {
	return e.carryOutIf(ctx, c, nil)
}

// carryOutIf is carryOut; see opened.still.
func (e *Engine) carryOutIf(ctx context.Context, c casefile.Case, still func(casefile.Case) bool) (casefile.Case, error) {
	f, err := e.lastFinding(ctx, c)
	if err != nil {
		return c, err
	}
	if f == nil {
		return c, errors.New("contain the target of case " + c.ID + ": none of its findings can be read")
	}
	return e.contain(ctx, opened{c: c, still: still}, *f, time.Now())
}
