package notify

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"cordon/internal/finding"
)

// Event is what happened to a case.
type Event string

// The events.
const (
	EventContained        Event = "contained"
	EventPartial          Event = "partial" // contained, with a step that failed
	EventFailed           Event = "failed"  // not contained
	EventObserved         Event = "observed"
	EventUnsupported      Event = "unsupported" // no playbook for this kind of target
	EventReleased         Event = "released"
	EventRepeat           Event = "repeat" // the finding came again
	EventAwaitingApproval Event = "awaiting-approval"
	EventDrift            Event = "drift" // containment is not as it was set any more
)

// Events lists every event.
func Events() []Event {
	return []Event{
		EventContained, EventPartial, EventFailed, EventObserved, EventUnsupported, EventReleased, EventRepeat,
		EventAwaitingApproval, EventDrift,
	}
}

// but gives all events except some.
func but(except ...Event) []Event {
	return slices.DeleteFunc(Events(), func(e Event) bool { return slices.Contains(except, e) })
}

// Level is how urgent a notice is. The caller sets it.
type Level string

// The levels. Critical is for what a person must act on now: nothing was contained, or root's credentials are used.
const (
	LevelInfo     Level = "info"
	LevelWarning  Level = "warning"
	LevelCritical Level = "critical"
)

// Notice is one change of a case's state, for people. It is data: every text from a finding is raw here, and each
// channel escapes it for its medium. Empty fields are left out of messages.
type Notice struct {
	Event  Event  `json:"event"`
	Level  Level  `json:"level"`
	Case   string `json:"case"`
	Status string `json:"status"` // the case's
	Reason string `json:"reason,omitempty"`

	Target      finding.Target `json:"target"`
	Title       string         `json:"title,omitempty"`
	Type        string         `json:"type,omitempty"` // the finding's
	Description string         `json:"description,omitempty"`
	Severity    float64        `json:"severity,omitempty"` // 1.0 to 10.0; 0: not given
	Count       int            `json:"count,omitempty"`
	FindingID   string         `json:"finding_id,omitempty"`
	FindingARN  string         `json:"finding_arn,omitempty"`

	// ContainedAfter is the time from reading the finding to the last containing change; 0: not contained. In JSON it
	// is "contained_after_ms".
	ContainedAfter time.Duration `json:"-"`
	Done           []string      `json:"done,omitempty"`
	Failed         []string      `json:"failed,omitempty"`   // a step and its reason each
	Residual       []string      `json:"residual,omitempty"` // what may still get through
	Evidence       int           `json:"evidence,omitempty"` // pieces
	EvidenceURI    string        `json:"evidence_uri,omitempty"`
	Next           []string      `json:"next,omitempty"`   // commands a person may run; never a link that acts
	Ticket         string        `json:"ticket,omitempty"` // the issue key, where the case has one
	Unsure         bool          `json:"-"`                // another notice may have made the ticket, or be making it
	FalsePositive  bool          `json:"false_positive,omitempty"`
	At             time.Time     `json:"at"`
}

// wireNotice adds to a Notice's JSON what is written differently there.
type wireNotice struct {
	*plainNotice
	ContainedAfterMS int64 `json:"contained_after_ms,omitempty"`
}

// plainNotice is a Notice without its methods.
type plainNotice Notice

// MarshalJSON writes ContainedAfter in whole milliseconds.
func (n Notice) MarshalJSON() ([]byte, error) {
	return json.Marshal(wireNotice{(*plainNotice)(&n), n.ContainedAfter.Milliseconds()})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (n *Notice) UnmarshalJSON(raw []byte) error {
	w := wireNotice{plainNotice: (*plainNotice)(n)}
	if err := json.Unmarshal(raw, &w); err != nil {
		return fmt.Errorf("decode notice: %w", err)
	}
	n.ContainedAfter = time.Duration(w.ContainedAfterMS) * time.Millisecond
	return nil
}

// key is 32 hexadecimal digits that are the same for the same notice and differ otherwise: what a channel looks for
// to tell whether this very notice was delivered.
func (n Notice) key() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %d %q", n.Case, n.Event, n.Status, n.Count, n.At.UTC().Format(time.RFC3339Nano)))
	return hex.EncodeToString(sum[:16])
}

// trimmed is n with each text at most size UTF-16 units and each list at most items long.
func (n Notice) trimmed(size, items int) Notice {
	for _, text := range []*string{
		&n.Case, &n.Status, &n.Reason, &n.Target.Account, &n.Target.Region, &n.Target.ID, &n.Title, &n.Type, &n.Description,
		&n.FindingID, &n.FindingARN, &n.EvidenceURI, &n.Ticket,
	} {
		*text = fit(*text, size)
	}
	for _, list := range []*[]string{&n.Done, &n.Failed, &n.Residual, &n.Next} {
		*list = atMost(*list, items)
		for i := range *list {
			(*list)[i] = fit((*list)[i], size)
		}
	}
	return n
}
