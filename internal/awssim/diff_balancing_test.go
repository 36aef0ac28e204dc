package awssim_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbv2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"cordon/internal/cloud"
)

// knownBalancing are the known differences; the sources are pages of the API reference of the service.
var knownBalancing = map[string]difference{
	"classic/register":                       {`ok [{"InstanceId":"i-#1"}]`, "ok []", "sim", "RegisterInstancesWithLoadBalancer: returns the updated list of instances"},
	"classic/register again":                 {`ok [{"InstanceId":"i-#1"}]`, "ok []", "sim", "as for register"},
	"classic/register another":               {`ok [{"InstanceId":"i-#1"},{"InstanceId":"i-#2"}]`, "ok []", "sim", "as for register"},
	"classic/register with unknown balancer": {"error LoadBalancerNotFound", "error without a code", "sim", "RegisterInstancesWithLoadBalancer: LoadBalancerNotFound (moto fails)"},
	"classic/describe with instances": {
		`ok [["classic",2,"internet-facing"]]`, `ok [["classic",3,"internet-facing"]]`,
		"sim", "RegisterInstancesWithLoadBalancer: a registered instance that is registered again is registered once",
	},
	"classic/deregister":                       {"ok 1", "ok 0", "sim", "DeregisterInstancesFromLoadBalancer: returns the remaining instances"},
	"classic/deregister again":                 {"ok 1", "ok 0", "sim", "as for deregister"},
	"classic/deregister from unknown balancer": {"error LoadBalancerNotFound", "error without a code", "sim", "DeregisterInstancesFromLoadBalancer: LoadBalancerNotFound (moto fails)"},
	"classic/register unknown":                 {"error InvalidInstance", "ok []", "sim", "RegisterInstancesWithLoadBalancer: InvalidInstance"},
	"targets/health": {
		`ok ["i-#2:8080 unused","i-#2:9090 unused"]`, `ok ["i-#2:8080 healthy"]`,
		"sim", "RegisterTargets: a target can be registered with several ports; TargetHealth: unused where no listener uses the group",
	},
	"targets/health of the rest":          {`ok ["i-#2:8080 unused"]`, "ok null", "sim", "as for health"},
	"targets/deregister":                  {`ok "done"`, "error InvalidTarget", "sim", "as for health: moto knows one port a target"},
	"targets/deregister again":            {`ok "done"`, "error InvalidTarget", "sim", "DeregisterTargets: if the specified target does not exist, the action returns successfully"},
	"targets/register unknown":            {"error InvalidTarget", `ok "done"`, "sim", "RegisterTargets: InvalidTarget"},
	"targets/balancer":                    {`ok ["alb","application","internet-facing","vpc-#3",2]`, `ok ["alb","application","","vpc-#3",2]`, "sim", "CreateLoadBalancer: the default is an internet-facing load balancer"},
	"targets/balancer in unknown subnets": {"error SubnetNotFound", "error InvalidSubnetID.NotFound", "sim", "CreateLoadBalancer: SubnetNotFound"},
	"targets/balancer with one subnet":    {"error ValidationError", `ok "done"`, "sim", "CreateLoadBalancer: subnets from at least two Availability Zones"},
}

func TestDifferentialBalancing(t *testing.T) {
	differential(t, []sequence{classicSequence(), targetSequence()}, knownBalancing)
}

// twoInstances makes a VPC with two subnets, and two running instances in the first; v gets "vpc", "subnet",
// "subnet2", "i1" and "i2".
func twoInstances(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
	vpc, err := c.EC2.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})
	if err != nil {
		return nil, err
	}
	v["vpc"] = *vpc.Vpc.VpcId
	for n, name := range []string{"subnet", "subnet2"} {
		out, err := c.EC2.CreateSubnet(ctx, &ec2.CreateSubnetInput{
			VpcId: vpc.Vpc.VpcId, CidrBlock: aws.String(fmt.Sprintf("10.0.%d.0/24", n)), AvailabilityZone: aws.String([]string{"us-east-1a", "us-east-1b"}[n]),
		})
		if err != nil {
			return nil, err
		}
		v[name] = *out.Subnet.SubnetId
	}
	out, err := c.EC2.RunInstances(ctx, &ec2.RunInstancesInput{
		ImageId: aws.String("ami-0123456789abcdef0"), InstanceType: ec2types.InstanceTypeT3Micro, MinCount: aws.Int32(2), MaxCount: aws.Int32(2), SubnetId: aws.String(v["subnet"]),
	})
	if err != nil {
		return nil, err
	}
	ids := []string{*out.Instances[0].InstanceId, *out.Instances[1].InstanceId}
	slices.Sort(ids)
	v["i1"], v["i2"] = ids[0], ids[1]
	return "done", nil
}

