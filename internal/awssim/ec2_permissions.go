package awssim

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// rulesOf takes permissions, which name several peers each, apart into rules with one peer each, in EC2's normal
// form, and refuses what EC2 refuses.
func (x *request) rulesOf(g *group, perms []ec2types.IpPermission, egress bool) ([]ec2types.SecurityGroupRule, error) {
	if len(perms) == 0 {
		return nil, missingParameter("ipPermissions")
	}
	var out []ec2types.SecurityGroupRule
	for _, p := range perms {
		base, err := baseRule(p, egress)
		if err != nil {
			return nil, err
		}
		peers, err := x.peersOf(g, p, base)
		if err != nil {
			return nil, err
		}
		if len(peers) == 0 {
			return nil, apiError(400, "MissingParameter", "Missing source specification: include source security group or CIDR information")
		}
		out = append(out, peers...)
	}
	seen := map[string]bool{}
	for _, r := range out {
		if seen[ruleKey(r)] {
			return nil, apiError(400, "InvalidParameterValue", "The same permission must not appear multiple times")
		}
		seen[ruleKey(r)] = true
	}
	return out, nil
}

// baseRule checks protocol and ports.
func baseRule(p ec2types.IpPermission, egress bool) (ec2types.SecurityGroupRule, error) {
	var none ec2types.SecurityGroupRule
	if p.IpProtocol == nil {
		return none, missingParameter("ipProtocol")
	}
	name, ok := protocolName(*p.IpProtocol)
	if !ok {
		return none, apiError(400, "InvalidPermission.Malformed", "Unsupported IP protocol \"%s\"", *p.IpProtocol)
	}
	base := ec2types.SecurityGroupRule{
		IsEgress: aws.Bool(egress), IpProtocol: aws.String(name), FromPort: aws.Int32(-1), ToPort: aws.Int32(-1),
	}
	switch name {
	case "tcp", "udp":
		if p.FromPort == nil || p.ToPort == nil {
			return none, apiError(400, "InvalidParameterValue", "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.")
		}
		if *p.FromPort < 0 || *p.FromPort > 65535 || *p.ToPort < 0 || *p.ToPort > 65535 {
			return none, apiError(400, "InvalidPermission.Malformed", "TCP/UDP port (%d:%d) out of range", *p.FromPort, *p.ToPort)
		}
		if *p.FromPort > *p.ToPort {
			return none, apiError(400, "InvalidParameterValue", "Invalid TCP/UDP port range (%d:%d)", *p.FromPort, *p.ToPort)
		}
	case "icmp":
		if p.FromPort == nil || p.ToPort == nil {
			return none, apiError(400, "InvalidParameterValue", "Invalid value 'Must specify both from and to ports with ICMP.' for portRange.")
		}
	case "icmpv6":
	default: // all ports, whatever the call says
		return base, nil
	}
	if p.FromPort != nil && p.ToPort != nil {
		base.FromPort, base.ToPort = aws.Int32(*p.FromPort), aws.Int32(*p.ToPort)
	}
	if (name == "icmp" || name == "icmpv6") && (*base.FromPort < -1 || *base.FromPort > 255 || *base.ToPort < -1 || *base.ToPort > 255) {
		return none, apiError(400, "InvalidPermission.Malformed", "ICMP type (%d) or code (%d) out of range", *base.FromPort, *base.ToPort)
	}
	return base, nil
}

// peersOf makes a rule of base for each peer of a permission.
func (x *request) peersOf(g *group, p ec2types.IpPermission, base ec2types.SecurityGroupRule) ([]ec2types.SecurityGroupRule, error) {
	var out []ec2types.SecurityGroupRule
	for _, r := range p.IpRanges {
		cidr, err := canonical(aws.ToString(r.CidrIp), true)
		if err != nil {
			return nil, err
		}
		rule := base
		rule.CidrIpv4, rule.Description = &cidr, clone(r.Description)
		out = append(out, rule)
	}
	for _, r := range p.Ipv6Ranges {
		cidr, err := canonical(aws.ToString(r.CidrIpv6), false)
		if err != nil {
			return nil, err
		}
		rule := base
		rule.CidrIpv6, rule.Description = &cidr, clone(r.Description)
		out = append(out, rule)
	}
	for _, l := range p.PrefixListIds {
		if _, known := prefixListHas(x.Region, aws.ToString(l.PrefixListId), netip.Addr{}); !known {
			return nil, apiError(400, "InvalidPrefixListID.NotFound", "The prefix list ID '%s' does not exist", aws.ToString(l.PrefixListId))
		}
		rule := base
		rule.PrefixListId, rule.Description = clone(l.PrefixListId), clone(l.Description)
		out = append(out, rule)
	}
	for _, pair := range p.UserIdGroupPairs {
		owner := cmp.Or(aws.ToString(pair.UserId), x.st.Account)
		if pair.GroupId == nil {
			return nil, apiError(400, "MissingParameter", "Source group ID missing.")
		}
		if err := kindGroup().check(*pair.GroupId); err != nil {
			return nil, err
		}
		if owner == x.st.Account { // a group of another account is reached over peering, which is not simulated
			peer, ok := x.ec2().Groups[*pair.GroupId]
			if !ok || peer.VPC != g.VPC {
				return nil, apiError(400, "InvalidGroup.NotFound", "The security group '%s' does not exist", *pair.GroupId)
			}
		}
		rule := base
		rule.ReferencedGroupInfo = &ec2types.ReferencedSecurityGroup{GroupId: clone(pair.GroupId), UserId: aws.String(owner)}
		rule.Description = clone(pair.Description)
		out = append(out, rule)
	}
	return out, nil
}

