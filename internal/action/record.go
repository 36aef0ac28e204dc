package action

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Status is where a record stands. The values are those of the command line's JSON, and doing.
type Status string

// The statuses of a record; see the package comment for the transitions.
const (
	Doing    Status = "doing" // the prior state is stored; the change may have been made
	Done     Status = "done"
	Failed   Status = "failed"
	Skipped  Status = "skipped"
	Waiting  Status = "pending"
	Undone   Status = "undone"
	Conflict Status = "conflict"
)

// Record is what one action observed, did and found afterwards, in one case.
type Record struct {
	Case    string          `json:"case"`
	Action  string          `json:"action"`
	Seq     int             `json:"seq"`     // the order in which the case's records began; 0 until stored
	Version int             `json:"version"` // of the stored record; a save must name the one it read
	Status  Status          `json:"status"`
	Request json.RawMessage `json:"request"`         // as it was asked, so that release asks the same
	Prior   json.RawMessage `json:"prior,omitempty"` // never changed once stored, except by Extend
	After   json.RawMessage `json:"after,omitempty"` // what Observe showed after Do, also after a Do that failed

	Started  time.Time `json:"started"`
	Acted    time.Time `json:"acted,omitzero"` // the change was in effect: Do returned, or said so before tidying up
	Ended    time.Time `json:"ended,omitzero"` // verified, failed or skipped
	Released time.Time `json:"released,omitzero"`
	Attempts int       `json:"attempts"`
	Next     time.Time `json:"next,omitzero"`  // of a notice that was not taken: not sent again by itself before that
	Moot     bool      `json:"moot,omitempty"` // skipped because the target is gone, or harmless as it is

	Error  string   `json:"error,omitempty"`
	Reason string   `json:"reason,omitempty"`
	Notes  []string `json:"notes,omitempty"` // remarks so far, for the reason of a later attempt

	Remains []string `json:"remains,omitempty"` // what Do said may still get through although it is done
}

// Open says whether the record still holds a change of ours that release has to look at.
func (r Record) Open() bool {
	return len(r.Prior) > 0 && r.Status != Undone
}

// Ledger keeps records durably. A nil error means that the record survives the process.
type Ledger interface {
	// Record gives the record of an action in a case; ok is false where there is none.
	Record(ctx context.Context, caseID, action string) (r Record, ok bool, err error)
	// Records gives a case's records by Seq.
	Records(ctx context.Context, caseID string) ([]Record, error)
	// SaveRecord stores r and returns it with its Seq and new Version. ErrStale: another process has saved it since
	// r was read (r.Version is not the stored one; 0 means there is none).
	SaveRecord(ctx context.Context, r Record) (Record, error)
}

// ErrStale is the error of a save on top of a version that is not the stored one any more.
var ErrStale = errors.New("another process has changed this record; run the command again")
