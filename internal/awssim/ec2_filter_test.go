package awssim

import (
	"path"
	"strings"
	"testing"
)

func TestWildcard(t *testing.T) {
	for _, tc := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true},
		{"*", "", true},
		{"web-*", "web-1", true},
		{"*-*-1", "a-b-c-1", true},
		{"web-?", "web-", false},
		{"web", "web-1", false},
		{`a\*b`, "a*b", true},
		{`a\*b`, "axb", false},
		{"***", "x", true},
	} {
		if got := wildcard(tc.pattern, tc.s); got != tc.want {
			t.Errorf("wildcard(%q, %q) = %t", tc.pattern, tc.s, got)
		}
	}
}

// FuzzWildcard compares with path.Match where the two agree on what a pattern means.
func FuzzWildcard(f *testing.F) {
	f.Add("web-*", "web-1")
	f.Add("?*?", "ab")
	f.Fuzz(func(t *testing.T, pattern, s string) {
		got := wildcard(pattern, s)
		if strings.ContainsAny(pattern, `[]\`) || strings.Contains(s, "/") || !ascii(pattern+s) {
			return
		}
		want, err := path.Match(pattern, s)
		if err == nil && got != want {
			t.Errorf("wildcard(%q, %q) = %t, path.Match says %t", pattern, s, got, want)
		}
	})
}

func ascii(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > 126 }) < 0
}
