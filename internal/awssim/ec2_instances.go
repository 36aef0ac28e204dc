package awssim

import (
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func registerInstances(r registry) {
	ec2Write(r, runInstances)
	ec2Write(r, terminateInstances)
	ec2Write(r, stopInstances)
	ec2Write(r, startInstances)
	ec2Read(r, describeInstances)
	ec2Read(r, describeInstanceTypes)
	ec2Read(r, describeInstanceAttribute)
	ec2Write(r, modifyInstanceAttribute)
}

func describeInstances(x *request, in *ec2.DescribeInstancesInput) (*ec2.DescribeInstancesOutput, error) {
	e := x.ec2()
	list, err := selected(e.Instances, kindInstance(), in.InstanceIds)
	if err != nil {
		return nil, err
	}
	shown := make([]ec2types.Instance, len(list))
	for n, i := range list {
		shown[n] = e.describeInstance(i)
	}
	id := func(i ec2types.Instance) string { return *i.InstanceId }
	shown, err = filtered(e, in.Filters, id, instanceFields(e), shown)
	if err != nil {
		return nil, err
	}
	page, next, err := paged(shown, id, in.InstanceIds, in.MaxResults, in.NextToken)
	out := &ec2.DescribeInstancesOutput{NextToken: next}
	for _, i := range page {
		rid := e.Instances[*i.InstanceId].Reservation
		n := slices.IndexFunc(out.Reservations, func(r ec2types.Reservation) bool { return *r.ReservationId == rid })
		if n < 0 {
			n = len(out.Reservations)
			out.Reservations = append(out.Reservations, ec2types.Reservation{ReservationId: aws.String(rid), OwnerId: aws.String(x.st.Account)})
		}
		out.Reservations[n].Instances = append(out.Reservations[n].Instances, i)
	}
	return out, err
}

func instanceFields(e *ec2State) fields[ec2types.Instance] {
	type inst = ec2types.Instance
	return fields[inst]{
		"instance-id":         one(func(i inst) *string { return i.InstanceId }),
		"image-id":            one(func(i inst) *string { return i.ImageId }),
		"vpc-id":              one(func(i inst) *string { return i.VpcId }),
		"subnet-id":           one(func(i inst) *string { return i.SubnetId }),
		"private-ip-address":  one(func(i inst) *string { return i.PrivateIpAddress }),
		"ip-address":          one(func(i inst) *string { return i.PublicIpAddress }),
		"availability-zone":   one(func(i inst) *string { return i.Placement.AvailabilityZone }),
		"instance-state-name": func(i inst) []string { return []string{string(i.State.Name)} },
		"instance-state-code": func(i inst) []string { return []string{strconv.Itoa(int(*i.State.Code))} },
		"instance-type":       func(i inst) []string { return []string{string(i.InstanceType)} },
		"architecture":        func(i inst) []string { return []string{string(i.Architecture)} },
		"platform":            func(i inst) []string { return nonEmpty(string(i.Platform)) },
		"instance-lifecycle":  func(i inst) []string { return nonEmpty(string(i.InstanceLifecycle)) },
		"reservation-id":      func(i inst) []string { return []string{e.Instances[*i.InstanceId].Reservation} },
		"iam-instance-profile.arn": func(i inst) []string {
			if i.IamInstanceProfile == nil {
				return nil
			}
			return []string{*i.IamInstanceProfile.Arn}
		},
		"instance.group-id": func(i inst) []string { return groupIDs(i.SecurityGroups) },
		"network-interface.group-id": func(i inst) (out []string) {
			for _, n := range i.NetworkInterfaces {
				out = append(out, groupIDs(n.Groups)...)
			}
			return out
		},
		"network-interface.network-interface-id": func(i inst) (out []string) {
			for _, n := range i.NetworkInterfaces {
				out = append(out, *n.NetworkInterfaceId)
			}
			return out
		},
		"network-interface.addresses.private-ip-address": func(i inst) (out []string) {
			for _, n := range i.NetworkInterfaces {
				for _, a := range n.PrivateIpAddresses {
					out = append(out, *a.PrivateIpAddress)
				}
			}
			return out
		},
	}
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func groupIDs(groups []ec2types.GroupIdentifier) []string {
	out := make([]string, len(groups))
	for i, g := range groups {
		out[i] = *g.GroupId
	}
	return out
}

// describeInstance is an instance as answers show it, with the parts that other resources own.
func (e *ec2State) describeInstance(i *instance) ec2types.Instance {
	out := clone(i.Instance)
	id := *i.InstanceId
	out.Tags = e.tagSet(id)
	for n, ni := range e.interfacesOf(id) {
		shown := instanceInterface(clone(ni))
		out.NetworkInterfaces = append(out.NetworkInterfaces, shown)
		if n > 0 {
			continue
		}
		out.VpcId, out.SubnetId, out.SecurityGroups = shown.VpcId, shown.SubnetId, shown.Groups
		out.PrivateIpAddress, out.PrivateDnsName, out.SourceDestCheck = shown.PrivateIpAddress, shown.PrivateDnsName, shown.SourceDestCheck
		if shown.Association != nil {
			out.PublicIpAddress, out.PublicDnsName = shown.Association.PublicIp, shown.Association.PublicDnsName
		}
		if len(shown.Ipv6Addresses) > 0 {
			out.Ipv6Address = shown.Ipv6Addresses[0].Ipv6Address
		}
	}
	out.BlockDeviceMappings = e.mappingsOf(id)
	if a := e.profileOf(id); a != nil {
		out.IamInstanceProfile = clone(a.IamInstanceProfile)
	}
	return out
}

// instanceInterface is a network interface in the form that DescribeInstances gives it.
func instanceInterface(ni *ec2types.NetworkInterface) ec2types.InstanceNetworkInterface {
	out := ec2types.InstanceNetworkInterface{
		NetworkInterfaceId: ni.NetworkInterfaceId, VpcId: ni.VpcId, SubnetId: ni.SubnetId, Description: ni.Description,
		Groups: ni.Groups, InterfaceType: aws.String(string(ni.InterfaceType)), MacAddress: ni.MacAddress, OwnerId: ni.OwnerId,
		PrivateDnsName: ni.PrivateDnsName, PrivateIpAddress: ni.PrivateIpAddress, SourceDestCheck: ni.SourceDestCheck, Status: ni.Status,
		Association: instanceAssociation(ni.Association),
		Attachment: &ec2types.InstanceNetworkInterfaceAttachment{
			AttachmentId: ni.Attachment.AttachmentId, AttachTime: ni.Attachment.AttachTime, DeviceIndex: ni.Attachment.DeviceIndex,
			DeleteOnTermination: ni.Attachment.DeleteOnTermination, Status: ni.Attachment.Status, NetworkCardIndex: ni.Attachment.NetworkCardIndex,
		},
	}
	for _, a := range ni.PrivateIpAddresses {
		out.PrivateIpAddresses = append(out.PrivateIpAddresses, ec2types.InstancePrivateIpAddress{
			Primary: a.Primary, PrivateIpAddress: a.PrivateIpAddress, PrivateDnsName: a.PrivateDnsName, Association: instanceAssociation(a.Association),
		})
	}
	for _, a := range ni.Ipv6Addresses {
		out.Ipv6Addresses = append(out.Ipv6Addresses, ec2types.InstanceIpv6Address{Ipv6Address: a.Ipv6Address, IsPrimaryIpv6: a.IsPrimaryIpv6})
	}
	return out
}

func instanceAssociation(a *ec2types.NetworkInterfaceAssociation) *ec2types.InstanceNetworkInterfaceAssociation {
	if a == nil {
		return nil
	}
	return &ec2types.InstanceNetworkInterfaceAssociation{IpOwnerId: a.IpOwnerId, PublicIp: a.PublicIp, PublicDnsName: a.PublicDnsName}
}
