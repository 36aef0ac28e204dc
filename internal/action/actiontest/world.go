package actiontest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"cordon/internal/action"
	"cordon/internal/awssim"
	"cordon/internal/cloud"
	"cordon/internal/finding"
)

// The instances of the simulated demo account, and its evidence bucket.
const (
	WebServer   = "i-0a1b2c3d4e5f60001" // in an Auto Scaling group, two interfaces, three volumes, Linux
	BatchServer = "i-0a1b2c3d4e5f60002" // Windows behind NAT; shares its role with another instance
	Database    = "i-0a1b2c3d4e5f60003" // Arm, termination protection on, no profile
	Bucket      = "cordon-evidence-" + awssim.DefaultAccount
)

// CaseID is the case that a World's actions work for.
const CaseID = "c-0123456789ab"

// cordon and operator are the principals of the actions under test and of everyone else.
const (
	cordon   = "arn:aws:sts::" + awssim.DefaultAccount + ":assumed-role/cordon/test"
	operator = "arn:aws:iam::" + awssim.DefaultAccount + ":user/operator"
)

// World is a simulated demo account with an action's surroundings. It belongs in one synctest bubble.
type World struct {
	Account  *awssim.Account
	Others   *cloud.Clients // for what other people do: neither journaled nor subject to faults
	Env      *action.Env    // what the actions get
	Ledger   *Ledger
	Evidence *Evidence
	Journal  *cloud.Journal
	Target   finding.Target

	always func(awssim.Call) awssim.Fault // of the scenario; nil: nothing

	mu    sync.Mutex
	n     int
	fault func(n int, c awssim.Call) awssim.Fault
}

// NewWorld builds the demo account; instance is the target.
func NewWorld(t testing.TB, instance string, opts awssim.Options) *World {
	t.Helper()
	w := &World{Ledger: &Ledger{}, Evidence: &Evidence{}, Journal: &cloud.Journal{}}
	w.Target = finding.Target{Account: awssim.DefaultAccount, Region: awssim.DemoRegion, Kind: finding.KindInstance, ID: instance}
	opts.Fault = w.inject
	w.Account = awssim.New(opts)
	if err := awssim.Demo(w.Account); err != nil {
		t.Fatalf("build demo account: %v", err)
	}
	w.Others = cloud.New(w.Account.ConfigAs(awssim.DemoRegion, operator), awssim.DefaultAccount)
	w.Env = &action.Env{
		Clients:  cloud.New(w.Journal.Attach(w.Account.ConfigAs(awssim.DemoRegion, cordon)), awssim.DefaultAccount),
		Evidence: w.Evidence,
		Records:  func(ctx context.Context) ([]action.Record, error) { return w.Ledger.Records(ctx, CaseID) },
	}
	return w
}

// Inject lets f decide what goes wrong with the actions' calls from now on; n counts them from 1. nil: nothing does.
func (w *World) Inject(f func(n int, c awssim.Call) awssim.Fault) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.n, w.fault = 0, f
}

// Attempts is the number of the actions' calls since Inject, the SDK's retries counted.
func (w *World) Attempts() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.n
}

func (w *World) inject(c awssim.Call) awssim.Fault {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.Principal != cordon {
		return awssim.Fault{}
	}
	w.n++
	var f awssim.Fault
	if w.fault != nil {
		f = w.fault(w.n, c)
	}
	if f == (awssim.Fault{}) && w.always != nil {
		f = w.always(c)
	}
	return f
}

// Request asks for an action on the world's target with a step's settings.
func (w *World) Request(t testing.TB, with any) action.Request {
	t.Helper()
	req, err := action.NewRequest(action.On{Case: CaseID, Target: w.Target}, with)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// Run runs a until it is not pending any more, and gives its record.
func (w *World) Run(t testing.TB, a action.Action, with any) action.Record {
	t.Helper()
	req := w.Request(t, with)
	for range 200 {
		rec, err := action.Run(t.Context(), w.Ledger, w.Env, a, CaseID, req)
		var pending *action.Pending
		if errors.As(err, &pending) {
			time.Sleep(pending.After)
			continue
		}
		if err != nil {
			t.Fatalf("run %s: %v", a.ID, err)
		}
		return rec
	}
	t.Fatalf("run %s: pending for ever", a.ID)
	return action.Record{}
}

// Undo releases a's record.
func (w *World) Undo(t testing.TB, a action.Action, force bool) action.Record {
	t.Helper()
	rec, ok, err := w.Ledger.Record(t.Context(), CaseID, a.ID)
	if err != nil || !ok {
		t.Fatalf("read the record of %s: %v, %v", a.ID, ok, err)
	}
	if rec, err = action.Undo(t.Context(), w.Ledger, w.Env, a, rec, force); err != nil {
		t.Fatalf("undo %s: %v", a.ID, err)
	}
	return rec
}

// Reopen sets the status of a's record, as a process that died would have left it.
func (w *World) Reopen(t testing.TB, a action.Action, status action.Status) {
	t.Helper()
	rec, ok, err := w.Ledger.Record(t.Context(), CaseID, a.ID)
	if err != nil || !ok {
		t.Fatalf("read the record of %s: %v, %v", a.ID, ok, err)
	}
	rec.Status = status
	if _, err := w.Ledger.SaveRecord(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
}

// Dump is the account's state. Without left, what an action leaves behind on purpose (snapshots, evidence objects,
// commands) is not in it.
func (w *World) Dump(left bool) map[string]any {
	return w.Account.Dump(awssim.DumpOptions{Snapshots: left, Objects: left, Commands: left})
}
