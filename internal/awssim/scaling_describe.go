package awssim

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
)

// scalingCut cuts one page of sorted keys.
func scalingCut(keys []string, token *string, size *int32, limit int) ([]string, *string, error) {
	if size != nil && (*size < 1 || int(*size) > limit) {
		return nil, nil, validationError("1 validation error detected: Value '%d' at 'maxRecords' failed to satisfy constraint: Member must be between 1 and %d", *size, limit)
	}
	if badToken(aws.ToString(token)) {
		return nil, nil, httpError(400, &astypes.InvalidNextToken{Message: aws.String("Invalid NextToken")})
	}
	page, next := pageAfter(keys, aws.ToString(token), pageSize(size, scalingPage, limit))
	if next == "" {
		return page, nil, nil
	}
	return page, &next, nil
}

func describeLaunchConfigurations(x *request, in *autoscaling.DescribeLaunchConfigurationsInput) (*autoscaling.DescribeLaunchConfigurationsOutput, error) {
	s := &x.st.region(x.Region).Scaling
	names := slices.DeleteFunc(sortedKeys(s.Configs), func(n string) bool {
		return len(in.LaunchConfigurationNames) > 0 && !slices.Contains(in.LaunchConfigurationNames, n)
	})
	page, next, err := scalingCut(names, in.NextToken, in.MaxRecords, scalingPageMax)
	if err != nil {
		return nil, err
	}
	out := &autoscaling.DescribeLaunchConfigurationsOutput{LaunchConfigurations: []astypes.LaunchConfiguration{}, NextToken: next}
	for _, n := range page {
		out.LaunchConfigurations = append(out.LaunchConfigurations, clone(*s.Configs[n]))
	}
	return out, nil
}

func describeAutoScalingGroups(x *request, in *autoscaling.DescribeAutoScalingGroupsInput) (*autoscaling.DescribeAutoScalingGroupsOutput, error) {
	r := x.st.region(x.Region)
	names := []string{}
	for _, n := range sortedKeys(r.Scaling.Groups) {
		if len(in.AutoScalingGroupNames) > 0 && !slices.Contains(in.AutoScalingGroupNames, n) {
			continue
		}
		match, err := r.Scaling.Groups[n].matches(in.Filters)
		if err != nil {
			return nil, err
		}
		if match {
			names = append(names, n)
		}
	}
	page, next, err := scalingCut(names, in.NextToken, in.MaxRecords, scalingPageMax)
	if err != nil {
		return nil, err
	}
	out := &autoscaling.DescribeAutoScalingGroupsOutput{AutoScalingGroups: []astypes.AutoScalingGroup{}, NextToken: next}
	for _, n := range page {
		g := r.shownGroup(r.Scaling.Groups[n])
		if in.IncludeInstances != nil && !*in.IncludeInstances {
			g.Instances = nil
		}
		out.AutoScalingGroups = append(out.AutoScalingGroups, g)
	}
	return out, nil
}

// matches applies DescribeAutoScalingGroups' filters, which are all about tags.
func (g *scalingGroup) matches(filters []astypes.Filter) (bool, error) {
	for _, f := range filters {
		name, hit := aws.ToString(f.Name), false
		for key, tag := range g.Tags {
			switch {
			case name == "tag-key":
				hit = hit || slices.Contains(f.Values, key)
			case name == "tag-value":
				hit = hit || slices.Contains(f.Values, tag.Value)
			case strings.HasPrefix(name, "tag:"):
				hit = hit || name == "tag:"+key && slices.Contains(f.Values, tag.Value)
			}
		}
		if name != "tag-key" && name != "tag-value" && !strings.HasPrefix(name, "tag:") {
			return false, validationError("Filter type %s is not correct. Allowed Filter types are: [tag-key, tag-value, tag:]", name)
		}
		if !hit {
			return false, nil
		}
	}
	return true, nil
}

