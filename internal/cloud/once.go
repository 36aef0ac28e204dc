package cloud

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
)

// Once is the retryer for calls that make something anew each time and have no client token (CreateSnapshots, SendCommand): it
// tries again only where AWS refused the call for its rate. After any other failure the call may have taken effect: the caller
// looks first.
func Once() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		codes := retry.RetryableErrorCode{Codes: retry.DefaultThrottleErrorCodes}
		o.Retryables = []retry.IsErrorRetryable{codes}
	})
}
