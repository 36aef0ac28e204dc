package awssim

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
)

func alreadyExists(message string) error {
	return httpError(400, &astypes.AlreadyExistsFault{Message: &message})
}

func createLaunchConfiguration(x *request, in *autoscaling.CreateLaunchConfigurationInput) (*autoscaling.CreateLaunchConfigurationOutput, error) {
	r := x.st.region(x.Region)
	name := aws.ToString(in.LaunchConfigurationName)
	if _, dup := r.Scaling.Configs[name]; dup {
		return nil, alreadyExists("Launch Configuration by this name already exists - A launch configuration already exists with the name " + name)
	}
	c := &astypes.LaunchConfiguration{
		LaunchConfigurationName: &name,
		LaunchConfigurationARN:  aws.String(x.st.arn("autoscaling", r.Name, "launchConfiguration:"+x.st.uuid()+":launchConfigurationName/"+name)),
		ImageId:                 clone(in.ImageId), InstanceType: clone(in.InstanceType), SecurityGroups: clone(in.SecurityGroups),
		IamInstanceProfile: clone(in.IamInstanceProfile), KeyName: clone(in.KeyName), UserData: clone(in.UserData),
		AssociatePublicIpAddress: clone(in.AssociatePublicIpAddress), CreatedTime: aws.Time(x.now),
	}
	if in.InstanceId != nil {
		if err := r.EC2.copyInto(c, *in.InstanceId); err != nil {
			return nil, err
		}
	}
	if aws.ToString(c.ImageId) == "" || aws.ToString(c.InstanceType) == "" {
		return nil, validationError("Valid requests must contain either the InstanceID parameter or both the ImageId and InstanceType parameters.")
	}
	r.Scaling.Configs[name] = c
	return &autoscaling.CreateLaunchConfigurationOutput{}, nil
}

// copyInto fills what a launch configuration leaves open with what an instance has.
func (e *ec2State) copyInto(c *astypes.LaunchConfiguration, id string) error {
	i, ok := e.Instances[id]
	if !ok {
		return validationError("Instance [%s] is invalid.", id)
	}
	if c.ImageId == nil {
		c.ImageId = clone(i.ImageId)
	}
	if c.InstanceType == nil {
		c.InstanceType = aws.String(string(i.InstanceType))
	}
	for _, eni := range e.Interfaces {
		primary := eni.Attachment != nil && aws.ToString(eni.Attachment.InstanceId) == id && aws.ToInt32(eni.Attachment.DeviceIndex) == 0
		if primary && c.SecurityGroups == nil {
			for _, g := range eni.Groups {
				c.SecurityGroups = append(c.SecurityGroups, aws.ToString(g.GroupId))
			}
		}
	}
	return nil
}

func createAutoScalingGroup(x *request, in *autoscaling.CreateAutoScalingGroupInput) (*autoscaling.CreateAutoScalingGroupOutput, error) {
	r := x.st.region(x.Region)
	g, err := x.newScalingGroup(r, in)
	if err != nil {
		return nil, err
	}
	if in.InstanceId != nil {
		c := &astypes.LaunchConfiguration{LaunchConfigurationName: &g.Name, CreatedTime: aws.Time(x.now)}
		c.LaunchConfigurationARN = aws.String(x.st.arn("autoscaling", r.Name, "launchConfiguration:"+x.st.uuid()+":launchConfigurationName/"+g.Name))
		if err := r.EC2.copyInto(c, *in.InstanceId); err != nil {
			return nil, err
		}
		r.Scaling.Configs[g.Name] = c
	}
	r.Scaling.Groups[g.Name] = g
	x.st.balance(r, g, x.now)
	return &autoscaling.CreateAutoScalingGroupOutput{}, nil
}

