package awssim_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"cordon/internal/awssim"
	"cordon/internal/cloud"
)

const (
	asg    = "web-asg"
	eniWeb = "eni-0a1b2c3d4e5f60011" // of web2
)

func members(t *testing.T, c *cloud.Clients) map[string]astypes.Instance {
	t.Helper()
	out := must(c.AutoScaling.DescribeAutoScalingGroups(t.Context(), &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{asg}}))(t)
	all := map[string]astypes.Instance{}
	for _, i := range out.AutoScalingGroups[0].Instances {
		all[*i.InstanceId] = i
	}
	return all
}

func stateOf(t *testing.T, c *cloud.Clients, id string) string {
	t.Helper()
	out := must(c.EC2.DescribeInstances(t.Context(), &ec2.DescribeInstancesInput{InstanceIds: []string{id}}))(t)
	return string(out.Reservations[0].Instances[0].State.Name)
}

func targetIDs(t *testing.T, c *cloud.Clients, group string) map[string]string {
	t.Helper()
	groups := must(c.ELBV2.DescribeTargetGroups(t.Context(), &elbv2.DescribeTargetGroupsInput{Names: []string{group}}))(t)
	health := must(c.ELBV2.DescribeTargetHealth(t.Context(), &elbv2.DescribeTargetHealthInput{TargetGroupArn: groups.TargetGroups[0].TargetGroupArn}))(t)
	all := map[string]string{}
	for _, d := range health.TargetHealthDescriptions {
		all[*d.Target.Id] = string(d.TargetHealth.State)
	}
	return all
}

func classicIDs(t *testing.T, c *cloud.Clients) []string {
	t.Helper()
	out := must(c.ELB.DescribeLoadBalancers(t.Context(), &elb.DescribeLoadBalancersInput{LoadBalancerNames: []string{"web-classic"}}))(t)
	var ids []string
	for _, i := range out.LoadBalancerDescriptions[0].Instances {
		ids = append(ids, *i.InstanceId)
	}
	return ids
}

func TestIsolatedMemberIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := demoClients(t, awssim.Options{HealthGrace: 5 * time.Minute})
		isolate(t, c, eniWeb)
		if m := members(t, c)[web2]; *m.HealthStatus != "Unhealthy" {
			t.Errorf("isolated member is %s", *m.HealthStatus)
		}
		if got := targetIDs(t, c, "web-tg")[web2]; got != "unhealthy" {
			t.Errorf("isolated target is %q", got)
		}
		time.Sleep(5*time.Minute - time.Second)
		if _, ok := members(t, c)[web2]; !ok {
			t.Fatal("replaced before the grace time was over")
		}
		time.Sleep(2 * time.Second)
		now := members(t, c)
		if _, ok := now[web2]; ok || len(now) != 2 {
			t.Fatalf("members after the grace time: %v", now)
		}
		time.Sleep(time.Minute)
		if got := stateOf(t, c, web2); got != "terminated" {
			t.Errorf("unhealthy member is %s", got)
		}
		for id, m := range members(t, c) {
			if m.LifecycleState != astypes.LifecycleStateInService || !slices.Contains(classicIDs(t, c), id) || targetIDs(t, c, "web-tg")[id] != "healthy" {
				t.Errorf("%s: %s, classic %v, targets %v", id, m.LifecycleState, classicIDs(t, c), targetIDs(t, c, "web-tg"))
			}
		}
	})
}

func TestProtectionDoesNotSaveAMember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := demoClients(t, awssim.Options{})
		must(c.EC2.ModifyInstanceAttribute(t.Context(), &ec2.ModifyInstanceAttributeInput{InstanceId: aws.String(web2), DisableApiTermination: &ec2types.AttributeBooleanValue{Value: aws.Bool(true)}}))(t)
		isolate(t, c, eniWeb)
		time.Sleep(10 * time.Minute)
		if _, ok := members(t, c)[web2]; ok {
			t.Error("termination protection kept an unhealthy member in its group")
		}
	})
}

func TestDetachedMemberSurvives(t *testing.T) {
	for _, decrement := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			_, c := demoClients(t, awssim.Options{})
			must(c.AutoScaling.DetachInstances(t.Context(), &autoscaling.DetachInstancesInput{
				AutoScalingGroupName: aws.String(asg), InstanceIds: []string{web2}, ShouldDecrementDesiredCapacity: &decrement,
			}))(t)
			isolate(t, c, eniWeb)
			time.Sleep(10 * time.Minute)
			want := map[bool]int{true: 1, false: 2}[decrement]
			if got := members(t, c); len(got) != want || stateOf(t, c, web2) != "running" {
				t.Errorf("decrement %v: members %v, detached instance %s", decrement, got, stateOf(t, c, web2))
			}
			if slices.Contains(classicIDs(t, c), web2) || targetIDs(t, c, "web-tg")[web2] != "" {
				t.Errorf("still registered: classic %v, targets %v", classicIDs(t, c), targetIDs(t, c, "web-tg"))
			}
			tags := must(c.EC2.DescribeTags(t.Context(), &ec2.DescribeTagsInput{Filters: []ec2types.Filter{
				{Name: aws.String("resource-id"), Values: []string{web2}}, {Name: aws.String("key"), Values: []string{"aws:autoscaling:groupName"}},
			}}))(t)
			if len(tags.Tags) != 0 {
				t.Errorf("detached instance keeps the tag %v", *tags.Tags[0].Value)
			}
		})
	}
}

func TestDetachingTakesTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := demoClients(t, awssim.Options{DetachTime: time.Minute})
		in := &autoscaling.DetachInstancesInput{AutoScalingGroupName: aws.String(asg), InstanceIds: []string{web2}, ShouldDecrementDesiredCapacity: aws.Bool(true)}
		must(c.AutoScaling.DetachInstances(t.Context(), in))(t)
		if got := members(t, c)[web2].LifecycleState; got != astypes.LifecycleStateDetaching {
			t.Errorf("state is %q", got)
		}
		wantCode(t, failed(c.AutoScaling.DetachInstances(t.Context(), in)), "ValidationError")
		time.Sleep(time.Minute)
		if _, ok := members(t, c)[web2]; ok {
			t.Error("still a member")
		}
	})
}

func TestDetachAndAttachRestore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, c := demoClients(t, awssim.Options{})
		before := a.Dump(awssim.DumpOptions{})
		must(c.AutoScaling.DetachInstances(t.Context(), &autoscaling.DetachInstancesInput{
			AutoScalingGroupName: aws.String(asg), InstanceIds: []string{web1}, ShouldDecrementDesiredCapacity: aws.Bool(true),
		}))(t)
		if d := awssim.Diff(before, a.Dump(awssim.DumpOptions{})); len(d) == 0 {
			t.Error("detaching changed nothing")
		}
		must(c.AutoScaling.AttachInstances(t.Context(), &autoscaling.AttachInstancesInput{AutoScalingGroupName: aws.String(asg), InstanceIds: []string{web1}}))(t)
		if d := awssim.Diff(before, a.Dump(awssim.DumpOptions{})); len(d) > 0 {
			t.Errorf("not restored: %v", d)
		}
	})
}

func TestSuspendedProcesses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := demoClients(t, awssim.Options{})
		must(c.AutoScaling.SuspendProcesses(t.Context(), &autoscaling.SuspendProcessesInput{AutoScalingGroupName: aws.String(asg), ScalingProcesses: []string{"ReplaceUnhealthy", "Launch"}}))(t)
		isolate(t, c, eniWeb)
		time.Sleep(time.Hour)
		if got := members(t, c); len(got) != 2 || stateOf(t, c, web2) != "running" {
			t.Fatalf("replaced while suspended: %v", got)
		}
		must(c.AutoScaling.ResumeProcesses(t.Context(), &autoscaling.ResumeProcessesInput{AutoScalingGroupName: aws.String(asg)}))(t)
		if _, ok := members(t, c)[web2]; ok {
			t.Error("not replaced after the processes were resumed")
		}
	})
}

func TestScalingRefusals(t *testing.T) {
	detach := func(name string, decrement bool, ids ...string) func(context.Context, *cloud.Clients) error {
		return func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.AutoScaling.DetachInstances(ctx, &autoscaling.DetachInstancesInput{AutoScalingGroupName: &name, InstanceIds: ids, ShouldDecrementDesiredCapacity: &decrement}))
		}
	}
	attach := func(name string, ids ...string) func(context.Context, *cloud.Clients) error {
		return func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.AutoScaling.AttachInstances(ctx, &autoscaling.AttachInstancesInput{AutoScalingGroupName: &name, InstanceIds: ids}))
		}
	}
	update := func(lo, hi, desired int32) func(context.Context, *cloud.Clients) error {
		return func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.AutoScaling.UpdateAutoScalingGroup(ctx, &autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: aws.String(asg), MinSize: &lo, MaxSize: &hi, DesiredCapacity: &desired}))
		}
	}
	many := make([]string, 21)
	for i := range many {
		many[i] = web1
	}
	refuses(t, []refusal{
		{"detach from unknown group", detach("none", true, web1), "ValidationError"},
		{"detach a stranger", detach(asg, true, batch1), "ValidationError"},
		{"detach below min", detach(asg, true, web1, web2), "ValidationError"},
		{"detach too many", detach(asg, false, many...), "ValidationError"},
		{"attach to unknown group", attach("none", batch1), "ValidationError"},
		{"attach unknown", attach(asg, noInstance), "ValidationError"},
		{"attach a member", attach(asg, web1), "ValidationError"},
		{"attach above max", attach(asg, batch1, db1, "i-0a1b2c3d4e5f60012"), "ValidationError"},
		{"min above max", update(5, 4, 4), "ValidationError"},
		{"desired above max", update(1, 4, 5), "ValidationError"},
		{"desired below min", update(2, 4, 1), "ValidationError"},
		{"unknown process", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.AutoScaling.SuspendProcesses(ctx, &autoscaling.SuspendProcessesInput{AutoScalingGroupName: aws.String(asg), ScalingProcesses: []string{"Nap"}}))
		}, "ValidationError"},
		{"exit standby in service", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.AutoScaling.ExitStandby(ctx, &autoscaling.ExitStandbyInput{AutoScalingGroupName: aws.String(asg), InstanceIds: []string{web1}}))
		}, "ValidationError"},
		{"unknown filter", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.AutoScaling.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{Filters: []astypes.Filter{{Name: aws.String("colour"), Values: []string{"red"}}}}))
		}, "ValidationError"},
		{"made-up token", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.AutoScaling.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{NextToken: aws.String("x")}))
		}, "InvalidNextToken"},
		{"terminate a stranger", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.AutoScaling.TerminateInstanceInAutoScalingGroup(ctx, &autoscaling.TerminateInstanceInAutoScalingGroupInput{InstanceId: aws.String(batch1), ShouldDecrementDesiredCapacity: aws.Bool(true)}))
		}, "ValidationError"},
	})
}
