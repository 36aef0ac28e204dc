package engine

import (
	"context"

	"golang.org/x/sync/errgroup"

	"cordon/internal/action"
	"cordon/internal/blast"
	"cordon/internal/cloud"
	"cordon/internal/finding"
	"cordon/internal/playbook"
	"cordon/internal/policy"
)

// Plan is what a response to one target would do.
type Plan struct {
	Finding  string          `json:"finding"`
	Type     string          `json:"type"`
	Target   finding.Target  `json:"target"`
	Decision policy.Decision `json:"decision"`
	Steps    []PlannedStep   `json:"steps"`
	Concerns []blast.Concern `json:"concerns"`            // what it would break beside the target; one that asks keeps respond from it
	OpenCase string          `json:"open_case,omitempty"` // the target's; respond then puts back only what has drifted
}

// PlannedStep is one step's change, or the reason why there is none, or the error that kept it from being planned.
type PlannedStep struct {
	action.Change
	Error string `json:"error,omitempty"`

	request action.Request
}

// planCase is the case id that stands in plans.
const planCase = "c-planned"

// Plan says what Respond would do with a finding, from the account's present state. The clients must be read-only;
// the engine needs neither store nor vault for it.
func (e *Engine) Plan(ctx context.Context, f finding.Finding) ([]Plan, error) {
	var out []Plan
	for _, t := range targets(f) {
		d, err := e.decide(ctx, f, t)
		if err != nil {
			return out, err
		}
		p := Plan{Finding: f.ID, Type: f.Type, Target: t, Decision: d, Steps: []PlannedStep{}, Concerns: []blast.Concern{}}
		if d.Outcome == policy.Contain || d.Outcome == policy.Approve {
			if p.Steps, p.Concerns, err = e.planSteps(ctx, f, t, d.Off); err != nil {
				return out, err
			}
		}
		out = append(out, p)
	}
	return out, nil
}

func (e *Engine) planSteps(ctx context.Context, f finding.Finding, t finding.Target, off []string) ([]PlannedStep, []blast.Concern, error) {
	clients, err := e.o.Clients(ctx, t.Account, t.Region)
	if err != nil {
		return nil, nil, err
	}
	subject := playbook.Subject{Case: planCase, Target: t, Config: e.o.Config, Steps: switchedOff(off), RemoteIPs: f.RemoteIPs}
	if f.Identity != nil {
		subject.AccessKeys, subject.PrincipalID = []string{f.Identity.AccessKeyID}, f.Identity.PrincipalID
	}
	var steps []PlannedStep
	var g errgroup.Group
	g.Go(func() (err error) { steps, err = e.planSubject(ctx, clients, subject); return err })
	concerns := []blast.Concern{}
	g.Go(func() error {
		concerns = append(concerns, e.planConcerns(ctx, clients, f, t, off)...)
		return nil
	})
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	return steps, concerns, nil
}

// planSubject plans the steps of a subject's playbook. It only reads.
func (e *Engine) planSubject(ctx context.Context, clients *cloud.Clients, subject playbook.Subject) ([]PlannedStep, error) {
	t := subject.Target
	env := &action.Env{
		Clients: clients, Evidence: noEvidence{}, Planning: true,
		Records: func(context.Context) ([]action.Record, error) { return nil, nil },
	}
	book, _ := playbook.For(subject)
	var steps []playbook.Step
	for _, s := range playbook.Steps(book.Root) {
		if s.Action != playbook.Settle {
			steps = append(steps, s)
		}
	}
	out := make([]PlannedStep, len(steps))
	var g errgroup.Group
	g.Go(func() error {
		_, err := identify(ctx, clients, t.Account)
		return err
	})
	for i, s := range steps {
		g.Go(func() error {
			req, err := action.NewRequest(action.On{Case: planCase, Target: t}, s.With)
			if err != nil {
				return err
			}
			change, err := action.Plan(ctx, env, e.actions[s.Action], req)
			out[i].Change, out[i].request = change, req
			if err != nil {
				out[i].Error = err.Error()
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return out, nil
}

// noEvidence is the evidence of a case that does not exist.
type noEvidence struct{}

func (noEvidence) Put(context.Context, string, []byte) (action.Artifact, error) {
	return action.Artifact{}, &action.Skip{Reason: "a plan keeps no evidence"}
}

func (noEvidence) Attest(context.Context, string, action.Uploaded) (action.Artifact, error) {
	return action.Artifact{}, &action.Skip{Reason: "a plan keeps no evidence"}
}

func (noEvidence) Find(context.Context, string) (action.Artifact, bool, error) {
	return action.Artifact{}, false, nil
}

func (noEvidence) Bucket() (bucket, prefix string, ok bool) { return "", "", false }
