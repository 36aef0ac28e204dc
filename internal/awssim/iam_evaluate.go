package awssim

import (
	"regexp"
	"slices"
	"strings"

	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// ruling is what a principal's policies say of one action on one resource.
type ruling struct {
	Decision iamtypes.PolicyEvaluationDecisionType
	Matched  []iamtypes.Statement // those that decided
	Missing  []string             // context keys that conditions ask for and the request lacks, sorted
}

// evaluate: an explicit Deny beats every Allow; without either, the action is denied. Context keys are in lower case.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
func evaluate(policies []namedPolicy, action, resource string, context map[string][]string) ruling {
	var allows, denies []iamtypes.Statement
	missing := map[string]bool{}
	for _, p := range policies {
		for _, s := range statementsOf(p.Document) {
			if !s.covers(action, resource, context) {
				continue
			}
			for _, key := range s.lacks(context) {
				missing[key] = true
			}
			if !conditionHolds(s.Condition, context) {
				continue
			}
			matched := iamtypes.Statement{SourcePolicyId: aws.String(p.ID), SourcePolicyType: p.Type}
			if s.Effect == "Deny" {
				denies = append(denies, matched)
			} else {
				allows = append(allows, matched)
			}
		}
	}
	out := ruling{Decision: iamtypes.PolicyEvaluationDecisionTypeImplicitDeny, Missing: sortedKeys(missing)}
	switch {
	case len(denies) > 0:
		out.Decision, out.Matched = iamtypes.PolicyEvaluationDecisionTypeExplicitDeny, denies
	case len(allows) > 0:
		out.Decision, out.Matched = iamtypes.PolicyEvaluationDecisionTypeAllowed, allows
	}
	return out
}

// covers says whether the statement is about the action and the resource.
func (s policyStatement) covers(action, resource string, context map[string][]string) bool {
	like := func(pattern string) bool { return globMatch(strings.ToLower(pattern), strings.ToLower(action)) }
	on := func(pattern string) bool { return globMatch(expand(pattern, context), resource) }
	if s.Action != nil && !slices.ContainsFunc(stringOrList(s.Action), like) ||
		s.NotAction != nil && slices.ContainsFunc(stringOrList(s.NotAction), like) {
		return false
	}
	if s.NotResource != nil {
		return !slices.ContainsFunc(stringOrList(s.NotResource), on)
	}
	return slices.ContainsFunc(stringOrList(s.Resource), on)
}

// lacks are the condition keys of the statement that the context has not.
func (s policyStatement) lacks(context map[string][]string) (out []string) {
	for _, keys := range s.Condition {
		for key := range keys {
			if _, given := context[strings.ToLower(key)]; !given {
				out = append(out, key)
			}
		}
	}
	return out
}

var policyVariable = regexp.MustCompile(`\$\{([^}]*)\}`)

// expand puts the context's values in place of policy variables; one that has no single value matches nothing.
func expand(pattern string, context map[string][]string) string {
	return policyVariable.ReplaceAllStringFunc(pattern, func(v string) string {
		switch name := v[2 : len(v)-1]; name {
		case "*", "?", "$":
			return name
		default:
			if values := context[strings.ToLower(name)]; len(values) == 1 {
				return values[0]
			}
			return v
		}
	})
}

// globMatch matches * (any characters, also none) and ? (one) over all of s.
func globMatch(pattern, s string) bool {
	star, mark := -1, 0
	p, i := 0, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
