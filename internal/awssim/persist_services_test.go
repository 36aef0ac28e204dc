package awssim_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbv2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"cordon/internal/awssim"
	"cordon/internal/cloud"
)

// writes are one change a service, on the demo account.
func writes(t *testing.T, c *cloud.Clients) map[string]func() error {
	ctx := t.Context()
	return map[string]func() error{
		"scaling": func() error {
			return failed(c.AutoScaling.SuspendProcesses(ctx, &autoscaling.SuspendProcessesInput{AutoScalingGroupName: aws.String(asg), ScalingProcesses: []string{"Terminate"}}))
		},
		"classic": func() error {
			return failed(c.ELB.DeregisterInstancesFromLoadBalancer(ctx, &elb.DeregisterInstancesFromLoadBalancerInput{LoadBalancerName: aws.String("web-classic"), Instances: []elbtypes.Instance{{InstanceId: aws.String(web1)}}}))
		},
		"targets": func() error {
			return failed(c.ELBV2.RegisterTargets(ctx, &elbv2.RegisterTargetsInput{TargetGroupArn: groupARN(ctx, c, "web-tg"), Targets: []elbv2types.TargetDescription{{Id: aws.String(db1), Port: aws.Int32(81)}}}))
		},
		"user policy": func() error {
			return failed(c.IAM.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("deploy-bot"), PolicyName: aws.String("deny"), PolicyDocument: aws.String(denyAll)}))
		},
		"role policy": func() error {
			return failed(c.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("cordon-quarantine"), PolicyName: aws.String("deny"), PolicyDocument: aws.String(denyAll)}))
		},
		"access key": func() error {
			return failed(c.IAM.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: aws.String("deploy-bot"), AccessKeyId: aws.String("AKIAIOSFODNN7EXAMPLE"), Status: iamtypes.StatusTypeInactive}))
		},
		"command": func() error {
			return failed(c.SSM.SendCommand(ctx, &ssm.SendCommandInput{InstanceIds: []string{web1}, DocumentName: aws.String("AWS-RunShellScript"), Parameters: map[string][]string{"commands": {"ps"}}}))
		},
		"object": func() error {
			return failed(c.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(evidenceBucket), Key: aws.String("k"), Body: strings.NewReader("evidence")}))
		},
		"bucket": func() error {
			return failed(c.S3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("bucket-one")}))
		},
	}
}

// TestServicesSurviveRestart makes every change on an account that was just read from disk, and reads it once more.
func TestServicesSurviveRestart(t *testing.T) {
	dir := t.TempDir()
	open := func() (*awssim.Account, *cloud.Clients) {
		t.Helper()
		a, created, err := awssim.Open(dir, awssim.Options{IAMDelay: time.Nanosecond})
		if err != nil {
			t.Fatal(err)
		}
		if created {
			if err := awssim.Demo(a); err != nil {
				t.Fatal(err)
			}
		}
		return a, cloud.New(a.Config(region), a.ID())
	}
	open()
	all := awssim.DumpOptions{Snapshots: true, Objects: true, Commands: true}
	for name := range writes(t, nil) {
		a, c := open()
		before := a.Dump(all)
		if err := writes(t, c)[name](); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		after := a.Dump(all)
		if len(awssim.Diff(before, after)) == 0 {
			t.Errorf("%s changed nothing", name)
		}
		again, _ := open()
		if d := awssim.Diff(after, again.Dump(all)); len(d) > 0 {
			t.Errorf("%s: lost on disk: %v", name, d)
		}
	}
}

func TestServicesSideBySide(t *testing.T) {
	_, c := demoClients(t, awssim.Options{})
	var wg sync.WaitGroup
	for name, f := range writes(t, c) {
		for range 4 {
			wg.Go(func() {
				if err := f(); err != nil && cloud.Code(err) != "BucketAlreadyOwnedByYou" {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		wg.Go(func() {
			for _, err := range []error{
				failed(c.AutoScaling.DescribeAutoScalingGroups(t.Context(), &autoscaling.DescribeAutoScalingGroupsInput{})),
				failed(c.ELBV2.DescribeTargetHealth(t.Context(), &elbv2.DescribeTargetHealthInput{TargetGroupArn: groupARN(t.Context(), c, "web-tg")})),
				failed(c.SSM.DescribeInstanceInformation(t.Context(), &ssm.DescribeInstanceInformationInput{})),
				failed(c.IAM.ListRoles(t.Context(), &iam.ListRolesInput{})),
				failed(c.S3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(evidenceBucket)})),
			} {
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
