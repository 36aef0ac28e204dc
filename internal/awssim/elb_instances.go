package awssim

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"
)

func invalidInstance(id string) error {
	return httpError(400, &elbtypes.InvalidEndPointException{Message: aws.String("Could not find EC2 instance " + id + ".")})
}

// known refuses instances that do not exist or are not in the balancer's VPC.
func (b *classicBalancer) known(e *ec2State, ids []elbtypes.Instance) error {
	if len(ids) == 0 {
		return validationError("Instances cannot be empty")
	}
	for _, i := range ids {
		if _, ok := e.Instances[aws.ToString(i.InstanceId)]; !ok {
			return invalidInstance(aws.ToString(i.InstanceId))
		}
		if b.Desc.VPCId != nil && e.vpcOf(*i.InstanceId) != *b.Desc.VPCId {
			return httpError(400, &elbtypes.InvalidEndPointException{Message: aws.String("EC2 instance " + *i.InstanceId + " is not in the same VPC as ELB.")})
		}
	}
	return nil
}

func registerWithClassic(x *request, in *elb.RegisterInstancesWithLoadBalancerInput) (*elb.RegisterInstancesWithLoadBalancerOutput, error) {
	r := x.st.region(x.Region)
	b, err := r.ELB.balancer(in.LoadBalancerName)
	if err != nil {
		return nil, err
	}
	if err := b.known(&r.EC2, in.Instances); err != nil {
		return nil, err
	}
	for _, i := range in.Instances {
		b.add(*i.InstanceId)
	}
	return &elb.RegisterInstancesWithLoadBalancerOutput{Instances: clone(b.Desc.Instances)}, nil
}

// deregisterFromClassic takes an instance that exists but is not registered as deregistered already.
func deregisterFromClassic(x *request, in *elb.DeregisterInstancesFromLoadBalancerInput) (*elb.DeregisterInstancesFromLoadBalancerOutput, error) {
	r := x.st.region(x.Region)
	b, err := r.ELB.balancer(in.LoadBalancerName)
	if err != nil {
		return nil, err
	}
	for _, i := range in.Instances {
		if id := aws.ToString(i.InstanceId); r.EC2.Instances[id] == nil && !b.has(id) {
			return nil, invalidInstance(id)
		}
	}
	for _, i := range in.Instances {
		b.remove(*i.InstanceId)
	}
	return &elb.DeregisterInstancesFromLoadBalancerOutput{Instances: clone(b.Desc.Instances)}, nil
}

func describeInstanceHealth(x *request, in *elb.DescribeInstanceHealthInput) (*elb.DescribeInstanceHealthOutput, error) {
	r := x.st.region(x.Region)
	b, err := r.ELB.balancer(in.LoadBalancerName)
	if err != nil {
		return nil, err
	}
	asked := in.Instances
	if len(asked) == 0 {
		asked = b.Desc.Instances
	}
	out := &elb.DescribeInstanceHealthOutput{InstanceStates: []elbtypes.InstanceState{}}
	for _, i := range asked {
		id := aws.ToString(i.InstanceId)
		if !b.has(id) {
			return nil, invalidInstance(id)
		}
		st := elbtypes.InstanceState{InstanceId: &id, State: aws.String("InService"), ReasonCode: aws.String("N/A"), Description: aws.String("N/A")}
		switch {
		case !r.EC2.isRunning(id):
			st.State, st.ReasonCode = aws.String("OutOfService"), aws.String("Instance")
			st.Description = aws.String("Instance is in stopped state.")
		case !x.st.classicPasses(r, b, id):
			st.State, st.ReasonCode = aws.String("OutOfService"), aws.String("Instance")
			st.Description = aws.String("Instance has failed at least the UnhealthyThreshold number of health checks consecutively.")
		}
		out.InstanceStates = append(out.InstanceStates, st)
	}
	return out, nil
}
