package awssim

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbv2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

const elasticLoadBalancingV2 = "Elastic Load Balancing v2"

// deregistrationDelay is a target group's default.
const deregistrationDelay = 300 * time.Second

func registerELBV2(r registry) {
	write(r, elasticLoadBalancingV2, createTargetGroup)
	write(r, elasticLoadBalancingV2, deleteTargetGroup)
	read(r, elasticLoadBalancingV2, describeTargetGroups)
	write(r, elasticLoadBalancingV2, registerTargets)
	write(r, elasticLoadBalancingV2, deregisterTargets)
	read(r, elasticLoadBalancingV2, describeTargetHealth)
	registerELBV2Balancers(r)
}

func (e *elbv2State) group(arn *string) (*targetGroup, error) {
	if g, ok := e.Groups[aws.ToString(arn)]; ok {
		return g, nil
	}
	if !strings.HasPrefix(aws.ToString(arn), "arn:") || !strings.Contains(aws.ToString(arn), ":targetgroup/") {
		return nil, validationError("'%s' is not a valid target group ARN", aws.ToString(arn))
	}
	return nil, targetGroupNotFound()
}

func targetGroupNotFound() error {
	return httpError(400, &elbv2types.TargetGroupNotFoundException{Message: aws.String("One or more target groups not found")})
}

