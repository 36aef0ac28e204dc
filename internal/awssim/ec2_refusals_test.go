package awssim_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"cordon/internal/awssim"
)

const (
	noInstance = "i-00000000000000000"
	noGroup    = "sg-00000000000000000"
	spot       = "i-0c000000000000001"
	metal      = "i-0c000000000000002"
	otherVPC   = "vpc-0c000000000000001"
	otherGroup = "sg-0c000000000000001"
)

// refusing is the demo account with a spot and a bare metal instance and another VPC.
func refusing(t *testing.T) (*awssim.Account, *ec2.Client) {
	t.Helper()
	a, c := demo(t, awssim.Options{})
	err := a.Edit(region, func(ed *awssim.Editor) error {
		for _, spec := range []awssim.InstanceSpec{{ID: spot, Spot: true}, {ID: metal, Type: "c5.metal"}} {
			spec.Interfaces = []awssim.InterfaceSpec{{ID: "eni-" + spec.ID[2:], Subnet: demoPublic, Groups: []string{sgWeb}}}
			if err := ed.Instance(spec); err != nil {
				return err
			}
		}
		if err := ed.VPC(otherVPC, "10.40.0.0/16", false); err != nil {
			return err
		}
		return ed.Group(otherGroup, otherVPC, "other")
	})
	if err != nil {
		t.Fatal(err)
	}
	return a, c
}

