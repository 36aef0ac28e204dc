package awssim_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func groupSequence() sequence {
	create := func(name, description, vpc string) func(context.Context, *ec2.Client, vars) (any, error) {
		return func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{GroupName: &name, Description: &description, VpcId: aws.String(cmp.Or(v[vpc], vpc))}))
		}
	}
	remove := func(group string) func(context.Context, *ec2.Client, vars) (any, error) {
		return func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			_, err := c.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: aws.String(cmp.Or(v[group], group))})
			return "done", err
		}
	}
	describe := func(filters ...types.Filter) func(context.Context, *ec2.Client, vars) (any, error) {
		return func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			out, err := c.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: append(where("vpc-id", v["vpc"]), filters...)})
			if err != nil {
				return nil, err
			}
			var all []string
			for _, g := range out.SecurityGroups {
				all = append(all, fmt.Sprintf("%s: %s, in %v, out %v", *g.GroupName, *g.Description, permitted(v, g.IpPermissions), permitted(v, g.IpPermissionsEgress)))
			}
			slices.Sort(all)
			return all, nil
		}
	}
	byID := func(id string) func(context.Context, *ec2.Client, vars) (any, error) {
		return func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{id}}))
		}
	}
	return sequence{"groups", []step{
		makeVPC("vpc", "10.0.0.0/16"),
		makeGroup("one", "vpc"),
		makeGroup("two", "vpc"),
		makeGroup("three", "vpc"),
		do("describe", describe()),
		do("by name", describe(where("group-name", "o*")...)),
		do("by unknown filter", describe(where("colour", "red")...)),
		do("same name", create("one", "again", "vpc")),
		do("name default", create("default", "x", "vpc")),
		do("unknown", byID("sg-00000000000000000")),
		do("malformed", byID("web")),
		do("refer to three from two", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: aws.String(v["two"]), IpPermissions: []types.IpPermission{{
				IpProtocol: aws.String("tcp"), FromPort: aws.Int32(5432), ToPort: aws.Int32(5432), UserIdGroupPairs: []types.UserIdGroupPair{{GroupId: aws.String(v["three"])}},
			}}}))
		}),
		do("describe reference", describe()),
		do("delete what is referred to", remove("three")),
		do("delete two", remove("two")),
		do("delete two again", remove("two")),
		do("delete one", remove("one")),
		do("delete default", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			out, err := c.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: append(where("vpc-id", v["vpc"]), where("group-name", "default")...)})
			if err != nil {
				return nil, err
			}
			return done(c.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: out.SecurityGroups[0].GroupId}))
		}),
		do("dry run", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{GroupName: aws.String("dry"), Description: aws.String("dry"), VpcId: aws.String(v["vpc"]), DryRun: aws.Bool(true)}))
		}),
		do("name like an id", create("sg-mine", "x", "vpc")),
		do("long name", create(strings.Repeat("x", 256), "x", "vpc")),
		do("other characters", create("größe", "x", "vpc")),
		do("in no VPC", create("x", "x", "vpc-00000000000000000")),
	}}
}

