package cloud

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
)

// Call is one API call as the caller sees it, the SDK's retries included.
type Call struct {
	Service, Operation, Region string
	Started, Ended             time.Time
	Code                       string // the AWS error code; "error" for a failure without one; "" for success
}

// Action is the IAM action of the call.
func (c Call) Action() string { return IAMAction(c.Service, c.Operation) }

// Journal keeps the calls made by the clients it is attached to. It is safe for concurrent use; its zero value is ready.
type Journal struct {
	mu    sync.Mutex
	calls []Call
}

// Calls gives the calls so far, in the order they ended.
func (j *Journal) Calls() []Call {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]Call(nil), j.calls...)
}

// Attach returns cfg with the journal in every client's middleware.
func (j *Journal) Attach(cfg aws.Config) aws.Config {
	return withInitialize(cfg, "CordonJournal", func(ctx context.Context, _ any, next func() error) error {
		c := Call{
			Service: awsmiddleware.GetServiceID(ctx), Operation: awsmiddleware.GetOperationName(ctx),
			Region: awsmiddleware.GetRegion(ctx), Started: time.Now(),
		}
		err := next()
		c.Ended = time.Now()
		if c.Code = Code(err); err != nil && c.Code == "" {
			c.Code = "error"
		}
		j.mu.Lock()
		j.calls = append(j.calls, c)
		j.mu.Unlock()
		return err
	})
}

// withInitialize returns cfg with a middleware at the outer end of the Initialize step: once a call, not once an attempt.
// f gets the operation's typed input (*ec2.DescribeInstancesInput).
func withInitialize(cfg aws.Config, id string, f func(ctx context.Context, input any, next func() error) error) aws.Config {
	return withStack(cfg, func(s *middleware.Stack) error {
		return s.Initialize.Add(middleware.InitializeMiddlewareFunc(id, func(
			ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
		) (out middleware.InitializeOutput, md middleware.Metadata, err error) {
			err = f(ctx, in.Parameters, func() error {
				out, md, err = next.HandleInitialize(ctx, in)
				return err
			})
			return out, md, err
		}), middleware.After)
	})
}
