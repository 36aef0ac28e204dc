package blast

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbv2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"golang.org/x/sync/errgroup"

	"cordon/internal/cloud"
	"cordon/internal/config"
)

// targetGroups looks for groups in which nothing healthy is left without the instance. A group that no load balancer uses
// serves nobody.
func (l *looker) targetGroups(ctx context.Context, read readInstance) {
	w := l.b.LastHealthyTarget
	if w == config.Ignore {
		return
	}
	var i ec2types.Instance
	var groups []elbv2types.TargetGroup
	var g errgroup.Group
	g.Go(func() (err error) { i, err = read(ctx); return err })
	g.Go(func() (err error) { groups, err = l.usedGroups(ctx); return err })
	err := g.Wait()
	var mu sync.Mutex
	var last []string
	if err == nil {
		groups = slices.DeleteFunc(groups, func(g elbv2types.TargetGroup) bool {
			return g.TargetType == elbv2types.TargetTypeEnumInstance && aws.ToString(g.VpcId) != aws.ToString(i.VpcId)
		})
		ids := targetIDs(i)
		err = each(ctx, groups, func(ctx context.Context, g elbv2types.TargetGroup) error {
			out, err := l.ELBV2.DescribeTargetHealth(ctx, &elbv2.DescribeTargetHealthInput{TargetGroupArn: g.TargetGroupArn})
			if err == nil && lastHealthy(out.TargetHealthDescriptions, ids) {
				mu.Lock()
				defer mu.Unlock()
				last = append(last, aws.ToString(g.TargetGroupName))
			}
			return unlessGone(err)
		})
	}
	if err != nil {
		l.unknown(ctx, LastHealthyTarget, w, "whether it is the last healthy target of a target group", err)
	}
	if slices.Sort(last); len(last) > 0 {
		l.add(LastHealthyTarget, w, "it is the last healthy target of %s", counted(last, "target group"))
	}
}

// usedGroups lists the target groups for instances and addresses that a load balancer sends to.
func (l *looker) usedGroups(ctx context.Context) (used []elbv2types.TargetGroup, err error) {
	pages := elbv2.NewDescribeTargetGroupsPaginator(l.ELBV2, &elbv2.DescribeTargetGroupsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, g := range page.TargetGroups {
			kind := g.TargetType == elbv2types.TargetTypeEnumInstance || g.TargetType == elbv2types.TargetTypeEnumIp
			if kind && len(g.LoadBalancerArns) > 0 {
				used = append(used, g)
			}
		}
	}
	return used, nil
}

// targetIDs are the ids under which an instance can be a target: its own and its private addresses.
func targetIDs(i ec2types.Instance) map[string]bool {
	ids := map[string]bool{aws.ToString(i.InstanceId): true}
	for _, n := range i.NetworkInterfaces {
		for _, a := range n.PrivateIpAddresses {
			ids[aws.ToString(a.PrivateIpAddress)] = true
		}
		for _, a := range n.Ipv6Addresses {
			ids[aws.ToString(a.Ipv6Address)] = true
		}
	}
	return ids
}

// lastHealthy says whether the targets of these ids are healthy, and no other target of the group is. Without health checks a
// target counts as healthy.
func lastHealthy(targets []elbv2types.TargetHealthDescription, ids map[string]bool) bool {
	own := false
	for _, t := range targets {
		if t.Target == nil || t.TargetHealth == nil {
			continue
		}
		switch t.TargetHealth.State {
		case elbv2types.TargetHealthStateEnumHealthy, elbv2types.TargetHealthStateEnumUnavailable:
			if !ids[aws.ToString(t.Target.Id)] {
				return false
			}
			own = true
		}
	}
	return own
}

// classicBalancers looks for Classic Load Balancers in which no other instance is in service.
func (l *looker) classicBalancers(ctx context.Context) {
	w := l.b.LastHealthyTarget
	if w == config.Ignore {
		return
	}
	var with []elbtypes.LoadBalancerDescription
	pages := elb.NewDescribeLoadBalancersPaginator(l.ELB, &elb.DescribeLoadBalancersInput{})
	var err error
	for err == nil && pages.HasMorePages() {
		var page *elb.DescribeLoadBalancersOutput
		if page, err = pages.NextPage(ctx); err != nil {
			break
		}
		for _, b := range page.LoadBalancerDescriptions {
			if slices.ContainsFunc(b.Instances, func(i elbtypes.Instance) bool { return aws.ToString(i.InstanceId) == l.t.ID }) {
				with = append(with, b)
			}
		}
	}
	var mu sync.Mutex
	var last []string
	if err == nil {
		err = each(ctx, with, func(ctx context.Context, b elbtypes.LoadBalancerDescription) error {
			out, err := l.ELB.DescribeInstanceHealth(ctx, &elb.DescribeInstanceHealthInput{LoadBalancerName: b.LoadBalancerName})
			if err == nil && lastInService(out.InstanceStates, l.t.ID) {
				mu.Lock()
				defer mu.Unlock()
				last = append(last, aws.ToString(b.LoadBalancerName))
			}
			return unlessGone(err)
		})
	}
	if err != nil {
		l.unknown(ctx, LastHealthyTarget, w, "whether it is the last healthy instance of a classic load balancer", err)
	}
	if slices.Sort(last); len(last) > 0 {
		l.add(LastHealthyTarget, w, "it is the last healthy instance of %s", counted(last, "classic load balancer"))
	}
}

// lastInService says whether the instance is in service, and no other one is.
func lastInService(states []elbtypes.InstanceState, id string) bool {
	own := false
	for _, s := range states {
		if aws.ToString(s.State) != "InService" {
			continue
		}
		if aws.ToString(s.InstanceId) != id {
			return false
		}
		own = true
	}
	return own
}

// unlessGone is err, but for a balancer or group that was deleted meanwhile: that serves nobody.
func unlessGone(err error) error {
	if cloud.NotFound(err) {
		return nil
	}
	return err
}

// counted names things: "target group web", "3 target groups (a, b, c)".
func counted(names []string, what string) string {
	if len(names) == 1 {
		return what + " " + names[0]
	}
	return fmt.Sprintf("%d %ss (%s)", len(names), what, some(names))
}
