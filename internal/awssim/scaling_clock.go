package awssim

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
)

const groupNameTag = "aws:autoscaling:groupName"

// advanceScaling does what Auto Scaling does by itself: new members come into service, detaching ones leave,
// unhealthy ones are ended after Options.HealthGrace, whatever their termination protection, and replaced.
func (s *state) advanceScaling(r *region, now time.Time, opts Options) bool {
	changed := false
	for _, name := range sortedKeys(r.Scaling.Groups) {
		g := r.Scaling.Groups[name]
		changed = s.finishDetaching(r, g, now) || changed
		for _, id := range sortedKeys(g.Members) {
			changed = s.advanceMember(r, g, g.Members[id], now, opts) || changed
		}
		changed = s.balance(r, g, now) || changed
	}
	return changed
}

func (s *state) advanceMember(r *region, g *scalingGroup, m *member, now time.Time, opts Options) bool {
	switch m.State {
	case astypes.LifecycleStatePending:
		if r.EC2.isRunning(m.Instance) {
			s.enterService(r, g, m, now)
			return true
		}
		return false
	case astypes.LifecycleStateInService:
	default:
		return false // a member in standby is not checked
	}
	if g.suspended("HealthCheck") && !m.Marked {
		return false
	}
	switch sick := m.Marked || !s.healthy(r, g, m, now); {
	case !sick && m.Sick.IsZero():
		return false
	case !sick:
		m.Sick = time.Time{}
		return true
	case m.Sick.IsZero() && !m.Marked:
		m.Sick = now
		return true
	}
	due := m.Marked || now.Sub(m.Sick) >= opts.HealthGrace
	if !due || g.suspended("ReplaceUnhealthy") || g.suspended("Terminate") {
		return false
	}
	s.discard(r, g, m, now)
	return true
}

// spares says whether the member is still in the group's grace period for new members.
func (g *scalingGroup) spares(m *member, now time.Time) bool {
	return now.Before(m.Joined.Add(time.Duration(g.Grace) * time.Second))
}

// healthy says whether a member passes the group's health checks: that it runs, and, where the group goes by its
// load balancers, that those reach it.
func (s *state) healthy(r *region, g *scalingGroup, m *member, now time.Time) bool {
	if !r.EC2.isRunning(m.Instance) {
		return false
	}
	if g.spares(m, now) || !strings.Contains(g.HealthCheck, "ELB") {
		return true
	}
	for _, arn := range g.TargetGroups {
		if tg, ok := r.ELBV2.Groups[arn]; ok && !s.targetPasses(r, tg, m.Instance) {
			return false
		}
	}
	for _, name := range g.Classic {
		if lb, ok := r.ELB.Balancers[name]; ok && !s.classicPasses(r, lb, m.Instance) {
			return false
		}
	}
	return true
}

// enterService puts a member into service: tagged, and registered with the group's load balancers.
func (s *state) enterService(r *region, g *scalingGroup, m *member, now time.Time) {
	m.State, m.Joined, m.Sick = astypes.LifecycleStateInService, now, time.Time{}
	r.EC2.setTag(m.Instance, groupNameTag, g.Name)
	if g.suspended("AddToLoadBalancer") {
		return
	}
	for _, arn := range g.TargetGroups {
		if tg, ok := r.ELBV2.Groups[arn]; ok {
			tg.add(m.Instance, aws.ToInt32(tg.Group.Port), now)
		}
	}
	for _, name := range g.Classic {
		if lb, ok := r.ELB.Balancers[name]; ok {
			lb.add(m.Instance)
		}
	}
}

// leaveBalancers takes a member out of the group's load balancers.
func (s *state) leaveBalancers(r *region, g *scalingGroup, m *member, now time.Time) {
	for _, arn := range g.TargetGroups {
		if tg, ok := r.ELBV2.Groups[arn]; ok {
			tg.remove(m.Instance, aws.ToInt32(tg.Group.Port), now, r.ELBV2.used(tg))
		}
	}
	for _, name := range g.Classic {
		if lb, ok := r.ELB.Balancers[name]; ok {
			lb.remove(m.Instance)
		}
	}
}

// finishDetaching lets go of the members whose detaching has ended.
func (s *state) finishDetaching(r *region, g *scalingGroup, now time.Time) bool {
	changed := false
	for id, m := range g.Members {
		if m.State == astypes.LifecycleStateDetaching && !m.Until.After(now) {
			delete(g.Members, id)
			r.EC2.clearTag(id, groupNameTag)
			changed = true
		}
	}
	return changed
}

// discard terminates a member.
func (s *state) discard(r *region, g *scalingGroup, m *member, now time.Time) {
	s.leaveBalancers(r, g, m, now)
	delete(g.Members, m.Instance)
	s.terminateInstance(r, now, m.Instance)
}

// balance launches or ends members until as many are active as desired.
func (s *state) balance(r *region, g *scalingGroup, now time.Time) bool {
	changed := false
	for !g.suspended("Launch") && g.active() < g.Desired {
		if !s.launchMember(r, g, now) {
			break
		}
		changed = true
	}
	for !g.suspended("Terminate") && g.active() > g.Desired {
		m := g.surplus()
		if m == nil {
			break
		}
		s.discard(r, g, m, now)
		changed = true
	}
	return changed
}

// surplus is the member to end when the group shrinks: the oldest that is not protected, nil if there is none.
func (g *scalingGroup) surplus() *member {
	var out []*member
	for _, id := range sortedKeys(g.Members) {
		if m := g.Members[id]; m.State == astypes.LifecycleStateInService && !m.Protected {
			out = append(out, m)
		}
	}
	if len(out) == 0 {
		return nil
	}
	return slices.MinFunc(out, func(a, b *member) int {
		return cmp.Or(a.Joined.Compare(b.Joined), cmp.Compare(a.Instance, b.Instance))
	})
}

// launchMember starts an instance from the group's launch configuration, in its subnets by turns.
func (s *state) launchMember(r *region, g *scalingGroup, now time.Time) bool {
	c, ok := r.Scaling.Configs[g.Config]
	if !ok || len(g.Subnets) == 0 {
		return false
	}
	tags := map[string]string{groupNameTag: g.Name}
	for key, t := range g.Tags {
		if t.Propagate {
			tags[key] = t.Value
		}
	}
	id := s.launchInstance(r, now, launch{
		Image: aws.ToString(c.ImageId), Type: aws.ToString(c.InstanceType), Subnet: g.Subnets[len(g.Members)%len(g.Subnets)],
		Groups: c.SecurityGroups, Profile: aws.ToString(c.IamInstanceProfile), Tags: tags,
	})
	if id == "" {
		return false
	}
	g.Members[id] = &member{Instance: id, State: astypes.LifecycleStatePending, Protected: g.ProtectNew, Config: g.Config}
	return true
}
