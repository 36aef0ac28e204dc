package engine

import "testing"

// TestContainments: as many targets are contained at once as the caller says.
func TestContainments(t *testing.T) {
	for _, tt := range []struct{ given, want int }{{0, 32}, {1, 1}, {256, 256}} {
		if got := cap(New(Options{Containments: tt.given}).containing); got != tt.want {
			t.Errorf("%d: %d at once, want %d", tt.given, got, tt.want)
		}
	}
}
