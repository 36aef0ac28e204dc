package actions

import (
	"context"
	"time"

	"cordon/internal/action"
)

func sealNetwork() action.Action {
	return action.New(action.Spec[isolateRequest, networkState]{
		ID:      "ec2.seal-network",
		Summary: "Closes the 443 channel that was left open for live response.",
		Details: `Moves every interface from the collecting group through the all-access group into a group without any rule, so that
connections over the channel end too. Where isolation left no channel there is nothing to seal. Release opens the channel
again; releasing ec2.isolate-network, which comes right after, then puts the former groups back.`,
		Permissions: []string{
			"ec2:AuthorizeSecurityGroupEgress", "ec2:AuthorizeSecurityGroupIngress", "ec2:CreateSecurityGroup", "ec2:CreateTags",
			"ec2:DeleteSecurityGroup", "ec2:DescribeInstances", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups",
			"ec2:ModifyNetworkInterfaceAttribute", "ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress",
		},
		Settle: 30 * time.Second,
		Observe: func(ctx context.Context, env *action.Env, t isolateRequest, known *networkState) (networkState, error) {
			s, err := observeKnownNetwork(ctx, env, t.On, sealedGroup(t.Case), untrackGroup(t.Case))
			if env.Planning && t.Channel && reachedBySSM(ctx, env, t.Target.ID) {
				return s, err
			}
			if err == nil && known == nil && !s.anyIn(collectGroup(t.Case)) {
				return s, action.Skipf("no channel was left open")
			}
			if known == nil {
				s = s.withoutUntrack(t.Case)
			}
			return s, err
		},
		Expect: func(t isolateRequest, prior networkState) networkState {
			return expectNetwork(prior, sealedGroup(t.Case), []string{})
		},
		Do: func(ctx context.Context, env *action.Env, t isolateRequest, prior networkState) error {
			if err := move(ctx, env, t.On, prior, sealedGroup(t.Case), noEgress, !t.KeepEstablished); err != nil {
				return err
			}
			return noteOpen(ctx, env, t.Case)
		},
		Undo: func(ctx context.Context, env *action.Env, t isolateRequest, prior networkState) error {
			return restoreNetwork(ctx, env, prior, sealedGroup(t.Case), untrackGroup(t.Case))
		},
		Verify: func(t isolateRequest, prior, after networkState) error {
			return verifyNetwork(t.Case, prior, after, sealedGroup(t.Case), false)
		},
		Parts:    networkParts,
		Without:  networkWithout,
		Extend:   extendNetwork,
		Residual: func(t isolateRequest, _, _ networkState) []string { return alwaysResidual(t) },
	})
}

// noteOpen says how long 443 out was open.
func noteOpen(ctx context.Context, env *action.Env, caseID string) error {
	records, err := env.Records(ctx)
	if err != nil {
		return wrap("read the records of case", caseID, err)
	}
	for _, r := range records {
		if r.Action == "ec2.isolate-network" && !r.Acted.IsZero() {
			env.Note("443 out was open for %s", time.Since(r.Acted).Round(time.Second))
		}
	}
	return nil
}

// anyIn says whether an interface is in Cordon's group of that name.
func (s networkState) anyIn(group string) bool {
	for _, n := range s.Interfaces {
		for _, g := range n.Groups {
			if g == group {
				return true
			}
		}
	}
	return false
}
