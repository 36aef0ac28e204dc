// Package casefile keeps cases: one incident on one target each, with its findings, records, evidence and journal.
//
// The life of a case; whatever is not released is open, and a target has at most one open case:
//
//	open ──▶ contained | partial | failed ──▶ released
//	  └────▶ observed | unsupported | awaiting-approval  (a later finding may open it again)
package casefile

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"cordon/internal/action"
	"cordon/internal/finding"
)

// Status of a case. The values are those of the command line's JSON.
type Status string

// The statuses of a case.
const (
	Open             Status = "open" // being answered
	Contained        Status = "contained"
	Partial          Status = "partial" // contained with a step that failed, or released with a conflict
	Failed           Status = "failed"  // not contained
	Released         Status = "released"
	Observed         Status = "observed" // policy says look only, or there is nothing left to contain
	AwaitingApproval Status = "awaiting-approval"
	Unsupported      Status = "unsupported" // no playbook for this kind of target
)

// Statuses are all that a case may have.
func Statuses() []Status {
	return []Status{Open, Contained, Partial, Failed, Released, Observed, AwaitingApproval, Unsupported}
}

// Finding is a finding's entry in a case.
type Finding struct {
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	Severity  float64   `json:"severity"`
	Count     int       `json:"count"`
	UpdatedAt time.Time `json:"updated_at,omitzero"`
	Received  time.Time `json:"received,omitzero"` // when this count came to Cordon first; set by the case
}

// Case is one incident on one target. Times are UTC.
type Case struct {
	ID       string            `json:"id"` // "c-" and 12 letters and digits
	Status   Status            `json:"status"`
	Reason   string            `json:"reason,omitempty"` // why it has this status, for people
	Target   finding.Target    `json:"target"`
	Findings []Finding         `json:"findings"`
	Opened   time.Time         `json:"opened"`
	Updated  time.Time         `json:"updated"`
	Playbook string            `json:"playbook,omitempty"`
	Rule     string            `json:"rule,omitempty"` // of the policy: the one that had the target answered last
	Off      []string          `json:"off,omitempty"`  // steps of the playbook that policy leaves out, sorted
	Residual []string          `json:"residual"`       // what may still get through
	Evidence []action.Artifact `json:"evidence"`
	Ticket   string            `json:"ticket,omitempty"`
	Linked   []string          `json:"linked,omitempty"` // cases of the other targets of its findings, sorted

	// ContainedAfter is the time from reading the finding to the last containing change; 0: not contained.
	ContainedAfter time.Duration `json:"contained_after"`
	// Changes counts the changes of status: a notice is sent once for each.
	Changes int `json:"changes,omitempty"`

	// Settled says that the last run went to its end, with nothing left to wait for: a duplicate delivery has nothing to
	// go on with. Releasing says that a release was begun and is not complete; ReleasingOnly the same of a release that is
	// limited to these actions (sorted).
	Settled       bool     `json:"settled,omitempty"`
	Releasing     bool     `json:"releasing,omitempty"`
	ReleasingOnly []string `json:"releasing_only,omitempty"`
	// Wanted is when somebody last said that they wait for the run to give the case over: a release, or a run for a newer
	// finding. It is said again while they wait.
	Wanted time.Time `json:"wanted,omitzero"`
	// Unanswered are the findings (ids, sorted) for whose present count no run has gone through the containment yet.
	Unanswered []string `json:"unanswered,omitempty"`
	// Looking are the findings that the run at work looks at in its containment.
	Looking []Finding `json:"looking,omitempty"`

	// Approval is what people were asked last, nil: nothing so far.
	Approval *Approval `json:"approval,omitempty"`

	// Concerns are what containing the target breaks, or would break, beside it. Weighed says that the containment may begin
	// for all that: they were looked at, and ask for nobody's yes (any more).
	Concerns []string `json:"concerns,omitempty"`
	Weighed  bool     `json:"weighed,omitempty"`

	// Watch is what looking at the contained target again has found.
	Watch Watch `json:"watch,omitzero"`

	// LetGo are the actions, sorted, that a person has released on their own: runs leave them alone.
	LetGo []string `json:"let_go,omitempty"`

	// ChainHead and ChainLength are the last entry's hash (hex) and number in the evidence manifest.
	ChainHead   string `json:"chain_head,omitempty"`
	ChainLength int    `json:"chain_length,omitempty"`

	Lease Lease `json:"lease,omitzero"`

	// News is set by OpenCase alone: this delivery made the case, or brought a finding, count or update that the
	// case did not know. It is not stored.
	News bool `json:"-"`
}

