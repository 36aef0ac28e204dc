package permissions

import (
	"fmt"
	"slices"
)

const (
	allow = "Allow"
	deny  = "Deny"
)

// Responder is the policy of the role that Cordon runs as.
func Responder() Policy { return generate(Needs(false), responderScopes()) }

// Member is the policy of the role that Cordon assumes in another account.
func Member() Policy { return generate(Needs(true), memberScopes()) }

// generate gives each scope's statement those of its actions that are needed. A need without a scope panics: that is a
// mistake in the program, which the tests find.
func generate(needs []Need, scopes []Statement) Policy {
	p := Policy{Version: "2012-10-17"}
	var needed []string
	for _, n := range needs {
		needed = append(needed, n.Action)
	}
	var scoped []string
	for _, s := range scopes {
		s.Action = slices.DeleteFunc(slices.Clone(s.Action), func(a string) bool { return !slices.Contains(needed, a) })
		if len(s.Action) == 0 {
			continue
		}
		slices.Sort(s.Action)
		if s.Effect == "" {
			s.Effect = allow
			scoped = append(scoped, s.Action...)
		}
		p.Statement = append(p.Statement, s)
	}
	for _, n := range needs {
		if !slices.Contains(scoped, n.Action) {
			panic(fmt.Sprintf("permissions: %s, which %s calls, has no scope", n.Action, n.By))
		}
	}
	return p
}
