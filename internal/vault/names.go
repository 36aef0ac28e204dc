package vault

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"unicode/utf8"
)

// manifestDir is where a case's entries are, under the case.
const manifestDir = "manifest"

// maxSegment is how long a part of a name may be on the usual file systems, less a little.
const maxSegment = 240

// checkName refuses the names that a manifest's JSON could not hold.
func checkName(what, name string) error {
	switch {
	case name == "":
		return errors.New(what + " is empty")
	case !utf8.ValidString(name):
		return errors.New(what + " is no UTF-8")
	}
	return nil
}

// cleanName is name as the end of a key: its segments cleaned, joined with separator. Different names stay
// different, and none of them is in the manifest's directory. One over limit bytes ends in its hash instead.
func cleanName(name, separator string, limit int) string {
	segments := strings.Split(name, "/")
	for i, s := range segments {
		segments[i] = cleanSegment(s)
	}
	if strings.EqualFold(segments[0], manifestDir) {
		segments[0] = escape(segments[0][0]) + segments[0][1:]
	}
	return shorten(strings.Join(segments, separator), name, limit)
}

// cleanSegment is s as one part of a path, whatever it holds: letters, digits and "-_." stay, other bytes become %XX;
// so do a dot at either end and the first letter of a name that Windows keeps for a device. "%-" is the empty part.
func cleanSegment(s string) string {
	if s == "" {
		return "%-"
	}
	device := reserved(s)
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '.' && (i == 0 || i == len(s)-1), i == 0 && device:
			b.WriteString(escape(c))
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
			b.WriteByte(c)
		default:
			b.WriteString(escape(c))
		}
	}
	return shorten(b.String(), s, maxSegment)
}

// shorten is clean, or where that is over limit bytes one part of a path: its beginning, "%~" and the hash of the name
// it stands for. "%~" is in no other clean name.
func shorten(clean, name string, limit int) string {
	if len(clean) <= limit {
		return clean
	}
	sum := sha256.Sum256([]byte(name))
	tail := "%~" + hex.EncodeToString(sum[:])
	head, _, _ := strings.Cut(clean, "/")
	return head[:min(len(head), maxSegment-len(tail))] + tail
}

func escape(c byte) string {
	return "%" + strings.ToUpper(hex.EncodeToString([]byte{c}))
}

// reserved says whether Windows takes s for a device, with or without an extension.
func reserved(s string) bool {
	base, _, _ := strings.Cut(strings.ToUpper(s), ".")
	switch base {
	case "CON", "PRN", "AUX", "NUL":
		return true
	}
	return len(base) == 4 && (base[:3] == "COM" || base[:3] == "LPT") && '0' <= base[3] && base[3] <= '9'
}
