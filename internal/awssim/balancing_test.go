package awssim_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbv2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"cordon/internal/awssim"
	"cordon/internal/cloud"
)

const unknownGroup = "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/none/0123456789abcdef"

func groupARN(ctx context.Context, c *cloud.Clients, name string) *string {
	out, err := c.ELBV2.DescribeTargetGroups(ctx, &elbv2.DescribeTargetGroupsInput{Names: []string{name}})
	if err != nil {
		return nil
	}
	return out.TargetGroups[0].TargetGroupArn
}

func TestTargetDrainsAndComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, c := demoClients(t, awssim.Options{})
		before := a.Dump(awssim.DumpOptions{})
		arn := groupARN(t.Context(), c, "metrics-tg")
		one := []elbv2types.TargetDescription{{Id: aws.String("10.20.1.10"), Port: aws.Int32(9090)}}
		if got := targetIDs(t, c, "metrics-tg"); got["10.20.1.10"] != "healthy" {
			t.Fatalf("before: %v", got)
		}
		must(c.ELBV2.DeregisterTargets(t.Context(), &elbv2.DeregisterTargetsInput{TargetGroupArn: arn, Targets: one}))(t)
		if got := targetIDs(t, c, "metrics-tg"); got["10.20.1.10"] != "draining" {
			t.Errorf("deregistered: %v", got)
		}
		time.Sleep(301 * time.Second)
		if got := targetIDs(t, c, "metrics-tg"); got["10.20.1.10"] != "" {
			t.Errorf("after the deregistration delay: %v", got)
		}
		must(c.ELBV2.RegisterTargets(t.Context(), &elbv2.RegisterTargetsInput{TargetGroupArn: arn, Targets: one}))(t)
		if got := targetIDs(t, c, "metrics-tg"); got["10.20.1.10"] != "initial" {
			t.Errorf("registered again: %v", got)
		}
		time.Sleep(31 * time.Second)
		if got := targetIDs(t, c, "metrics-tg"); got["10.20.1.10"] != "healthy" {
			t.Errorf("after the first check: %v", got)
		}
		if d := awssim.Diff(before, a.Dump(awssim.DumpOptions{})); len(d) > 0 {
			t.Errorf("not restored: %v", d)
		}
	})
}

func TestStoppedTargetIsUnused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := demoClients(t, awssim.Options{})
		must(c.EC2.StopInstances(t.Context(), &ec2.StopInstancesInput{InstanceIds: []string{web1}}))(t)
		time.Sleep(time.Minute)
		if got := targetIDs(t, c, "web-tg")[web1]; got != "unused" {
			t.Errorf("stopped target is %q", got)
		}
		out := must(c.ELB.DescribeInstanceHealth(t.Context(), &elb.DescribeInstanceHealthInput{LoadBalancerName: aws.String("web-classic"), Instances: []elbtypes.Instance{{InstanceId: aws.String(web1)}}}))(t)
		if got := *out.InstanceStates[0].State; got != "OutOfService" {
			t.Errorf("stopped instance is %s", got)
		}
	})
}

func TestPagesOfTargetGroups(t *testing.T) {
	a := awssim.New(awssim.Options{})
	id, err := awssim.Large(a, awssim.LargeOptions{ENIs: 1, TargetGroups: 23, ClassicBalancers: 7})
	if err != nil {
		t.Fatal(err)
	}
	c := cloud.New(a.Config(region), a.ID())
	seen := map[string]bool{}
	var sizes []int
	groups := elbv2.NewDescribeTargetGroupsPaginator(c.ELBV2, &elbv2.DescribeTargetGroupsInput{PageSize: aws.Int32(10)})
	for groups.HasMorePages() {
		out := must(groups.NextPage(t.Context()))(t)
		sizes = append(sizes, len(out.TargetGroups))
		for _, g := range out.TargetGroups {
			seen[*g.TargetGroupArn] = true
		}
	}
	if !slices.Equal(sizes, []int{10, 10, 3}) || len(seen) != 23 {
		t.Errorf("pages of %v, %d groups", sizes, len(seen))
	}
	registered := 0
	classic := elb.NewDescribeLoadBalancersPaginator(c.ELB, &elb.DescribeLoadBalancersInput{PageSize: aws.Int32(3)})
	for classic.HasMorePages() {
		for _, b := range must(classic.NextPage(t.Context()))(t).LoadBalancerDescriptions {
			if slices.ContainsFunc(b.Instances, func(i elbtypes.Instance) bool { return *i.InstanceId == id }) {
				registered++
			}
		}
	}
	if registered != 7 {
		t.Errorf("registered in %d classic balancers", registered)
	}
}

