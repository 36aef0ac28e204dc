package awssim

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// DefaultAccount is the id of a simulated account whose Options name none.
const DefaultAccount = "111122223333"

// Options are an account's settings; the zero value is usable.
type Options struct {
	AccountID string                   // 12 digits; DefaultAccount if empty
	Partition string                   // "aws" if empty
	Caller    string                   // ARN of the calling principal; a role session of Cordon's own if empty
	Latency   func(Call) time.Duration // time a call takes on the wire; nil means none
	Fault     func(Call) Fault         // what goes wrong with a call; nil means nothing
	Authorize Authorize                // what IAM allows; nil allows everything
	Quotas    bool                     // AWS's rates: a call for which no token is left is Throttled; no limit if false

	SnapshotTime   time.Duration // how long a snapshot stays pending; 2 s if zero
	TransitionTime time.Duration // how long an instance stays pending, stopping or shutting-down; till the next call if zero
	HealthGrace    time.Duration // how long an unhealthy group member lives; 5 min if zero
	DetachTime     time.Duration // how long a member takes to leave its Auto Scaling group; none if zero
	CommandTime    time.Duration // how long an SSM command runs; 1 s if zero
	IAMDelay       time.Duration // how long a change of IAM stays unseen by reads of IAM; none if zero
}

// Account is one simulated account over all its Regions. It is safe for concurrent use.
type Account struct {
	opts     Options
	handlers map[opKey]handler
	decided  decisions
	disk     *disk         // nil: memory only
	org      *Organization // nil: on its own
	quotas   quotas

	mu    sync.Mutex
	st    *state
	calls int
}

// Call describes one attempt of one API call, for Options.Latency and Options.Fault.
type Call struct {
	N         int // 1 for the account's first attempt
	Service   string
	Operation string
	Region    string
	Principal string
	Input     any
}

// Fault is what goes wrong with one attempt. Before fails it without effect; After lets it take effect and then
// loses the answer.
type Fault struct{ Before, After error }

// New makes an empty account. Fill it with Edit, Demo or Large, or through the SDK.
func New(opts Options) *Account {
	if opts.AccountID == "" {
		opts.AccountID = DefaultAccount
	}
	if opts.Partition == "" {
		opts.Partition = "aws"
	}
	if opts.Caller == "" {
		opts.Caller = "arn:" + opts.Partition + ":sts::" + opts.AccountID + ":assumed-role/cordon/cordon"
	}
	if opts.SnapshotTime == 0 {
		opts.SnapshotTime = 2 * time.Second
	}
	if opts.HealthGrace == 0 {
		opts.HealthGrace = 5 * time.Minute
	}
	if opts.CommandTime == 0 {
		opts.CommandTime = time.Second
	}
	return &Account{opts: opts, handlers: operations(), decided: allDecisions(), st: newState(opts.AccountID, opts.Partition)}
}

// ID is the 12-digit account id.
func (a *Account) ID() string { return a.opts.AccountID }

// ownKey is the access key of Account.Config: its requests are of the principal that the configuration was made for.
const (
	ownKey    = "AKIASIMULATED"
	ownSecret = "simulated"
)

// Config is an SDK configuration whose clients talk to this account as Options.Caller. Its retryer is the SDK's own.
func (a *Account) Config(region string) aws.Config { return a.ConfigAs(region, a.opts.Caller) }

// ConfigAs is Config for another calling principal, named by its ARN.
func (a *Account) ConfigAs(region, principal string) aws.Config {
	return aws.Config{
		Region:      region,
		Credentials: credentials.NewStaticCredentialsProvider(ownKey, ownSecret, ""),
		APIOptions:  []func(*stack) error{a.attach(principal)},
	}
}

// Calls is the number of attempts the account has answered so far.
func (a *Account) Calls() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.calls
}

// Update runs f on the state under the account's lock, as a test or a scenario builder does, and saves it.
func (a *Account) update(f func(*state)) error {
	return a.locked(func() (bool, error) { f(a.st); return true, nil })
}

// do answers one attempt.
func (a *Account) do(ctx context.Context, c Call) (any, error) {
	a.mu.Lock()
	a.calls++
	c.N = a.calls
	a.mu.Unlock()
	if a.opts.Latency != nil {
		if err := sleep(ctx, a.opts.Latency(c)); err != nil {
			return nil, err
		}
	}
	if a.opts.Quotas {
		if err := a.quotas.refuse(c, time.Now()); err != nil {
			return nil, err
		}
	}
	var fault Fault
	if a.opts.Fault != nil {
		fault = a.opts.Fault(c)
	}
	if fault.Before != nil {
		return nil, fault.Before
	}
	h, ok := a.handlers[opKey{c.Service, c.Operation}]
	if !ok {
		return nil, apiError(501, "UnsimulatedOperation", "%s %s is not simulated", c.Service, c.Operation)
	}
	began := time.Now().UTC()
	out, again, err := a.run(ctx, c, h, began)
	for err == nil && again > 0 {
		if err := sleep(ctx, again); err != nil {
			return nil, err
		}
		out, again, err = a.run(ctx, c, h, began)
	}
	if err == nil && fault.After != nil {
		return nil, fault.After
	}
	return out, err
}

// run lets a handler answer inside the lock; again says that it waits, and when to ask it again.
func (a *Account) run(ctx context.Context, c Call, h handler, began time.Time) (out any, again time.Duration, err error) {
	err = a.locked(func() (bool, error) {
		x := &request{Call: c, ctx: ctx, now: time.Now().UTC(), acct: a, st: a.st, began: began}
		changed := a.st.advance(x.now, a.opts)
		err := x.permit()
		if err != nil {
			return changed, err
		}
		out, err = h.run(x)
		again = x.again
		wrote := h.writes && !x.unchanged
		if wrote {
			a.st.advance(x.now, a.opts) // what the call brought about begins now, not at the next call
		}
		return changed || wrote, err
	})
	return out, again, err
}

// locked runs f with the state current and exclusive, and saves the state when f says that it changed.
func (a *Account) locked(f func() (changed bool, err error)) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.disk == nil {
		_, err := f()
		return err
	}
	return a.disk.exclusive(a, f)
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