func classicSequence() sequence {
	name := aws.String("classic")
	create := func(name string, change func(*elb.CreateLoadBalancerInput)) func(context.Context, *cloud.Clients, vars) (any, error) {
		return func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			in := &elb.CreateLoadBalancerInput{
				LoadBalancerName: &name, Subnets: []string{v["subnet"]},
				Listeners: []elbtypes.Listener{{Protocol: aws.String("HTTP"), LoadBalancerPort: 80, InstancePort: aws.Int32(8080)}},
			}
			if change != nil {
				change(in)
			}
			return done(c.ELB.CreateLoadBalancer(ctx, in))
		}
	}
	on := func(id string) func(vars) []elbtypes.Instance {
		return func(v vars) []elbtypes.Instance {
			if v[id] != "" {
				return []elbtypes.Instance{{InstanceId: aws.String(v[id])}}
			}
			return []elbtypes.Instance{{InstanceId: &id}}
		}
	}
	register := func(lb string, who func(vars) []elbtypes.Instance) func(context.Context, *cloud.Clients, vars) (any, error) {
		return func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			out, err := c.ELB.RegisterInstancesWithLoadBalancer(ctx, &elb.RegisterInstancesWithLoadBalancerInput{LoadBalancerName: &lb, Instances: who(v)})
			if err != nil {
				return nil, err
			}
			return out.Instances, nil
		}
	}
	deregister := func(lb string, who func(vars) []elbtypes.Instance) func(context.Context, *cloud.Clients, vars) (any, error) {
		return func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			out, err := c.ELB.DeregisterInstancesFromLoadBalancer(ctx, &elb.DeregisterInstancesFromLoadBalancerInput{LoadBalancerName: &lb, Instances: who(v)})
			if err != nil {
				return nil, err
			}
			return len(out.Instances), nil
		}
	}
	describe := func(names ...string) func(context.Context, *cloud.Clients, vars) (any, error) {
		return func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.ELB.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{LoadBalancerNames: names})
			if err != nil {
				return nil, err
			}
			var found []any
			for _, d := range out.LoadBalancerDescriptions {
				found = append(found, []any{d.LoadBalancerName, len(d.Instances), d.Scheme})
			}
			return found, nil
		}
	}
	return sequence{"classic", []step{
		{"build", twoInstances},
		{"create", create("classic", nil)},
		{"create again", create("classic", nil)},
		{"create without listeners", create("other", func(in *elb.CreateLoadBalancerInput) { in.Listeners = []elbtypes.Listener{} })},
		{"describe", describe("classic")},
		{"describe unknown", describe("none")},
		{"register", register("classic", on("i1"))},
		{"register again", register("classic", on("i1"))},
		{"register another", register("classic", on("i2"))},
		{"register with unknown balancer", register("none", on("i1"))},
		{"describe with instances", describe()},
		{"deregister", deregister("classic", on("i1"))},
		{"deregister again", deregister("classic", on("i1"))},
		{"deregister from unknown balancer", deregister("none", on("i1"))},
		{"health", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			out, err := c.ELB.DescribeInstanceHealth(ctx, &elb.DescribeInstanceHealthInput{LoadBalancerName: name})
			if err != nil {
				return nil, err
			}
			return len(out.InstanceStates), nil
		}},
		{"health of unknown", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.ELB.DescribeInstanceHealth(ctx, &elb.DescribeInstanceHealthInput{LoadBalancerName: aws.String("none")}))
		}},
		{"delete", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.ELB.DeleteLoadBalancer(ctx, &elb.DeleteLoadBalancerInput{LoadBalancerName: name}))
		}},
		{"delete again", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.ELB.DeleteLoadBalancer(ctx, &elb.DeleteLoadBalancerInput{LoadBalancerName: name}))
		}},
		{"pages", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			for n := range 5 {
				if _, err := create(fmt.Sprintf("more-%d", n), nil)(ctx, c, v); err != nil {
					return nil, err
				}
			}
			var sizes []int
			p := elb.NewDescribeLoadBalancersPaginator(c.ELB, &elb.DescribeLoadBalancersInput{PageSize: aws.Int32(2)})
			for p.HasMorePages() {
				out, err := p.NextPage(ctx)
				if err != nil {
					return nil, err
				}
				sizes = append(sizes, len(out.LoadBalancerDescriptions))
			}
			return sizes, nil
		}},
		{"register unknown", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			v["more"] = "more-1"
			return register("more-1", on("i-0123456789abcdef0"))(ctx, c, v)
		}},
	}}
}

