package awssim_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"cordon/internal/awssim"
)

// isolation is a pair of groups: one that allows everything both ways over IPv4 and IPv6, one that allows nothing.
func isolation(ctx context.Context, t *testing.T, c *ec2.Client) (open, closed string) {
	t.Helper()
	all := []types.IpPermission{{
		IpProtocol: aws.String("-1"), IpRanges: []types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}}, Ipv6Ranges: []types.Ipv6Range{{CidrIpv6: aws.String("::/0")}},
	}}
	create := func(name string) string {
		return *must(c.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{
			GroupName: aws.String(name), Description: aws.String(name), VpcId: aws.String(demoVPC),
		}))(t).GroupId
	}
	open, closed = create("open"), create("closed")
	must(c.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &open, IpPermissions: all}))(t)
	must(c.RevokeSecurityGroupEgress(ctx, &ec2.RevokeSecurityGroupEgressInput{GroupId: &closed, IpPermissions: all}))(t)
	return open, closed
}

// flow finds a flow by its id.
func flow(t *testing.T, a *awssim.Account, id string) awssim.Flow {
	t.Helper()
	for _, f := range a.Flows(region) {
		if f.ID == id {
			return f
		}
	}
	t.Fatalf("no flow %s", id)
	return awssim.Flow{}
}

func TestFlowsUnderIsolation(t *testing.T) {
	const attacker = "198.51.100.66"
	for _, tc := range []struct {
		name                        string
		flow                        awssim.Flow
		tracked                     bool // when it is opened
		afterDirect, afterOpenFirst bool // alive after closed alone, after open and then closed
	}{
		{"tracked in over ssh", awssim.Flow{Interface: eni1, Remote: "10.20.2.99", Port: 22, Direction: awssim.Inbound, Via: awssim.ViaVPC}, true, true, false},
		{"tracked out", awssim.Flow{Interface: eni1, Remote: attacker, Port: 4444, Direction: awssim.Outbound}, true, true, false},
		{"tracked out over IPv6", awssim.Flow{Interface: eni1, Remote: "2001:db8::1", Port: 4444, Direction: awssim.Outbound}, true, true, false},
		{"untracked in, open to all", awssim.Flow{Interface: eni1, Remote: attacker, Port: 443, Direction: awssim.Inbound}, false, false, false},
		{"untracked in over IPv6", awssim.Flow{Interface: eni1, Remote: "2001:db8::1", Port: 443, Direction: awssim.Inbound}, false, false, false},
		{"through NAT", awssim.Flow{Interface: eniBatch, Remote: attacker, Port: 443, Direction: awssim.Outbound, Via: awssim.ViaNATGateway}, true, true, true},
		{"through an NLB", awssim.Flow{Interface: eni1, Remote: attacker, Port: 443, Direction: awssim.Inbound, Via: awssim.ViaNLB}, true, true, true},
		{"ping", awssim.Flow{Interface: eni1, Remote: attacker, Port: 8, Protocol: "icmp", Direction: awssim.Outbound}, true, true, true},
	} {
		for _, openFirst := range []bool{false, true} {
			name, want := tc.name+", direct", tc.afterDirect
			if openFirst {
				name, want = tc.name+", open first", tc.afterOpenFirst
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				ctx := t.Context()
				a, c := demo(t, awssim.Options{})
				id, err := a.OpenFlow(region, tc.flow)
				if err != nil {
					t.Fatal(err)
				}
				if got := flow(t, a, id).Tracked; got != tc.tracked {
					t.Fatalf("tracked = %t at the start, want %t", got, tc.tracked)
				}
				open, closed := isolation(ctx, t, c)
				set := func(group string) {
					must(c.ModifyNetworkInterfaceAttribute(ctx, &ec2.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: &tc.flow.Interface, Groups: []string{group}}))(t)
				}
				if openFirst {
					set(open)
					if f := flow(t, a, id); !f.Alive {
						t.Fatal("the all-access group cut the flow")
					}
				}
				set(closed)
				if got := flow(t, a, id).Alive; got != want {
					t.Errorf("alive = %t, want %t", got, want)
				}
				if _, err := a.OpenFlow(region, tc.flow); err == nil {
					t.Error("the closed group lets a new flow through")
				}
			})
		}
	}
}

func TestRuleChangesReachFlows(t *testing.T) {
	ctx := t.Context()
	a, c := demo(t, awssim.Options{})
	id, err := a.OpenFlow(region, awssim.Flow{Interface: eni1, Remote: "198.51.100.66", Port: 443, Direction: awssim.Inbound})
	if err != nil {
		t.Fatal(err)
	}
	https := func(cidr string) []types.IpPermission {
		return []types.IpPermission{{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(443), ToPort: aws.Int32(443), IpRanges: []types.IpRange{{CidrIp: aws.String(cidr)}}}}
	}
	must(c.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: aws.String(sgWeb), IpPermissions: https("198.51.100.0/24")}))(t)
	must(c.RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{GroupId: aws.String(sgWeb), IpPermissions: https("0.0.0.0/0")}))(t)
	if f := flow(t, a, id); !f.Alive || !f.Tracked {
		t.Errorf("under a narrower rule: alive %t, tracked %t; want both", f.Alive, f.Tracked)
	}
	must(c.RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{GroupId: aws.String(sgWeb), IpPermissions: https("198.51.100.0/24")}))(t)
	if f := flow(t, a, id); !f.Alive {
		t.Error("a tracked flow died with its rule")
	}
	if err := naclEntries(1, 1)(ctx, c); err != nil {
		t.Fatal(err)
	}
	if f := flow(t, a, id); !f.Alive {
		t.Error("a network ACL entry for another address cut the flow")
	}
	for _, f := range a.Flows(region) {
		if f.Remote == "198.51.100.23" && f.Interface == eni1 && f.Alive {
			t.Error("a network ACL entry for the attacker left the attacker's flow alive")
		}
	}
	must(c.StopInstances(ctx, &ec2.StopInstancesInput{InstanceIds: []string{web1}}))(t)
	if f := flow(t, a, id); f.Alive {
		t.Error("a stopped instance kept its flow")
	}
}

func TestReachable(t *testing.T) {
	a, _ := demo(t, awssim.Options{})
	for _, tc := range []struct {
		name, eni, remote string
		port              int
		direction         string
		want              bool
	}{
		{"web from anywhere", eni1, "8.8.8.8", 443, awssim.Inbound, true},
		{"web over IPv6", eni1, "2001:db8::1", 80, awssim.Inbound, true},
		{"ssh from anywhere", eni1, "8.8.8.8", 22, awssim.Inbound, false},
		{"ssh from inside", eni1, "10.20.2.99", 22, awssim.Inbound, true},
		{"database from web group", eniDB, "10.20.1.10", 5432, awssim.Inbound, true},
		{"database from the other interface", eniDB, "10.20.1.12", 5432, awssim.Inbound, false},
		{"out", eniBatch, "8.8.8.8", 1, awssim.Outbound, true},
		{"no such interface", "eni-00000000000000000", "8.8.8.8", 1, awssim.Outbound, false},
		{"no address", eni1, "nowhere", 443, awssim.Inbound, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := a.Reachable(region, tc.eni, tc.remote, tc.port, tc.direction); got != tc.want {
				t.Errorf("got %t, want %t", got, tc.want)
			}
		})
	}
}
