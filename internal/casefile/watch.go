package casefile

import (
	"slices"
	"strings"
	"time"
)

// Watch is what is known of a contained target that is looked at again and again.
type Watch struct {
	Drift    []string  `json:"drift,omitempty"`     // what is not as it was set, and people were told of; none: all is
	Since    time.Time `json:"since,omitzero"`      // of Drift
	Notices  int       `json:"notices,omitempty"`   // how often people were told of drift in this case
	Last     Told      `json:"last,omitzero"`       // the last of these notices
	Untold   string    `json:"untold,omitempty"`    // what had drifted and is being put back; "" once people are told
	PutBacks []PutBack `json:"put_backs,omitempty"` // of the last hour, in order
}

// Told is what people were told of drift, or are to be.
type Told struct {
	At    time.Time `json:"at"`
	Level string    `json:"level"` // as in a notice
	Text  string    `json:"text"`
}

// PutBack says that containment was put back because it had drifted.
type PutBack struct {
	At      time.Time `json:"at"`
	Actions string    `json:"actions"` // whose state had drifted: sorted, with commas between them
}

// Recent is how often the containment of any of these actions was put back in the time before now; actions is as in PutBack.
func (w Watch) Recent(actions string, within time.Duration, now time.Time) (n int) {
	these := strings.Split(actions, ",")
	for _, p := range w.PutBacks {
		shared := slices.ContainsFunc(strings.Split(p.Actions, ","), func(id string) bool { return slices.Contains(these, id) })
		if shared && now.Sub(p.At) < within {
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

// Tell is the watch with a notice more: what has drifted by now, none where all is as it was set, and what people are told.
func (w Watch) Tell(drift []string, level, text string, now time.Time) Watch {
	w.Drift, w.Since, w.Untold = drift, time.Time{}, ""
	if len(drift) > 0 {
		w.Since = utc(now)
	}
	w.Notices, w.Last = w.Notices+1, Told{utc(now), level, text}
	return w
}
