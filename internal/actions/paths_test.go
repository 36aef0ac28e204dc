package actions_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbv2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"cordon/internal/action"
	"cordon/internal/action/actiontest"
	"cordon/internal/actions"
	"cordon/internal/awssim"
)

const demoVPC, publicSubnet, publicTable, privateTable = "vpc-0a1b2c3d4e5f60001", "subnet-0a1b2c3d4e5f60001", "rtb-0a1b2c3d4e5f60001", "rtb-0a1b2c3d4e5f60002"

func pathScenarios() []actiontest.Scenario {
	const id = "ec2.map-paths"
	return []actiontest.Scenario{
		{Name: "behind NAT", Action: id, Instance: actiontest.BatchServer, First: []string{"ec2.isolate-network", "ec2.deregister-targets"}},
		{Name: "behind balancers", Action: id, First: []string{"ec2.deregister-targets"}},
		{
			Name: "not to be read", Action: id, First: []string{"ec2.deregister-targets"}, Fault: refuse("DescribeRouteTables", "UnauthorizedOperation"),
			Check: func(t testing.TB, _ *actiontest.World, rec action.Record) {
				if said := said(t, rec); !strings.Contains(said, "gateways of its subnets' routes could not be looked at (UnauthorizedOperation)") {
					t.Error(said)
				}
			},
		},
		{Name: "instance gone", Action: id, Want: action.Skipped, Text: "does not exist", Setup: terminate(actiontest.WebServer)},
	}
}

func byID(t testing.TB, id string) action.Action {
	t.Helper()
	catalog := actions.Catalog()
	i := slices.IndexFunc(catalog, func(a action.Action) bool { return a.ID == id })
	if i < 0 {
		t.Fatalf("no action %s", id)
	}
	return catalog[i]
}

// said is what a record's action names as residual paths.
func said(t testing.TB, rec action.Record) string {
	t.Helper()
	list, err := action.Residual(byID(t, rec.Action), rec)
	ok(t, err)
	for _, line := range list {
		if !strings.Contains(line, "Remedy: ") {
			t.Errorf("without a remedy: %s", line)
		}
	}
	return strings.Join(list, "\n")
}

// TestPathsCoverFlows: every connection that lives on after isolation goes by a path that is named.
func TestPathsCoverFlows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := actiontest.NewWorld(t, actiontest.WebServer, awssim.Options{})
		ok(t, w.Account.Edit(awssim.DemoRegion, func(ed *awssim.Editor) error {
			for block, target := range map[string]string{
				"192.0.2.0/25": "nat-0a1b2c3d4e5f60001", "192.0.2.128/25": "tgw-0a1b2c3d4e5f60001", "2001:db8:1::/48": "eigw-0a1b2c3d4e5f60001",
				"203.0.113.128/25": "vpce-0a1b2c3d4e5f600f1", "10.99.0.0/16": "pcx-0a1b2c3d4e5f60001",
			} {
				if err := ed.Route(publicTable, block, target); err != nil {
					return err
				}
			}
			return ed.Endpoint("vpce-0a1b2c3d4e5f60001", demoVPC, "ssm", []string{"sg-0a1b2c3d4e5f60001"}, []string{publicSubnet})
		}))
		networkBalancer(t, w)
		for via, path := range map[string]struct{ remote, direction string }{
			awssim.ViaNATGateway: {"192.0.2.1", awssim.Outbound}, awssim.ViaTransitGateway: {"192.0.2.129", awssim.Outbound},
			awssim.ViaEgressOnly: {"2001:db8:1::1", awssim.Outbound}, awssim.ViaFirewall: {"203.0.113.200", awssim.Outbound},
			awssim.ViaPrivateLink: {"10.20.1.99", awssim.Outbound}, awssim.ViaNLB: {"198.51.100.77", awssim.Inbound},
			awssim.ViaInternetGateway: {"198.51.100.78", awssim.Inbound}, awssim.ViaVPC: {"10.20.1.98", awssim.Outbound},
		} {
			_, err := w.Account.OpenFlow(awssim.DemoRegion, awssim.Flow{
				Interface: "eni-0a1b2c3d4e5f60001", Remote: path.remote, Port: 443, Direction: path.direction, Via: via,
			})
			ok(t, err)
		}
		_, err := w.Account.OpenFlow(awssim.DemoRegion, awssim.Flow{Interface: "eni-0a1b2c3d4e5f60001", Remote: attacker, Port: 8, Protocol: "icmp", Direction: awssim.Outbound})
		ok(t, err)
		for _, id := range []string{"ec2.isolate-network", "ec2.deregister-targets"} {
			if rec := w.Run(t, byID(t, id), nil); rec.Status != action.Done {
				t.Fatalf("%s: %s (%s)", id, rec.Status, rec.Error)
			}
		}
		named := said(t, w.Run(t, byID(t, "ec2.map-paths"), nil))
		words := map[string]string{
			awssim.ViaNATGateway: "NAT gateway nat-0a1b2c3d4e5f60001 (" + publicSubnet + ")", awssim.ViaTransitGateway: "through tgw-0a1b2c3d4e5f60001",
			awssim.ViaEgressOnly: "egress-only internet gateway eigw-0a1b2c3d4e5f60001", awssim.ViaFirewall: "firewall endpoint vpce-0a1b2c3d4e5f600f1",
			awssim.ViaPrivateLink: "vpce-0a1b2c3d4e5f60001 com.amazonaws.us-east-1.ssm", awssim.ViaNLB: "Network Load Balancer edge",
		}
		alive := map[string]bool{}
		for _, f := range w.Account.Flows(awssim.DemoRegion) {
			if !f.Alive || f.Interface != "eni-0a1b2c3d4e5f60001" {
				continue
			}
			alive[f.Via+f.Protocol] = true
			want := words[f.Via]
			if f.Protocol == "icmp" {
				want = "ICMP"
			}
			if want == "" || !strings.Contains(named, want) {
				t.Errorf("a connection through %s (%s) to %s lives on and is not named:\n%s", f.Via, f.Protocol, f.Remote, named)
			}
		}
		if len(alive) != len(words)+1 {
			t.Errorf("alive are %v: the test shows nothing of the others", alive)
		}
		if strings.Contains(named, "pcx-") {
			t.Errorf("a peering connection's flows are cut: %s", named)
		}
	})
}

