package awssim

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// conditionHolds says whether every operator holds for every one of its keys.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
func conditionHolds(condition map[string]map[string]any, context map[string][]string) bool {
	for operator, keys := range condition {
		for key, wanted := range keys {
			have, given := context[strings.ToLower(key)]
			if !operatorHolds(operator, stringsOf(wanted), have, given, context) {
				return false
			}
		}
	}
	return true
}

// stringsOf is stringOrList for values that may be numbers and booleans too.
func stringsOf(v any) (out []string) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, e := range list {
		switch e := e.(type) {
		case string:
			out = append(out, e)
		case bool:
			out = append(out, strconv.FormatBool(e))
		case float64:
			out = append(out, strconv.FormatFloat(e, 'f', -1, 64))
		}
	}
	return out
}

func operatorHolds(operator string, wanted, have []string, given bool, context map[string][]string) bool {
	if operator == "Null" {
		return slices.Contains(wanted, strconv.FormatBool(!given))
	}
	set, base, several := strings.Cut(operator, ":")
	if !several {
		set, base = "", operator
	}
	base, ifExists := strings.CutSuffix(base, "IfExists")
	positive, negated := withoutNot(base)
	if !given {
		return ifExists || set == "ForAllValues" || negated && set == ""
	}
	test := func(value string) bool {
		hit := slices.ContainsFunc(wanted, func(want string) bool { return compare(positive, expand(want, context), value) })
		return hit != negated
	}
	if set == "ForAnyValue" || set == "" && !negated {
		return slices.ContainsFunc(have, test)
	}
	return !slices.ContainsFunc(have, func(v string) bool { return !test(v) })
}

// withoutNot is the operator that a negated one negates: StringNotEquals → StringEquals.
func withoutNot(operator string) (positive string, negated bool) {
	for _, kind := range []string{"String", "Numeric", "Date", "Arn"} {
		if rest, ok := strings.CutPrefix(operator, kind+"Not"); ok {
			return kind + rest, true
		}
	}
	if operator == "NotIpAddress" {
		return "IpAddress", true
	}
	return operator, false
}

// compare holds one value against one of the policy's; an operator that does not exist holds for nothing.
func compare(operator, want, have string) bool {
	switch operator {
	case "StringEquals", "BinaryEquals":
		return want == have
	case "StringEqualsIgnoreCase", "Bool":
		return strings.EqualFold(want, have)
	case "StringLike":
		return globMatch(want, have)
	case "ArnLike", "ArnEquals":
		return arnMatch(want, have)
	case "IpAddress":
		block, err := netip.ParsePrefix(want)
		if err != nil {
			addr, err := netip.ParseAddr(want)
			return err == nil && addr.String() == have
		}
		addr, err := netip.ParseAddr(have)
		return err == nil && block.Contains(addr)
	}
	if rest, ok := strings.CutPrefix(operator, "Numeric"); ok {
		w, err1 := strconv.ParseFloat(want, 64)
		h, err2 := strconv.ParseFloat(have, 64)
		return err1 == nil && err2 == nil && ordered(rest, cmp.Compare(h, w))
	}
	if rest, ok := strings.CutPrefix(operator, "Date"); ok {
		w, ok1 := instant(want)
		h, ok2 := instant(have)
		return ok1 && ok2 && ordered(rest, h.Compare(w))
	}
	return false
}

// arnMatch holds each of an ARN's six parts against the pattern's.
func arnMatch(pattern, arn string) bool {
	p, a := strings.SplitN(pattern, ":", 6), strings.SplitN(arn, ":", 6)
	if len(p) != 6 || len(a) != 6 {
		return globMatch(pattern, arn)
	}
	for i := range p {
		if !globMatch(p[i], a[i]) {
			return false
		}
	}
	return true
}

// ordered says whether have, which compares to want as n, is as the operator wants.
func ordered(operator string, n int) bool {
	switch operator {
	case "Equals":
		return n == 0
	case "LessThan":
		return n < 0
	case "LessThanEquals":
		return n <= 0
	case "GreaterThan":
		return n > 0
	case "GreaterThanEquals":
		return n >= 0
	}
	return false
}

// instant reads a date as policies write them: ISO 8601, or seconds since 1970.
func instant(s string) (time.Time, bool) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, true
	}
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t, true
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return time.Unix(n, 0), err == nil
}