// Lease says which process answers a case, and until when without a renewal.
type Lease struct {
	Owner string    `json:"owner"`
	Until time.Time `json:"until"`
}

// Farthest is how far ahead a lease can end. One that ends later was written by a clock that has been set back since, or is
// far ahead: it does not hold, so that a jump of hours keeps no case from being answered. For so long, at most, may clocks
// that share a store differ.
const Farthest = 15 * time.Minute

// Holds says whether the lease keeps others from the case at a time.
func (l Lease) Holds(now time.Time) bool {
	return l.Owner != "" && l.Until.After(now) && !l.Until.After(now.Add(Farthest))
}

// Entry is one line of a case's journal. Entries are only ever added.
type Entry struct {
	Seq   int       `json:"seq"`
	At    time.Time `json:"at"`
	By    string    `json:"by"`    // the principal or component that caused it
	Event string    `json:"event"` // "opened", "finding", "status", "evidence", "released", …
	From  Status    `json:"from,omitempty"`
	To    Status    `json:"to,omitempty"`
	Text  string    `json:"text,omitempty"`
}

// Opening asks for the open case of a target.
type Opening struct {
	NewID   string // the id that the case gets if it is new; the caller draws it
	Target  finding.Target
	Finding Finding
	Raw     json.RawMessage // the finding's document, kept with the case
	By      string
	Now     time.Time

	// Before is asked once, beside the first read and before anything is written. Its error, which OpenCase wraps, ends the
	// opening. nil asks nothing. It may use the store.
	Before func(ctx context.Context) error
	// Begin is asked where a case is made, again if that is tried again; nil: it has nothing but the finding. It must not use
	// the store.
	Begin func() Beginning
}

// Beginning is what a new case has from its first moment; a case that was there before is left as it is. With a lease, its
// owner is at work on the case and looks at the finding; with a rule, that has decided it.
type Beginning struct {
	Lease Lease
	Rule  string
	Off   []string
}

// Filter chooses cases for List; zero fields choose all.
type Filter struct {
	Statuses []Status
	Target   *finding.Target
	Limit    int
}

