package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"cordon/internal/action"
	"cordon/internal/casefile"
)

// chosen are the records that a release is limited to, all where only names none, and the actions that stay held then.
func (e *Engine) chosen(c casefile.Case, records []action.Record, only []string) (chosen []action.Record, held []string, err error) {
	if len(only) == 0 {
		return slices.Clone(records), nil, nil
	}
	for _, rec := range records {
		switch a, ok := e.actions[rec.Action]; {
		case !ok || !rec.Open() || a.Irreversible != "":
		case slices.Contains(only, rec.Action):
			chosen = append(chosen, rec)
		default:
			held = append(held, rec.Action)
		}
	}
	for _, id := range only {
		if !slices.ContainsFunc(chosen, func(r action.Record) bool { return r.Action == id }) && !slices.Contains(c.ReleasingOnly, id) {
			for _, rec := range chosen {
				held = append(held, rec.Action)
			}
			slices.Sort(held)
			return nil, nil, &UnknownActionError{c.ID, id, held}
		}
	}
	for _, rec := range chosen {
		if until := e.actions[rec.Action].Until; slices.Contains(held, until) {
			return nil, nil, &StandsOnError{Action: rec.Action, Upper: until}
		}
	}
	slices.Sort(held)
	return chosen, held, nil
}

// releaseOnly puts single actions back. The case stays what it is, or partial where it is not whole any more, and says what is
// still held. Runs leave what was released so alone.
func (e *Engine) releaseOnly(ctx context.Context, c casefile.Case, o ReleaseOptions, began time.Time) (casefile.Case, error) {
	records, err := e.o.Store.Records(ctx, c.ID)
	if err != nil {
		return c, fmt.Errorf("read records of case %s: %w", c.ID, err)
	}
	chosen, held, err := e.chosen(c, records, o.Only)
	if err != nil {
		return c, err
	}
	env, err := e.env(ctx, c)
	if err != nil {
		return c, err
	}
	env.ReactivateKeys = o.ReactivateKeys
	by, err := identify(ctx, env.Clients, c.Target.Account)
	if err != nil {
		return c, err
	}
	was := c
	c, err = e.releaseBegun(ctx, c, by, "a release of "+strings.Join(o.Only, ", ")+" was begun, and is not complete: run it again", func(c *casefile.Case) {
		c.ReleasingOnly = union(nil, o.Only)
	})
	if err != nil {
		return c, err
	}
	e.sortByPlaybook(ctx, c, chosen)
	left, err := e.undoAll(ctx, c, env, chosen, o.Force, began)
	if err != nil {
		return c, err
	}
	p, err := e.playbook(ctx, c)
	if err != nil {
		return c, err
	}
	ctx = context.WithoutCancel(ctx)
	if records, err = e.o.Store.Records(ctx, c.ID); err != nil {
		return c, fmt.Errorf("read records of case %s: %w", c.ID, err)
	}
	var back []string
	for _, rec := range records {
		if slices.Contains(o.Only, rec.Action) && rec.Status == action.Undone {
			back = append(back, rec.Action)
		}
	}
	slices.Sort(back)
	letGo := union(c.LetGo, back)
	v := judge(p, e.actions, records, letGo, c.Settled)
	reason := "released in part: " + orNothing(back) + " put back; still held: " + orNothing(held)
	if len(left) > 0 {
		v.status, reason = casefile.Partial, reason+"; could not be put back: "+strings.Join(left, "; ")
	}
	if c.Releasing { // most of it is put back already
		v.status, v.reason = casefile.Partial, ""
	}
	if v.reason != "" {
		reason += "; " + v.reason
	}
	now, _, err := e.setStatus(ctx, c.ID, by, v.status, reason, nil, func(c *casefile.Case) {
		c.LetGo, c.ReleasingOnly, c.Residual, c.Wanted = letGo, nil, v.residual, time.Time{}
	})
	if err != nil || now.Status == was.Status {
		return now, err
	}
	f, err := e.lastFinding(ctx, now)
	if err != nil {
		return now, err
	}
	n := e.notices()
	n.send(ctx, now, statusKey(now), noticeOf(now, f, records))
	n.wait()
	return e.reread(ctx, now)
}

// union is what is in either, sorted, each once.
func union(a, b []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(a, b))))
}

func orNothing(actions []string) string {
	if len(actions) == 0 {
		return "nothing"
	}
	return strings.Join(actions, ", ")
}
