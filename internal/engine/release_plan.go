package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"cordon/internal/action"
	"cordon/internal/casefile"
)

// ReleasePlan is what a release of a case would put back, from the account's present state.
type ReleasePlan struct {
	Case  casefile.Case  `json:"-"`
	Steps []PlannedUndo  `json:"steps"` // the first is put back first
	Held  []string       `json:"held"`  // actions that stay as they are, because the release is limited to others
	Total ReleaseSummary `json:"total"`
}

// ReleaseSummary counts a plan's parts.
type ReleaseSummary struct {
	Changes   int `json:"changes"`
	Conflicts int `json:"conflicts"`
	Errors    int `json:"errors"`
}

// PlannedUndo is one action's part of it, or the error that kept it from being planned.
type PlannedUndo struct {
	action.Restoration
	Error string `json:"error,omitempty"`
}

// UnknownActionError says that a case holds no change of an action.
type UnknownActionError struct {
	Case, Action string
	Held         []string // those that it holds
}

func (e *UnknownActionError) Error() string {
	held := "nothing"
	if len(e.Held) > 0 {
		held = strings.Join(e.Held, ", ")
	}
	return fmt.Sprintf("case %s holds no %s to be put back; it holds %s", e.Case, e.Action, held)
}

// StandsOnError says that an action cannot be put back without the one that took over from it.
type StandsOnError struct{ Action, Upper string }

func (e *StandsOnError) Error() string {
	return e.Upper + " stands on what " + e.Action + " set: put both back (--only " + e.Action + "," + e.Upper + "), or " + e.Upper + " alone"
}

// PlanRelease says what Release would do with the same options. The clients must be read-only; nothing is stored.
func (e *Engine) PlanRelease(ctx context.Context, caseID string, o ReleaseOptions) (ReleasePlan, error) {
	c, err := e.o.Store.Case(ctx, caseID)
	p := ReleasePlan{Case: c, Steps: []PlannedUndo{}, Held: []string{}}
	if err != nil {
		return p, err
	}
	records, err := e.o.Store.Records(ctx, caseID)
	if err != nil {
		return p, fmt.Errorf("read records of case %s: %w", caseID, err)
	}
	chosen, held, err := e.chosen(c, records, o.Only)
	if err != nil {
		return p, err
	}
	p.Held = append(p.Held, held...)
	if !slices.ContainsFunc(chosen, action.Record.Open) {
		return p, nil
	}
	env, err := e.env(ctx, c)
	if err != nil {
		return p, err
	}
	if _, err := identify(ctx, env.Clients, c.Target.Account); err != nil {
		return p, err
	}
	env.ReactivateKeys = o.ReactivateKeys
	e.sortByPlaybook(ctx, c, chosen)
	slices.Reverse(chosen)
	chosen = slices.DeleteFunc(chosen, func(r action.Record) bool { return !r.Open() || isNotice(r) })
	p.Steps = make([]PlannedUndo, len(chosen))
	var g errgroup.Group
	g.SetLimit(8)
	for i, rec := range chosen {
		g.Go(func() error {
			p.Steps[i] = e.planUndo(ctx, env, rec, o)
			return nil
		})
	}
	_ = g.Wait()
	for _, s := range p.Steps {
		p.Total.Changes += len(s.Back)
		p.Total.Conflicts += len(s.Conflicts)
		if s.Error != "" {
			p.Total.Errors++
		}
	}
	return p, ctx.Err()
}

func (e *Engine) planUndo(ctx context.Context, env *action.Env, rec action.Record, o ReleaseOptions) PlannedUndo {
	none := action.Restoration{Action: rec.Action, Back: []action.Difference{}, Conflicts: []action.Difference{}}
	a, ok := e.actions[rec.Action]
	if !ok {
		return PlannedUndo{none, "this version of Cordon does not know the action"}
	}
	r, err := action.PlanUndo(ctx, env, a, rec)
	if err != nil {
		return PlannedUndo{none, err.Error()}
	}
	switch {
	case rec.Action == keysAction && !o.ReactivateKeys && len(r.Back) > 0:
		r.Back, r.Reason = []action.Difference{}, "the key stays inactive: it was in someone else's hands; rotate it, or release --reactivate-keys"
	case o.Force && len(r.Conflicts) > 0:
		r.Back = append(r.Back, r.Conflicts...)
		r.Conflicts, r.Reason = []action.Difference{}, "forced: what someone else has changed since is put back too"
	}
	return PlannedUndo{Restoration: r}
}

// keysAction is the action whose release leaves what it set, unless that is asked for.
const keysAction = "iam.disable-access-key"
