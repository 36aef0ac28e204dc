package strict_test

import (
	"strings"
	"testing"

	"cordon/internal/strict"
)

// TestWhatIsTooMuch is refused without parsing it: a file that somebody else wrote (policy tests) costs no more than that.
func TestWhatIsTooMuch(t *testing.T) {
	for name, tc := range map[string]struct{ yaml, want string }{
		"lists in lists":       {"a: " + strings.Repeat("[", 100_000), "deep"},
		"mappings in mappings": {strings.Repeat("{a: ", 30_000), "deep"},
		"dashes":               {strings.Repeat("- ", 100_000), "deep"},
		"large":                {"a: " + strings.Repeat("x", 300<<10), "too many"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := strict.Parse([]byte(tc.yaml)); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want one with %q", err, tc.want)
			}
		})
	}
	deep := "a: " + strings.Repeat("[", 60) + strings.Repeat("]", 60) + "\nb: [1]\n" + strings.Repeat("# [[[[[[[[\n", 50)
	if _, err := strict.Parse([]byte(deep)); err != nil {
		t.Errorf("60 deep: %v", err)
	}
}
