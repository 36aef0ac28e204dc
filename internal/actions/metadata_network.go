package actions

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func (c *collector) networkInterfaces(ctx context.Context) section {
	now := read(describeInterfaces(ctx, c.env, c.t.Target.ID))
	st, ok := c.stored["ec2.isolate-network"]
	var network networkState
	if !ok || json.Unmarshal(st.prior, &network) != nil {
		return now
	}
	data, err := plain(network.Interfaces)
	return section{Source: sourceStored, At: st.at, Data: data, err: err, After: &now}
}

// securityGroups reads the groups that the instance was in, with their rules: containment does not change those.
func (c *collector) securityGroups(ctx context.Context) section {
	var ids []string
	for _, g := range c.instance.SecurityGroups {
		ids = append(ids, aws.ToString(g.GroupId))
	}
	for _, n := range c.instance.NetworkInterfaces {
		for _, g := range n.Groups {
			ids = append(ids, aws.ToString(g.GroupId))
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if len(ids) == 0 {
		return read([]string{}, nil)
	}
	var groups []ec2types.SecurityGroup
	pages := ec2.NewDescribeSecurityGroupsPaginator(c.env.EC2, &ec2.DescribeSecurityGroupsInput{Filters: []ec2types.Filter{filter("group-id", ids...)}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return read(nil, wrap("read security groups", strings.Join(ids, ", "), err))
		}
		groups = append(groups, page.SecurityGroups...)
	}
	return read(groups, nil)
}

func (c *collector) routeTables(ctx context.Context) section {
	out, err := c.env.EC2.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{Filters: []ec2types.Filter{filter("vpc-id", c.vpc)}})
	if err != nil {
		return read(nil, wrap("read route tables of", c.vpc, err))
	}
	return read(out.RouteTables, nil)
}

func (c *collector) networkACLs(ctx context.Context) section {
	out, err := c.env.EC2.DescribeNetworkAcls(ctx, &ec2.DescribeNetworkAclsInput{Filters: []ec2types.Filter{filter("vpc-id", c.vpc)}})
	if err != nil {
		return read(nil, wrap("read network ACLs of", c.vpc, err))
	}
	return read(out.NetworkAcls, nil)
}

func (c *collector) vpcEndpoints(ctx context.Context) section {
	out, err := c.env.EC2.DescribeVpcEndpoints(ctx, &ec2.DescribeVpcEndpointsInput{Filters: []ec2types.Filter{filter("vpc-id", c.vpc)}})
	if err != nil {
		return read(nil, wrap("read endpoints of", c.vpc, err))
	}
	return read(out.VpcEndpoints, nil)
}
