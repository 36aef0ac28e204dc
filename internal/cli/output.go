package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"cordon/internal/action"
	"cordon/internal/casefile"
	"cordon/internal/config"
	"cordon/internal/finding"
	"cordon/internal/playbook"
	"cordon/internal/printable"
)

// caseJSON is a case as the command line prints it: part of the contract with scripts.
type caseJSON struct {
	ID               string             `json:"id"`
	Status           casefile.Status    `json:"status"`
	Reason           string             `json:"reason"`
	Target           finding.Target     `json:"target"`
	Findings         []casefile.Finding `json:"findings"`
	Opened           time.Time          `json:"opened"`
	Updated          time.Time          `json:"updated"`
	Playbook         string             `json:"playbook"`
	Releasing        bool               `json:"releasing"`          // a release was begun and is not complete
	ContainedAfterMS *int64             `json:"contained_after_ms"` // null: not contained
	Steps            []stepJSON         `json:"steps"`
	Residual         []string           `json:"residual"`
	Evidence         []action.Artifact  `json:"evidence"`
	Ticket           string             `json:"ticket"`
	Approval         *casefile.Approval `json:"approval"`        // what people are, or were, asked; null: nothing
	Drift            []string           `json:"drift,omitempty"` // what the service last found not to be as it was set
	Concerns         []string           `json:"concerns"`        // what containing the target breaks, or would break, beside it
	Linked           []string           `json:"linked"`          // the cases of the other targets of its findings
}

type stepJSON struct {
	Action  string          `json:"action"`
	Status  action.Status   `json:"status"`
	Started time.Time       `json:"started"`
	Ended   *time.Time      `json:"ended"`
	Error   string          `json:"error"`
	Reason  string          `json:"reason"`
	Prior   json.RawMessage `json:"prior"`
	After   json.RawMessage `json:"after"`
}

func toJSON(c casefile.Case, records []action.Record) caseJSON {
	out := caseJSON{
		ID: c.ID, Status: c.Status, Reason: c.Reason, Target: c.Target, Findings: c.Findings, Opened: c.Opened, Updated: c.Updated,
		Playbook: c.Playbook, Releasing: c.Releasing, Steps: []stepJSON{}, Residual: c.Residual, Evidence: c.Evidence, Ticket: c.Ticket, Linked: append([]string{}, c.Linked...),
		Drift: c.Watch.Drift, Concerns: append([]string{}, c.Concerns...), Approval: asOf(c.Approval, time.Now()),
	}
	if c.ContainedAfter > 0 {
		ms := c.ContainedAfter.Milliseconds()
		out.ContainedAfterMS = &ms
	}
	if out.Residual == nil {
		out.Residual = []string{}
	}
	if out.Evidence == nil {
		out.Evidence = []action.Artifact{}
	}
	for _, r := range inOrder(c.Target, records) {
		s := stepJSON{Action: r.Action, Status: r.Status, Started: r.Started, Error: r.Error, Reason: r.Reason, Prior: r.Prior, After: r.After}
		if r.Status == action.Doing { // a process died here, or is at work right now
			s.Status, s.Reason = action.Waiting, "begun and not finished"
		}
		if !r.Ended.IsZero() {
			s.Ended = &r.Ended
		}
		out.Steps = append(out.Steps, s)
	}
	return out
}

// inOrder sorts records as their playbook is written; steps that run side by side begin in no order. Notices come last.
func inOrder(t finding.Target, records []action.Record) []action.Record {
	p, _ := playbook.For(playbook.Subject{Target: t, Config: config.Everything(config.Config{})})
	if p.Root == nil {
		return records
	}
	place := map[string]int{}
	for i, s := range playbook.Steps(p.Root) {
		place[s.Action] = i + 1
	}
	at := func(r action.Record) int {
		if n, ok := place[r.Action]; ok {
			return n
		}
		return len(place) + 1
	}
	records = slices.Clone(records)
	slices.SortStableFunc(records, func(a, b action.Record) int { return at(a) - at(b) })
	return records
}

// withRecords reads a case's records beside it.
func withRecords(ctx context.Context, store casefile.Store, c casefile.Case) (caseJSON, error) {
	records, err := store.Records(ctx, c.ID)
	if err != nil {
		return caseJSON{}, fmt.Errorf("read records of case %s: %w", c.ID, err)
	}
	return toJSON(c, records), nil
}

// current reads a case as it is now, with its records.
func current(ctx context.Context, store casefile.Store, id string) (caseJSON, error) {
	c, err := store.Case(ctx, id)
	if err != nil {
		return caseJSON{}, err
	}
	return withRecords(ctx, store, c)
}

func (a *app) json() bool { return a.output == "json" }

func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(printable.Writer{W: a.Out})
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
