package awssim

import (
	"strconv"
	"time"

	elbv2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// elbv2State is a Region's target groups and the load balancers before them.
type elbv2State struct {
	Groups    map[string]*targetGroup         // by ARN
	Balancers map[string]*balancer            // by ARN
	Listeners map[string]*elbv2types.Listener // by ARN
}

// targetGroup is one target group with its targets.
type targetGroup struct {
	Group   elbv2types.TargetGroup
	Tags    map[string]string
	Delay   time.Duration      // deregistration delay
	Targets map[string]*target // by targetKey
}

// target is one registration: an instance id or an address, and a port.
type target struct {
	ID       string
	Port     int32
	Zone     string    // of an address; "" for an instance
	Since    time.Time // registered at
	Draining time.Time // deregistered at; zero while registered
}

// balancer is one application or network load balancer.
type balancer struct {
	Balancer elbv2types.LoadBalancer
	Tags     map[string]string
}

func newELBV2() elbv2State {
	return elbv2State{
		Groups:    map[string]*targetGroup{},
		Balancers: map[string]*balancer{},
		Listeners: map[string]*elbv2types.Listener{},
	}
}

func targetKey(id string, port int32) string { return id + ":" + strconv.Itoa(int(port)) }

// add registers a target; one that is draining is registered anew.
func (g *targetGroup) add(id string, port int32, now time.Time) *target {
	t, ok := g.Targets[targetKey(id, port)]
	if !ok || !t.Draining.IsZero() {
		t = &target{ID: id, Port: port, Since: now}
		g.Targets[targetKey(id, port)] = t
	}
	return t
}

// remove deregisters a target: at once where no load balancer uses the group, else it drains first.
func (g *targetGroup) remove(id string, port int32, now time.Time, used bool) {
	key := targetKey(id, port)
	t, ok := g.Targets[key]
	switch {
	case !ok || !t.Draining.IsZero():
	case used && g.Delay > 0:
		t.Draining = now
	default:
		delete(g.Targets, key)
	}
}

// advance lets drained targets go.
func (e *elbv2State) advance(now time.Time) bool {
	changed := false
	for _, g := range e.Groups {
		for key, t := range g.Targets {
			if !t.Draining.IsZero() && now.Sub(t.Draining) >= g.Delay {
				delete(g.Targets, key)
				changed = true
			}
		}
	}
	return changed
}

// balancersOf gives the ARNs of the load balancers that forward to the group, sorted.
func (e *elbv2State) balancersOf(arn string) []string {
	found := map[string]bool{}
	for _, l := range e.Listeners {
		for _, a := range forwards(l.DefaultActions) {
			if a == arn {
				found[*l.LoadBalancerArn] = true
			}
		}
	}
	return sortedKeys(found)
}

func (e *elbv2State) used(g *targetGroup) bool {
	return len(e.balancersOf(*g.Group.TargetGroupArn)) > 0
}

// forwards gives the ARNs of the target groups that actions forward to.
func forwards(actions []elbv2types.Action) []string {
	var out []string
	for _, a := range actions {
		if a.TargetGroupArn != nil {
			out = append(out, *a.TargetGroupArn)
		}
		if a.ForwardConfig != nil {
			for _, g := range a.ForwardConfig.TargetGroups {
				if g.TargetGroupArn != nil {
					out = append(out, *g.TargetGroupArn)
				}
			}
		}
	}
	return out
}
