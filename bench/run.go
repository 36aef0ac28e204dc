package bench

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"time"

	"cordon/internal/casefile"
	"cordon/internal/cloud"
)

// Run is what one response cost, on the clock that it ran by.
type Run struct {
	Contain  time.Duration // from reading the finding to the last interface isolated
	Verified time.Duration // until that was read back and said; 0 for the references, which do not
	Total    time.Duration

	Began           time.Time
	Calls           []cloud.Call // in the order they ended, the SDK's retries of a call within it
	UntilContained  int          // of Calls, how many had begun when the last interface was isolated
	Row, RowContain []cloud.Call // the longest rows: in all, and to the last interface isolated
	Attempts        int          // calls with the SDK's retries
	Allocs, Bytes   uint64       // allocated meanwhile, by the SDK and the simulated account too

	Failed           []error // calls of a reference that failed for good
	Case             casefile.Case
	Reachable, Alive int // interfaces that new connections still reach, and connections that are still open
}

// RunBaseline replays a recording on a new account.
func RunBaseline(ctx context.Context, s Scene, b Baseline) (Run, error) {
	a, err := NewAccount(ctx, s)
	if err != nil {
		return Run{}, err
	}
	a.Begin()
	r := Run{Began: time.Now()}
	err = r.measure(a, func() (err error) { r.Failed, err = Replay(ctx, a, b); return err })
	if err != nil {
		return r, err
	}
	r.Contain = r.Calls[b.Containing()].Ended.Sub(r.Began)
	r.rows()
	r.Reachable, r.Alive = a.CutOff()
	return r, nil
}

// RunCordon answers a finding on a new account.
func RunCordon(ctx context.Context, s Scene, setup Setup) (Run, error) {
	a, err := NewAccount(ctx, s)
	if err != nil {
		return Run{}, err
	}
	return respond(ctx, a, setup, host)
}

// respond answers a finding on an account. A case that is not contained is an error; its Run holds all the same.
func respond(ctx context.Context, a *Account, setup Setup, instance string) (Run, error) {
	c, err := NewCordon(ctx, a, setup)
	if err != nil {
		return Run{}, err
	}
	defer c.Store.Close()
	a.Begin()
	r := Run{Began: time.Now()}
	err = r.measure(a, func() (err error) { r.Case, err = c.Contain(ctx, instance); return err })
	r.Contain = r.Case.ContainedAfter
	if !c.verified.IsZero() {
		r.Verified = c.verified.Sub(r.Began)
	}
	r.rows()
	r.Reachable, r.Alive = a.CutOff()
	return r, err
}

// measure runs f, and counts.
func (r *Run) measure(a *Account, f func() error) error {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	attempts := a.Calls()
	err := f()
	r.Total, r.Attempts = time.Since(r.Began), a.Calls()-attempts
	runtime.ReadMemStats(&after)
	r.Allocs, r.Bytes = after.Mallocs-before.Mallocs, after.TotalAlloc-before.TotalAlloc
	r.Calls = a.Journal.Calls()
	return err
}

func (r *Run) rows() {
	contained := r.Began.Add(r.Contain)
	r.Row = Chain(r.Calls)
	r.RowContain = ChainTo(r.Calls, func(c cloud.Call) bool { return isolates(c) && !c.Ended.After(contained) })
	for _, c := range r.Calls {
		if c.Started.Before(contained) {
			r.UntilContained++
		}
	}
}

// isolates says whether a call is one that isolation ends with.
func isolates(c cloud.Call) bool {
	return c.Operation == "ModifyNetworkInterfaceAttribute" || strings.HasPrefix(c.Operation, "RevokeSecurityGroup")
}

// onceTime sets a time once.
type onceTime struct{ once sync.Once }

func (o *onceTime) set(t time.Time, into *time.Time) { o.once.Do(func() { *into = t }) }