func TestEC2Refusals(t *testing.T) {
	type call func(context.Context, *ec2.Client) error
	perm := func(port int32, cidr string) []types.IpPermission {
		return []types.IpPermission{{IpProtocol: aws.String("tcp"), FromPort: &port, ToPort: &port, IpRanges: []types.IpRange{{CidrIp: &cidr}}}}
	}
	authorize := func(group string, perms ...types.IpPermission) call {
		return func(ctx context.Context, c *ec2.Client) error {
			_, err := c.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &group, IpPermissions: perms})
			return err
		}
	}
	modify := func(in ec2.ModifyInstanceAttributeInput) call {
		return func(ctx context.Context, c *ec2.Client) error {
			_, err := c.ModifyInstanceAttribute(ctx, &in)
			return err
		}
	}
	modifyENI := func(in ec2.ModifyNetworkInterfaceAttributeInput) call {
		return func(ctx context.Context, c *ec2.Client) error {
			_, err := c.ModifyNetworkInterfaceAttribute(ctx, &in)
			return err
		}
	}
	group := func(name, description string, tags ...types.Tag) call {
		return func(ctx context.Context, c *ec2.Client) error {
			in := &ec2.CreateSecurityGroupInput{GroupName: &name, Description: &description, VpcId: aws.String(demoVPC)}
			if len(tags) > 0 {
				in.TagSpecifications = []types.TagSpecification{{ResourceType: types.ResourceTypeSecurityGroup, Tags: tags}}
			}
			_, err := c.CreateSecurityGroup(ctx, in)
			return err
		}
	}
	tag := func(id string, tags ...types.Tag) call {
		return func(ctx context.Context, c *ec2.Client) error {
			_, err := c.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{id}, Tags: tags})
			return err
		}
	}
	kv := func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} }
	describe := func(in ec2.DescribeInstancesInput) call {
		return func(ctx context.Context, c *ec2.Client) error {
			_, err := c.DescribeInstances(ctx, &in)
			return err
		}
	}
	screenshot := func(id string) call {
		return func(ctx context.Context, c *ec2.Client) error {
			_, err := c.GetConsoleScreenshot(ctx, &ec2.GetConsoleScreenshotInput{InstanceId: &id})
			return err
		}
	}
	truth := &types.AttributeBooleanValue{Value: aws.Bool(true)}
	many := func(n int, f func(int) types.Tag) []types.Tag {
		var out []types.Tag
		for i := range n {
			out = append(out, f(i))
		}
		return out
	}
	numbered := func(i int) types.Tag { return kv(fmt.Sprintf("key-%d", i), "") }

	for _, tc := range []struct {
		name, code string
		call       call
	}{
		{"unknown instance", "InvalidInstanceID.NotFound", describe(ec2.DescribeInstancesInput{InstanceIds: []string{noInstance}})},
		{"malformed instance", "InvalidInstanceID.Malformed", describe(ec2.DescribeInstancesInput{InstanceIds: []string{"i-xyz"}})},
		{"hostile instance", "InvalidInstanceID.Malformed", describe(ec2.DescribeInstancesInput{InstanceIds: []string{"i-\x00\x1b[31m%s%n"}})},
		{"unknown filter", "InvalidParameterValue", describe(ec2.DescribeInstancesInput{Filters: []types.Filter{{Name: aws.String("colour"), Values: []string{"red"}}}})},
		{"page and ids", "InvalidParameterCombination", describe(ec2.DescribeInstancesInput{InstanceIds: []string{web1}, MaxResults: aws.Int32(5)})},
		{"page too small", "InvalidParameterValue", describe(ec2.DescribeInstancesInput{MaxResults: aws.Int32(4)})},
		{"made-up token", "InvalidNextToken", describe(ec2.DescribeInstancesInput{MaxResults: aws.Int32(5), NextToken: aws.String("nonsense")})},
		{"dry run", "DryRunOperation", describe(ec2.DescribeInstancesInput{DryRun: aws.Bool(true)})},

		{"two attributes", "InvalidParameterCombination", modify(ec2.ModifyInstanceAttributeInput{InstanceId: aws.String(web1), DisableApiTermination: truth, DisableApiStop: truth})},
		{"no attribute", "InvalidParameterCombination", modify(ec2.ModifyInstanceAttributeInput{InstanceId: aws.String(web1)})},
		{"groups of an instance with two interfaces", "InvalidInstanceID", modify(ec2.ModifyInstanceAttributeInput{InstanceId: aws.String(web1), Groups: []string{sgWeb}})},
		{"protect a spot instance", "UnsupportedOperation", modify(ec2.ModifyInstanceAttributeInput{InstanceId: aws.String(spot), DisableApiTermination: truth})},
		{"stop-protect a spot instance", "UnsupportedOperation", modify(ec2.ModifyInstanceAttributeInput{InstanceId: aws.String(spot), DisableApiStop: truth})},
		{"type of a running instance", "IncorrectInstanceState", modify(ec2.ModifyInstanceAttributeInput{InstanceId: aws.String(web1), InstanceType: &types.AttributeValue{Value: aws.String("t3.small")}})},
		{"unknown shutdown behaviour", "InvalidParameterValue", modify(ec2.ModifyInstanceAttributeInput{InstanceId: aws.String(web1), InstanceInitiatedShutdownBehavior: &types.AttributeValue{Value: aws.String("explode")}})},
		{"unmapped device", "InvalidInstanceAttributeValue", modify(ec2.ModifyInstanceAttributeInput{InstanceId: aws.String(web1), BlockDeviceMappings: []types.InstanceBlockDeviceMappingSpecification{
			{DeviceName: aws.String("/dev/sdz"), Ebs: &types.EbsInstanceBlockDeviceSpecification{DeleteOnTermination: aws.Bool(false)}},
		}})},

		{"group of another VPC", "InvalidGroup.NotFound", modifyENI(ec2.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: aws.String(eni1), Groups: []string{otherGroup}})},
		{"unknown group", "InvalidGroup.NotFound", modifyENI(ec2.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: aws.String(eni1), Groups: []string{noGroup}})},
		{"malformed group", "InvalidGroupId.Malformed", modifyENI(ec2.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: aws.String(eni1), Groups: []string{"web"}})},
		{"no group", "InvalidParameterCombination", modifyENI(ec2.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: aws.String(eni1)})},
		{"two attributes of an interface", "InvalidParameterCombination", modifyENI(ec2.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: aws.String(eni1), Groups: []string{sgWeb}, SourceDestCheck: truth})},
		{"unknown interface", "InvalidNetworkInterfaceID.NotFound", modifyENI(ec2.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: aws.String("eni-00000000000000000"), Groups: []string{sgWeb}})},

		{"same group name", "InvalidGroup.Duplicate", group("web", "again")},
		{"same group name in capitals", "InvalidGroup.Duplicate", group("WEB", "again")},
		{"name default", "InvalidGroup.Reserved", group("default", "x")},
		{"name like an id", "InvalidParameterValue", group("sg-mine", "x")},
		{"name too long", "InvalidParameterValue", group(strings.Repeat("x", 256), "x")},
		{"name of other characters", "InvalidParameterValue", group("größe", "x")},
		{"empty description", "MissingParameter", group("x", "")},
		{"group with a reserved tag", "InvalidParameterValue", group("x", "x", kv("aws:x", "y"))},
		{"delete a group in use", "DependencyViolation", func(ctx context.Context, c *ec2.Client) error {
			_, err := c.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: aws.String(sgDB)})
			return err
		}},
		{"delete a default group", "CannotDelete", func(ctx context.Context, c *ec2.Client) error {
			out, err := c.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{Filters: []types.Filter{{Name: aws.String("group-name"), Values: []string{"default"}}}})
			if err != nil {
				return err
			}
			_, err = c.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: out.SecurityGroups[0].GroupId})
			return err
		}},

		{"same rule", "InvalidPermission.Duplicate", authorize(sgWeb, perm(80, "0.0.0.0/0")...)},
		{"same rule twice in a call", "InvalidParameterValue", authorize(sgWeb, append(perm(81, "10.0.0.1/8"), perm(81, "10.0.0.0/8")...)...)},
		{"malformed block", "InvalidParameterValue", authorize(sgWeb, perm(80, "10.0.0.0")...)},
		{"port out of range", "InvalidPermission.Malformed", authorize(sgWeb, perm(70000, "10.0.0.0/8")...)},
		{"no ports", "InvalidParameterValue", authorize(sgWeb, types.IpPermission{IpProtocol: aws.String("tcp"), IpRanges: []types.IpRange{{CidrIp: aws.String("10.0.0.0/8")}}})},
		{"no peer", "MissingParameter", authorize(sgWeb, types.IpPermission{IpProtocol: aws.String("-1")})},
		{"peer group of another VPC", "InvalidGroup.NotFound", authorize(sgWeb, types.IpPermission{IpProtocol: aws.String("-1"), UserIdGroupPairs: []types.UserIdGroupPair{{GroupId: aws.String(otherGroup)}}})},
		{"revoke what is not there", "InvalidPermission.NotFound", func(ctx context.Context, c *ec2.Client) error {
			_, err := c.RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{GroupId: aws.String(sgWeb), IpPermissions: perm(1, "10.0.0.0/8")})
			return err
		}},

		{"tag nothing", "InvalidID", tag("bucket-1", kv("a", "b"))},
		{"tag an unknown volume", "InvalidVolume.NotFound", tag("vol-00000000000000000", kv("a", "b"))},
		{"reserved tag", "InvalidParameterValue", tag(web1, kv("AWS:x", "y"))},
		{"long tag value", "InvalidParameterValue", tag(web1, kv("x", strings.Repeat("v", 257)))},
		{"too many tags", "TagLimitExceeded", tag(web1, many(48, numbered)...)},

		{"terminate a protected instance", "OperationNotPermitted", func(ctx context.Context, c *ec2.Client) error {
			_, err := c.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{web1, db1}})
			return err
		}},
		{"stop a spot instance", "UnsupportedOperation", func(ctx context.Context, c *ec2.Client) error {
			_, err := c.StopInstances(ctx, &ec2.StopInstancesInput{InstanceIds: []string{spot}})
			return err
		}},
		{"screenshot of Arm", "UnsupportedOperation", screenshot(db1)},
		{"screenshot of bare metal", "UnsupportedOperation", screenshot(metal)},
		{"second profile", "IncorrectState", func(ctx context.Context, c *ec2.Client) error {
			_, err := c.AssociateIamInstanceProfile(ctx, &ec2.AssociateIamInstanceProfileInput{
				InstanceId: aws.String(web1), IamInstanceProfile: &types.IamInstanceProfileSpecification{Name: aws.String("cordon-quarantine")},
			})
			return err
		}},
		{"unknown profile", "InvalidParameterValue", func(ctx context.Context, c *ec2.Client) error {
			_, err := c.AssociateIamInstanceProfile(ctx, &ec2.AssociateIamInstanceProfileInput{
				InstanceId: aws.String(db1), IamInstanceProfile: &types.IamInstanceProfileSpecification{Name: aws.String("nobody")},
			})
			return err
		}},
		{"unknown association", "InvalidAssociationID.NotFound", func(ctx context.Context, c *ec2.Client) error {
			_, err := c.DisassociateIamInstanceProfile(ctx, &ec2.DisassociateIamInstanceProfileInput{AssociationId: aws.String("iip-assoc-00000000000000000")})
			return err
		}},
		{"network ACL entry again", "NetworkAclEntryAlreadyExists", naclEntries(1, 100)},
		{"network ACL full", "NetworkAclEntryLimitExceeded", naclEntries(30, 1)},
		{"launch without image", "MissingParameter", func(ctx context.Context, c *ec2.Client) error {
			_, err := c.RunInstances(ctx, &ec2.RunInstancesInput{MinCount: aws.Int32(1), MaxCount: aws.Int32(1), SubnetId: aws.String(demoPublic)})
			return err
		}},
		{"launch nowhere", "VPCIdNotSpecified", func(ctx context.Context, c *ec2.Client) error {
			_, err := c.RunInstances(ctx, &ec2.RunInstancesInput{MinCount: aws.Int32(1), MaxCount: aws.Int32(1), ImageId: aws.String("ami-0a1b2c3d4e5f60001")})
			return err
		}},
		{"launch at an address taken twice", "InvalidIPAddress.InUse", func(ctx context.Context, c *ec2.Client) error {
			_, err := c.RunInstances(ctx, &ec2.RunInstancesInput{
				MinCount: aws.Int32(2), MaxCount: aws.Int32(2), ImageId: aws.String("ami-0a1b2c3d4e5f60001"), SubnetId: aws.String(demoPublic), PrivateIpAddress: aws.String("10.20.1.200"),
			})
			return err
		}},
		{"unknown volume snapshot", "InvalidVolume.NotFound", func(ctx context.Context, c *ec2.Client) error {
			_, err := c.CreateSnapshot(ctx, &ec2.CreateSnapshotInput{VolumeId: aws.String("vol-00000000000000000")})
			return err
		}},
		{"delete an interface in use", "InvalidParameterValue", func(ctx context.Context, c *ec2.Client) error {
			_, err := c.DeleteNetworkInterface(ctx, &ec2.DeleteNetworkInterfaceInput{NetworkInterfaceId: aws.String(eni1)})
			return err
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a, c := refusing(t)
			before := a.Dump(awssim.DumpOptions{})
			wantCode(t, tc.call(t.Context(), c), tc.code)
			if strings.HasPrefix(tc.name, "network ACL") {
				return // these make entries before the one that is refused
			}
			for _, d := range awssim.Diff(before, a.Dump(awssim.DumpOptions{})) {
				t.Errorf("a refused call changed %s", d)
			}
		})
	}
}