func targetSequence() sequence {
	const unknown = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/none/0123456789abcdef"
	create := func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
		out, err := c.ELBV2.CreateTargetGroup(ctx, &elbv2.CreateTargetGroupInput{
			Name: aws.String("tg"), Protocol: elbv2types.ProtocolEnumHttp, Port: aws.Int32(8080), VpcId: aws.String(v["vpc"]), TargetType: elbv2types.TargetTypeEnumInstance,
		})
		if err != nil {
			return nil, err
		}
		g := out.TargetGroups[0]
		v["tg"] = *g.TargetGroupArn
		return []any{g.TargetGroupArn, g.TargetGroupName, g.Port, g.Protocol, g.TargetType, g.HealthCheckPort, g.HealthCheckIntervalSeconds, g.UnhealthyThresholdCount}, nil
	}
	targets := func(v vars, id string, port int32) []elbv2types.TargetDescription {
		if v[id] != "" {
			id = v[id]
		}
		d := elbv2types.TargetDescription{Id: &id}
		if port != 0 {
			d.Port = &port
		}
		return []elbv2types.TargetDescription{d}
	}
	register := func(group, id string, port int32) func(context.Context, *cloud.Clients, vars) (any, error) {
		return func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			arn := group
			if v[group] != "" {
				arn = v[group]
			}
			return done(c.ELBV2.RegisterTargets(ctx, &elbv2.RegisterTargetsInput{TargetGroupArn: &arn, Targets: targets(v, id, port)}))
		}
	}
	deregister := func(group, id string, port int32) func(context.Context, *cloud.Clients, vars) (any, error) {
		return func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			arn := group
			if v[group] != "" {
				arn = v[group]
			}
			return done(c.ELBV2.DeregisterTargets(ctx, &elbv2.DeregisterTargetsInput{TargetGroupArn: &arn, Targets: targets(v, id, port)}))
		}
	}
	health := func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
		out, err := c.ELBV2.DescribeTargetHealth(ctx, &elbv2.DescribeTargetHealthInput{TargetGroupArn: aws.String(v["tg"])})
		if err != nil {
			return nil, err
		}
		var found []string
		for _, d := range out.TargetHealthDescriptions {
			found = append(found, fmt.Sprintf("%s:%d %s", *d.Target.Id, *d.Target.Port, d.TargetHealth.State))
		}
		slices.Sort(found)
		return found, nil
	}
	describe := func(names, arns []string) func(context.Context, *cloud.Clients, vars) (any, error) {
		return func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.ELBV2.DescribeTargetGroups(ctx, &elbv2.DescribeTargetGroupsInput{Names: names, TargetGroupArns: arns})
			if err != nil {
				return nil, err
			}
			return len(out.TargetGroups), nil
		}
	}
	return sequence{"targets", []step{
		{"build", twoInstances},
		{"create", create},
		{"describe", describe([]string{"tg"}, nil)},
		{"describe unknown name", describe([]string{"none"}, nil)},
		{"describe unknown ARN", describe(nil, []string{unknown})},
		{"register", register("tg", "i1", 0)},
		{"register with a port", register("tg", "i1", 9090)},
		{"register again", register("tg", "i1", 0)},
		{"register in unknown group", register(unknown, "i1", 0)},
		{"health", health},
		{"health of unknown", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.ELBV2.DescribeTargetHealth(ctx, &elbv2.DescribeTargetHealthInput{TargetGroupArn: aws.String(unknown)}))
		}},
		{"health of one not registered", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			out, err := c.ELBV2.DescribeTargetHealth(ctx, &elbv2.DescribeTargetHealthInput{TargetGroupArn: aws.String(v["tg"]), Targets: targets(v, "i2", 0)})
			if err != nil {
				return nil, err
			}
			h := out.TargetHealthDescriptions[0].TargetHealth
			return []any{h.State, h.Reason}, nil
		}},
		{"deregister one port", deregister("tg", "i1", 9090)},
		{"health of the rest", health},
		{"deregister", deregister("tg", "i1", 0)},
		{"deregister again", deregister("tg", "i1", 0)},
		{"health of none", health},
		{"deregister from unknown group", deregister(unknown, "i1", 0)},
		{"register unknown", register("tg", "i-0123456789abcdef0", 0)},
		{"balancer", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			out, err := c.ELBV2.CreateLoadBalancer(ctx, &elbv2.CreateLoadBalancerInput{Name: aws.String("alb"), Subnets: []string{v["subnet"], v["subnet2"]}})
			if err != nil {
				return nil, err
			}
			v["alb"] = *out.LoadBalancers[0].LoadBalancerArn
			b := out.LoadBalancers[0]
			return []any{b.LoadBalancerName, b.Type, b.Scheme, b.VpcId, len(b.AvailabilityZones)}, nil
		}},
		{"balancer in unknown subnets", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.ELBV2.CreateLoadBalancer(ctx, &elbv2.CreateLoadBalancerInput{Name: aws.String("alb2"), Subnets: []string{"subnet-0123456789abcdef0", "subnet-0123456789abcdef1"}}))
		}},
		{"balancer with one subnet", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			return done(c.ELBV2.CreateLoadBalancer(ctx, &elbv2.CreateLoadBalancerInput{Name: aws.String("alb3"), Subnets: []string{v["subnet"]}}))
		}},
		{"listener", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			return done(c.ELBV2.CreateListener(ctx, &elbv2.CreateListenerInput{
				LoadBalancerArn: aws.String(v["alb"]), Port: aws.Int32(80), Protocol: elbv2types.ProtocolEnumHttp,
				DefaultActions: []elbv2types.Action{{Type: elbv2types.ActionTypeEnumForward, TargetGroupArn: aws.String(v["tg"])}},
			}))
		}},
		{"groups of the balancer", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			out, err := c.ELBV2.DescribeTargetGroups(ctx, &elbv2.DescribeTargetGroupsInput{LoadBalancerArn: aws.String(v["alb"])})
			if err != nil {
				return nil, err
			}
			return []any{len(out.TargetGroups), out.TargetGroups[0].LoadBalancerArns}, nil
		}},
		{"delete used group", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			return done(c.ELBV2.DeleteTargetGroup(ctx, &elbv2.DeleteTargetGroupInput{TargetGroupArn: aws.String(v["tg"])}))
		}},
		{"describe unknown balancer", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.ELBV2.DescribeLoadBalancers(ctx, &elbv2.DescribeLoadBalancersInput{Names: []string{"none"}}))
		}},
		{"delete balancer", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			return done(c.ELBV2.DeleteLoadBalancer(ctx, &elbv2.DeleteLoadBalancerInput{LoadBalancerArn: aws.String(v["alb"])}))
		}},
		{"delete group", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			return done(c.ELBV2.DeleteTargetGroup(ctx, &elbv2.DeleteTargetGroupInput{TargetGroupArn: aws.String(v["tg"])}))
		}},
	}}
}
