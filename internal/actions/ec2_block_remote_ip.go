package actions

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"cordon/internal/action"
	"cordon/internal/cloud"
)

// blockRequest names the addresses at the other end that the case's findings tell of, in order of appearance.
type blockRequest struct {
	action.On
	Addresses []string `json:"addresses"`
	Never     []string `json:"never,omitempty"` // blocks or addresses that are not to be denied
}

func blockRemoteIP() action.Action {
	return action.New(action.Spec[blockRequest, blockState]{
		ID:      "ec2.block-remote-ip",
		Summary: "Denies the finding's remote addresses in the network ACLs of the instance's subnets, both ways; live connections to them end.",
		Details: `A network ACL keeps no state: its deny ends also the connections that security groups cannot cut, such as those through a NAT
gateway. It rules the whole subnet, so no other host there reaches these addresses either. At most ` + fmt.Sprint(mostBlocked) + ` addresses a case,
each as one deny in and one out with the highest free rule numbers below the rule that lets it through. Never blocked: what ec2.never_block lists, and addresses that
are not of the public Internet, that the VPC's routes lead to privately, that a network interface of the account has, or that
belong to AWS's prefix lists (S3, DynamoDB). One that a wider rule denies already is left, and so is one for whose two rules the
network ACL has no room (AWS's default quota of ` + fmt.Sprint(naclRoom) + ` rules a direction and family is counted). Release deletes the case's own rules; a rule
that stands at one of their numbers and is another one is left.`,
		Permissions: []string{
			"ec2:CreateNetworkAclEntry", "ec2:DeleteNetworkAclEntry", "ec2:DescribeInstances", "ec2:DescribeNetworkAcls",
			"ec2:DescribeNetworkInterfaces", "ec2:DescribePrefixLists", "ec2:DescribeRouteTables",
		},
		Observe: observeBlock,
		Expect:  expectBlock,
		Do:      doBlock,
		Undo:    undoBlock,
		Verify:  verifyBlock,
		Parts:   func(s blockState) map[string]any { return asParts(s.Rules) },
		Without: func(s blockState, parts map[string]bool) blockState {
			s.Plan, s.Rules = without(s.Plan, parts), without(s.Rules, parts)
			return s
		},
		Extend: func(prior, now blockState) blockState {
			now.Rules = prior.Rules
			return now
		},
		Merge:    mergeBlock,
		Residual: residualBlock,
	})
}

func expectBlock(_ blockRequest, prior blockState) blockState {
	want := prior
	want.Rules = maps.Clone(prior.Rules)
	maps.Copy(want.Rules, prior.Plan)
	return want
}

// doBlock makes the rules that the stored prior plans. A number that is taken meanwhile is no error: another one is planned, also
// where the rule that stands there says the same, for then it goes when its own case is released. Where a network ACL turns out to be full, nothing of the case stays in any.
func doBlock(ctx context.Context, env *action.Env, _ blockRequest, prior blockState) error {
	for _, address := range sortedKeys(prior.Left) {
		env.Note("%s is not blocked: %s", address, prior.Left[address])
	}
	err := each(sortedKeys(prior.Plan), func(at string) error {
		err := createRule(ctx, env, at, prior.Plan[at], slices.Contains(prior.Fresh, at))
		return wrap("deny in network ACL", at, unless(err, "NetworkAclEntryAlreadyExists", "InvalidNetworkAclID.NotFound"))
	})
	if err == nil {
		noteBlocked(env, prior)
	}
	if !cloud.Is(err, "NetworkAclEntryLimitExceeded") {
		return err
	}
	if err := deleteRules(ctx, env, prior.Plan); err != nil {
		return err
	}
	return action.Skipf("the network ACL takes no more rules, so none was left: %v", err)
}

func undoBlock(ctx context.Context, env *action.Env, _ blockRequest, prior blockState) error {
	return deleteRules(ctx, env, prior.Plan)
}

// verifyBlock: each rule of the plan stands. What is to be planned anew (another subnet, address or number) is a drift, and so is
// a planned address for which there is no room any more where it is needed.
func verifyBlock(_ blockRequest, prior, after blockState) error {
	for _, at := range sortedKeys(prior.Plan) {
		if after.Plan[at] == "" {
			return &action.Drifted{What: at + " is not this case's any more"}
		}
	}
	for _, at := range sortedKeys(after.Plan) {
		want, planned := prior.Plan[at]
		if !planned || want != after.Plan[at] {
			acl, egress, _ := parsePlace(at)
			return &action.Drifted{What: fmt.Sprintf("%s does not %s %s any more: %s", acl, strings.TrimSpace(after.Plan[at]), ways[egress], after.Through[at])}
		}
		if after.Rules[at] != want {
			return fmt.Errorf("%s is not to be seen: %s", at, want)
		}
	}
	for _, address := range sortedKeys(after.Left) {
		addr, err := netip.ParseAddr(address)
		if err == nil && prior.Left[address] == "" && prior.plans(addr) {
			return &action.Drifted{What: fmt.Sprintf("%s gets through, and cannot be denied: %s", address, after.Left[address])}
		}
	}
	return nil
}

// ways are the directions of a rule that is egress, or not.
var ways = map[bool]string{true: "on the way out", false: "on the way in"}

// mergeBlock adds the addresses that a later finding names; what is never to be blocked is as it is configured by then. A rule
// that stands already stays until release.
func mergeBlock(was, asked blockRequest) blockRequest {
	for _, a := range asked.Addresses {
		if !slices.Contains(was.Addresses, a) {
			was.Addresses = append(was.Addresses, a)
		}
	}
	was.Never = asked.Never
	return was
}

// noteBlocked says what was made, and whom it reaches beside the instance.
func noteBlocked(env *action.Env, made blockState) {
	at := map[string][]string{} // by network ACL and rule
	for _, p := range sortedKeys(made.Plan) {
		if env.Disowned(p) {
			return // what comes in its stead is said then
		}
		acl, _, _ := parsePlace(p)
		key := acl + " " + strings.TrimPrefix(made.Plan[p], denyWord)
		at[key] = append(at[key], strings.TrimPrefix(p, acl+" "))
	}
	for _, key := range sortedKeys(at) {
		acl, block, _ := strings.Cut(key, " ")
		env.Note("%s is denied in network ACL %s (%s) to all hosts of %s, not to this instance alone, until release",
			block, acl, strings.Join(at[key], ", "), strings.Join(made.Subnets[acl], ", "))
	}
}

// residualBlock says what the rules leave.
func residualBlock(_ blockRequest, _, after blockState) (out []string) {
	for _, a := range sortedKeys(after.Left) {
		out = append(out, fmt.Sprintf("%s is not blocked in the network ACL: %s. %s", a, after.Left[a], remedyStop))
	}
	return out
}