// permitted prints permissions one peer each, sorted, with groups by the names under which v knows them.
func permitted(v vars, perms []types.IpPermission) []string {
	out := []string{}
	for _, p := range perms {
		ports := *p.IpProtocol
		if p.FromPort != nil {
			ports += fmt.Sprintf(" %d-%d", *p.FromPort, *p.ToPort)
		}
		for _, r := range p.IpRanges {
			out = append(out, ports+" "+*r.CidrIp+" "+aws.ToString(r.Description))
		}
		for _, r := range p.Ipv6Ranges {
			out = append(out, ports+" "+*r.CidrIpv6+" "+aws.ToString(r.Description))
		}
		for _, g := range p.UserIdGroupPairs {
			for name, id := range v {
				if id == aws.ToString(g.GroupId) {
					out = append(out, ports+" group "+name)
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

func ruleSequence() sequence {
	perm := func(protocol string, from, to int32, cidrs ...string) types.IpPermission {
		p := types.IpPermission{IpProtocol: &protocol, FromPort: &from, ToPort: &to}
		for _, c := range cidrs {
			if strings.Contains(c, ":") {
				p.Ipv6Ranges = append(p.Ipv6Ranges, types.Ipv6Range{CidrIpv6: &c})
			} else {
				p.IpRanges = append(p.IpRanges, types.IpRange{CidrIp: &c})
			}
		}
		return p
	}
	in := func(perms ...types.IpPermission) func(context.Context, *ec2.Client, vars) (any, error) {
		return func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			out, err := c.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: aws.String(v["group"]), IpPermissions: perms})
			if err != nil {
				return nil, err
			}
			return []any{out.Return, len(out.SecurityGroupRules)}, nil
		}
	}
	out := func(perms ...types.IpPermission) func(context.Context, *ec2.Client, vars) (any, error) {
		return func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.AuthorizeSecurityGroupEgress(ctx, &ec2.AuthorizeSecurityGroupEgressInput{GroupId: aws.String(v["group"]), IpPermissions: perms}))
		}
	}
	notIn := func(perms ...types.IpPermission) func(context.Context, *ec2.Client, vars) (any, error) {
		return func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{GroupId: aws.String(v["group"]), IpPermissions: perms}))
		}
	}
	notOut := func(perms ...types.IpPermission) func(context.Context, *ec2.Client, vars) (any, error) {
		return func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.RevokeSecurityGroupEgress(ctx, &ec2.RevokeSecurityGroupEgressInput{GroupId: aws.String(v["group"]), IpPermissions: perms}))
		}
	}
	describe := func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
		out, err := c.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{v["group"]}})
		if err != nil {
			return nil, err
		}
		g := out.SecurityGroups[0]
		return []any{permitted(v, g.IpPermissions), permitted(v, g.IpPermissionsEgress)}, nil
	}
	rules := func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
		out, err := c.DescribeSecurityGroupRules(ctx, &ec2.DescribeSecurityGroupRulesInput{Filters: where("group-id", v["group"])})
		if err != nil {
			return nil, err
		}
		var all []string
		for _, r := range out.SecurityGroupRules {
			all = append(all, fmt.Sprintf("%t %s %d %d %s%s", *r.IsEgress, *r.IpProtocol, aws.ToInt32(r.FromPort), aws.ToInt32(r.ToPort), aws.ToString(r.CidrIpv4), aws.ToString(r.CidrIpv6)))
			if *r.IsEgress {
				v["rule"] = *r.SecurityGroupRuleId
			}
		}
		slices.Sort(all)
		return all, nil
	}
	everything := perm("-1", -1, -1, "0.0.0.0/0")
	return sequence{"rules", []step{
		makeVPC("vpc", "10.0.0.0/16"),
		makeGroup("group", "vpc"),
		do("two ranges and IPv6", in(perm("tcp", 80, 80, "0.0.0.0/0", "10.0.0.0/8", "::/0"))),
		do("protocol by number", in(perm("17", 53, 53, "10.0.0.0/8"))),
		do("ICMP", in(perm("icmp", -1, -1, "10.0.0.0/8"))),
		do("describe", describe),
		do("rules", rules),
		do("same rule", in(perm("tcp", 80, 80, "10.0.0.0/8"))),
		do("no mask", in(perm("tcp", 80, 80, "10.0.0.999"))),
		do("egress", out(perm("tcp", 443, 443, "10.0.0.0/8"))),
		do("egress again", out(perm("tcp", 443, 443, "10.0.0.0/8"))),
		do("revoke default egress", notOut(everything)),
		do("revoke it again", notOut(everything)),
		do("revoke a range", notIn(perm("tcp", 80, 80, "10.0.0.0/8"))),
		do("revoke other ports", notIn(perm("tcp", 80, 90, "0.0.0.0/0"))),
		do("describe after revoking", describe),
		do("rules after revoking", rules),
		do("revoke by id", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.RevokeSecurityGroupEgress(ctx, &ec2.RevokeSecurityGroupEgressInput{GroupId: aws.String(v["group"]), SecurityGroupRuleIds: []string{v["rule"]}}))
		}),
		do("revoke by unknown id", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.RevokeSecurityGroupEgress(ctx, &ec2.RevokeSecurityGroupEgressInput{GroupId: aws.String(v["group"]), SecurityGroupRuleIds: []string{"sgr-00000000000000000"}}))
		}),
		do("describe at the end", describe),
		do("one new, one the same", in(perm("tcp", 80, 80, "192.0.2.0/24", "10.0.0.0/8"))),
		do("ports the wrong way", in(perm("tcp", 90, 80, "10.0.0.0/8"))),
		do("port out of range", in(perm("tcp", 1, 70000, "10.0.0.0/8"))),
		do("not the network's address", in(perm("tcp", 81, 81, "10.1.2.3/8"))),
		do("no permission", in()),
	}}
}

