package lambda_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"cordon/internal/asl"
	"cordon/internal/casefile"
	"cordon/internal/engine"
	"cordon/internal/finding"
	"cordon/internal/lambda"
)

// TestApproval does the tasks of an execution that waits for a person: nothing is contained before the yes, the token is
// the case's alone, and a gate whose question is settled does not wait.
func TestApproval(t *testing.T) {
	p := processEngine(t, func(o *engine.Options) {
		o.Guard = func(context.Context, casefile.Case, finding.Finding) ([]string, error) {
			return []string{"it is Friday"}, nil
		}
		o.Caller = func(context.Context) (string, error) { return "arn:aws:iam::111122223333:user/alice", nil }
		o.Answer = func(_ context.Context, token string, yes bool) error {
			if token != "token-1" || !yes {
				t.Errorf("answered %q %v", token, yes)
			}
			return nil
		}
	})
	h := lambda.New(p.Engine)
	do := func(task asl.Task) (any, error) {
		t.Helper()
		task.Execution, task.Started = "e", began
		raw, err := json.Marshal(task)
		if err != nil {
			t.Fatal(err)
		}
		return h.Invoke(t.Context(), raw)
	}
	open := func() asl.OpenedCase {
		t.Helper()
		out, err := do(asl.Task{Task: asl.TaskOpen, Event: example(t, "iam-user.json")})
		if err != nil || len(out.(asl.Opened).Cases) != 1 {
			t.Fatalf("%+v, %v", out, err)
		}
		return out.(asl.Opened).Cases[0]
	}
	is := func(id string, want casefile.Status) {
		t.Helper()
		if c, err := p.store.Case(t.Context(), id); err != nil || c.Status != want {
			t.Errorf("case %s: %s, %v; want %s", c.Status, c.Reason, err, want)
		}
	}
	c := open()
	if !c.Approve || c.Playbook != "iam-user" {
		t.Fatalf("opened %+v", c)
	}
	gate := asl.Task{Task: asl.TaskGate, Case: c.Case, Playbook: c.Playbook, Token: "token-1"}
	if _, err := do(gate); err != nil {
		t.Fatal(err)
	}
	if _, err := do(asl.Task{Task: asl.TaskGate, Case: c.Case}); !errors.As(err, new(*lambda.Unusable)) {
		t.Errorf("a gate without a token: %v", err)
	}
	if again := open(); again.Approve || again.Playbook != asl.NoPlaybook || !again.Clean {
		t.Errorf("a second execution: %+v", again)
	}
	contain := asl.Task{Task: asl.TaskInline, Case: c.Case, Playbook: c.Playbook, Node: "0"}
	if _, err := do(contain); err != nil {
		t.Fatal(err)
	}
	is(c.Case, casefile.AwaitingApproval)
	if _, err := p.Approve(t.Context(), c.Case, true, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := do(gate); !errors.As(err, new(*lambda.Settled)) {
		t.Errorf("a gate after the answer: %v", err)
	}
	if _, err := do(contain); err != nil {
		t.Fatal(err)
	}
	is(c.Case, casefile.Contained)
}

// TestPausedMeanwhile: what was opened before a pause is not contained after it: people are asked.
func TestPausedMeanwhile(t *testing.T) {
	p := processEngine(t)
	h := lambda.New(p.Engine)
	raw, err := json.Marshal(asl.Task{Task: asl.TaskOpen, Execution: "e", Started: began, Event: example(t, "iam-user.json")})
	if err != nil {
		t.Fatal(err)
	}
	out, err := h.Invoke(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	c := out.(asl.Opened).Cases[0]
	if c.Approve {
		t.Fatalf("opened %+v", c)
	}
	if err := p.store.Pause(t.Context(), casefile.Pause{By: "bob", At: began}); err != nil {
		t.Fatal(err)
	}
	if raw, err = json.Marshal(asl.Task{Task: asl.TaskInline, Execution: "e", Started: began, Case: c.Case, Playbook: c.Playbook, Node: "0"}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Invoke(t.Context(), raw); !errors.As(err, new(*lambda.Asks)) {
		t.Errorf("contained while it is paused: %v", err)
	}
}
