package actions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"golang.org/x/sync/errgroup"

	"cordon/internal/action"
)

// isolateRequest: Channel leaves 443 open on a host that SSM reaches, until ec2.seal-network; KeepEstablished leaves
// live flows alone (no all-access moment).
type isolateRequest struct {
	action.On
	Channel         bool `json:"channel,omitempty"`
	KeepEstablished bool `json:"keep_established,omitempty"`
}

func isolateNetwork() action.Action {
	return action.New(action.Spec[isolateRequest, networkState]{
		ID:      "ec2.isolate-network",
		Summary: "Cuts every network interface of the instance off, IPv4 and IPv6, live connections included.",
		Details: `Each interface goes from its groups into an all-access group, which makes its live connections untracked, and at once
into a new group of the case without any rule, which ends them. The moment in between is recorded. While live response is
to run on a host that Systems Manager reaches, the group lets 443 out, to the VPC's own endpoints where it has them;
ec2.seal-network closes that. Release puts the former groups back, interface by interface, and deletes the case's groups.`,
		Permissions: []string{
			"ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress", "ec2:CreateSecurityGroup", "ec2:CreateTags",
			"ec2:DeleteSecurityGroup", "ec2:DescribeInstances", "ec2:DescribeNetworkInterfaces", "ec2:DescribePrefixLists",
			"ec2:DescribeSecurityGroups", "ec2:DescribeVpcEndpoints", "ec2:ModifyNetworkInterfaceAttribute",
			"ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress", "ssm:DescribeInstanceInformation",
		},
		Until:    "ec2.seal-network",
		Prepares: true,
		Settle:   30 * time.Second,
		Observe:  observeIsolation,
		Expect:   expectIsolation,
		Do:       doIsolation,
		Undo:     undoIsolation,
		Verify:   verifyIsolation,
		Parts:    networkParts,
		Without:  networkWithout,
		Extend:   extendNetwork,
		Residual: residualNetwork,
	})
}

func (t isolateRequest) group(prior networkState) string {
	if t.Channel && prior.Managed {
		return collectGroup(t.Case)
	}
	return quarantineGroup(t.Case)
}

func (t isolateRequest) ownNames() []string {
	return []string{quarantineGroup(t.Case), collectGroup(t.Case), untrackGroup(t.Case)}
}

func observeIsolation(ctx context.Context, env *action.Env, t isolateRequest, known *networkState) (networkState, error) {
	if known != nil {
		return observeKnownNetwork(ctx, env, t.On, t.ownNames()...)
	}
	var s networkState
	var document json.RawMessage
	var managed bool
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { s, err = observeNetwork(gctx, env, t.On, t.ownNames()...); return err })
	g.Go(func() error {
		instance, err := describeInstance(gctx, env, t.Target.ID)
		var gone *action.Gone
		switch {
		case errors.As(err, &gone):
			return err
		case err != nil: // it is evidence alone: what cannot be described is isolated all the same
			env.Note("what the instance was like before could not be kept: %v", err)
			return nil
		}
		document, err = json.Marshal(instance)
		return err
	})
	if t.Channel {
		g.Go(func() error { managed = reachedBySSM(gctx, env, t.Target.ID); return nil })
	}
	if err := g.Wait(); err != nil {
		return s, err
	}
	s.Instance, s.Managed = document, managed
	return s.withoutUntrack(t.Case), nil
}

// reachedBySSM asks with a short patience: isolation does not wait for Systems Manager, and no answer means no channel.
func reachedBySSM(ctx context.Context, env *action.Env, instance string) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	out, err := env.SSM.DescribeInstanceInformation(ctx, &ssm.DescribeInstanceInformationInput{
		Filters: []ssmtypes.InstanceInformationStringFilter{{Key: aws.String("InstanceIds"), Values: []string{instance}}},
	})
	if err != nil {
		env.Note("systems manager did not say whether it reaches %s, so no 443 channel was left open: %v", instance, err)
		return false
	}
	return len(out.InstanceInformationList) == 1 && out.InstanceInformationList[0].PingStatus == ssmtypes.PingStatusOnline
}

