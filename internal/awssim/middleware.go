package awssim

import (
	"context"
	"reflect"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
)

type (
	stack    = middleware.Stack
	inputKey struct{}
)

// attach installs the account behind the SDK's middleware stack.
func (a *Account) attach(principal string) func(*stack) error {
	return func(s *stack) error {
		keep := middleware.InitializeMiddlewareFunc("AwssimKeepInput", func(
			ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
		) (middleware.InitializeOutput, middleware.Metadata, error) {
			return next.HandleInitialize(middleware.WithStackValue(ctx, inputKey{}, in.Parameters), in)
		})
		// After, so that what other middleware puts into the input (tokens, defaults) is kept too.
		if err := s.Initialize.Add(keep, middleware.After); err != nil {
			return err
		}
		answer := middleware.FinalizeMiddlewareFunc("AwssimAnswer", func(
			ctx context.Context, in middleware.FinalizeInput, _ middleware.FinalizeHandler,
		) (middleware.FinalizeOutput, middleware.Metadata, error) {
			out, err := a.answer(ctx, in.Request, Call{
				Service:   awsmiddleware.GetServiceID(ctx),
				Operation: awsmiddleware.GetOperationName(ctx),
				Region:    awsmiddleware.GetRegion(ctx),
				Principal: principal,
				Input:     middleware.GetStackValue(ctx, inputKey{}),
			})
			return middleware.FinalizeOutput{Result: out}, middleware.Metadata{}, err
		})
		if a.org != nil {
			return s.Finalize.Insert(answer, "Signing", middleware.After)
		}
		return s.Finalize.Insert(answer, "Retry", middleware.After)
	}
}

type opKey struct{ service, operation string }

// handler answers one operation; writes says whether it may change state.
type handler struct {
	run    func(*request) (any, error)
	writes bool
}

// request is one attempt inside the account's lock.
type request struct {
	Call
	ctx  context.Context
	now  time.Time
	acct *Account
	st   *state

	began     time.Time     // when the attempt was first answered; now, but for one that waits
	again     time.Duration // set by a handler that waits for something: its answer does not count, it is asked again then
	unchanged bool          // set by a handler that writes, when it did not
}

// registry maps operations to handlers; op adds one from a typed function, keyed by the input type's name.
type registry map[opKey]handler

func read[I, O any](r registry, service string, f func(*request, *I) (*O, error)) {
	op(r, service, false, f)
}

func write[I, O any](r registry, service string, f func(*request, *I) (*O, error)) {
	op(r, service, true, f)
}

func op[I, O any](r registry, service string, writes bool, f func(*request, *I) (*O, error)) {
	name := reflect.TypeFor[I]().Name()
	key := opKey{service, name[:len(name)-len("Input")]}
	if _, dup := r[key]; dup {
		panic("awssim: operation registered twice: " + key.service + " " + key.operation)
	}
	r[key] = handler{writes: writes, run: func(x *request) (any, error) {
		out, err := f(x, x.Input.(*I))
		if err != nil {
			return nil, err // never a typed nil
		}
		return out, nil
	}}
}
