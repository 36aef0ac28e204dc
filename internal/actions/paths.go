package actions

import (
	"context"
	"encoding/json"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbv2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"cordon/internal/action"
	"cordon/internal/cloud"
)

// pathsState is by what the instance's connections may go that isolation does not cut. Lists are sorted.
type pathsState struct {
	Subnets   map[string][]string `json:"subnets"`             // by subnet of the instance: the gateways of its routes whose connections are always tracked
	Endpoints []string            `json:"endpoints,omitempty"` // the VPC's interface endpoints, as "vpce-… SERVICE"
	Balancers []string            `json:"balancers,omitempty"` // the Network Load Balancers that it was registered with
	Managed   map[string][]string `json:"managed,omitempty"`   // AWS's own interfaces beside it, by type
	Metadata  bool                `json:"metadata,omitempty"`  // the instance metadata service answers
	Role      string              `json:"role,omitempty"`
	Trusted   []string            `json:"trusted,omitempty"` // whom the role's trust policy lets in beside EC2
	Blocked   []string            `json:"blocked,omitempty"` // the remote addresses that ec2.block-remote-ip denies
	Unread    map[string]string   `json:"unread,omitempty"`  // what could not be read: the error code
}

// managedNames are the types of network interfaces through which connections are always tracked.
var managedNames = map[string]string{
	"global_accelerator_managed": "Global Accelerator",
	"lambda":                     "Lambda functions in the VPC",
}

// pathReader fills a pathsState from reads that run side by side. What cannot be read is named, and hinders no other.
type pathReader struct {
	env        *action.Env
	interfaces []ec2types.NetworkInterface
	instance   ec2types.Instance

	mu sync.Mutex
	s  pathsState
}

