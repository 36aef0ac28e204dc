package awssim

import (
	"net/netip"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func createSubnet(x *request, in *ec2.CreateSubnetInput) (*ec2.CreateSubnetOutput, error) {
	e := x.ec2()
	v, err := find(e.VPCs, kindVPC(), aws.ToString(in.VpcId))
	if err != nil {
		return nil, err
	}
	if in.CidrBlock == nil {
		return nil, missingParameter("cidrBlock")
	}
	block, err := netip.ParsePrefix(*in.CidrBlock)
	if err != nil || !block.Addr().Is4() {
		return nil, invalidValue(*in.CidrBlock, "cidrBlock")
	}
	block = block.Masked()
	if err := e.subnetFits(v, block); err != nil {
		return nil, err
	}
	var six netip.Prefix
	if in.Ipv6CidrBlock != nil {
		if six, err = netip.ParsePrefix(*in.Ipv6CidrBlock); err != nil || six.Bits() != 64 {
			return nil, invalidValue(*in.Ipv6CidrBlock, "ipv6CidrBlock")
		}
	}
	zone := aws.ToString(in.AvailabilityZone)
	if zone == "" {
		zone = x.Region + "a"
	}
	if !strings.HasPrefix(zone, x.Region) || len(zone) != len(x.Region)+1 {
		return nil, invalidValue(zone, "availabilityZone")
	}
	tags, err := specTags(in.TagSpecifications, ec2types.ResourceTypeSubnet)
	if err != nil {
		return nil, err
	}
	s := x.st.addSubnet(x.region(), x.st.newID("subnet"), v, block, six, zone)
	e.setTags(*s.SubnetId, tags)
	return &ec2.CreateSubnetOutput{Subnet: e.describeSubnet(s)}, nil
}

// subnetFits refuses a block outside the VPC's or over another subnet's.
func (e *ec2State) subnetFits(v *ec2types.Vpc, block netip.Prefix) error {
	inside := false
	for _, p := range e.vpcBlocks(*v.VpcId) {
		inside = inside || (p.Bits() <= block.Bits() && p.Contains(block.Addr()))
	}
	if !inside || block.Bits() > 28 {
		return apiError(400, "InvalidSubnet.Range", "The CIDR '%s' is invalid.", block)
	}
	for _, id := range sortedKeys(e.Subnets) {
		other := e.Subnets[id]
		p, err := netip.ParsePrefix(aws.ToString(other.CidrBlock))
		if err == nil && *other.VpcId == *v.VpcId && p.Overlaps(block) {
			return apiError(400, "InvalidSubnet.Conflict", "The CIDR '%s' conflicts with another subnet", block)
		}
	}
	return nil
}

// addSubnet makes a subnet without checks; six may be the zero prefix.
func (s *state) addSubnet(r *region, id string, v *ec2types.Vpc, block, six netip.Prefix, zone string) *ec2types.Subnet {
	sub := &ec2types.Subnet{
		SubnetId: aws.String(id), VpcId: v.VpcId, CidrBlock: aws.String(block.String()), AvailabilityZone: aws.String(zone),
		AvailableIpAddressCount: aws.Int32(int32(1)<<(32-block.Bits()) - 5), OwnerId: aws.String(s.Account),
		State: ec2types.SubnetStateAvailable, DefaultForAz: aws.Bool(false), MapPublicIpOnLaunch: aws.Bool(false),
		SubnetArn: aws.String(s.arn("ec2", r.Name, "subnet/"+id)),
	}
	if six.IsValid() {
		sub.Ipv6CidrBlockAssociationSet = []ec2types.SubnetIpv6CidrBlockAssociation{{
			AssociationId: aws.String(s.newID("subnet-cidr-assoc")), Ipv6CidrBlock: aws.String(six.Masked().String()),
			Ipv6CidrBlockState: &ec2types.SubnetCidrBlockState{State: ec2types.SubnetCidrBlockStateCodeAssociated},
		}}
	}
	r.EC2.Subnets[id] = sub
	if acl := r.EC2.defaultNACL(*v.VpcId); acl != nil {
		acl.Associations = append(acl.Associations, ec2types.NetworkAclAssociation{
			NetworkAclAssociationId: aws.String(s.newID("aclassoc")), NetworkAclId: acl.NetworkAclId, SubnetId: aws.String(id),
		})
	}
	return sub
}

func (e *ec2State) describeSubnet(s *ec2types.Subnet) *ec2types.Subnet {
	out := clone(s)
	out.Tags = e.tagSet(*s.SubnetId)
	for _, ni := range e.Interfaces {
		if aws.ToString(ni.SubnetId) == *s.SubnetId {
			*out.AvailableIpAddressCount -= int32(len(ni.PrivateIpAddresses))
		}
	}
	return out
}

func describeSubnets(x *request, in *ec2.DescribeSubnetsInput) (*ec2.DescribeSubnetsOutput, error) {
	e := x.ec2()
	list, err := selected(e.Subnets, kindSubnet(), in.SubnetIds)
	if err != nil {
		return nil, err
	}
	id := func(s *ec2types.Subnet) string { return *s.SubnetId }
	zone := one(func(s *ec2types.Subnet) *string { return s.AvailabilityZone })
	cidr := one(func(s *ec2types.Subnet) *string { return s.CidrBlock })
	list, err = filtered(e, in.Filters, id, fields[*ec2types.Subnet]{
		"subnet-id":         one(func(s *ec2types.Subnet) *string { return s.SubnetId }),
		"vpc-id":            one(func(s *ec2types.Subnet) *string { return s.VpcId }),
		"owner-id":          one(func(s *ec2types.Subnet) *string { return s.OwnerId }),
		"state":             func(s *ec2types.Subnet) []string { return []string{string(s.State)} },
		"availability-zone": zone, "availabilityZone": zone,
		"cidr-block": cidr, "cidr": cidr, "cidrBlock": cidr,
	}, list)
	if err != nil {
		return nil, err
	}
	page, next, err := paged(list, id, in.SubnetIds, in.MaxResults, in.NextToken)
	out := &ec2.DescribeSubnetsOutput{NextToken: next}
	for _, s := range page {
		out.Subnets = append(out.Subnets, *e.describeSubnet(s))
	}
	return out, err
}

// freeAddress is the lowest address of the subnet that nothing has; AWS keeps the first four for itself.
func (e *ec2State) freeAddress(s *ec2types.Subnet) (string, error) {
	block, err := netip.ParsePrefix(aws.ToString(s.CidrBlock))
	if err != nil {
		return "", apiError(500, "InternalError", "Subnet %s has no IPv4 block", *s.SubnetId)
	}
	used := map[string]bool{}
	for _, ni := range e.Interfaces {
		for _, a := range ni.PrivateIpAddresses {
			used[aws.ToString(a.PrivateIpAddress)] = aws.ToString(ni.VpcId) == *s.VpcId || used[aws.ToString(a.PrivateIpAddress)]
		}
	}
	addr := block.Addr()
	for range 4 {
		addr = addr.Next()
	}
	for ; block.Contains(addr.Next()); addr = addr.Next() { // the last address is the broadcast address
		if !used[addr.String()] {
			return addr.String(), nil
		}
	}
	return "", apiError(400, "InsufficientFreeAddressesInSubnet", "There are not enough free addresses in subnet '%s' to satisfy the requested number of instances.", *s.SubnetId)
}
