// Package engine answers findings in process: it opens cases, runs playbooks under the actions' law, resumes what was
// interrupted, releases, plans and verifies.
package engine

import (
	"context"
	"time"

	"cordon/internal/action"
	"cordon/internal/casefile"
	"cordon/internal/cloud"
	"cordon/internal/config"
	"cordon/internal/finding"
	"cordon/internal/notify"
	"cordon/internal/policy"
	"cordon/internal/vault"
)

// Engine holds what every response needs. Make it with New; it is safe for concurrent use.
type Engine struct {
	actions map[string]action.Action
	o       Options
	rules   ApprovalRules
	process string // with Options.Local: what this process's leases end with

	// containing and collecting bound what runs at once, so that no containment waits for another one's evidence.
	containing, collecting slots
}

// slots is a number of places; take one, and give it back with the returned function.
type slots chan struct{}

func (s slots) take() (free func()) {
	s <- struct{}{}
	return func() { <-s }
}

// Options are an engine's parts. Store, Vault, Clients and Actions are needed.
type Options struct {
	Actions []action.Action
	Store   casefile.Store
	Vault   vault.Vault
	Config  config.Config
	// Clients gives the clients for an account and Region ("aws-global" for IAM). It makes no call.
	Clients func(ctx context.Context, account, region string) (*cloud.Clients, error)
	// Channels are where notices go; none for no notices.
	Channels []notify.Channel
	// Archive archives a finding in GuardDuty when its case is released as a false positive; nil for not at all.
	Archive func(ctx context.Context, f finding.Finding) error
	// Facts reads what policy has to know of a target; nil: the engine reads the target's tags. It runs only where that can
	// change the decision.
	Facts func(ctx context.Context, t finding.Target) policy.Facts
	// Caller is who runs this process, an ARN, for what people answer; nil where that is no person.
	Caller func(ctx context.Context) (string, error)
	// Answer tells the execution that waits with a task token what people have said. ErrNobodyWaits: it does not wait any
	// more. nil: answers are carried out in this process.
	Answer func(ctx context.Context, token string, yes bool) error
	// Step is told of each step before it begins, and with its status at its end; what it returns carries the step's context (a
	// trace's span in it, say). nil for nobody.
	Step func(ctx context.Context, caseID, action string) (context.Context, func(status string))
	// Progress is told what happens as it happens, from many goroutines; nil for nobody.
	Progress func(Event)
	// Places are told when a run's containment is over, and when it waits for another run; nil for nobody.
	Places Places
	// Wait bounds how long a run waits for slow work (snapshots); what is pending then is left for the next run of the
	// same finding. 0 waits as long as the context lasts.
	Wait time.Duration
	// NoticeWait bounds how long a run tries to deliver a notice that a channel does not take; then it stays in the store
	// for SendUnsent. 0 tries once.
	NoticeWait time.Duration
	// Recheck looks at a contained target again for every delivery, as a person who asks wants it; without it a delivery
	// that brings nothing new is not looked at.
	Recheck bool
	// Containments bounds how many targets are contained at once; 0 is 32.
	Containments int
	// Owner names this process in leases and journals.
	Owner string
	// Local says that no process of another machine uses the store: the lease of one that has died on this machine is then
	// taken over without waiting for its end.
	Local bool
}

// Event is one thing that happened, for people to watch.
type Event struct {
	At     time.Time
	Case   string
	Target finding.Target
	Action string // "" for an event of the case itself
	Status string // of the step ("doing", "done", …) or of the case
	Text   string
	Took   time.Duration // since the response, or the release, began
}

// New makes an engine.
func New(o Options) *Engine {
	if o.Containments == 0 {
		o.Containments = 32
	}
	e := &Engine{
		actions: map[string]action.Action{}, o: o, containing: make(slots, o.Containments), collecting: make(slots, 64),
		rules: approvalRules(o.Config.Policy.Approval),
	}
	for _, a := range o.Actions {
		e.actions[a.ID] = a
	}
	if o.Local {
		e.process = thisProcess()
	}
	return e
}

// Tell passes an event of the engine's user on to Progress.
func (e *Engine) Tell(ev Event) { e.tell(ev) }

func (e *Engine) tell(ev Event) {
	if e.o.Progress != nil {
		ev.At = time.Now()
		e.o.Progress(ev)
	}
}

func (e *Engine) step(ctx context.Context, caseID, action string) (context.Context, func(status string)) {
	if e.o.Step == nil {
		return ctx, func(string) {}
	}
	return e.o.Step(ctx, caseID, action)
}

// InterruptedError says that the caller gave up before the run was over. The case says how far it came.
type InterruptedError struct{ Case string }

func (e *InterruptedError) Error() string {
	return "case " + e.Case + " was interrupted: run the same command again, it goes on where it was"
}

// SetupError says that the surroundings do not let Cordon work: nothing was changed.
type SetupError struct {
	What string // "evidence vault", "AWS credentials", …
	Hint string
	Err  error
}

func (e *SetupError) Error() string { return e.What + ": " + e.Err.Error() + " (" + e.Hint + ")" }
func (e *SetupError) Unwrap() error { return e.Err }