// naclEntries makes n entries in the demo's network ACL, from a number upwards.
func naclEntries(n, from int32) func(context.Context, *ec2.Client) error {
	return func(ctx context.Context, c *ec2.Client) error {
		out, err := c.DescribeNetworkAcls(ctx, &ec2.DescribeNetworkAclsInput{Filters: []types.Filter{{Name: aws.String("association.subnet-id"), Values: []string{demoPublic}}}})
		if err != nil {
			return err
		}
		for i := range n {
			if _, err = c.CreateNetworkAclEntry(ctx, &ec2.CreateNetworkAclEntryInput{
				NetworkAclId: out.NetworkAcls[0].NetworkAclId, RuleNumber: aws.Int32(from + i), Egress: aws.Bool(false),
				Protocol: aws.String("-1"), RuleAction: types.RuleActionDeny, CidrBlock: aws.String("198.51.100.23/32"),
			}); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestGroupLimits(t *testing.T) {
	ctx := t.Context()
	_, c := demo(t, awssim.Options{})
	var groups []string
	for i := range 6 {
		out := must(c.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{
			GroupName: aws.String(fmt.Sprintf("g%d", i)), Description: aws.String("x"), VpcId: aws.String(demoVPC),
		}))(t)
		groups = append(groups, *out.GroupId)
	}
	_, err := c.ModifyNetworkInterfaceAttribute(ctx, &ec2.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: aws.String(eni1), Groups: groups})
	wantCode(t, err, "SecurityGroupsPerInterfaceLimitExceeded")

	var ranges []types.IpRange
	for i := range 61 {
		ranges = append(ranges, types.IpRange{CidrIp: aws.String(fmt.Sprintf("10.0.%d.0/24", i))})
	}
	authorize := func(n int) error {
		_, err := c.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{
			GroupId: &groups[0], IpPermissions: []types.IpPermission{{IpProtocol: aws.String("-1"), IpRanges: ranges[:n]}},
		})
		return err
	}
	wantCode(t, authorize(61), "RulesPerSecurityGroupLimitExceeded")
	if err := authorize(60); err != nil {
		t.Errorf("60 rules: %v", err)
	}
}
