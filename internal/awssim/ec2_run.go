package awssim

import (
	"cmp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func runInstances(x *request, in *ec2.RunInstancesInput) (*ec2.RunInstancesOutput, error) {
	e := x.ec2()
	ids, done, err := e.replayed("RunInstances", in.ClientToken, in)
	if err != nil {
		return nil, err
	}
	if !done {
		if err := x.atomically(func() error { ids, err = x.run(in); return err }); err != nil {
			return nil, err
		}
		e.remember("RunInstances", in.ClientToken, in, ids...)
	}
	out := &ec2.RunInstancesOutput{OwnerId: aws.String(x.st.Account)}
	for _, id := range ids {
		i, err := find(e.Instances, kindInstance(), id)
		if err != nil {
			return nil, err
		}
		out.ReservationId = aws.String(i.Reservation)
		out.Instances = append(out.Instances, e.describeInstance(i))
	}
	return out, nil
}

// run checks a launch and carries it out.
func (x *request) run(in *ec2.RunInstancesInput) ([]string, error) {
	spec, err := x.checkedLaunch(in)
	if err != nil {
		return nil, err
	}
	nics, err := x.checkedInterfaces(in)
	if err != nil {
		return nil, err
	}
	tags := map[ec2types.ResourceType]map[string]string{}
	taggable := []ec2types.ResourceType{ec2types.ResourceTypeInstance, ec2types.ResourceTypeVolume, ec2types.ResourceTypeNetworkInterface, ec2types.ResourceTypeSpotInstancesRequest}
	for _, of := range taggable {
		if tags[of], err = specTags(in.TagSpecifications, of, taggable...); err != nil {
			return nil, err
		}
	}
	e, reservation := x.ec2(), x.st.newID("r")
	var ids []string
	for range aws.ToInt32(in.MaxCount) {
		spec.ID, spec.Reservation = x.st.newID("i"), reservation
		i := x.st.addInstance(x.region(), x.now, spec)
		i.State, i.Until = instanceState(ec2types.InstanceStateNamePending), x.now.Add(x.acct.opts.TransitionTime)
		for _, nic := range nics {
			ni := e.Interfaces[nic.existing]
			if ni == nil {
				nic.make.ID = x.st.newID("eni")
				if ni, err = x.st.addInterface(x.region(), nic.make); err != nil {
					return nil, err
				}
				e.setTags(*ni.NetworkInterfaceId, tags[ec2types.ResourceTypeNetworkInterface])
			}
			x.st.attachInterface(ni, spec.ID, nic.index, nic.deleted, x.now)
		}
		for _, v := range volumesOf(in.BlockDeviceMappings) {
			v.Zone = spec.Zone
			made := x.st.addVolume(x.region(), x.now, x.st.newID("vol"), v)
			attachVolumeTo(made, spec.ID, v.Device, v.DeleteOnTermination, x.now)
			e.setTags(*made.VolumeId, tags[ec2types.ResourceTypeVolume])
		}
		if spec.Profile != nil {
			x.st.addAssociation(x.region(), x.now, spec.ID, spec.Profile)
		}
		e.setTags(spec.ID, tags[ec2types.ResourceTypeInstance])
		ids = append(ids, spec.ID)
	}
	return ids, nil
}

// checkedLaunch checks everything about a launch but its interfaces and tags.
func (x *request) checkedLaunch(in *ec2.RunInstancesInput) (newInstance, error) {
	var none newInstance
	if in.ImageId == nil {
		return none, missingParameter("ImageId")
	}
	ami := idKind{"ami-", "image id", "InvalidAMIID.Malformed", "InvalidAMIID.NotFound"}
	if err := ami.check(*in.ImageId); err != nil {
		return none, err
	}
	if *in.MinCount < 1 || *in.MaxCount < *in.MinCount {
		return none, apiError(400, "InvalidParameterValue", "Invalid value for MinCount and MaxCount: %d, %d", *in.MinCount, *in.MaxCount)
	}
	behavior := cmp.Or(in.InstanceInitiatedShutdownBehavior, ec2types.ShutdownBehaviorStop)
	if !slices.Contains(behavior.Values(), behavior) {
		return none, invalidValue(string(behavior), "instanceInitiatedShutdownBehavior")
	}
	spot := in.InstanceMarketOptions != nil && in.InstanceMarketOptions.MarketType == ec2types.MarketTypeSpot
	if spot && (aws.ToBool(in.DisableApiTermination) || aws.ToBool(in.DisableApiStop)) {
		return none, apiError(400, "UnsupportedOperation", "Termination and stop protection are not supported for spot instances.")
	}
	profile, err := x.profileFor(in.IamInstanceProfile)
	if err != nil {
		return none, err
	}
	spec := newInstance{
		Image: *in.ImageId, Type: string(cmp.Or(in.InstanceType, ec2types.InstanceTypeM1Small)), Key: aws.ToString(in.KeyName),
		UserData: aws.ToString(in.UserData), Behavior: behavior, Spot: spot, Profile: profile,
		NoTermination: aws.ToBool(in.DisableApiTermination), NoStop: aws.ToBool(in.DisableApiStop),
	}
	subnet := aws.ToString(in.SubnetId)
	for _, n := range in.NetworkInterfaces {
		if ni := x.ec2().Interfaces[aws.ToString(n.NetworkInterfaceId)]; ni != nil {
			subnet = *ni.SubnetId
		}
		subnet = cmp.Or(subnet, aws.ToString(n.SubnetId))
	}
	if sub := x.ec2().Subnets[subnet]; sub != nil {
		spec.Zone = *sub.AvailabilityZone
	}
	return spec, nil
}

// volumesOf are the volumes of a launch: the root volume of 8 GiB, changed and joined by what the call maps.
func volumesOf(mappings []ec2types.BlockDeviceMapping) []newVolume {
	out := []newVolume{{Device: rootDevice, Size: 8, Type: ec2types.VolumeTypeGp3, DeleteOnTermination: true}}
	for _, m := range mappings {
		v := newVolume{Device: aws.ToString(m.DeviceName), Size: 8, Type: ec2types.VolumeTypeGp3, DeleteOnTermination: true}
		if m.Ebs != nil {
			v.Size, v.Type = cmp.Or(aws.ToInt32(m.Ebs.VolumeSize), 8), cmp.Or(m.Ebs.VolumeType, v.Type)
			v.Encrypted, v.Snapshot = aws.ToBool(m.Ebs.Encrypted), aws.ToString(m.Ebs.SnapshotId)
			v.DeleteOnTermination = m.Ebs.DeleteOnTermination == nil || *m.Ebs.DeleteOnTermination
		}
		if v.Device == rootDevice {
			out[0] = v
			continue
		}
		out = append(out, v)
	}
	return out
}
