package bench

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"cordon/internal/awssim"
)

func (r *replayer) screenshot(ctx context.Context) error {
	_, err := r.ec2.GetConsoleScreenshot(ctx, &ec2.GetConsoleScreenshotInput{InstanceId: aws.String(host)})
	return err
}

func (r *replayer) describeInstances(ctx context.Context) error {
	out, err := r.ec2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{host}})
	if err != nil {
		return err
	}
	r.volumes, r.interfaces = nil, nil
	for _, reservation := range out.Reservations {
		for _, i := range reservation.Instances {
			for _, m := range i.BlockDeviceMappings {
				r.volumes = append(r.volumes, aws.ToString(m.Ebs.VolumeId))
			}
			for _, n := range i.NetworkInterfaces {
				r.interfaces = append(r.interfaces, aws.ToString(n.NetworkInterfaceId))
			}
		}
	}
	return nil
}

// modifyInstance: termination protection, stop protection, shutdown behaviour, and the volumes that are to stay.
func (r *replayer) modifyInstance(ctx context.Context) error {
	in := &ec2.ModifyInstanceAttributeInput{InstanceId: aws.String(host)}
	yes := &ec2types.AttributeBooleanValue{Value: aws.Bool(true)}
	switch r.times["ModifyInstanceAttribute"] {
	case 0:
		in.DisableApiTermination = yes
	case 1:
		in.DisableApiStop = yes
	case 2:
		in.InstanceInitiatedShutdownBehavior = &ec2types.AttributeValue{Value: aws.String("stop")}
	default:
		in.BlockDeviceMappings = []ec2types.InstanceBlockDeviceMappingSpecification{{
			DeviceName: aws.String("/dev/xvda"), Ebs: &ec2types.EbsInstanceBlockDeviceSpecification{DeleteOnTermination: aws.Bool(false)},
		}}
	}
	_, err := r.ec2.ModifyInstanceAttribute(ctx, in)
	return err
}

func (r *replayer) tag(ctx context.Context) error {
	_, err := r.ec2.CreateTags(ctx, &ec2.CreateTagsInput{
		Resources: []string{host}, Tags: []ec2types.Tag{{Key: aws.String("incident"), Value: aws.String("reference")}},
	})
	return err
}

func (r *replayer) snapshot(ctx context.Context) error {
	volume, err := r.nth("CreateSnapshot", r.volumes)
	if err == nil {
		_, err = r.ec2.CreateSnapshot(ctx, &ec2.CreateSnapshotInput{VolumeId: volume})
	}
	return err
}

func (r *replayer) describeAssociations(ctx context.Context) error {
	out, err := r.ec2.DescribeIamInstanceProfileAssociations(ctx, &ec2.DescribeIamInstanceProfileAssociationsInput{
		Filters: []ec2types.Filter{{Name: aws.String("instance-id"), Values: []string{host}}},
	})
	if err == nil && len(out.IamInstanceProfileAssociations) > 0 {
		r.association = aws.ToString(out.IamInstanceProfileAssociations[0].AssociationId)
	}
	return err
}

func (r *replayer) disassociate(ctx context.Context) error {
	_, err := r.ec2.DisassociateIamInstanceProfile(ctx, &ec2.DisassociateIamInstanceProfileInput{AssociationId: &r.association})
	return err
}

func (r *replayer) associate(ctx context.Context) error {
	_, err := r.ec2.AssociateIamInstanceProfile(ctx, &ec2.AssociateIamInstanceProfileInput{
		InstanceId: aws.String(host), IamInstanceProfile: &ec2types.IamInstanceProfileSpecification{Name: aws.String("cordon-quarantine")},
	})
	return err
}

func (r *replayer) describeInterfaces(ctx context.Context) error {
	out, err := r.ec2.DescribeNetworkInterfaces(ctx, &ec2.DescribeNetworkInterfacesInput{
		Filters: []ec2types.Filter{{Name: aws.String("attachment.instance-id"), Values: []string{host}}},
	})
	if err != nil {
		return err
	}
	r.interfaces = nil
	for _, n := range out.NetworkInterfaces {
		r.interfaces = append(r.interfaces, aws.ToString(n.NetworkInterfaceId))
	}
	return nil
}

// describeGroups looks for the quarantine group by its name, or reads it once it is made.
func (r *replayer) describeGroups(ctx context.Context) error {
	in := &ec2.DescribeSecurityGroupsInput{Filters: []ec2types.Filter{
		{Name: aws.String("group-name"), Values: []string{quarantine}}, {Name: aws.String("vpc-id"), Values: []string{hostVPC}},
	}}
	if r.group != "" {
		in = &ec2.DescribeSecurityGroupsInput{GroupIds: []string{r.group}}
	}
	out, err := r.ec2.DescribeSecurityGroups(ctx, in)
	if err == nil && r.group != "" && len(out.SecurityGroups) > 0 {
		r.rules, r.egress = out.SecurityGroups[0].IpPermissions, out.SecurityGroups[0].IpPermissionsEgress
	}
	return err
}

const quarantine = "reference-quarantine"

func (r *replayer) createGroup(ctx context.Context) error {
	out, err := r.ec2.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{
		GroupName: aws.String(quarantine), Description: aws.String("isolation"), VpcId: aws.String(hostVPC),
	})
	if err != nil {
		return err
	}
	r.group, r.egress = aws.ToString(out.GroupId), everything()
	return nil
}

// everything is all traffic to or from everywhere, over IPv4: the rule that a new group has for its way out. A VPC with IPv6 gives it a second one.
func everything() []ec2types.IpPermission {
	return []ec2types.IpPermission{{
		IpProtocol: aws.String("-1"), IpRanges: []ec2types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}},
		Ipv6Ranges: []ec2types.Ipv6Range{{CidrIpv6: aws.String("::/0")}},
	}}
}

func (r *replayer) authorize(ctx context.Context) error {
	_, err := r.ec2.AuthorizeSecurityGroupIngress(ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &r.group, IpPermissions: everything()})
	return err
}

func (r *replayer) revokeIngress(ctx context.Context) error {
	_, err := r.ec2.RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{GroupId: &r.group, IpPermissions: r.rules})
	return err
}

func (r *replayer) revokeEgress(ctx context.Context) error {
	_, err := r.ec2.RevokeSecurityGroupEgress(ctx, &ec2.RevokeSecurityGroupEgressInput{GroupId: &r.group, IpPermissions: r.egress})
	return err
}

func (r *replayer) isolate(ctx context.Context) error {
	eni, err := r.nth("ModifyNetworkInterfaceAttribute", r.interfaces)
	if err == nil {
		_, err = r.ec2.ModifyNetworkInterfaceAttribute(ctx, &ec2.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: eni, Groups: []string{r.group}})
	}
	return err
}

// region is where the account is.
const region = awssim.DemoRegion
