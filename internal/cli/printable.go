package cli

import (
	"strconv"
	"strings"
	"unicode"
)

// clean makes text safe for a terminal: control characters, also of right-to-left overrides and the like, become
// escapes. Names and tags in a finding are chosen by attackers.
func clean(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || r == '\t':
			b.WriteRune(r)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			q := strconv.QuoteRuneToASCII(r)
			b.WriteString(q[1 : len(q)-1])
		}
	}
	return b.String()
}

// line is clean on one line.
func line(s string) string {
	return strings.NewReplacer("\n", " ", "\t", " ").Replace(clean(s))
}

// sentence is an error for people. Its further lines are indented: only Cordon begins a line.
func sentence(err error) string { return strings.ReplaceAll(clean(err.Error()), "\n", "\n  ") }

// cut shortens s to n characters, with an ellipsis.
func cut(s string, n int) string {
	r := []rune(s)
	if n < 2 {
		return ""
	}
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}
