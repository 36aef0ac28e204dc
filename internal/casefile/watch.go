package casefile

import (
	"slices"
	"time"
)

// Watch is what is known of a contained target that is looked at again and again.
type Watch struct {
	Drift    []string  `json:"drift,omitempty"`     // what is not as it was set, and people were told of; none: all is
	Since    time.Time `json:"since,omitzero"`      // of Drift
	Notices  int       `json:"notices,omitempty"`   // how often people were told of drift in this case
	PutBacks []PutBack `json:"put_backs,omitempty"` // of the last hour, in order
}

// PutBack says that containment was put back because it had drifted.
type PutBack struct {
	At      time.Time `json:"at"`
	Actions string    `json:"actions"` // whose state had drifted: sorted, with commas between them
}

// Recent is how often the containment of these actions was put back in the time before now.
func (w Watch) Recent(actions string, within time.Duration, now time.Time) (n int) {
	for _, p := range w.PutBacks {
		if p.Actions == actions && now.Sub(p.At) < within {
			n++
		}
	}
	return n
}

// Put is the watch after containment was put back at now; what is older than keep is forgotten.
func (w Watch) Put(actions string, keep time.Duration, now time.Time) Watch {
	w.PutBacks = slices.DeleteFunc(slices.Clone(w.PutBacks), func(p PutBack) bool { return now.Sub(p.At) >= keep })
	w.PutBacks = append(w.PutBacks, PutBack{utc(now), actions})
	return w
}
