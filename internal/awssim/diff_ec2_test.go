package awssim_test

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"cordon/internal/cloud"
)

func TestDifferentialEC2(t *testing.T) {
	differential(t, []sequence{
		networkSequence(), aclSequence(), endpointSequence(), groupSequence(), ruleSequence(), interfaceSequence(),
		instanceSequence(), attributeSequence(), volumeSequence(), tagSequence(), associationSequence(),
	}, knownEC2())
}

// motoImage is an image that moto knows; the simulated account takes any.
const motoImage = "ami-760aaa0f"

// do is a step on EC2.
func do(name string, f func(ctx context.Context, c *ec2.Client, v vars) (any, error)) step {
	return step{name, func(ctx context.Context, c *cloud.Clients, v vars) (any, error) { return f(ctx, c.EC2, v) }}
}

// keep remembers an id and answers with what there is to compare.
func keep(v vars, name string, id *string, answer ...any) (any, error) {
	v[name] = aws.ToString(id)
	return append([]any{"made"}, answer...), nil
}

func where(name string, values ...string) []types.Filter {
	return []types.Filter{{Name: &name, Values: values}}
}

// makeVPC, makeSubnet and makeGroup are how most sequences begin.
func makeVPC(name, cidr string) step {
	return do("make "+name, func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
		out, err := c.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: &cidr})
		if err != nil {
			return nil, err
		}
		return keep(v, name, out.Vpc.VpcId, out.Vpc.CidrBlock)
	})
}

func makeSubnet(name, vpc, cidr string) step {
	return do("make "+name, func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
		out, err := c.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: aws.String(v[vpc]), CidrBlock: &cidr, AvailabilityZone: aws.String("us-east-1a")})
		if err != nil {
			return nil, err
		}
		return keep(v, name, out.Subnet.SubnetId, out.Subnet.CidrBlock, out.Subnet.AvailabilityZone, out.Subnet.State)
	})
}

func makeGroup(name, vpc string) step {
	return do("make "+name, func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
		out, err := c.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{GroupName: &name, Description: aws.String("for " + name), VpcId: aws.String(v[vpc])})
		if err != nil {
			return nil, err
		}
		return keep(v, name, out.GroupId)
	})
}

