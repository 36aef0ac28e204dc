package cloud

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const (
	// attempts is how often a call is sent at most, where the user's configuration does not say.
	attempts = 5
	// urgentAttempts is attempts for an urgent call that is throttled. Where every third attempt is, one call in two million
	// fails; where all are, it is given up after about ten seconds.
	urgentAttempts = 12
	// urgentFaults is how many other passing faults (5xx, network) end an urgent call: each of them may take half a minute.
	urgentFaults = 5
	// urgentPause and urgentPauseMax bound the time between an urgent call's attempts; it doubles, and is jittered.
	urgentPause, urgentPauseMax = 100 * time.Millisecond, 2 * time.Second
)

// Retries returns cfg with Cordon's retries, for every client made from it: the SDK's standard mode with 5 attempts; for
// urgent calls (Urgent) 12 where AWS throttles them and 5 where it fails otherwise, with short pauses, and apart from the
// SDK's retry quota, which failures of other calls use up. AWS_MAX_ATTEMPTS and AWS_RETRY_MODE, and the same settings in
// AWS's files, hold for all calls; a configuration that brings a retryer of its own is left as it is. Doing it twice is
// doing it once.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
func Retries(cfg aws.Config) aws.Config {
	if cfg.Retryer != nil {
		return cfg
	}
	u := urgentRetries{mode: cfg.RetryMode, throttled: cfg.RetryMaxAttempts, faults: cfg.RetryMaxAttempts}
	out := cfg.Copy()
	if cfg.RetryMaxAttempts == 0 {
		u.throttled, u.faults, out.RetryMaxAttempts = urgentAttempts, urgentFaults, attempts
	}
	return withStack(out, func(s *middleware.Stack) error {
		m, _ := s.Finalize.Get("Retry")
		usual, ok := m.(*retry.Attempt)
		if !ok { // no retries (a presigned request), or these ones already
			return nil
		}
		_, err := s.Finalize.Swap("Retry", &chosenRetry{usual: usual, urgent: &u})
		return err
	})
}

// withStack returns cfg with one more change of every call's middleware.
func withStack(cfg aws.Config, change func(*middleware.Stack) error) aws.Config {
	out := cfg.Copy()
	out.APIOptions = append(append([]func(*middleware.Stack) error(nil), cfg.APIOptions...), change)
	return out
}

// chosenRetry stands in the place of the SDK's Retry and passes urgent calls to a retryer of their own.
type chosenRetry struct {
	usual  *retry.Attempt
	urgent *urgentRetries
}

func (*chosenRetry) ID() string { return "Retry" }

func (c *chosenRetry) HandleFinalize(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	middleware.FinalizeOutput, middleware.Metadata, error,
) {
	if !IsUrgent(ctx) {
		return c.usual.HandleFinalize(ctx, in, next)
	}
	return retry.NewAttemptMiddleware(c.urgent.of(awsmiddleware.GetServiceID(ctx)), smithyhttp.RequestCloner, func(a *retry.Attempt) {
		a.LogAttempts, a.OperationMeter = c.usual.LogAttempts, c.usual.OperationMeter
		a.ClientSkew, a.DisableClockSkewCorrection = c.usual.ClientSkew, c.usual.DisableClockSkewCorrection
	}).HandleFinalize(ctx, in, next)
}

// urgentRetries makes the retryers of urgent calls. In adaptive mode the calls of a service share its rate.
type urgentRetries struct {
	mode              aws.RetryMode
	throttled, faults int // attempts

	mu   sync.Mutex
	base map[string]aws.RetryerV2 // by service
}

// of is the retryer of one call.
func (u *urgentRetries) of(service string) aws.Retryer {
	u.mu.Lock()
	defer u.mu.Unlock()
	base, ok := u.base[service]
	if !ok {
		standard := func(o *retry.StandardOptions) {
			o.MaxAttempts, o.RateLimiter = u.throttled, ratelimit.None
			o.Backoff = retry.BackoffDelayerFunc(urgentDelay)
		}
		if u.mode == aws.RetryModeAdaptive {
			base = retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) { o.StandardOptions = append(o.StandardOptions, standard) })
		} else {
			base = retry.NewStandard(standard)
		}
		if u.base == nil {
			u.base = map[string]aws.RetryerV2{}
		}
		u.base[service] = base
	}
	return &urgentRetryer{RetryerV2: base, faults: u.faults}
}

// urgentRetryer is for one call, whose attempts come one after another.
type urgentRetryer struct {
	aws.RetryerV2
	faults int // that end it, but for throttling
}

func (u *urgentRetryer) IsErrorRetryable(err error) bool {
	if !u.RetryerV2.IsErrorRetryable(err) {
		return false
	}
	if !Throttled(err) {
		u.faults--
	}
	return u.faults > 0
}

// urgentDelay is the pause after an attempt (1 for the first): at least half of what doubling gives.
func urgentDelay(attempt int, _ error) (time.Duration, error) {
	d := urgentPauseMax
	if attempt < 6 {
		d = min(d, urgentPause<<max(attempt-1, 0))
	}
	return d/2 + rand.N(d/2), nil
}
