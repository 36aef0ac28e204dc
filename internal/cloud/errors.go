package cloud

import (
	"context"
	"errors"
	"net"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
)

// Code is the AWS error code in err, or "".
func Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// Is says whether err carries one of the AWS error codes.
func Is(err error, codes ...string) bool {
	code := Code(err)
	for _, c := range codes {
		if code == c && code != "" {
			return true
		}
	}
	return false
}

// NotFound says whether AWS answered that the thing itself is not there.
func NotFound(err error) bool {
	switch Code(err) {
	case "InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed", "InvalidGroup.NotFound", "InvalidGroupId.Malformed",
		"InvalidNetworkInterfaceID.NotFound", "InvalidVolume.NotFound", "InvalidSnapshot.NotFound",
		"InvalidAssociationID.NotFound", "NoSuchEntity", "NoSuchBucket", "NoSuchKey", "NotFound",
		"LoadBalancerNotFound", "AccessPointNotFound", "TargetGroupNotFound", "InvocationDoesNotExist", "InvalidInstanceId":
		return true
	}
	return false
}

// Denied says whether the caller lacks a permission, or an organization's policy forbids the call.
func Denied(err error) bool {
	var role *RoleError
	if errors.As(err, &role) {
		return false
	}
	switch Code(err) {
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Client.UnauthorizedOperation", "AuthorizationError":
		return true
	}
	return false
}

// BadCredentials says whether the call's credentials are missing, wrong or expired, whatever the permission; also those
// that a *RoleError says could not be had.
func BadCredentials(err error) bool {
	var role *RoleError
	if errors.As(err, &role) && Denied(role.Err) {
		return true
	}
	switch Code(err) {
	case "ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId", "UnrecognizedClientException",
		"AuthFailure", "SignatureDoesNotMatch", "InvalidAccessKeyId", "MissingAuthenticationToken":
		return true
	}
	return false
}

// NobodyWaits says whether Step Functions answered that no execution waits with a task token (any more).
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html
func NobodyWaits(err error) bool {
	switch Code(err) {
	case "TaskTimedOut", "TaskDoesNotExist", "InvalidToken":
		return true
	}
	return false
}

// Throttled says whether AWS refused the call for its rate, after the SDK's own retries.
func Throttled(err error) bool {
	_, ok := retry.DefaultThrottleErrorCodes[Code(err)]
	return ok || Code(err) == "SlowDown"
}

// Temporary says whether the same call may succeed later: throttling, a fault of the service or of the network.
func Temporary(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	if Throttled(err) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorFault() == smithy.FaultServer
	}
	var network net.Error
	return errors.As(err, &network)
}