// newScalingGroup checks a CreateAutoScalingGroup and makes the group, without members. Launch templates are not
// simulated, so none is found.
func (x *request) newScalingGroup(r *region, in *autoscaling.CreateAutoScalingGroupInput) (*scalingGroup, error) {
	name := aws.ToString(in.AutoScalingGroupName)
	if _, dup := r.Scaling.Groups[name]; dup {
		return nil, alreadyExists("AutoScalingGroup by this name already exists - A group with the name " + name + " already exists")
	}
	lo, hi, desired := aws.ToInt32(in.MinSize), aws.ToInt32(in.MaxSize), aws.ToInt32(in.MinSize)
	if in.DesiredCapacity != nil {
		desired = *in.DesiredCapacity
	}
	if err := checkSizes(lo, hi, desired); err != nil {
		return nil, err
	}
	switch {
	case in.LaunchTemplate != nil || in.MixedInstancesPolicy != nil:
		return nil, validationError("You must use a valid fully-formed launch template. The specified launch template does not exist.")
	case (in.LaunchConfigurationName == nil) == (in.InstanceId == nil):
		return nil, validationError("Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.")
	case in.LaunchConfigurationName != nil && r.Scaling.Configs[*in.LaunchConfigurationName] == nil:
		return nil, validationError("Launch configuration name not found - Launch configuration %s not found", *in.LaunchConfigurationName)
	case in.InstanceId != nil && r.EC2.Instances[*in.InstanceId] == nil:
		return nil, validationError("Instance [%s] is invalid.", *in.InstanceId)
	case in.HealthCheckType != nil && !slices.Contains([]string{"EC2", "ELB", "EC2,ELB", "ELB,EC2"}, *in.HealthCheckType):
		return nil, validationError("Invalid HealthCheckType - %s", *in.HealthCheckType)
	}
	subnets, zones, err := r.placement(aws.ToString(in.VPCZoneIdentifier), in.AvailabilityZones)
	if err != nil {
		return nil, err
	}
	for _, arn := range in.TargetGroupARNs {
		if r.ELBV2.Groups[arn] == nil {
			return nil, validationError("Provided Target Groups may not be valid. Please ensure they exist and try again.")
		}
	}
	for _, lb := range in.LoadBalancerNames {
		if r.ELB.Balancers[lb] == nil {
			return nil, validationError("Provided Load Balancers may not be valid. Please ensure they exist and try again.")
		}
	}
	g := x.st.blankGroup(r, name, x.now)
	g.Min, g.Max, g.Desired = lo, hi, desired
	g.Subnets, g.Zones = subnets, zones
	g.TargetGroups, g.Classic = clone(in.TargetGroupARNs), clone(in.LoadBalancerNames)
	g.ProtectNew = aws.ToBool(in.NewInstancesProtectedFromScaleIn)
	g.Config = name
	if in.LaunchConfigurationName != nil {
		g.Config = *in.LaunchConfigurationName
	}
	if in.HealthCheckType != nil {
		g.HealthCheck = *in.HealthCheckType
	}
	g.Grace = aws.ToInt32(in.HealthCheckGracePeriod)
	for _, t := range in.Tags {
		g.Tags[aws.ToString(t.Key)] = scalingTag{aws.ToString(t.Value), aws.ToBool(t.PropagateAtLaunch)}
	}
	return g, nil
}

// blankGroup makes a group of size 0 without checks, and does not add it to the Region.
func (s *state) blankGroup(r *region, name string, now time.Time) *scalingGroup {
	return &scalingGroup{
		Name: name, ARN: s.arn("autoscaling", r.Name, "autoScalingGroup:"+s.uuid()+":autoScalingGroupName/"+name),
		HealthCheck: "EC2", Cooldown: 300, Created: now,
		Tags: map[string]scalingTag{}, Members: map[string]*member{},
	}
}

// placement gives the subnets and Availability Zones of a new group.
func (r *region) placement(identifier string, zones []string) (subnets, inZones []string, err error) {
	if identifier == "" && len(zones) == 0 {
		return nil, nil, validationError("At least one Availability Zone or VPC Subnet is required.")
	}
	if identifier == "" {
		return nil, clone(zones), nil
	}
	for id := range strings.SplitSeq(identifier, ",") {
		id = strings.TrimSpace(id)
		subnet, ok := r.EC2.Subnets[id]
		if !ok {
			return nil, nil, validationError("The subnet ID '%s' does not exist", id)
		}
		subnets = append(subnets, id)
		if zone := aws.ToString(subnet.AvailabilityZone); !slices.Contains(inZones, zone) {
			inZones = append(inZones, zone)
		}
	}
	slices.Sort(inZones)
	return subnets, inZones, nil
}

func deleteAutoScalingGroup(x *request, in *autoscaling.DeleteAutoScalingGroupInput) (*autoscaling.DeleteAutoScalingGroupOutput, error) {
	r := x.st.region(x.Region)
	g, err := r.Scaling.group(in.AutoScalingGroupName)
	if err != nil {
		return nil, err
	}
	if len(g.Members) > 0 && !aws.ToBool(in.ForceDelete) {
		return nil, httpError(400, &astypes.ResourceInUseFault{Message: aws.String("You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group.")})
	}
	for _, id := range sortedKeys(g.Members) {
		x.st.discard(r, g, g.Members[id], x.now)
	}
	delete(r.Scaling.Groups, g.Name)
	return &autoscaling.DeleteAutoScalingGroupOutput{}, nil
}
