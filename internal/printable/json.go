// Package printable makes JSON safe to show: in a terminal, in a log's viewer, in a review.
package printable

import (
	"fmt"
	"io"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// JSON is a JSON text with every character that does not print (C1 controls, right-to-left overrides, zero-width characters,
// what is no UTF-8) written as JSON escapes it: whoever decodes it reads the same. Encoders escape only what JSON forbids.
func JSON(raw []byte) []byte {
	clean := true
	for i := 0; clean && i < len(raw); {
		r, n := utf8.DecodeRune(raw[i:])
		clean = plain(r, n)
		i += n
	}
	if clean {
		return raw
	}
	out := make([]byte, 0, len(raw)+64)
	for i := 0; i < len(raw); {
		r, n := utf8.DecodeRune(raw[i:])
		switch {
		case plain(r, n):
			out = append(out, raw[i:i+n]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		i += n
	}
	return out
}

// plain says whether a character of n bytes stays as it is. Outside of strings JSON has nothing but these.
func plain(r rune, n int) bool {
	return r == '\n' || r == '\t' || r == '\r' || unicode.IsPrint(r) && (r != utf8.RuneError || n > 1)
}

// Writer writes JSON texts, each whole in one Write, as JSON makes them.
type Writer struct{ W io.Writer }

// Write implements io.Writer.
func (w Writer) Write(raw []byte) (int, error) {
	if _, err := w.W.Write(JSON(raw)); err != nil {
		return 0, err
	}
	return len(raw), nil
}
