package awssim_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"cordon/internal/awssim"
	"cordon/internal/cloud"
)

// TestQuotas: how many calls at once an account lets through, and how many more a second later.
func TestQuotas(t *testing.T) {
	for _, tt := range []struct {
		name         string
		call         func(context.Context, *cloud.Clients) error
		burst, later int
		code         string
	}{
		{"describe", func(ctx context.Context, c *cloud.Clients) error {
			_, err := c.EC2.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{})
			return err
		}, 100, 20, "RequestLimitExceeded"},
		{"describe everything", func(ctx context.Context, c *cloud.Clients) error {
			_, err := c.EC2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{})
			return err
		}, 50, 10, "RequestLimitExceeded"},
		{"change", func(ctx context.Context, c *cloud.Clients) error {
			_, err := c.EC2.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: aws.String("sg-0a1b2c3d4e5f60001")})
			if cloud.NotFound(err) {
				err = nil
			}
			return err
		}, 50, 5, "RequestLimitExceeded"},
		{"balancers", func(ctx context.Context, c *cloud.Clients) error {
			_, err := c.ELBV2.DescribeTargetGroups(ctx, &elbv2.DescribeTargetGroupsInput{})
			return err
		}, 40, 10, "ThrottlingException"},
		{"classic balancers", func(ctx context.Context, c *cloud.Clients) error {
			_, err := c.ELB.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{})
			return err
		}, 40, 10, "ThrottlingException"},
		{"not limited", func(ctx context.Context, c *cloud.Clients) error {
			_, err := c.STS.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
			return err
		}, 300, 300, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := awssim.New(awssim.Options{Quotas: true})
				cfg := a.Config("us-east-1")
				cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
				c := cloud.New(cfg, a.ID())
				through := func() (n int) {
					for range 300 {
						err := tt.call(t.Context(), c)
						if code := cloud.Code(err); err != nil && (code != tt.code || !cloud.Throttled(err)) {
							t.Fatalf("%v, want %s", err, tt.code)
						}
						if err == nil {
							n++
						}
					}
					return n
				}
				if n := through(); n != tt.burst {
					t.Errorf("%d at once, want %d", n, tt.burst)
				}
				time.Sleep(time.Second)
				if n := through(); n != tt.later {
					t.Errorf("%d a second later, want %d", n, tt.later)
				}
			})
		})
	}
}
