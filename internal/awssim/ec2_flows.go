package awssim

import (
	"net/netip"
	"strings"

	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// A flow's Direction: which side opened the connection.
const (
	Inbound  = "inbound"
	Outbound = "outbound"
)

// A flow's Via: what it passes on its way. All but the internet gateway and the VPC itself make AWS track it always.
const (
	ViaVPC             = "vpc"
	ViaInternetGateway = "internet-gateway"
	ViaNATGateway      = "nat-gateway"
	ViaNLB             = "nlb"
	ViaPrivateLink     = "privatelink"
	ViaEgressOnly      = "egress-only-gateway"
	ViaFirewall        = "firewall-endpoint"
	ViaTransitGateway  = "transit-gateway" // and behind it what tracks always
)

// Flow is one connection of a network interface.
//
// What becomes of a live flow when the groups of its interface, their rules or the subnet's network ACL change
// (EC2 user guide, "Security group connection tracking"):
//
//	tracked   ─ no rule allows it any more ──────→ lives on
//	tracked   ─ untracked rules, Via permitting ─→ untracked
//	untracked ─ no rule allows it any more ──────→ dead at once
//	untracked ─ allowed, but by narrower rules ──→ tracked
//	either    ─ network ACL denies it ───────────→ dead at once
type Flow struct {
	ID        string // given by OpenFlow
	Interface string // eni-…
	Remote    string // address, IPv4 or IPv6
	Port      int    // of the side that is connected to
	Protocol  string // tcp, udp, icmp; tcp if empty
	Direction string // Inbound or Outbound
	Via       string // ViaInternetGateway if empty
	Tracked   bool   // given by OpenFlow and the account
	Alive     bool   // given by OpenFlow and the account
}

// packet is what groups and network ACLs see of the flow.
func (f *Flow) packet() (packet, error) {
	addr, err := netip.ParseAddr(f.Remote)
	return packet{Egress: f.Direction == Outbound, Protocol: f.Protocol, Port: f.Port, Remote: addr}, err
}

// alwaysTracked says whether AWS tracks the flow whatever the rules.
func (f *Flow) alwaysTracked() bool {
	return strings.HasPrefix(f.Protocol, "icmp") || f.Via != ViaInternetGateway && f.Via != ViaVPC
}

// OpenFlow opens a connection and gives its id. A flow that groups or network ACL do not allow now, or of an
// interface that is not there, is an error.
func (a *Account) OpenFlow(region string, f Flow) (id string, err error) {
	err = a.locked(func() (bool, error) {
		id, err = a.st.openFlow(a.st.region(region), f)
		return true, err
	})
	return id, err
}

func (s *state) openFlow(r *region, f Flow) (string, error) {
	e := &r.EC2
	if f.Protocol == "" {
		f.Protocol = "tcp"
	}
	if f.Via == "" {
		f.Via = ViaInternetGateway
	}
	ni, err := find(e.Interfaces, kindInterface(), f.Interface)
	if err != nil {
		return "", err
	}
	p, err := f.packet()
	if err != nil {
		return "", invalidValue(f.Remote, "remote")
	}
	if f.Direction != Inbound && f.Direction != Outbound {
		return "", invalidValue(f.Direction, "direction")
	}
	if !e.carries(ni) || !e.groupsAllow(r.Name, ni, p) || !e.naclAllows(ni, p) {
		return "", apiError(400, "FlowRefused", "No rule lets %s %s:%d through %s", f.Direction, f.Remote, f.Port, f.Interface)
	}
	f.ID, f.Alive = s.newID("flow"), true
	f.Tracked = f.alwaysTracked() || !e.untracked(ni, p)
	e.Flows[f.ID] = &f
	return f.ID, nil
}

// Flows are all the connections of a Region that were ever opened, sorted by id.
func (a *Account) Flows(region string) []Flow {
	var out []Flow
	_ = a.locked(func() (bool, error) { // reading what memory holds cannot fail for the caller: no sandbox, no flows
		flows := a.st.region(region).EC2.Flows
		for _, id := range sortedKeys(flows) {
			out = append(out, *flows[id])
		}
		return false, nil
	})
	return out
}

// settleFlows lets every live flow feel the present groups, rules and network ACLs.
func (e *ec2State) settleFlows(region string) {
	for _, f := range e.Flows {
		if !f.Alive {
			continue
		}
		ni, ok := e.Interfaces[f.Interface]
		p, err := f.packet()
		if !ok || err != nil || !e.carries(ni) || !e.naclAllows(ni, p) {
			f.Alive = false
			continue
		}
		switch open := e.untracked(ni, p); {
		case f.alwaysTracked():
		case open:
			f.Tracked = false
		case f.Tracked:
		case e.groupsAllow(region, ni, p):
			f.Tracked = true
		default:
			f.Alive = false
		}
	}
}

// carries says whether an interface is on an instance that runs, or is AWS's own.
func (e *ec2State) carries(ni *ec2types.NetworkInterface) bool {
	if ni.Attachment == nil {
		return ni.InterfaceType != ec2types.NetworkInterfaceTypeInterface
	}
	i, ok := e.Instances[*ni.Attachment.InstanceId]
	return ok && stateIn(i, ec2types.InstanceStateNamePending, ec2types.InstanceStateNameRunning)
}
