package cloud

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
)

// WriteError is the answer of a read-only client to a call that could change something. The call was not sent.
type WriteError struct{ Service, Operation string }

func (e *WriteError) Error() string {
	return fmt.Sprintf("call %s %s: refused, this client only reads", e.Service, e.Operation)
}

// ReadOnly returns cfg with a guard that lets only reading operations through, and EC2's dry runs; all else is a
// WriteError.
func ReadOnly(cfg aws.Config) aws.Config {
	return withInitialize(cfg, "CordonReadOnly", func(ctx context.Context, input any, next func() error) error {
		service, op := awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)
		if !Reads(op) && !dryRun(service, input) {
			return &WriteError{service, op}
		}
		return next()
	})
}

// dryRun says whether a call only asks EC2 whether it would be allowed: "checks whether you have the required
// permissions for the action, without actually making the request". Other services' fields of that name count for nothing.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html
func dryRun(service string, input any) bool {
	in := reflect.ValueOf(input)
	if service != "EC2" || in.Kind() != reflect.Pointer || in.IsNil() || in.Elem().Kind() != reflect.Struct {
		return false
	}
	field := in.Elem().FieldByName("DryRun")
	if !field.IsValid() {
		return false
	}
	asked, ok := field.Interface().(*bool)
	return ok && asked != nil && *asked
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
