package awssim

import (
	"regexp"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"
)

const elasticLoadBalancing = "Elastic Load Balancing"

func registerELB(r registry) {
	write(r, elasticLoadBalancing, createClassic)
	write(r, elasticLoadBalancing, deleteClassic)
	write(r, elasticLoadBalancing, configureHealthCheck)
	read(r, elasticLoadBalancing, describeClassic)
	read(r, elasticLoadBalancing, describeClassicTags)
	write(r, elasticLoadBalancing, registerWithClassic)
	write(r, elasticLoadBalancing, deregisterFromClassic)
	read(r, elasticLoadBalancing, describeInstanceHealth)
}

const balancerPage = 400 // PageSize, default and limit, of both load-balancing APIs

// balancerName is the form of the names of balancers and target groups.
var balancerName = regexp.MustCompile(`^[a-zA-Z0-9]([a-zA-Z0-9-]{0,30}[a-zA-Z0-9])?$`)

// balancerCut cuts one page of sorted keys.
func balancerCut(keys []string, marker *string, size *int32) ([]string, *string, error) {
	if size != nil && (*size < 1 || *size > balancerPage) {
		return nil, nil, validationError("1 validation error detected: Value '%d' at 'pageSize' failed to satisfy constraint: Member must be between 1 and %d", *size, balancerPage)
	}
	if badToken(aws.ToString(marker)) {
		return nil, nil, validationError("Invalid marker")
	}
	page, next := pageAfter(keys, aws.ToString(marker), pageSize(size, balancerPage, balancerPage))
	if next == "" {
		return page, nil, nil
	}
	return page, &next, nil
}

func (e *elbState) balancer(name *string) (*classicBalancer, error) {
	b, ok := e.Balancers[aws.ToString(name)]
	if !ok {
		return nil, httpError(400, &elbtypes.AccessPointNotFoundException{Message: aws.String("There is no ACTIVE Load Balancer named '" + aws.ToString(name) + "'")})
	}
	return b, nil
}

