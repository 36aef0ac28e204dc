package awssim

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// nic is one interface of a launch: an existing one or one to make.
type nic struct {
	existing string
	make     newInterface
	index    int32
	deleted  bool // with the instance
}

func (x *request) checkedInterfaces(in *ec2.RunInstancesInput) ([]nic, error) {
	e := x.ec2()
	specs := in.NetworkInterfaces
	if len(specs) > 0 && (in.SubnetId != nil || len(in.SecurityGroupIds) > 0) {
		return nil, invalidCombination("Network interfaces and an instance-level subnet ID or security groups may not be specified on the same request")
	}
	if len(specs) == 0 {
		if in.SubnetId == nil {
			return nil, apiError(400, "VPCIdNotSpecified", "No default VPC for this user")
		}
		specs = []ec2types.InstanceNetworkInterfaceSpecification{{
			DeviceIndex: aws.Int32(0), SubnetId: in.SubnetId, Groups: in.SecurityGroupIds, PrivateIpAddress: in.PrivateIpAddress,
			Ipv6AddressCount: in.Ipv6AddressCount, Ipv6Addresses: in.Ipv6Addresses,
		}}
	}
	out := make([]nic, 0, len(specs))
	seen := map[int32]bool{}
	for _, s := range specs {
		if s.DeviceIndex == nil {
			return nil, missingParameter("DeviceIndex")
		}
		if seen[*s.DeviceIndex] {
			return nil, apiError(400, "InvalidParameterValue", "Each network interface requires a unique device index")
		}
		seen[*s.DeviceIndex] = true
		if s.NetworkInterfaceId != nil {
			ni, err := find(e.Interfaces, kindInterface(), *s.NetworkInterfaceId)
			if err != nil {
				return nil, err
			}
			if ni.Status != ec2types.NetworkInterfaceStatusAvailable {
				return nil, apiError(400, "InvalidNetworkInterface.InUse", "Interface: [%s] in use.", *ni.NetworkInterfaceId)
			}
			if *in.MaxCount > 1 {
				return nil, invalidCombination("Network interface IDs may not be specified when launching more than one instance")
			}
			out = append(out, nic{existing: *ni.NetworkInterfaceId, index: *s.DeviceIndex})
			continue
		}
		sub, err := find(e.Subnets, kindSubnet(), aws.ToString(s.SubnetId))
		if err != nil {
			return nil, err
		}
		groups, err := e.groupsOf(*sub.VpcId, s.Groups)
		if err != nil {
			return nil, err
		}
		n := nic{index: *s.DeviceIndex, deleted: s.DeleteOnTermination == nil || *s.DeleteOnTermination}
		n.make = newInterface{
			Subnet: *sub.SubnetId, Groups: groups, Description: aws.ToString(s.Description), IP: aws.ToString(s.PrivateIpAddress),
			IPv6Count: int(aws.ToInt32(s.Ipv6AddressCount)),
		}
		for _, a := range s.Ipv6Addresses {
			n.make.IPv6 = append(n.make.IPv6, aws.ToString(a.Ipv6Address))
		}
		out = append(out, n)
	}
	if !seen[0] {
		return nil, apiError(400, "InvalidParameterValue", "A network interface at device index 0 is required")
	}
	return out, nil
}
