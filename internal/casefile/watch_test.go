package casefile_test

import (
	"testing"
	"time"

	"cordon/internal/casefile"
)

// TestRecent: put-backs count together where they share an action, so that changing the set each time escapes nothing.
func TestRecent(t *testing.T) {
	now := time.Now()
	w := casefile.Watch{}
	for i, actions := range []string{"a", "a,b", "b", "c"} {
		w = w.Put(actions, time.Hour, now.Add(time.Duration(i)*time.Minute))
	}
	for actions, want := range map[string]int{"a": 2, "b": 2, "a,b": 3, "c": 1, "b,c": 3, "d": 0, "": 0} {
		if n := w.Recent(actions, time.Hour, now.Add(5*time.Minute)); n != want {
			t.Errorf("of %q %d, want %d", actions, n, want)
		}
	}
	if n := w.Recent("a", time.Hour, now.Add(time.Hour)); n != 1 {
		t.Errorf("an hour later %d, want 1", n)
	}
}
