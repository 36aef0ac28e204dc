package awssim

import (
	"time"

	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// ec2State is EC2's part of a Region. Tags are kept in one place, by resource id, and put into answers on output;
// so are the parts of an instance that other resources own: interfaces, groups, volumes, profile.
type ec2State struct {
	VPCs        map[string]*ec2types.Vpc
	Subnets     map[string]*ec2types.Subnet
	RouteTables map[string]*ec2types.RouteTable
	Gateways    map[string]*gateway
	Endpoints   map[string]*ec2types.VpcEndpoint
	NACLs       map[string]*ec2types.NetworkAcl
	Groups      map[string]*group
	Interfaces  map[string]*ec2types.NetworkInterface
	Instances   map[string]*instance
	Volumes     map[string]*ec2types.Volume
	Snapshots   map[string]*snapshot
	Profiles    map[string]*ec2types.IamInstanceProfileAssociation
	Flows       map[string]*Flow
	Tags        map[string]map[string]string // resource id → key → value
	Tokens      map[string]clientToken       // operation/ClientToken → what that call made
	Encryption  encryption
}

// gateway is an internet gateway (igw-…; VPC "" while detached) or a NAT gateway (nat-…).
type gateway struct{ ID, VPC, Subnet string }

// instance is an EC2 instance and those of its attributes that DescribeInstances does not show.
type instance struct {
	ec2types.Instance
	DisableAPITermination bool
	DisableAPIStop        bool
	ShutdownBehavior      ec2types.ShutdownBehavior
	UserData              string    // base64, as the API takes and gives it
	Reservation           string    // r-…
	Until                 time.Time // when a pending, stopping or shutting-down state ends
}

// group is a security group; its rules are kept one peer each, as DescribeSecurityGroupRules shows them.
type group struct {
	ID, Name, Description, VPC string
	Rules                      []ec2types.SecurityGroupRule
}

// snapshot is an EBS snapshot and the moment at which it completes.
type snapshot struct {
	ec2types.Snapshot
	Until time.Time
}

func newEC2() ec2State {
	return ec2State{
		VPCs:        map[string]*ec2types.Vpc{},
		Subnets:     map[string]*ec2types.Subnet{},
		RouteTables: map[string]*ec2types.RouteTable{},
		Gateways:    map[string]*gateway{},
		Endpoints:   map[string]*ec2types.VpcEndpoint{},
		NACLs:       map[string]*ec2types.NetworkAcl{},
		Groups:      map[string]*group{},
		Interfaces:  map[string]*ec2types.NetworkInterface{},
		Instances:   map[string]*instance{},
		Volumes:     map[string]*ec2types.Volume{},
		Snapshots:   map[string]*snapshot{},
		Profiles:    map[string]*ec2types.IamInstanceProfileAssociation{},
		Flows:       map[string]*Flow{},
		Tags:        map[string]map[string]string{},
		Tokens:      map[string]clientToken{},
	}
}