func (r *region) shownGroup(g *scalingGroup) astypes.AutoScalingGroup {
	out := astypes.AutoScalingGroup{
		AutoScalingGroupName: &g.Name, AutoScalingGroupARN: &g.ARN, LaunchConfigurationName: &g.Config,
		MinSize: &g.Min, MaxSize: &g.Max, DesiredCapacity: &g.Desired, DefaultCooldown: &g.Cooldown,
		AvailabilityZones: g.Zones, VPCZoneIdentifier: aws.String(strings.Join(g.Subnets, ",")),
		TargetGroupARNs: g.TargetGroups, LoadBalancerNames: g.Classic,
		HealthCheckType: &g.HealthCheck, HealthCheckGracePeriod: &g.Grace, CreatedTime: &g.Created,
		NewInstancesProtectedFromScaleIn: &g.ProtectNew, TerminationPolicies: []string{"Default"},
		Instances: []astypes.Instance{},
	}
	for _, p := range g.Suspended {
		out.SuspendedProcesses = append(out.SuspendedProcesses, astypes.SuspendedProcess{ProcessName: &p, SuspensionReason: aws.String("User suspended")})
	}
	for _, key := range sortedKeys(g.Tags) {
		out.Tags = append(out.Tags, astypes.TagDescription{
			Key: &key, Value: aws.String(g.Tags[key].Value), PropagateAtLaunch: aws.Bool(g.Tags[key].Propagate),
			ResourceId: &g.Name, ResourceType: aws.String("auto-scaling-group"),
		})
	}
	for _, id := range sortedKeys(g.Members) {
		d := r.shownMember(g, g.Members[id])
		out.Instances = append(out.Instances, astypes.Instance{
			InstanceId: d.InstanceId, AvailabilityZone: d.AvailabilityZone, HealthStatus: aws.String(healthWord(g.Members[id])),
			LifecycleState: g.Members[id].State, ProtectedFromScaleIn: d.ProtectedFromScaleIn,
			InstanceType: d.InstanceType, ImageId: d.ImageId, LaunchConfigurationName: d.LaunchConfigurationName,
		})
	}
	return clone(out)
}

func healthWord(m *member) string {
	if m.Marked || !m.Sick.IsZero() {
		return "Unhealthy"
	}
	return "Healthy"
}

// shownMember is a member as DescribeAutoScalingInstances shows it (whose health is in capitals).
func (r *region) shownMember(g *scalingGroup, m *member) astypes.AutoScalingInstanceDetails {
	d := astypes.AutoScalingInstanceDetails{
		AutoScalingGroupName: &g.Name, InstanceId: &m.Instance, LifecycleState: aws.String(string(m.State)),
		HealthStatus: aws.String(strings.ToUpper(healthWord(m))), ProtectedFromScaleIn: &m.Protected,
	}
	if m.Config != "" {
		d.LaunchConfigurationName = &m.Config
	}
	if i, ok := r.EC2.Instances[m.Instance]; ok {
		d.InstanceType, d.ImageId = aws.String(string(i.InstanceType)), i.ImageId
		if i.Placement != nil {
			d.AvailabilityZone = i.Placement.AvailabilityZone
		}
	}
	return clone(d)
}

func describeAutoScalingInstances(x *request, in *autoscaling.DescribeAutoScalingInstancesInput) (*autoscaling.DescribeAutoScalingInstancesOutput, error) {
	if len(in.InstanceIds) > scalingPage {
		return nil, validationError("1 validation error detected: Value at 'instanceIds' failed to satisfy constraint: Member must have length less than or equal to %d", scalingPage)
	}
	r := x.st.region(x.Region)
	groupOf := map[string]*scalingGroup{}
	for _, g := range r.Scaling.Groups {
		for id := range g.Members {
			if len(in.InstanceIds) == 0 || slices.Contains(in.InstanceIds, id) {
				groupOf[id] = g
			}
		}
	}
	page, next, err := scalingCut(sortedKeys(groupOf), in.NextToken, in.MaxRecords, scalingPage)
	if err != nil {
		return nil, err
	}
	out := &autoscaling.DescribeAutoScalingInstancesOutput{AutoScalingInstances: []astypes.AutoScalingInstanceDetails{}, NextToken: next}
	for _, id := range page {
		out.AutoScalingInstances = append(out.AutoScalingInstances, r.shownMember(groupOf[id], groupOf[id].Members[id]))
	}
	return out, nil
}
