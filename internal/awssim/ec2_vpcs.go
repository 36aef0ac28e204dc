package awssim

import (
	"net/netip"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func registerNetwork(r registry) {
	ec2Write(r, createVPC)
	ec2Read(r, describeVPCs)
	ec2Write(r, createSubnet)
	ec2Read(r, describeSubnets)
	ec2Write(r, createInternetGateway)
	ec2Write(r, attachInternetGateway)
	ec2Write(r, createNATGateway)
	ec2Write(r, createRouteTable)
	ec2Write(r, createRoute)
	ec2Write(r, associateRouteTable)
	ec2Read(r, describeRouteTables)
}

func createVPC(x *request, in *ec2.CreateVpcInput) (*ec2.CreateVpcOutput, error) {
	if in.CidrBlock == nil {
		return nil, missingParameter("cidrBlock")
	}
	block, err := netip.ParsePrefix(*in.CidrBlock)
	if err != nil || !block.Addr().Is4() {
		return nil, invalidValue(*in.CidrBlock, "cidrBlock")
	}
	if block.Bits() < 16 || block.Bits() > 28 {
		return nil, apiError(400, "InvalidVpc.Range", "The CIDR '%s' is invalid.", *in.CidrBlock)
	}
	tags, err := specTags(in.TagSpecifications, ec2types.ResourceTypeVpc)
	if err != nil {
		return nil, err
	}
	v := x.st.addVPC(x.region(), x.st.newID("vpc"), block.Masked(), aws.ToBool(in.AmazonProvidedIpv6CidrBlock))
	x.ec2().setTags(*v.VpcId, tags)
	return &ec2.CreateVpcOutput{Vpc: x.ec2().describeVPC(v)}, nil
}

// addVPC makes a VPC with what AWS makes along with it: main route table, default network ACL, default group.
func (s *state) addVPC(r *region, id string, block netip.Prefix, ipv6 bool) *ec2types.Vpc {
	e := &r.EC2
	v := &ec2types.Vpc{
		VpcId: aws.String(id), CidrBlock: aws.String(block.String()), OwnerId: aws.String(s.Account),
		State: ec2types.VpcStateAvailable, IsDefault: aws.Bool(false), InstanceTenancy: ec2types.TenancyDefault,
		DhcpOptionsId: aws.String("dopt-00000001"),
		CidrBlockAssociationSet: []ec2types.VpcCidrBlockAssociation{{
			AssociationId: aws.String(s.newID("vpc-cidr-assoc")), CidrBlock: aws.String(block.String()),
			CidrBlockState: &ec2types.VpcCidrBlockState{State: ec2types.VpcCidrBlockStateCodeAssociated},
		}},
	}
	if ipv6 {
		n := len(e.VPCs)
		v.Ipv6CidrBlockAssociationSet = []ec2types.VpcIpv6CidrBlockAssociation{{
			AssociationId:      aws.String(s.newID("vpc-cidr-assoc")),
			Ipv6CidrBlock:      aws.String(netip.PrefixFrom(netip.AddrFrom16([16]byte{0x26, 0x00, 0x1f, 0x18, 0, 0, byte(n)}), 56).String()),
			Ipv6CidrBlockState: &ec2types.VpcCidrBlockState{State: ec2types.VpcCidrBlockStateCodeAssociated},
			Ipv6Pool:           aws.String("Amazon"), NetworkBorderGroup: aws.String(r.Name),
		}}
	}
	e.VPCs[id] = v
	s.addRouteTable(r, s.newID("rtb"), v, true)
	s.addNACL(r, s.newID("acl"), v)
	g := s.addGroup(r, s.newID("sg"), "default", "default VPC security group", v)
	self := ec2types.SecurityGroupRule{
		IsEgress: aws.Bool(false), IpProtocol: aws.String("-1"), FromPort: aws.Int32(-1), ToPort: aws.Int32(-1),
		ReferencedGroupInfo: &ec2types.ReferencedSecurityGroup{GroupId: aws.String(g.ID), UserId: aws.String(s.Account)},
	}
	s.addRule(g, self)
	return v
}

func (e *ec2State) describeVPC(v *ec2types.Vpc) *ec2types.Vpc {
	out := clone(v)
	out.Tags = e.tagSet(*v.VpcId)
	return out
}

func describeVPCs(x *request, in *ec2.DescribeVpcsInput) (*ec2.DescribeVpcsOutput, error) {
	e := x.ec2()
	list, err := selected(e.VPCs, kindVPC(), in.VpcIds)
	if err != nil {
		return nil, err
	}
	id := func(v *ec2types.Vpc) string { return *v.VpcId }
	list, err = filtered(e, in.Filters, id, fields[*ec2types.Vpc]{
		"vpc-id":   one(func(v *ec2types.Vpc) *string { return v.VpcId }),
		"cidr":     one(func(v *ec2types.Vpc) *string { return v.CidrBlock }),
		"owner-id": one(func(v *ec2types.Vpc) *string { return v.OwnerId }),
		"state":    func(v *ec2types.Vpc) []string { return []string{string(v.State)} },
		"is-default": func(v *ec2types.Vpc) []string {
			return []string{boolText(aws.ToBool(v.IsDefault))}
		},
	}, list)
	if err != nil {
		return nil, err
	}
	page, next, err := paged(list, id, in.VpcIds, in.MaxResults, in.NextToken)
	out := &ec2.DescribeVpcsOutput{NextToken: next}
	for _, v := range page {
		out.Vpcs = append(out.Vpcs, *e.describeVPC(v))
	}
	return out, err
}

func boolText(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// vpcBlocks are the address blocks of a VPC, IPv4 and IPv6.
func (e *ec2State) vpcBlocks(id string) []netip.Prefix {
	v, ok := e.VPCs[id]
	if !ok {
		return nil
	}
	var out []netip.Prefix
	for _, a := range v.CidrBlockAssociationSet {
		if p, err := netip.ParsePrefix(aws.ToString(a.CidrBlock)); err == nil {
			out = append(out, p)
		}
	}
	for _, a := range v.Ipv6CidrBlockAssociationSet {
		if p, err := netip.ParsePrefix(aws.ToString(a.Ipv6CidrBlock)); err == nil {
			out = append(out, p)
		}
	}
	return out
}