func interfaceSequence() sequence {
	modify := func(groups ...string) func(context.Context, *ec2.Client, vars) (any, error) {
		return func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			var ids []string
			for _, g := range groups {
				ids = append(ids, cmp.Or(v[g], g))
			}
			return done(c.ModifyNetworkInterfaceAttribute(ctx, &ec2.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: aws.String(v["eni"]), Groups: ids}))
		}
	}
	describe := func(filters ...types.Filter) func(context.Context, *ec2.Client, vars) (any, error) {
		return func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			in := &ec2.DescribeNetworkInterfacesInput{}
			for _, f := range filters {
				in.Filters = append(in.Filters, types.Filter{Name: f.Name, Values: []string{cmp.Or(v[f.Values[0]], f.Values[0])}})
			}
			out, err := c.DescribeNetworkInterfaces(ctx, in)
			if err != nil {
				return nil, err
			}
			var all []any
			for _, n := range out.NetworkInterfaces {
				var names []string
				for _, g := range n.Groups {
					names = append(names, aws.ToString(g.GroupName))
				}
				slices.Sort(names)
				all = append(all, []any{n.PrivateIpAddress, n.Status, n.Description, n.InterfaceType, n.SourceDestCheck, names})
			}
			return all, nil
		}
	}
	create := func(ip string, groups ...string) func(context.Context, *ec2.Client, vars) (any, error) {
		return func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			var ids []string
			for _, g := range groups {
				ids = append(ids, cmp.Or(v[g], g))
			}
			out, err := c.CreateNetworkInterface(ctx, &ec2.CreateNetworkInterfaceInput{SubnetId: aws.String(v["subnet"]), Groups: ids, PrivateIpAddress: &ip, Description: aws.String("first")})
			if err != nil {
				return nil, err
			}
			return keep(v, "eni", out.NetworkInterface.NetworkInterfaceId, out.NetworkInterface.PrivateIpAddress, out.NetworkInterface.SourceDestCheck)
		}
	}
	return sequence{"interfaces", []step{
		makeVPC("vpc", "10.0.0.0/16"),
		makeSubnet("subnet", "vpc", "10.0.1.0/24"),
		makeGroup("one", "vpc"),
		makeGroup("two", "vpc"),
		makeVPC("other vpc", "10.9.0.0/16"),
		makeGroup("other", "other vpc"),
		do("create", create("10.0.1.10", "one")),
		do("describe", describe(where("group-id", "one")...)),
		do("by subnet", describe(where("subnet-id", "subnet")...)),
		do("by address", describe(where("private-ip-address", "10.0.1.10")...)),
		do("both groups", modify("one", "two")),
		do("describe after", describe(where("subnet-id", "subnet")...)),
		do("source check", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.ModifyNetworkInterfaceAttribute(ctx, &ec2.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: aws.String(v["eni"]), SourceDestCheck: &types.AttributeBooleanValue{Value: aws.Bool(false)}}))
		}),
		do("describe source check", describe(where("subnet-id", "subnet")...)),
		do("unknown interface", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.ModifyNetworkInterfaceAttribute(ctx, &ec2.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: aws.String("eni-00000000000000000"), Groups: []string{v["one"]}}))
		}),
		do("describe unknown", func(ctx context.Context, c *ec2.Client, _ vars) (any, error) {
			return done(c.DescribeNetworkInterfaces(ctx, &ec2.DescribeNetworkInterfacesInput{NetworkInterfaceIds: []string{"eni-00000000000000000"}}))
		}),
		do("delete group in use", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: aws.String(v["one"])}))
		}),
		do("in no subnet", func(ctx context.Context, c *ec2.Client, _ vars) (any, error) {
			return done(c.CreateNetworkInterface(ctx, &ec2.CreateNetworkInterfaceInput{SubnetId: aws.String("subnet-00000000000000000")}))
		}),
		do("group of another VPC", modify("other")),
		do("unknown group", modify("sg-00000000000000000")),
		do("no group", modify()),
		do("delete", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.DeleteNetworkInterface(ctx, &ec2.DeleteNetworkInterfaceInput{NetworkInterfaceId: aws.String(v["eni"])}))
		}),
		do("delete again", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.DeleteNetworkInterface(ctx, &ec2.DeleteNetworkInterfaceInput{NetworkInterfaceId: aws.String(v["eni"])}))
		}),
	}}
}
