package actions

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"golang.org/x/sync/errgroup"

	"cordon/internal/action"
	"cordon/internal/cloud"
)

// groupState is the instance's place in Auto Scaling. Group is "" outside of any group. The sizes are the group's, for
// the decision and for people; they are not compared. Deleted says that the group of the stored state is gone.
type groupState struct {
	Group            string `json:"group"`
	ScaleInProtected bool   `json:"scale_in_protected"`
	Desired          int32  `json:"desired,omitempty"`
	Min              int32  `json:"min,omitempty"`
	Max              int32  `json:"max,omitempty"`
	Deleted          bool   `json:"deleted,omitempty"`
}

// membership is the part of a groupState that is compared.
type membership struct {
	Group            string `json:"group"`
	ScaleInProtected bool   `json:"scale_in_protected"`
}

func detachASG() action.Action {
	return action.New(action.Spec[instanceRequest, groupState]{
		ID:      "ec2.detach-asg",
		Summary: "Takes the instance out of its Auto Scaling group, which would terminate it once isolated.",
		Details: "An isolated instance fails its health checks, and Auto Scaling terminates such an instance whatever its " +
			"termination protection. The group shrinks by one and release makes it whole again. A group at its minimum " +
			"size cannot shrink: Auto Scaling then launches a replacement, and after release the group is larger by one, " +
			"up to its maximum; a group at its maximum takes no instance back until there is room. Leaving the group also " +
			"takes the instance out of the group's load balancers; joining it again puts it back. What " +
			"AWS then does not show on the member any more is the launch template or configuration it came from.",
		Permissions: []string{
			"autoscaling:AttachInstances", "autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeAutoScalingInstances",
			"autoscaling:DetachInstances", "autoscaling:SetInstanceProtection", "ec2:DescribeInstances",
		},
		ForRelease: []string{"autoscaling:AttachInstances", "autoscaling:SetInstanceProtection"},
		Settle:     time.Minute,
		Observe:    observeGroup,
		Expect: func(_ instanceRequest, prior groupState) groupState {
			return groupState{Desired: max(prior.Desired-1, prior.Min), Min: prior.Min, Max: prior.Max}
		},
		Do:   detachFromGroup,
		Undo: attachToGroup,
		Parts: func(p groupState) map[string]any {
			if p.Deleted {
				return nil
			}
			return map[string]any{"membership": membership{p.Group, p.ScaleInProtected}}
		},
		Without: func(p groupState, parts map[string]bool) groupState {
			if parts["membership"] {
				return groupState{}
			}
			return p
		},
	})
}

func observeGroup(ctx context.Context, env *action.Env, t instanceRequest, known *groupState) (p groupState, err error) {
	var former *astypes.AutoScalingGroup
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		_, err := describeInstance(gctx, env, t.Target.ID)
		return err
	})
	g.Go(func() error {
		m, err := describeMember(gctx, env, t.Target.ID)
		if err != nil || m == nil || leaving(*m) {
			return err
		}
		p.Group, p.ScaleInProtected = aws.ToString(m.AutoScalingGroupName), aws.ToBool(m.ProtectedFromScaleIn)
		if known == nil && aws.ToString(m.LifecycleState) == string(astypes.LifecycleStateStandby) {
			return action.Skipf("%s is in standby in %s, where Auto Scaling does not replace it", t.Target.ID, p.Group)
		}
		return nil
	})
	if known != nil && known.Group != "" {
		g.Go(func() (err error) {
			former, err = describeGroup(gctx, env, known.Group)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return groupState{}, err
	}
	switch {
	case known != nil:
		p.Deleted = known.Group != "" && p.Group == "" && former == nil
	case p.Group != "":
		former, err = describeGroup(ctx, env, p.Group)
	}
	if former != nil {
		p.Desired, p.Min, p.Max = aws.ToInt32(former.DesiredCapacity), aws.ToInt32(former.MinSize), aws.ToInt32(former.MaxSize)
	}
	return p, err
}

// describeMember gives the instance's place in a group, nil if it is in none.
func describeMember(ctx context.Context, env *action.Env, id string) (*astypes.AutoScalingInstanceDetails, error) {
	out, err := env.AutoScaling.DescribeAutoScalingInstances(ctx, &autoscaling.DescribeAutoScalingInstancesInput{InstanceIds: []string{id}})
	if err != nil {
		return nil, fmt.Errorf("read the auto scaling group of instance %s: %w", id, err)
	}
	if len(out.AutoScalingInstances) == 0 {
		return nil, nil
	}
	return &out.AutoScalingInstances[0], nil
}

// describeGroup gives a group, nil if there is none of that name.
func describeGroup(ctx context.Context, env *action.Env, name string) (*astypes.AutoScalingGroup, error) {
	out, err := env.AutoScaling.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{name}})
	if err != nil {
		return nil, fmt.Errorf("read auto scaling group %s: %w", name, err)
	}
	if len(out.AutoScalingGroups) == 0 {
		return nil, nil
	}
	return &out.AutoScalingGroups[0], nil
}

// leaving says whether the group has let the instance go: it is as good as no member.
func leaving(m astypes.AutoScalingInstanceDetails) bool {
	state := aws.ToString(m.LifecycleState)
	return state == string(astypes.LifecycleStateDetaching) || state == string(astypes.LifecycleStateDetached)
}

