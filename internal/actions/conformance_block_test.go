package actions_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"cordon/internal/action"
	"cordon/internal/action/actiontest"
	"cordon/internal/awssim"
)

const (
	attacker  = "198.51.100.23"
	attacker6 = "2001:db8::23"
)

func blocking(addresses ...string) settings { return settings{"addresses": addresses} }

func blockScenarios() []actiontest.Scenario {
	const id = "ec2.block-remote-ip"
	skipped := func(name, text string, addresses ...string) actiontest.Scenario {
		return actiontest.Scenario{Name: name, Action: id, Instance: actiontest.BatchServer, With: blocking(addresses...), Want: action.Skipped, Text: text}
	}
	full := func(t testing.TB, w *actiontest.World) {
		for n := range 18 { // beside the two that each network ACL has
			entry(t, w, true, int32(200+n), ec2types.RuleActionDeny, fmt.Sprintf("192.0.2.%d/32", n))
		}
	}
	set := func(s actiontest.Scenario, setup func(testing.TB, *actiontest.World)) actiontest.Scenario {
		s.Setup = setup
		return s
	}
	nine := []string{}
	for n := range 9 {
		nine = append(nine, fmt.Sprintf("198.51.100.%d", 30+n))
	}
	return []actiontest.Scenario{
		{
			Name: "behind NAT", Action: id, Instance: actiontest.BatchServer, With: blocking(attacker),
			Check: func(t testing.TB, w *actiontest.World, _ action.Record) { wantCut(t, w, attacker) },
		},
		{
			Name: "both families", Action: id, With: blocking(attacker, attacker6, "10.0.0.1", attacker), Text: "10.0.0.1 is not blocked: it is no address of the public Internet",
			Check: func(t testing.TB, w *actiontest.World, _ action.Record) { wantCut(t, w, attacker) },
		},
		{Name: "too many", Action: id, Instance: actiontest.Database, With: blocking(nine...), Text: "198.51.100.38 is not blocked: a case blocks at most 8"},
		{
			Name: "instance gone", Action: id, With: blocking(attacker), Want: action.Skipped, Text: "does not exist", Setup: terminate(actiontest.WebServer),
		},
		{
			Name: "a rule of one direction", Action: id, With: blocking(attacker),
			Setup: func(t testing.TB, w *actiontest.World) {
				entry(t, w, false, 50, ec2types.RuleActionDeny, attacker+"/32")
			},
		},
		{
			Name: "AWS takes no more", Action: id, With: blocking(attacker), Fault: refuse("CreateNetworkAclEntry", "NetworkAclEntryLimitExceeded"),
			Want: action.Skipped, Text: "takes no more rules",
		},
		skipped("no address", "name no address"),
		{
			Name: "never to be blocked", Action: id, Instance: actiontest.BatchServer, Want: action.Skipped,
			With: settings{"addresses": []string{attacker, "198.51.100.24"}, "never": []string{"198.51.100.16/29", "198.51.100.24"}},
			Text: attacker + ": ec2.never_block keeps it; 198.51.100.24: ec2.never_block keeps it",
		},
		skipped("no public address", "169.254.169.254: it is no address of the public Internet", "169.254.169.254", "0.0.0.0", "::1", "fe80::1", "100.64.0.1", "224.0.0.1", "::ffff:10.0.0.1", "nowhere", "0.0.0.0/0"),
		skipped("an address of the account", "network interface eni-0a1b2c3d4e5f60001 of this account has it", "203.0.113.11"),
		skipped("an IPv6 address of the VPC", "it is an address of vpc-", "2600:1f18:0:1::10"),
		skipped("an address of S3", "it belongs to com.amazonaws.us-east-1.s3", "52.216.1.1"),
		set(skipped("the network ACL is full", "is full", attacker), full),
		set(skipped("no number is free", "no rule number is free below", attacker), func(t testing.TB, w *actiontest.World) {
			entry(t, w, true, 1, ec2types.RuleActionAllow, "198.51.100.0/24")
		}),
		set(actiontest.Scenario{
			Name: "denied already", Action: id, Instance: actiontest.BatchServer, With: blocking(attacker), Text: "denies " + attacker + " already, which is not of this case",
			Check: func(t testing.TB, _ *actiontest.World, rec action.Record) {
				if said := said(t, rec); said != "" {
					t.Errorf("named as what may get through: %s", said)
				}
			},
		}, func(t testing.TB, w *actiontest.World) {
			entry(t, w, true, 7, ec2types.RuleActionDeny, "198.51.100.0/24")
			entry(t, w, false, 7, ec2types.RuleActionDeny, "198.51.100.0/24")
		}),
	}
}

// entry makes a rule in the demo's network ACL, as somebody else.
func entry(t testing.TB, w *actiontest.World, egress bool, number int32, a ec2types.RuleAction, block string) {
	t.Helper()
	_, err := w.Others.EC2.CreateNetworkAclEntry(t.Context(), &ec2.CreateNetworkAclEntryInput{
		NetworkAclId: aws.String(demoACL(t, w)), Egress: &egress, RuleNumber: &number, RuleAction: a, Protocol: aws.String("-1"), CidrBlock: &block,
	})
	ok(t, err)
}

func demoACL(t testing.TB, w *actiontest.World) string {
	t.Helper()
	out, err := w.Others.EC2.DescribeNetworkAcls(t.Context(), &ec2.DescribeNetworkAclsInput{})
	ok(t, err)
	if len(out.NetworkAcls) != 1 {
		t.Fatalf("%d network ACLs", len(out.NetworkAcls))
	}
	return *out.NetworkAcls[0].NetworkAclId
}

// wantCut wants every live connection to an address to be over, and another one alive.
func wantCut(t testing.TB, w *actiontest.World, address string) {
	t.Helper()
	dead, alive := 0, 0
	for _, f := range w.Account.Flows(awssim.DemoRegion) {
		switch {
		case f.Remote == address && f.Alive:
			t.Errorf("%s to %s through %s is alive", f.ID, f.Remote, f.Via)
		case f.Remote == address:
			dead++
		case f.Alive:
			alive++
		}
	}
	if dead == 0 || alive == 0 {
		t.Errorf("%d connections to %s are over, %d others live", dead, address, alive)
	}
}

// rulesOf are the demo network ACL's rules, in words, as somebody else sees them.
func rulesOf(t testing.TB, w *actiontest.World) (out []string) {
	t.Helper()
	acls, err := w.Others.EC2.DescribeNetworkAcls(t.Context(), &ec2.DescribeNetworkAclsInput{})
	ok(t, err)
	for _, e := range acls.NetworkAcls[0].Entries {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%t %d %s %s", *e.Egress, *e.RuleNumber, e.RuleAction, aws.ToString(e.CidrBlock)+aws.ToString(e.Ipv6CidrBlock))))
	}
	return out
}