func expectIsolation(t isolateRequest, prior networkState) networkState {
	out := []string{}
	if t.group(prior) == collectGroup(t.Case) {
		out = []string{"tcp 443, until the host is sealed"}
	}
	return expectNetwork(prior, t.group(prior), out)
}

// expectNetwork is every interface of prior in the one group, with that way out and no way in.
func expectNetwork(prior networkState, group string, out []string) networkState {
	s := networkState{Interfaces: map[string]networkInterface{}, Groups: map[string]ownGroup{}}
	for id, n := range prior.Interfaces {
		s.Interfaces[id] = networkInterface{VPC: n.VPC, Groups: []string{group}}
		s.Groups[ownGroupKey(group, n.VPC)] = ownGroup{Ingress: []string{}, Egress: out}
	}
	return s
}

func doIsolation(ctx context.Context, env *action.Env, t isolateRequest, prior networkState) error {
	out := egress(noEgress)
	if t.group(prior) == collectGroup(t.Case) {
		out = httpsOut
	}
	return move(ctx, env, t.On, prior, t.group(prior), out, !t.KeepEstablished)
}

func undoIsolation(ctx context.Context, env *action.Env, t isolateRequest, prior networkState) error {
	return restoreNetwork(ctx, env, prior, t.ownNames()...)
}

func verifyIsolation(t isolateRequest, prior, after networkState) error {
	return verifyNetwork(t.Case, prior, after, t.group(prior), t.group(prior) == collectGroup(t.Case))
}

// verifyNetwork holds what was read back against what isolation means; https says that 443 may go out. An
// all-access group that is left, with no interface in it, is no fault.
func verifyNetwork(caseID string, prior, after networkState, group string, https bool) error {
	if len(after.Interfaces) == 0 {
		return errNoInterfaces
	}
	for id, n := range after.Interfaces {
		if _, known := prior.Interfaces[id]; !known {
			return &action.Drifted{What: id + " was attached"}
		}
		if len(n.Groups) != 1 || n.Groups[0] != group {
			return fmt.Errorf("%s is in %v, not in %s alone", id, n.Groups, group)
		}
		rules, ok := after.Groups[ownGroupKey(group, n.VPC)]
		switch {
		case !ok:
			return fmt.Errorf("security group %s is not to be seen in %s", group, n.VPC)
		case len(rules.Ingress) > 0 || !onlyHTTPS(rules.Egress) || (!https && len(rules.Egress) > 0):
			return fmt.Errorf("security group %s lets through: in %v, out %v", group, rules.Ingress, rules.Egress)
		}
	}
	for _, key := range sortedKeys(after.Groups) {
		if !strings.HasPrefix(key, ownGroupKey(group, "")) && !strings.HasPrefix(key, ownGroupKey(untrackGroup(caseID), "")) {
			return fmt.Errorf("security group %s is still there", key)
		}
	}
	return nil
}

func residualNetwork(t isolateRequest, prior, _ networkState) []string {
	out := alwaysResidual(t)
	if t.group(prior) == collectGroup(t.Case) {
		out = append(out, "443 out is open for live response, until ec2.seal-network closes it")
	}
	return out
}

// alwaysResidual is what security groups cannot stop in any VPC; what depends on the VPC, ec2.map-paths finds.
func alwaysResidual(t isolateRequest) []string {
	out := []string{
		"DNS to the VPC's resolver: security groups and network ACLs do not filter it, so lookups can still carry data out. Remedy: Route 53 Resolver DNS Firewall on the VPC",
	}
	if t.KeepEstablished {
		out = append(out, "connections that were already open stay open until idle (ec2.cut_established is off). Remedy: switch it on, or stop the instance once its evidence is taken")
	}
	return out
}
