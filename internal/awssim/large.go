package awssim

import (
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"
	elbv2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// LargeOptions are the numbers of things around the instance that Large makes; interfaces and volumes are one at
// least.
type LargeOptions struct {
	ENIs, Volumes, TargetGroups, ClassicBalancers int
}

// Large fills an account's DemoRegion with one running instance that has many interfaces and volumes and the
// instance profile "large", and is registered in every one of many target groups (each tenth of them by address)
// and classic balancers; a small second instance serves beside it.
func Large(a *Account, o LargeOptions) (instanceID string, err error) {
	const vpc, subnet, group, id, peer = "vpc-0b000000000000001", "subnet-0b000000000000001", "sg-0b000000000000001", "i-0b000000000000001", "i-0b000000000000002"
	if err := a.update(func(s *state) {
		s.addRole(time.Now().UTC(), "/", "large-role", serviceTrust("ec2.amazonaws.com"))
		s.addProfile(time.Now().UTC(), "/", "large", "large-role")
	}); err != nil {
		return "", err
	}
	spec := InstanceSpec{ID: id, Profile: "large"}
	for n := range max(o.ENIs, 1) {
		spec.Interfaces = append(spec.Interfaces, InterfaceSpec{ID: fmt.Sprintf("eni-0b%015x", n+1), Subnet: subnet, Groups: []string{group}})
	}
	spec.Volumes = []VolumeSpec{{ID: "vol-0b000000000000001", Device: rootDevice}}
	for n := 1; n < o.Volumes; n++ {
		spec.Volumes = append(spec.Volumes, VolumeSpec{ID: fmt.Sprintf("vol-0b%015x", n+1), Device: "/dev/sd" + strconv.Itoa(n)})
	}
	err = a.Edit(DemoRegion, func(ed *Editor) error {
		return firstError(
			ed.VPC(vpc, "10.30.0.0/16", false),
			ed.Subnet(subnet, vpc, "10.30.0.0/18", DemoRegion+"a", 0),
			ed.Group(group, vpc, "large", Rule{Protocol: "tcp", From: 80, To: 80, Peer: "0.0.0.0/0"}),
			ed.Instance(spec),
			ed.Instance(InstanceSpec{
				ID: peer, Interfaces: []InterfaceSpec{{ID: "eni-0b100000000000001", Subnet: subnet, Groups: []string{group}}},
				Volumes: []VolumeSpec{{ID: "vol-0b100000000000001", Device: rootDevice}},
			}),
		)
	})
	if err != nil {
		return "", err
	}
	return id, a.update(func(s *state) {
		r := s.region(DemoRegion)
		now := time.Now().UTC()
		address := func(id string) string { return *r.EC2.interfacesOf(id)[0].PrivateIpAddress }
		for n := range o.TargetGroups {
			kind, members := elbv2types.TargetTypeEnumInstance, []string{id, peer}
			if n%10 == 9 {
				kind, members = elbv2types.TargetTypeEnumIp, []string{address(id), address(peer)}
			}
			group := s.addTargetGroup(r, fmt.Sprintf("large-%04d", n), vpc, kind, elbv2types.ProtocolEnumHttp, 80)
			for _, member := range members {
				group.add(member, 80, now)
			}
		}
		for n := range o.ClassicBalancers {
			classic := s.addClassic(r, fmt.Sprintf("large-%04d", n), []elbtypes.Listener{{
				Protocol: aws.String("HTTP"), LoadBalancerPort: 80, InstanceProtocol: aws.String("HTTP"), InstancePort: aws.Int32(80),
			}})
			classic.add(id)
			classic.add(peer)
		}
	})
}
