package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/smithy-go"

	"cordon/internal/cloud"
)

// unchecked is the result of a check that could not be made.
func (p *patient) unchecked(check, subject string, err error) Result {
	return Result{
		Check: check, Severity: Warning, Subject: subject, Unchecked: true,
		Found: "could not be checked: " + why(err), Remedy: p.unblock(err),
	}
}

// why is an error in words, without the SDK's request ids and wire.
func why(err error) string {
	var op *smithy.OperationError
	var api smithy.APIError
	switch {
	case errors.As(err, &api) && errors.As(err, &op):
		return fmt.Sprintf("%s %s: %s: %s", op.ServiceID, op.OperationName, api.ErrorCode(), api.ErrorMessage())
	case errors.Is(err, context.DeadlineExceeded):
		return "AWS did not answer in time"
	default:
		return err.Error()
	}
}

// unblock is what lets a check be made the next time.
func (p *patient) unblock(err error) string {
	switch {
	case cloud.Denied(err):
		return fmt.Sprintf("allow %s to %s (AWS's policy SecurityAudit has the reads that doctor needs)", actionOf(err), p.arn)
	case cloud.BadCredentials(err):
		return "log in again"
	case cloud.Temporary(err), errors.Is(err, context.DeadlineExceeded):
		return "run cordon doctor again"
	default:
		return "mend what the error says, then run cordon doctor again"
	}
}

// actionOf is the IAM action of the call that failed.
func actionOf(err error) string {
	var op *smithy.OperationError
	if !errors.As(err, &op) {
		return "the call"
	}
	return cloud.IAMAction(op.ServiceID, op.OperationName)
}

// some names at most n of a list.
func some(list []string, n int) string {
	if len(list) <= n {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:n], ", "), len(list)-n)
}

// count is a number with its noun: count(1, "instance") is "1 instance".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
