//go:build sandbox

package main

import (
	"context"
	"errors"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"

	"cordon/internal/awssim"
)

// account is the simulated account in the directory CORDON_SANDBOX, for drills and tests of the function without AWS.
func account(context.Context) (aws.Config, error) {
	dir := os.Getenv("CORDON_SANDBOX")
	if dir == "" {
		return aws.Config{}, errors.New("built for the simulated account, but CORDON_SANDBOX names no directory")
	}
	a, _, err := awssim.Open(dir, awssim.Options{})
	if err != nil {
		return aws.Config{}, err
	}
	return a.Config(os.Getenv("AWS_REGION")), nil
}
