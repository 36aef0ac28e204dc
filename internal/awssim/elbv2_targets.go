package awssim

import (
	"net/netip"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbv2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func registerTargets(x *request, in *elbv2.RegisterTargetsInput) (*elbv2.RegisterTargetsOutput, error) {
	r := x.st.region(x.Region)
	g, err := r.ELBV2.group(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	zones := make([]string, len(in.Targets))
	for i, d := range in.Targets {
		if zones[i], err = r.checkTarget(g, d); err != nil {
			return nil, err
		}
	}
	for i, d := range in.Targets {
		g.add(*d.Id, g.portOf(d), x.now).Zone = zones[i]
	}
	return &elbv2.RegisterTargetsOutput{}, nil
}

// deregisterTargets takes a target that is not registered as deregistered already, as AWS documents.
func deregisterTargets(x *request, in *elbv2.DeregisterTargetsInput) (*elbv2.DeregisterTargetsOutput, error) {
	r := x.st.region(x.Region)
	g, err := r.ELBV2.group(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	for _, d := range in.Targets {
		if err := g.checkTargetForm(d); err != nil {
			return nil, err
		}
	}
	used := r.ELBV2.used(g)
	for _, d := range in.Targets {
		g.remove(*d.Id, g.portOf(d), x.now, used)
	}
	return &elbv2.DeregisterTargetsOutput{}, nil
}

func invalidTarget(message string) error {
	return httpError(400, &elbv2types.InvalidTargetException{Message: &message})
}

// checkTargetForm holds a target's id and port against the group's target type.
func (g *targetGroup) checkTargetForm(d elbv2types.TargetDescription) error {
	id := aws.ToString(d.Id)
	if port := g.portOf(d); port < 1 || port > 65535 {
		return validationError("Port '%d' is not valid: it must be between 1 and 65535", port)
	}
	if g.Group.TargetType == elbv2types.TargetTypeEnumInstance {
		if !strings.HasPrefix(id, "i-") {
			return validationError("Instance ID '%s' is not valid", id)
		}
		return nil
	}
	if _, err := netip.ParseAddr(id); err != nil {
		return validationError("The IP address '%s' is not a valid IPv4 address", id)
	}
	return nil
}

// checkTarget refuses what cannot be registered, and gives the Availability Zone of an address.
func (r *region) checkTarget(g *targetGroup, d elbv2types.TargetDescription) (zone string, err error) {
	if err := g.checkTargetForm(d); err != nil {
		return "", err
	}
	id := *d.Id
	if g.Group.TargetType != elbv2types.TargetTypeEnumInstance {
		return r.addressZone(g, d)
	}
	i, ok := r.EC2.Instances[id]
	switch {
	case !ok || i.State != nil && i.State.Name == ec2types.InstanceStateNameTerminated:
		return "", invalidTarget("The following targets are not valid instances: '" + id + "'")
	case !r.EC2.isRunning(id):
		return "", invalidTarget("The following targets are not in a running state and cannot be registered: '" + id + "'")
	case r.EC2.vpcOf(id) != aws.ToString(g.Group.VpcId):
		return "", invalidTarget("The following targets are not in the target group VPC '" + aws.ToString(g.Group.VpcId) + "': '" + id + "'")
	}
	return "", nil
}

// addressZone is the zone of the subnet that an address lies in; one outside the VPC must be private and registered
// for all zones.
func (r *region) addressZone(g *targetGroup, d elbv2types.TargetDescription) (string, error) {
	addr, err := netip.ParseAddr(*d.Id)
	if err != nil {
		return "", validationError("The IP address '%s' is not a valid IPv4 address", *d.Id)
	}
	for _, id := range sortedKeys(r.EC2.Subnets) {
		s := r.EC2.Subnets[id]
		if aws.ToString(s.VpcId) != aws.ToString(g.Group.VpcId) {
			continue
		}
		blocks := []string{aws.ToString(s.CidrBlock)}
		for _, a := range s.Ipv6CidrBlockAssociationSet {
			blocks = append(blocks, aws.ToString(a.Ipv6CidrBlock))
		}
		for _, b := range blocks {
			if p, err := netip.ParsePrefix(b); err == nil && p.Contains(addr) {
				return aws.ToString(s.AvailabilityZone), nil
			}
		}
	}
	if !addr.IsPrivate() {
		return "", validationError("The IP address '%s' is not within a valid private IP address range", *d.Id)
	}
	if aws.ToString(d.AvailabilityZone) != "all" {
		return "", validationError("You must specify an Availability Zone of 'all' when registering targets outside the VPC: '%s'", *d.Id)
	}
	return "all", nil
}
