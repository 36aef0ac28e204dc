package awssim

import (
	"fmt"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// IAM's errors are modelled types with the HTTP status of the API reference's "Common errors" pages.

func noSuchEntity(format string, args ...any) error {
	return httpError(404, &iamtypes.NoSuchEntityException{Message: aws.String(fmt.Sprintf(format, args...))})
}

func entityExists(format string, args ...any) error {
	return httpError(409, &iamtypes.EntityAlreadyExistsException{Message: aws.String(fmt.Sprintf(format, args...))})
}

func deleteConflict(message string) error {
	return httpError(409, &iamtypes.DeleteConflictException{Message: &message})
}

func limitExceeded(format string, args ...any) error {
	return httpError(409, &iamtypes.LimitExceededException{Message: aws.String(fmt.Sprintf(format, args...))})
}

func malformedPolicy(message string) error {
	return httpError(400, &iamtypes.MalformedPolicyDocumentException{Message: &message})
}

func unmodifiable(role string) error {
	return httpError(400, &iamtypes.UnmodifiableEntityException{Message: aws.String(
		"Cannot perform the operation on the protected role '" + role + "' - this role is only modifiable by AWS")})
}

// validationError is the query protocol's answer to an input that breaks a parameter's own rules.
func validationError(format string, args ...any) error {
	return apiError(400, "ValidationError", format, args...)
}

var (
	iamNamePattern = regexp.MustCompile(`^[\w+=,.@-]+$`)
	iamPathPattern = regexp.MustCompile(`^(/|/[\x21-\x7E]+/)$`)
)

// checkIAMName holds a name against the API reference's pattern and length.
func checkIAMName(parameter string, name *string, limit int) error {
	switch n := aws.ToString(name); {
	case n == "" || !iamNamePattern.MatchString(n):
		return validationError("The specified value for %s is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-", parameter)
	case len(n) > limit:
		return validationError("1 validation error detected: Value at '%s' failed to satisfy constraint: Member must have length less than or equal to %d", parameter, limit)
	}
	return nil
}

// checkIAMPath gives the path to use, "/" if none is named.
func checkIAMPath(path *string) (string, error) {
	if path == nil {
		return "/", nil
	}
	if !iamPathPattern.MatchString(*path) || len(*path) > 512 {
		return "", validationError("The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.")
	}
	return *path, nil
}
