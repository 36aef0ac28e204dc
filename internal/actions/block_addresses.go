package actions

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"golang.org/x/sync/errgroup"

	"cordon/internal/action"
)

// mostBlocked bounds the addresses of one case: a network ACL has room for few rules, and others need some.
const mostBlocked = 8

// special are the blocks that netip does not tell from the public Internet and that no host there has.
// https://www.iana.org/assignments/iana-ipv4-special-registry and …/iana-ipv6-special-registry
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b:1::/48"),
}

// publicAddress reads an address of the public Internet; why says what keeps another one from being that.
func publicAddress(text string) (addr netip.Addr, why string) {
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" {
		return addr, "it is no address"
	}
	addr = addr.Unmap()
	if !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return addr, "it is no address of the public Internet"
	}
	for _, p := range special {
		if p.Contains(addr) {
			return addr, "it is no address of the public Internet"
		}
	}
	return addr, ""
}

// candidates are the addresses that may be blocked as far as they themselves tell, each once, at most mostBlocked; the
// others are in left with the reason.
func candidates(addresses, never []string) (out []netip.Addr, left map[string]string) {
	left, seen := map[string]string{}, map[netip.Addr]bool{}
	for _, text := range addresses {
		addr, why := publicAddress(text)
		if why == "" && spared(addr, never) {
			why = "ec2.never_block keeps it"
		}
		switch {
		case why == "" && seen[addr]:
		case why == "" && len(out) == mostBlocked:
			left[addr.String()] = fmt.Sprintf("a case blocks at most %d addresses", mostBlocked)
		case why == "":
			seen[addr] = true
			out = append(out, addr)
		default:
			left[text] = why
		}
	}
	return out, left
}

// spared says whether an address is one of those, or in one of those blocks.
func spared(addr netip.Addr, never []string) bool {
	return slices.ContainsFunc(never, func(text string) bool {
		if block, err := netip.ParsePrefix(text); err == nil {
			return block.Contains(addr)
		}
		one, err := netip.ParseAddr(text)
		return err == nil && one.Unmap() == addr
	})
}

// network is what the account says of addresses: those that are its own or AWS's are not blocked.
type network struct {
	private []netip.Prefix    // that the VPC's routes lead to without the Internet, with the reason
	reason  map[string]string // by private's text
	owned   map[netip.Addr]string
	ipv6    bool
}

// readNetwork reads, side by side, the routes of the VPCs, AWS's prefix lists and who of the account has the addresses.
func readNetwork(ctx context.Context, env *action.Env, vpcs []string, addresses []netip.Addr) (network, error) {
	n := network{reason: map[string]string{}, owned: map[netip.Addr]string{}}
	var tables []ec2types.RouteTable
	var lists []ec2types.PrefixList
	var public, six []ec2types.NetworkInterface
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { tables, err = describeRouteTables(ctx, env, vpcs); return err })
	g.Go(func() error {
		pages := ec2.NewDescribePrefixListsPaginator(env.EC2, &ec2.DescribePrefixListsInput{})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return wrap("read", "AWS's prefix lists", err)
			}
			lists = append(lists, page.PrefixLists...)
		}
		return nil
	})
	for filterName, four := range map[string]bool{"association.public-ip": true, "ipv6-addresses.ipv6-address": false} {
		var values []string
		for _, a := range addresses {
			if a.Is4() == four {
				values = append(values, a.String())
			}
		}
		if len(values) == 0 {
			continue
		}
		into := &six
		if four {
			into = &public
		}
		g.Go(func() (err error) { *into, err = interfacesWhere(ctx, env, filter(filterName, values...)); return err })
	}
	if err := g.Wait(); err != nil {
		return n, err
	}
	n.addRoutes(tables)
	for _, l := range lists {
		for _, c := range l.Cidrs {
			n.addPrivate(c, "it belongs to "+aws.ToString(l.PrefixListName))
		}
	}
	n.addOwned(public)
	n.addOwned(six)
	return n, nil
}

// addRoutes takes what is reached without the Internet: the VPC itself, peers, transit gateways, VPNs. A default route is
// no such destination wherever it leads.
func (n *network) addRoutes(tables []ec2types.RouteTable) {
	for _, t := range tables {
		for _, r := range t.Routes {
			to := aws.ToString(r.DestinationCidrBlock) + aws.ToString(r.DestinationIpv6CidrBlock)
			gateway := aws.ToString(r.GatewayId)
			switch {
			case gateway == "local":
				n.ipv6 = n.ipv6 || r.DestinationIpv6CidrBlock != nil
				n.addPrivate(to, "it is an address of "+aws.ToString(t.VpcId))
			case strings.HasPrefix(gateway, "vgw-"), r.VpcPeeringConnectionId != nil, r.TransitGatewayId != nil,
				r.LocalGatewayId != nil, r.CoreNetworkArn != nil:
				n.addPrivate(to, "route table "+aws.ToString(t.RouteTableId)+" leads to it privately")
			}
		}
	}
}

func (n *network) addPrivate(block, why string) {
	if p, err := netip.ParsePrefix(block); err == nil && p.Bits() > 0 {
		n.private = append(n.private, p)
		n.reason[p.String()] = why
	}
}

func (n *network) addOwned(interfaces []ec2types.NetworkInterface) {
	for _, i := range interfaces {
		why := "network interface " + aws.ToString(i.NetworkInterfaceId) + " of this account has it"
		for _, a := range i.Ipv6Addresses {
			if ip, err := netip.ParseAddr(aws.ToString(a.Ipv6Address)); err == nil {
				n.owned[ip] = why
			}
		}
		for _, a := range append([]ec2types.NetworkInterfacePrivateIpAddress{{Association: i.Association}}, i.PrivateIpAddresses...) {
			if a.Association != nil {
				if ip, err := netip.ParseAddr(aws.ToString(a.Association.PublicIp)); err == nil {
					n.owned[ip] = why
				}
			}
		}
	}
}

// keeps says why an address is not to be blocked, "" where nothing speaks against it.
func (n *network) keeps(addr netip.Addr) string {
	for _, p := range n.private {
		if p.Contains(addr) {
			return n.reason[p.String()]
		}
	}
	if addr.Is6() && !n.ipv6 {
		return "the VPC has no IPv6"
	}
	return n.owned[addr]
}

func describeRouteTables(ctx context.Context, env *action.Env, vpcs []string) (out []ec2types.RouteTable, err error) {
	pages := ec2.NewDescribeRouteTablesPaginator(env.EC2, &ec2.DescribeRouteTablesInput{Filters: []ec2types.Filter{filter("vpc-id", vpcs...)}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, wrap("read route tables of", strings.Join(vpcs, ", "), err)
		}
		out = append(out, page.RouteTables...)
	}
	return out, nil
}

func interfacesWhere(ctx context.Context, env *action.Env, filters ...ec2types.Filter) (out []ec2types.NetworkInterface, err error) {
	pages := ec2.NewDescribeNetworkInterfacesPaginator(env.EC2, &ec2.DescribeNetworkInterfacesInput{Filters: filters})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, wrap("read network interfaces by", aws.ToString(filters[0].Name), err)
		}
		out = append(out, page.NetworkInterfaces...)
	}
	return out, nil
}
