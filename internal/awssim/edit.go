package awssim

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// Editor adds EC2 resources with given ids to one Region, for demos and tests; the SDK does everything else. What a
// method names (a VPC, a subnet, a group, an instance profile) must exist, else it fails as AWS would.
type Editor struct {
	s   *state
	r   *region
	now time.Time
}

// Edit runs f on a Region; when f fails, the account stays as it was.
func (a *Account) Edit(region string, f func(*Editor) error) error {
	return a.locked(func() (bool, error) {
		before := clone(a.st)
		if err := f(&Editor{s: a.st, r: a.st.region(region), now: time.Now().UTC()}); err != nil {
			a.st = before
			return false, fmt.Errorf("edit %s: %w", region, err)
		}
		return true, nil
	})
}

// VPC adds a VPC with its main route table, default network ACL and default group, over IPv6 too if asked.
func (ed *Editor) VPC(id, block string, ipv6 bool) error {
	p, err := netip.ParsePrefix(block)
	if err != nil {
		return invalidValue(block, "block")
	}
	ed.s.addVPC(ed.r, id, p.Masked(), ipv6)
	return nil
}

// Subnet adds a subnet; in a VPC with IPv6 it gets the /64 block of that number too.
func (ed *Editor) Subnet(id, vpc, block, zone string, number byte) error {
	v, err := find(ed.r.EC2.VPCs, kindVPC(), vpc)
	if err != nil {
		return err
	}
	p, err := netip.ParsePrefix(block)
	if err != nil {
		return invalidValue(block, "block")
	}
	if err := ed.r.EC2.subnetFits(v, p.Masked()); err != nil {
		return err
	}
	var six netip.Prefix
	for _, b := range ed.r.EC2.vpcBlocks(vpc) {
		if addr := b.Addr().As16(); b.Addr().Is6() {
			addr[7] = number
			six = netip.PrefixFrom(netip.AddrFrom16(addr), 64)
		}
	}
	ed.s.addSubnet(ed.r, id, v, p.Masked(), six, zone)
	return nil
}

// NetworkACL adds a network ACL that allows everything to a VPC, and puts the subnets under it.
func (ed *Editor) NetworkACL(id, vpc string, subnets ...string) error {
	v, err := find(ed.r.EC2.VPCs, kindVPC(), vpc)
	if err != nil {
		return err
	}
	ed.s.addNACL(ed.r, id, v)
	acl := ed.r.EC2.NACLs[id]
	acl.IsDefault = aws.Bool(false)
	for _, s := range subnets {
		if _, err := find(ed.r.EC2.Subnets, kindSubnet(), s); err != nil {
			return err
		}
		for _, other := range ed.r.EC2.NACLs {
			other.Associations = slices.DeleteFunc(other.Associations, func(a ec2types.NetworkAclAssociation) bool { return aws.ToString(a.SubnetId) == s })
		}
		acl.Associations = append(acl.Associations, ec2types.NetworkAclAssociation{
			NetworkAclAssociationId: aws.String(ed.s.newID("aclassoc")), NetworkAclId: acl.NetworkAclId, SubnetId: aws.String(s),
		})
	}
	return nil
}

// Gateway adds an internet gateway (igw-…) or a NAT gateway (nat-…) to a VPC.
func (ed *Editor) Gateway(id, vpc string) error {
	if _, err := find(ed.r.EC2.VPCs, kindVPC(), vpc); err != nil {
		return err
	}
	ed.r.EC2.Gateways[id] = &gateway{ID: id, VPC: vpc}
	return nil
}

