// Package action defines what Cordon can do to one AWS resource, and enforces the law under which it is done.
//
// An action is three functions: Observe reads, Do changes, Undo puts back. The law, kept in [Run] and [Undo]:
//
//  1. Without a stored prior state: Observe, store {doing, prior}, then Do. A retry uses the stored prior and does
//     not take its own half-made change for "before".
//  2. After Do, Observe again and store that as after. A step is done when after shows what was wanted, not when no
//     error came.
//  3. Undo observes first, part by part: now == after: put back. Now == prior: nothing left to do (after a Do that
//     failed it is put back all the same, as AWS may show a change late). A part that Do did not set, or that is gone,
//     is left out. Anything else is someone else's change: a conflict, reported and left alone unless forced.
//  4. There is one record for each (case, action).
//  5. Nothing that the target feels is changed before Env.Touch permits. Where it refuses, the record begins anew another time.
//  6. Waiting, skipping and a missing target are typed errors: *Pending, *Skip, *Gone.
//
// The life of a record:
//
//	        Observe ok           Do ok, after as wanted
//	(none) ───────────▶ doing ─────────────────────────▶ done ──Undo──▶ undone
//	   │                │  ▲ │ *Pending                   │                ▲
//	   │ *Skip, *Gone   │  │ └────────▶ pending           └── conflict ────┘ (force, or the conflict is gone)
//	   ▼                ▼  │ retry
//	skipped           failed
package action

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"cordon/internal/cloud"
	"cordon/internal/finding"
)

// Env is what an action works with: clients for the target's account and Region, and the case's evidence and records.
type Env struct {
	*cloud.Clients
	Evidence Evidence
	Records  func(ctx context.Context) ([]Record, error) // the case's records so far, in the order they began

	// Permit is asked after observing and before anything is changed; an error means that nothing may be. nil permits.
	Permit func(ctx context.Context) error

	// Touch is asked before the first change that the target feels; an error means that nothing may be changed, and what
	// the action has made for itself is taken back. nil permits. Run asks it for every action but one that Prepares.
	Touch func(ctx context.Context) error

	// Planning is set while nothing is going to be done: Observe says what it would find after the steps before it.
	Planning bool

	// ReactivateKeys lets Undo reactivate access keys, which it does not do by itself.
	ReactivateKeys bool

	// Interrupted says that an attempt before this one began to change something, and that nothing is known of its end.
	Interrupted bool
	// Attempt counts the calls of Do in this record, from 1: the longer something takes, the longer the next wait.
	Attempt int

	inEffect *time.Time
	notes    *notebook
	remains  *notebook
	disowned *notebook
}

// Note leaves a remark with the record, for people: what a state cannot show, such as how long a moment was. Saying
// the same again adds nothing. It is safe for concurrent use.
func (e *Env) Note(format string, args ...any) {
	if e.notes != nil {
		e.notes.add(fmt.Sprintf(format, args...))
	}
}

// Remains is a Note that says what may still get through although Do ends well, where the state cannot show it. It is a residual path of the
// record until its change is put back or made again. It is safe for concurrent use.
func (e *Env) Remains(format string, args ...any) {
	e.Note(format, args...)
	if e.remains != nil {
		e.remains.add(fmt.Sprintf(format, args...))
	}
}

// InEffect says that the change is made and the rest of Do is tidying up; the record's Acted is this moment.
func (e *Env) InEffect() {
	if e.inEffect != nil {
		*e.inEffect = time.Now().UTC()
	}
}

// Backoff is how long to wait before the next look at something slow: 1, 2, 4 … 30 s.
func (e *Env) Backoff() time.Duration {
	return min(time.Second<<min(e.Attempt, 6)/2, 30*time.Second)
}

// Evidence is where an action leaves what it collected for its case.
type Evidence interface {
	// Put stores content under name and adds it to the case's manifest. A second Put of one name is refused with
	// an error unless the content is the same.
	Put(ctx context.Context, name string, content []byte) (Artifact, error)
	// Attest adds an object that was uploaded in parts under Bucket's prefix and name to the case's manifest. An error where
	// the object is not as u says. The same again gives the first artifact.
	Attest(ctx context.Context, name string, u Uploaded) (Artifact, error)
	// Find gives the artifact of that name; ok is false where the case has none.
	Find(ctx context.Context, name string) (a Artifact, ok bool, err error)
	// Bucket is where AWS services may write evidence of this case themselves; ok is false for a vault that is
	// no S3 bucket. The prefix ends in "/".
	Bucket() (bucket, prefix string, ok bool)
}

// Artifact is one piece of evidence. SHA256 is lower-case hex.
type Artifact struct {
	URI    string `json:"uri"`
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
}

// On says what an action is asked about. A Spec's T embeds it and adds the step's settings.
type On struct {
	Case   string         `json:"case"`
	Target finding.Target `json:"target"`
}

