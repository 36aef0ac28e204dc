package asl_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"cordon/internal/asl"
)

// TestApproval: a person is asked before the playbook, or when the containment asks, once each; whatever becomes of that, the
// containment is run and looks for itself.
func TestApproval(t *testing.T) {
	open := func(approve bool) does {
		return opens(asl.OpenedCase{Case: "c-1", Playbook: "iam-role", Approve: approve})
	}
	asks := does{Errors: []string{asl.ErrorAsks}}
	tests := map[string]struct {
		plan            map[string]does
		order           string
		atLeast, atMost time.Duration // until the last containment
	}{
		"nobody is asked":      {map[string]does{"open": open(false)}, "open @0", 0, 0},
		"an answer":            {map[string]does{"open": open(true), "ask": {Units: ms(time.Hour - time.Second)}}, "open ask @0", time.Hour - time.Second, time.Hour - time.Second},
		"nobody answers":       {map[string]does{"open": open(true), "ask": {Never: true}}, strings.Repeat("ask ", 721) + "@0", 30 * 24 * time.Hour, 31 * 24 * time.Hour},
		"its time is over":     {map[string]does{"open": open(true), "ask": {Errors: []string{"States.Timeout", "States.Timeout", asl.ErrorSettled}}}, "open ask ask ask @0", 2 * time.Second, 2 * time.Second},
		"answered before":      {map[string]does{"open": open(true), "ask": {Units: 1, Always: asl.ErrorSettled}}, "open ask @0", 0, time.Second},
		"the containment asks": {map[string]does{"open": open(false), "@0": asks, "ask": {Units: ms(time.Minute)}}, "open @0 ask @0", time.Minute, time.Minute},
		"both ask":             {map[string]does{"open": open(true), "@0": asks}, "open ask @0 ask @0", 0, 0},
		"nobody can be told":   {map[string]does{"open": open(true), "ask": {Units: 1, Errors: slices.Repeat([]string{asl.ErrorPending}, 3)}}, "open ask ask ask ask @0", 7 * time.Second, 8 * time.Second},
		"the function is down": {map[string]does{"open": open(true), "ask": {Units: 1, Always: "StoreError"}}, "open ask ask ask ask @0", 0, time.Minute},
	}
	names := slices.Sorted(maps.Keys(tests))
	jobs := make([]job, len(names))
	for i, name := range names {
		jobs[i] = job{Input: event, Plan: tests[name].plan}
	}
	for i, d := range execute(t, machine(t, asl.Playbooks()...), jobs) {
		t.Run(names[i], func(t *testing.T) {
			test := tests[names[i]]
			contract(t, d)
			if d.Error != "" || !strings.Contains(d.keys(), test.order+" ") {
				t.Errorf("%.200s; ended with %q, want %.200s", d.keys(), d.Error, test.order)
			}
			last := -1
			for _, c := range d.Calls {
				task := c.task(t)
				if waits := strings.HasSuffix(c.Resource, ":lambda:invoke.waitForTaskToken"); waits != (c.Key == "ask") || waits != (task.Token == "token-1") || task.Task == asl.TaskGate && task.Node != "" {
					t.Errorf("%s: %s with %s", c.State, c.Resource, c.Payload)
				}
				if c.Key == "@0" {
					last = c.Begin
				}
			}
			if last < ms(test.atLeast) || last > ms(test.atMost) || d.count("settle") != 1 {
				t.Errorf("contained at %d ms, want %s to %s; %.200s", last, test.atLeast, test.atMost, d.keys())
			}
		})
	}
}
