package cloud

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
)

// Pace keeps the calls of one process under the rates at which AWS throttles, with one token bucket for each that AWS has:
// an account, Region and API (EC2), or all APIs of a service. Buckets are full at first, so that nothing waits in a quiet
// account. Calls that are not urgent leave a part of every bucket to urgent ones, and wait while less is left; an urgent call
// waits for urgent ones alone. It is safe for concurrent use; its zero value is ready.
type Pace struct {
	// Waited is told of each attempt that had to wait, after it, from many goroutines; nil for nobody. Set it before the first call.
	Waited func(service, operation string, urgent bool, waited time.Duration)

	mu      sync.Mutex
	buckets map[bucketKey]*bucket
}

type bucketKey struct{ account, region, family string }

// Attach returns cfg with the pace in the middleware of every client that New makes from it: each attempt takes a token,
// just inside Retry. A wait that the context's deadline does not leave time for fails at once, with
// context.DeadlineExceeded; a call without a token is not sent.
func (p *Pace) Attach(cfg aws.Config) aws.Config {
	return withStack(cfg, func(s *middleware.Stack) error {
		keep := middleware.InitializeMiddlewareFunc("CordonPaceInput", func(
			ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
		) (middleware.InitializeOutput, middleware.Metadata, error) {
			l, ok := limitOf(awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx), in.Parameters)
			if ok {
				ctx = middleware.WithStackValue(ctx, limitKey{}, l)
			}
			return next.HandleInitialize(ctx, in)
		})
		if err := s.Initialize.Add(keep, middleware.After); err != nil {
			return err
		}
		if _, ok := s.Finalize.Get("Retry"); !ok {
			return nil // a presigned request: it is not sent
		}
		return s.Finalize.Insert(middleware.FinalizeMiddlewareFunc("CordonPace", p.pass), "Retry", middleware.After)
	})
}

type limitKey struct{}

func (p *Pace) pass(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	out middleware.FinalizeOutput, md middleware.Metadata, err error,
) {
	l, limited := middleware.GetStackValue(ctx, limitKey{}).(limit)
	if !limited {
		return next.HandleFinalize(ctx, in)
	}
	b, urgent := p.bucket(ctx, l), IsUrgent(ctx)
	waited, err := b.take(ctx, urgent)
	service, operation := awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)
	if waited > 0 && p.Waited != nil {
		p.Waited(service, operation, urgent, waited)
	}
	if err != nil {
		return out, md, &paceError{service, operation, err}
	}
	if out, md, err = next.HandleFinalize(ctx, in); Throttled(err) {
		b.drain() // others in the account use the rate too
	}
	return out, md, err
}

func (p *Pace) bucket(ctx context.Context, l limit) *bucket {
	key := bucketKey{accountOf(ctx), awsmiddleware.GetRegion(ctx), l.family}
	if l.global {
		key.region = ""
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	b, ok := p.buckets[key]
	if !ok {
		if p.buckets == nil {
			p.buckets = map[bucketKey]*bucket{}
		}
		b = newBucket(l)
		p.buckets[key] = b
	}
	return b
}

// paceError says that a call was not sent: the caller's time would have ended, or ended, before its turn.
type paceError struct {
	service, operation string
	err                error
}

func (e *paceError) Error() string {
	return "wait for the turn of " + e.service + " " + e.operation + " (AWS limits its rate): " + e.err.Error()
}
func (e *paceError) Unwrap() error { return e.err }

// CanceledError keeps the SDK from taking it for a fault of the network, which it would repeat.
func (e *paceError) CanceledError() bool { return true }

type accountKey struct{}

// withAccount lets middleware know which account a client is for.
func withAccount(cfg aws.Config, account string) aws.Config {
	return withStack(cfg, func(s *middleware.Stack) error {
		return s.Initialize.Add(middleware.InitializeMiddlewareFunc("CordonAccount", func(
			ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
		) (middleware.InitializeOutput, middleware.Metadata, error) {
			return next.HandleInitialize(middleware.WithStackValue(ctx, accountKey{}, account), in)
		}), middleware.Before)
	})
}

func accountOf(ctx context.Context) string {
	account, _ := middleware.GetStackValue(ctx, accountKey{}).(string)
	return account
}
