package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
)

type sharedKey struct{}

// shared are the reads under way with one context from Share.
type shared struct {
	mu    sync.Mutex
	reads map[string]*sharedRead
}

// sharedRead is one read; all but done is read once done is closed.
type sharedRead struct {
	done chan struct{}
	out  middleware.InitializeOutput
	md   middleware.Metadata
	err  error
}

// Share gives a context with which reads of EC2, Auto Scaling and load balancers that are under way at one moment with one
// input are one call, for clients of one account. No answer is kept: a read that begins when another has ended is a call of its
// own, and so is one that begins after a change with this context began or ended. What they answer is not to be changed.
func Share(ctx context.Context) context.Context {
	return context.WithValue(ctx, sharedKey{}, &shared{reads: map[string]*sharedRead{}})
}

// sharing returns cfg with the middleware that Share needs, outside the journal and all else that counts calls.
func sharing(cfg aws.Config) aws.Config {
	return withStack(cfg, func(s *middleware.Stack) error {
		return s.Initialize.Add(middleware.InitializeMiddlewareFunc("CordonShare", func(
			ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
		) (middleware.InitializeOutput, middleware.Metadata, error) {
			all, ok := ctx.Value(sharedKey{}).(*shared)
			if !ok {
				return next.HandleInitialize(ctx, in)
			}
			return all.call(ctx, in, next)
		}), middleware.Before)
	})
}

func (s *shared) call(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	middleware.InitializeOutput, middleware.Metadata, error,
) {
	if !Reads(awsmiddleware.GetOperationName(ctx)) {
		s.forget()
		defer s.forget()
		return next.HandleInitialize(ctx, in)
	}
	key, ok := shareKey(ctx, in.Parameters)
	if !ok {
		return next.HandleInitialize(ctx, in)
	}
	r, first := s.join(key)
	if !first {
		select {
		case <-r.done:
		case <-ctx.Done():
			return middleware.InitializeOutput{}, middleware.Metadata{}, ctx.Err()
		}
		if errors.Is(r.err, context.Canceled) || errors.Is(r.err, context.DeadlineExceeded) {
			return next.HandleInitialize(ctx, in) // whoever called has given up
		}
		return middleware.InitializeOutput{Result: shallow(r.out.Result)}, r.md.Clone(), r.err
	}
	out, md, err := next.HandleInitialize(ctx, in)
	r.out.Result, r.md, r.err = shallow(out.Result), md.Clone(), err
	s.end(key, r)
	close(r.done)
	return out, md, err
}

// join gives the read under way under a key, or makes one, which the caller has to make and end.
func (s *shared) join(key string) (r *sharedRead, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.reads[key]; ok {
		return r, false
	}
	r = &sharedRead{done: make(chan struct{})}
	s.reads[key] = r
	return r, true
}

func (s *shared) end(key string, r *sharedRead) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reads[key] == r {
		delete(s.reads, key)
	}
}

// forget keeps reads that begin from now on from joining those under way.
func (s *shared) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.reads)
}

// shareKey tells reads apart; ok is false for one that is not shared.
func shareKey(ctx context.Context, input any) (key string, ok bool) {
	service := awsmiddleware.GetServiceID(ctx)
	switch service {
	case "EC2", "Auto Scaling", "Elastic Load Balancing", "Elastic Load Balancing v2":
	default:
		return "", false
	}
	raw, err := json.Marshal(input)
	if err != nil {
		return "", false
	}
	urgent := ""
	if IsUrgent(ctx) {
		urgent = " urgent"
	}
	return service + " " + awsmiddleware.GetOperationName(ctx) + " " + awsmiddleware.GetRegion(ctx) + urgent + " " + string(raw), true
}

// shallow copies what an operation answers: the SDK writes metadata into each caller's own.
func shallow(result any) any {
	v := reflect.ValueOf(result)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return result
	}
	own := reflect.New(v.Type().Elem())
	own.Elem().Set(v.Elem())
	return own.Interface()
}
