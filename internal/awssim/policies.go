package awssim

import (
	"fmt"
	"slices"
	"strings"
)

// Policies decide as IAM does by the policies of one identity: what a statement allows and none denies is allowed. The
// zero value allows nothing. Boundaries, session and resource policies are not simulated.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
type Policies struct {
	named map[string][]policyStatement // by action, in lower case: those that name it in full
	other []policyStatement            // those with NotAction, or wildcards
}

// ReadPolicies reads policy documents. One that cannot be decided by (an operator or a variable that the simulation does
// not know) is an error: a policy that is half understood would allow too much.
func ReadPolicies(documents ...string) (Policies, error) {
	p := Policies{named: map[string][]policyStatement{}}
	for _, document := range documents {
		if fault := policyFault(document, identityPolicy); fault != "" {
			return Policies{}, fmt.Errorf("read policy: %s", fault)
		}
		for _, s := range statementsOf(document) {
			if err := s.decidable(); err != nil {
				return Policies{}, fmt.Errorf("read statement %q: %w", s.Sid, err)
			}
			p.add(s)
		}
	}
	return p, nil
}

func (p *Policies) add(s policyStatement) {
	actions := stringOrList(s.Action)
	if s.NotAction != nil || slices.ContainsFunc(actions, func(a string) bool { return strings.ContainsAny(a, "*?") }) {
		p.other = append(p.other, s)
		return
	}
	for _, a := range actions {
		a = strings.ToLower(a)
		p.named[a] = append(p.named[a], s)
	}
}

// Allow decides one check; it is an Authorize, for whichever principal.
func (p Policies) Allow(c Check) bool {
	context := make(map[string][]string, len(c.Context))
	for key, values := range c.Context {
		context[strings.ToLower(key)] = values
	}
	allowed := false
	for _, s := range slices.Concat(p.named[strings.ToLower(c.Action)], p.other) {
		if !s.covers(c.Action, c.Resource, context) || !conditionHolds(s.Condition, context) {
			continue
		}
		if s.Effect == "Deny" {
			return false
		}
		allowed = true
	}
	return allowed
}

// decidable says what in a statement Allow could not decide by.
func (s policyStatement) decidable() error {
	for _, field := range []any{s.Action, s.NotAction, s.Resource, s.NotResource} {
		if err := checkWords(field); err != nil {
			return err
		}
	}
	for _, operator := range sortedKeys(s.Condition) {
		if !knownOperator(operator) {
			return fmt.Errorf("the operator %s is not simulated", operator)
		}
		for key, values := range s.Condition[operator] {
			if len(stringsOf(values)) == 0 {
				return fmt.Errorf("%s of %s has no value", operator, key)
			}
			if err := checkWords(values); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkWords refuses an empty list, and variables.
func checkWords(field any) error {
	if field == nil {
		return nil
	}
	words := stringsOf(field)
	if len(words) == 0 {
		return fmt.Errorf("an empty list")
	}
	if i := slices.IndexFunc(words, func(w string) bool { return strings.Contains(w, "${") }); i >= 0 {
		return fmt.Errorf("the variable in %q is not simulated", words[i])
	}
	return nil
}

// knownOperator says whether conditionHolds knows an operator.
func knownOperator(operator string) bool {
	if operator == "Null" {
		return true
	}
	set, base, several := strings.Cut(operator, ":")
	if !several {
		base = operator
	} else if set != "ForAllValues" && set != "ForAnyValue" {
		return false
	}
	base, _ = strings.CutSuffix(base, "IfExists")
	base, _ = withoutNot(base)
	switch base {
	case "StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "Bool", "IpAddress",
		"NumericEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals",
		"DateEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals":
		return true
	}
	return false
}
