package casefiletest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cordon/internal/casefile"
)

func limit(scope string, most int) casefile.Limit {
	return casefile.Limit{Scope: scope, Max: most, Window: time.Hour}
}

func limitsSlide(t *testing.T, s casefile.Store) {
	limits := []casefile.Limit{limit("total", 2)}
	for _, step := range []struct {
		name, id string
		at       time.Duration // since epoch
		full     bool
		counted  int // afterwards
	}{
		{"the first", "c-1", 0, false, 1},
		{"the same again", "c-1", time.Minute, false, 1},
		{"the second", "c-2", 20 * time.Minute, false, 2},
		{"one too many", "c-3", 30 * time.Minute, true, 2},
		{"the same, although it is full", "c-2", 40 * time.Minute, false, 2},
		{"just before the first is over", "c-3", time.Hour - 1, true, 2},
		{"the first is over", "c-3", time.Hour, false, 2},
		{"by a clock that is behind", "c-4", 30 * time.Minute, true, 3},
		{"the first comes again, and is new", "c-1", time.Hour + 1, true, 2},
		{"later", "c-1", 80 * time.Minute, false, 2},
		{"all over", "c-5", 30 * time.Hour, false, 1},
		{"the second comes again, and is new", "c-2", 30 * time.Hour, false, 2},
	} {
		now := epoch.Add(step.at).In(time.FixedZone("elsewhere", 3600))
		full, err := s.Admit(t.Context(), step.id, limits, now)
		must(t, err)
		if (full != nil) != step.full || full != nil && *full != limits[0] {
			t.Errorf("%s: full %+v, want %v", step.name, full, step.full)
		}
		counted, err := s.Admitted(t.Context(), limits, now)
		must(t, err)
		same(t, step.name+": counted", counted, []int{step.counted})
	}
}

func limitsTogether(t *testing.T, s casefile.Store) {
	app, account, total := limit("application:web", 1), limit("account:111122223333", 5), limit("total", 2)
	other := casefile.Limit{Scope: "application:db", Max: 1, Window: time.Minute}
	all := []casefile.Limit{app, account, total, other}
	for _, step := range []struct {
		name, id string
		limits   []casefile.Limit
		full     string
		counted  []int // afterwards, of all
	}{
		{"no limits", "c-1", nil, "", []int{0, 0, 0, 0}},
		{"none at all", "c-1", []casefile.Limit{total, limit("closed", 0)}, "closed", []int{0, 0, 0, 0}},
		{"in all scopes", "c-1", []casefile.Limit{app, account, total}, "", []int{1, 1, 1, 0}},
		{"in none: the first is full", "c-2", []casefile.Limit{app, account, total}, "application:web", []int{1, 1, 1, 0}},
		{"in none: the last is full", "c-2", []casefile.Limit{account, total, app}, "application:web", []int{1, 1, 1, 0}},
		{"a new limit of one that is counted", "c-1", []casefile.Limit{total, other, app}, "", []int{1, 1, 1, 1}},
		{"another", "c-2", []casefile.Limit{account, total}, "", []int{1, 2, 2, 1}},
		{"the first full one is named", "c-3", []casefile.Limit{account, total, app}, "total", []int{1, 2, 2, 1}},
	} {
		full, err := s.Admit(t.Context(), step.id, step.limits, epoch)
		must(t, err)
		if (full == nil) != (step.full == "") || full != nil && full.Scope != step.full {
			t.Errorf("%s: full %+v, want %q", step.name, full, step.full)
		}
		counted, err := s.Admitted(t.Context(), all, epoch)
		must(t, err)
		same(t, step.name+": counted", counted, step.counted)
	}
	// The short window is over, the others are not: the case is counted anew in its scope alone.
	later := epoch.Add(time.Minute)
	if full, err := s.Admit(t.Context(), "c-1", all, later); full != nil || err != nil {
		t.Errorf("again: full %+v, %v", full, err)
	}
	counted, err := s.Admitted(t.Context(), all, later)
	must(t, err)
	same(t, "counted later", counted, []int{1, 2, 2, 1})
}

