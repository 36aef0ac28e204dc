package blast

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"golang.org/x/sync/errgroup"

	"cordon/internal/config"
)

// sharedSubnet looks at which other running instances are under the network ACLs in which remote addresses are to be
// denied: their live connections to these end, too.
func (l *looker) sharedSubnet(ctx context.Context, read readInstance) {
	w := l.b.SharedSubnet
	if l.o.Blocks == nil || w == config.Ignore {
		return
	}
	var blocks, acls, others []string
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { blocks, err = l.o.Blocks(gctx); return err })
	g.Go(func() error {
		i, err := read(ctx)
		if err == nil {
			acls, others, err = underSameACL(gctx, l, i)
		}
		return err
	})
	if err := g.Wait(); err != nil {
		l.unknown(ctx, SharedSubnet, w, "which other instances are under the network ACL in which remote addresses are denied", err)
		return
	}
	if len(others) > 0 && len(blocks) > 0 {
		l.add(SharedSubnet, w, "%d other running instances are under network ACL %s, in which %s is denied: they do not reach it either (%s)",
			len(others), strings.Join(acls, ", "), some(blocks), some(others))
	}
}

// underSameACL gives the network ACLs of an instance's subnets, and the other running instances under them, sorted.
func underSameACL(ctx context.Context, l *looker, i ec2types.Instance) (ids, others []string, err error) {
	vpcs := map[string]bool{}
	for _, n := range i.NetworkInterfaces {
		vpcs[aws.ToString(n.VpcId)] = true
	}
	if len(vpcs) == 0 {
		return nil, nil, nil
	}
	in := filter("vpc-id", slices.Sorted(maps.Keys(vpcs))...)
	subnets := map[string][]string{} // of the other instances
	var acls []ec2types.NetworkAcl
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		return eachInstance(ctx, l.Clients, func(other ec2types.Instance) {
			if id := aws.ToString(other.InstanceId); id != l.t.ID {
				subnets[id] = subnetsOf(other)
			}
		}, in, filter("instance-state-name", "pending", "running"))
	})
	g.Go(func() error {
		pages := ec2.NewDescribeNetworkAclsPaginator(l.EC2, &ec2.DescribeNetworkAclsInput{Filters: []ec2types.Filter{in}})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return err
			}
			acls = append(acls, page.NetworkAcls...)
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	own := subnetsOf(i)
	var ruled []string
	for _, a := range acls {
		var under []string
		for _, as := range a.Associations {
			under = append(under, aws.ToString(as.SubnetId))
		}
		if overlap(own, under) {
			ids, ruled = append(ids, aws.ToString(a.NetworkAclId)), append(ruled, under...)
		}
	}
	for id, in := range subnets {
		if overlap(in, ruled) {
			others = append(others, id)
		}
	}
	slices.Sort(ids)
	slices.Sort(others)
	return ids, others, nil
}

func subnetsOf(i ec2types.Instance) (out []string) {
	for _, n := range i.NetworkInterfaces {
		out = append(out, aws.ToString(n.SubnetId))
	}
	return out
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}
