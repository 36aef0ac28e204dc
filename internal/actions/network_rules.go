package actions

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"golang.org/x/sync/errgroup"

	"cordon/internal/action"
)

// allTraffic is every protocol to or from everywhere: IPv4 first, then IPv6.
func allTraffic() []ec2types.IpPermission {
	return []ec2types.IpPermission{
		{IpProtocol: aws.String("-1"), IpRanges: []ec2types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}}},
		{IpProtocol: aws.String("-1"), Ipv6Ranges: []ec2types.Ipv6Range{{CidrIpv6: aws.String("::/0")}}},
	}
}

// httpsOut lets 443 out for live response: to the VPC's own Systems Manager and S3 endpoints where it has them, else
// to everywhere; so too where AWS does not say.
func httpsOut(ctx context.Context, env *action.Env, vpc string) []ec2types.IpPermission {
	https := ec2types.IpPermission{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(443), ToPort: aws.Int32(443)}
	groups, lists, err := endpointPeers(ctx, env, vpc)
	if err != nil {
		env.Note("443 is open to everywhere, not to the endpoints of %s alone: %v", vpc, err)
	}
	if len(groups) > 0 {
		https.UserIdGroupPairs, https.PrefixListIds = groups, lists
	} else {
		https.IpRanges = []ec2types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}}
		https.Ipv6Ranges = []ec2types.Ipv6Range{{CidrIpv6: aws.String("::/0")}}
	}
	return []ec2types.IpPermission{https}
}

// endpointPeers gives the groups of the VPC's Systems Manager endpoints, and the prefix list of S3; nothing where they
// do not reach all of Systems Manager. It asks with a short patience: isolation does not wait for the answer.
func endpointPeers(ctx context.Context, env *action.Env, vpc string) ([]ec2types.UserIdGroupPair, []ec2types.PrefixListId, error) {
	service := func(name string) string { return "com.amazonaws." + env.Region + "." + name }
	var endpoints []ec2types.VpcEndpoint
	var s3List []ec2types.PrefixListId
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		out, err := env.EC2.DescribeVpcEndpoints(ctx, &ec2.DescribeVpcEndpointsInput{Filters: []ec2types.Filter{
			{Name: aws.String("vpc-id"), Values: []string{vpc}},
			{Name: aws.String("service-name"), Values: []string{service("ssm"), service("ssmmessages"), service("ec2messages"), service("s3")}},
		}})
		if err == nil {
			endpoints = out.VpcEndpoints
		}
		return wrap("read endpoints of", vpc, err)
	})
	g.Go(func() error {
		out, err := env.EC2.DescribePrefixLists(ctx, &ec2.DescribePrefixListsInput{Filters: []ec2types.Filter{
			{Name: aws.String("prefix-list-name"), Values: []string{service("s3")}},
		}})
		if err == nil {
			for _, l := range out.PrefixLists {
				s3List = append(s3List, ec2types.PrefixListId{PrefixListId: l.PrefixListId})
			}
		}
		return wrap("read prefix list of", service("s3"), err)
	})
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	groups, reached := endpointGroups(endpoints)
	if !reached[service("ssm")] || !reached[service("ssmmessages")] {
		return nil, nil, nil
	}
	return groups, s3List, nil
}

// endpointGroups gives the groups of the interface endpoints, each once, and which services they reach.
func endpointGroups(endpoints []ec2types.VpcEndpoint) (groups []ec2types.UserIdGroupPair, reached map[string]bool) {
	reached = map[string]bool{}
	seen := map[string]bool{}
	for _, e := range endpoints {
		if e.VpcEndpointType != ec2types.VpcEndpointTypeInterface {
			continue
		}
		reached[aws.ToString(e.ServiceName)] = true
		for _, sg := range e.Groups {
			if id := aws.ToString(sg.GroupId); !seen[id] {
				seen[id] = true
				groups = append(groups, ec2types.UserIdGroupPair{GroupId: &id})
			}
		}
	}
	return groups, reached
}

// ruleWords puts rules into words, one a peer, sorted: "tcp 443 0.0.0.0/0", "all ::/0".
func ruleWords(permissions []ec2types.IpPermission) []string {
	words := []string{}
	for _, p := range permissions {
		var peers []string
		for _, r := range p.IpRanges {
			peers = append(peers, aws.ToString(r.CidrIp))
		}
		for _, r := range p.Ipv6Ranges {
			peers = append(peers, aws.ToString(r.CidrIpv6))
		}
		for _, r := range p.PrefixListIds {
			peers = append(peers, aws.ToString(r.PrefixListId))
		}
		for _, r := range p.UserIdGroupPairs {
			peers = append(peers, aws.ToString(r.GroupId))
		}
		for _, peer := range peers {
			words = append(words, protocolWords(p)+" "+peer)
		}
	}
	slices.Sort(words)
	return words
}

func protocolWords(p ec2types.IpPermission) string {
	protocol := aws.ToString(p.IpProtocol)
	switch {
	case protocol == "-1":
		return "all"
	case p.FromPort == nil:
		return protocol
	case aws.ToInt32(p.FromPort) == aws.ToInt32(p.ToPort):
		return fmt.Sprintf("%s %d", protocol, *p.FromPort)
	default:
		return fmt.Sprintf("%s %d-%d", protocol, *p.FromPort, aws.ToInt32(p.ToPort))
	}
}

// onlyHTTPS says whether every rule in words is TCP 443.
func onlyHTTPS(words []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.HasPrefix(w, "tcp 443 ") })
}
