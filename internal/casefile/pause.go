package casefile

import (
	"errors"
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
