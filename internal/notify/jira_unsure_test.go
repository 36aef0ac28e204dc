package notify

import (
	"testing"
	"time"
)

// TestJiraUnsure: while another notice of the case may have made the issue, none is made; one that is found is commented on.
func TestJiraUnsure(t *testing.T) {
	j, s := site(t, "3")
	c := jiraAt(t, s.URL, "3", nil)
	n := calm()
	n.Unsure, n.At = true, at.Add(10*time.Minute-time.Second) // the clock of the test says 10 minutes
	_, err := c.Deliver(t.Context(), n, false)
	if r := retryOf(t, err); r.Unknown || r.After != 0 || len(j.issues) != 0 {
		t.Errorf("%+v, %d issues; want soon again, and nothing sent", r, len(j.issues))
	}
	other := calm()
	other.At = at
	if ref, err := c.Deliver(t.Context(), other, false); err != nil || ref != "SEC-1" {
		t.Fatalf("%q, %v", ref, err)
	}
	if ref, err := c.Deliver(t.Context(), n, false); err != nil || ref != "SEC-1" || len(j.issues) != 1 || len(j.comments) != 1 {
		t.Errorf("%q, %v, %d issues, %d comments; want a comment on the issue that there is", ref, err, len(j.issues), len(j.comments))
	}
}