// Spec is an action as its author writes it. T is the request (it embeds On), P the observed state: normalised
// (sorted, no times) so that equal states are equal values. Both go through JSON.
type Spec[T, P any] struct {
	ID          string        // "ec2.isolate-network"
	Summary     string        // one sentence: what it does, for people
	Details     string        // what to know: what is left, how release works, quotas
	Permissions []string      // every IAM action it may call, sorted
	ForRelease  []string      // those of Permissions that only Undo needs
	Until       string        // the action that takes over what this one set; from then on its state is not compared
	Settle      time.Duration // how long AWS may take to show the change; 10 s if zero
	Prepares    bool          // Do first makes what it needs beside the target, then asks Env.Touch itself

	// Observe reads only. known is the stored prior, nil the first time: it says what to look at when the target
	// itself does not any more (the role of a profile that was removed). *Skip: the action cannot be applied here, and
	// why. *Gone: the target does not exist. *Moot: the target needs no containing.
	Observe func(ctx context.Context, env *Env, t T, known *P) (P, error)
	// Expect is the state that Do will leave. It makes no call; plan shows it.
	Expect func(t T, prior P) P
	// Do brings the target to the expected state. Idempotent: it may find part of its work done.
	// *Pending: not finished; call again later. *Moot: what was to be changed turned out to be harmless; nothing was changed.
	Do func(ctx context.Context, env *Env, t T, prior P) error
	// Undo puts prior back. Idempotent; a resource that is gone is no error, a target that is gone is *Gone. Where the
	// Spec has Parts, prior holds only what is to be put back.
	Undo func(ctx context.Context, env *Env, t T, prior P) error
	// Irreversible is the reason why there is no Undo; set exactly when Undo is nil.
	Irreversible string
	// Leave ends what an Irreversible action has under way when its case is released; nil: nothing needs to be ended. Idempotent.
	Leave func(ctx context.Context, env *Env, t T) error

	// Verify says whether after shows what was wanted; nil means the parts of after and Expect are equal. *Drifted:
	// the target has gained something since; Do runs again on the extended prior.
	Verify func(t T, prior, after P) error
	// Parts splits P into independent parts by resource id; only parts are compared. nil: P is one part.
	Parts func(P) map[string]any
	// Without is P less the named parts; set together with Parts.
	Without func(p P, parts map[string]bool) P
	// Extend adds to prior what the target has gained since (a new network interface), never replacing what is
	// there. nil: prior stays.
	Extend func(prior, now P) P
	// Merge is what a repeated request adds to the stored one (another key, later activity); nil: the stored one stays.
	// A record that is done is done again when Verify fails on the merged request.
	Merge func(was, asked T) T
	// Residual names what may still get through although the action is done.
	Residual func(t T, prior, after P) []string
}

// Action is a Spec with its types erased to JSON. Make it with New.
type Action struct {
	ID, Summary, Details string
	Permissions          []string
	ForRelease           []string
	Irreversible         string
	Until                string

	settle   time.Duration
	prepares bool
	impl     erased
}

// erased is a Spec's behaviour over JSON. A request is the JSON of T, a state the JSON of P.
type erased interface {
	observe(ctx context.Context, env *Env, req, known json.RawMessage) (json.RawMessage, error)
	expect(req, prior json.RawMessage) (json.RawMessage, error)
	do(ctx context.Context, env *Env, req, prior json.RawMessage) error
	undo(ctx context.Context, env *Env, req, prior json.RawMessage, without map[string]bool) error
	leave(ctx context.Context, env *Env, req json.RawMessage) error
	verify(req, prior, after json.RawMessage) error
	parts(p json.RawMessage) (map[string]json.RawMessage, error)
	extend(prior, now json.RawMessage) (json.RawMessage, error)
	merge(was, asked json.RawMessage) (json.RawMessage, error)
	residual(req, prior, after json.RawMessage) ([]string, error)
	divisible() bool // has parts
}

// New erases a Spec. It panics on a Spec that breaks the contract: that is a mistake in the program.
func New[T, P any](s Spec[T, P]) Action {
	switch {
	case s.ID == "" || s.Summary == "" || s.Observe == nil || s.Do == nil || s.Expect == nil:
		panic("action: incomplete Spec " + s.ID)
	case (s.Undo == nil) != (s.Irreversible != ""):
		panic("action: Irreversible is set exactly when Undo is nil: " + s.ID)
	case s.Leave != nil && s.Irreversible == "":
		panic("action: Leave is for what is Irreversible: " + s.ID)
	case (s.Parts == nil) != (s.Without == nil):
		panic("action: Parts and Without go together: " + s.ID)
	case !slices.IsSorted(s.Permissions) || len(slices.Compact(slices.Clone(s.Permissions))) != len(s.Permissions):
		panic("action: Permissions are not sorted, or one is there twice: " + s.ID)
	}
	if s.Settle == 0 {
		s.Settle = 10 * time.Second
	}
	return Action{
		ID: s.ID, Summary: s.Summary, Details: s.Details, Permissions: s.Permissions, ForRelease: s.ForRelease,
		Irreversible: s.Irreversible, Until: s.Until, settle: s.Settle, prepares: s.Prepares, impl: spec[T, P]{s},
	}
}

// Pending is the error of work that is not finished: call again in After.
type Pending struct {
	After  time.Duration
	Reason string
}

func (e *Pending) Error() string { return "pending: " + e.Reason }

// Skip is the error of an action that does not apply to this target, and why.
type Skip struct{ Reason string }

func (e *Skip) Error() string { return "skipped: " + e.Reason }

// Skipf is a *Skip with a formatted reason.
func Skipf(format string, args ...any) error { return &Skip{fmt.Sprintf(format, args...)} }

// Moot is the error of an action whose target needs no containing: it is there, and harmless as it is.
type Moot struct{ Reason string }

func (e *Moot) Error() string { return "nothing to contain: " + e.Reason }

// Gone is the error of an action whose target does not exist (any more).
type Gone struct{ What string }

func (e *Gone) Error() string { return e.What + " does not exist" }

// Drifted is the error of a target that changed while we worked on it.
type Drifted struct{ What string }

func (e *Drifted) Error() string { return "changed meanwhile: " + e.What }