func observePaths(ctx context.Context, env *action.Env, t pathsRequest, _ *pathsState) (pathsState, error) {
	r := pathReader{env: env, s: pathsState{Subnets: map[string][]string{}, Managed: map[string][]string{}, Unread: map[string]string{}}}
	var wg sync.WaitGroup
	var err, ierr error
	wg.Go(func() { r.instance, err = describeInstance(ctx, env, t.Target.ID) })
	wg.Go(func() { r.interfaces, ierr = describeInterfaces(ctx, env, t.Target.ID) })
	wg.Wait()
	if err != nil {
		return r.s, err
	}
	if ierr != nil {
		return r.s, ierr
	}
	if o := r.instance.MetadataOptions; o == nil || o.HttpEndpoint != ec2types.InstanceMetadataEndpointStateDisabled {
		r.s.Metadata = true
	}
	for _, read := range []struct {
		what string
		f    func(context.Context) error
	}{
		{"gateways of its subnets' routes", r.routes},
		{"interface endpoints", r.endpoints},
		{"Network Load Balancers", r.balancers},
		{"Global Accelerator or Lambda", r.managed},
		{"its role's trust policy", r.role},
	} {
		wg.Go(func() {
			err := read.f(ctx)
			if err == nil {
				return
			}
			code := cloud.Code(err)
			if code == "" {
				code = err.Error()
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			r.s.Unread[read.what] = code
		})
	}
	wg.Wait()
	if r.s.Blocked, err = blockedBy(ctx, env); err != nil {
		return r.s, err
	}
	return r.s, ctx.Err()
}

// blockedBy lists the addresses that the case's ec2.block-remote-ip denies or found denied, sorted.
func blockedBy(ctx context.Context, env *action.Env) ([]string, error) {
	records, err := env.Records(ctx)
	if err != nil {
		return nil, err
	}
	blocked := map[string]bool{}
	for _, rec := range records {
		if rec.Action != "ec2.block-remote-ip" || rec.Status != action.Done {
			continue
		}
		var s blockState
		if err := json.Unmarshal(rec.After, &s); err != nil {
			return nil, wrap("read state of", rec.Action, err)
		}
		for _, words := range s.Rules {
			if block, err := netip.ParsePrefix(strings.TrimPrefix(words, denyWord)); err == nil {
				blocked[block.Addr().String()] = true
			}
		}
		for address := range s.Already {
			blocked[address] = true
		}
		for address := range s.Left {
			delete(blocked, address) // not in every network ACL
		}
	}
	return slices.Sorted(maps.Keys(blocked)), nil
}

func (r *pathReader) vpcs() []string {
	return distinctOf(r.interfaces, func(n ec2types.NetworkInterface) *string { return n.VpcId })
}

// routes finds the gateways of the routes of each subnet: of its own route table, else of the VPC's main one.
func (r *pathReader) routes(ctx context.Context) error {
	tables, err := describeRouteTables(ctx, r.env, r.vpcs())
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range r.interfaces {
		subnet := aws.ToString(n.SubnetId)
		for _, route := range routesOf(tables, subnet, aws.ToString(n.VpcId)) {
			via := alwaysTracked(route, len(n.Ipv6Addresses) > 0)
			if via != "" && !slices.Contains(r.s.Subnets[subnet], via) {
				r.s.Subnets[subnet] = append(r.s.Subnets[subnet], via)
			}
		}
		slices.Sort(r.s.Subnets[subnet])
	}
	return nil
}

func routesOf(tables []ec2types.RouteTable, subnet, vpc string) []ec2types.Route {
	var main []ec2types.Route
	for _, t := range tables {
		for _, a := range t.Associations {
			switch {
			case aws.ToString(a.SubnetId) == subnet:
				return t.Routes
			case aws.ToBool(a.Main) && aws.ToString(t.VpcId) == vpc:
				main = t.Routes
			}
		}
	}
	return main
}

// alwaysTracked is the gateway of a route whose connections AWS tracks whatever the groups say, or behind which one may
// stand; "" for another. A route to a prefix list leads to a gateway endpoint, which does not count.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html
func alwaysTracked(r ec2types.Route, ipv6 bool) string {
	gateway := aws.ToString(r.GatewayId)
	switch {
	case r.State == ec2types.RouteStateBlackhole, r.DestinationIpv6CidrBlock != nil && !ipv6:
		return ""
	case r.NatGatewayId != nil:
		return *r.NatGatewayId
	case r.EgressOnlyInternetGatewayId != nil:
		return *r.EgressOnlyInternetGatewayId
	case r.TransitGatewayId != nil:
		return *r.TransitGatewayId
	case r.CoreNetworkArn != nil:
		return *r.CoreNetworkArn
	case strings.HasPrefix(gateway, "vpce-") && r.DestinationPrefixListId == nil:
		return gateway
	default:
		return ""
	}
}

func (r *pathReader) endpoints(ctx context.Context) error {
	pages := ec2.NewDescribeVpcEndpointsPaginator(r.env.EC2, &ec2.DescribeVpcEndpointsInput{Filters: []ec2types.Filter{filter("vpc-id", r.vpcs()...)}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return wrap("read endpoints of", strings.Join(r.vpcs(), ", "), err)
		}
		r.mu.Lock()
		for _, e := range page.VpcEndpoints {
			if e.VpcEndpointType == ec2types.VpcEndpointTypeInterface {
				r.s.Endpoints = append(r.s.Endpoints, aws.ToString(e.VpcEndpointId)+" "+aws.ToString(e.ServiceName))
			}
		}
		r.mu.Unlock()
	}
	slices.Sort(r.s.Endpoints)
	return nil
}

// balancers finds the Network Load Balancers of the target groups that ec2.deregister-targets took the instance out of.
func (r *pathReader) balancers(ctx context.Context) error {
	records, err := r.env.Records(ctx)
	if err != nil {
		return err
	}
	var prior targetsState
	if st, ok := storedStates(records)["ec2.deregister-targets"]; ok {
		if err := json.Unmarshal(st.prior, &prior); err != nil {
			return wrap("read prior state of", "ec2.deregister-targets", err)
		}
	}
	groups := map[string]bool{}
	for _, name := range registered(prior.Targets) {
		if reg, err := parseRegistration(name); err == nil {
			groups[reg.Group] = true
		}
	}
	found := map[string]bool{}
	for chunk := range slices.Chunk(sortedKeys(groups), 20) {
		described, err := r.targetGroups(ctx, chunk)
		if err != nil {
			return err
		}
		for _, g := range described {
			for _, arn := range g.LoadBalancerArns {
				if _, net, ok := strings.Cut(arn, ":loadbalancer/net/"); ok {
					found[strings.Split(net, "/")[0]] = true
				}
			}
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.s.Balancers = sortedKeys(found)
	return nil
}

// targetGroups reads those of the target groups that are there still: one that is not makes AWS refuse the whole call.
func (r *pathReader) targetGroups(ctx context.Context, arns []string) (out []elbv2types.TargetGroup, err error) {
	page, err := r.env.ELBV2.DescribeTargetGroups(ctx, &elbv2.DescribeTargetGroupsInput{TargetGroupArns: arns})
	switch {
	case err == nil:
		return page.TargetGroups, nil
	case !cloud.Is(err, "TargetGroupNotFound"):
		return nil, wrap("read target groups", strings.Join(arns, ", "), err)
	case len(arns) == 1:
		return nil, nil
	}
	for _, arn := range arns {
		one, err := r.targetGroups(ctx, []string{arn})
		if err != nil {
			return nil, err
		}
		out = append(out, one...)
	}
	return out, nil
}

func (r *pathReader) managed(ctx context.Context) error {
	list, err := interfacesWhere(ctx, r.env, filter("vpc-id", r.vpcs()...), filter("interface-type", sortedKeys(managedNames)...))
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range list {
		kind := string(n.InterfaceType)
		r.s.Managed[kind] = append(r.s.Managed[kind], aws.ToString(n.NetworkInterfaceId))
	}
	for _, ids := range r.s.Managed {
		slices.Sort(ids)
	}
	return nil
}

// role reads whom the trust policy of the instance's role, as it was before containment, lets in beside EC2.
func (r *pathReader) role(ctx context.Context) error {
	profile, err := profileBefore(ctx, r.env, r.instance)
	if err != nil || profile == "" {
		return err
	}
	has, err := roleOf(ctx, r.env, profile)
	if err != nil || has.Role == "" {
		return err
	}
	out, err := r.env.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: &has.Role})
	if err != nil {
		return wrap("read role", has.Role, err)
	}
	trusted, err := trustedBy(aws.ToString(out.Role.AssumeRolePolicyDocument))
	trusted = slices.DeleteFunc(trusted, func(p string) bool { return p == "ec2.amazonaws.com" || p == "ec2.amazonaws.com.cn" })
	r.mu.Lock()
	defer r.mu.Unlock()
	r.s.Role, r.s.Trusted = has.Role, trusted
	return wrap("read trust policy of role", has.Role, err)
}

// trustedBy lists the principals that a trust policy, URL-encoded as IAM gives it, allows, sorted.
func trustedBy(encoded string) ([]string, error) {
	text, err := url.PathUnescape(encoded)
	if err != nil {
		return nil, err
	}
	statements, err := readStatements([]byte(text))
	set := map[string]bool{}
	for _, s := range statements {
		for _, p := range s.principals() {
			set[p] = true
		}
	}
	return sortedKeys(set), err
}
