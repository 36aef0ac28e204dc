package awssim

import (
	"strings"
)

// idKind is one kind of EC2 resource id: its prefix, and the codes with which EC2 refuses one that is malformed
// or unknown (the error codes page of the EC2 API reference).
type idKind struct{ prefix, noun, malformed, notFound string }

func kindInstance() idKind {
	return idKind{"i-", "instance ID", "InvalidInstanceID.Malformed", "InvalidInstanceID.NotFound"}
}

func kindInterface() idKind {
	return idKind{"eni-", "networkInterface ID", "InvalidNetworkInterfaceId.Malformed", "InvalidNetworkInterfaceID.NotFound"}
}

func kindGroup() idKind {
	return idKind{"sg-", "security group", "InvalidGroupId.Malformed", "InvalidGroup.NotFound"}
}

func kindRule() idKind {
	return idKind{"sgr-", "security group rule ID", "InvalidSecurityGroupRuleId.Malformed", "InvalidSecurityGroupRuleId.NotFound"}
}

func kindVolume() idKind {
	return idKind{"vol-", "volume", "InvalidVolumeID.Malformed", "InvalidVolume.NotFound"}
}

func kindSnapshot() idKind {
	return idKind{"snap-", "snapshot", "InvalidSnapshotID.Malformed", "InvalidSnapshot.NotFound"}
}

func kindVPC() idKind {
	return idKind{"vpc-", "vpc ID", "InvalidVpcID.Malformed", "InvalidVpcID.NotFound"}
}

func kindSubnet() idKind {
	return idKind{"subnet-", "subnet ID", "InvalidSubnetID.Malformed", "InvalidSubnetID.NotFound"}
}

func kindRouteTable() idKind {
	return idKind{"rtb-", "routeTable ID", "InvalidRouteTableId.Malformed", "InvalidRouteTableID.NotFound"}
}

func kindEndpoint() idKind {
	return idKind{"vpce-", "Vpc Endpoint Id", "InvalidVpcEndpointId.Malformed", "InvalidVpcEndpointId.NotFound"}
}

func kindNACL() idKind {
	return idKind{"acl-", "networkAcl ID", "InvalidNetworkAclId.Malformed", "InvalidNetworkAclID.NotFound"}
}

func kindProfile() idKind {
	return idKind{"iip-assoc-", "association ID", "InvalidAssociationID.Malformed", "InvalidAssociationID.NotFound"}
}

func kindGateway() idKind {
	return idKind{"igw-", "internetGateway ID", "InvalidInternetGatewayId.Malformed", "InvalidInternetGatewayID.NotFound"}
}

func kindNAT() idKind {
	return idKind{"nat-", "NatGateway", "NatGatewayMalformed", "NatGatewayNotFound"}
}

// check refuses an id that does not have the kind's form: the prefix and 8 or 17 hexadecimal digits.
func (k idKind) check(id string) error {
	digits, ok := strings.CutPrefix(id, k.prefix)
	if !ok || (len(digits) != 8 && len(digits) != 17) || strings.Trim(digits, "0123456789abcdef") != "" {
		return apiError(400, k.malformed, "Invalid id: %q", id)
	}
	return nil
}

// missing is the refusal of an id that nothing has.
func (k idKind) missing(id string) error {
	return apiError(400, k.notFound, "The %s '%s' does not exist", k.noun, id)
}

// find gives the thing with an id, or AWS's refusal.
func find[T any](m map[string]T, k idKind, id string) (T, error) {
	var none T
	if err := k.check(id); err != nil {
		return none, err
	}
	v, ok := m[id]
	if !ok {
		return none, k.missing(id)
	}
	return v, nil
}

// selected gives the things asked for by id in their ids' order, or all of them when no id is given.
func selected[T any](m map[string]T, k idKind, ids []string) ([]T, error) {
	if len(ids) == 0 {
		ids = sortedKeys(m)
	}
	out := make([]T, 0, len(ids))
	seen := map[string]bool{}
	for _, id := range ids {
		v, err := find(m, k, id)
		if err != nil {
			return nil, err
		}
		if !seen[id] {
			out = append(out, v)
		}
		seen[id] = true
	}
	return out, nil
}

// missingParameter is the refusal of a call that lacks a parameter.
func missingParameter(name string) error {
	return apiError(400, "MissingParameter", "The request must contain the parameter %s", name)
}

// invalidValue is the refusal of a parameter's value.
func invalidValue(value, name string) error {
	return apiError(400, "InvalidParameterValue", "Value (%s) for parameter %s is invalid.", value, name)
}

// invalidCombination is the refusal of parameters that do not go together.
func invalidCombination(format string, args ...any) error {
	return apiError(400, "InvalidParameterCombination", format, args...)
}
