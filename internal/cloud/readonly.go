package cloud

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
)

// WriteError is the answer of a read-only client to a call that could change something. The call was not sent.
type WriteError struct{ Service, Operation string }

func (e *WriteError) Error() string {
	return fmt.Sprintf("call %s %s: refused, this client only reads", e.Service, e.Operation)
}

// ReadOnly returns cfg with a guard that lets only reading operations through; all else is a WriteError.
func ReadOnly(cfg aws.Config) aws.Config {
	return withInitialize(cfg, "CordonReadOnly", func(ctx context.Context, next func() error) error {
		if op := awsmiddleware.GetOperationName(ctx); !Reads(op) {
			return &WriteError{awsmiddleware.GetServiceID(ctx), op}
		}
		return next()
	})
}

// Reads says whether an operation, or the IAM action of that name without its prefix, only reads. It goes by AWS's
// naming; no operation of the services in Clients that begins so changes anything.
func Reads(operation string) bool {
	for _, prefix := range []string{"Describe", "Get", "List", "Head", "Lookup", "Simulate"} {
		if strings.HasPrefix(operation, prefix) {
			return true
		}
	}
	return false
}