// networkBalancer puts a Network Load Balancer before the target.
func networkBalancer(t testing.TB, w *actiontest.World) {
	t.Helper()
	ctx, c := t.Context(), w.Others.ELBV2
	nlb, err := c.CreateLoadBalancer(ctx, &elbv2.CreateLoadBalancerInput{Name: aws.String("edge"), Type: elbv2types.LoadBalancerTypeEnumNetwork, Subnets: []string{publicSubnet}})
	ok(t, err)
	group, err := c.CreateTargetGroup(ctx, &elbv2.CreateTargetGroupInput{
		Name: aws.String("edge-tg"), Protocol: elbv2types.ProtocolEnumTcp, Port: aws.Int32(443), VpcId: aws.String(demoVPC), TargetType: elbv2types.TargetTypeEnumInstance,
	})
	ok(t, err)
	arn := group.TargetGroups[0].TargetGroupArn
	_, err = c.CreateListener(ctx, &elbv2.CreateListenerInput{
		LoadBalancerArn: nlb.LoadBalancers[0].LoadBalancerArn, Protocol: elbv2types.ProtocolEnumTcp, Port: aws.Int32(443),
		DefaultActions: []elbv2types.Action{{Type: elbv2types.ActionTypeEnumForward, TargetGroupArn: arn}},
	})
	ok(t, err)
	_, err = c.RegisterTargets(ctx, &elbv2.RegisterTargetsInput{TargetGroupArn: arn, Targets: []elbv2types.TargetDescription{{Id: &w.Target.ID}}})
	ok(t, err)
}

// TestPathsThatAreNotThere: an instance in a public subnet has no path that leads through anything, and a repeated run
// keeps what has come since.
func TestPathsThatAreNotThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := actiontest.NewWorld(t, actiontest.WebServer, awssim.Options{})
		w.Run(t, byID(t, "ec2.deregister-targets"), nil)
		a := byID(t, "ec2.map-paths")
		named := said(t, w.Run(t, a, nil))
		for _, word := range []string{"NAT", "egress-only", "tgw-", "interface endpoint", "firewall endpoint", "Balancer", "Accelerator", "Lambda", "could not be looked at", "can be assumed beside"} {
			if strings.Contains(named, word) {
				t.Errorf("%s is named and not there:\n%s", word, named)
			}
		}
		for _, word := range []string{"ICMP", "instance metadata", "role web-app-role"} {
			if !strings.Contains(named, word) {
				t.Errorf("%s is not named:\n%s", word, named)
			}
		}
		sharedRole(t, w)
		ok(t, w.Account.Edit(awssim.DemoRegion, func(ed *awssim.Editor) error { return ed.Route(publicTable, "192.0.2.0/24", "nat-0a1b2c3d4e5f60001") }))
		rec := w.Run(t, a, nil)
		named = said(t, rec)
		if rec.Status != action.Done || !strings.Contains(named, "nat-0a1b2c3d4e5f60001") {
			t.Errorf("again: %s (%s):\n%s", rec.Status, rec.Error, named)
		}
		if !strings.Contains(named, "beside EC2 by arn:aws:iam::444455556666:root, lambda.amazonaws.com") {
			t.Errorf("the trust policy is not named:\n%s", named)
		}
		drift, err := action.Drift(t.Context(), w.Env, a, rec)
		if ok(t, err); len(drift) != 0 {
			t.Errorf("drift: %v", drift)
		}
	})
}

