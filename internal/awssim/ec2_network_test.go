package awssim_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"cordon/internal/awssim"
)

func TestNewGroupEgressFollowsTheVPC(t *testing.T) {
	ctx := t.Context()
	a := awssim.New(awssim.Options{})
	c := ec2.NewFromConfig(a.Config(region))
	for _, tc := range []struct {
		name string
		ipv6 bool
		want int
	}{{"IPv4 only", false, 0}, {"dual stack", true, 1}} {
		t.Run(tc.name, func(t *testing.T) {
			v := must(c.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16"), AmazonProvidedIpv6CidrBlock: &tc.ipv6}))(t)
			g := must(c.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{GroupName: aws.String("g"), Description: aws.String("g"), VpcId: v.Vpc.VpcId}))(t)
			out := must(c.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{*g.GroupId}}))(t).SecurityGroups[0]
			if len(out.IpPermissions) != 0 || len(out.IpPermissionsEgress) != 1 {
				t.Fatalf("%d ingress and %d egress permissions, want 0 and 1", len(out.IpPermissions), len(out.IpPermissionsEgress))
			}
			p := out.IpPermissionsEgress[0]
			if len(p.IpRanges) != 1 || len(p.Ipv6Ranges) != tc.want || p.FromPort != nil {
				t.Errorf("egress %+v, want all IPv4 and %d IPv6 ranges", p, tc.want)
			}
		})
	}
}

// TestHTTPSChannel is what live response relies on: an isolated host answers over 443 to the endpoints alone.
func TestHTTPSChannel(t *testing.T) {
	const endpointGroup = "sg-0e000000000000001"
	online := func(t *testing.T, a *awssim.Account) bool {
		out := must(ssm.NewFromConfig(a.Config(region)).DescribeInstanceInformation(t.Context(), &ssm.DescribeInstanceInformationInput{
			Filters: []ssmtypes.InstanceInformationStringFilter{{Key: aws.String("InstanceIds"), Values: []string{web1}}},
		}))(t)
		return len(out.InstanceInformationList) == 1 && out.InstanceInformationList[0].PingStatus == ssmtypes.PingStatusOnline
	}
	for _, tc := range []struct {
		name      string
		endpoints bool
		egress    string // what the isolating group lets out on 443; nothing if empty
		want      bool
	}{
		{"nothing out", false, "", false},
		{"443 to everywhere", false, "0.0.0.0/0", true},
		{"443 inside the VPC, no endpoints", false, "10.20.0.0/16", false},
		{"443 inside the VPC, endpoints", true, "10.20.0.0/16", true},
		{"443 elsewhere, endpoints", true, "192.0.2.0/24", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ctx := t.Context()
			a, c := demo(t, awssim.Options{})
			if tc.endpoints {
				if err := a.Edit(region, func(ed *awssim.Editor) error {
					if err := ed.Group(endpointGroup, demoVPC, "endpoints", awssim.Rule{Protocol: "tcp", From: 443, To: 443, Peer: "10.20.0.0/16"}); err != nil {
						return err
					}
					if err := ed.Endpoint("vpce-0e000000000000001", demoVPC, "ssm", []string{endpointGroup}, []string{demoPrivate}); err != nil {
						return err
					}
					return ed.Endpoint("vpce-0e000000000000002", demoVPC, "ssmmessages", []string{endpointGroup}, []string{demoPrivate})
				}); err != nil {
					t.Fatal(err)
				}
			}
			if !online(t, a) {
				t.Fatal("not online before isolation")
			}
			_, closed := isolation(ctx, t, c)
			if tc.egress != "" {
				must(c.AuthorizeSecurityGroupEgress(ctx, &ec2.AuthorizeSecurityGroupEgressInput{GroupId: &closed, IpPermissions: []types.IpPermission{{
					IpProtocol: aws.String("tcp"), FromPort: aws.Int32(443), ToPort: aws.Int32(443), IpRanges: []types.IpRange{{CidrIp: &tc.egress}},
				}}}))(t)
			}
			for _, eni := range []string{eni1, eni2} {
				must(c.ModifyNetworkInterfaceAttribute(ctx, &ec2.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: &eni, Groups: []string{closed}}))(t)
			}
			if got := online(t, a); got != tc.want {
				t.Errorf("online = %t, want %t", got, tc.want)
			}
		})
	}
}

