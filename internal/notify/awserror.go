package notify

import (
	"context"
	"errors"
	"fmt"

	"cordon/internal/cloud"
)

// hints are what a person can do about an AWS error code.
type hints map[string]string

// awsError classes an error of an SDK call by its code: temporary (a *RetryError), or final with a hint.
func awsError(verb string, err error, h hints, temporary ...string) error {
	wrapped := fmt.Errorf("%s: %w", verb, err)
	if cloud.Temporary(err) || errors.Is(err, context.Canceled) || cloud.Is(err, temporary...) {
		return &RetryError{Err: wrapped}
	}
	if hint, ok := h[cloud.Code(err)]; ok {
		return fmt.Errorf("%w (%s)", wrapped, hint)
	}
	if cloud.BadCredentials(err) {
		return fmt.Errorf("%w (the AWS credentials are missing, wrong or expired)", wrapped)
	}
	return wrapped
}
