package awssim

import (
	"net/netip"

	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// ingressAllowed says whether the instance's primary interface lets a TCP connection from inside its VPC reach
// port, as a load balancer's health check is.
func (s *state) ingressAllowed(r *region, instanceID string, port int) bool {
	nics := r.EC2.interfacesOf(instanceID)
	if len(nics) == 0 {
		return false
	}
	for _, block := range r.EC2.vpcBlocks(*nics[0].VpcId) {
		p := packet{Protocol: "tcp", Port: port, Remote: block.Addr().Next()}
		if r.EC2.groupsAllow(r.Name, nics[0], p) && r.EC2.naclAllows(nics[0], p) {
			return true
		}
	}
	return false
}

// egressAllowed says whether the instance can open a TCP connection to Systems Manager: to the VPC's interface
// endpoints for ssm and ssmmessages where it has both (their private DNS names then win), else to any address.
func (s *state) egressAllowed(r *region, instanceID string, port int) bool {
	e := &r.EC2
	nics := e.interfacesOf(instanceID)
	if len(nics) == 0 {
		return false
	}
	vpc := *nics[0].VpcId
	api, messages := e.endpointFor(vpc, r.Name, "ssm"), e.endpointFor(vpc, r.Name, "ssmmessages")
	if api == nil || messages == nil {
		p := packet{Egress: true, Protocol: "tcp", Port: port, Remote: netip.AddrFrom4([4]byte{52, 94, 228, 178})} // one of AWS's own
		return e.groupsAllow(r.Name, nics[0], p) && e.naclAllows(nics[0], p)
	}
	return e.reachesEndpoint(r.Name, nics[0], api, port) && e.reachesEndpoint(r.Name, nics[0], messages, port)
}

// endpointFor is a VPC's interface endpoint for a service of AWS's, nil if none.
func (e *ec2State) endpointFor(vpc, region, service string) *ec2types.VpcEndpoint {
	for _, id := range sortedKeys(e.Endpoints) {
		ep := e.Endpoints[id]
		if *ep.VpcId == vpc && *ep.ServiceName == "com.amazonaws."+region+"."+service && ep.VpcEndpointType == ec2types.VpcEndpointTypeInterface {
			return ep
		}
	}
	return nil
}

// reachesEndpoint says whether both sides' groups let a connection from the interface to the endpoint through.
func (e *ec2State) reachesEndpoint(region string, ni *ec2types.NetworkInterface, ep *ec2types.VpcEndpoint, port int) bool {
	for _, id := range ep.NetworkInterfaceIds {
		side, ok := e.Interfaces[id]
		if !ok {
			continue
		}
		out := packet{Egress: true, Protocol: "tcp", Port: port, Remote: netip.MustParseAddr(*side.PrivateIpAddress)}
		in := packet{Protocol: "tcp", Port: port, Remote: netip.MustParseAddr(*ni.PrivateIpAddress)}
		if e.groupsAllow(region, ni, out) && e.naclAllows(ni, out) && e.groupsAllow(region, side, in) {
			return true
		}
	}
	return false
}
