package awssim

import (
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
)

func (g *scalingGroup) sizeError(todo string) error {
	return validationError("AutoScalingGroup %s has min-size=%d, max-size=%d, and desired-size=%d. To %s, please update the AutoScalingGroup sizes appropriately.", g.Name, g.Min, g.Max, g.Desired, todo)
}

func attachInstances(x *request, in *autoscaling.AttachInstancesInput) (*autoscaling.AttachInstancesOutput, error) {
	r := x.st.region(x.Region)
	g, err := r.Scaling.group(in.AutoScalingGroupName)
	if err != nil {
		return nil, err
	}
	ids := slices.Compact(slices.Sorted(slices.Values(in.InstanceIds)))
	if len(ids) == 0 || len(ids) > scalingCallIDs {
		return nil, validationError("1 validation error detected: Value at 'instanceIds' failed to satisfy constraint: Member must have between 1 and %d items", scalingCallIDs)
	}
	for _, id := range ids {
		if err := r.attachable(g, id); err != nil {
			return nil, err
		}
	}
	if g.Desired+int32(len(ids)) > g.Max {
		return nil, g.sizeError(fmt.Sprintf("attach %d more instance(s)", len(ids)))
	}
	for _, id := range ids {
		g.Members[id] = &member{Instance: id, Protected: g.ProtectNew}
		x.st.enterService(r, g, g.Members[id], x.now)
	}
	g.Desired += int32(len(ids))
	return &autoscaling.AttachInstancesOutput{}, nil
}

func (r *region) attachable(g *scalingGroup, id string) error {
	i, ok := r.EC2.Instances[id]
	if !ok {
		return validationError("Invalid Instance ID(s): [%s] specified", id)
	}
	if !r.EC2.isRunning(id) {
		return validationError("Instance %s is not in correct state. Instance(s) must be in 'running' state.", id)
	}
	if old := r.Scaling.groupOf(id); old != nil {
		return validationError("Instance %s is already part of AutoScalingGroup:%s", id, old.Name)
	}
	if i.Placement != nil && len(g.Zones) > 0 && !slices.Contains(g.Zones, aws.ToString(i.Placement.AvailabilityZone)) {
		return validationError("The availability zone of instance %s is not part of AutoScalingGroup:%s", id, g.Name)
	}
	return nil
}

func detachInstances(x *request, in *autoscaling.DetachInstancesInput) (*autoscaling.DetachInstancesOutput, error) {
	r := x.st.region(x.Region)
	g, ms, err := x.leaving(r, in.AutoScalingGroupName, in.InstanceIds, in.ShouldDecrementDesiredCapacity, "detach %d instance(s) from this AutoScalingGroup and decrement the desired capacity",
		astypes.LifecycleStateInService, astypes.LifecycleStateStandby, astypes.LifecycleStatePending)
	if err != nil {
		return nil, err
	}
	out := &autoscaling.DetachInstancesOutput{Activities: []astypes.Activity{}}
	for _, m := range ms {
		x.st.leaveBalancers(r, g, m, x.now)
		m.State, m.Sick, m.Marked = astypes.LifecycleStateDetaching, time.Time{}, false
		m.Until = x.now.Add(x.acct.opts.DetachTime)
		out.Activities = append(out.Activities, x.activity(g, "Detaching EC2 instance: "+m.Instance))
	}
	x.st.finishDetaching(r, g, x.now)
	x.st.balance(r, g, x.now)
	return out, nil
}

// leaving checks a call that takes members out of service and lowers the desired capacity where it says so. Only
// members in service count against that capacity.
func (x *request) leaving(r *region, name *string, ids []string, decrement *bool, todo string, states ...astypes.LifecycleState) (*scalingGroup, []*member, error) {
	g, err := r.Scaling.group(name)
	if err != nil {
		return nil, nil, err
	}
	ms, err := g.members(ids)
	if err != nil {
		return nil, nil, err
	}
	if err := inState(ms, states...); err != nil {
		return nil, nil, err
	}
	if aws.ToBool(decrement) {
		var n int32
		for _, m := range ms {
			if m.State != astypes.LifecycleStateStandby {
				n++
			}
		}
		if g.Desired-n < g.Min {
			return nil, nil, g.sizeError(fmt.Sprintf(todo, len(ms)))
		}
		g.Desired -= n
	}
	return g, ms, nil
}

// activity describes something that a group began to do.
func (x *request) activity(g *scalingGroup, description string) astypes.Activity {
	return astypes.Activity{
		ActivityId: aws.String(x.st.uuid()), AutoScalingGroupName: aws.String(g.Name), AutoScalingGroupARN: aws.String(g.ARN),
		Cause:       aws.String("At " + x.now.Format("2006-01-02T15:04:05Z") + " a user request."),
		Description: &description, StartTime: aws.Time(x.now), StatusCode: astypes.ScalingActivityStatusCodeInProgress, Progress: aws.Int32(50),
	}
}

func enterStandby(x *request, in *autoscaling.EnterStandbyInput) (*autoscaling.EnterStandbyOutput, error) {
	r := x.st.region(x.Region)
	g, ms, err := x.leaving(r, in.AutoScalingGroupName, in.InstanceIds, in.ShouldDecrementDesiredCapacity, "place into standby %d more instance(s)", astypes.LifecycleStateInService)
	if err != nil {
		return nil, err
	}
	out := &autoscaling.EnterStandbyOutput{Activities: []astypes.Activity{}}
	for _, m := range ms {
		x.st.leaveBalancers(r, g, m, x.now)
		m.State, m.Sick, m.Marked = astypes.LifecycleStateStandby, time.Time{}, false
		out.Activities = append(out.Activities, x.activity(g, "Moving EC2 instance to Standby: "+m.Instance))
	}
	x.st.balance(r, g, x.now)
	return out, nil
}

func exitStandby(x *request, in *autoscaling.ExitStandbyInput) (*autoscaling.ExitStandbyOutput, error) {
	r := x.st.region(x.Region)
	g, err := r.Scaling.group(in.AutoScalingGroupName)
	if err != nil {
		return nil, err
	}
	ms, err := g.members(in.InstanceIds)
	if err != nil {
		return nil, err
	}
	if err := inState(ms, astypes.LifecycleStateStandby); err != nil {
		return nil, err
	}
	if g.Desired+int32(len(ms)) > g.Max {
		return nil, g.sizeError(fmt.Sprintf("move %d instance(s) out of standby", len(ms)))
	}
	out := &autoscaling.ExitStandbyOutput{Activities: []astypes.Activity{}}
	for _, m := range ms {
		x.st.enterService(r, g, m, x.now)
		out.Activities = append(out.Activities, x.activity(g, "Moving EC2 instance out of Standby: "+m.Instance))
	}
	g.Desired += int32(len(ms))
	return out, nil
}
