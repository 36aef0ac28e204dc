package asl_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"cordon/internal/asl"
	"cordon/internal/playbook"
)

// event is an execution's input.
var event = map[string]any{"source": "aws.guardduty", "detail": map[string]any{"id": "f-1", "secret": "not to be carried on"}}

// TestCases executes the built-in playbooks with tasks that are stubs, in a time in which a day takes none.
func TestCases(t *testing.T) {
	instance := asl.OpenedCase{Case: "c-1", Playbook: "ec2"}
	role := asl.OpenedCase{Case: "c-2", Playbook: "iam-role"}
	unclean := does{Result: asl.Settled{Case: "c-2", Status: "failed"}}
	tests := map[string]struct {
		plan  map[string]does
		error string
		check func(*testing.T, done)
	}{
		"clean": {plan: map[string]does{"open": opens(instance, role)}},
		"one of several is dirty": {
			plan: map[string]does{"open": opens(instance, role), "c-2 settle": unclean}, error: "Dirty",
			check: func(t *testing.T, d done) {
				if !strings.Contains(d.Cause, "cordon cases") || !strings.Contains(d.Cause, "cordon show CASE") {
					t.Errorf("the cause does not tell what to do: %s", d.Cause)
				}
				if d.count("settle") != 2 || d.count("ec2.seal-network") != 1 {
					t.Errorf("the other case was not answered: %s", d.keys())
				}
			},
		},
		"nothing to do": {
			plan: map[string]does{"open": opens(asl.OpenedCase{Case: "c-1", Playbook: asl.NoPlaybook, Clean: true})},
			check: func(t *testing.T, d done) {
				if d.keys() != "open" {
					t.Errorf("tasks %s", d.keys())
				}
			},
		},
		"nothing to do, and not clean": {
			plan: map[string]does{"open": opens(asl.OpenedCase{Case: "c-1", Playbook: asl.NoPlaybook})}, error: "Dirty",
		},
		"a playbook that the machine does not have": {
			plan: map[string]does{"open": opens(asl.OpenedCase{Case: "c-1", Playbook: "newer", Clean: true})}, error: "Dirty",
		},
		"open fails": {
			plan: map[string]does{"open": {Always: "StoreError"}}, error: "Dirty",
			check: func(t *testing.T, d done) {
				if d.keys() != strings.TrimSpace(strings.Repeat("open ", 16)) {
					t.Errorf("tasks %s", d.keys())
				}
			},
		},
		"open fails for some minutes": {
			plan: map[string]does{"open": {
				Errors: slices.Repeat([]string{"StoreError", "States.Timeout", "Lambda.TooManyRequestsException"}, 7),
				Result: asl.Opened{Cases: []asl.OpenedCase{role}},
			}},
		},
		"the event is no finding": {
			plan: map[string]does{"open": {Always: asl.ErrorUnusable}}, error: "Dirty",
			check: func(t *testing.T, d done) {
				if d.keys() != "open" || d.Took > 0 {
					t.Errorf("tasks %s", d.keys())
				}
			},
		},
		"settle fails": {
			plan: map[string]does{"open": opens(instance, role), "c-2 settle": {Always: "StoreError"}}, error: "Dirty",
			check: func(t *testing.T, d done) {
				if d.count("settle") != 1+16 {
					t.Errorf("settled %d times", d.count("settle"))
				}
			},
		},
		"containment fails": { // that the case is dirty is settle's to say
			plan: map[string]does{"open": opens(instance), "@0": {Always: "Boom"}},
			check: func(t *testing.T, d done) {
				if d.count("@0") != 4 || d.count("ec2.snapshot-volumes") != 1 || d.count("settle") != 1 {
					t.Errorf("tasks %s", d.keys())
				}
			},
		},
		"the case is busy for hours": {
			plan: map[string]does{"open": opens(role), "@0": {Errors: slices.Repeat([]string{asl.ErrorBusy}, 700)}},
			check: func(t *testing.T, d done) {
				if d.count("@0") != 701 || d.Took < ms(11*time.Hour) || d.count("settle") != 1 {
					t.Errorf("%d looks in %d ms", d.count("@0"), d.Took)
				}
			},
		},
		"snapshots take 23 hours": {
			plan: map[string]does{"open": opens(instance), "ec2.snapshot-volumes": {Errors: slices.Repeat([]string{asl.ErrorPending}, 23*60)}},
			check: func(t *testing.T, d done) {
				if n := d.count("ec2.snapshot-volumes"); n != 23*60+1 || d.Took < ms(22*time.Hour) || d.Took > ms(23*time.Hour) {
					t.Errorf("%d looks in %d ms", n, d.Took)
				}
				for _, c := range d.Calls {
					if c.Key != "ec2.snapshot-volumes" && c.Key != "settle" && c.Begin > 0 {
						t.Errorf("%s waited for the snapshots", c.Key)
					}
				}
			},
		},
		"snapshots never end": {
			plan: map[string]does{"open": opens(instance), "ec2.snapshot-volumes": {Always: asl.ErrorPending}},
			check: func(t *testing.T, d done) {
				if d.Took < ms(23*time.Hour) || d.Took > ms(25*time.Hour) || d.count("settle") != 1 {
					t.Errorf("given up after %d ms", d.Took)
				}
			},
		},
		"an invocation is lost": {
			plan: map[string]does{"open": opens(instance), "ec2.screenshot": {Never: true}},
			check: func(t *testing.T, d done) {
				if d.count("ec2.screenshot") != 4 || d.count("settle") != 1 {
					t.Errorf("tasks %s", d.keys())
				}
			},
		},
		"everything fails": {
			plan: map[string]does{
				"open": opens(instance), "ec2.snapshot-volumes": {Always: "A"}, "ec2.screenshot": {Always: "B"},
				"ec2.deregister-targets": {Always: "C"}, "ec2.capture-metadata": {Always: "D"}, "ec2.seal-network": {Always: "E"},
			},
			check: func(t *testing.T, d done) {
				steps := playbook.Steps(asl.Playbooks()[0].Root.(playbook.Seq)[1])
				for _, s := range steps {
					if d.count(s.Action) == 0 {
						t.Errorf("%s was stopped by another step's failure", s.Action)
					}
				}
			},
		},
	}
	names := slices.Sorted(maps.Keys(tests))
	jobs := make([]job, len(names))
	for i, name := range names {
		jobs[i] = job{Input: event, Plan: tests[name].plan}
	}
	for i, d := range execute(t, machine(t, asl.Playbooks()...), jobs) {
		t.Run(names[i], func(t *testing.T) {
			test := tests[names[i]]
			if d.Error != test.error {
				t.Errorf("ended with %q (%s), want %q", d.Error, d.Cause, test.error)
			}
			if test.check != nil {
				test.check(t, d)
			}
			contract(t, d)
		})
	}
}

