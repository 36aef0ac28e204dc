// Package workload makes an account on moto for tests that answer findings there, and says what AWS shows of it.
package workload

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbv2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"cordon/internal/cloud"
)

// Make makes the account: an instance with two interfaces made beforehand (else moto mixes the launch groups into
// every answer), in an Auto Scaling group and a target group, with a profile, and a bucket for evidence.
func Make(t testing.TB, c *cloud.Clients) string {
	t.Helper()
	ctx := t.Context()
	vpc := must(c.EC2.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.20.0.0/16")}))(t).Vpc
	subnet := must(c.EC2.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: vpc.VpcId, CidrBlock: aws.String("10.20.1.0/24")}))(t).Subnet
	var groups []string
	for _, name := range []string{"web", "ssh"} {
		g := must(c.EC2.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{GroupName: &name, VpcId: vpc.VpcId, Description: &name}))(t)
		groups = append(groups, *g.GroupId)
	}
	var interfaces []ec2types.InstanceNetworkInterfaceSpecification
	for i, g := range [][]string{groups, groups[1:]} {
		eni := must(c.EC2.CreateNetworkInterface(ctx, &ec2.CreateNetworkInterfaceInput{SubnetId: subnet.SubnetId, Groups: g}))(t)
		interfaces = append(interfaces, ec2types.InstanceNetworkInterfaceSpecification{
			NetworkInterfaceId: eni.NetworkInterface.NetworkInterfaceId, DeviceIndex: aws.Int32(int32(i)),
		})
	}
	must(c.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("web-app"), AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[]}`)}))(t)
	must(c.IAM.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: aws.String("web-app")}))(t)
	must(c.IAM.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: aws.String("web-app"), RoleName: aws.String("web-app")}))(t)
	images := must(c.EC2.DescribeImages(ctx, &ec2.DescribeImagesInput{}))(t)
	run := must(c.EC2.RunInstances(ctx, &ec2.RunInstancesInput{
		ImageId: images.Images[0].ImageId, InstanceType: ec2types.InstanceTypeT3Large, MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
		NetworkInterfaces: interfaces, IamInstanceProfile: &ec2types.IamInstanceProfileSpecification{Name: aws.String("web-app")},
		TagSpecifications: []ec2types.TagSpecification{{ResourceType: ec2types.ResourceTypeInstance, Tags: []ec2types.Tag{{Key: aws.String("Name"), Value: aws.String("web-1")}}}},
	}))(t)
	id := *run.Instances[0].InstanceId
	tg := must(c.ELBV2.CreateTargetGroup(ctx, &elbv2.CreateTargetGroupInput{Name: aws.String("web"), VpcId: vpc.VpcId, Protocol: elbv2types.ProtocolEnumHttp, Port: aws.Int32(80)}))(t)
	must(c.ELBV2.RegisterTargets(ctx, &elbv2.RegisterTargetsInput{
		TargetGroupArn: tg.TargetGroups[0].TargetGroupArn, Targets: []elbv2types.TargetDescription{{Id: &id, Port: aws.Int32(8080)}},
	}))(t)
	must(c.AutoScaling.CreateLaunchConfiguration(ctx, &autoscaling.CreateLaunchConfigurationInput{
		LaunchConfigurationName: aws.String("web"), ImageId: images.Images[0].ImageId, InstanceType: aws.String("t3.large"),
	}))(t)
	must(c.AutoScaling.CreateAutoScalingGroup(ctx, &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: aws.String("web"), LaunchConfigurationName: aws.String("web"), MinSize: aws.Int32(0), MaxSize: aws.Int32(2),
		DesiredCapacity: aws.Int32(0), VPCZoneIdentifier: subnet.SubnetId,
	}))(t)
	must(c.AutoScaling.AttachInstances(ctx, &autoscaling.AttachInstancesInput{AutoScalingGroupName: aws.String("web"), InstanceIds: []string{id}}))(t)
	must(c.S3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("evidence")}))(t)
	return id
}

// Seen is what AWS shows of everything that a response changes.
func Seen(t testing.TB, c *cloud.Clients, id string) string {
	ctx := t.Context()
	out := map[string]any{"interfaces": Interfaces(t, c, id)}
	groups := map[string]string{}
	for _, g := range must(c.EC2.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{}))(t).SecurityGroups {
		groups[*g.GroupId] = *g.GroupName
	}
	out["groups"] = groups
	i := must(c.EC2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{id}}))(t).Reservations[0].Instances[0]
	out["volumes"], out["state"] = i.BlockDeviceMappings, i.State.Name
	tags := map[string]string{}
	for _, tag := range i.Tags {
		tags[*tag.Key] = *tag.Value
	}
	out["tags"] = tags
	for _, name := range []ec2types.InstanceAttributeName{
		ec2types.InstanceAttributeNameDisableApiTermination, ec2types.InstanceAttributeNameDisableApiStop,
		ec2types.InstanceAttributeNameInstanceInitiatedShutdownBehavior,
	} {
		a := must(c.EC2.DescribeInstanceAttribute(ctx, &ec2.DescribeInstanceAttributeInput{InstanceId: &id, Attribute: name}))(t)
		out[string(name)] = []any{a.DisableApiTermination, a.DisableApiStop, a.InstanceInitiatedShutdownBehavior}
	}
	var profiles []string
	for _, a := range must(c.EC2.DescribeIamInstanceProfileAssociations(ctx, &ec2.DescribeIamInstanceProfileAssociationsInput{}))(t).IamInstanceProfileAssociations {
		profiles = append(profiles, *a.IamInstanceProfile.Arn)
	}
	out["profiles"] = profiles
	out["role policies"] = must(c.IAM.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: aws.String("web-app")}))(t).PolicyNames
	asg := must(c.AutoScaling.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{}))(t).AutoScalingGroups[0]
	out["scaling"] = []any{*asg.DesiredCapacity, *asg.MinSize, *asg.MaxSize, members(asg.Instances)}
	targets := []string{}
	for _, g := range must(c.ELBV2.DescribeTargetGroups(ctx, &elbv2.DescribeTargetGroupsInput{}))(t).TargetGroups {
		for _, h := range must(c.ELBV2.DescribeTargetHealth(ctx, &elbv2.DescribeTargetHealthInput{TargetGroupArn: g.TargetGroupArn}))(t).TargetHealthDescriptions {
			targets = append(targets, fmt.Sprintf("%s:%d", *h.Target.Id, aws.ToInt32(h.Target.Port)))
		}
	}
	out["targets"] = targets
	text, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Interfaces gives the names of the security groups of each of the instance's interfaces.
func Interfaces(t testing.TB, c *cloud.Clients, id string) map[string][]string {
	out := map[string][]string{}
	for _, n := range must(c.EC2.DescribeNetworkInterfaces(t.Context(), &ec2.DescribeNetworkInterfacesInput{
		Filters: []ec2types.Filter{{Name: aws.String("attachment.instance-id"), Values: []string{id}}},
	}))(t).NetworkInterfaces {
		for _, g := range n.Groups {
			out[*n.NetworkInterfaceId] = append(out[*n.NetworkInterfaceId], *g.GroupName)
		}
		slices.Sort(out[*n.NetworkInterfaceId])
	}
	return out
}

func members(instances []astypes.Instance) (ids []string) {
	for _, i := range instances {
		ids = append(ids, *i.InstanceId)
	}
	return ids
}

// must gives the answer of a call, or ends the test with its error.
func must[T any](v T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// PublicBucket makes a bucket whose policy lets anybody read.
func PublicBucket(t testing.TB, c *cloud.Clients, name string) {
	t.Helper()
	ctx := t.Context()
	must(c.S3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name}))(t)
	must(c.S3.PutBucketAcl(ctx, &s3.PutBucketAclInput{Bucket: &name, ACL: s3types.BucketCannedACLPublicRead}))(t)
}
