package permissions_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"cordon/internal/awssim"
	"cordon/internal/permissions"
)

// notShown are the permissions that no scenario can show, each with the reason.
var notShown = map[string]string{
	"logs:CreateLogStream": "AWS Lambda itself writes the function's log, with the function's role",
	"logs:PutLogEvents":    "AWS Lambda itself writes the function's log, with the function's role",
}

// run is a scenario that was played under the generated policies.
type run struct {
	scenario
	outcome string
	checks  []awssim.Check
}

// plays lists the scenarios as they are played: in Cordon's own account, and where they say so in a member account too.
func plays() (out []scenario) {
	for _, s := range scenarios() {
		out = append(out, s)
		if s.also {
			s.name, s.member = s.name+", in a member account", true
			out = append(out, s)
		}
	}
	return out
}

// play runs a scenario under policies, in a bubble where waiting costs no time.
func play(t *testing.T, s scenario, r rules) (outcome string, checks, denied []awssim.Check) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, r, s.options)
		s.run(w)
		outcome, checks, denied = w.outcome(), w.checks, w.denied
	})
	return outcome, checks, denied
}

// TestPolicies is the proof that the policies are right: enough, and nothing too much.
func TestPolicies(t *testing.T) {
	var (
		mu   sync.Mutex
		runs []run
	)
	t.Run("enough", func(t *testing.T) {
		for _, s := range plays() {
			t.Run(s.name, func(t *testing.T) {
				t.Parallel()
				outcome, checks, denied := play(t, s, generated())
				for _, d := range denied {
					t.Errorf("denied: %s on %s, %v", d.Action, d.Resource, d.Context)
				}
				wantPutBack(t, outcome)
				if again, _, _ := play(t, s, generated()); again != outcome {
					t.Errorf("two outcomes of one scenario, so a third would prove nothing:\n%s\n---\n%s", outcome, again)
				}
				mu.Lock()
				defer mu.Unlock()
				runs = append(runs, run{s, outcome, checks})
			})
		}
	})
	if t.Failed() {
		return
	}
	slices.SortFunc(runs, func(a, b run) int { return len(a.checks) - len(b.checks) }) // the shortest that shows it
	t.Run("nothing too much", func(t *testing.T) {
		for _, action := range generated().responder.Actions() {
			less := generated()
			less.responder = less.responder.Without(action)
			t.Run(action, func(t *testing.T) { t.Parallel(); wantNeeded(t, action, functionSession, less, runs) })
		}
		for _, action := range generated().member.Actions() {
			less := generated()
			less.member = less.member.Without(action)
			t.Run("member "+action, func(t *testing.T) { t.Parallel(); wantNeeded(t, action, memberSession, less, runs) })
		}
	})
	t.Run("asked as AWS asks", func(t *testing.T) { wantReal(t, runs) })
	t.Run("held to its scope", func(t *testing.T) {
		wantScoped(t, generated().responder, functionSession, runs)
		wantScoped(t, generated().member, memberSession, runs)
	})
}

// wantPutBack wants every target to have been contained, and in the end released with the account as it was.
func wantPutBack(t *testing.T, outcome string) {
	t.Helper()
	lines := strings.Split(outcome, "\n")
	if !strings.Contains(lines[0], ": contained: ") || !strings.HasPrefix(lines[0], "0 respond: case ") {
		t.Errorf("not contained: %s", lines[0])
	}
	last := ""
	for _, l := range lines {
		if verb, rest, _ := strings.Cut(l, ": "); strings.HasPrefix(rest, "case ") {
			last = l
		} else if strings.HasPrefix(rest, "error: ") {
			t.Errorf("an error: %s", l)
		} else if strings.HasPrefix(rest, "left: ") && verb == lines[len(lines)-1][:len(verb)] {
			t.Errorf("not as before: %s", l)
		}
	}
	if !strings.Contains(last, ": released: ") {
		t.Errorf("not released: %s", last)
	}
}

// wantNeeded wants an outcome to change when a permission is taken away.
func wantNeeded(t *testing.T, action, principal string, less rules, runs []run) {
	t.Helper()
	shown := 0
	for _, r := range runs {
		if !slices.ContainsFunc(r.checks, func(c awssim.Check) bool { return c.Action == action && c.Principal == principal }) {
			continue
		}
		shown++
		if outcome, _, _ := play(t, r.scenario, less); outcome != r.outcome {
			return
		}
	}
	switch reason, known := notShown[action]; {
	case shown > 0:
		t.Errorf("%s: %d scenarios use it, and none comes out differently without it", action, shown)
	case !known:
		t.Errorf("%s: no scenario uses it", action)
	default:
		t.Log(reason)
	}
}

// only gives the policy with one of its statements that allow alone.
func only(p permissions.Policy, sid string) permissions.Policy {
	p.Statement = slices.DeleteFunc(slices.Clone(p.Statement), func(s permissions.Statement) bool { return s.Sid != sid })
	return p
}
