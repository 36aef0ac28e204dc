package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cordon/internal/action"
	"cordon/internal/casefile"
	"cordon/internal/casefile/sqlite"
	"cordon/internal/finding"
	"cordon/internal/playbook"
	"cordon/internal/playbook/playbooktest"
	"cordon/internal/vault"
)

// TestOrder runs random trees in process and holds every step against the schedule that package asl's TestOrder holds the
// state machine against: the same steps, each right after what stands before it and beside what stands beside it, whatever
// fails or waits.
func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, err := sqlite.Open(t.Context(), t.TempDir()+"/cordon.db")
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		steps, inside, failed, waited := 0, 0, 0, 0
		for i, tree := range playbooktest.Trees(150, true) {
			got := walk(t, store, fmt.Sprint("i-", i), tree)
			want := tree.Schedule(rounds)
			for key := range want {
				p := tree.Parts[key]
				if p.Inline || p.Gate { // no steps
					delete(want, key)
					continue
				}
				steps++
				inside += count(p.Inside)
				failed += count(p.Fails)
				waited += count(p.Pending > 0)
			}
			if !maps.Equal(got, want) {
				t.Errorf("tree %d ran\n%v, want\n%v\n%#v", i, got, want, tree.Root)
			}
		}
		if steps < 400 || inside < 40 || failed < 50 || waited < 50 {
			t.Errorf("%d steps, %d in an inline; %d fail, %d wait: too few to say anything", steps, inside, failed, waited)
		}
	})
}

// rounds is how often the engine runs a part. A failure of the outside world is recorded, and not tried again; a gate is
// not supported yet, and takes no time.
func rounds(p playbooktest.Part) int {
	switch {
	case p.Gate:
		return 0
	case p.Inline:
		return 1
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

// walk folds a tree with actions that behave as its parts do, in a case of its own.
func walk(t *testing.T, store casefile.Store, target string, tree playbooktest.Tree) map[string]playbooktest.Span {
	t.Helper()
	began := time.Now()
	log := &spans{began: began, of: map[string]playbooktest.Span{}}
	var actions []action.Action
	for key, p := range tree.Parts {
		if !p.Inline && !p.Gate {
			actions = append(actions, log.action(key, p))
		}
	}
	v, err := vault.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	e := New(Options{Actions: actions, Store: store, Vault: v, Owner: "test"})
	c, _, err := store.OpenCase(t.Context(), casefile.Opening{
		NewID: "c-" + target, Target: finding.Target{Account: "111122223333", Region: "eu-west-1", Kind: finding.KindInstance, ID: target},
		Finding: casefile.Finding{ID: "f-" + target}, By: "test", Now: began,
	})
	if err != nil {
		t.Fatal(err)
	}
	r := &run{
		e: e, caseID: c.ID, c: c, p: playbook.Playbook{Name: "toy", Root: tree.Root}, env: &action.Env{}, received: began,
		pre: &preflight{done: make(chan struct{}), caller: "test"}, notices: e.notices(), ledger: &ledger{Ledger: store},
	}
	close(r.pre.done)
	r.fold(t.Context(), tree.Root)
	return log.of
}

// spans notes when each action first began and last ended.
type spans struct {
	mu    sync.Mutex
	began time.Time
	of    map[string]playbooktest.Span
}

// action takes its part's time, in milliseconds.
func (s *spans) action(id string, p playbooktest.Part) action.Action {
	done, rounds := false, 0
	return action.New(action.Spec[action.On, bool]{
		ID: id, Summary: "a toy", Irreversible: "it is a toy",
		Observe: func(context.Context, *action.Env, action.On, *bool) (bool, error) { return done, nil },
		Expect:  func(action.On, bool) bool { return true },
		Do: func(context.Context, *action.Env, action.On, bool) error {
			s.note(id)
			defer s.note(id)
			time.Sleep(time.Duration(p.Units) * time.Millisecond)
			rounds++
			switch {
			case rounds <= p.Pending:
				return &action.Pending{Reason: "not yet"}
			case p.Fails:
				return errors.New("denied")
			default:
				done = true
				return nil
			}
		},
	})
}

func (s *spans) note(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := int(time.Since(s.began).Milliseconds())
	span, again := s.of[id]
	if !again {
		span.Begin = now
	}
	span.End = now
	s.of[id] = span
}