// TestRemedyOfPaths: what is advised is what helps and is not done yet.
func TestRemedyOfPaths(t *testing.T) {
	const advice = "ec2.block_remote_ips denies"
	for name, tt := range map[string]struct {
		addresses []string
		block     bool
		want, not string
	}{
		"not denied":              {[]string{attacker}, false, advice, "they are cut"},
		"denied":                  {[]string{attacker}, true, "To " + attacker + " they are cut", advice},
		"no remote address":       {nil, false, remedyStop, advice},
		"one that is private":     {[]string{"10.20.1.5"}, false, remedyStop, advice},
		"a later one, as yet not": {[]string{attacker, "198.51.100.24"}, false, advice, "they are cut"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := actiontest.NewWorld(t, actiontest.BatchServer, awssim.Options{})
				if tt.block {
					w.Run(t, blockAction(t), blocking(tt.addresses...))
				}
				named := said(t, w.Run(t, byID(t, "ec2.map-paths"), settings{"addresses": tt.addresses}))
				if !strings.Contains(named, "NAT gateway") || !strings.Contains(named, tt.want) || strings.Contains(named, tt.not) {
					t.Errorf("want %q, not %q:\n%s", tt.want, tt.not, named)
				}
			})
		})
	}
}

const remedyStop = "live until they are idle for 350 s: they are tracked whatever the groups say. Remedy: stop the instance"

// TestPathsWithoutATargetGroup: a target group that was deleted since hides no Network Load Balancer of another.
func TestPathsWithoutATargetGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := actiontest.NewWorld(t, actiontest.WebServer, awssim.Options{})
		networkBalancer(t, w)
		ctx, c := t.Context(), w.Others.ELBV2
		group, err := c.CreateTargetGroup(ctx, &elbv2.CreateTargetGroupInput{
			Name: aws.String("short-lived"), Protocol: elbv2types.ProtocolEnumTcp, Port: aws.Int32(443), VpcId: aws.String(demoVPC), TargetType: elbv2types.TargetTypeEnumInstance,
		})
		ok(t, err)
		arn := group.TargetGroups[0].TargetGroupArn
		_, err = c.RegisterTargets(ctx, &elbv2.RegisterTargetsInput{TargetGroupArn: arn, Targets: []elbv2types.TargetDescription{{Id: &w.Target.ID}}})
		ok(t, err)
		w.Run(t, byID(t, "ec2.deregister-targets"), nil)
		_, err = c.DeleteTargetGroup(ctx, &elbv2.DeleteTargetGroupInput{TargetGroupArn: arn})
		ok(t, err)
		if named := said(t, w.Run(t, byID(t, "ec2.map-paths"), nil)); !strings.Contains(named, "Network Load Balancer edge") {
			t.Errorf("it is not named:\n%s", named)
		}
	})
}

// TestMetadataSwitchedOff: where the service does not answer, it is not named.
func TestMetadataSwitchedOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := actiontest.NewWorld(t, actiontest.WebServer, awssim.Options{})
		ok(t, w.Account.Edit(awssim.DemoRegion, func(ed *awssim.Editor) error {
			return ed.Instance(awssim.InstanceSpec{ID: spot, NoMetadata: true, Interfaces: []awssim.InterfaceSpec{
				{ID: "eni-0a1b2c3d4e5f600aa", Subnet: publicSubnet, IP: "10.20.1.77", Groups: []string{"sg-0a1b2c3d4e5f60001"}},
			}})
		}))
		w.Target.ID = spot
		if named := said(t, w.Run(t, byID(t, "ec2.map-paths"), nil)); strings.Contains(named, "metadata") || strings.Contains(named, "role") {
			t.Error(named)
		}
	})
}

// sharedRole gives the target a profile whose role others can assume, too.
func sharedRole(t testing.TB, w *actiontest.World) {
	t.Helper()
	ctx, c, name := t.Context(), w.Others.IAM, aws.String("shared")
	_, err := c.CreateRole(ctx, &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow",
		"Action":"sts:AssumeRole","Principal":{"Service":["ec2.amazonaws.com","lambda.amazonaws.com"],"AWS":"arn:aws:iam::444455556666:root"}}}`)})
	ok(t, err)
	_, err = c.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: name})
	ok(t, err)
	_, err = c.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: name, RoleName: name})
	ok(t, err)
	giveProfile("shared")(t, w)
}
