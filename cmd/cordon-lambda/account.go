//go:build !sandbox

package main

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"

	"cordon/internal/cloud"
)

// account is the SDK's configuration: the function's own role, or what the standard variables say.
func account(ctx context.Context) (aws.Config, error) {
	cfg, err := awsconfig.LoadDefaultConfig(ctx)
	return cloud.Timely(cfg, 0), err
}
