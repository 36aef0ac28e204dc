package awssim

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbv2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func registerELBV2Balancers(r registry) {
	write(r, elasticLoadBalancingV2, createBalancer)
	write(r, elasticLoadBalancingV2, deleteBalancer)
	read(r, elasticLoadBalancingV2, describeBalancers)
	write(r, elasticLoadBalancingV2, createListener)
	write(r, elasticLoadBalancingV2, deleteListener)
	read(r, elasticLoadBalancingV2, describeListeners)
	read(r, elasticLoadBalancingV2, describeBalancerTags)
}

func balancerNotFound(arn string) error {
	return httpError(400, &elbv2types.LoadBalancerNotFoundException{Message: aws.String("Load balancer '" + arn + "' not found")})
}

func createBalancer(x *request, in *elbv2.CreateLoadBalancerInput) (*elbv2.CreateLoadBalancerOutput, error) {
	r := x.st.region(x.Region)
	kind := in.Type
	if kind == "" {
		kind = elbv2types.LoadBalancerTypeEnumApplication
	}
	name := aws.ToString(in.Name)
	if !balancerName.MatchString(name) || strings.HasPrefix(name, "internal-") {
		return nil, validationError("The load balancer name '%s' is not valid", name)
	}
	for _, b := range r.ELBV2.Balancers {
		if *b.Balancer.LoadBalancerName == name {
			return nil, httpError(400, &elbv2types.DuplicateLoadBalancerNameException{Message: aws.String("A load balancer with the same name '" + name + "' exists, but with different settings")})
		}
	}
	subnets := slices.Clone(in.Subnets)
	for _, m := range in.SubnetMappings {
		subnets = append(subnets, aws.ToString(m.SubnetId))
	}
	var zones []elbv2types.AvailabilityZone
	var vpc string
	for _, id := range subnets {
		s, ok := r.EC2.Subnets[id]
		if !ok {
			return nil, httpError(400, &elbv2types.SubnetNotFoundException{Message: aws.String("The subnet ID '" + id + "' does not exist")})
		}
		if slices.ContainsFunc(zones, func(z elbv2types.AvailabilityZone) bool { return *z.ZoneName == aws.ToString(s.AvailabilityZone) }) {
			return nil, httpError(400, &elbv2types.InvalidConfigurationRequestException{Message: aws.String("A load balancer cannot be attached to multiple subnets in the same Availability Zone")})
		}
		vpc = aws.ToString(s.VpcId)
		zones = append(zones, elbv2types.AvailabilityZone{ZoneName: aws.String(aws.ToString(s.AvailabilityZone)), SubnetId: &id})
	}
	if need := map[bool]int{true: 2, false: 1}[kind == elbv2types.LoadBalancerTypeEnumApplication]; len(zones) < need {
		return nil, validationError("At least %d subnets in different Availability Zones must be specified", need)
	}
	for _, id := range in.SecurityGroups {
		if r.EC2.Groups[id] == nil {
			return nil, httpError(400, &elbv2types.InvalidSecurityGroupException{Message: aws.String("The security group '" + id + "' does not exist")})
		}
	}
	b := x.st.addBalancer(r, name, vpc, kind)
	b.Balancer.AvailabilityZones, b.Balancer.SecurityGroups = zones, clone(in.SecurityGroups)
	b.Balancer.CreatedTime = aws.Time(x.now)
	if in.Scheme != "" {
		b.Balancer.Scheme = in.Scheme
	}
	for _, t := range in.Tags {
		b.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return &elbv2.CreateLoadBalancerOutput{LoadBalancers: []elbv2types.LoadBalancer{clone(b.Balancer)}}, nil
}

// addBalancer makes an active, internet-facing load balancer without checks.
func (s *state) addBalancer(r *region, name, vpc string, kind elbv2types.LoadBalancerTypeEnum) *balancer {
	short := map[elbv2types.LoadBalancerTypeEnum]string{
		elbv2types.LoadBalancerTypeEnumApplication: "app", elbv2types.LoadBalancerTypeEnumNetwork: "net", elbv2types.LoadBalancerTypeEnumGateway: "gwy",
	}[kind]
	b := &balancer{Tags: map[string]string{}, Balancer: elbv2types.LoadBalancer{
		LoadBalancerArn:  aws.String(s.arn("elasticloadbalancing", r.Name, "loadbalancer/"+short+"/"+name+"/"+strings.TrimPrefix(s.newID("lb"), "lb-0"))),
		LoadBalancerName: &name, Type: kind, VpcId: &vpc, Scheme: elbv2types.LoadBalancerSchemeEnumInternetFacing,
		DNSName:       aws.String(name + "-1234567890." + r.Name + ".elb.amazonaws.com"),
		IpAddressType: elbv2types.IpAddressTypeIpv4, State: &elbv2types.LoadBalancerState{Code: elbv2types.LoadBalancerStateEnumActive},
	}}
	r.ELBV2.Balancers[*b.Balancer.LoadBalancerArn] = b
	return b
}

// deleteBalancer deletes a balancer with its listeners; it succeeds where there is none.
func deleteBalancer(x *request, in *elbv2.DeleteLoadBalancerInput) (*elbv2.DeleteLoadBalancerOutput, error) {
	e := &x.st.region(x.Region).ELBV2
	arn := aws.ToString(in.LoadBalancerArn)
	for key, l := range e.Listeners {
		if *l.LoadBalancerArn == arn {
			delete(e.Listeners, key)
		}
	}
	delete(e.Balancers, arn)
	return &elbv2.DeleteLoadBalancerOutput{}, nil
}

func describeBalancers(x *request, in *elbv2.DescribeLoadBalancersInput) (*elbv2.DescribeLoadBalancersOutput, error) {
	e := &x.st.region(x.Region).ELBV2
	arns := []string{}
	for _, arn := range sortedKeys(e.Balancers) {
		all := len(in.LoadBalancerArns)+len(in.Names) == 0
		if all || slices.Contains(in.LoadBalancerArns, arn) || slices.Contains(in.Names, *e.Balancers[arn].Balancer.LoadBalancerName) {
			arns = append(arns, arn)
		}
	}
	for _, arn := range in.LoadBalancerArns {
		if e.Balancers[arn] == nil {
			return nil, balancerNotFound(arn)
		}
	}
	for _, name := range in.Names {
		if !slices.ContainsFunc(arns, func(arn string) bool { return *e.Balancers[arn].Balancer.LoadBalancerName == name }) {
			return nil, balancerNotFound(name)
		}
	}
	page, next, err := balancerCut(arns, in.Marker, in.PageSize)
	if err != nil {
		return nil, err
	}
	out := &elbv2.DescribeLoadBalancersOutput{LoadBalancers: []elbv2types.LoadBalancer{}, NextMarker: next}
	for _, arn := range page {
		out.LoadBalancers = append(out.LoadBalancers, clone(e.Balancers[arn].Balancer))
	}
	return out, nil
}

// describeBalancerTags answers for load balancers and target groups.
func describeBalancerTags(x *request, in *elbv2.DescribeTagsInput) (*elbv2.DescribeTagsOutput, error) {
	if len(in.ResourceArns) > 20 {
		return nil, validationError("1 validation error detected: Value at 'resourceArns' failed to satisfy constraint: Member must have length less than or equal to 20")
	}
	e := &x.st.region(x.Region).ELBV2
	out := &elbv2.DescribeTagsOutput{TagDescriptions: []elbv2types.TagDescription{}}
	for _, arn := range in.ResourceArns {
		var tags map[string]string
		if b, ok := e.Balancers[arn]; ok {
			tags = b.Tags
		} else if strings.Contains(arn, ":loadbalancer/") {
			return nil, balancerNotFound(arn)
		} else if g, err := e.group(&arn); err != nil {
			return nil, err
		} else {
			tags = g.Tags
		}
		d := elbv2types.TagDescription{ResourceArn: &arn, Tags: []elbv2types.Tag{}}
		for _, key := range sortedKeys(tags) {
			d.Tags = append(d.Tags, elbv2types.Tag{Key: &key, Value: aws.String(tags[key])})
		}
		out.TagDescriptions = append(out.TagDescriptions, d)
	}
	return out, nil
}