func networkSequence() sequence {
	vpc := func(cidr string) func(context.Context, *ec2.Client, vars) (any, error) {
		return func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: &cidr}))
		}
	}
	subnet := func(vpc, cidr string) func(context.Context, *ec2.Client, vars) (any, error) {
		return func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: aws.String(cmp.Or(v[vpc], vpc)), CidrBlock: &cidr}))
		}
	}
	route := func(cidr string) func(context.Context, *ec2.Client, vars) (any, error) {
		return func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.CreateRoute(ctx, &ec2.CreateRouteInput{RouteTableId: aws.String(v["rtb"]), DestinationCidrBlock: &cidr, GatewayId: aws.String(v["igw"])}))
		}
	}
	tables := func(filters ...types.Filter) func(context.Context, *ec2.Client, vars) (any, error) {
		return func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			in := &ec2.DescribeRouteTablesInput{}
			for _, f := range filters {
				in.Filters = append(in.Filters, types.Filter{Name: f.Name, Values: []string{cmp.Or(v[f.Values[0]], f.Values[0])}})
			}
			out, err := c.DescribeRouteTables(ctx, in)
			if err != nil {
				return nil, err
			}
			var routes []string
			for _, t := range out.RouteTables {
				for _, r := range t.Routes {
					gateway, _, _ := strings.Cut(aws.ToString(r.GatewayId), "-")
					routes = append(routes, aws.ToString(r.DestinationCidrBlock)+" "+gateway+" "+string(r.State))
				}
			}
			slices.Sort(routes)
			return []any{len(out.RouteTables), routes}, nil
		}
	}
	return sequence{"network", []step{
		makeVPC("vpc", "10.0.0.0/16"),
		do("VPC too large", vpc("10.0.0.0/8")),
		do("VPC without mask", vpc("10.0.0.0")),
		do("describe VPC", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			out, err := c.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: []string{v["vpc"]}})
			if err != nil {
				return nil, err
			}
			return []any{len(out.Vpcs), out.Vpcs[0].CidrBlock, out.Vpcs[0].State, out.Vpcs[0].IsDefault}, nil
		}),
		do("unknown VPC", func(ctx context.Context, c *ec2.Client, _ vars) (any, error) {
			return done(c.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: []string{"vpc-00000000000000000"}}))
		}),
		makeSubnet("subnet", "vpc", "10.0.1.0/24"),
		do("subnet over another", subnet("vpc", "10.0.1.128/25")),
		do("subnet outside", subnet("vpc", "10.1.0.0/24")),
		do("subnet in no VPC", subnet("vpc-00000000000000000", "10.0.2.0/24")),
		do("describe subnets", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			out, err := c.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{Filters: where("vpc-id", v["vpc"])})
			if err != nil {
				return nil, err
			}
			return []any{len(out.Subnets), out.Subnets[0].CidrBlock, out.Subnets[0].AvailableIpAddressCount}, nil
		}),
		do("unknown subnet", func(ctx context.Context, c *ec2.Client, _ vars) (any, error) {
			return done(c.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{SubnetIds: []string{"subnet-00000000000000000"}}))
		}),
		do("make gateway", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			out, err := c.CreateInternetGateway(ctx, &ec2.CreateInternetGatewayInput{})
			if err != nil {
				return nil, err
			}
			return keep(v, "igw", out.InternetGateway.InternetGatewayId)
		}),
		do("attach gateway", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.AttachInternetGateway(ctx, &ec2.AttachInternetGatewayInput{InternetGatewayId: aws.String(v["igw"]), VpcId: aws.String(v["vpc"])}))
		}),
		do("attach gateway again", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.AttachInternetGateway(ctx, &ec2.AttachInternetGatewayInput{InternetGatewayId: aws.String(v["igw"]), VpcId: aws.String(v["vpc"])}))
		}),
		do("make route table", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			out, err := c.CreateRouteTable(ctx, &ec2.CreateRouteTableInput{VpcId: aws.String(v["vpc"])})
			if err != nil {
				return nil, err
			}
			return keep(v, "rtb", out.RouteTable.RouteTableId, len(out.RouteTable.Routes))
		}),
		do("route", route("0.0.0.0/0")),
		do("route again", route("0.0.0.0/0")),
		do("associate", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.AssociateRouteTable(ctx, &ec2.AssociateRouteTableInput{RouteTableId: aws.String(v["rtb"]), SubnetId: aws.String(v["subnet"])}))
		}),
		do("associate unknown table", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.AssociateRouteTable(ctx, &ec2.AssociateRouteTableInput{RouteTableId: aws.String("rtb-00000000000000000"), SubnetId: aws.String(v["subnet"])}))
		}),
		do("tables of subnet", tables(types.Filter{Name: aws.String("association.subnet-id"), Values: []string{"subnet"}})),
		do("main table", tables(types.Filter{Name: aws.String("vpc-id"), Values: []string{"vpc"}}, types.Filter{Name: aws.String("association.main"), Values: []string{"true"}})),
		do("unknown filter", tables(types.Filter{Name: aws.String("colour"), Values: []string{"red"}})),
	}}
}

func aclSequence() sequence {
	entry := func(number int32, cidr string) func(context.Context, *ec2.Client, vars) (any, error) {
		return func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.CreateNetworkAclEntry(ctx, &ec2.CreateNetworkAclEntryInput{
				NetworkAclId: aws.String(v["acl"]), RuleNumber: &number, Egress: aws.Bool(false), Protocol: aws.String("-1"), RuleAction: types.RuleActionDeny, CidrBlock: &cidr,
			}))
		}
	}
	entryOut := func(number int32, four, six *string) func(context.Context, *ec2.Client, vars) (any, error) {
		return func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.CreateNetworkAclEntry(ctx, &ec2.CreateNetworkAclEntryInput{
				NetworkAclId: aws.String(v["acl"]), RuleNumber: &number, Egress: aws.Bool(true), Protocol: aws.String("-1"), RuleAction: types.RuleActionDeny,
				CidrBlock: four, Ipv6CidrBlock: six,
			}))
		}
	}
	removeOut := func(number int32) func(context.Context, *ec2.Client, vars) (any, error) {
		return func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.DeleteNetworkAclEntry(ctx, &ec2.DeleteNetworkAclEntryInput{NetworkAclId: aws.String(v["acl"]), RuleNumber: &number, Egress: aws.Bool(true)}))
		}
	}
	outwards := func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
		out, err := c.DescribeNetworkAcls(ctx, &ec2.DescribeNetworkAclsInput{NetworkAclIds: []string{v["acl"]}})
		if err != nil {
			return nil, err
		}
		var entries []string
		for _, e := range out.NetworkAcls[0].Entries {
			if *e.Egress && *e.RuleNumber < 100 {
				entries = append(entries, strings.Join([]string{aws.ToString(e.CidrBlock), aws.ToString(e.Ipv6CidrBlock), string(e.RuleAction)}, " "))
			}
		}
		slices.Sort(entries)
		return []any{aws.ToString(out.NetworkAcls[0].OwnerId) != "", len(out.NetworkAcls[0].Associations), entries}, nil
	}
	remove := func(number int32) func(context.Context, *ec2.Client, vars) (any, error) {
		return func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.DeleteNetworkAclEntry(ctx, &ec2.DeleteNetworkAclEntryInput{NetworkAclId: aws.String(v["acl"]), RuleNumber: &number, Egress: aws.Bool(false)}))
		}
	}
	describe := func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
		out, err := c.DescribeNetworkAcls(ctx, &ec2.DescribeNetworkAclsInput{Filters: where("association.subnet-id", v["subnet"])})
		if err != nil {
			return nil, err
		}
		acl := out.NetworkAcls[0]
		var entries []string
		for _, e := range acl.Entries {
			if !*e.Egress {
				entries = append(entries, strings.Join([]string{aws.ToString(e.CidrBlock), aws.ToString(e.Protocol), string(e.RuleAction)}, " "))
			}
		}
		slices.Sort(entries)
		return keep(v, "acl", acl.NetworkAclId, acl.IsDefault, entries)
	}
	return sequence{"network ACL", []step{
		makeVPC("vpc", "10.0.0.0/16"),
		makeSubnet("subnet", "vpc", "10.0.1.0/24"),
		do("describe", describe),
		do("deny", entry(1, "198.51.100.23/32")),
		do("deny at the same number", entry(1, "198.51.100.24/32")),
		do("describe with entry", describe),
		do("remove", remove(1)),
		do("remove again", remove(1)),
		do("describe after", describe),
		do("deny out", entryOut(99, aws.String("198.51.100.23/32"), nil)),
		do("deny out, IPv6", entryOut(98, nil, aws.String("2001:db8::23/128"))),
		do("deny out at a taken number", entryOut(99, aws.String("198.51.100.24/32"), nil)),
		do("described by id", outwards),
		do("remove out", removeOut(99)),
		do("remove out, IPv6", removeOut(98)),
		do("described by id after", outwards),
		do("number out of range", entry(40000, "198.51.100.24/32")),
		do("unknown", func(ctx context.Context, c *ec2.Client, _ vars) (any, error) {
			return done(c.DescribeNetworkAcls(ctx, &ec2.DescribeNetworkAclsInput{NetworkAclIds: []string{"acl-00000000000000000"}}))
		}),
	}}
}

