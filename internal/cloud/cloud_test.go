package cloud_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"

	"cordon/internal/awssim"
	"cordon/internal/cloud"
)

// TestReadOnly: a guarded client reads, and refuses every write before it is sent.
func TestReadOnly(t *testing.T) {
	a := awssim.New(awssim.Options{})
	if err := awssim.Demo(a); err != nil {
		t.Fatal(err)
	}
	c := cloud.New(cloud.ReadOnly(a.Config("us-east-1")), a.ID())
	ctx, instance, role := t.Context(), aws.String("i-0a1b2c3d4e5f60001"), aws.String("web-app-role")
	if _, err := c.EC2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{*instance}}); err != nil {
		t.Errorf("a read was refused: %v", err)
	}
	before := a.Calls()
	for name, call := range map[string]func() error{
		"TerminateInstances": func() error {
			_, err := c.EC2.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{*instance}})
			return err
		},
		"PutRolePolicy": func() error {
			_, err := c.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: role, PolicyName: aws.String("x"), PolicyDocument: aws.String("{}")})
			return err
		},
		"DeleteBucket": func() error {
			_, err := c.S3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: aws.String("cordon-demo-customer-data")})
			return err
		},
	} {
		var refused *cloud.WriteError
		if err := call(); !errors.As(err, &refused) || refused.Operation != name {
			t.Errorf("%s: %v, want a WriteError", name, err)
		}
	}
	if a.Calls() != before {
		t.Errorf("%d calls reached the account", a.Calls()-before)
	}
}

// TestReadOnlyDryRun: EC2's dry run of a write gets through, and changes nothing; the same call without it does not.
func TestReadOnlyDryRun(t *testing.T) {
	a := awssim.New(awssim.Options{})
	if err := awssim.Demo(a); err != nil {
		t.Fatal(err)
	}
	c := cloud.New(cloud.ReadOnly(a.Config("us-east-1")), a.ID())
	all := awssim.DumpOptions{Snapshots: true, Objects: true, Commands: true}
	before := a.Dump(all)
	for _, tt := range []struct {
		name string
		dry  *bool
		want bool
	}{{"dry", aws.Bool(true), true}, {"false", aws.Bool(false), false}, {"not said", nil, false}} {
		calls := a.Calls()
		_, err := c.EC2.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: []string{"i-0a1b2c3d4e5f60001"}, DryRun: tt.dry})
		var refused *cloud.WriteError
		if through := a.Calls() > calls; through != tt.want || errors.As(err, &refused) == tt.want {
			t.Errorf("%s: reached the account: %v, want %v (%v)", tt.name, through, tt.want, err)
		}
	}
	if d := awssim.Diff(before, a.Dump(all)); len(d) > 0 {
		t.Errorf("a dry run changed the account: %v", d)
	}
	// Only EC2's: a field of that name elsewhere means what its service says.
	var refused *cloud.WriteError
	_, err := c.SSM.DeleteInventory(t.Context(), &ssm.DeleteInventoryInput{TypeName: aws.String("Custom:x"), DryRun: true})
	if !errors.As(err, &refused) {
		t.Errorf("a dry run of another service: %v, want a WriteError", err)
	}
}

func TestJournal(t *testing.T) {
	a := awssim.New(awssim.Options{})
	var j cloud.Journal
	c := cloud.New(j.Attach(a.Config("us-east-1")), a.ID())
	_, _ = c.S3.GetPublicAccessBlock(t.Context(), &s3.GetPublicAccessBlockInput{Bucket: aws.String("nowhere")})
	calls := j.Calls()
	if len(calls) != 1 || calls[0].Action() != "s3:GetBucketPublicAccessBlock" || calls[0].Code != "NoSuchBucket" || calls[0].Ended.Before(calls[0].Started) {
		t.Errorf("journal: %+v", calls)
	}
}

// TestIAMAction: where the action is not called as the operation is. Source: the Service Authorization Reference.
func TestIAMAction(t *testing.T) {
	for _, tt := range []struct{ service, operation, want string }{
		{"S3", "HeadObject", "s3:GetObject"},
		{"S3", "ListObjectsV2", "s3:ListBucket"},
		{"S3", "DeletePublicAccessBlock", "s3:PutBucketPublicAccessBlock"},
		{"S3", "GetObjectLockConfiguration", "s3:GetBucketObjectLockConfiguration"},
		{"Elastic Load Balancing v2", "DescribeTargetHealth", "elasticloadbalancing:DescribeTargetHealth"},
		{"Secrets Manager", "DescribeSecret", "secretsmanager:DescribeSecret"},
	} {
		if got := cloud.IAMAction(tt.service, tt.operation); got != tt.want {
			t.Errorf("%s %s: %s, want %s", tt.service, tt.operation, got, tt.want)
		}
	}
}

func TestErrorClasses(t *testing.T) {
	api := func(code string, fault smithy.ErrorFault) error {
		return fmt.Errorf("call: %w", &smithy.GenericAPIError{Code: code, Fault: fault})
	}
	for _, tt := range []struct {
		name                                          string
		err                                           error
		notFound, denied, credentials, throttled, tmp bool
	}{
		{"nil", nil, false, false, false, false, false},
		{"no such role", api("NoSuchEntity", smithy.FaultClient), true, false, false, false, false},
		{"no such group", api("InvalidGroup.NotFound", smithy.FaultClient), true, false, false, false, false},
		{"denied", api("UnauthorizedOperation", smithy.FaultClient), false, true, false, false, false},
		{"expired", api("ExpiredToken", smithy.FaultClient), false, false, true, false, false},
		{"request limit", api("RequestLimitExceeded", smithy.FaultServer), false, false, false, true, true},
		{"slow down", api("SlowDown", smithy.FaultServer), false, false, false, true, true},
		{"internal error", api("InternalError", smithy.FaultServer), false, false, false, false, true},
		{"deadline", context.DeadlineExceeded, false, false, false, false, true},
		{"given up", context.Canceled, false, false, false, false, false},
		{"no code", errors.New("NoSuchEntity"), false, false, false, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := []bool{cloud.NotFound(tt.err), cloud.Denied(tt.err), cloud.BadCredentials(tt.err), cloud.Throttled(tt.err), cloud.Temporary(tt.err)}
			want := []bool{tt.notFound, tt.denied, tt.credentials, tt.throttled, tt.tmp}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("not found, denied, credentials, throttled, temporary: %v, want %v", got, want)
			}
		})
	}
	if cloud.Is(errors.New("plain"), "") {
		t.Error("an error without a code is taken for one with the code \"\"")
	}
}
