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
	case "Elastic Load Balancing", "Elastic Load Balancing v2", "SSM":
		return apiError(400, "ThrottlingException", "Rate exceeded")
	default:
		return apiError(400, "Throttling", "Rate exceeded")
	}
}

// Broken is an internal error of the service; use it in Options.Fault. The SDK retries it.
func Broken(Call) error { return apiError(500, "InternalError", "An internal error has occurred") }

// Denied is the error of a call that IAM does not allow; use it in Options.Fault. The SDK does not retry it.
func Denied(c Call) error {
	return denied(c, Check{Action: cloud.IAMAction(c.Service, c.Operation), Resource: "*"})
}

// denied is a service's answer to a call that IAM does not allow, for the question that was answered with no.
func denied(c Call, q Check) error {
	const text = "User: %s is not authorized to perform: %s on resource: %s"
	switch c.Service {
	case "EC2":
		return apiError(403, "UnauthorizedOperation", "You are not authorized to perform this operation. "+text, c.Principal, q.Action, q.Resource)
	case "S3":
		return s3Denied(c.Operation == "HeadObject" || c.Operation == "HeadBucket")
	case "SNS":
		return apiError(403, "AuthorizationError", text, c.Principal, q.Action, q.Resource)
	case "SSM", "DynamoDB", "Secrets Manager", "GuardDuty", "SecurityHub", "SFN":
		return apiError(400, "AccessDeniedException", text, c.Principal, q.Action, q.Resource)
	default:
		return apiError(403, "AccessDenied", text, c.Principal, q.Action, q.Resource)
	}
}
