// Package asl renders the playbooks as one AWS Step Functions state machine (Amazon States Language, JSONPath), and
// holds the contract between that machine and the Lambda function that does its tasks.
package asl

import (
	"encoding/json"
	"time"
)

// The tasks that the state machine asks the function for.
const (
	TaskOpen   = "open"   // a finding's event in, Opened out
	TaskInline = "inline" // an Inline node, whole, in this one invocation
	TaskStep   = "step"   // one step
	TaskGate   = "gate"   // ask a person; the answer comes back with the token
	TaskSettle = "settle" // read the records, give the case its status; Settled out
)

// Task is the input of one task. The state machine carries case and step names only; the rest is in the store.
type Task struct {
	Task      string    `json:"task"`
	Execution string    `json:"execution"` // the execution's name: it holds the case's lease
	Started   time.Time `json:"started"`   // when the execution began: the moment that time to contain counts from

	Event    json.RawMessage `json:"event,omitempty"`    // open: the event as EventBridge gave it
	Case     string          `json:"case,omitempty"`     // all others
	Playbook string          `json:"playbook,omitempty"` // all others; the playbook's name
	Node     string          `json:"node,omitempty"`     // inline and gate: where it stands in the tree, "0" or "1/3/0"; of a gate "": before the tree
	Action   string          `json:"action,omitempty"`   // step: the action's id
	Token    string          `json:"token,omitempty"`    // gate: the task token
}

// Opened is what TaskOpen gives: never empty, one entry for each target of the finding.
type Opened struct {
	Cases []OpenedCase `json:"cases"`
}

// NoPlaybook is the playbook of a case in which nothing is to be done (any more).
const NoPlaybook = "none"

// OpenedCase is a case and the playbook that answers it.
type OpenedCase struct {
	Case     string `json:"case"`
	Playbook string `json:"playbook"` // NoPlaybook: the case is settled
	Clean    bool   `json:"clean"`    // of a settled case; see Settled
	Approve  bool   `json:"approve"`  // a person has to say yes before the playbook is begun
}

// Settled is what TaskSettle gives. Clean says that the case ended as policy says, whole; else a person has to look.
type Settled struct {
	Case   string `json:"case"`
	Status string `json:"status"`
	Clean  bool   `json:"clean"`
}

// The names of the errors that a task gives back and that the state machine tells apart. AWS Lambda reports an error by
// the name of its Go type.
const (
	ErrorPending = "Pending" // not finished: the same task again, later
	ErrorBusy    = "Busy"    // another execution answers the case: again when that is over
	ErrorAsks    = "Asks"    // of an inline: a person has to say yes first. Nothing was changed
	ErrorSettled = "Settled" // of a gate: there is nothing to wait for, the answer is in the store
)
