package actions

import (
	"context"
	"slices"
	"time"

	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbv2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"golang.org/x/sync/errgroup"

	"cordon/internal/action"
)

// targetsState says by registration ("group ARN|id|port|zone") whether it is there.
type targetsState struct {
	Targets map[string]bool `json:"targets"`
}

func deregisterTargets() action.Action {
	return action.New(action.Spec[instanceRequest, targetsState]{
		ID:      "ec2.deregister-targets",
		Summary: "Takes the instance out of every target group, by its id and by its private addresses.",
		Details: "Load balancers stop sending it new requests at once; each registration then drains for as long as its " +
			"group says. Release registers the same ports again with the groups that are still there.",
		Permissions: []string{
			"ec2:DescribeInstances", "elasticloadbalancing:DeregisterTargets", "elasticloadbalancing:DescribeTargetGroups",
			"elasticloadbalancing:DescribeTargetHealth", "elasticloadbalancing:RegisterTargets",
		},
		ForRelease: []string{"elasticloadbalancing:RegisterTargets"},
		Settle:     30 * time.Second,
		Observe:    observeTargets,
		Expect: func(_ instanceRequest, prior targetsState) targetsState {
			return targetsState{Targets: allFalse(prior.Targets)}
		},
		Do: func(ctx context.Context, env *action.Env, _ instanceRequest, prior targetsState) error {
			return each(byTargetGroup(prior.Targets), func(g targetsOfGroup) error {
				_, err := env.ELBV2.DeregisterTargets(ctx, &elbv2.DeregisterTargetsInput{TargetGroupArn: &g.arn, Targets: g.targets})
				return wrap("deregister targets from", g.arn, unless(err, "TargetGroupNotFound", "InvalidTarget"))
			})
		},
		Undo: func(ctx context.Context, env *action.Env, _ instanceRequest, prior targetsState) error {
			return each(byTargetGroup(prior.Targets), func(g targetsOfGroup) error {
				_, err := env.ELBV2.RegisterTargets(ctx, &elbv2.RegisterTargetsInput{TargetGroupArn: &g.arn, Targets: g.targets})
				return wrap("register targets with", g.arn, unless(err, "TargetGroupNotFound"))
			})
		},
		Parts: func(p targetsState) map[string]any { return asParts(p.Targets) },
		Without: func(p targetsState, parts map[string]bool) targetsState {
			return targetsState{Targets: without(p.Targets, parts)}
		},
	})
}

// observeTargets searches all target groups the first time; later it looks at the known ones alone, and one that is
// missing was deleted.
func observeTargets(ctx context.Context, env *action.Env, t instanceRequest, known *targetsState) (targetsState, error) {
	if known != nil {
		return observeKnownTargets(ctx, env, t, known.Targets)
	}
	i, err := describeInstance(ctx, env, t.Target.ID)
	if err != nil {
		return targetsState{}, err
	}
	groups, err := targetGroupsFor(ctx, env, i)
	if err != nil {
		return targetsState{}, err
	}
	in, _, err := registrationsIn(ctx, env, groups, targetIDs(i))
	return targetsState{Targets: in}, err
}

func observeKnownTargets(ctx context.Context, env *action.Env, t instanceRequest, known map[string]bool) (targetsState, error) {
	var groups []string
	ids := map[string]bool{}
	regs := map[string]registration{}
	for _, key := range sortedKeys(known) {
		r, err := parseRegistration(key)
		if err != nil {
			return targetsState{}, err
		}
		regs[key], ids[r.ID] = r, true
		if !slices.Contains(groups, r.Group) {
			groups = append(groups, r.Group)
		}
	}
	var in, exists map[string]bool
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		_, err := describeInstance(ctx, env, t.Target.ID)
		return err
	})
	g.Go(func() (err error) {
		in, exists, err = registrationsIn(ctx, env, groups, ids)
		return err
	})
	p := targetsState{Targets: map[string]bool{}}
	if err := g.Wait(); err != nil {
		return p, err
	}
	for key, r := range regs {
		if exists[r.Group] {
			p.Targets[key] = in[key]
		}
	}
	return p, nil
}

// targetsOfGroup are one group's targets, for one call.
type targetsOfGroup struct {
	arn     string
	targets []elbv2types.TargetDescription
}

// byTargetGroup sorts registrations into calls. Keys come from a state that Observe made or parsed.
func byTargetGroup(targets map[string]bool) (out []targetsOfGroup) {
	for _, key := range registered(targets) {
		r, err := parseRegistration(key)
		if err != nil {
			continue
		}
		if n := len(out); n == 0 || out[n-1].arn != r.Group {
			out = append(out, targetsOfGroup{arn: r.Group})
		}
		out[len(out)-1].targets = append(out[len(out)-1].targets, r.description())
	}
	return out
}
