package awssim

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbv2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func createListener(x *request, in *elbv2.CreateListenerInput) (*elbv2.CreateListenerOutput, error) {
	e := &x.st.region(x.Region).ELBV2
	arn := aws.ToString(in.LoadBalancerArn)
	if e.Balancers[arn] == nil {
		return nil, balancerNotFound(arn)
	}
	if in.Port == nil || in.Protocol == "" {
		return nil, validationError("A listener's port and protocol must be specified")
	}
	for _, l := range e.Listeners {
		if *l.LoadBalancerArn == arn && *l.Port == *in.Port {
			return nil, httpError(400, &elbv2types.DuplicateListenerException{Message: aws.String("A listener already exists on this port for this load balancer '" + arn + "'")})
		}
	}
	for _, group := range forwards(in.DefaultActions) {
		if _, err := e.group(&group); err != nil {
			return nil, err
		}
		if others := e.balancersOf(group); len(others) > 0 && !slices.Contains(others, arn) {
			return nil, httpError(400, &elbv2types.TargetGroupAssociationLimitException{Message: aws.String("The following target groups cannot be associated with more than one load balancer: " + group)})
		}
	}
	l := x.st.addListener(e, arn, in.Protocol, *in.Port, clone(in.DefaultActions))
	return &elbv2.CreateListenerOutput{Listeners: []elbv2types.Listener{clone(*l)}}, nil
}

// addListener makes a listener without checks.
func (s *state) addListener(e *elbv2State, balancer string, protocol elbv2types.ProtocolEnum, port int32, actions []elbv2types.Action) *elbv2types.Listener {
	arn := strings.Replace(balancer, ":loadbalancer/", ":listener/", 1) + "/" + strings.TrimPrefix(s.newID("li"), "li-0")
	l := &elbv2types.Listener{ListenerArn: &arn, LoadBalancerArn: &balancer, Protocol: protocol, Port: &port, DefaultActions: actions}
	e.Listeners[arn] = l
	return l
}

func deleteListener(x *request, in *elbv2.DeleteListenerInput) (*elbv2.DeleteListenerOutput, error) {
	e := &x.st.region(x.Region).ELBV2
	if e.Listeners[aws.ToString(in.ListenerArn)] == nil {
		return nil, listenerNotFound()
	}
	delete(e.Listeners, *in.ListenerArn)
	return &elbv2.DeleteListenerOutput{}, nil
}

func listenerNotFound() error {
	return httpError(400, &elbv2types.ListenerNotFoundException{Message: aws.String("One or more listeners not found")})
}

func describeListeners(x *request, in *elbv2.DescribeListenersInput) (*elbv2.DescribeListenersOutput, error) {
	e := &x.st.region(x.Region).ELBV2
	switch {
	case in.LoadBalancerArn == nil && len(in.ListenerArns) == 0:
		return nil, validationError("You must specify either listener ARNs or a load balancer ARN")
	case in.LoadBalancerArn != nil && e.Balancers[*in.LoadBalancerArn] == nil:
		return nil, balancerNotFound(*in.LoadBalancerArn)
	}
	for _, arn := range in.ListenerArns {
		if e.Listeners[arn] == nil {
			return nil, listenerNotFound()
		}
	}
	arns := slices.DeleteFunc(sortedKeys(e.Listeners), func(arn string) bool {
		if in.LoadBalancerArn != nil {
			return *e.Listeners[arn].LoadBalancerArn != *in.LoadBalancerArn
		}
		return !slices.Contains(in.ListenerArns, arn)
	})
	page, next, err := balancerCut(arns, in.Marker, in.PageSize)
	if err != nil {
		return nil, err
	}
	out := &elbv2.DescribeListenersOutput{Listeners: []elbv2types.Listener{}, NextMarker: next}
	for _, arn := range page {
		out.Listeners = append(out.Listeners, clone(*e.Listeners[arn]))
	}
	return out, nil
}
