package action

import (
	"context"
	"encoding/json"
	"errors"
)

// Drift compares a done record with the account as it is now: its parts, and where these are as they were, whether the target
// has gained something that Do would go after (*Drifted). Nothing is changed.
func Drift(ctx context.Context, env *Env, a Action, rec Record) ([]Difference, error) {
	if rec.Status != Done || len(rec.After) == 0 {
		return nil, nil
	}
	now, err := a.impl.observe(ctx, env, rec.Request, rec.Prior)
	if err != nil {
		return nil, err
	}
	out, err := differences(a.impl, rec.After, now)
	var drifted *Drifted
	if err == nil && len(out) == 0 && errors.As(a.impl.verify(rec.Request, rec.Prior, now), &drifted) {
		out = []Difference{{Text: drifted.What}}
	}
	return out, err
}

// Change is what an action would do: its plan. Reason says why there is nothing to do; then Prior and Want are nil.
type Change struct {
	Action string          `json:"action"`
	Prior  json.RawMessage `json:"prior,omitempty"`
	Want   json.RawMessage `json:"want,omitempty"`
	Parts  []Difference    `json:"changes"`
	Calls  []string        `json:"calls"` // the IAM actions of the changing calls
	Reason string          `json:"reason,omitempty"`
}

// Plan observes and says what Do would change. It makes reading calls only.
func Plan(ctx context.Context, env *Env, a Action, req Request) (Change, error) {
	c := Change{Action: a.ID, Calls: a.Writes(), Parts: []Difference{}}
	prior, err := a.impl.observe(ctx, env, req, nil)
	var skip *Skip
	reason, moot := nothingToDo(err)
	switch {
	case errors.As(err, &skip):
		c.Reason, c.Calls = skip.Reason, []string{}
		return c, nil
	case moot:
		c.Reason, c.Calls = reason, []string{}
		return c, nil
	case err != nil:
		return c, err
	}
	want, err := a.impl.expect(req, prior)
	if err != nil {
		return c, err
	}
	c.Prior, c.Want = prior, want
	c.Parts, err = differences(a.impl, want, prior)
	if len(c.Parts) == 0 {
		c.Parts, c.Reason, c.Calls = []Difference{}, a.nothingToChange(prior), []string{}
	}
	return c, err
}

// Residual names what may still get through although the record is done.
func Residual(a Action, rec Record) ([]string, error) {
	if rec.Status != Done || len(rec.After) == 0 {
		return nil, nil
	}
	return a.impl.residual(rec.Request, rec.Prior, rec.After)
}
