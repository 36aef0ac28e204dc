package actions

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"

	"cordon/internal/action"
)

func mapPaths() action.Action {
	return action.New(action.Spec[pathsRequest, pathsState]{
		ID:      "ec2.map-paths",
		Summary: "Reads, after containment, by which ways connections of the instance may still be open, and names each with its remedy.",
		Details: `AWS tracks connections through NAT gateways, egress-only internet gateways, firewall endpoints, interface endpoints, Network Load
Balancers, Global Accelerator and Lambda's interfaces whatever the security groups say, so isolation does not end them. This step
reads the routes of the instance's subnets and what else of that there is, the instance metadata service's setting, and whom the
role's trust policy lets in. Only what is there is named; what could not be read is named as that. It changes nothing.`,
		Permissions: []string{
			"ec2:DescribeInstances", "ec2:DescribeNetworkInterfaces", "ec2:DescribeRouteTables", "ec2:DescribeVpcEndpoints",
			"elasticloadbalancing:DescribeTargetGroups", "iam:GetInstanceProfile", "iam:GetRole",
		},
		Irreversible: "it only reads",
		Observe:      observePaths,
		Expect:       func(_ pathsRequest, prior pathsState) pathsState { return prior },
		Do:           func(context.Context, *action.Env, pathsRequest, pathsState) error { return nil },
		Verify:       verifyPaths,
		Parts:        func(pathsState) map[string]any { return nil }, // what is read is no change of ours that could drift
		Without:      func(p pathsState, _ map[string]bool) pathsState { return p },
		Extend:       func(_, now pathsState) pathsState { return now },
		Merge:        func(_, asked pathsRequest) pathsRequest { return asked },
		Residual:     residualPaths,
	})
}

var errPathsChanged = errors.New("the paths are others now")

// verifyPaths makes a repeated run keep what it reads then.
func verifyPaths(_ pathsRequest, prior, after pathsState) error {
	if !reflect.DeepEqual(prior, after) {
		return errPathsChanged
	}
	return nil
}

// pathsRequest names the remote addresses of the case's findings, which alone can be denied.
type pathsRequest struct {
	action.On
	Addresses []string `json:"addresses,omitempty"`
}

// remedy is that for a path to remote addresses: to deny them where that can be done and is not done yet.
func (t pathsRequest) remedy(s pathsState) string {
	can, _ := candidates(t.Addresses, nil)
	can = slices.DeleteFunc(can, func(a netip.Addr) bool { return slices.Contains(s.Blocked, a.String()) })
	switch {
	case len(can) > 0:
		return remedyBlock
	case len(s.Blocked) > 0:
		return "To " + strings.Join(s.Blocked, ", ") + " they are cut (ec2.block-remote-ip). " + remedyStop
	default:
		return remedyStop
	}
}

// remedyBlock goes for what leads to remote addresses: only a network ACL or the end of the host cuts those.
const remedyBlock = "Remedy: ec2.block_remote_ips denies the finding's addresses in the subnet's network ACL; or stop the instance once its evidence is taken"

const remedyStop = "Remedy: stop the instance once its evidence is taken"

func residualPaths(t pathsRequest, _, after pathsState) (out []string) {
	remote := t.remedy(after)
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, subnet := range sortedKeys(after.Subnets) {
		for _, via := range after.Subnets[subnet] {
			switch prefix, _, _ := strings.Cut(via, "-"); prefix {
			case "nat":
				add("connections that were open through NAT gateway %s (%s) live until they are idle for 350 s: they are tracked whatever the groups say. %s", via, subnet, remote)
			case "eigw":
				add("IPv6 connections that were open through egress-only internet gateway %s (%s) live until they are idle: they are tracked whatever the groups say. %s", via, subnet, remote)
			case "vpce":
				add("connections that were open through firewall endpoint %s (%s) live until they are idle: they are tracked whatever the groups say. Remedy: drop them in the firewall's own rules; or stop the instance once its evidence is taken", via, subnet)
			default: // a transit gateway, or a core network's ARN
				add("connections that were open through %s (%s) may live until they are idle where that leads through a NAT gateway or a firewall of another VPC. %s", via, subnet, remote)
			}
		}
	}
	if len(after.Endpoints) > 0 {
		add("connections that were open to interface endpoints of the VPC (%s) live until they are idle: they are tracked whatever the groups say. "+
			"Remedy: a policy on the endpoint that denies the instance's role; or stop the instance once its evidence is taken", strings.Join(after.Endpoints, ", "))
	}
	if len(after.Balancers) > 0 {
		add("connections that clients had open through Network Load Balancer %s live until they are idle: they are tracked whatever the groups say. "+
			"Remedy: set deregistration_delay.connection_termination.enabled on the target group", strings.Join(after.Balancers, ", "))
	}
	for _, kind := range sortedKeys(after.Managed) {
		add("connections that were open through %s (%s), if it leads to this instance, live until they are idle: they are tracked whatever the groups say. %s",
			managedNames[kind], strings.Join(after.Managed[kind], ", "), remedyStop)
	}
	add("ping exchanges that were going on may go on: AWS tracks ICMP whatever the groups say. %s", remote)
	if after.Metadata {
		add("the host still reaches its own instance metadata and Amazon Time Sync: groups do not filter them. Remedy: switch off the instance metadata endpoint of %s (modify-instance-metadata-options: HttpEndpoint disabled)", t.Target.ID)
	}
	if after.Role != "" {
		add("sessions of other roles that the sessions of role %s had assumed live on until they expire. Remedy: look in CloudTrail for AssumeRole by this role, and revoke the sessions of what it assumed", after.Role)
	}
	if len(after.Trusted) > 0 {
		add("role %s can be assumed beside EC2 by %s: whoever is that gets a new session. Remedy: take them out of the role's trust policy", after.Role, some(after.Trusted, 5))
	}
	for _, what := range sortedKeys(after.Unread) {
		add("whether connections stay open by %s could not be looked at (%s). Remedy: give Cordon the permission, or look by hand", what, after.Unread[what])
	}
	return out
}