func createTargetGroup(x *request, in *elbv2.CreateTargetGroupInput) (*elbv2.CreateTargetGroupOutput, error) {
	r := x.st.region(x.Region)
	kind := in.TargetType
	if kind == "" {
		kind = elbv2types.TargetTypeEnumInstance
	}
	name := aws.ToString(in.Name)
	switch {
	case !balancerName.MatchString(name):
		return nil, validationError("Target group name '%s' must be at most 32 characters of letters, digits and hyphens, and not begin or end with a hyphen", name)
	case kind != elbv2types.TargetTypeEnumInstance && kind != elbv2types.TargetTypeEnumIp:
		return nil, apiError(501, "UnsimulatedOperation", "target type %s is not simulated", kind)
	case in.Protocol == "":
		return nil, validationError("A protocol must be specified")
	case in.Port == nil:
		return nil, validationError("A port must be specified")
	case *in.Port < 1 || *in.Port > 65535:
		return nil, validationError("1 validation error detected: Value '%d' at 'port' failed to satisfy constraint: Member must be between 1 and 65535", *in.Port)
	case in.VpcId == nil:
		return nil, validationError("A VPC ID must be specified")
	case r.EC2.VPCs[*in.VpcId] == nil:
		return nil, validationError("The VPC ID '%s' is not found", *in.VpcId)
	}
	for _, g := range r.ELBV2.Groups {
		if *g.Group.TargetGroupName != name {
			continue
		}
		if *g.Group.Port != *in.Port || g.Group.Protocol != in.Protocol || *g.Group.VpcId != *in.VpcId || g.Group.TargetType != kind {
			return nil, httpError(400, &elbv2types.DuplicateTargetGroupNameException{Message: aws.String("A target group with the same name '" + name + "' exists, but with different settings")})
		}
		return &elbv2.CreateTargetGroupOutput{TargetGroups: []elbv2types.TargetGroup{r.ELBV2.shown(g)}}, nil
	}
	g := x.st.addTargetGroup(r, name, *in.VpcId, kind, in.Protocol, *in.Port)
	if in.HealthCheckPort != nil {
		g.Group.HealthCheckPort = clone(in.HealthCheckPort)
	}
	if in.HealthCheckIntervalSeconds != nil {
		g.Group.HealthCheckIntervalSeconds = clone(in.HealthCheckIntervalSeconds)
	}
	for _, t := range in.Tags {
		g.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return &elbv2.CreateTargetGroupOutput{TargetGroups: []elbv2types.TargetGroup{r.ELBV2.shown(g)}}, nil
}

// addTargetGroup makes a target group without checks, its health check AWS's default.
func (s *state) addTargetGroup(r *region, name, vpc string, kind elbv2types.TargetTypeEnum, protocol elbv2types.ProtocolEnum, port int32) *targetGroup {
	g := &targetGroup{
		Tags: map[string]string{}, Targets: map[string]*target{}, Delay: deregistrationDelay,
		Group: elbv2types.TargetGroup{
			TargetGroupArn:  aws.String(s.arn("elasticloadbalancing", r.Name, "targetgroup/"+name+"/"+strings.TrimPrefix(s.newID("tg"), "tg-0"))),
			TargetGroupName: &name, VpcId: &vpc, TargetType: kind, Protocol: protocol, Port: &port,
			HealthCheckEnabled: aws.Bool(true), HealthCheckPort: aws.String("traffic-port"), HealthCheckProtocol: protocol,
			HealthCheckIntervalSeconds: aws.Int32(30), HealthCheckTimeoutSeconds: aws.Int32(5),
			HealthyThresholdCount: aws.Int32(5), UnhealthyThresholdCount: aws.Int32(2),
			IpAddressType: elbv2types.TargetGroupIpAddressTypeEnumIpv4,
		},
	}
	if protocol == elbv2types.ProtocolEnumHttp || protocol == elbv2types.ProtocolEnumHttps {
		g.Group.HealthCheckPath, g.Group.ProtocolVersion = aws.String("/"), aws.String("HTTP1")
		g.Group.Matcher = &elbv2types.Matcher{HttpCode: aws.String("200")}
	}
	r.ELBV2.Groups[*g.Group.TargetGroupArn] = g
	return g
}

func (e *elbv2State) shown(g *targetGroup) elbv2types.TargetGroup {
	out := clone(g.Group)
	out.LoadBalancerArns = append([]string{}, e.balancersOf(*out.TargetGroupArn)...)
	return out
}

func deleteTargetGroup(x *request, in *elbv2.DeleteTargetGroupInput) (*elbv2.DeleteTargetGroupOutput, error) {
	e := &x.st.region(x.Region).ELBV2
	g, ok := e.Groups[aws.ToString(in.TargetGroupArn)]
	if ok && e.used(g) {
		return nil, httpError(400, &elbv2types.ResourceInUseException{Message: aws.String("Target group '" + *in.TargetGroupArn + "' is currently in use by a listener or a rule")})
	}
	delete(e.Groups, aws.ToString(in.TargetGroupArn)) // success also where there is none
	return &elbv2.DeleteTargetGroupOutput{}, nil
}

func describeTargetGroups(x *request, in *elbv2.DescribeTargetGroupsInput) (*elbv2.DescribeTargetGroupsOutput, error) {
	e := &x.st.region(x.Region).ELBV2
	if in.LoadBalancerArn != nil && len(in.TargetGroupArns)+len(in.Names) > 0 || len(in.TargetGroupArns) > 0 && len(in.Names) > 0 {
		return nil, validationError("Target group ARNs, target group names and a load balancer ARN cannot be specified at the same time")
	}
	if in.LoadBalancerArn != nil && e.Balancers[*in.LoadBalancerArn] == nil {
		return nil, balancerNotFound(*in.LoadBalancerArn)
	}
	for _, arn := range in.TargetGroupArns {
		if _, err := e.group(&arn); err != nil {
			return nil, err
		}
	}
	arns, names := []string{}, map[string]bool{}
	for _, arn := range sortedKeys(e.Groups) {
		name := *e.Groups[arn].Group.TargetGroupName
		switch {
		case in.LoadBalancerArn != nil && !slices.Contains(e.balancersOf(arn), *in.LoadBalancerArn):
		case len(in.TargetGroupArns) > 0 && !slices.Contains(in.TargetGroupArns, arn):
		case len(in.Names) > 0 && !slices.Contains(in.Names, name):
		default:
			arns, names[name] = append(arns, arn), true
		}
	}
	for _, n := range in.Names {
		if !names[n] {
			return nil, targetGroupNotFound()
		}
	}
	page, next, err := balancerCut(arns, in.Marker, in.PageSize)
	if err != nil {
		return nil, err
	}
	out := &elbv2.DescribeTargetGroupsOutput{TargetGroups: []elbv2types.TargetGroup{}, NextMarker: next}
	for _, arn := range page {
		out.TargetGroups = append(out.TargetGroups, e.shown(e.Groups[arn]))
	}
	return out, nil
}
