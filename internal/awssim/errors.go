package awssim

import (
	"fmt"
	"net/http"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"cordon/internal/cloud"
)

// apiError is an AWS error answer with its HTTP status, code and message.
func apiError(status int, code, format string, args ...any) error {
	fault := smithy.FaultClient
	if status >= 500 {
		fault = smithy.FaultServer
	}
	return httpError(status, &smithy.GenericAPIError{Code: code, Message: fmt.Sprintf(format, args...), Fault: fault})
}

// httpError gives a modelled service error (such as *iamtypes.NoSuchEntityException) its HTTP response.
func httpError(status int, err error) error {
	return &awshttp.ResponseError{
		RequestID: "00000000-0000-4000-8000-000000000000",
		ResponseError: &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status, Header: http.Header{}}},
			Err:      err,
		},
	}
}

// Throttled is the error of a call over AWS's rate; use it in Options.Fault.
func Throttled(c Call) error {
	switch c.Service {
	case "EC2":
		return apiError(503, "RequestLimitExceeded", "Request limit exceeded.")
	case "S3":
		return apiError(503, "SlowDown", "Please reduce your request rate.")
	default:
		return apiError(400, "Throttling", "Rate exceeded")
	}
}

// Broken is an internal error of the service; use it in Options.Fault. The SDK retries it.
func Broken(Call) error { return apiError(500, "InternalError", "An internal error has occurred") }

// Denied is the error of a call that IAM does not allow; use it in Options.Fault. The SDK does not retry it.
func Denied(c Call) error { return denied(c, cloud.IAMAction(c.Service, c.Operation)) }

func denied(c Call, action string) error {
	if c.Service == "EC2" {
		return apiError(403, "UnauthorizedOperation", "You are not authorized to perform this operation. User: %s is not authorized to perform: %s", c.Principal, action)
	}
	return apiError(403, "AccessDenied", "User: %s is not authorized to perform: %s", c.Principal, action)
}
