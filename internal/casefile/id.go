package casefile

import (
	"fmt"
	"io"
)

// idAlphabet is Crockford's base 32 in lower case: without i, l, o and u, which are misread or spell words.
const idAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"

const (
	idPrefix  = "c-"
	idLetters = 12 // 60 bits
)

// NewID draws a case id from random: "c-" and 12 letters and digits. Give it crypto/rand.Reader.
func NewID(random io.Reader) (string, error) {
	var raw [idLetters]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return "", fmt.Errorf("draw case id: %w", err)
	}
	for i, b := range raw {
		raw[i] = idAlphabet[b%32]
	}
	return idPrefix + string(raw[:]), nil
}

// ValidID says whether id has the form that NewID gives.
func ValidID(id string) bool {
	if len(id) != len(idPrefix)+idLetters || id[:len(idPrefix)] != idPrefix {
		return false
	}
	for i := len(idPrefix); i < len(id); i++ {
		c := id[i]
		switch {
		case c == 'i' || c == 'l' || c == 'o' || c == 'u':
			return false
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z':
		default:
			return false
		}
	}
	return true
}
