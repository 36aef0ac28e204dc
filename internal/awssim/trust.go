package awssim

import (
	"slices"
	"strings"
)

// trustRequest is who asks to assume a role. The context has the values of condition keys, by lower-case name.
type trustRequest struct {
	principal string // ARN, as GetCallerIdentity gives it
	account   string
	context   map[string][]string
}

// trusts evaluates a role's trust policy: some statement allows, none denies.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
func trusts(document string, t trustRequest) bool {
	allowed := false
	for _, s := range statementsOf(document) {
		switch {
		case !s.assumes() || !t.meant(s) || !conditionHolds(s.Condition, t.context):
		case s.Effect == "Deny":
			return false
		default:
			allowed = true
		}
	}
	return allowed
}

// assumes says whether the statement is about sts:AssumeRole.
func (s policyStatement) assumes() bool {
	like := func(pattern string) bool { return globMatch(strings.ToLower(pattern), "sts:assumerole") }
	if s.NotAction != nil {
		return !slices.ContainsFunc(stringOrList(s.NotAction), like)
	}
	return slices.ContainsFunc(stringOrList(s.Action), like)
}

// meant says whether a statement is about the caller.
func (t trustRequest) meant(s policyStatement) bool {
	if s.NotPrincipal != nil {
		return !t.named(s.NotPrincipal)
	}
	return t.named(s.Principal)
}

// named says whether an element names the caller: everyone, its account, its role or user, or the session itself.
// Services and federated identities do not call AssumeRole here.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func (t trustRequest) named(principal any) bool {
	if principal == "*" {
		return true
	}
	kinds, _ := principal.(map[string]any)
	for _, p := range stringOrList(kinds["AWS"]) {
		if p == "*" || p == t.account || p == t.principal {
			return true
		}
		f := strings.SplitN(p, ":", 6)
		if len(f) != 6 || f[4] != t.account {
			continue
		}
		// A session's ARN has the role's name without its path.
		role, isRole := strings.CutPrefix(f[5], "role/")
		if f[5] == "root" || isRole && strings.Contains(t.principal, ":assumed-role/"+role[strings.LastIndex(role, "/")+1:]+"/") {
			return true
		}
	}
	return false
}
