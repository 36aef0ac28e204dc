package actions

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"
	"golang.org/x/sync/errgroup"

	"cordon/internal/action"
)

// balancersState says by Classic Load Balancer's name whether the instance is registered there.
type balancersState struct {
	Balancers map[string]bool `json:"balancers"`
}

func deregisterClassicELB() action.Action {
	return action.New(action.Spec[instanceRequest, balancersState]{
		ID:      "ec2.deregister-classic-elb",
		Summary: "Takes the instance out of every Classic Load Balancer.",
		Details: "The load balancers stop sending it requests at once instead of after failed health checks. Release " +
			"registers it again with those that are still there.",
		Permissions: []string{
			"ec2:DescribeInstances", "elasticloadbalancing:DeregisterInstancesFromLoadBalancer",
			"elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:RegisterInstancesWithLoadBalancer",
		},
		ForRelease: []string{"elasticloadbalancing:RegisterInstancesWithLoadBalancer"},
		Settle:     30 * time.Second,
		Observe:    observeBalancers,
		Expect: func(_ instanceRequest, prior balancersState) balancersState {
			return balancersState{Balancers: allFalse(prior.Balancers)}
		},
		Do:    deregisterFromBalancers,
		Undo:  registerWithBalancers,
		Parts: func(p balancersState) map[string]any { return asParts(p.Balancers) },
		Without: func(p balancersState, parts map[string]bool) balancersState {
			return balancersState{Balancers: without(p.Balancers, parts)}
		},
	})
}

// observeBalancers reads all balancers the first time; later only the known ones matter, and one that is missing was
// deleted.
func observeBalancers(ctx context.Context, env *action.Env, t instanceRequest, known *balancersState) (balancersState, error) {
	p := balancersState{Balancers: map[string]bool{}}
	var former map[string]bool
	if known != nil {
		former = known.Balancers
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		_, err := describeInstance(ctx, env, t.Target.ID)
		return err
	})
	g.Go(func() error {
		pages := elb.NewDescribeLoadBalancersPaginator(env.ELB, &elb.DescribeLoadBalancersInput{})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return wrap("read classic load balancers of instance", t.Target.ID, err)
			}
			for _, b := range page.LoadBalancerDescriptions {
				name, in := aws.ToString(b.LoadBalancerName), false
				for _, i := range b.Instances {
					in = in || aws.ToString(i.InstanceId) == t.Target.ID
				}
				if _, ours := former[name]; ours || (known == nil && in) {
					p.Balancers[name] = in
				}
			}
		}
		return nil
	})
	return p, g.Wait()
}

func deregisterFromBalancers(ctx context.Context, env *action.Env, t instanceRequest, prior balancersState) error {
	return each(registered(prior.Balancers), func(name string) error {
		_, err := env.ELB.DeregisterInstancesFromLoadBalancer(ctx, &elb.DeregisterInstancesFromLoadBalancerInput{
			LoadBalancerName: &name, Instances: []elbtypes.Instance{{InstanceId: &t.Target.ID}},
		})
		return wrap("deregister instance "+t.Target.ID+" from classic load balancer", name, unless(err, "LoadBalancerNotFound", "AccessPointNotFound", "InvalidInstance"))
	})
}

func registerWithBalancers(ctx context.Context, env *action.Env, t instanceRequest, prior balancersState) error {
	return each(registered(prior.Balancers), func(name string) error {
		_, err := env.ELB.RegisterInstancesWithLoadBalancer(ctx, &elb.RegisterInstancesWithLoadBalancerInput{
			LoadBalancerName: &name, Instances: []elbtypes.Instance{{InstanceId: &t.Target.ID}},
		})
		return wrap("register instance "+t.Target.ID+" with classic load balancer", name, unless(err, "LoadBalancerNotFound", "AccessPointNotFound"))
	})
}