func TestBalancingRefusals(t *testing.T) {
	register := func(group, id string) func(context.Context, *cloud.Clients) error {
		return func(ctx context.Context, c *cloud.Clients) error {
			arn := groupARN(ctx, c, group)
			if arn == nil {
				arn = &group
			}
			return failed(c.ELBV2.RegisterTargets(ctx, &elbv2.RegisterTargetsInput{TargetGroupArn: arn, Targets: []elbv2types.TargetDescription{{Id: &id}}}))
		}
	}
	classic := func(lb, id string) func(context.Context, *cloud.Clients) error {
		return func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.ELB.RegisterInstancesWithLoadBalancer(ctx, &elb.RegisterInstancesWithLoadBalancerInput{LoadBalancerName: &lb, Instances: []elbtypes.Instance{{InstanceId: &id}}}))
		}
	}
	refuses(t, []refusal{
		{"register in unknown group", register(unknownGroup, web1), "TargetGroupNotFound"},
		{"register in no ARN", register("web", web1), "ValidationError"},
		{"register unknown", register("web-tg", noInstance), "InvalidTarget"},
		{"register an address by id", register("web-tg", "10.20.1.10"), "ValidationError"},
		{"register an id by address", register("metrics-tg", web1), "ValidationError"},
		{"register a public address", register("metrics-tg", "8.8.8.8"), "ValidationError"},
		{"register an address elsewhere", register("metrics-tg", "192.168.1.1"), "ValidationError"},
		{"deregister from unknown group", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.ELBV2.DeregisterTargets(ctx, &elbv2.DeregisterTargetsInput{TargetGroupArn: aws.String(unknownGroup), Targets: []elbv2types.TargetDescription{{Id: aws.String(web1)}}}))
		}, "TargetGroupNotFound"},
		{"health of unknown group", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.ELBV2.DescribeTargetHealth(ctx, &elbv2.DescribeTargetHealthInput{TargetGroupArn: aws.String(unknownGroup)}))
		}, "TargetGroupNotFound"},
		{"page too large", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.ELBV2.DescribeTargetGroups(ctx, &elbv2.DescribeTargetGroupsInput{PageSize: aws.Int32(401)}))
		}, "ValidationError"},
		{"tags of too many", func(ctx context.Context, c *cloud.Clients) error {
			var arns []string
			for n := range 21 {
				arns = append(arns, fmt.Sprintf("%s%d", unknownGroup, n))
			}
			return failed(c.ELBV2.DescribeTags(ctx, &elbv2.DescribeTagsInput{ResourceArns: arns}))
		}, "ValidationError"},
		{"delete a used group", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.ELBV2.DeleteTargetGroup(ctx, &elbv2.DeleteTargetGroupInput{TargetGroupArn: groupARN(ctx, c, "web-tg")}))
		}, "ResourceInUse"},
		{"same name, other port", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.ELBV2.CreateTargetGroup(ctx, &elbv2.CreateTargetGroupInput{Name: aws.String("web-tg"), Protocol: elbv2types.ProtocolEnumHttp, Port: aws.Int32(81), VpcId: aws.String(demoVPC)}))
		}, "DuplicateTargetGroupName"},
		{"group in unknown VPC", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.ELBV2.CreateTargetGroup(ctx, &elbv2.CreateTargetGroupInput{Name: aws.String("x"), Protocol: elbv2types.ProtocolEnumHttp, Port: aws.Int32(81), VpcId: aws.String("vpc-00000000000000000")}))
		}, "ValidationError"},
		{"register with unknown classic", classic("none", web1), "LoadBalancerNotFound"},
		{"register unknown with classic", classic("web-classic", noInstance), "InvalidInstance"},
		{"health of one that is not registered", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.ELB.DescribeInstanceHealth(ctx, &elb.DescribeInstanceHealthInput{LoadBalancerName: aws.String("web-classic"), Instances: []elbtypes.Instance{{InstanceId: aws.String(db1)}}}))
		}, "InvalidInstance"},
		{"describe unknown classic", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.ELB.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{LoadBalancerNames: []string{"web-classic", "none"}}))
		}, "LoadBalancerNotFound"},
	})
}
