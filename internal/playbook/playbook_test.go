package playbook_test

import (
	"testing"

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
			p, ok := playbook.For(playbook.Subject{Target: finding.Target{Kind: kind}, Config: config.Default("/")})
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
				if s.SkipLeaves && s.Residual == "" {
					t.Errorf("step %s: SkipLeaves without Residual", s.Action)
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
