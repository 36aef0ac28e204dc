package blast

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"golang.org/x/sync/errgroup"

	"cordon/internal/config"
)

// caseTag is what Cordon puts on an instance that it contains; its value is the case's id.
const caseTag = "cordon:case"

// scalingGroup looks at the instance's Auto Scaling group: is it at its minimum, and how much of it is cut off already.
func (l *looker) scalingGroup(ctx context.Context) {
	minimum, share := l.b.GroupAtMinimum, l.b.GroupShare
	if minimum == config.Ignore && share.Then == config.Ignore {
		return
	}
	name, err := l.groupOfTarget(ctx)
	if err == nil && name == "" {
		return
	}
	var group astypes.AutoScalingGroup
	var contained map[string]bool
	if err == nil {
		var g errgroup.Group
		g.Go(func() (err error) { group, err = l.describeGroup(ctx, name); return err })
		g.Go(func() error { // its own error: the minimum is known all the same
			var serr error
			if share.Then != config.Ignore {
				contained, serr = l.containedOf(ctx, name)
			}
			l.unknown(ctx, GroupShare, share.Then, "how much of its Auto Scaling group "+name+" is contained already", serr)
			return nil
		})
		err = g.Wait()
	}
	if err != nil {
		l.unknown(ctx, GroupAtMinimum, minimum, "whether its Auto Scaling group is at its minimum", err)
		return
	}
	if desired, least := aws.ToInt32(group.DesiredCapacity), aws.ToInt32(group.MinSize); desired <= least {
		l.add(GroupAtMinimum, minimum, "its Auto Scaling group %s is at its minimum of %d: without it there is one too few until a replacement is in service", name, least)
	}
	all := map[string]bool{l.t.ID: true}
	cut := map[string]bool{l.t.ID: true}
	for _, m := range group.Instances {
		all[aws.ToString(m.InstanceId)] = true
	}
	for id := range contained {
		all[id], cut[id] = true, true
	}
	if len(cut) > 1 && len(cut)*100 > len(all)*share.Percent {
		l.add(GroupShare, share.Then, "with it %d of the %d instances of its Auto Scaling group %s would be contained", len(cut), len(all), name)
	}
}

// groupOfTarget is the Auto Scaling group that the instance serves in, "" for none.
func (l *looker) groupOfTarget(ctx context.Context) (string, error) {
	out, err := l.AutoScaling.DescribeAutoScalingInstances(ctx, &autoscaling.DescribeAutoScalingInstancesInput{InstanceIds: []string{l.t.ID}})
	if err != nil {
		return "", err
	}
	for _, m := range out.AutoScalingInstances {
		switch astypes.LifecycleState(aws.ToString(m.LifecycleState)) {
		case astypes.LifecycleStateStandby, astypes.LifecycleStateDetaching, astypes.LifecycleStateDetached:
		default:
			return aws.ToString(m.AutoScalingGroupName), nil
		}
	}
	return "", nil
}

func (l *looker) describeGroup(ctx context.Context, name string) (astypes.AutoScalingGroup, error) {
	out, err := l.AutoScaling.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{name}})
	if err != nil || len(out.AutoScalingGroups) == 0 {
		return astypes.AutoScalingGroup{}, err
	}
	return out.AutoScalingGroups[0], nil
}

// containedOf gives the instances of the Region that are contained and belong to the group, or belonged to it until their
// case took them out.
func (l *looker) containedOf(ctx context.Context, group string) (map[string]bool, error) {
	cases := map[string]string{} // by instance
	err := eachInstance(ctx, l.Clients, func(i ec2types.Instance) {
		for _, tag := range i.Tags {
			if aws.ToString(tag.Key) == caseTag {
				cases[aws.ToString(i.InstanceId)] = aws.ToString(tag.Value)
			}
		}
	}, filter("tag-key", caseTag), filter("instance-state-name", "pending", "running"))
	if err != nil || l.o.GroupOf == nil {
		return nil, err
	}
	ids := make([]string, 0, len(cases))
	for id := range cases {
		ids = append(ids, id)
	}
	var mu sync.Mutex
	of := map[string]bool{}
	return of, each(ctx, ids, func(ctx context.Context, id string) error {
		if l.o.GroupOf(ctx, cases[id]) == group {
			mu.Lock()
			defer mu.Unlock()
			of[id] = true
		}
		return nil
	})
}
