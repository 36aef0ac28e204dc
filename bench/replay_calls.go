package bench

import (
	"bytes"
	"context"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbv2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"cordon/internal/casefile/dynamodb"
)

// calls are the operations that the recordings have, by service and name. None does without its call.
func (r *replayer) calls() map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"ec2 GetConsoleScreenshot":                   r.screenshot,
		"ec2 DescribeInstances":                      r.describeInstances,
		"ec2 ModifyInstanceAttribute":                r.modifyInstance,
		"ec2 CreateTags":                             r.tag,
		"ec2 CreateSnapshot":                         r.snapshot,
		"ec2 DescribeIamInstanceProfileAssociations": r.describeAssociations,
		"ec2 DisassociateIamInstanceProfile":         r.disassociate,
		"ec2 AssociateIamInstanceProfile":            r.associate,
		"ec2 DescribeNetworkInterfaces":              r.describeInterfaces,
		"ec2 DescribeSecurityGroups":                 r.describeGroups,
		"ec2 CreateSecurityGroup":                    r.createGroup,
		"ec2 AuthorizeSecurityGroupIngress":          r.authorize,
		"ec2 RevokeSecurityGroupIngress":             r.revokeIngress,
		"ec2 RevokeSecurityGroupEgress":              r.revokeEgress,
		"ec2 ModifyNetworkInterfaceAttribute":        r.isolate,

		"s3 PutObject":     r.putObject,
		"sns Publish":      r.publish,
		"dynamodb GetItem": r.getItem,
		"dynamodb PutItem": r.putItem,

		"ssm DescribeInstanceInformation": r.describeHost,
		"ssm SendCommand":                 r.sendCommand,
		"ssm GetCommandInvocation":        r.commandInvocation,

		"autoscaling DescribeAutoScalingInstances": r.describeMember,
		"autoscaling DetachInstances":              r.detach,

		"elasticloadbalancing DescribeLoadBalancers":               r.describeBalancers,
		"elasticloadbalancing DescribeInstanceHealth":              r.instanceHealth,
		"elasticloadbalancing DeregisterInstancesFromLoadBalancer": r.leaveBalancer,
		"elasticloadbalancing DescribeTargetGroups":                r.describeTargetGroups,
		"elasticloadbalancing DescribeTargetHealth":                r.targetHealth,
		"elasticloadbalancing DeregisterTargets":                   r.leaveTargetGroup,
	}
}

func (r *replayer) putObject(ctx context.Context) error {
	_, err := r.s3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(bucket), Key: aws.String("reference/" + strconv.Itoa(r.times["PutObject"])), Body: bytes.NewReader([]byte("{}")),
	})
	return err
}

func (r *replayer) publish(ctx context.Context) error {
	_, err := r.sns.Publish(ctx, &sns.PublishInput{TopicArn: &r.a.Topic, Message: aws.String("step done")})
	return err
}

func itemKey() map[string]ddbtypes.AttributeValue {
	return map[string]ddbtypes.AttributeValue{
		dynamodb.PartitionKey: &ddbtypes.AttributeValueMemberS{Value: host}, dynamodb.SortKey: &ddbtypes.AttributeValueMemberS{Value: "-"},
	}
}

func (r *replayer) getItem(ctx context.Context) error {
	_, err := r.tables.GetItem(ctx, &awsdynamodb.GetItemInput{TableName: aws.String(lookup), Key: itemKey()})
	return err
}

func (r *replayer) putItem(ctx context.Context) error {
	_, err := r.tables.PutItem(ctx, &awsdynamodb.PutItemInput{TableName: aws.String(lookup), Item: itemKey()})
	return err
}

func (r *replayer) describeHost(ctx context.Context) error {
	_, err := r.ssm.DescribeInstanceInformation(ctx, &ssm.DescribeInstanceInformationInput{})
	return err
}

func (r *replayer) sendCommand(ctx context.Context) error {
	out, err := r.ssm.SendCommand(ctx, &ssm.SendCommandInput{
		DocumentName: aws.String("AWS-RunShellScript"), InstanceIds: []string{host}, Parameters: map[string][]string{"commands": {"ps aux"}},
	})
	if err == nil {
		r.command = aws.ToString(out.Command.CommandId)
	}
	return err
}

func (r *replayer) commandInvocation(ctx context.Context) error {
	_, err := r.ssm.GetCommandInvocation(ctx, &ssm.GetCommandInvocationInput{CommandId: &r.command, InstanceId: aws.String(host)})
	return err
}

func (r *replayer) describeMember(ctx context.Context) error {
	out, err := r.scaling.DescribeAutoScalingInstances(ctx, &autoscaling.DescribeAutoScalingInstancesInput{InstanceIds: []string{host}})
	if err == nil && len(out.AutoScalingInstances) > 0 {
		r.scalingName = aws.ToString(out.AutoScalingInstances[0].AutoScalingGroupName)
	}
	return err
}

func (r *replayer) detach(ctx context.Context) error {
	_, err := r.scaling.DetachInstances(ctx, &autoscaling.DetachInstancesInput{
		AutoScalingGroupName: &r.scalingName, InstanceIds: []string{host}, ShouldDecrementDesiredCapacity: aws.Bool(true),
	})
	return err
}

func (r *replayer) describeBalancers(ctx context.Context) error {
	out, err := r.elb.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{})
	if err != nil {
		return err
	}
	for _, b := range out.LoadBalancerDescriptions {
		r.balancers = append(r.balancers, aws.ToString(b.LoadBalancerName))
	}
	return nil
}

func (r *replayer) instanceHealth(ctx context.Context) error {
	name, err := r.nth("DescribeInstanceHealth", r.balancers)
	if err == nil {
		_, err = r.elb.DescribeInstanceHealth(ctx, &elb.DescribeInstanceHealthInput{LoadBalancerName: name})
	}
	return err
}

func (r *replayer) leaveBalancer(ctx context.Context) error {
	_, err := r.elb.DeregisterInstancesFromLoadBalancer(ctx, &elb.DeregisterInstancesFromLoadBalancerInput{
		LoadBalancerName: aws.String("web-classic"), Instances: []elbtypes.Instance{{InstanceId: aws.String(host)}},
	})
	return err
}

func (r *replayer) describeTargetGroups(ctx context.Context) error {
	out, err := r.elbv2.DescribeTargetGroups(ctx, &elbv2.DescribeTargetGroupsInput{})
	if err != nil {
		return err
	}
	for _, g := range out.TargetGroups {
		r.targets = append(r.targets, aws.ToString(g.TargetGroupArn))
		if aws.ToString(g.TargetGroupName) == "web-tg" {
			r.target = g.TargetGroupArn
		}
	}
	return nil
}

func (r *replayer) targetHealth(ctx context.Context) error {
	arn, err := r.nth("DescribeTargetHealth", r.targets)
	if err == nil {
		_, err = r.elbv2.DescribeTargetHealth(ctx, &elbv2.DescribeTargetHealthInput{TargetGroupArn: arn})
	}
	return err
}

func (r *replayer) leaveTargetGroup(ctx context.Context) error {
	_, err := r.elbv2.DeregisterTargets(ctx, &elbv2.DeregisterTargetsInput{
		TargetGroupArn: r.target, Targets: []elbv2types.TargetDescription{{Id: aws.String(host)}},
	})
	return err
}
