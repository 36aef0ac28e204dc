package engine

import (
	"context"
	"errors"
	"slices"
	"time"

	"cordon/internal/casefile"
	"cordon/internal/finding"
	"cordon/internal/policy"
)

// decide asks policy about a target of a finding, with the facts that it needs. An error says that the surroundings do not
// let Cordon work: no facts could be read, and nothing else could be done either.
func (e *Engine) decide(ctx context.Context, f finding.Finding, t finding.Target) (policy.Decision, error) {
	in := e.input(f, t)
	if err := e.look(ctx, &in); err != nil {
		return policy.Decision{}, err
	}
	return policy.Decide(in), nil
}

func (e *Engine) input(f finding.Finding, t finding.Target) policy.Input {
	return policy.Input{Finding: f, Target: t, Config: e.o.Config, Now: time.Now()}
}

// overruled says that the facts lead to another decision than the one that a run was begun with.
type overruled struct{ d policy.Decision }

func (o *overruled) Error() string { return "policy says " + string(o.d.Outcome) + ": " + o.d.Reason }

// confirm holds a decision that was made ahead against the facts. It is part of the preflight: the facts are read beside the
// first observations and cost no round trip in a row.
func (e *Engine) confirm(ctx context.Context, o opened) error {
	if o.confirm == nil {
		return nil
	}
	in := *o.confirm
	if err := e.look(ctx, &in); err != nil {
		return err
	}
	d := policy.Decide(in)
	if d.Outcome != o.decision.Outcome || !slices.Equal(offOf(o.c, d), offOf(o.c, o.decision)) {
		return &overruled{d}
	}
	_, err := e.adopt(ctx, o.c, d)
	return err
}

// resettle puts a case back as it was before a run that policy, or a pause, has overruled; first says that it was its first.
func (e *Engine) resettle(ctx context.Context, was casefile.Case, first, settled bool, cause error) (casefile.Case, error) {
	c, err := e.o.Store.Update(context.WithoutCancel(ctx), was.ID, func(c *casefile.Case) ([]casefile.Entry, error) {
		c.Settled = settled
		var over *overruled
		if !first || !errors.As(cause, &over) {
			return nil, nil
		}
		c.Rule, c.Off = "", nil // with which the case was made
		return []casefile.Entry{{By: e.o.Owner, Event: "policy", Text: "the facts overrule it: " + over.Error()}}, nil
	})
	if err != nil {
		return was, storeError(err)
	}
	c.News, c.Lease = was.News, casefile.Lease{} // which the caller gives back by now
	return c, cause
}

// offOf is the steps that are left out in a case once a decision is followed in it: only those that the rules of all findings
// leave out which the case is answered for.
func offOf(c casefile.Case, d policy.Decision) []string {
	if c.Rule == "" || len(c.Findings) == 1 {
		return d.Off
	}
	return slices.DeleteFunc(slices.Clone(c.Off), func(id string) bool { return !slices.Contains(d.Off, id) })
}

// adopt writes the deciding rule into the case that it has answered, for every process that works on it.
func (e *Engine) adopt(ctx context.Context, was casefile.Case, d policy.Decision) (casefile.Case, error) {
	off := offOf(was, d)
	if was.Rule == d.Rule && slices.Equal(was.Off, off) {
		return was, nil
	}
	c, err := e.o.Store.Update(ctx, was.ID, func(c *casefile.Case) ([]casefile.Entry, error) {
		c.Rule, c.Off = d.Rule, off
		return []casefile.Entry{{By: e.o.Owner, Event: "policy", Text: "rule " + d.Rule + ": " + string(d.Outcome)}}, nil
	})
	if err != nil {
		return was, storeError(err)
	}
	c.News = was.News
	return c, nil
}

// ignore settles a case that policy wants nothing to be heard of: a line in its journal, no evidence, no notice. A case that
// is being answered for another finding goes its own way.
func (e *Engine) ignore(ctx context.Context, was casefile.Case, f finding.Finding, d policy.Decision) (casefile.Case, error) {
	c, err := e.o.Store.Update(ctx, was.ID, func(c *casefile.Case) ([]casefile.Entry, error) {
		if !slices.Contains(c.Unanswered, f.ID) {
			return nil, nil
		}
		c.Answered(entry(f))
		entry := casefile.Entry{By: e.o.Owner, Event: "ignored", Text: "finding " + f.ID + ", rule " + d.Rule + ": " + d.Reason}
		if c.Status == casefile.Open && c.Lease.Owner == "" {
			entry.From, entry.To = c.Status, casefile.Observed
			c.Status, c.Reason, c.Rule = casefile.Observed, "ignored: "+d.Reason, d.Rule
			c.Changes++
		}
		return []casefile.Entry{entry}, nil
	})
	if err != nil {
		return was, storeError(err)
	}
	c.News = was.News
	e.tell(Event{Case: c.ID, Target: c.Target, Status: string(c.Status), Text: "ignored: " + d.Reason})
	return c, nil
}

// attended says whether what policy wants of the case's findings is done, or waits for a person.
func attended(c casefile.Case) bool {
	switch c.Status {
	case casefile.Observed, casefile.Unsupported, casefile.AwaitingApproval:
		return len(c.Unanswered) == 0
	default:
		return answered(c)
	}
}

// decidedAs is what policy said of a case that is attended to.
func decidedAs(s casefile.Status) policy.Outcome {
	switch s {
	case casefile.Observed:
		return policy.Observe
	case casefile.Unsupported:
		return policy.Unsupported
	case casefile.AwaitingApproval:
		return policy.Approve
	default:
		return policy.Contain
	}
}

// switchedOff is what a playbook wants to know of steps that are left out.
func switchedOff(off []string) map[string]bool {
	if len(off) == 0 {
		return nil
	}
	steps := map[string]bool{}
	for _, id := range off {
		steps[id] = false
	}
	return steps
}
