package awssim

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
)

const autoScaling = "Auto Scaling"

func registerScaling(r registry) {
	write(r, autoScaling, createLaunchConfiguration)
	write(r, autoScaling, createAutoScalingGroup)
	write(r, autoScaling, deleteAutoScalingGroup)
	write(r, autoScaling, updateAutoScalingGroup)
	write(r, autoScaling, setDesiredCapacity)
	read(r, autoScaling, describeLaunchConfigurations)
	read(r, autoScaling, describeAutoScalingGroups)
	read(r, autoScaling, describeAutoScalingInstances)
	write(r, autoScaling, attachInstances)
	write(r, autoScaling, detachInstances)
	write(r, autoScaling, enterStandby)
	write(r, autoScaling, exitStandby)
	write(r, autoScaling, setInstanceProtection)
	write(r, autoScaling, setInstanceHealth)
	write(r, autoScaling, terminateInstanceInAutoScalingGroup)
	write(r, autoScaling, suspendProcesses)
	write(r, autoScaling, resumeProcesses)
}

// Limits of the Auto Scaling API reference.
const (
	scalingCallIDs = 20 // instances of one attach, detach or standby call
	scalingPage    = 50
	scalingPageMax = 100 // groups only
)

func (s *scalingState) group(name *string) (*scalingGroup, error) {
	g, ok := s.Groups[aws.ToString(name)]
	if !ok {
		return nil, validationError("AutoScalingGroup name not found - %s", aws.ToString(name))
	}
	return g, nil
}

// groupOf is the group that an instance is a member of, nil if none.
func (s *scalingState) groupOf(id string) *scalingGroup {
	for _, g := range s.Groups {
		if _, ok := g.Members[id]; ok {
			return g
		}
	}
	return nil
}

// members gives the named members of the group.
func (g *scalingGroup) members(ids []string) ([]*member, error) {
	if len(ids) == 0 {
		return nil, validationError("1 validation error detected: Value at 'instanceIds' failed to satisfy constraint: Member must not be empty")
	}
	if len(ids) > scalingCallIDs {
		return nil, validationError("1 validation error detected: Value at 'instanceIds' failed to satisfy constraint: Member must have length less than or equal to %d", scalingCallIDs)
	}
	var out []*member
	for i, id := range ids {
		m, ok := g.Members[id]
		if !ok {
			return nil, validationError("The instance %s is not part of Auto Scaling group %s.", id, g.Name)
		}
		if !slices.Contains(ids[:i], id) {
			out = append(out, m)
		}
	}
	return out, nil
}

// inState refuses members in any other lifecycle state than those named.
func inState(ms []*member, states ...astypes.LifecycleState) error {
	for _, m := range ms {
		if !slices.Contains(states, m.State) {
			return validationError("The instance %s is not in %s.", m.Instance, states[0])
		}
	}
	return nil
}

// active counts the members that count against the desired capacity.
func (g *scalingGroup) active() int32 {
	var n int32
	for _, m := range g.Members {
		if m.State == astypes.LifecycleStateInService || m.State == astypes.LifecycleStatePending {
			n++
		}
	}
	return n
}

func (g *scalingGroup) suspended(process string) bool { return slices.Contains(g.Suspended, process) }

// checkSizes holds a group's sizes against each other.
func checkSizes(lo, hi, desired int32) error {
	switch {
	case lo < 0 || hi < 0:
		return validationError("Min and max sizes must not be negative.")
	case hi < lo:
		return validationError("Max bound, %d, must be greater than or equal to min bound, %d", hi, lo)
	case desired < lo || desired > hi:
		return validationError("Desired capacity:%d must be between the specified min size:%d and max size:%d", desired, lo, hi)
	}
	return nil
}
