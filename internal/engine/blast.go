package engine

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"cordon/internal/action"
	"cordon/internal/blast"
	"cordon/internal/casefile"
	"cordon/internal/cloud"
	"cordon/internal/finding"
	"cordon/internal/playbook"
)

// NeedsApproval says that containing the target would break what the configuration wants a person to say yes to first.
// Nothing was changed.
type NeedsApproval struct{ Concerns []blast.Concern }

func (e *NeedsApproval) Error() string {
	return "a person must say yes first: " + strings.Join(texts(e.Concerns, true), "; ")
}

// texts are those of the concerns; with asking alone, of those that ask.
func texts(concerns []blast.Concern, asking bool) (out []string) {
	for _, c := range concerns {
		if c.Ask || !asking {
			out = append(out, c.Text)
		}
	}
	return out
}

// guard makes the run look at the blast radius before the target feels anything. The look runs beside the preflight, the
// first observations and the making of what containment needs, so that it costs no round trip in a row. A case is looked at
// once: what began under a yes goes to its end.
//
//	preflight ─────────┬─ permit ─▶ observe, store, prepare ─┐
//	blast.Look ────────┴─────────────────────────────────────┴─ touch ─▶ the target is changed
func (r *run) guard(ctx context.Context) {
	switch r.c.Status {
	case casefile.Contained, casefile.Partial, casefile.Released:
		return
	}
	if r.c.Weighed || r.e.cleared(r.c) {
		return
	}
	weighed := make(chan struct{})
	var verdict error
	go func() {
		defer close(weighed)
		concerns := r.look(cloud.Urgent(ctx))
		if r.pre.permit(ctx) != nil {
			return // nothing is begun, and nothing was seen by the right credentials
		}
		if verdict = needsApproval(concerns); verdict == nil {
			concerns = append(concerns, r.admit(ctx)...)
			verdict = needsApproval(concerns)
		}
		if verdict == nil {
			verdict = r.weigh(ctx, concerns)
		}
	}()
	r.env.Touch = func(ctx context.Context) error {
		select {
		case <-weighed:
			return verdict
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func needsApproval(concerns []blast.Concern) error {
	if !slices.ContainsFunc(concerns, func(c blast.Concern) bool { return c.Ask }) {
		return nil
	}
	return &NeedsApproval{concerns}
}

// look is the run's look at its target.
func (r *run) look(ctx context.Context) []blast.Concern {
	return blast.Look(ctx, r.env.Clients, r.c.Target, r.e.lookOptions(ctx, r.c.Target, r.findings, r.c.Off, r.pre.who))
}

// lookOptions are those of a look at a target of these findings; off are the steps that are left out.
func (e *Engine) lookOptions(
	ctx context.Context, t finding.Target, findings []finding.Finding, off []string, caller func(context.Context) string,
) blast.Options {
	o := blast.Options{Config: e.o.Config, Caller: caller, GroupOf: e.groupOf}
	var remote []string
	for _, f := range findings {
		remote = addNew(remote, f.RemoteIPs)
		if f.Identity != nil {
			o.Keys = append(o.Keys, f.Identity.AccessKeyID)
		}
		if t.Kind != finding.KindRole {
			continue
		}
		if c, err := e.o.Clients(ctx, t.Account, f.Region); err == nil {
			o.Instances = c
		}
	}
	if t.Kind == finding.KindInstance && e.o.Config.EC2.BlockRemoteIPs && !slices.Contains(off, blockAction) && len(remote) > 0 {
		o.Blocks = func(ctx context.Context) ([]string, error) { return e.blocks(ctx, t, remote) }
	}
	return o
}

// blockAction is the action that denies remote addresses.
const blockAction = "ec2.block-remote-ip"

// blocks are the blocks of addresses that its plan denies, as only the action itself can tell.
func (e *Engine) blocks(ctx context.Context, t finding.Target, remote []string) ([]string, error) {
	clients, err := e.o.Clients(ctx, t.Account, t.Region)
	if err != nil {
		return nil, err
	}
	req, err := action.NewRequest(action.On{Case: planCase, Target: t}, playbook.Blocking(e.o.Config.EC2, remote))
	if err != nil {
		return nil, err
	}
	change, err := action.Plan(ctx, &action.Env{Clients: clients, Planning: true}, e.actions[blockAction], req)
	var out []string
	for _, d := range change.Parts {
		var words string
		if json.Unmarshal(d.Want, &words) == nil {
			out = addNew(out, []string{strings.TrimPrefix(words, "deny ")})
		}
	}
	return out, err
}

// weigh keeps the concerns with the case before the target feels anything: a run that goes on later does not ask again.
func (r *run) weigh(ctx context.Context, concerns []blast.Concern) error {
	_, err := r.e.o.Store.Update(ctx, r.caseID, func(c *casefile.Case) ([]casefile.Entry, error) {
		c.Weighed, c.Concerns = true, texts(concerns, false)
		var entries []casefile.Entry
		for _, text := range c.Concerns {
			entries = append(entries, casefile.Entry{By: r.e.o.Owner, Event: "concern", Text: text})
		}
		return entries, nil
	})
	if err != nil {
		return storeError(err)
	}
	return nil
}

// awaitApproval settles a case whose containment asks for a yes. What was asked for before stays asked.
func (e *Engine) awaitApproval(ctx context.Context, c casefile.Case, f finding.Finding, need *NeedsApproval) (casefile.Case, error) {
	ctx = context.WithoutCancel(ctx)
	now, err := e.o.Store.Update(ctx, c.ID, func(c *casefile.Case) ([]casefile.Entry, error) {
		c.Concerns = texts(need.Concerns, false)
		return nil, nil
	})
	if err != nil {
		return c, storeError(err)
	}
	now.News = c.News
	now, _, err = e.AskApproval(ctx, now, Ask{
		Finding: f, Why: texts(need.Concerns, true), Held: true, Quiet: e.quiet(ctx, c.ID, need.Concerns),
	})
	return now, err
}

// groupOf gives the Auto Scaling group that a case has taken its instance out of. The case's id comes from a tag.
func (e *Engine) groupOf(ctx context.Context, caseID string) string {
	if e.o.Store == nil || !casefile.ValidID(caseID) {
		return ""
	}
	rec, ok, err := e.o.Store.Record(ctx, caseID, "ec2.detach-asg")
	if err != nil || !ok {
		return ""
	}
	var prior struct {
		Group string `json:"group"`
	}
	if json.Unmarshal(rec.Prior, &prior) != nil {
		return ""
	}
	return prior.Group
}

// reasonOf is a case's reason with its concerns, for a notice.
func reasonOf(c casefile.Case) string {
	out := c.Reason
	for _, text := range c.Concerns {
		if !strings.Contains(c.Reason, text) {
			out = strings.TrimPrefix(out+"; note: "+text, "; ")
		}
	}
	return out
}

// planConcerns is the look of a plan.
func (e *Engine) planConcerns(ctx context.Context, c *cloud.Clients, f finding.Finding, t finding.Target, off []string) []blast.Concern {
	return blast.Look(ctx, c, t, e.lookOptions(ctx, t, []finding.Finding{f}, off, func(ctx context.Context) string {
		who, err := identify(ctx, c, t.Account)
		if err != nil {
			return ""
		}
		return who
	}))
}
