package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"cordon/internal/action"
	"cordon/internal/casefile"
)

// askedPlan is the plan that people are asked about: what is done, to what, and what that changes. It is the same bytes for the
// same plan, whenever it is made; nothing in it is a time.
type askedPlan struct {
	Target string      `json:"target"`
	Steps  []AskedStep `json:"steps"`
}

// AskedStep is one step of a plan that people are asked about. Nothing is a step that has nothing to do; Unknown one whose target cannot be read now.
type AskedStep struct {
	Action  string              `json:"action"`
	Request json.RawMessage     `json:"request"`
	Changes []action.Difference `json:"changes"`
	Nothing bool                `json:"nothing,omitempty"`
	Unknown bool                `json:"unknown,omitempty"`
}

// casePlan is the plan of a case as it would be run now, from the account's present state. It only reads.
func (e *Engine) casePlan(ctx context.Context, c casefile.Case) (askedPlan, error) {
	findings, err := e.findings(ctx, c)
	if err != nil {
		return askedPlan{}, err
	}
	s := e.subject(c, findings)
	s.Case, s.Since = planCase, "" // a repeat of the same finding is no other plan
	clients, err := e.o.Clients(ctx, c.Target.Account, c.Target.Region)
	if err != nil {
		return askedPlan{}, err
	}
	steps, err := e.planSubject(ctx, clients, s)
	if err != nil {
		return askedPlan{}, err
	}
	out := askedPlan{Target: c.Target.String(), Steps: []AskedStep{}}
	for _, step := range steps {
		out.Steps = append(out.Steps, AskedStep{
			Action: step.Action, Request: step.request, Changes: step.Parts,
			Nothing: step.Error == "" && step.Reason != "", Unknown: step.Error != "",
		})
	}
	return out, nil
}

// hash names the plan: SHA-256 (hex) of its JSON.
func (a askedPlan) hash() (hash string, raw []byte, err error) {
	if raw, err = json.Marshal(a); err != nil {
		return "", nil, fmt.Errorf("encode plan: %w", err)
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:]), raw, nil
}

// planName is the evidence that keeps a plan.
func planName(hash string) string { return "approval-plan-" + hash[:min(16, len(hash))] + ".json" }

// planAsked reads the plan back that people were asked about.
func (e *Engine) planAsked(ctx context.Context, caseID, hash string) (askedPlan, error) {
	raw, err := e.o.Vault.Get(ctx, caseID, planName(hash))
	if err != nil {
		return askedPlan{}, err
	}
	if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) != hash {
		return askedPlan{}, errors.New("the plan in the evidence is not the one that was asked about")
	}
	var a askedPlan
	if err := json.Unmarshal(raw, &a); err != nil {
		return a, fmt.Errorf("read plan: %w", err)
	}
	return a, nil
}

// AskedPlan gives the steps of the plan that people are, or were, asked about, as the evidence has it.
func (e *Engine) AskedPlan(ctx context.Context, c casefile.Case) ([]AskedStep, error) {
	if c.Approval == nil {
		return nil, &NotAskedError{c.ID, c.Status}
	}
	p, err := e.planAsked(ctx, c.ID, c.Approval.Plan)
	return p.Steps, err
}

// mostChanges is how many differences of two plans are told.
const mostChanges = 8

// planChanges says what is different in a later plan, for people.
func planChanges(was, now askedPlan) (out []string) {
	before := map[string]AskedStep{}
	for _, s := range was.Steps {
		before[s.Action] = s
	}
	for _, s := range now.Steps {
		b, known := before[s.Action]
		delete(before, s.Action)
		switch {
		case !known:
			out = append(out, s.Action+" is new in it")
		case !same(b.Request, s.Request):
			out = append(out, s.Action+" is asked for something else")
		case b.Nothing != s.Nothing || b.Unknown != s.Unknown:
			out = append(out, s.Action+" "+s.state()+", before it "+b.state())
		}
		if known {
			out = append(out, changedParts(s.Action, b.Changes, s.Changes)...)
		}
	}
	for _, s := range was.Steps {
		if _, gone := before[s.Action]; gone {
			out = append(out, s.Action+" is not in it any more")
		}
	}
	if len(out) == 0 {
		return []string{"its steps stand in another order"}
	}
	if len(out) > mostChanges {
		out = append(out[:mostChanges], fmt.Sprintf("and %d more", len(out)-mostChanges))
	}
	return out
}

func changedParts(id string, was, now []action.Difference) (out []string) {
	for _, d := range now {
		i := slices.IndexFunc(was, func(b action.Difference) bool { return b.Part == d.Part })
		switch {
		case i < 0:
			out = append(out, id+" now changes "+part(d.Part)+": "+value(d.Have)+" → "+value(d.Want))
		case !same(was[i].Have, d.Have) || !same(was[i].Want, d.Want):
			out = append(out, fmt.Sprintf("%s changes %s: %s → %s, before %s → %s", id, part(d.Part), value(d.Have), value(d.Want), value(was[i].Have), value(was[i].Want)))
		}
	}
	for _, b := range was {
		if !slices.ContainsFunc(now, func(d action.Difference) bool { return d.Part == b.Part }) {
			out = append(out, id+" leaves "+part(b.Part)+" alone")
		}
	}
	return out
}

func (s AskedStep) state() string {
	switch {
	case s.Unknown:
		return "cannot be planned"
	case s.Nothing:
		return "has nothing to do"
	default:
		return "has something to do"
	}
}

// part is a part's name, also of a state that is one part.
func part(name string) string {
	if name == "" {
		return "it"
	}
	return name
}

// value is a part's value, "absent" where there is none.
func value(raw json.RawMessage) string {
	if len(raw) == 0 || string(raw) == "null" {
		return "absent"
	}
	return string(raw)
}

// same compares two values as they are after a way through JSON, where null is nothing.
func same(a, b json.RawMessage) bool { return bytes.Equal([]byte(value(a)), []byte(value(b))) }
