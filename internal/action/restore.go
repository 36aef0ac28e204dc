package action

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
)

// Restoration is what Undo would do with a record: its plan. Reason says why there is nothing to do, and what is left as it is.
type Restoration struct {
	Action    string          `json:"action"`
	Prior     json.RawMessage `json:"prior,omitempty"` // what was before, and is to be again
	Now       json.RawMessage `json:"now,omitempty"`
	Back      []Difference    `json:"changes"`   // the parts that are put back: have → want
	Conflicts []Difference    `json:"conflicts"` // someone else has changed them since: left alone unless forced
	Reason    string          `json:"reason,omitempty"`
}

// PlanUndo observes and says what Undo would put back. It makes reading calls only.
func PlanUndo(ctx context.Context, env *Env, a Action, rec Record) (Restoration, error) {
	p := Restoration{Action: rec.Action, Prior: rec.Prior, Back: []Difference{}, Conflicts: []Difference{}}
	switch {
	case !rec.Open():
		p.Reason = "nothing is held"
		return p, nil
	case a.Irreversible != "" && (rec.Status == Waiting || rec.Status == Doing):
		p.Reason = "it is under way, and is not waited for any more"
		return p, nil
	case a.Irreversible != "" && rec.Status == Failed:
		p.Reason = "it failed: what it has collected stays, and there is nothing to put back"
		return p, nil
	case a.Irreversible != "":
		p.Reason = "stays: " + a.Irreversible
		return p, nil
	}
	own := *env
	own.notes = &notebook{}
	now, err := a.impl.observe(ctx, &own, rec.Request, rec.Prior)
	var gone *Gone
	switch {
	case errors.As(err, &gone):
		p.Reason = gone.Error() + ": nothing to put back"
		return p, nil
	case err != nil:
		return p, err
	}
	p.Now = now
	w, err := threeWay(a.impl, rec, now)
	if err != nil {
		return p, err
	}
	parts, err := differences(a.impl, rec.Prior, now)
	if err != nil {
		return p, err
	}
	for _, d := range parts {
		if w.ours[d.Part] {
			p.Back = append(p.Back, d)
		}
	}
	for _, part := range sortedKeys(w.conflicts) {
		d := w.conflicts[part]
		if i := slices.IndexFunc(parts, func(b Difference) bool { return b.Part == part }); i >= 0 {
			d = parts[i]
		}
		p.Conflicts = append(p.Conflicts, d)
	}
	if len(p.Conflicts) > 0 && !a.impl.divisible() {
		p.Back = []Difference{} // all of it or nothing
	}
	if len(p.Back)+len(p.Conflicts) == 0 {
		own.Note("as before already")
	}
	p.Reason = own.notes.text()
	return p, nil
}