func TestPrefixLists(t *testing.T) {
	ctx := t.Context()
	_, c := demo(t, awssim.Options{})
	lists := must(c.DescribeManagedPrefixLists(ctx, &ec2.DescribeManagedPrefixListsInput{
		Filters: []types.Filter{{Name: aws.String("prefix-list-name"), Values: []string{"com.amazonaws." + region + ".s3"}}},
	}))(t)
	if len(lists.PrefixLists) != 1 {
		t.Fatalf("%d lists, want S3's", len(lists.PrefixLists))
	}
	perm := []types.IpPermission{{
		IpProtocol: aws.String("tcp"), FromPort: aws.Int32(443), ToPort: aws.Int32(443), PrefixListIds: []types.PrefixListId{{PrefixListId: lists.PrefixLists[0].PrefixListId}},
	}}
	must(c.AuthorizeSecurityGroupEgress(ctx, &ec2.AuthorizeSecurityGroupEgressInput{GroupId: aws.String(sgDB), IpPermissions: perm}))(t)
	must(c.RevokeSecurityGroupEgress(ctx, &ec2.RevokeSecurityGroupEgressInput{GroupId: aws.String(sgDB), IpPermissions: perm}))(t)
	old := must(c.DescribePrefixLists(ctx, &ec2.DescribePrefixListsInput{PrefixListIds: []string{*lists.PrefixLists[0].PrefixListId}}))(t)
	if len(old.PrefixLists[0].Cidrs) == 0 {
		t.Error("no blocks")
	}
	perm[0].PrefixListIds[0].PrefixListId = aws.String("pl-00000000")
	_, err := c.AuthorizeSecurityGroupEgress(ctx, &ec2.AuthorizeSecurityGroupEgressInput{GroupId: aws.String(sgDB), IpPermissions: perm})
	wantCode(t, err, "InvalidPrefixListID.NotFound")
}

func TestInstanceAttributes(t *testing.T) {
	ctx := t.Context()
	_, c := demo(t, awssim.Options{})
	set := func(in *ec2.ModifyInstanceAttributeInput) {
		in.InstanceId = aws.String(batch1)
		must(c.ModifyInstanceAttribute(ctx, in))(t)
	}
	get := func(name types.InstanceAttributeName) *ec2.DescribeInstanceAttributeOutput {
		return must(c.DescribeInstanceAttribute(ctx, &ec2.DescribeInstanceAttributeInput{InstanceId: aws.String(batch1), Attribute: name}))(t)
	}
	set(&ec2.ModifyInstanceAttributeInput{DisableApiTermination: &types.AttributeBooleanValue{Value: aws.Bool(true)}})
	set(&ec2.ModifyInstanceAttributeInput{Attribute: types.InstanceAttributeNameDisableApiStop, Value: aws.String("true")})
	set(&ec2.ModifyInstanceAttributeInput{InstanceInitiatedShutdownBehavior: &types.AttributeValue{Value: aws.String("terminate")}})
	set(&ec2.ModifyInstanceAttributeInput{Groups: []string{sgSSH}})
	if !*get(types.InstanceAttributeNameDisableApiTermination).DisableApiTermination.Value || !*get(types.InstanceAttributeNameDisableApiStop).DisableApiStop.Value {
		t.Error("protection is not on")
	}
	if got := *get(types.InstanceAttributeNameInstanceInitiatedShutdownBehavior).InstanceInitiatedShutdownBehavior.Value; got != "terminate" {
		t.Errorf("shutdown behaviour %s", got)
	}
	if g := get(types.InstanceAttributeNameGroupSet).Groups; len(g) != 1 || *g[0].GroupId != sgSSH {
		t.Errorf("groups %v", g)
	}
	_, err := c.StopInstances(ctx, &ec2.StopInstancesInput{InstanceIds: []string{batch1}})
	wantCode(t, err, "OperationNotPermitted")
	set(&ec2.ModifyInstanceAttributeInput{DisableApiStop: &types.AttributeBooleanValue{Value: aws.Bool(false)}})
	must(c.StopInstances(ctx, &ec2.StopInstancesInput{InstanceIds: []string{batch1}}))(t)
	set(&ec2.ModifyInstanceAttributeInput{UserData: &types.SecureBlobAttributeValue{Value: []byte("hello")}})
	if got := *get(types.InstanceAttributeNameUserData).UserData.Value; got != "aGVsbG8=" {
		t.Errorf("user data %s", got)
	}
	must(c.StartInstances(ctx, &ec2.StartInstancesInput{InstanceIds: []string{batch1}}))(t)
}
