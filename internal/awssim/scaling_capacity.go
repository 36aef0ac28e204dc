package awssim

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
)

func updateAutoScalingGroup(x *request, in *autoscaling.UpdateAutoScalingGroupInput) (*autoscaling.UpdateAutoScalingGroupOutput, error) {
	r := x.st.region(x.Region)
	g, err := r.Scaling.group(in.AutoScalingGroupName)
	if err != nil {
		return nil, err
	}
	lo, hi, desired := g.Min, g.Max, g.Desired
	if in.MinSize != nil {
		lo = *in.MinSize
	}
	if in.MaxSize != nil {
		hi = *in.MaxSize
	}
	if in.DesiredCapacity != nil {
		desired = *in.DesiredCapacity
	} else {
		desired = min(max(desired, lo), hi) // "If a new value for MinSize is specified without …"
	}
	if err := checkSizes(lo, hi, desired); err != nil {
		return nil, err
	}
	if in.LaunchConfigurationName != nil && r.Scaling.Configs[*in.LaunchConfigurationName] == nil {
		return nil, validationError("Launch configuration name not found - Launch configuration %s not found", *in.LaunchConfigurationName)
	}
	if in.LaunchTemplate != nil || in.MixedInstancesPolicy != nil {
		return nil, validationError("You must use a valid fully-formed launch template. The specified launch template does not exist.")
	}
	g.Min, g.Max, g.Desired = lo, hi, desired
	if in.LaunchConfigurationName != nil {
		g.Config = *in.LaunchConfigurationName
	}
	if in.HealthCheckType != nil {
		g.HealthCheck = *in.HealthCheckType
	}
	if in.HealthCheckGracePeriod != nil {
		g.Grace = *in.HealthCheckGracePeriod
	}
	if in.NewInstancesProtectedFromScaleIn != nil {
		g.ProtectNew = *in.NewInstancesProtectedFromScaleIn
	}
	x.st.balance(r, g, x.now)
	return &autoscaling.UpdateAutoScalingGroupOutput{}, nil
}

func setDesiredCapacity(x *request, in *autoscaling.SetDesiredCapacityInput) (*autoscaling.SetDesiredCapacityOutput, error) {
	r := x.st.region(x.Region)
	g, err := r.Scaling.group(in.AutoScalingGroupName)
	if err != nil {
		return nil, err
	}
	desired := aws.ToInt32(in.DesiredCapacity)
	switch {
	case desired > g.Max:
		return nil, validationError("New SetDesiredCapacity value %d is above max value %d for the AutoScalingGroup.", desired, g.Max)
	case desired < g.Min:
		return nil, validationError("New SetDesiredCapacity value %d is below min value %d for the AutoScalingGroup.", desired, g.Min)
	}
	g.Desired = desired
	x.st.balance(r, g, x.now)
	return &autoscaling.SetDesiredCapacityOutput{}, nil
}

func setInstanceProtection(x *request, in *autoscaling.SetInstanceProtectionInput) (*autoscaling.SetInstanceProtectionOutput, error) {
	g, err := x.st.region(x.Region).Scaling.group(in.AutoScalingGroupName)
	if err != nil {
		return nil, err
	}
	ms, err := g.members(in.InstanceIds)
	if err != nil {
		return nil, err
	}
	for _, m := range ms {
		m.Protected = aws.ToBool(in.ProtectedFromScaleIn)
	}
	return &autoscaling.SetInstanceProtectionOutput{}, nil
}

func setInstanceHealth(x *request, in *autoscaling.SetInstanceHealthInput) (*autoscaling.SetInstanceHealthOutput, error) {
	r := x.st.region(x.Region)
	g := r.Scaling.groupOf(aws.ToString(in.InstanceId))
	if g == nil {
		return nil, validationError("Instance Id not found - No managed instance found for instance ID %s", aws.ToString(in.InstanceId))
	}
	status := aws.ToString(in.HealthStatus)
	if status != "Healthy" && status != "Unhealthy" {
		return nil, validationError("Invalid health status: %s", status)
	}
	m := g.Members[*in.InstanceId]
	spared := in.ShouldRespectGracePeriod == nil || *in.ShouldRespectGracePeriod
	if status == "Unhealthy" && spared && g.spares(m, x.now) {
		return &autoscaling.SetInstanceHealthOutput{}, nil
	}
	m.Marked = status == "Unhealthy"
	return &autoscaling.SetInstanceHealthOutput{}, nil
}

func terminateInstanceInAutoScalingGroup(x *request, in *autoscaling.TerminateInstanceInAutoScalingGroupInput) (*autoscaling.TerminateInstanceInAutoScalingGroupOutput, error) {
	r := x.st.region(x.Region)
	g := r.Scaling.groupOf(aws.ToString(in.InstanceId))
	if g == nil {
		return nil, validationError("Instance Id not found - No managed instance found for instance ID: %s", aws.ToString(in.InstanceId))
	}
	if aws.ToBool(in.ShouldDecrementDesiredCapacity) {
		if g.Desired-1 < g.Min {
			return nil, validationError("Currently, desiredSize equals minSize (%d). Terminating instance without replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size.", g.Min)
		}
		g.Desired--
	}
	a := x.activity(g, "Terminating EC2 instance: "+*in.InstanceId)
	x.st.discard(r, g, g.Members[*in.InstanceId], x.now)
	x.st.balance(r, g, x.now)
	return &autoscaling.TerminateInstanceInAutoScalingGroupOutput{Activity: &a}, nil
}

// scalingProcesses are those that can be suspended.
var scalingProcesses = []string{
	"AZRebalance", "AddToLoadBalancer", "AlarmNotification", "HealthCheck", "InstanceRefresh", "Launch",
	"ReplaceUnhealthy", "ScheduledActions", "Terminate",
}

// namedProcesses gives the processes of a suspend or resume call: all, if it names none.
func namedProcesses(names []string) ([]string, error) {
	if len(names) == 0 {
		return slices.Clone(scalingProcesses), nil
	}
	for _, n := range names {
		if !slices.Contains(scalingProcesses, n) {
			return nil, validationError("%s is not a valid process type", n)
		}
	}
	return names, nil
}

func suspendProcesses(x *request, in *autoscaling.SuspendProcessesInput) (*autoscaling.SuspendProcessesOutput, error) {
	g, err := x.st.region(x.Region).Scaling.group(in.AutoScalingGroupName)
	if err != nil {
		return nil, err
	}
	names, err := namedProcesses(in.ScalingProcesses)
	if err != nil {
		return nil, err
	}
	g.Suspended = slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(g.Suspended), names...))))
	return &autoscaling.SuspendProcessesOutput{}, nil
}

func resumeProcesses(x *request, in *autoscaling.ResumeProcessesInput) (*autoscaling.ResumeProcessesOutput, error) {
	r := x.st.region(x.Region)
	g, err := r.Scaling.group(in.AutoScalingGroupName)
	if err != nil {
		return nil, err
	}
	names, err := namedProcesses(in.ScalingProcesses)
	if err != nil {
		return nil, err
	}
	var left []string // nil, as before the first suspension
	for _, p := range g.Suspended {
		if !slices.Contains(names, p) {
			left = append(left, p)
		}
	}
	g.Suspended = left
	x.st.balance(r, g, x.now)
	return &autoscaling.ResumeProcessesOutput{}, nil
}