func detachFromGroup(ctx context.Context, env *action.Env, t instanceRequest, prior groupState) error {
	if prior.Group == "" {
		return nil
	}
	shrink := prior.Desired > prior.Min
	err := detach(ctx, env, t.Target.ID, prior.Group, shrink)
	if cloud.Is(err, "ValidationError") {
		// Auto Scaling has one code for "not a member any more", "at its minimum size" and more: look which.
		m, rerr := describeMember(ctx, env, t.Target.ID)
		switch {
		case rerr != nil:
			return rerr
		case m == nil || leaving(*m):
			return nil
		}
		g, rerr := describeGroup(ctx, env, prior.Group)
		if rerr != nil {
			return rerr
		}
		if shrink && g != nil && aws.ToInt32(g.DesiredCapacity) <= aws.ToInt32(g.MinSize) {
			shrink = false
			err = detach(ctx, env, t.Target.ID, prior.Group, shrink)
		}
	}
	if err == nil && !shrink {
		env.Note("%s was at its minimum size, so Auto Scaling launches a replacement; after release the group is larger by one", prior.Group)
	}
	return err
}

func detach(ctx context.Context, env *action.Env, id, group string, shrink bool) error {
	_, err := env.AutoScaling.DetachInstances(ctx, &autoscaling.DetachInstancesInput{
		AutoScalingGroupName: &group, InstanceIds: []string{id}, ShouldDecrementDesiredCapacity: &shrink,
	})
	return wrap("detach instance "+id+" from auto scaling group", group, err)
}

func attachToGroup(ctx context.Context, env *action.Env, t instanceRequest, prior groupState) error {
	if prior.Group == "" {
		return nil
	}
	m, err := describeMember(ctx, env, t.Target.ID)
	if err != nil {
		return err
	}
	if m != nil && leaving(*m) {
		if m, err = awaitDetached(ctx, env, t.Target.ID); err != nil {
			return err
		}
	}
	if m == nil {
		_, err := env.AutoScaling.AttachInstances(ctx, &autoscaling.AttachInstancesInput{
			AutoScalingGroupName: &prior.Group, InstanceIds: []string{t.Target.ID},
		})
		if err != nil && !memberOf(ctx, env, t.Target.ID, prior.Group) {
			return attachError(ctx, env, t.Target.ID, prior.Group, err)
		}
	}
	return restoreProtection(ctx, env, t.Target.ID, prior)
}

// memberOf says whether the instance is in the group now, as it is when a call took effect and its answer was lost.
func memberOf(ctx context.Context, env *action.Env, id, group string) bool {
	m, err := describeMember(ctx, env, id)
	return err == nil && m != nil && !leaving(*m) && aws.ToString(m.AutoScalingGroupName) == group
}

// attachError says what a person can do about a group that does not take the instance back.
func attachError(ctx context.Context, env *action.Env, id, group string, err error) error {
	if g, rerr := describeGroup(ctx, env, group); cloud.Is(err, "ValidationError") && rerr == nil && g != nil &&
		aws.ToInt32(g.DesiredCapacity) >= aws.ToInt32(g.MaxSize) {
		return fmt.Errorf("attach instance %s: auto scaling group %s is at its maximum size of %d; raise the maximum or lower "+
			"its desired capacity, then release again: %w", id, group, aws.ToInt32(g.MaxSize), err)
	}
	return fmt.Errorf("attach instance %s to auto scaling group %s: %w", id, group, err)
}

// awaitDetached waits for a detachment that is under way; nil means that it is over.
func awaitDetached(ctx context.Context, env *action.Env, id string) (*astypes.AutoScalingInstanceDetails, error) {
	for range 30 {
		m, err := describeMember(ctx, env, id)
		if err != nil || m == nil || !leaving(*m) {
			return m, err
		}
		if err := sleep(ctx, 2*time.Second); err != nil {
			return m, err
		}
	}
	return nil, fmt.Errorf("attach instance %s: its group is still letting it go; release again later", id)
}

// restoreProtection sets protection from scale-in to what it was; that works once the instance is in service.
func restoreProtection(ctx context.Context, env *action.Env, id string, prior groupState) error {
	for range 30 {
		m, err := describeMember(ctx, env, id)
		if err != nil {
			return err
		}
		if m != nil && aws.ToString(m.AutoScalingGroupName) != prior.Group {
			return fmt.Errorf("attach instance %s to auto scaling group %s: it is in %s", id, prior.Group, aws.ToString(m.AutoScalingGroupName))
		}
		inService := m != nil && aws.ToString(m.LifecycleState) == string(astypes.LifecycleStateInService)
		switch {
		case m != nil && aws.ToBool(m.ProtectedFromScaleIn) == prior.ScaleInProtected:
			return nil
		case inService:
			_, err := env.AutoScaling.SetInstanceProtection(ctx, &autoscaling.SetInstanceProtectionInput{
				AutoScalingGroupName: &prior.Group, InstanceIds: []string{id}, ProtectedFromScaleIn: &prior.ScaleInProtected,
			})
			return wrap("set scale-in protection of instance", id, err)
		}
		if err := sleep(ctx, 2*time.Second); err != nil {
			return err
		}
	}
	return fmt.Errorf("restore scale-in protection of instance %s: it is not in service yet; release again later", id)
}
