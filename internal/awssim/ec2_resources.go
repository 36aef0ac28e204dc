package awssim

import (
	"strings"

	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// exists refuses the id of anything that is not there, with its kind's own code.
func (e *ec2State) exists(id string) error {
	var err error
	prefix, _, _ := strings.Cut(id, "-")
	switch prefix {
	case "i":
		_, err = find(e.Instances, kindInstance(), id)
	case "eni":
		_, err = find(e.Interfaces, kindInterface(), id)
	case "sg":
		_, err = find(e.Groups, kindGroup(), id)
	case "sgr":
		if _, _, ok := e.ruleByID(id); !ok {
			err = kindRule().missing(id)
		}
	case "vol":
		_, err = find(e.Volumes, kindVolume(), id)
	case "snap":
		_, err = find(e.Snapshots, kindSnapshot(), id)
	case "vpc":
		_, err = find(e.VPCs, kindVPC(), id)
	case "subnet":
		_, err = find(e.Subnets, kindSubnet(), id)
	case "rtb":
		_, err = find(e.RouteTables, kindRouteTable(), id)
	case "vpce":
		_, err = find(e.Endpoints, kindEndpoint(), id)
	case "acl":
		_, err = find(e.NACLs, kindNACL(), id)
	case "igw":
		_, err = find(e.Gateways, kindGateway(), id)
	case "nat":
		_, err = find(e.Gateways, kindNAT(), id)
	default:
		err = apiError(400, "InvalidID", "The ID '%s' is not valid", id)
	}
	return err
}

// resourceType is the type that tag answers give for an id.
func resourceType(id string) ec2types.ResourceType {
	if strings.HasPrefix(id, "iip-assoc-") {
		return "iam-instance-profile-association"
	}
	prefix, _, _ := strings.Cut(id, "-")
	switch prefix {
	case "i":
		return ec2types.ResourceTypeInstance
	case "eni":
		return ec2types.ResourceTypeNetworkInterface
	case "sg":
		return ec2types.ResourceTypeSecurityGroup
	case "sgr":
		return ec2types.ResourceTypeSecurityGroupRule
	case "vol":
		return ec2types.ResourceTypeVolume
	case "snap":
		return ec2types.ResourceTypeSnapshot
	case "vpc":
		return ec2types.ResourceTypeVpc
	case "subnet":
		return ec2types.ResourceTypeSubnet
	case "rtb":
		return ec2types.ResourceTypeRouteTable
	case "vpce":
		return ec2types.ResourceTypeVpcEndpoint
	case "acl":
		return ec2types.ResourceTypeNetworkAcl
	case "igw":
		return ec2types.ResourceTypeInternetGateway
	case "nat":
		return ec2types.ResourceTypeNatgateway
	default:
		return ""
	}
}

// forget removes everything that is kept beside a resource under its id.
func (e *ec2State) forget(id string) { delete(e.Tags, id) }

// setTags gives a new resource its tags.
func (e *ec2State) setTags(id string, tags map[string]string) {
	for k, v := range tags {
		e.setTag(id, k, v)
	}
}

// setTag changes one tag of a resource without checks.
func (e *ec2State) setTag(id, key, value string) {
	if e.Tags[id] == nil {
		e.Tags[id] = map[string]string{}
	}
	e.Tags[id][key] = value
}

// clearTag removes one tag of a resource without checks.
func (e *ec2State) clearTag(id, key string) {
	delete(e.Tags[id], key)
	if len(e.Tags[id]) == 0 {
		delete(e.Tags, id)
	}
}
