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

// newInterface describes a network interface to make.
type newInterface struct {
	ID, Subnet, Description string
	Groups                  []ec2types.GroupIdentifier
	Type                    ec2types.NetworkInterfaceType // interface if empty
	IP                      string                        // the lowest free address if empty
	Secondary, IPv6         []string
	IPv6Count               int    // how many IPv6 addresses AWS chooses
	Public                  string // public IPv4 address; none if empty
}

// addInterface makes an interface; it refuses addresses that are outside the subnet or taken, before any change.
func (s *state) addInterface(r *region, spec newInterface) (*ec2types.NetworkInterface, error) {
	e := &r.EC2
	sub, err := find(e.Subnets, kindSubnet(), spec.Subnet)
	if err != nil {
		return nil, err
	}
	if spec.IP == "" {
		if spec.IP, err = e.freeAddress(sub); err != nil {
			return nil, err
		}
	}
	four, six := netip.MustParsePrefix(*sub.CidrBlock), netip.Prefix{}
	if len(sub.Ipv6CidrBlockAssociationSet) > 0 {
		six = netip.MustParsePrefix(*sub.Ipv6CidrBlockAssociationSet[0].Ipv6CidrBlock)
	}
	for next := six.Addr(); spec.IPv6Count > 0 && six.IsValid(); {
		next = next.Next()
		if e.interfaceAt(*sub.VpcId, next) == nil {
			spec.IPv6, spec.IPv6Count = append(spec.IPv6, next.String()), spec.IPv6Count-1
		}
	}
	if spec.IPv6Count > 0 {
		return nil, apiError(400, "InvalidParameterValue", "The subnet '%s' has no IPv6 CIDR block", spec.Subnet)
	}
	for _, ip := range slices.Concat([]string{spec.IP}, spec.Secondary, spec.IPv6) {
		addr, err := netip.ParseAddr(ip)
		if err != nil || !four.Contains(addr) && !six.Contains(addr) {
			return nil, apiError(400, "InvalidParameterValue", "Address %s does not fall within the subnet's address range", ip)
		}
		if e.interfaceAt(*sub.VpcId, addr) != nil {
			return nil, apiError(400, "InvalidIPAddress.InUse", "Address %s is in use.", ip)
		}
	}
	ni := interfaceOf(s, sub, spec)
	e.Interfaces[spec.ID] = ni
	return ni, nil
}

func interfaceOf(s *state, sub *ec2types.Subnet, spec newInterface) *ec2types.NetworkInterface {
	if spec.Type == "" {
		spec.Type = ec2types.NetworkInterfaceTypeInterface
	}
	dns := privateDNS(spec.IP)
	ni := &ec2types.NetworkInterface{
		NetworkInterfaceId: aws.String(spec.ID), SubnetId: sub.SubnetId, VpcId: sub.VpcId, AvailabilityZone: sub.AvailabilityZone,
		Description: aws.String(spec.Description), OwnerId: aws.String(s.Account), Groups: clone(spec.Groups),
		InterfaceType: spec.Type, Status: ec2types.NetworkInterfaceStatusAvailable, SourceDestCheck: aws.Bool(true),
		RequesterManaged: aws.Bool(spec.Type != ec2types.NetworkInterfaceTypeInterface),
		MacAddress:       aws.String(mac(spec.ID)), PrivateIpAddress: aws.String(spec.IP), PrivateDnsName: aws.String(dns),
		PrivateIpAddresses: []ec2types.NetworkInterfacePrivateIpAddress{{
			Primary: aws.Bool(true), PrivateIpAddress: aws.String(spec.IP), PrivateDnsName: aws.String(dns),
		}},
	}
	for _, ip := range spec.Secondary {
		ni.PrivateIpAddresses = append(ni.PrivateIpAddresses, ec2types.NetworkInterfacePrivateIpAddress{
			Primary: aws.Bool(false), PrivateIpAddress: aws.String(ip), PrivateDnsName: aws.String(privateDNS(ip)),
		})
	}
	for _, ip := range spec.IPv6 {
		ni.Ipv6Addresses = append(ni.Ipv6Addresses, ec2types.NetworkInterfaceIpv6Address{Ipv6Address: aws.String(ip), IsPrimaryIpv6: aws.Bool(false)})
	}
	if spec.Public != "" {
		ni.Association = &ec2types.NetworkInterfaceAssociation{
			PublicIp: aws.String(spec.Public), IpOwnerId: aws.String("amazon"),
			PublicDnsName: aws.String("ec2-" + strings.ReplaceAll(spec.Public, ".", "-") + ".compute-1.amazonaws.com"),
		}
		ni.PrivateIpAddresses[0].Association = clone(ni.Association)
	}
	return ni
}

func privateDNS(ip string) string {
	return "ip-" + strings.ReplaceAll(ip, ".", "-") + ".ec2.internal"
}

// mac makes a locally administered address out of an interface's id.
func mac(id string) string {
	sum := digest(id)
	return fmt.Sprintf("02:%s:%s:%s:%s:%s", sum[0:2], sum[2:4], sum[4:6], sum[6:8], sum[8:10])
}

// attachInterface puts an interface onto an instance.
func (s *state) attachInterface(ni *ec2types.NetworkInterface, instanceID string, index int32, deleteOnTermination bool, now time.Time) {
	ni.Status = ec2types.NetworkInterfaceStatusInUse
	ni.Attachment = &ec2types.NetworkInterfaceAttachment{
		AttachmentId: aws.String(s.newID("eni-attach")), InstanceId: aws.String(instanceID), DeviceIndex: aws.Int32(index),
		DeleteOnTermination: aws.Bool(deleteOnTermination), Status: ec2types.AttachmentStatusAttached, AttachTime: aws.Time(now),
		InstanceOwnerId: aws.String(s.Account), NetworkCardIndex: aws.Int32(0),
	}
}

// interfacesOf are an instance's interfaces by device index.
func (e *ec2State) interfacesOf(instanceID string) []*ec2types.NetworkInterface {
	var out []*ec2types.NetworkInterface
	for _, id := range sortedKeys(e.Interfaces) {
		if a := e.Interfaces[id].Attachment; a != nil && aws.ToString(a.InstanceId) == instanceID {
			out = append(out, e.Interfaces[id])
		}
	}
	slices.SortStableFunc(out, func(a, b *ec2types.NetworkInterface) int {
		return int(*a.Attachment.DeviceIndex - *b.Attachment.DeviceIndex)
	})
	return out
}

// detachInterface takes an interface off its instance.
func detachInterface(ni *ec2types.NetworkInterface) {
	ni.Attachment, ni.Status = nil, ec2types.NetworkInterfaceStatusAvailable
}

// vpcOf is the VPC of an instance: that of its interfaces, the primary one first.
func (e *ec2State) vpcOf(instanceID string) string {
	for _, ni := range e.interfacesOf(instanceID) {
		return aws.ToString(ni.VpcId)
	}
	return ""
}
