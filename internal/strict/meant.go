package strict

import (
	"strings"
	"unicode/utf8"
)

// Meant is the end of a message about a word that is not known: "; did you mean severity?" where a known one is near, else
// a list of a few, else nothing.
func Meant(word string, known []string) string {
	best, distance := "", 3
	if utf8.RuneCountInString(word) <= 3 {
		distance = 2
	}
	for _, k := range known {
		d := apart(strings.ToLower(word), strings.ToLower(k))
		if len(word) > 2 && (strings.HasPrefix(k, word) || strings.HasSuffix(k, "."+word)) {
			d = min(d, 1)
		}
		if d < distance {
			best, distance = k, d
		}
	}
	switch {
	case best != "":
		return "; did you mean " + best + "?"
	case len(known) > 0 && len(known) <= 12:
		return "; use " + strings.Join(known, ", ")
	default:
		return ""
	}
}

// apart counts the letters to insert, delete, replace or swap between two words; 9 stands for many.
func apart(a, b string) int {
	s, t := []rune(a), []rune(b)
	if len(s) > 60 || len(t) > 60 || len(s)-len(t) > 3 || len(t)-len(s) > 3 {
		return 9
	}
	rows := make([][]int, len(s)+1)
	for i := range rows {
		rows[i] = make([]int, len(t)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(s); i++ {
		for j := 1; j <= len(t); j++ {
			replace := rows[i-1][j-1]
			if s[i-1] != t[j-1] {
				replace++
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, replace)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(s)][len(t)]
}
