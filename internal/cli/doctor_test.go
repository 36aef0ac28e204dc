package cli_test

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	gdtypes "github.com/aws/aws-sdk-go-v2/service/guardduty/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/rogpeppe/go-internal/testscript"

	"cordon/internal/awssim"
	"cordon/internal/cloud"
)

// spoil does something to the account in a sandbox that doctor has to find: spoil DIR FAULT.
func spoil(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: spoil DIR FAULT")
	}
	ctx := context.Background()
	a, _, err := awssim.Open(ts.MkAbs(args[0]), awssim.Options{})
	ts.Check(err)
	cfg := a.Config(awssim.DemoRegion)
	c, duty := cloud.New(cfg, a.ID()), guardduty.NewFromConfig(cfg)
	detectors, err := duty.ListDetectors(ctx, &guardduty.ListDetectorsInput{})
	ts.Check(err)
	if len(detectors.DetectorIds) != 1 {
		ts.Fatalf("%d detectors in %s", len(detectors.DetectorIds), args[0])
	}
	detector := &detectors.DetectorIds[0]
	role, administrator := aws.String("cordon"), aws.String("arn:aws:iam::aws:policy/AdministratorAccess")
	switch args[1] {
	case "detector-suspended":
		_, err = duty.UpdateDetector(ctx, &guardduty.UpdateDetectorInput{DetectorId: detector, Enable: aws.Bool(false)})
	case "seldom-published":
		_, err = duty.UpdateDetector(ctx, &guardduty.UpdateDetectorInput{DetectorId: detector, FindingPublishingFrequency: gdtypes.FindingPublishingFrequencySixHours})
	case "snapshots-denied":
		_, err = c.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
			RoleName: role, PolicyName: aws.String("guard"),
			PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"ec2:CreateSnapshots","Resource":"*"}]}`),
		})
	case "nothing-allowed":
		_, err = c.IAM.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: role, PolicyArn: administrator})
	case "evidence-not-versioned":
		_, err = c.S3.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
			Bucket:                  aws.String("cordon-evidence-" + a.ID()),
			VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusSuspended},
		})
	default:
		ts.Fatalf("there is no fault %q", args[1])
	}
	ts.Check(err)
}
