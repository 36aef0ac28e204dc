package playbook_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cordon/internal/actions"
	"cordon/internal/config"
	"cordon/internal/finding"
	"cordon/internal/playbook"
)

// TestPlaybooks holds every playbook to what the engine relies on.
func TestPlaybooks(t *testing.T) {
	known := map[string]bool{playbook.Settle: true}
	for _, a := range actions.Catalog() {
		known[a.ID] = true
	}
	for _, kind := range playbook.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			p, ok := playbook.For(playbook.Subject{Target: finding.Target{Kind: kind}, Config: config.Everything(config.Default("/"))})
			if !ok || p.Kind != kind || p.Name == "" || p.Summary == "" {
				t.Fatalf("playbook %+v", p)
			}
			steps := playbook.Steps(p.Root)
			seen := map[string]bool{}
			essential := 0
			for _, s := range steps {
				if !known[s.Action] {
					t.Errorf("step %s is no action of the catalogue", s.Action)
				}
				if seen[s.Action] {
					t.Errorf("step %s stands twice: a case has one record for each action", s.Action)
				}
				seen[s.Action] = true
				if s.Essential {
					essential++
				}
				if (s.SkipLeaves || s.UntilDone) && s.Residual == "" {
					t.Errorf("step %s: SkipLeaves or UntilDone without Residual", s.Action)
				}
			}
			if essential == 0 {
				t.Error("no essential step: nothing would ever be contained")
			}
			if steps[len(steps)-1].Action != playbook.Settle {
				t.Error("the last step is not " + playbook.Settle)
			}
			first, ok := p.Root.(playbook.Seq)[0].(playbook.Inline)
			if !ok {
				t.Fatal("the first node is not the Inline containment")
			}
			for _, s := range playbook.Steps(first) {
				essential -= map[bool]int{true: 1}[s.Essential]
			}
			if essential != 0 {
				t.Error("an essential step stands outside the containment")
			}
		})
	}
	if _, ok := playbook.For(playbook.Subject{Target: finding.Target{Kind: finding.KindEKSCluster}}); ok {
		t.Error("a playbook for a kind that has none")
	}
}

// TestSwitchedOff: whatever is switched off, the rest of the tree is as it was, in the same places; what is essential, the
// end, and what nobody named stay.
func TestSwitchedOff(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(playbook.Kinds()).Draw(t, "kind")
		s := playbook.Subject{Case: "c-1", Target: finding.Target{Kind: kind}, Config: config.Everything(config.Default("/"))}
		full, _ := playbook.For(s)
		s.Steps = map[string]bool{"no.such-step": false}
		for _, step := range playbook.Steps(full.Root) {
			if rapid.Bool().Draw(t, step.Action+" named") {
				s.Steps[step.Action] = rapid.Bool().Draw(t, step.Action)
			}
		}
		p, ok := playbook.For(s)
		if !ok {
			t.Fatal("no playbook")
		}
		want := blank(full.Root, s.Steps)
		if diff := cmp.Diff(want, p.Root); diff != "" {
			t.Fatal(diff)
		}
		if p.Name != full.Name || p.Summary != full.Summary {
			t.Fatal("the playbook is another one")
		}
	})
}

// blank is the tree without the steps that may go and are named with false.
func blank(n playbook.Node, steps map[string]bool) playbook.Node {
	all := func(nodes []playbook.Node) []playbook.Node {
		out := []playbook.Node{}
		for _, c := range nodes {
			if c = blank(c, steps); c != nil {
				out = append(out, c)
			}
		}
		return out
	}
	switch n := n.(type) {
	case playbook.Step:
		if on, named := steps[n.Action]; named && !on && !n.Essential && n.Action != playbook.Settle {
			return nil
		}
		return n
	case playbook.Seq:
		return playbook.Seq(all(n))
	case playbook.Par:
		return playbook.Par(all(n))
	case playbook.Inline:
		return playbook.Inline{Node: blank(n.Node, steps)}
	default:
		return n
	}
}

// TestSwitchable: the configuration's list of steps is the playbooks'; what it lets nobody switch off is what is essential,
// and what closes or ends.
func TestSwitchable(t *testing.T) {
	fixed := map[string]bool{playbook.Settle: true, "ec2.seal-network": true, "ec2.map-paths": true}
	var free, always []string
	for _, kind := range playbook.Kinds() {
		p, _ := playbook.For(playbook.Subject{Target: finding.Target{Kind: kind}, Config: config.Everything(config.Default("/"))})
		for _, s := range playbook.Steps(p.Root) {
			if s.Essential || fixed[s.Action] {
				always = append(always, s.Action)
			} else {
				free = append(free, s.Action)
			}
		}
	}
	sorted := func(list []string) []string {
		slices.Sort(list)
		return slices.Compact(list)
	}
	if diff := cmp.Diff(sorted(free), config.Switchable()); diff != "" {
		t.Errorf("steps that a rule may switch off: %s", diff)
	}
	if diff := cmp.Diff(sorted(always), config.Fixed()); diff != "" {
		t.Errorf("steps that always run: %s", diff)
	}
}
