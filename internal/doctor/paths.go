package doctor

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbv2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// checkPaths names, for each VPC with instances, the ways on which a connection that is open already survives isolation:
// AWS tracks what passes there whatever the rules, and a tracked connection lives until it is idle.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html#automatic-tracking
func checkPaths(ctx context.Context, p *patient) ([]Result, error) {
	instances, err := p.instances()
	if err != nil {
		return nil, err
	}
	vpcs := byVPC(instances)
	if len(vpcs) == 0 {
		return one(Result{Check: "network.paths", Severity: OK, Found: "no instance runs in " + p.Region})
	}
	tables, endpoints, balancers, failed := p.describeWays(ctx)
	ways := map[string][]string{}
	for _, t := range tables {
		vpc := aws.ToString(t.VpcId)
		ways[vpc] = append(ways[vpc], routedWays(t)...)
	}
	for _, e := range endpoints {
		if w := endpointWay(e); w != "" {
			ways[aws.ToString(e.VpcId)] = append(ways[aws.ToString(e.VpcId)], w)
		}
	}
	for _, b := range balancers {
		if b.Type == elbv2types.LoadBalancerTypeEnumNetwork {
			ways[aws.ToString(b.VpcId)] = append(ways[aws.ToString(b.VpcId)], "Network Load Balancer "+aws.ToString(b.LoadBalancerName))
		}
	}
	var results []Result
	for _, vpc := range sortedKeys(vpcs) {
		if found := distinct(ways[vpc]); len(found) > 0 || len(failed) == 0 || !p.Config.EC2.CutEstablished {
			results = append(results, surviving(vpc, len(vpcs[vpc]), found, p.Config.EC2.CutEstablished))
		}
	}
	return append(results, failed...), nil
}

// describeWays reads what may be a way out. What could not be read is a result.
func (p *patient) describeWays(ctx context.Context) (tables []ec2types.RouteTable, endpoints []ec2types.VpcEndpoint, balancers []elbv2types.LoadBalancer, failed []Result) {
	var errs [3]error
	var wg sync.WaitGroup
	wg.Go(func() { tables, errs[0] = p.describeRouteTables(ctx) })
	wg.Go(func() { endpoints, errs[1] = p.endpoints() })
	wg.Go(func() { balancers, errs[2] = p.describeBalancers(ctx) })
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			failed = append(failed, p.unchecked("network.paths", "", err))
		}
	}
	return tables, endpoints, balancers, failed
}

func (p *patient) describeRouteTables(ctx context.Context) (out []ec2types.RouteTable, err error) {
	pages := ec2.NewDescribeRouteTablesPaginator(p.EC2, &ec2.DescribeRouteTablesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, page.RouteTables...)
	}
	return out, nil
}

func (p *patient) describeBalancers(ctx context.Context) (out []elbv2types.LoadBalancer, err error) {
	pages := elbv2.NewDescribeLoadBalancersPaginator(p.ELBV2, &elbv2.DescribeLoadBalancersInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, page.LoadBalancers...)
	}
	return out, nil
}

// routedWays are the ways out that a route table's routes lead to.
func routedWays(t ec2types.RouteTable) (out []string) {
	for _, r := range t.Routes {
		if r.State == ec2types.RouteStateBlackhole {
			continue
		}
		gateway := aws.ToString(r.GatewayId)
		switch {
		case r.NatGatewayId != nil:
			out = append(out, "NAT gateway "+*r.NatGatewayId)
		case r.EgressOnlyInternetGatewayId != nil:
			out = append(out, "egress-only internet gateway "+*r.EgressOnlyInternetGatewayId)
		case r.TransitGatewayId != nil:
			out = append(out, "transit gateway "+*r.TransitGatewayId+" (to whatever is behind it: NAT, firewalls, other networks)")
		case strings.HasPrefix(gateway, "vpce-"):
			if r.DestinationPrefixListId == nil { // with a prefix list it is a gateway endpoint: S3, DynamoDB
				out = append(out, "firewall endpoint "+gateway)
			}
		}
	}
	return out
}

// endpointWay is an endpoint as a way out, "" for one that is none.
func endpointWay(e ec2types.VpcEndpoint) string {
	name := aws.ToString(e.ServiceName)
	switch {
	case e.VpcEndpointType == ec2types.VpcEndpointTypeInterface:
		return fmt.Sprintf("interface endpoint %s (%s)", aws.ToString(e.VpcEndpointId), name[strings.LastIndex(name, ".")+1:])
	case e.VpcEndpointType == ec2types.VpcEndpointTypeGateway && strings.HasSuffix(name, ".dynamodb"):
		return "gateway endpoint " + aws.ToString(e.VpcEndpointId) + " (dynamodb)"
	}
	return ""
}

func surviving(vpc string, instances int, ways []string, cut bool) Result {
	r := Result{Check: "network.paths", Severity: OK, Subject: vpc}
	switch {
	case !cut:
		r.Severity = Warning
		r.Found = fmt.Sprintf("%s: every open connection survives isolation until it is idle, because ec2.cut_established is off", count(instances, "instance"))
		r.Remedy = "set ec2.cut_established: true"
	case len(ways) == 0:
		r.Found = fmt.Sprintf("%s; no NAT gateway, Network Load Balancer, endpoint or other way whose open connections survive isolation", count(instances, "instance"))
	default:
		r.Severity = Note
		r.Found = fmt.Sprintf("%s; connections that are open already survive isolation until idle when they go through: %s", count(instances, "instance"), some(ways, 8))
		r.Remedy = "to end them too, deny the remote address in the subnet's network ACL, or stop the instance after its evidence is taken"
	}
	return r
}
