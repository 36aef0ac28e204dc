package notify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf16"
)

// asciiJSON is n as JSON for a message attribute: printable ASCII only, at most room bytes long; longer texts and
// lists are shortened step by step. It is "" where there is no room at all.
func asciiJSON(n Notice, room int) string {
	for size, items := 4<<10, 64; size > 0; size, items = size/2, max(items/2, 1) {
		var b bytes.Buffer
		encoder := json.NewEncoder(&b)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(n.trimmed(size, items)); err != nil {
			return "" // a severity that is no number
		}
		if s := ascii(b.Bytes()); len(s) <= room {
			return s
		}
	}
	return ""
}

// ascii writes what is not printable ASCII in a JSON document as \u escapes; such characters occur only in strings.
func ascii(document []byte) string {
	out := make([]byte, 0, len(document))
	for _, r := range string(bytes.TrimSpace(document)) {
		switch {
		case r >= ' ' && r <= '~':
			out = append(out, byte(r))
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, hi, lo)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return string(out)
}
