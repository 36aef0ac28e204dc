package awssim

import (
	"net/netip"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// packet is traffic between an interface and a remote address, as groups and network ACLs judge it.
type packet struct {
	Egress   bool // whether the connection starts at the interface
	Protocol string
	Port     int // of the side that is connected to; the type for ICMP
	Remote   netip.Addr
}

// groupsAllow says whether a rule of an interface's groups lets a new connection through.
func (e *ec2State) groupsAllow(region string, ni *ec2types.NetworkInterface, p packet) bool {
	for _, rule := range e.rulesOn(ni) {
		if *rule.IsEgress == p.Egress && ruleCovers(rule, p.Protocol, p.Port) && e.peerCovers(region, ni, rule, p.Remote) {
			return true
		}
	}
	return false
}

// rulesOn are the rules of all of an interface's groups.
func (e *ec2State) rulesOn(ni *ec2types.NetworkInterface) []ec2types.SecurityGroupRule {
	var out []ec2types.SecurityGroupRule
	for _, g := range ni.Groups {
		if group, ok := e.Groups[*g.GroupId]; ok {
			out = append(out, group.Rules...)
		}
	}
	return out
}

func ruleCovers(r ec2types.SecurityGroupRule, protocol string, port int) bool {
	if *r.IpProtocol == "-1" {
		return true
	}
	if *r.IpProtocol != protocol {
		return false
	}
	return *r.FromPort == -1 || int(*r.FromPort) <= port && port <= int(*r.ToPort)
}

func (e *ec2State) peerCovers(region string, ni *ec2types.NetworkInterface, r ec2types.SecurityGroupRule, remote netip.Addr) bool {
	switch {
	case r.CidrIpv4 != nil:
		return netip.MustParsePrefix(*r.CidrIpv4).Contains(remote)
	case r.CidrIpv6 != nil:
		return netip.MustParsePrefix(*r.CidrIpv6).Contains(remote)
	case r.PrefixListId != nil:
		has, _ := prefixListHas(region, *r.PrefixListId, remote)
		return has
	case r.ReferencedGroupInfo != nil:
		other := e.interfaceAt(*ni.VpcId, remote)
		if other == nil {
			return false
		}
		for _, g := range other.Groups {
			if *g.GroupId == aws.ToString(r.ReferencedGroupInfo.GroupId) {
				return true
			}
		}
	}
	return false
}

// anywhere says whether a rule names every address of the remote's family.
func anywhere(r ec2types.SecurityGroupRule, remote netip.Addr) bool {
	if remote.Is4() {
		return aws.ToString(r.CidrIpv4) == "0.0.0.0/0"
	}
	return aws.ToString(r.CidrIpv6) == "::/0"
}

// untracked says whether the groups let a flow through without keeping state: a rule allows it from or to
// everywhere, and a rule the other way allows all ports from or to everywhere (EC2 user guide, "Security group
// connection tracking").
func (e *ec2State) untracked(ni *ec2types.NetworkInterface, p packet) bool {
	if p.Protocol != "tcp" && p.Protocol != "udp" {
		return false
	}
	forward, back := false, false
	for _, r := range e.rulesOn(ni) {
		if !anywhere(r, p.Remote) {
			continue
		}
		if *r.IsEgress == p.Egress {
			forward = forward || ruleCovers(r, p.Protocol, p.Port)
		} else {
			back = back || ruleCovers(r, p.Protocol, 0) && ruleCovers(r, p.Protocol, 65535)
		}
	}
	return forward && back
}

// ephemeralPort stands for the port from which a client connects.
const ephemeralPort = 50000

// naclAllows says whether the subnet's network ACL lets a connection's packets through both ways: it keeps no state.
func (e *ec2State) naclAllows(ni *ec2types.NetworkInterface, p packet) bool {
	acl := e.naclOf(aws.ToString(ni.SubnetId))
	if acl == nil {
		return true
	}
	in, out := p.Port, ephemeralPort
	if p.Egress {
		in, out = ephemeralPort, p.Port
	}
	return entryAllows(acl, false, p.Protocol, in, p.Remote) && entryAllows(acl, true, p.Protocol, out, p.Remote)
}

// entryAllows takes the first entry, by number, that matches.
func entryAllows(acl *ec2types.NetworkAcl, egress bool, protocol string, port int, remote netip.Addr) bool {
	number, _ := protocolNumber(protocol)
	for _, n := range acl.Entries {
		block, err := netip.ParsePrefix(aws.ToString(n.CidrBlock) + aws.ToString(n.Ipv6CidrBlock))
		if *n.Egress != egress || err != nil || !block.Contains(remote) {
			continue
		}
		if *n.Protocol != "-1" && *n.Protocol != number {
			continue
		}
		if n.PortRange != nil && (port < int(*n.PortRange.From) || port > int(*n.PortRange.To)) {
			continue
		}
		return n.RuleAction == ec2types.RuleActionAllow
	}
	return false
}

// Reachable says whether a new TCP connection between a network interface and a remote address would be let
// through by groups and network ACL; direction is "inbound" or "outbound".
func (a *Account) Reachable(region, interfaceID, remote string, port int, direction string) bool {
	addr, err := netip.ParseAddr(remote)
	if err != nil {
		return false
	}
	ok := false
	err = a.locked(func() (bool, error) {
		e := &a.st.region(region).EC2
		ni, found := e.Interfaces[interfaceID]
		p := packet{Egress: direction == Outbound, Protocol: "tcp", Port: port, Remote: addr}
		ok = found && e.groupsAllow(region, ni, p) && e.naclAllows(ni, p)
		return false, nil
	})
	return ok && err == nil
}
