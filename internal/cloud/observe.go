package cloud

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
)

// Observer watches calls as they are made. It is used from many goroutines.
type Observer interface {
	// Began is told of a call before it is made. What it returns carries the call's context (a span in it, say), and is told
	// of its end: the AWS error code, "error" for a failure without one, "" for success. Retries are within the call.
	Began(ctx context.Context, service, operation, region string) (context.Context, func(code string))
	// Throttled is told of each attempt that AWS refused for its rate.
	Throttled(ctx context.Context, service, operation string)
}

// Observe returns a change of configurations that makes o watch the calls of every client made from them.
func Observe(o Observer) func(aws.Config) aws.Config {
	return func(cfg aws.Config) aws.Config {
		return withStack(cfg, func(s *middleware.Stack) error {
			call := middleware.InitializeMiddlewareFunc("CordonObserve", func(
				ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
			) (middleware.InitializeOutput, middleware.Metadata, error) {
				ctx, ended := o.Began(ctx, awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx), awsmiddleware.GetRegion(ctx))
				out, md, err := next.HandleInitialize(ctx, in)
				code := Code(err)
				if err != nil && code == "" {
					code = "error"
				}
				ended(code)
				return out, md, err
			})
			if err := s.Initialize.Add(call, middleware.After); err != nil {
				return err
			}
			if _, ok := s.Finalize.Get("Retry"); !ok {
				return nil
			}
			attempt := middleware.FinalizeMiddlewareFunc("CordonObserveAttempt", func(
				ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
			) (middleware.FinalizeOutput, middleware.Metadata, error) {
				out, md, err := next.HandleFinalize(ctx, in)
				if Throttled(err) {
					o.Throttled(ctx, awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx))
				}
				return out, md, err
			})
			return s.Finalize.Insert(attempt, "Retry", middleware.After)
		})
	}
}
