package awssim_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"cordon/internal/awssim"
	"cordon/internal/cloud"
)

// demoClients is a filled account and clients of all its services.
func demoClients(t *testing.T, opts awssim.Options) (*awssim.Account, *cloud.Clients) {
	t.Helper()
	a, _ := demo(t, opts)
	return a, cloud.New(a.Config(region), a.ID())
}

// isolate gives an interface a group that lets nothing in and nothing out.
func isolate(t *testing.T, c *cloud.Clients, eni string) {
	t.Helper()
	g, err := c.EC2.CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{GroupName: aws.String("empty-" + eni), Description: aws.String("none"), VpcId: aws.String(demoVPC)})
	if err != nil {
		t.Fatal(err)
	}
	must(c.EC2.RevokeSecurityGroupEgress(t.Context(), &ec2.RevokeSecurityGroupEgressInput{GroupId: g.GroupId, SecurityGroupRuleIds: egressOf(t, c, *g.GroupId)}))(t)
	must(c.EC2.ModifyNetworkInterfaceAttribute(t.Context(), &ec2.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: &eni, Groups: []string{*g.GroupId}}))(t)
}

func egressOf(t *testing.T, c *cloud.Clients, group string) []string {
	t.Helper()
	out, err := c.EC2.DescribeSecurityGroups(t.Context(), &ec2.DescribeSecurityGroupsInput{GroupIds: []string{group}})
	if err != nil || len(out.SecurityGroups) != 1 {
		t.Fatalf("describe %s: %v", group, err)
	}
	rules, err := c.EC2.DescribeSecurityGroupRules(t.Context(), &ec2.DescribeSecurityGroupRulesInput{Filters: []ec2types.Filter{{Name: aws.String("group-id"), Values: []string{group}}}})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, r := range rules.SecurityGroupRules {
		if *r.IsEgress {
			ids = append(ids, *r.SecurityGroupRuleId)
		}
	}
	return ids
}

// refusal is a call that must fail with an AWS error code.
type refusal struct {
	name string
	call func(context.Context, *cloud.Clients) error
	want string
}

// refuses runs each call on a demo account of its own, and checks that it changed nothing.
func refuses(t *testing.T, cases []refusal) {
	t.Helper()
	all := awssim.DumpOptions{Snapshots: true, Objects: true, Commands: true}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			a, c := demoClients(t, awssim.Options{})
			before := a.Dump(all)
			wantCode(t, tt.call(t.Context(), c), tt.want)
			if d := awssim.Diff(before, a.Dump(all)); len(d) > 0 {
				t.Errorf("a refused call changed the account: %v", d)
			}
		})
	}
}

// failed drops the answer of a call.
func failed[O any](_ *O, err error) error { return err }