// Store keeps cases durably. A nil error means that the change survives the process. Every method is safe for
// concurrent use, also by several processes.
//
// What ends at a time (a lease, a suppression, a question, a limit's window) ends by the wall clock of who asks. A clock that
// jumps forward ends it early, one that is set back late; no case, record or entry is lost or put in another order by
// either, for those go by numbers. A lease ends late by Farthest at most. Two runs that have a case for a moment by a jump
// are kept apart by the versions of its records: the one that is behind gets action.ErrStale.
type Store interface {
	action.Ledger

	// OpenCase gives the target's open case, made now if there is none; created says so. Of any number of
	// concurrent callers exactly one sees created. The finding is added to the case, or its entry brought up to the
	// higher count; each new finding or count is a journal entry; nothing changes for one already known.
	OpenCase(ctx context.Context, o Opening) (c Case, created bool, err error)
	// Case gives a case; ErrNotFound.
	Case(ctx context.Context, id string) (Case, error)
	// Cases lists cases, newest first.
	Cases(ctx context.Context, f Filter) ([]Case, error)
	// Documents gives the raw findings of a case, by finding id (the latest document of each); ErrNotFound.
	Documents(ctx context.Context, caseID string) (map[string]json.RawMessage, error)
	// Update reads the case, lets f change it, writes it and adds f's journal entries, in one transaction. f may run
	// again, and must not use the store. Status changes only through Update; ID, Target, Findings and Lease are not
	// f's to change: an error, as is leaving Released. Entry's Seq, At (if zero) and the case's Updated (if f left
	// it) are set here. ErrNotFound; f's own error.
	Update(ctx context.Context, id string, f func(*Case) ([]Entry, error)) (Case, error)
	// Journal gives a case's entries by Seq; ErrNotFound.
	Journal(ctx context.Context, id string) ([]Entry, error)

	// Claim takes or renews the lease on a case for ttl, which is below Farthest. *HeldError: another owner has it.
	Claim(ctx context.Context, id, owner string, now time.Time, ttl time.Duration) error
	// Yield gives the lease back if owner has it.
	Yield(ctx context.Context, id, owner string) error

	// Unsent lists the records of notices (their action begins with "notify.") that are doing, pending or failed, of all
	// cases, the oldest first.
	Unsent(ctx context.Context) ([]action.Record, error)

	// Suppress keeps s; a later one for the same finding and target takes the place of the earlier.
	Suppress(ctx context.Context, s Suppression) error
	// Suppressed gives the suppression of a finding on a target that is in force at now; ok is false where there is none.
	Suppressed(ctx context.Context, t finding.Target, findingID string, now time.Time) (s Suppression, ok bool, err error)

	// Admit counts one containment of the case in the scope of each limit, or in none: where a scope has its Max in the
	// window that ends now, nothing is counted and that limit is given back (the first such of limits). A case that is
	// counted in a scope's window already is not counted there again. Of any number of concurrent callers, in any number
	// of processes, a scope never has more than Max in its window.
	Admit(ctx context.Context, caseID string, limits []Limit, now time.Time) (full *Limit, err error)
	// Admitted gives how many cases each limit's scope has in the window that ends now, in the order of limits.
	Admitted(ctx context.Context, limits []Limit, now time.Time) ([]int, error)

	// Pause keeps p: from the moment it returns, Paused gives it to everyone. A later one takes the place of the earlier.
	Pause(ctx context.Context, p Pause) error
	// Resume ends the pause; nothing changes where there is none.
	Resume(ctx context.Context, by string, now time.Time) error
	// Paused gives the pause that is in force; ok is false where there is none.
	Paused(ctx context.Context) (p Pause, ok bool, err error)
	// Pauses gives every pause and resumption ("paused", "resumed"), by Seq.
	Pauses(ctx context.Context) ([]Entry, error)

	// Export gives f a snapshot of each case of ids, or of every case (nil), the oldest first. A snapshot is of one moment.
	// ErrNotFound; f's own error, which ends it. f must not use the store.
	Export(ctx context.Context, ids []string, f func(Snapshot) error) error
	// Import adds a case as a snapshot has it, all of it or nothing; written is false where the store has the same case
	// already. Nothing is written over: *DiffersError where the store has that case otherwise, *TakenError where the
	// target has another open case; a suppression of the same finding, and a count in the same scope, stay as they are.
	Import(ctx context.Context, s Snapshot) (written bool, err error)
	// ImportPauses brings the entries of Pauses up to entries, with the pause that the last of them leaves in force.
	// Nothing is written where the store has these already, or more; an error where it has others.
	ImportPauses(ctx context.Context, entries []Entry) (written bool, err error)

	// Check proves that the store can be written, without leaving a trace.
	Check(ctx context.Context) error
	Close() error
}

// Suppression says that a finding on a target was a false alarm: its repeats are not answered until Until.
type Suppression struct {
	Target  finding.Target `json:"target"`
	Finding string         `json:"finding"` // id
	Case    string         `json:"case"`    // the one that was released
	By      string         `json:"by"`
	Until   time.Time      `json:"until"`
}

// ErrNotFound is the error of a case that the store does not have.
var ErrNotFound = errors.New("no such case")

// HeldError says that another process is answering the case.
type HeldError struct{ Lease Lease }

func (e *HeldError) Error() string {
	return "another process (" + e.Lease.Owner + ") is answering this case until " + e.Lease.Until.Format(time.RFC3339)
}
