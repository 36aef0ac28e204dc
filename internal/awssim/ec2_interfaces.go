package awssim

import (
	"net/netip"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func registerInterfaces(r registry) {
	ec2Write(r, createInterface)
	ec2Write(r, deleteInterface)
	ec2Write(r, attachInterface)
	ec2Write(r, modifyInterface)
	ec2Read(r, describeInterfaces)
}

func createInterface(x *request, in *ec2.CreateNetworkInterfaceInput) (*ec2.CreateNetworkInterfaceOutput, error) {
	e := x.ec2()
	ids, done, err := e.replayed("CreateNetworkInterface", in.ClientToken, in)
	if err != nil {
		return nil, err
	}
	if done {
		ni, err := find(e.Interfaces, kindInterface(), ids[0])
		if err != nil {
			return nil, err
		}
		return &ec2.CreateNetworkInterfaceOutput{ClientToken: in.ClientToken, NetworkInterface: e.describeInterface(ni)}, nil
	}
	s, err := find(e.Subnets, kindSubnet(), aws.ToString(in.SubnetId))
	if err != nil {
		return nil, err
	}
	groups, err := e.groupsOf(*s.VpcId, in.Groups)
	if err != nil {
		return nil, err
	}
	tags, err := specTags(in.TagSpecifications, ec2types.ResourceTypeNetworkInterface)
	if err != nil {
		return nil, err
	}
	spec := newInterface{
		ID: x.st.newID("eni"), Subnet: *s.SubnetId, Groups: groups, Description: aws.ToString(in.Description),
		IP: aws.ToString(in.PrivateIpAddress), IPv6Count: int(aws.ToInt32(in.Ipv6AddressCount)),
	}
	for _, a := range in.Ipv6Addresses {
		spec.IPv6 = append(spec.IPv6, aws.ToString(a.Ipv6Address))
	}
	for _, a := range in.PrivateIpAddresses {
		if aws.ToBool(a.Primary) {
			spec.IP = aws.ToString(a.PrivateIpAddress)
		} else {
			spec.Secondary = append(spec.Secondary, aws.ToString(a.PrivateIpAddress))
		}
	}
	ni, err := x.st.addInterface(x.region(), spec)
	if err != nil {
		return nil, err
	}
	e.setTags(*ni.NetworkInterfaceId, tags)
	e.remember("CreateNetworkInterface", in.ClientToken, in, *ni.NetworkInterfaceId)
	return &ec2.CreateNetworkInterfaceOutput{ClientToken: in.ClientToken, NetworkInterface: e.describeInterface(ni)}, nil
}

func deleteInterface(x *request, in *ec2.DeleteNetworkInterfaceInput) (*ec2.DeleteNetworkInterfaceOutput, error) {
	e := x.ec2()
	ni, err := find(e.Interfaces, kindInterface(), aws.ToString(in.NetworkInterfaceId))
	if err != nil {
		return nil, err
	}
	if ni.Status != ec2types.NetworkInterfaceStatusAvailable {
		return nil, apiError(400, "InvalidParameterValue", "Network interface '%s' is currently in use.", *ni.NetworkInterfaceId)
	}
	delete(e.Interfaces, *ni.NetworkInterfaceId)
	e.forget(*ni.NetworkInterfaceId)
	return &ec2.DeleteNetworkInterfaceOutput{}, nil
}

func attachInterface(x *request, in *ec2.AttachNetworkInterfaceInput) (*ec2.AttachNetworkInterfaceOutput, error) {
	e := x.ec2()
	ni, err := find(e.Interfaces, kindInterface(), aws.ToString(in.NetworkInterfaceId))
	if err != nil {
		return nil, err
	}
	i, err := find(e.Instances, kindInstance(), aws.ToString(in.InstanceId))
	if err != nil {
		return nil, err
	}
	if ni.Status != ec2types.NetworkInterfaceStatusAvailable {
		return nil, apiError(400, "InvalidParameterValue", "Interface: %s in use.", *ni.NetworkInterfaceId)
	}
	if i.State.Name != ec2types.InstanceStateNameRunning && i.State.Name != ec2types.InstanceStateNameStopped {
		return nil, wrongState(i, "running or stopped")
	}
	if *ni.AvailabilityZone != *i.Placement.AvailabilityZone {
		return nil, apiError(400, "InvalidParameterCombination", "Network interface and instance must be in the same availability zone.")
	}
	for _, other := range e.interfacesOf(*i.InstanceId) {
		if *other.Attachment.DeviceIndex == aws.ToInt32(in.DeviceIndex) {
			return nil, apiError(400, "InvalidParameterValue", "Instance '%s' already has an interface attached at device index '%d'.", *i.InstanceId, aws.ToInt32(in.DeviceIndex))
		}
	}
	x.st.attachInterface(ni, *i.InstanceId, aws.ToInt32(in.DeviceIndex), false, x.now)
	return &ec2.AttachNetworkInterfaceOutput{AttachmentId: aws.String(*ni.Attachment.AttachmentId), NetworkCardIndex: aws.Int32(0)}, nil
}

// modifyInterface changes one attribute a call, as EC2 demands.
func modifyInterface(x *request, in *ec2.ModifyNetworkInterfaceAttributeInput) (*ec2.ModifyNetworkInterfaceAttributeOutput, error) {
	e := x.ec2()
	ni, err := find(e.Interfaces, kindInterface(), aws.ToString(in.NetworkInterfaceId))
	if err != nil {
		return nil, err
	}
	var named []string
	for name, set := range map[string]bool{
		"groupSet": len(in.Groups) > 0, "description": in.Description != nil, "sourceDestCheck": in.SourceDestCheck != nil,
		"attachment": in.Attachment != nil,
	} {
		if set {
			named = append(named, name)
		}
	}
	if err := oneAttribute(named); err != nil {
		return nil, err
	}
	if ni.InterfaceType != ec2types.NetworkInterfaceTypeInterface {
		return nil, apiError(400, "OperationNotPermitted", "You are not allowed to manage '%s' attachments.", ni.InterfaceType)
	}
	switch named[0] {
	case "groupSet":
		groups, err := e.groupsOf(*ni.VpcId, in.Groups)
		if err != nil {
			return nil, err
		}
		ni.Groups = groups
	case "description":
		ni.Description = aws.String(aws.ToString(in.Description.Value))
	case "sourceDestCheck":
		ni.SourceDestCheck = aws.Bool(aws.ToBool(in.SourceDestCheck.Value))
	case "attachment":
		if ni.Attachment == nil || aws.ToString(in.Attachment.AttachmentId) != *ni.Attachment.AttachmentId {
			return nil, apiError(400, "InvalidAttachmentID.NotFound", "The attachment '%s' does not exist.", aws.ToString(in.Attachment.AttachmentId))
		}
		if in.Attachment.DeleteOnTermination != nil {
			ni.Attachment.DeleteOnTermination = aws.Bool(*in.Attachment.DeleteOnTermination)
		}
	}
	return &ec2.ModifyNetworkInterfaceAttributeOutput{}, nil
}

func describeInterfaces(x *request, in *ec2.DescribeNetworkInterfacesInput) (*ec2.DescribeNetworkInterfacesOutput, error) {
	e := x.ec2()
	list, err := selected(e.Interfaces, kindInterface(), in.NetworkInterfaceIds)
	if err != nil {
		return nil, err
	}
	type eni = *ec2types.NetworkInterface
	attachment := func(f func(*ec2types.NetworkInterfaceAttachment) string) func(eni) []string {
		return func(n eni) []string {
			if n.Attachment == nil {
				return nil
			}
			return []string{f(n.Attachment)}
		}
	}
	id := func(n eni) string { return *n.NetworkInterfaceId }
	list, err = filtered(e, in.Filters, id, fields[eni]{
		"network-interface-id": one(func(n eni) *string { return n.NetworkInterfaceId }),
		"vpc-id":               one(func(n eni) *string { return n.VpcId }),
		"subnet-id":            one(func(n eni) *string { return n.SubnetId }),
		"availability-zone":    one(func(n eni) *string { return n.AvailabilityZone }),
		"owner-id":             one(func(n eni) *string { return n.OwnerId }),
		"description":          one(func(n eni) *string { return n.Description }),
		"mac-address":          one(func(n eni) *string { return n.MacAddress }),
		"private-ip-address":   one(func(n eni) *string { return n.PrivateIpAddress }),
		"status":               func(n eni) []string { return []string{string(n.Status)} },
		"interface-type":       func(n eni) []string { return []string{string(n.InterfaceType)} },
		"addresses.private-ip-address": func(n eni) (out []string) {
			for _, a := range n.PrivateIpAddresses {
				out = append(out, *a.PrivateIpAddress)
			}
			return out
		},
		"ipv6-addresses.ipv6-address": func(n eni) (out []string) {
			for _, a := range n.Ipv6Addresses {
				out = append(out, *a.Ipv6Address)
			}
			return out
		},
		"association.public-ip": func(n eni) []string {
			if n.Association == nil {
				return nil
			}
			return []string{*n.Association.PublicIp}
		},
		"group-id": func(n eni) (out []string) {
			for _, g := range n.Groups {
				out = append(out, *g.GroupId)
			}
			return out
		},
		"attachment.attachment-id": attachment(func(a *ec2types.NetworkInterfaceAttachment) string { return *a.AttachmentId }),
		"attachment.instance-id":   attachment(func(a *ec2types.NetworkInterfaceAttachment) string { return *a.InstanceId }),
		"attachment.status":        attachment(func(a *ec2types.NetworkInterfaceAttachment) string { return string(a.Status) }),
	}, list)
	if err != nil {
		return nil, err
	}
	page, next, err := paged(list, id, in.NetworkInterfaceIds, in.MaxResults, in.NextToken)
	out := &ec2.DescribeNetworkInterfacesOutput{NextToken: next}
	for _, n := range page {
		out.NetworkInterfaces = append(out.NetworkInterfaces, *e.describeInterface(n))
	}
	return out, err
}

func (e *ec2State) describeInterface(ni *ec2types.NetworkInterface) *ec2types.NetworkInterface {
	out := clone(ni)
	out.TagSet = e.tagSet(*ni.NetworkInterfaceId)
	return out
}

// interfaceAt finds the interface of a VPC that has a private address.
func (e *ec2State) interfaceAt(vpc string, addr netip.Addr) *ec2types.NetworkInterface {
	for _, id := range sortedKeys(e.Interfaces) {
		ni := e.Interfaces[id]
		if *ni.VpcId != vpc {
			continue
		}
		for _, a := range interfaceAddresses(ni) {
			if a == addr {
				return ni
			}
		}
	}
	return nil
}

// interfaceAddresses are an interface's private IPv4 and its IPv6 addresses.
func interfaceAddresses(ni *ec2types.NetworkInterface) []netip.Addr {
	var out []netip.Addr
	for _, a := range ni.PrivateIpAddresses {
		if addr, err := netip.ParseAddr(aws.ToString(a.PrivateIpAddress)); err == nil {
			out = append(out, addr)
		}
	}
	for _, a := range ni.Ipv6Addresses {
		if addr, err := netip.ParseAddr(aws.ToString(a.Ipv6Address)); err == nil {
			out = append(out, addr)
		}
	}
	return out
}
