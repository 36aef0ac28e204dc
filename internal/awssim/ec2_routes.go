package awssim

import (
	"net/netip"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func createInternetGateway(x *request, in *ec2.CreateInternetGatewayInput) (*ec2.CreateInternetGatewayOutput, error) {
	tags, err := specTags(in.TagSpecifications, ec2types.ResourceTypeInternetGateway)
	if err != nil {
		return nil, err
	}
	e, id := x.ec2(), x.st.newID("igw")
	e.Gateways[id] = &gateway{ID: id}
	e.setTags(id, tags)
	return &ec2.CreateInternetGatewayOutput{InternetGateway: &ec2types.InternetGateway{
		InternetGatewayId: aws.String(id), OwnerId: aws.String(x.st.Account), Tags: e.tagSet(id),
	}}, nil
}

func attachInternetGateway(x *request, in *ec2.AttachInternetGatewayInput) (*ec2.AttachInternetGatewayOutput, error) {
	e := x.ec2()
	g, err := find(e.Gateways, kindGateway(), aws.ToString(in.InternetGatewayId))
	if err != nil {
		return nil, err
	}
	v, err := find(e.VPCs, kindVPC(), aws.ToString(in.VpcId))
	if err != nil {
		return nil, err
	}
	if g.VPC != "" {
		return nil, apiError(400, "Resource.AlreadyAssociated", "resource %s is already attached to network %s", g.ID, g.VPC)
	}
	g.VPC = *v.VpcId
	return &ec2.AttachInternetGatewayOutput{}, nil
}

func createNATGateway(x *request, in *ec2.CreateNatGatewayInput) (*ec2.CreateNatGatewayOutput, error) {
	e := x.ec2()
	s, err := find(e.Subnets, kindSubnet(), aws.ToString(in.SubnetId))
	if err != nil {
		return nil, err
	}
	tags, err := specTags(in.TagSpecifications, ec2types.ResourceTypeNatgateway)
	if err != nil {
		return nil, err
	}
	id := x.st.newID("nat")
	e.Gateways[id] = &gateway{ID: id, VPC: *s.VpcId, Subnet: *s.SubnetId}
	e.setTags(id, tags)
	return &ec2.CreateNatGatewayOutput{NatGateway: &ec2types.NatGateway{
		NatGatewayId: aws.String(id), SubnetId: aws.String(*s.SubnetId), VpcId: aws.String(*s.VpcId),
		State: ec2types.NatGatewayStateAvailable, ConnectivityType: ec2types.ConnectivityTypePublic, Tags: e.tagSet(id),
	}}, nil
}

func createRouteTable(x *request, in *ec2.CreateRouteTableInput) (*ec2.CreateRouteTableOutput, error) {
	e := x.ec2()
	v, err := find(e.VPCs, kindVPC(), aws.ToString(in.VpcId))
	if err != nil {
		return nil, err
	}
	tags, err := specTags(in.TagSpecifications, ec2types.ResourceTypeRouteTable)
	if err != nil {
		return nil, err
	}
	t := x.st.addRouteTable(x.region(), x.st.newID("rtb"), v, false)
	e.setTags(*t.RouteTableId, tags)
	return &ec2.CreateRouteTableOutput{RouteTable: e.describeRouteTable(t)}, nil
}

// addRouteTable makes a route table with the VPC's local routes.
func (s *state) addRouteTable(r *region, id string, v *ec2types.Vpc, main bool) *ec2types.RouteTable {
	t := &ec2types.RouteTable{RouteTableId: aws.String(id), VpcId: v.VpcId, OwnerId: aws.String(s.Account)}
	for _, p := range r.EC2.vpcBlocks(*v.VpcId) {
		t.Routes = append(t.Routes, newRoute(p, "local", ec2types.RouteOriginCreateRouteTable))
	}
	if main {
		t.Associations = []ec2types.RouteTableAssociation{{
			Main: aws.Bool(true), RouteTableId: aws.String(id), RouteTableAssociationId: aws.String(s.newID("rtbassoc")),
			AssociationState: &ec2types.RouteTableAssociationState{State: ec2types.RouteTableAssociationStateCodeAssociated},
		}}
	}
	r.EC2.RouteTables[id] = t
	return t
}

func newRoute(to netip.Prefix, gateway string, origin ec2types.RouteOrigin) ec2types.Route {
	route := ec2types.Route{Origin: origin, State: ec2types.RouteStateActive}
	if to.Addr().Is4() {
		route.DestinationCidrBlock = aws.String(to.String())
	} else {
		route.DestinationIpv6CidrBlock = aws.String(to.String())
	}
	if strings.HasPrefix(gateway, "nat-") {
		route.NatGatewayId = aws.String(gateway)
	} else {
		route.GatewayId = aws.String(gateway)
	}
	return route
}

func createRoute(x *request, in *ec2.CreateRouteInput) (*ec2.CreateRouteOutput, error) {
	e := x.ec2()
	t, err := find(e.RouteTables, kindRouteTable(), aws.ToString(in.RouteTableId))
	if err != nil {
		return nil, err
	}
	cidr := aws.ToString(in.DestinationCidrBlock) + aws.ToString(in.DestinationIpv6CidrBlock)
	to, err := netip.ParsePrefix(cidr)
	if err != nil {
		return nil, invalidValue(cidr, "destinationCidrBlock")
	}
	to = to.Masked()
	kind, target := kindGateway(), aws.ToString(in.GatewayId)
	if in.NatGatewayId != nil {
		kind, target = kindNAT(), *in.NatGatewayId
	}
	if target == "" {
		return nil, missingParameter("gatewayId")
	}
	if _, err := find(e.Gateways, kind, target); err != nil {
		return nil, err
	}
	for _, r := range t.Routes {
		if aws.ToString(r.DestinationCidrBlock)+aws.ToString(r.DestinationIpv6CidrBlock) == to.String() {
			return nil, apiError(400, "RouteAlreadyExists", "The route identified by %s already exists.", to)
		}
	}
	t.Routes = append(t.Routes, newRoute(to, target, ec2types.RouteOriginCreateRoute))
	return &ec2.CreateRouteOutput{Return: aws.Bool(true)}, nil
}

func associateRouteTable(x *request, in *ec2.AssociateRouteTableInput) (*ec2.AssociateRouteTableOutput, error) {
	e := x.ec2()
	t, err := find(e.RouteTables, kindRouteTable(), aws.ToString(in.RouteTableId))
	if err != nil {
		return nil, err
	}
	s, err := find(e.Subnets, kindSubnet(), aws.ToString(in.SubnetId))
	if err != nil {
		return nil, err
	}
	if *s.VpcId != *t.VpcId {
		return nil, apiError(400, "InvalidParameterValue", "Route table %s and subnet %s belong to different networks", *t.RouteTableId, *s.SubnetId)
	}
	if e.routeTableOf(*s.SubnetId, true) != nil {
		return nil, apiError(400, "Resource.AlreadyAssociated", "the specified association for route table %s conflicts with an existing association", *t.RouteTableId)
	}
	id := x.st.associate(t, *s.SubnetId)
	return &ec2.AssociateRouteTableOutput{
		AssociationId:    aws.String(id),
		AssociationState: &ec2types.RouteTableAssociationState{State: ec2types.RouteTableAssociationStateCodeAssociated},
	}, nil
}

func (s *state) associate(t *ec2types.RouteTable, subnet string) string {
	id := s.newID("rtbassoc")
	t.Associations = append(t.Associations, ec2types.RouteTableAssociation{
		Main: aws.Bool(false), RouteTableId: t.RouteTableId, RouteTableAssociationId: aws.String(id), SubnetId: aws.String(subnet),
		AssociationState: &ec2types.RouteTableAssociationState{State: ec2types.RouteTableAssociationStateCodeAssociated},
	})
	return id
}

// routeTableOf is the route table that a subnet is associated with, or, unless explicit, its VPC's main one.
func (e *ec2State) routeTableOf(subnet string, explicit bool) *ec2types.RouteTable {
	var main *ec2types.RouteTable
	for _, id := range sortedKeys(e.RouteTables) {
		t := e.RouteTables[id]
		for _, a := range t.Associations {
			if aws.ToString(a.SubnetId) == subnet {
				return t
			}
			if aws.ToBool(a.Main) && e.Subnets[subnet] != nil && *t.VpcId == *e.Subnets[subnet].VpcId {
				main = t
			}
		}
	}
	if explicit {
		return nil
	}
	return main
}

func (e *ec2State) describeRouteTable(t *ec2types.RouteTable) *ec2types.RouteTable {
	out := clone(t)
	out.Tags = e.tagSet(*t.RouteTableId)
	return out
}

func describeRouteTables(x *request, in *ec2.DescribeRouteTablesInput) (*ec2.DescribeRouteTablesOutput, error) {
	e := x.ec2()
	list, err := selected(e.RouteTables, kindRouteTable(), in.RouteTableIds)
	if err != nil {
		return nil, err
	}
	associations := func(f func(ec2types.RouteTableAssociation) *string) func(*ec2types.RouteTable) []string {
		return func(t *ec2types.RouteTable) (out []string) {
			for _, a := range t.Associations {
				if v := f(a); v != nil {
					out = append(out, *v)
				}
			}
			return out
		}
	}
	routes := func(f func(ec2types.Route) *string) func(*ec2types.RouteTable) []string {
		return func(t *ec2types.RouteTable) (out []string) {
			for _, r := range t.Routes {
				if v := f(r); v != nil {
					out = append(out, *v)
				}
			}
			return out
		}
	}
	id := func(t *ec2types.RouteTable) string { return *t.RouteTableId }
	list, err = filtered(e, in.Filters, id, fields[*ec2types.RouteTable]{
		"route-table-id":               one(func(t *ec2types.RouteTable) *string { return t.RouteTableId }),
		"vpc-id":                       one(func(t *ec2types.RouteTable) *string { return t.VpcId }),
		"association.subnet-id":        associations(func(a ec2types.RouteTableAssociation) *string { return a.SubnetId }),
		"association.route-table-id":   associations(func(a ec2types.RouteTableAssociation) *string { return a.RouteTableId }),
		"association.main":             associations(func(a ec2types.RouteTableAssociation) *string { return aws.String(boolText(aws.ToBool(a.Main))) }),
		"route.destination-cidr-block": routes(func(r ec2types.Route) *string { return r.DestinationCidrBlock }),
		"route.gateway-id":             routes(func(r ec2types.Route) *string { return r.GatewayId }),
		"route.nat-gateway-id":         routes(func(r ec2types.Route) *string { return r.NatGatewayId }),
	}, list)
	if err != nil {
		return nil, err
	}
	page, next, err := paged(list, id, in.RouteTableIds, in.MaxResults, in.NextToken)
	out := &ec2.DescribeRouteTablesOutput{NextToken: next}
	for _, t := range page {
		out.RouteTables = append(out.RouteTables, *e.describeRouteTable(t))
	}
	return out, err
}
