package casefile

import (
	"errors"
	"fmt"
	"time"
)

// Limit is how many cases may be contained in a scope within a window of time, which slides. A scope has one limit.
type Limit struct {
	Scope  string // "total", "account:111122223333", "application:web": any text, also a hostile one
	Max    int    // below 1: none at all
	Window time.Duration
}

// Tally is what is counted in a scope: when each case was contained, in ns since 1970.
type Tally map[string]int64

// Within is how many cases are counted in the window that ends now. What a clock that is ahead has counted is in it.
func (t Tally) Within(window time.Duration, now time.Time) (n int) {
	after := now.Add(-window).UnixNano()
	for _, at := range t {
		if at > after {
			n++
		}
	}
	return n
}

// has says whether the case is counted in the window that ends now.
func (t Tally) has(caseID string, window time.Duration, now time.Time) bool {
	at, ok := t[caseID]
	return ok && at > now.Add(-window).UnixNano()
}

// Add is the tally with a case counted now, without what is of no use any more after keep.
func (t Tally) Add(caseID string, now time.Time, keep time.Duration) Tally {
	more := Tally{caseID: now.UnixNano()}
	for id, at := range t {
		if id != caseID && at > now.Add(-keep).UnixNano() {
			more[id] = at
		}
	}
	return more
}

// slack is by how much the clocks of processes may differ: for so long is kept what is out of every window.
const slack = 10 * time.Minute

// Admission says that a case is to be counted in a scope, now.
type Admission struct {
	Scope string
	Keep  time.Duration // after which it is of no use any more
}

// Admissions are the scopes that a case has to be counted in, where these are the scopes' tallies; or full is the first
// limit in whose scope there is no room. None of both: it is counted in all of them already.
func Admissions(tallies map[string]Tally, caseID string, limits []Limit, now time.Time) (in []Admission, full *Limit) {
	for i, l := range limits {
		t := tallies[l.Scope]
		switch {
		case t.has(caseID, l.Window, now):
		case t.Within(l.Window, now) >= l.Max:
			return nil, &limits[i]
		default:
			in = append(in, Admission{l.Scope, l.Window + slack})
		}
	}
	return in, nil
}

// CheckLimits says what is wrong with limits that a case is to be counted against.
func CheckLimits(limits []Limit) error {
	scopes := map[string]bool{}
	for _, l := range limits {
		switch {
		case l.Scope == "":
			return errors.New("a limit has no scope")
		case l.Window <= 0:
			return fmt.Errorf("limit %s has no window", printed(l.Scope))
		case scopes[l.Scope]: // a case counted for one window would move within the other
			return fmt.Errorf("two limits have the scope %s", printed(l.Scope))
		}
		scopes[l.Scope] = true
	}
	return nil
}