// RouteTable adds a route table whose default route leads to a gateway, for the subnets named.
func (ed *Editor) RouteTable(id, vpc, gateway string, subnets ...string) error {
	v, err := find(ed.r.EC2.VPCs, kindVPC(), vpc)
	if err != nil {
		return err
	}
	t := ed.s.addRouteTable(ed.r, id, v, false)
	t.Routes = append(t.Routes, newRoute(netip.MustParsePrefix("0.0.0.0/0"), gateway, ec2types.RouteOriginCreateRoute))
	if strings.HasPrefix(gateway, "igw-") && len(v.Ipv6CidrBlockAssociationSet) > 0 {
		t.Routes = append(t.Routes, newRoute(netip.MustParsePrefix("::/0"), gateway, ec2types.RouteOriginCreateRoute))
	}
	for _, s := range subnets {
		if _, err := find(ed.r.EC2.Subnets, kindSubnet(), s); err != nil {
			return err
		}
		ed.s.associate(t, s)
	}
	return nil
}

// Route adds a route to a route table: to a NAT gateway (nat-…), an egress-only internet gateway (eigw-…), a transit gateway
// (tgw-…), a peering connection (pcx-…) or, as to any other gateway, a firewall endpoint (vpce-…). What it leads to need not
// be there.
func (ed *Editor) Route(table, block, target string) error {
	t, err := find(ed.r.EC2.RouteTables, kindRouteTable(), table)
	if err != nil {
		return err
	}
	to, err := netip.ParsePrefix(block)
	if err != nil {
		return invalidValue(block, "destinationCidrBlock")
	}
	route := newRoute(to.Masked(), target, ec2types.RouteOriginCreateRoute)
	field := map[string]**string{
		"eigw": &route.EgressOnlyInternetGatewayId, "tgw": &route.TransitGatewayId, "pcx": &route.VpcPeeringConnectionId,
	}
	if kind, _, _ := strings.Cut(target, "-"); field[kind] != nil {
		*field[kind], route.GatewayId = route.GatewayId, nil
	}
	t.Routes = append(t.Routes, route)
	return nil
}

// Endpoint adds an interface endpoint for a service of AWS's, such as ssm, with private DNS.
func (ed *Editor) Endpoint(id, vpc, service string, groups, subnets []string) error {
	ids, err := ed.r.EC2.groupsOf(vpc, groups)
	if err != nil {
		return err
	}
	_, err = ed.s.addEndpoint(ed.r, ed.now, endpoint{
		ID: id, VPC: vpc, Service: "com.amazonaws." + ed.r.Name + "." + service, Kind: ec2types.VpcEndpointTypeInterface,
		Subnets: subnets, Groups: ids, PrivateDNS: true,
	})
	return err
}

// Rule is one rule of a group. Peer is a block, a group (sg-…) or a prefix list (pl-…).
type Rule struct {
	Egress   bool
	Protocol string // -1 for all
	From, To int32  // -1 for all
	Peer     string
}

// Group adds a security group with AWS's default egress and the rules given.
func (ed *Editor) Group(id, vpc, name string, rules ...Rule) error {
	v, err := find(ed.r.EC2.VPCs, kindVPC(), vpc)
	if err != nil {
		return err
	}
	g := ed.s.addGroup(ed.r, id, name, name+" servers", v)
	for _, r := range rules {
		rule := ec2types.SecurityGroupRule{
			IsEgress: aws.Bool(r.Egress), IpProtocol: aws.String(r.Protocol), FromPort: aws.Int32(r.From), ToPort: aws.Int32(r.To),
		}
		switch p, err := netip.ParsePrefix(r.Peer); {
		case strings.HasPrefix(r.Peer, "sg-"):
			rule.ReferencedGroupInfo = &ec2types.ReferencedSecurityGroup{GroupId: aws.String(r.Peer), UserId: aws.String(ed.s.Account)}
		case strings.HasPrefix(r.Peer, "pl-"):
			rule.PrefixListId = aws.String(r.Peer)
		case err != nil:
			return invalidValue(r.Peer, "peer")
		case p.Addr().Is4():
			rule.CidrIpv4 = aws.String(p.Masked().String())
		default:
			rule.CidrIpv6 = aws.String(p.Masked().String())
		}
		ed.s.addRule(g, rule)
	}
	return nil
}

// Tag tags anything by its id, with any key.
func (ed *Editor) Tag(id, key, value string) { ed.r.EC2.setTag(id, key, value) }
