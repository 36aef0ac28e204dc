package doctor

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"cordon/internal/cloud"
)

// specimen is what dry runs name: an instance that is there, and what it has.
type specimen struct{ instance, vpc, eni, group string }

// dryRun asks EC2 one question. What it asks for is there already, or harmless: an emulator may not know DryRun.
type dryRun func(context.Context, *ec2.Client, specimen) error

var dry = aws.Bool(true)

// dryRuns asks EC2 about the needs that it can be asked about. It gives a result for each that is not allowed, the needs
// that EC2 answered for, and the rest.
func (p *patient) dryRuns(ctx context.Context, needs []need) (results []Result, asked, rest []need) {
	s, ok := p.specimen()
	if !ok {
		return nil, nil, needs
	}
	done := map[string]bool{} // answered
	for _, n := range needs {
		ask, can := ec2Questions[n.Action]
		answered, seen := done[n.Action]
		if can && !seen {
			err := ask(ctx, p.EC2, s)
			answered = cloud.Is(err, "DryRunOperation") || cloud.Denied(err)
			done[n.Action] = answered
			if cloud.Denied(err) {
				results = append(results, Result{
					Check: "permissions.ec2", Severity: Problem, Subject: n.Action,
					Found:  fmt.Sprintf("EC2 refuses %s to %s (dry run on %s)", n.Action, p.arn, s.instance) + needed(n),
					Remedy: p.attach(),
				})
			}
		}
		if answered {
			asked = append(asked, n)
		} else {
			rest = append(rest, n)
		}
	}
	return results, asked, rest
}

// specimen takes the first instance; without one, or without leave to look, EC2 cannot be asked.
func (p *patient) specimen() (specimen, bool) {
	instances, err := p.instances()
	if err != nil {
		return specimen{}, false
	}
	for _, i := range instances {
		if len(i.NetworkInterfaces) == 0 || len(i.NetworkInterfaces[0].Groups) == 0 {
			continue
		}
		eni := i.NetworkInterfaces[0]
		return specimen{
			instance: aws.ToString(i.InstanceId), vpc: aws.ToString(eni.VpcId), eni: aws.ToString(eni.NetworkInterfaceId),
			group: aws.ToString(eni.Groups[0].GroupId),
		}, true
	}
	return specimen{}, false
}

// refusal drops the answer of a dry run, which has none.
func refusal[O any](_ *O, err error) error { return err }

// caseTag is a tag as Cordon sets it.
func caseTag() []ec2types.Tag {
	return []ec2types.Tag{{Key: aws.String("cordon:case"), Value: aws.String("c-doctor")}}
}

func tagged(kind ec2types.ResourceType) []ec2types.TagSpecification {
	return []ec2types.TagSpecification{{ResourceType: kind, Tags: caseTag()}}
}

// ec2Questions are the dry runs by IAM action: of calls that name nothing but what is there. Of those that the policy
// allows only on what Cordon made, EC2 cannot be asked before there is some; for instance profiles it has no dry run.
var ec2Questions = map[string]dryRun{
	"ec2:DescribeInstances": func(ctx context.Context, c *ec2.Client, _ specimen) error {
		return refusal(c.DescribeInstances(ctx, &ec2.DescribeInstancesInput{DryRun: dry}))
	},
	"ec2:DescribeNetworkInterfaces": func(ctx context.Context, c *ec2.Client, _ specimen) error {
		return refusal(c.DescribeNetworkInterfaces(ctx, &ec2.DescribeNetworkInterfacesInput{DryRun: dry}))
	},
	"ec2:DescribeSecurityGroups": func(ctx context.Context, c *ec2.Client, _ specimen) error {
		return refusal(c.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{DryRun: dry}))
	},
	"ec2:DescribeVolumes": func(ctx context.Context, c *ec2.Client, _ specimen) error {
		return refusal(c.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{DryRun: dry}))
	},
	"ec2:DescribeSnapshots": func(ctx context.Context, c *ec2.Client, _ specimen) error {
		return refusal(c.DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{DryRun: dry, OwnerIds: []string{"self"}}))
	},
	"ec2:DescribeInstanceAttribute": func(ctx context.Context, c *ec2.Client, s specimen) error {
		return refusal(c.DescribeInstanceAttribute(ctx, &ec2.DescribeInstanceAttributeInput{
			DryRun: dry, InstanceId: &s.instance, Attribute: ec2types.InstanceAttributeNameDisableApiTermination,
		}))
	},
	"ec2:CreateSecurityGroup": func(ctx context.Context, c *ec2.Client, s specimen) error {
		return refusal(c.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{
			DryRun: dry, VpcId: &s.vpc, GroupName: aws.String("cordon-quarantine-doctor"), Description: aws.String("never made"),
			TagSpecifications: tagged(ec2types.ResourceTypeSecurityGroup),
		}))
	},
	"ec2:ModifyNetworkInterfaceAttribute": func(ctx context.Context, c *ec2.Client, s specimen) error {
		return refusal(c.ModifyNetworkInterfaceAttribute(ctx, &ec2.ModifyNetworkInterfaceAttributeInput{
			DryRun: dry, NetworkInterfaceId: &s.eni, Groups: []string{s.group},
		}))
	},
	"ec2:CreateSnapshots": func(ctx context.Context, c *ec2.Client, s specimen) error {
		return refusal(c.CreateSnapshots(ctx, &ec2.CreateSnapshotsInput{
			DryRun: dry, InstanceSpecification: &ec2types.InstanceSpecification{InstanceId: &s.instance},
			TagSpecifications: tagged(ec2types.ResourceTypeSnapshot),
		}))
	},
	"ec2:GetConsoleScreenshot": func(ctx context.Context, c *ec2.Client, s specimen) error {
		return refusal(c.GetConsoleScreenshot(ctx, &ec2.GetConsoleScreenshotInput{DryRun: dry, InstanceId: &s.instance}))
	},
}
