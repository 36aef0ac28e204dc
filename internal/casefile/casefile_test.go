package casefile_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"testing"
	"testing/iotest"

	"cordon/internal/casefile"
)

func TestNewID(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id, err := casefile.NewID(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if !casefile.ValidID(id) {
			t.Fatalf("NewID gave %q, which ValidID refuses", id)
		}
		if seen[id] {
			t.Fatalf("%q twice", id)
		}
		seen[id] = true
	}
	id, err := casefile.NewID(bytes.NewReader([]byte{0, 1, 9, 10, 17, 18, 20, 22, 27, 31, 32, 255}))
	if want := "c-019ahjmpvz0z"; err != nil || id != want {
		t.Errorf("NewID of fixed bytes: %q, %v; want %q", id, err, want)
	}
	broken := errors.New("broken")
	if _, err := casefile.NewID(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("NewID of a broken reader: %v", err)
	}
}

func TestValidID(t *testing.T) {
	for id, want := range map[string]bool{
		"c-0123456789ab":   true,
		"c-zzzzzzzzzzzz":   true,
		"":                 false,
		"c-":               false,
		"c-0123456789a":    false,
		"c-0123456789abc":  false,
		"d-0123456789ab":   false,
		"c-0123456789aI":   false,
		"c-0123456789ai":   false,
		"c-0123456789al":   false,
		"c-0123456789ao":   false,
		"c-0123456789au":   false,
		"c-../../../etc":   false,
		"c-01234567\x00ab": false,
	} {
		if got := casefile.ValidID(id); got != want {
			t.Errorf("ValidID(%q) = %v", id, got)
		}
	}
}
