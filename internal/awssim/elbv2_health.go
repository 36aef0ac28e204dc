package awssim

import (
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbv2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// describeTargetHealth answers in the order of ids and ports; a target that is asked for and not registered is
// "unused". The account never detects anomalies, whatever Include says.
func describeTargetHealth(x *request, in *elbv2.DescribeTargetHealthInput) (*elbv2.DescribeTargetHealthOutput, error) {
	r := x.st.region(x.Region)
	g, err := r.ELBV2.group(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	var asked []*target
	for _, key := range sortedKeys(g.Targets) {
		t := g.Targets[key]
		if len(in.Targets) == 0 || slices.ContainsFunc(in.Targets, g.meant(t)) {
			asked = append(asked, t)
		}
	}
	out := &elbv2.DescribeTargetHealthOutput{TargetHealthDescriptions: []elbv2types.TargetHealthDescription{}}
	for _, t := range asked {
		out.TargetHealthDescriptions = append(out.TargetHealthDescriptions, g.described(t, x.st.targetHealth(r, g, t, x.now)))
	}
	for _, d := range in.Targets {
		t := &target{ID: aws.ToString(d.Id), Port: g.portOf(d)}
		if g.Targets[targetKey(t.ID, t.Port)] == nil {
			out.TargetHealthDescriptions = append(out.TargetHealthDescriptions, g.described(t, elbv2types.TargetHealth{
				State: elbv2types.TargetHealthStateEnumUnused, Reason: elbv2types.TargetHealthReasonEnumNotRegistered,
				Description: aws.String("Target is not registered to the target group"),
			}))
		}
	}
	return out, nil
}

// portOf is the port of a target's description: the group's, if it names none.
func (g *targetGroup) portOf(d elbv2types.TargetDescription) int32 {
	if d.Port != nil {
		return *d.Port
	}
	return aws.ToInt32(g.Group.Port)
}

func (g *targetGroup) meant(t *target) func(elbv2types.TargetDescription) bool {
	return func(d elbv2types.TargetDescription) bool {
		return aws.ToString(d.Id) == t.ID && g.portOf(d) == t.Port
	}
}

func (g *targetGroup) described(t *target, h elbv2types.TargetHealth) elbv2types.TargetHealthDescription {
	d := elbv2types.TargetHealthDescription{
		Target:          &elbv2types.TargetDescription{Id: aws.String(t.ID), Port: aws.Int32(t.Port)},
		HealthCheckPort: aws.String(strconv.Itoa(g.checkedPort(t))), TargetHealth: &h,
	}
	if t.Zone != "" {
		d.Target.AvailabilityZone = aws.String(t.Zone)
	}
	return d
}

// checkedPort is the port that a target's health is checked on.
func (g *targetGroup) checkedPort(t *target) int {
	if port, err := strconv.Atoi(aws.ToString(g.Group.HealthCheckPort)); err == nil {
		return port
	}
	return int(t.Port) // "traffic-port"
}

// targetHealth is a target's state as the load balancer sees it; a target's first check takes one interval.
func (s *state) targetHealth(r *region, g *targetGroup, t *target, now time.Time) elbv2types.TargetHealth {
	health := func(state elbv2types.TargetHealthStateEnum, reason elbv2types.TargetHealthReasonEnum, text string) elbv2types.TargetHealth {
		return elbv2types.TargetHealth{State: state, Reason: reason, Description: aws.String(text)}
	}
	interval := time.Duration(aws.ToInt32(g.Group.HealthCheckIntervalSeconds)) * time.Second
	id := s.targetInstance(r, g, t)
	switch {
	case !t.Draining.IsZero():
		return health(elbv2types.TargetHealthStateEnumDraining, elbv2types.TargetHealthReasonEnumDeregistrationInProgress, "Target deregistration is in progress")
	case id != "" && !r.EC2.isRunning(id):
		return health(elbv2types.TargetHealthStateEnumUnused, elbv2types.TargetHealthReasonEnumInvalidState, "Target is in the stopped state")
	case !r.ELBV2.used(g):
		return health(elbv2types.TargetHealthStateEnumUnused, elbv2types.TargetHealthReasonEnumNotInUse, "Target group is not configured to receive traffic from the load balancer")
	case now.Before(t.Since.Add(interval)):
		return health(elbv2types.TargetHealthStateEnumInitial, elbv2types.TargetHealthReasonEnumRegistrationInProgress, "Target registration is in progress")
	case id == "" || !s.ingressAllowed(r, id, g.checkedPort(t)):
		return health(elbv2types.TargetHealthStateEnumUnhealthy, elbv2types.TargetHealthReasonEnumTimeout, "Request timed out")
	}
	return elbv2types.TargetHealth{State: elbv2types.TargetHealthStateEnumHealthy}
}

// targetInstance is the instance behind a target, "" if there is none.
func (s *state) targetInstance(r *region, g *targetGroup, t *target) string {
	if g.Group.TargetType == elbv2types.TargetTypeEnumInstance {
		return t.ID
	}
	for _, eni := range r.EC2.Interfaces {
		if aws.ToString(eni.VpcId) != aws.ToString(g.Group.VpcId) || eni.Attachment == nil {
			continue
		}
		for _, a := range eni.PrivateIpAddresses {
			if aws.ToString(a.PrivateIpAddress) == t.ID {
				return aws.ToString(eni.Attachment.InstanceId)
			}
		}
		for _, a := range eni.Ipv6Addresses {
			if aws.ToString(a.Ipv6Address) == t.ID {
				return aws.ToString(eni.Attachment.InstanceId)
			}
		}
	}
	return ""
}

// targetPasses says whether no registration of the instance fails its health check; a group that no load balancer
// uses checks nothing.
func (s *state) targetPasses(r *region, g *targetGroup, id string) bool {
	if !r.ELBV2.used(g) {
		return true
	}
	for _, t := range g.Targets {
		if t.ID == id && t.Draining.IsZero() && !s.ingressAllowed(r, id, g.checkedPort(t)) {
			return false
		}
	}
	return true
}
