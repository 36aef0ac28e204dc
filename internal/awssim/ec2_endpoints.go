package awssim

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func registerEndpoints(r registry) {
	ec2Write(r, createEndpoint)
	ec2Read(r, describeEndpoints)
	ec2Read(r, describePrefixLists)
	ec2Read(r, describeManagedPrefixLists)
}

func createEndpoint(x *request, in *ec2.CreateVpcEndpointInput) (*ec2.CreateVpcEndpointOutput, error) {
	e := x.ec2()
	ids, done, err := e.replayed("CreateVpcEndpoint", in.ClientToken, in)
	if err != nil {
		return nil, err
	}
	if done {
		return &ec2.CreateVpcEndpointOutput{VpcEndpoint: e.describeEndpoint(e.Endpoints[ids[0]])}, nil
	}
	v, err := find(e.VPCs, kindVPC(), aws.ToString(in.VpcId))
	if err != nil {
		return nil, err
	}
	name := aws.ToString(in.ServiceName)
	if !strings.HasPrefix(name, "com.amazonaws.") {
		return nil, apiError(400, "InvalidServiceName", "The Vpc Endpoint Service '%s' does not exist", name)
	}
	for _, id := range in.SubnetIds {
		if _, err := find(e.Subnets, kindSubnet(), id); err != nil {
			return nil, err
		}
	}
	for _, id := range in.RouteTableIds {
		if _, err := find(e.RouteTables, kindRouteTable(), id); err != nil {
			return nil, err
		}
	}
	groups, err := e.groupsOf(*v.VpcId, in.SecurityGroupIds)
	if err != nil {
		return nil, err
	}
	tags, err := specTags(in.TagSpecifications, ec2types.ResourceTypeVpcEndpoint)
	if err != nil {
		return nil, err
	}
	var ep *ec2types.VpcEndpoint
	if err := x.atomically(func() error {
		ep, err = x.st.addEndpoint(x.region(), x.now, endpoint{
			ID: x.st.newID("vpce"), VPC: *v.VpcId, Service: name, Kind: in.VpcEndpointType, Subnets: in.SubnetIds,
			Groups: groups, RouteTables: in.RouteTableIds, PrivateDNS: aws.ToBool(in.PrivateDnsEnabled),
		})
		return err
	}); err != nil {
		return nil, err
	}
	e.setTags(*ep.VpcEndpointId, tags)
	e.remember("CreateVpcEndpoint", in.ClientToken, in, *ep.VpcEndpointId)
	return &ec2.CreateVpcEndpointOutput{VpcEndpoint: e.describeEndpoint(ep)}, nil
}

// endpoint describes a VPC endpoint to make.
type endpoint struct {
	ID, VPC, Service     string
	Kind                 ec2types.VpcEndpointType // Gateway if empty
	Subnets, RouteTables []string
	Groups               []ec2types.GroupIdentifier
	PrivateDNS           bool
}

// addEndpoint makes a VPC endpoint; an interface endpoint gets a network interface in each of its subnets.
func (s *state) addEndpoint(r *region, now time.Time, spec endpoint) (*ec2types.VpcEndpoint, error) {
	if spec.Kind == "" {
		spec.Kind = ec2types.VpcEndpointTypeGateway
	}
	ep := &ec2types.VpcEndpoint{
		VpcEndpointId: aws.String(spec.ID), VpcId: aws.String(spec.VPC), ServiceName: aws.String(spec.Service),
		VpcEndpointType: spec.Kind, State: ec2types.StateAvailable, OwnerId: aws.String(s.Account),
		CreationTimestamp: aws.Time(now), PrivateDnsEnabled: aws.Bool(spec.PrivateDNS), RequesterManaged: aws.Bool(false),
		RouteTableIds: slices.Clone(spec.RouteTables),
	}
	if spec.Kind != ec2types.VpcEndpointTypeInterface {
		r.EC2.Endpoints[spec.ID] = ep
		return ep, nil
	}
	for _, g := range spec.Groups {
		ep.Groups = append(ep.Groups, ec2types.SecurityGroupIdentifier{GroupId: g.GroupId, GroupName: g.GroupName})
	}
	ep.SubnetIds = slices.Clone(spec.Subnets)
	for _, subnet := range spec.Subnets {
		ni, err := s.addInterface(r, newInterface{
			ID: s.newID("eni"), Subnet: subnet, Groups: spec.Groups, Type: ec2types.NetworkInterfaceTypeVpcEndpoint,
			Description: "VPC Endpoint Interface " + spec.ID,
		})
		if err != nil {
			return nil, err
		}
		ni.Status = ec2types.NetworkInterfaceStatusInUse
		ep.NetworkInterfaceIds = append(ep.NetworkInterfaceIds, *ni.NetworkInterfaceId)
	}
	r.EC2.Endpoints[spec.ID] = ep
	return ep, nil
}

func (e *ec2State) describeEndpoint(ep *ec2types.VpcEndpoint) *ec2types.VpcEndpoint {
	out := clone(ep)
	out.Tags = e.tagSet(*ep.VpcEndpointId)
	return out
}

func describeEndpoints(x *request, in *ec2.DescribeVpcEndpointsInput) (*ec2.DescribeVpcEndpointsOutput, error) {
	e := x.ec2()
	list, err := selected(e.Endpoints, kindEndpoint(), in.VpcEndpointIds)
	if err != nil {
		return nil, err
	}
	id := func(v *ec2types.VpcEndpoint) string { return *v.VpcEndpointId }
	list, err = filtered(e, in.Filters, id, fields[*ec2types.VpcEndpoint]{
		"vpc-endpoint-id":    one(func(v *ec2types.VpcEndpoint) *string { return v.VpcEndpointId }),
		"vpc-id":             one(func(v *ec2types.VpcEndpoint) *string { return v.VpcId }),
		"service-name":       one(func(v *ec2types.VpcEndpoint) *string { return v.ServiceName }),
		"vpc-endpoint-type":  func(v *ec2types.VpcEndpoint) []string { return []string{string(v.VpcEndpointType)} },
		"vpc-endpoint-state": func(v *ec2types.VpcEndpoint) []string { return []string{string(v.State)} },
	}, list)
	if err != nil {
		return nil, err
	}
	page, next, err := paged(list, id, in.VpcEndpointIds, in.MaxResults, in.NextToken)
	out := &ec2.DescribeVpcEndpointsOutput{NextToken: next}
	for _, v := range page {
		out.VpcEndpoints = append(out.VpcEndpoints, *e.describeEndpoint(v))
	}
	return out, err
}
