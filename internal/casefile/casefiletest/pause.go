package casefiletest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"cordon/internal/casefile"
)

func paused(t *testing.T, s casefile.Store) {
	ctx := t.Context()
	is := func(name string, want casefile.Pause, entries ...string) {
		t.Helper()
		p, ok, err := s.Paused(ctx)
		must(t, err)
		if ok != (want.By != "") {
			t.Errorf("%s: paused %v", name, ok)
		}
		same(t, name, p, want)
		journal, err := s.Pauses(ctx)
		must(t, err)
		got := []string{}
		for n, e := range journal {
			if e.Seq != n+1 {
				t.Errorf("%s: entry %d has Seq %d", name, n+1, e.Seq)
			}
			got = append(got, e.At.Format("15:04")+" "+e.Event+" by "+e.By+": "+e.Text)
		}
		same(t, name+": pauses", got, append([]string{}, entries...))
	}
	is("at first", casefile.Pause{})
	must(t, s.Resume(ctx, "alice", epoch)) // nothing to resume
	is("resumed without a pause", casefile.Pause{})

	first := casefile.Pause{By: "alice", At: epoch.In(time.FixedZone("elsewhere", 3600)), Reason: "maintenance \x00\u202e"}
	must(t, s.Pause(ctx, first))
	first.At = epoch
	one := "12:00 paused by alice: maintenance \x00\u202e"
	is("paused", first, one)

	second := casefile.Pause{By: "bob", At: epoch.Add(time.Minute)}
	must(t, s.Pause(ctx, second))
	two := "12:01 paused by bob: "
	is("paused again", second, one, two)

	must(t, s.Resume(ctx, "carol", epoch.Add(2*time.Minute)))
	must(t, s.Resume(ctx, "dave", epoch.Add(3*time.Minute))) // too late
	three := "12:02 resumed by carol: "
	is("resumed", casefile.Pause{}, one, two, three)

	must(t, s.Pause(ctx, first))
	is("and once more", first, one, two, three, one)

	if s.Pause(ctx, casefile.Pause{At: epoch}) == nil || s.Resume(ctx, "", epoch) == nil {
		t.Error("nobody paused and resumed")
	}
	is("nobody", first, one, two, three, one)
}

func pausedConcurrently(t *testing.T, s casefile.Store) {
	var group sync.WaitGroup
	const people = 12
	for n := range people {
		group.Go(func() {
			if err := s.Pause(t.Context(), casefile.Pause{By: fmt.Sprint(n), At: epoch}); err != nil {
				t.Error(err)
			}
			if p, ok, err := s.Paused(t.Context()); !ok || p.By == "" || err != nil {
				t.Errorf("after a pause: %+v, %v, %v", p, ok, err)
			}
		})
	}
	group.Wait()
	for range 3 {
		group.Go(func() {
			if err := s.Resume(t.Context(), "x", epoch); err != nil {
				t.Error(err)
			}
			if _, ok, err := s.Paused(t.Context()); ok || err != nil {
				t.Errorf("after a resumption: %v, %v", ok, err)
			}
		})
	}
	group.Wait()
	journal, err := s.Pauses(t.Context())
	must(t, err)
	last := ""
	for n, e := range journal {
		if e.Seq != n+1 {
			t.Errorf("entry %d has Seq %d", n+1, e.Seq)
		}
		last = e.Event
	}
	if len(journal) != people+1 || last != "resumed" {
		t.Errorf("%d entries, the last %q; want every pause and one resumption", len(journal), last)
	}
}
