package faultsim

import (
	"context"
	"encoding/json"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"

	"cordon/internal/awssim"
)

// timeout is what the HTTP transport gives when no answer comes in time: the SDK tries again.
type timeout struct{}

func (timeout) Error() string   { return "net/http: timeout awaiting response headers" }
func (timeout) Timeout() bool   { return true }
func (timeout) Temporary() bool { return true }

// attach lets every attempt of every call pass the gate.
func (g *gate) attach(cfg aws.Config) aws.Config {
	out := cfg.Copy()
	out.APIOptions = append(append([]func(*middleware.Stack) error(nil), cfg.APIOptions...), func(s *middleware.Stack) error {
		keep := middleware.InitializeMiddlewareFunc("FaultsimInput", func(
			ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
		) (middleware.InitializeOutput, middleware.Metadata, error) {
			return next.HandleInitialize(middleware.WithStackValue(ctx, inputKey{}, in.Parameters), in)
		})
		if err := s.Initialize.Add(keep, middleware.After); err != nil {
			return err
		}
		return s.Finalize.Insert(middleware.FinalizeMiddlewareFunc("FaultsimGate", func(
			ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
		) (out middleware.FinalizeOutput, md middleware.Metadata, err error) {
			c := awssim.Call{Service: awsmiddleware.GetServiceID(ctx), Operation: awsmiddleware.GetOperationName(ctx), Principal: "cordon"}
			err = g.pass(ctx, toAWS, c.Service+" "+c.Operation, inputOf(ctx), func() error {
				out, md, err = next.HandleFinalize(ctx, in)
				return err
			}, func(e effect) error {
				out = middleware.FinalizeOutput{}
				switch e {
				case slowed:
					return awssim.Throttled(c)
				case silent:
					return timeout{}
				default:
					return awssim.Denied(c)
				}
			})
			return out, md, err
		}), "AwssimAnswer", middleware.Before)
	})
	return out
}

type inputKey struct{}

// drawn is what a process draws at random (the ids of cases, tokens, owners of leases), and hashes over that.
var drawn = regexp.MustCompile(`\bc-[0-9a-z]{12}|/[A-Z2-7]{8}\b|\b[A-Z2-7]{26}\b|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{64}|[A-Za-z0-9+/]{43}=`)

// inputOf tells a call's input, less what is drawn at random.
func inputOf(ctx context.Context) string {
	raw, err := json.Marshal(middleware.GetStackValue(ctx, inputKey{}))
	if err != nil {
		return "" // a stream
	}
	return drawn.ReplaceAllString(string(raw), "*")
}

// moment is a time.
var moment = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)