func limitsRefused(t *testing.T, s casefile.Store) {
	for name, test := range map[string]struct {
		id string
		l  casefile.Limit
	}{
		"no case":          {"", limit("total", 1)},
		"no scope":         {"c-1", limit("", 1)},
		"no window":        {"c-1", casefile.Limit{Scope: "total", Max: 1}},
		"a window in past": {"c-1", casefile.Limit{Scope: "total", Max: 1, Window: -time.Hour}},
		"a scope twice":    {"c-1", casefile.Limit{Scope: "fine", Max: 1, Window: time.Minute}},
	} {
		if _, err := s.Admit(t.Context(), test.id, []casefile.Limit{limit("fine", 1), test.l}, epoch); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := s.Admitted(t.Context(), []casefile.Limit{{Scope: "total"}}, epoch); err == nil {
		t.Error("counted without a window")
	}
	counted, err := s.Admitted(t.Context(), []casefile.Limit{limit("fine", 1), limit("total", 1)}, epoch)
	must(t, err)
	same(t, "counted", counted, []int{0, 0})
}

func limitsHostile(t *testing.T, s casefile.Store) {
	var limits []casefile.Limit
	for _, tag := range []string{"", "'; DROP TABLE cases; --", "a\x00b", "a", "\xff", "\xfe", "\u202e\U0001f4a3", `"\`, `"\xff"`, "%s#"} {
		limits = append(limits, limit("application:"+tag, 1))
	}
	for i := range limits { // each is a scope of its own
		full, err := s.Admit(t.Context(), fmt.Sprintf("c-%d", i), limits[i:i+1], epoch)
		if full != nil || err != nil {
			t.Errorf("%q: full %v, %v", limits[i].Scope, full, err)
		}
	}
	full, err := s.Admit(t.Context(), "c-new", limits, epoch)
	must(t, err)
	if full == nil || *full != limits[0] {
		t.Errorf("full %v, want the first", full)
	}
	counted, err := s.Admitted(t.Context(), limits, epoch)
	must(t, err)
	for i, n := range counted {
		if n != 1 {
			t.Errorf("%q: %d counted", limits[i].Scope, n)
		}
	}
}

// limitsStorm: 300 cases of three applications over 8 workers; each case comes twice.
func limitsStorm(t *testing.T, s casefile.Store) {
	const cases, workers, inAll, inApplication = 300, 8, 20, 9
	jobs := make(chan int)
	var group sync.WaitGroup
	var admitted [2 * cases]atomic.Bool
	for range workers {
		group.Go(func() {
			for n := range jobs {
				limits := []casefile.Limit{limit(fmt.Sprintf("application:%d", n%3), inApplication), limit("account:111122223333", 100), limit("total", inAll)}
				full, err := s.Admit(t.Context(), fmt.Sprintf("c-%d", n%cases), limits, epoch.Add(time.Duration(n)*time.Millisecond))
				if err != nil {
					t.Error(err)
				}
				admitted[n].Store(full == nil && err == nil)
			}
		})
	}
	for n := range admitted {
		jobs <- n
	}
	close(jobs)
	group.Wait()
	total, of := 0, [3]int{}
	for n := range cases {
		if admitted[n].Load() && !admitted[n+cases].Load() {
			t.Errorf("case %d was admitted, and the second time it was not", n)
		}
		if admitted[n].Load() || admitted[n+cases].Load() {
			total++
			of[n%3]++
		}
	}
	if total != inAll || of[0] > inApplication || of[1] > inApplication || of[2] > inApplication {
		t.Errorf("%d cases admitted, %v by application; want exactly %d, and at most %d each", total, of, inAll, inApplication)
	}
	counted, err := s.Admitted(t.Context(), []casefile.Limit{
		limit("total", inAll), limit("account:111122223333", 100), limit("application:0", 9), limit("application:1", 9), limit("application:2", 9),
	}, epoch.Add(time.Minute))
	must(t, err)
	same(t, "counted", counted, []int{total, total, of[0], of[1], of[2]})
}

// limitsCrossed: two workers a pair of scopes, in either order, never block each other for good.
func limitsCrossed(t *testing.T, s casefile.Store) {
	a, b := limit("a", 3), limit("b", 5)
	var group sync.WaitGroup
	var admitted atomic.Int32
	for n := range 24 {
		group.Go(func() {
			limits := []casefile.Limit{a, b}
			if n%2 == 0 {
				limits = []casefile.Limit{b, a}
			}
			full, err := s.Admit(t.Context(), fmt.Sprintf("c-%d", n), limits, epoch)
			if err != nil {
				t.Error(err)
			}
			if full == nil {
				admitted.Add(1)
			}
		})
	}
	group.Wait()
	counted, err := s.Admitted(t.Context(), []casefile.Limit{a, b}, epoch)
	must(t, err)
	same(t, "counted", counted, []int{3, 3})
	if admitted.Load() != 3 {
		t.Errorf("%d admitted, want 3", admitted.Load())
	}
}