func endpointSequence() sequence {
	return sequence{"endpoints", []step{
		makeVPC("vpc", "10.0.0.0/16"),
		makeSubnet("subnet", "vpc", "10.0.1.0/24"),
		makeGroup("group", "vpc"),
		do("make", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			out, err := c.CreateVpcEndpoint(ctx, &ec2.CreateVpcEndpointInput{
				VpcId: aws.String(v["vpc"]), ServiceName: aws.String("com.amazonaws.us-east-1.ssm"), VpcEndpointType: types.VpcEndpointTypeInterface,
				SubnetIds: []string{v["subnet"]}, SecurityGroupIds: []string{v["group"]}, PrivateDnsEnabled: aws.Bool(true),
			})
			if err != nil {
				return nil, err
			}
			e := out.VpcEndpoint
			return keep(v, "endpoint", e.VpcEndpointId, e.ServiceName, e.VpcEndpointType, strings.ToLower(string(e.State)), len(e.NetworkInterfaceIds), len(e.SubnetIds), e.PrivateDnsEnabled)
		}),
		do("make in no VPC", func(ctx context.Context, c *ec2.Client, _ vars) (any, error) {
			return done(c.CreateVpcEndpoint(ctx, &ec2.CreateVpcEndpointInput{VpcId: aws.String("vpc-00000000000000000"), ServiceName: aws.String("com.amazonaws.us-east-1.s3")}))
		}),
		do("describe", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			out, err := c.DescribeVpcEndpoints(ctx, &ec2.DescribeVpcEndpointsInput{Filters: append(where("vpc-id", v["vpc"]), where("service-name", "com.amazonaws.us-east-1.ssm")...)})
			if err != nil {
				return nil, err
			}
			return len(out.VpcEndpoints), nil
		}),
		do("unknown", func(ctx context.Context, c *ec2.Client, _ vars) (any, error) {
			return done(c.DescribeVpcEndpoints(ctx, &ec2.DescribeVpcEndpointsInput{VpcEndpointIds: []string{"vpce-00000000000000000"}}))
		}),
		do("prefix lists", func(ctx context.Context, c *ec2.Client, _ vars) (any, error) {
			out, err := c.DescribeManagedPrefixLists(ctx, &ec2.DescribeManagedPrefixListsInput{Filters: where("prefix-list-name", "com.amazonaws.us-east-1.s3", "com.amazonaws.us-east-1.dynamodb")})
			if err != nil {
				return nil, err
			}
			var names []string
			for _, l := range out.PrefixLists {
				names = append(names, *l.PrefixListName)
			}
			slices.Sort(names)
			return names, nil
		}),
	}}
}