func canonical(cidr string, four bool) (string, error) {
	p, err := netip.ParsePrefix(cidr)
	if err != nil || p.Addr().Is4() != four {
		return "", apiError(400, "InvalidParameterValue", "CIDR block %s is malformed", cidr)
	}
	return p.Masked().String(), nil
}

// peer is what a rule lets through, as one text.
func peer(r ec2types.SecurityGroupRule) string {
	ref := ""
	if r.ReferencedGroupInfo != nil {
		ref = aws.ToString(r.ReferencedGroupInfo.GroupId)
	}
	return aws.ToString(r.CidrIpv4) + aws.ToString(r.CidrIpv6) + aws.ToString(r.PrefixListId) + ref
}

// ruleKey is everything by which EC2 tells rules apart; the description is not.
func ruleKey(r ec2types.SecurityGroupRule) string {
	return fmt.Sprintf("peer: %s, %s, from port: %d, to port: %d, egress: %t", peer(r), *r.IpProtocol, *r.FromPort, *r.ToPort, *r.IsEgress)
}

// permissionOf is a rule as a permission.
func permissionOf(r ec2types.SecurityGroupRule) ec2types.IpPermission {
	r = clone(r)
	p := ec2types.IpPermission{IpProtocol: r.IpProtocol}
	switch *r.IpProtocol {
	case "tcp", "udp", "icmp", "icmpv6":
		p.FromPort, p.ToPort = r.FromPort, r.ToPort
	}
	switch {
	case r.CidrIpv4 != nil:
		p.IpRanges = []ec2types.IpRange{{CidrIp: r.CidrIpv4, Description: r.Description}}
	case r.CidrIpv6 != nil:
		p.Ipv6Ranges = []ec2types.Ipv6Range{{CidrIpv6: r.CidrIpv6, Description: r.Description}}
	case r.PrefixListId != nil:
		p.PrefixListIds = []ec2types.PrefixListId{{PrefixListId: r.PrefixListId, Description: r.Description}}
	case r.ReferencedGroupInfo != nil:
		p.UserIdGroupPairs = []ec2types.UserIdGroupPair{{
			GroupId: r.ReferencedGroupInfo.GroupId, UserId: r.ReferencedGroupInfo.UserId, Description: r.Description,
		}}
	}
	return p
}

// permissions are a direction's rules put together by protocol and ports, as DescribeSecurityGroups shows them, in
// one order whatever the history.
func permissions(g *group, egress bool) []ec2types.IpPermission {
	rules := slices.DeleteFunc(slices.Clone(g.Rules), func(r ec2types.SecurityGroupRule) bool { return *r.IsEgress != egress })
	slices.SortFunc(rules, func(a, b ec2types.SecurityGroupRule) int {
		return cmp.Or(cmp.Compare(*a.IpProtocol, *b.IpProtocol), cmp.Compare(*a.FromPort, *b.FromPort),
			cmp.Compare(*a.ToPort, *b.ToPort), cmp.Compare(peer(a), peer(b)))
	})
	out := []ec2types.IpPermission{}
	last := ""
	for _, r := range rules {
		p, key := permissionOf(r), fmt.Sprint(*r.IpProtocol, " ", *r.FromPort, " ", *r.ToPort)
		if key != last {
			out, last = append(out, p), key
			continue
		}
		into := &out[len(out)-1]
		into.IpRanges = append(into.IpRanges, p.IpRanges...)
		into.Ipv6Ranges = append(into.Ipv6Ranges, p.Ipv6Ranges...)
		into.PrefixListIds = append(into.PrefixListIds, p.PrefixListIds...)
		into.UserIdGroupPairs = append(into.UserIdGroupPairs, p.UserIdGroupPairs...)
	}
	return out
}