func createClassic(x *request, in *elb.CreateLoadBalancerInput) (*elb.CreateLoadBalancerOutput, error) {
	r := x.st.region(x.Region)
	name := aws.ToString(in.LoadBalancerName)
	switch {
	case !balancerName.MatchString(name):
		return nil, validationError("LoadBalancerName must contain only alphanumeric characters or hyphens, and be at most 32 characters: %s", name)
	case r.ELB.Balancers[name] != nil:
		return nil, httpError(400, &elbtypes.DuplicateAccessPointNameException{Message: aws.String("The specified load balancer name already exists for this account: " + name)})
	case len(in.Listeners) == 0:
		return nil, validationError("Listeners cannot be empty")
	case (len(in.Subnets) == 0) == (len(in.AvailabilityZones) == 0):
		return nil, validationError("Either AvailabilityZones or SubnetIds must be specified")
	}
	var vpc *string
	zones := slices.Clone(in.AvailabilityZones)
	for _, id := range in.Subnets {
		subnet, ok := r.EC2.Subnets[id]
		if !ok {
			return nil, httpError(400, &elbtypes.SubnetNotFoundException{Message: aws.String("The requested subnet " + id + " does not exist")})
		}
		vpc = clone(subnet.VpcId)
		zones = append(zones, aws.ToString(subnet.AvailabilityZone))
	}
	for _, id := range in.SecurityGroups {
		if r.EC2.Groups[id] == nil {
			return nil, httpError(400, &elbtypes.InvalidSecurityGroupException{Message: aws.String("One or more of the specified security groups do not exist: " + id)})
		}
	}
	b := x.st.addClassic(r, name, in.Listeners)
	slices.Sort(zones)
	b.Desc.AvailabilityZones, b.Desc.Subnets, b.Desc.VPCId = slices.Compact(zones), clone(in.Subnets), vpc
	b.Desc.SecurityGroups, b.Desc.CreatedTime = clone(in.SecurityGroups), aws.Time(x.now)
	if in.Scheme != nil {
		b.Desc.Scheme = clone(in.Scheme)
	}
	for _, t := range in.Tags {
		b.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return &elb.CreateLoadBalancerOutput{DNSName: clone(b.Desc.DNSName)}, nil
}

// addClassic makes a balancer without checks, its health check AWS's default: TCP on the first listener's port.
func (s *state) addClassic(r *region, name string, listeners []elbtypes.Listener) *classicBalancer {
	b := &classicBalancer{Tags: map[string]string{}, Desc: elbtypes.LoadBalancerDescription{
		LoadBalancerName: &name, Scheme: aws.String("internet-facing"), Instances: []elbtypes.Instance{},
		DNSName: aws.String(name + "-1234567890." + r.Name + ".elb.amazonaws.com"),
		HealthCheck: &elbtypes.HealthCheck{
			Target:   aws.String("TCP:" + strconv.Itoa(int(aws.ToInt32(listeners[0].InstancePort)))),
			Interval: aws.Int32(30), Timeout: aws.Int32(5), HealthyThreshold: aws.Int32(10), UnhealthyThreshold: aws.Int32(2),
		},
	}}
	for _, l := range listeners {
		b.Desc.ListenerDescriptions = append(b.Desc.ListenerDescriptions, elbtypes.ListenerDescription{Listener: new(clone(l))})
	}
	r.ELB.Balancers[name] = b
	return b
}

// deleteClassic succeeds whether the balancer is there or not, as AWS's does.
func deleteClassic(x *request, in *elb.DeleteLoadBalancerInput) (*elb.DeleteLoadBalancerOutput, error) {
	delete(x.st.region(x.Region).ELB.Balancers, aws.ToString(in.LoadBalancerName))
	return &elb.DeleteLoadBalancerOutput{}, nil
}

var healthTarget = regexp.MustCompile(`^(TCP|SSL):[1-9][0-9]{0,4}$|^(HTTP|HTTPS):[1-9][0-9]{0,4}/.*$`)

func configureHealthCheck(x *request, in *elb.ConfigureHealthCheckInput) (*elb.ConfigureHealthCheckOutput, error) {
	b, err := x.st.region(x.Region).ELB.balancer(in.LoadBalancerName)
	if err != nil {
		return nil, err
	}
	if target := aws.ToString(in.HealthCheck.Target); !healthTarget.MatchString(target) {
		return nil, validationError("HealthCheck Target must specify a valid protocol, port and path: %s", target)
	}
	b.Desc.HealthCheck = clone(in.HealthCheck)
	return &elb.ConfigureHealthCheckOutput{HealthCheck: clone(in.HealthCheck)}, nil
}

func describeClassic(x *request, in *elb.DescribeLoadBalancersInput) (*elb.DescribeLoadBalancersOutput, error) {
	e := &x.st.region(x.Region).ELB
	names := sortedKeys(e.Balancers)
	if len(in.LoadBalancerNames) > 0 {
		for _, n := range in.LoadBalancerNames {
			if _, err := e.balancer(&n); err != nil {
				return nil, err
			}
		}
		names = slices.Compact(slices.Sorted(slices.Values(in.LoadBalancerNames)))
	}
	page, next, err := balancerCut(names, in.Marker, in.PageSize)
	if err != nil {
		return nil, err
	}
	out := &elb.DescribeLoadBalancersOutput{LoadBalancerDescriptions: []elbtypes.LoadBalancerDescription{}, NextMarker: next}
	for _, n := range page {
		out.LoadBalancerDescriptions = append(out.LoadBalancerDescriptions, clone(e.Balancers[n].Desc))
	}
	return out, nil
}

func describeClassicTags(x *request, in *elb.DescribeTagsInput) (*elb.DescribeTagsOutput, error) {
	if len(in.LoadBalancerNames) > 20 {
		return nil, validationError("1 validation error detected: Value at 'loadBalancerNames' failed to satisfy constraint: Member must have length less than or equal to 20")
	}
	out := &elb.DescribeTagsOutput{TagDescriptions: []elbtypes.TagDescription{}}
	for _, n := range in.LoadBalancerNames {
		b, err := x.st.region(x.Region).ELB.balancer(&n)
		if err != nil {
			return nil, err
		}
		d := elbtypes.TagDescription{LoadBalancerName: &n, Tags: []elbtypes.Tag{}}
		for _, key := range sortedKeys(b.Tags) {
			d.Tags = append(d.Tags, elbtypes.Tag{Key: &key, Value: aws.String(b.Tags[key])})
		}
		out.TagDescriptions = append(out.TagDescriptions, d)
	}
	return out, nil
}
