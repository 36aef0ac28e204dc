package asl_test

import (
	"fmt"
	"maps"
	"testing"

	"cordon/internal/asl"
	"cordon/internal/playbook"
	"cordon/internal/playbook/playbooktest"
)

// TestOrder executes random trees and holds every task against the schedule that package engine's TestOrder holds the engine
// against: the same steps, each right after what stands before it and beside what stands beside it, whatever fails or waits.
func TestOrder(t *testing.T) {
	trees := playbooktest.Trees(150, false)
	jobs, playbooks := make([]job, len(trees)), make([]playbook.Playbook, len(trees))
	for i, tree := range trees {
		playbooks[i] = toy(fmt.Sprint("toy-", i), tree.Root)
		plan := map[string]does{"open": opens(asl.OpenedCase{Case: "c-1", Playbook: playbooks[i].Name})}
		for key, p := range tree.Parts {
			d := does{Units: p.Units}
			for range p.Pending {
				d.Errors = append(d.Errors, asl.ErrorPending)
			}
			if p.Fails {
				d.Always = "StoreError"
			}
			plan[key] = d
		}
		jobs[i] = job{Input: map[string]any{"detail": "x"}, Instant: true, Plan: plan}
	}
	inlines, gates, failed, waited, tasks := 0, 0, 0, 0, 0
	for i, d := range execute(t, machine(t, playbooks...), jobs) {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			if d.Error != "" {
				t.Fatalf("ended with %s: %s", d.Error, d.Cause)
			}
			want := trees[i].Schedule(runs)
			end := 0
			for key, span := range want {
				p := trees[i].Parts[key]
				if p.Inside {
					delete(want, key) // not a task of its own
					continue
				}
				end = max(end, span.End)
				if got := d.count(key); got != runs(p) {
					t.Errorf("%s was run %d times, want %d", key, got, runs(p))
				}
				tasks++
				inlines += count(p.Inline)
				gates += count(p.Gate)
				failed += count(p.Fails)
				waited += count(p.Pending > 0)
			}
			got := map[string]playbooktest.Span{}
			for _, c := range d.Calls {
				s, again := got[c.Key]
				if !again {
					s.Begin = c.Begin
				}
				s.End = *c.End
				got[c.Key] = s
			}
			if settled := got["settle"].Begin; settled != end {
				t.Errorf("settled at %d, want %d", settled, end)
			}
			delete(got, "open")
			delete(got, "settle")
			if !maps.Equal(got, want) {
				t.Errorf("ran\n%v, want\n%v\n%#v", got, want, trees[i].Root)
			}
		})
	}
	if tasks < 500 || inlines < 50 || gates < 50 || failed < 50 || waited < 50 {
		t.Errorf("%d tasks, %d inlines, %d gates; %d fail, %d wait: too few to say anything", tasks, inlines, gates, failed, waited)
	}
}

// runs is how often the machine invokes the function for a part. What is in an Inline is the function's to repeat.
func runs(p playbooktest.Part) int {
	switch {
	case p.Inside:
		return 1
	case p.Fails:
		return p.Pending + 4
	default:
		return p.Pending + 1
	}
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
