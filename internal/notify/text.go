package notify

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
)

// maxForeign bounds foreign text before anything is done with it, in bytes.
const maxForeign = 64 << 10

// printable makes foreign text safe to show: control characters and those that do not show (right-to-left overrides,
// zero-width characters) become Go escapes. Line breaks stay, tabs become a space.
func printable(s string) string {
	if len(s) > maxForeign {
		s = s[:maxForeign]
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n' || unicode.IsPrint(r):
			b.WriteRune(r)
		case r == '\t':
			b.WriteByte(' ')
		default:
			q := strconv.QuoteRuneToASCII(r)
			b.WriteString(q[1 : len(q)-1])
		}
	}
	return b.String()
}

// line is printable on one line, without white space at its ends or twice.
func line(s string) string { return strings.Join(strings.Fields(printable(s)), " ") }

// defang makes addresses in foreign text unfit to be clicked.
func defang(s string) string { return strings.ReplaceAll(s, "://", "[:]//") }

// units is the length of a character in UTF-16, which is how Slack and Jira count.
func units(r rune) int { return max(1, utf16.RuneLen(r)) }

// fit shortens s to at most size UTF-16 units, whole characters, with an ellipsis at the end if something went.
func fit(s string, size int) string { return fitAs(s, size, func(r rune) string { return string(r) }) }

// fitAs is fit for the text as written: each character goes through escape, whose result is never cut apart.
func fitAs(s string, size int, escape func(rune) string) string {
	if size < 1 {
		return ""
	}
	var b strings.Builder
	used, mark := 0, 0 // mark: where the text ends if an ellipsis must follow
	for _, r := range s {
		piece := escape(r)
		n := 0
		for _, p := range piece {
			n += units(p)
		}
		if used+n > size {
			return b.String()[:mark] + "…"
		}
		b.WriteString(piece)
		if used += n; used < size {
			mark = b.Len()
		}
	}
	return b.String()
}

// atMost keeps the first n of a list, the last of which then tells how many went. The list given is not changed.
func atMost(list []string, n int) []string {
	if len(list) <= n || n < 1 {
		return append([]string(nil), list...)
	}
	return append(append([]string(nil), list[:n-1]...), fmt.Sprintf("and %d more", len(list)-n+1))
}

// columns is the width of plain text.
const columns = 72

// wrap breaks s into lines of at most 72 characters; the first begins with head, the others with rest. Words that
// are too long for a line are cut. There is always one line.
func wrap(s, head, rest string) []string {
	var lines []string
	current, empty := []rune(head), true
	flush := func() {
		lines = append(lines, strings.TrimRight(string(current), " "))
		current, empty = []rune(rest), true
	}
	for _, word := range strings.Fields(s) {
		w := []rune(word)
		if !empty && len(current)+1+len(w) > columns {
			flush()
		}
		if !empty {
			current = append(current, ' ')
		}
		for len(current)+len(w) > columns && len(current) < columns {
			part := columns - len(current)
			current, w = append(current, w[:part]...), w[part:]
			flush()
		}
		current, empty = append(current, w...), false
	}
	if !empty || len(lines) == 0 {
		flush()
	}
	return lines
}
