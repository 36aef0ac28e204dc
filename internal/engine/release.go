package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"cordon/internal/action"
	"cordon/internal/casefile"
	"cordon/internal/cloud"
	"cordon/internal/playbook"
)

// ReleaseOptions say how a case is released.
type ReleaseOptions struct {
	FalsePositive  bool // a false alarm: its findings are archived, and their repeats suppressed for a time
	Force          bool // put back also what someone else has changed since
	ReactivateKeys bool // also reactivate access keys, which stay inactive otherwise

	// Only limits the release to the changes of these actions; the case stays. *UnknownActionError: it holds no such change.
	Only []string
}

// Release puts back what the case changed, in reverse order, and nothing else. The case is released when everything
// is as before; with a conflict or a failure it stays partial, and Release may be called again. A released case may still
// be declared a false positive, and have its keys reactivated.
func (e *Engine) Release(ctx context.Context, caseID string, o ReleaseOptions) (casefile.Case, error) {
	began, ctx := time.Now(), cloud.Urgent(ctx)
	c, err := e.o.Store.Case(ctx, caseID)
	if err != nil {
		return c, err
	}
	ctx, free, _, err := e.lease(ctx, c, e.want)
	if err != nil {
		return c, err
	}
	defer free()
	if c, err = e.reread(ctx, c); err != nil {
		return c, err
	}
	if len(o.Only) > 0 {
		return e.releaseOnly(ctx, c, o, began)
	}
	again, known := c.Status == casefile.Released, c.Findings // what joins from now on is not what is being released
	if again && !o.ReactivateKeys && !o.FalsePositive {
		return c, nil
	}
	records, err := e.o.Store.Records(ctx, caseID)
	if err != nil {
		return c, fmt.Errorf("read records of case %s: %w", caseID, err)
	}
	by, was := e.o.Owner, c
	var left []string
	if slices.ContainsFunc(records, action.Record.Open) {
		env, err := e.env(ctx, c)
		if err != nil {
			return c, err
		}
		env.ReactivateKeys = o.ReactivateKeys
		if by, err = identify(ctx, env.Clients, c.Target.Account); err != nil {
			return c, err
		}
		if c, err = e.releaseBegun(ctx, c, by, "a release was begun, and is not complete: run it again", func(c *casefile.Case) { c.Releasing = true }); err != nil {
			return c, err
		}
		e.sortByPlaybook(ctx, c, records)
		if left, err = e.undoAll(ctx, c, env, records, o.Force, began); err != nil {
			return c, err
		}
	}
	status, reason := casefile.Released, "released"
	switch {
	case o.FalsePositive:
		reason = "released as a false positive"
	case again:
		reason = was.Reason
	}
	if len(left) > 0 && again {
		return c, fmt.Errorf("release case %s further: %s", caseID, strings.Join(left, "; "))
	}
	if len(left) > 0 {
		status, reason = casefile.Partial, "release is not complete: "+strings.Join(left, "; ")
	}
	ctx = context.WithoutCancel(ctx)
	if o.FalsePositive && status == casefile.Released { // before a repeat can find the case released
		if err := e.suppress(ctx, c, by); err != nil {
			return c, err
		}
	}
	token := ""
	c, _, err = e.setStatus(ctx, caseID, by, status, reason, nil, func(c *casefile.Case) {
		token = closeQuestion(c, by)
		c.Residual, c.Settled, c.Releasing, c.Wanted, c.Looking = []string{}, false, status != casefile.Released, time.Time{}, nil
		if !c.Releasing {
			c.Answered(known...)
		}
	})
	if err != nil {
		return c, err
	}
	e.nobodyNeedsWait(ctx, c, token)
	c.Findings = known
	return e.afterRelease(ctx, c, c.Status == casefile.Partial || !again, o)
}

// releaseBegun says in the case that a release is at work, before it puts anything back: a process that dies in the middle leaves no
// case that claims to be contained. A case that is released stays so: what is put back now is beside it.
func (e *Engine) releaseBegun(ctx context.Context, c casefile.Case, by, reason string, edit func(*casefile.Case)) (casefile.Case, error) {
	if c.Status == casefile.Released || c.Releasing {
		return c, nil
	}
	return e.o.Store.Update(ctx, c.ID, func(c *casefile.Case) ([]casefile.Entry, error) {
		entry := casefile.Entry{By: by, Event: "status", From: c.Status, To: casefile.Partial, Text: reason}
		c.Status, c.Reason, c.Changes = casefile.Partial, reason, c.Changes+1 // counted also where it was partial before: people are told
		edit(c)
		return []casefile.Entry{entry}, nil
	})
}

// afterRelease tells people, and archives the findings of a false positive.
func (e *Engine) afterRelease(ctx context.Context, c casefile.Case, changed bool, o ReleaseOptions) (casefile.Case, error) {
	falseAlarm := o.FalsePositive && c.Status == casefile.Released
	if !changed && !falseAlarm {
		return c, nil
	}
	records, err := e.o.Store.Records(ctx, c.ID)
	if err != nil {
		return c, fmt.Errorf("read records of case %s: %w", c.ID, err)
	}
	findings, err := e.findings(ctx, c)
	if err != nil {
		return c, err
	}
	n := e.notices()
	key := statusKey(c)
	if !changed {
		key += "-false-positive" // declared after the release
	}
	n.sendReleased(ctx, c, key, findings, records, falseAlarm)
	if falseAlarm && e.o.Archive != nil {
		n.archive(ctx, c, findings)
	}
	n.wait()
	return e.reread(ctx, c)
}

// sortByPlaybook puts records into the order in which their steps are written: steps that run side by side begin in no
// order, but are released in one.
func (e *Engine) sortByPlaybook(ctx context.Context, c casefile.Case, records []action.Record) {
	p, err := e.playbook(ctx, c)
	if err != nil {
		return // they stay in the order in which they began
	}
	place := map[string]int{}
	for i, s := range playbook.Steps(p.Root) {
		place[s.Action] = i
	}
	slices.SortStableFunc(records, func(a, b action.Record) int { return place[a.Action] - place[b.Action] })
}

// undoAll walks the records from the last to the first and says what could not be put back.
func (e *Engine) undoAll(ctx context.Context, c casefile.Case, env *action.Env, records []action.Record, force bool, began time.Time) (left []string, err error) {
	failed := map[string]bool{}
	for _, rec := range slices.Backward(records) {
		if !rec.Open() {
			continue
		}
		if until := e.actions[rec.Action].Until; failed[until] { // else the state under it could not be told from someone else's change
			left = append(left, rec.Action+": "+until+" has to be put back first")
			continue
		}
		a, ok := e.actions[rec.Action]
		if !ok {
			left = append(left, rec.Action+": this version of Cordon does not know the action")
			continue
		}
		if a.Irreversible != "" {
			if _, err := action.LeaveOff(ctx, e.o.Store, env, a, rec); err != nil {
				return left, err
			}
			continue
		}
		ctx, ended := e.step(ctx, c.ID, rec.Action)
		rec, err := action.Undo(ctx, e.o.Store, env, a, rec, force)
		ended(string(rec.Status))
		if err != nil {
			return left, err
		}
		text := rec.Reason
		if rec.Status == action.Failed {
			text = rec.Error
		}
		failed[rec.Action] = rec.Status == action.Failed
		if rec.Status == action.Failed || rec.Status == action.Conflict {
			left = append(left, rec.Action+": "+text)
		}
		e.tell(Event{Case: c.ID, Target: c.Target, Action: rec.Action, Status: string(rec.Status), Text: text, Took: time.Since(began)})
	}
	return left, nil
}
