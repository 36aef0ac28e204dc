package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"cordon/internal/action"
	"cordon/internal/casefile"
	"cordon/internal/playbook"
	"cordon/internal/vault"
)

// Verification is what Verify found: the case's changes held against the account, its evidence against its hashes.
type Verification struct {
	Case     casefile.Case   `json:"case"`
	Holds    bool            `json:"holds"`   // no drift and no problem
	Checked  []string        `json:"checked"` // actions whose state was read back
	Drift    []Drift         `json:"drift"`
	Evidence int             `json:"evidence_checked"` // pieces whose hash was computed again
	Problems []vault.Problem `json:"evidence_problems"`
}

// Drift is one action whose state is not any more as it was set, or could not be read.
type Drift struct {
	Action string `json:"action"`
	Text   string `json:"text"`

	gone, unread bool // the resource does not exist any more; its state could not be read
}

// Verify reads back every change of the case and hashes its evidence again. It changes nothing.
func (e *Engine) Verify(ctx context.Context, caseID string) (Verification, error) {
	c, err := e.o.Store.Case(ctx, caseID)
	v := Verification{Case: c, Checked: []string{}, Drift: []Drift{}, Problems: []vault.Problem{}}
	if err != nil {
		return v, err
	}
	records, err := e.o.Store.Records(ctx, caseID)
	if err != nil {
		return v, fmt.Errorf("read records of case %s: %w", caseID, err)
	}
	for _, rec := range records {
		if c.Releasing && (rec.Status == action.Conflict || rec.Status == action.Failed) && rec.Open() {
			v.Drift = append(v.Drift, Drift{Action: rec.Action, Text: "release is not complete: " + why(rec)})
		}
	}
	if c.Releasing && len(v.Drift) == 0 {
		v.Drift = append(v.Drift, Drift{Action: "case", Text: "a release was begun and is not complete: cordon release " + c.ID + " goes on with it"})
	}
	if err := e.unfinished(ctx, c, records, &v); err != nil {
		return v, err
	}
	held := e.held(records)
	if len(held) > 0 {
		if err := e.verifyRecords(ctx, c, held, &v); err != nil {
			return v, err
		}
	}
	problems, err := vault.Verify(ctx, e.o.Vault, caseID, c.Evidence, c.ChainHead)
	if err != nil {
		return v, fmt.Errorf("verify evidence of case %s: %w", caseID, err)
	}
	v.Evidence, v.Problems = len(c.Evidence), append(v.Problems, problems...)
	v.Holds = len(v.Drift)+len(v.Problems) == 0
	return v, nil
}

// unfinished adds what a case that should be contained is lacking: an essential step that is not done, a run that did not
// go to its end.
func (e *Engine) unfinished(ctx context.Context, c casefile.Case, records []action.Record, v *Verification) error {
	switch c.Status {
	case casefile.Released, casefile.Observed, casefile.Unsupported, casefile.AwaitingApproval:
		return nil
	}
	if c.Releasing {
		return nil
	}
	p, err := e.playbook(ctx, c)
	if err != nil {
		return err
	}
	byAction := map[string]action.Record{}
	for _, rec := range records {
		byAction[rec.Action] = rec
	}
	for _, s := range playbook.Steps(p.Root) {
		rec, until := byAction[s.Action], byAction[e.actions[s.Action].Until]
		if s.Essential && rec.Status != action.Done && until.Status != action.Done && !slices.Contains(c.LetGo, s.Action) {
			v.Drift = append(v.Drift, Drift{Action: s.Action, Text: "NOT contained: " + why(rec)})
		}
	}
	if len(c.Unanswered) > 0 {
		v.Drift = append(v.Drift, Drift{Action: "case", Text: "not answered yet: finding " + strings.Join(c.Unanswered, ", ") + ": answer it again"})
	}
	if !c.Settled {
		v.Drift = append(v.Drift, Drift{Action: "case", Text: "the last run did not go to its end: answer the finding again, it goes on where it was"})
	}
	return nil
}

// held are the records whose state should still stand: done, and not taken over by a later action.
func (e *Engine) held(records []action.Record) (out []action.Record) {
	done := map[string]bool{}
	for _, rec := range records {
		done[rec.Action] = rec.Status == action.Done
	}
	for _, rec := range records {
		if a, ok := e.actions[rec.Action]; ok && done[rec.Action] && (a.Until == "" || !done[a.Until]) {
			out = append(out, rec)
		}
	}
	return out
}

func (e *Engine) verifyRecords(ctx context.Context, c casefile.Case, records []action.Record, v *Verification) error {
	env, err := e.env(ctx, c)
	if err != nil {
		return err
	}
	if _, err := identify(ctx, env.Clients, c.Target.Account); err != nil {
		return err
	}
	found := make([][]Drift, len(records))
	var g errgroup.Group
	g.SetLimit(8)
	for i, rec := range records {
		v.Checked = append(v.Checked, rec.Action)
		g.Go(func() error {
			differences, err := action.Drift(ctx, env, e.actions[rec.Action], rec)
			var gone *action.Gone
			switch {
			case errors.As(err, &gone):
				found[i] = []Drift{{Action: rec.Action, Text: gone.Error(), gone: true}}
			case err != nil:
				found[i] = []Drift{{Action: rec.Action, Text: "could not be read: " + err.Error(), unread: true}}
			}
			for _, d := range differences {
				found[i] = append(found[i], Drift{Action: rec.Action, Text: d.String()})
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, d := range found {
		v.Drift = append(v.Drift, d...)
	}
	return nil
}
