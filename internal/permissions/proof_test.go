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
		for _, g := range grants(generated().responder) {
			less := generated()
			less.responder = without(less.responder, g)
			t.Run(g.sid+" "+g.action, func(t *testing.T) { t.Parallel(); wantNeeded(t, g, functionSession, less, runs) })
		}
		for _, g := range grants(generated().member) {
			less := generated()
			less.member = without(less.member, g)
			t.Run("member "+g.sid+" "+g.action, func(t *testing.T) { t.Parallel(); wantNeeded(t, g, memberSession, less, runs) })
		}
	})
	t.Run("no resource too much", func(t *testing.T) {
		wantResources(t, generated().responder, functionSession, runs)
		wantResources(t, generated().member, memberSession, runs)
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

// grant is one action that one statement allows.
type grant struct{ sid, action string }

func grants(p permissions.Policy) (out []grant) {
	for _, s := range p.Statement {
		if s.Effect == "Deny" {
			continue
		}
		for _, a := range s.Action {
			out = append(out, grant{s.Sid, a})
		}
	}
	return out
}

// without gives the policy less one grant.
func without(p permissions.Policy, g grant) permissions.Policy {
	p.Statement = slices.Clone(p.Statement)
	for i, s := range p.Statement {
		if s.Sid == g.sid {
			p.Statement[i].Action = slices.DeleteFunc(slices.Clone(s.Action), func(a string) bool { return a == g.action })
		}
	}
	p.Statement = slices.DeleteFunc(p.Statement, func(s permissions.Statement) bool { return len(s.Action) == 0 })
	return p
}

// wantNeeded wants an outcome to change when a grant is taken away.
func wantNeeded(t *testing.T, g grant, principal string, less rules, runs []run) {
	t.Helper()
	left := read(t, less.responder)
	if principal == memberSession {
		left = read(t, less.member)
	}
	shown := 0
	for _, r := range runs {
		if !slices.ContainsFunc(r.checks, func(c awssim.Check) bool { return c.Principal == principal && c.Action == g.action && !left.Allow(c) }) {
			continue
		}
		shown++
		if outcome, _, _ := play(t, r.scenario, less); outcome != r.outcome {
			return
		}
	}
	switch reason, known := notShown[g.action]; {
	case shown > 0:
		t.Errorf("%d scenarios use it, and none comes out differently without it", shown)
	case !known:
		t.Error("no scenario uses it")
	default:
		t.Log(reason)
	}
}

// wantResources wants, for each resource of each statement, a question that is answered with yes because of it alone.
func wantResources(t *testing.T, p permissions.Policy, principal string, runs []run) {
	t.Helper()
	for i, s := range p.Statement {
		if s.Effect == "Deny" || notShown[s.Action[0]] != "" || len(s.Resource) == 1 {
			continue
		}
		for _, resource := range s.Resource {
			less := p
			less.Statement = slices.Clone(p.Statement)
			less.Statement[i].Resource = slices.DeleteFunc(slices.Clone(s.Resource), func(r string) bool { return r == resource })
			left := read(t, less)
			if !slices.ContainsFunc(runs, func(r run) bool {
				return slices.ContainsFunc(r.checks, func(c awssim.Check) bool { return c.Principal == principal && !left.Allow(c) })
			}) {
				t.Errorf("%s: no scenario needs the resource %s", s.Sid, resource)
			}
		}
	}
}

// only gives the policy with one of its statements alone.
func only(p permissions.Policy, sid string) permissions.Policy {
	p.Statement = slices.DeleteFunc(slices.Clone(p.Statement), func(s permissions.Statement) bool { return s.Sid != sid })
	return p
}
