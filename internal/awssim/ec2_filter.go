package awssim

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// fields are the values of a resource that a filter of that name looks at.
type fields[T any] map[string]func(T) []string

// one is a field with a single value, given as the SDK holds it.
func one[T any](f func(T) *string) func(T) []string {
	return func(v T) []string {
		if s := f(v); s != nil {
			return []string{*s}
		}
		return nil
	}
}

// filtered keeps what every filter lets through: values of one filter are alternatives, with the wildcards * and ?.
// A filter that is not in known is refused as EC2 refuses one it does not have, never ignored; tag:KEY and tag-key
// are known everywhere.
func filtered[T any](e *ec2State, filters []ec2types.Filter, id func(T) string, known fields[T], items []T) ([]T, error) {
	if len(filters) > 200 {
		return nil, apiError(400, "FilterLimitExceeded", "The request has more than 200 filters")
	}
	out := items
	for _, f := range filters {
		name := aws.ToString(f.Name)
		get, ok := known[name]
		if key, isTag := strings.CutPrefix(name, "tag:"); isTag && !ok {
			get, ok = func(v T) []string { return present(e.Tags[id(v)], key) }, true
		}
		if name == "tag-key" && !ok {
			get, ok = func(v T) []string { return sortedKeys(e.Tags[id(v)]) }, true
		}
		if !ok {
			return nil, apiError(400, "InvalidParameterValue", "The filter '%s' is invalid", name)
		}
		if len(f.Values) == 0 {
			return nil, apiError(400, "InvalidParameterValue", "The filter '%s' has no values", name)
		}
		kept := make([]T, 0, len(out))
		for _, v := range out {
			if anyMatch(f.Values, get(v)) {
				kept = append(kept, v)
			}
		}
		out = kept
	}
	return out, nil
}

// present is the value of a key as a list, empty when the key is not there.
func present(m map[string]string, key string) []string {
	if v, ok := m[key]; ok {
		return []string{v}
	}
	return nil
}

func anyMatch(patterns, values []string) bool {
	for _, p := range patterns {
		for _, v := range values {
			if wildcard(p, v) {
				return true
			}
		}
	}
	return false
}

// wildcard matches EC2's filter patterns: * is any text, ? any one byte, \ takes the next byte as it is.
func wildcard(pattern, s string) bool {
	p, i, star, mark := 0, 0, -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark, p = p, i, p+1
		case p < len(pattern) && pattern[p] == '\\' && p+1 < len(pattern) && pattern[p+1] == s[i]:
			p, i = p+2, i+1
		case p < len(pattern) && pattern[p] != '\\' && (pattern[p] == '?' || pattern[p] == s[i]):
			p, i = p+1, i+1
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