// contract holds what the function is asked, and what goes between the states, against what they are said to be.
func contract(t *testing.T, d done) {
	t.Helper()
	for _, c := range d.Calls {
		task := c.task(t)
		if c.Function != function || task.Execution != "execution-1" || task.Started.IsZero() {
			t.Errorf("%s: function %s, payload %s", c.State, c.Function, c.Payload)
		}
		if (task.Task == asl.TaskOpen) != (task.Event != nil) || (task.Task == asl.TaskOpen) != (task.Case == "" && task.Playbook == "") {
			t.Errorf("%s: payload %s", c.State, c.Payload)
		}
	}
	inCases := 0
	for _, e := range d.Entered {
		if !e.InCase {
			continue
		}
		inCases++
		var data map[string]json.RawMessage
		if err := json.Unmarshal(e.Input, &data); err != nil {
			t.Errorf("%s: %s: %v", e.Name, e.Input, err)
		}
		if keys := slices.Sorted(maps.Keys(data)); !slices.Equal(keys, []string{"approve", "case", "clean", "playbook"}) {
			t.Errorf("%s was given %s", e.Name, e.Input)
		}
	}
	if d.Calls[len(d.Calls)-1].Key != "open" && inCases == 0 {
		t.Error("no state of a case was entered")
	}
}

// TestGate: the answer is waited for with a token; where none comes the machine goes on, and asks nobody again.
func TestGate(t *testing.T) {
	gate := playbook.Gate{Ask: "Stop it?", Timeout: 90*time.Minute + time.Millisecond}
	m := machine(t, toy("toy", playbook.Seq{playbook.Inline{Node: step("a")}, playbook.Par{step("b"), playbook.Seq{gate, step("c")}}}))
	open := opens(asl.OpenedCase{Case: "c-1", Playbook: "toy"})
	plans := []map[string]does{
		{"open": open, "@1/1/0": {Units: ms(time.Hour)}},
		{"open": open, "@1/1/0": {Never: true}},
		{"open": open, "@1/1/0": {Errors: []string{"Lambda.ServiceException", "StoreError"}, Units: 1}},
	}
	wants := []struct{ asked, atLeast, atMost int }{
		{1, ms(time.Hour), ms(time.Hour)},
		{1, ms(gate.Timeout), ms(gate.Timeout + time.Second)},
		{3, 3, ms(time.Minute)},
	}
	var jobs []job
	for _, p := range plans {
		jobs = append(jobs, job{Input: event, Plan: p})
	}
	for i, d := range execute(t, m, jobs) {
		contract(t, d)
		want := wants[i]
		if n := d.count("@1/1/0"); n != want.asked || d.Error != "" {
			t.Errorf("plan %d: asked %d times, want %d; %s", i, n, want.asked, d.Error)
		}
		for _, c := range d.Calls {
			task := c.task(t)
			if (task.Task == asl.TaskGate) != (task.Token == "token-1") || (task.Task == asl.TaskGate) != strings.HasSuffix(c.Resource, ":lambda:invoke.waitForTaskToken") {
				t.Errorf("%s: %s with %s", c.State, c.Resource, c.Payload)
			}
			if c.Key == "c" && (c.Begin < want.atLeast || c.Begin > want.atMost) {
				t.Errorf("plan %d: went on at %d, want %d to %d", i, c.Begin, want.atLeast, want.atMost)
			}
		}
		if d.count("c") != 1 || d.count("settle") != 1 {
			t.Errorf("plan %d: %s", i, d.keys())
		}
	}
}
