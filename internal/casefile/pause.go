package casefile

import (
	"errors"
	"fmt"
	"time"
)

// Pause says that nothing is to be contained until somebody resumes.
type Pause struct {
	By     string    `json:"by"` // who paused
	At     time.Time `json:"at"`
	Reason string    `json:"reason,omitempty"`
}

// Kept is the pause as a store keeps it, and its entry in the pauses' journal, but for Seq.
func (p Pause) Kept() (Pause, Entry, error) {
	if p.By == "" {
		return p, Entry{}, errors.New("nobody knows who pauses")
	}
	p.At = utc(p.At)
	return p, Entry{At: p.At, By: p.By, Event: "paused", Text: p.Reason}, nil
}

// Resumption is the entry of one who ends a pause, but for Seq.
func Resumption(by string, now time.Time) (Entry, error) {
	if by == "" {
		return Entry{}, errors.New("nobody knows who resumes")
	}
	return Entry{At: utc(now), By: by, Event: "resumed"}, nil
}

// OtherPausesError says that a store has other pauses than an export.
type OtherPausesError struct{ From int } // the first entry that differs

func (e *OtherPausesError) Error() string {
	return fmt.Sprintf("the store has other pauses (from entry %d on): they were left as they are", e.From)
}

// PausesAfter are the entries that a store with the pauses' journal had has to add to come to be entries, none where it
// has them already or more; and the pause that is then in force, nil for none. *OtherPausesError where had is another journal.
func PausesAfter(had, entries []Entry) (more []Entry, left *Pause, err error) {
	for n, e := range entries {
		if e.Seq != n+1 || e.By == "" || e.Event != "paused" && e.Event != "resumed" {
			return nil, nil, fmt.Errorf("entry %d of the pauses is not one that a store keeps", n+1)
		}
		if n < len(had) && (!had[n].At.Equal(e.At) || had[n].By != e.By || had[n].Event != e.Event || had[n].Text != e.Text) {
			return nil, nil, &OtherPausesError{n + 1}
		}
	}
	if len(entries) <= len(had) {
		return nil, nil, nil
	}
	if last := entries[len(entries)-1]; last.Event == "paused" {
		left = &Pause{By: last.By, At: last.At, Reason: last.Text}
	}
	return entries[len(had):], left, nil
}
