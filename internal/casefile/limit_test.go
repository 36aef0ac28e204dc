package casefile_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cordon/internal/casefile"
)

// TestAdmissions holds what is kept, and pruned, against a list that forgets nothing: no window ever has more than the
// limit, and nobody is refused where there is room.
func TestAdmissions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scopes := []string{"total", "a", "b"}
		var all []casefile.Limit
		for _, scope := range scopes {
			all = append(all, casefile.Limit{
				Scope: scope, Max: rapid.IntRange(0, 4).Draw(t, "max"), Window: time.Duration(rapid.IntRange(1, 60).Draw(t, "window")) * time.Minute,
			})
		}
		tallies, ever := map[string]casefile.Tally{}, map[string]map[string]time.Time{}
		var admitted []event
		for _, s := range scopes {
			tallies[s], ever[s] = casefile.Tally{}, map[string]time.Time{}
		}
		now := asked
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 30).Draw(t, "later")) * time.Minute)
			at := now.Add(-time.Duration(rapid.IntRange(0, 5).Draw(t, "behind")) * time.Minute) // clocks differ
			id := fmt.Sprint(rapid.IntRange(0, 9).Draw(t, "case"))
			within := func(l casefile.Limit) (n int, has bool) {
				for other, when := range ever[l.Scope] {
					if when.After(at.Add(-l.Window)) {
						n++
						has = has || other == id
					}
				}
				return n, has
			}
			var want *casefile.Limit
			missing := map[string]bool{}
			for i, l := range all {
				n, has := within(l)
				if !has && n >= l.Max && want == nil {
					want = &all[i]
				}
				missing[l.Scope] = missing[l.Scope] || !has
			}
			in, full := casefile.Admissions(tallies, id, all, at)
			if full != want {
				t.Fatalf("case %s at %s: full %+v, want %+v", id, at, full, want)
			}
			for _, a := range in {
				if full != nil || !missing[a.Scope] {
					t.Fatalf("counted in %s, where it should not be", a.Scope)
				}
				missing[a.Scope] = false
				tallies[a.Scope] = tallies[a.Scope].Add(id, at, a.Keep)
				ever[a.Scope][id] = at
				admitted = append(admitted, event{a.Scope, id, at})
			}
			for _, l := range all {
				if full == nil && missing[l.Scope] {
					t.Fatalf("not counted in %s", l.Scope)
				}
				n, _ := within(l)
				if got := tallies[l.Scope].Within(l.Window, at); got != n {
					t.Fatalf("%d counted in %s, of %d that were", got, l.Scope, n)
				}
			}
		}
		for _, l := range all {
			for _, end := range admitted {
				in := map[string]bool{}
				for _, e := range admitted {
					if e.scope == l.Scope && e.at.After(end.at.Add(-l.Window)) && !e.at.After(end.at) {
						in[e.id] = true
					}
				}
				if len(in) > l.Max {
					t.Fatalf("%d cases in the window of %s that ends at %s; %d may be", len(in), l.Scope, end.at, l.Max)
				}
			}
		}
	})
}

// event is one admission that took place.
type event struct {
	scope, id string
	at        time.Time
}

func TestTallyForgets(t *testing.T) {
	tally := casefile.Tally{}
	for n := range 10_000 {
		tally = tally.Add(fmt.Sprint(n), asked.Add(time.Duration(n)*time.Minute), time.Hour)
	}
	if len(tally) != 60 {
		t.Errorf("%d cases are kept of an hour with one a minute", len(tally))
	}
}
