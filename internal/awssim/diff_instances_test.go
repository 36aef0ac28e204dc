package awssim_test

import (
	"cmp"
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"cordon/internal/cloud"
)

// launched begins a sequence with a running instance that has one interface, made before it.
func launched(steps ...step) []step {
	return append([]step{
		makeVPC("vpc", "10.0.0.0/16"),
		makeSubnet("subnet", "vpc", "10.0.1.0/24"),
		makeGroup("one", "vpc"),
		do("make interface", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			out, err := c.CreateNetworkInterface(ctx, &ec2.CreateNetworkInterfaceInput{SubnetId: aws.String(v["subnet"]), Groups: []string{v["one"]}, PrivateIpAddress: aws.String("10.0.1.10")})
			if err != nil {
				return nil, err
			}
			return keep(v, "eni", out.NetworkInterface.NetworkInterfaceId)
		}),
		do("launch", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			out, err := c.RunInstances(ctx, &ec2.RunInstancesInput{
				ImageId: aws.String(motoImage), MinCount: aws.Int32(1), MaxCount: aws.Int32(1), InstanceType: types.InstanceTypeT3Large,
				NetworkInterfaces:   []types.InstanceNetworkInterfaceSpecification{{DeviceIndex: aws.Int32(0), NetworkInterfaceId: aws.String(v["eni"])}},
				BlockDeviceMappings: []types.BlockDeviceMapping{{DeviceName: aws.String("/dev/xvda"), Ebs: &types.EbsBlockDevice{VolumeSize: aws.Int32(20), DeleteOnTermination: aws.Bool(true)}}},
				TagSpecifications:   []types.TagSpecification{{ResourceType: types.ResourceTypeInstance, Tags: []types.Tag{{Key: aws.String("Name"), Value: aws.String("web")}}}},
			})
			if err != nil {
				return nil, err
			}
			i := out.Instances[0]
			return keep(v, "i", i.InstanceId, i.State.Name, i.InstanceType, i.ImageId)
		}),
	}, steps...)
}

// named gives an id by its name in v, or the name itself.
func named(v vars, name string) []string { return []string{cmp.Or(v[name], name)} }

func instanceSequence() sequence {
	describe := func(filters ...types.Filter) func(context.Context, *ec2.Client, vars) (any, error) {
		return func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			in := &ec2.DescribeInstancesInput{}
			for _, f := range filters {
				in.Filters = append(in.Filters, types.Filter{Name: f.Name, Values: named(v, f.Values[0])})
			}
			out, err := c.DescribeInstances(ctx, in)
			if err != nil {
				return nil, err
			}
			var all []any
			for _, r := range out.Reservations {
				for _, i := range r.Instances {
					all = append(all, []any{i.State.Name, i.InstanceType, i.Architecture, i.PrivateIpAddress, len(i.NetworkInterfaces), len(i.BlockDeviceMappings), i.Platform, i.InstanceLifecycle})
				}
			}
			return all, nil
		}
	}
	byID := func(id string) func(context.Context, *ec2.Client, vars) (any, error) {
		return func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{id}}))
		}
	}
	change := func(list []types.InstanceStateChange) any {
		return []any{len(list), list[0].PreviousState.Name, list[0].CurrentState.Name}
	}
	stop := func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
		out, err := c.StopInstances(ctx, &ec2.StopInstancesInput{InstanceIds: named(v, "i")})
		if err != nil {
			return nil, err
		}
		return change(out.StoppingInstances), nil
	}
	start := func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
		out, err := c.StartInstances(ctx, &ec2.StartInstancesInput{InstanceIds: named(v, "i")})
		if err != nil {
			return nil, err
		}
		return change(out.StartingInstances), nil
	}
	terminate := func(id string) func(context.Context, *ec2.Client, vars) (any, error) {
		return func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			out, err := c.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: named(v, id)})
			if err != nil {
				return nil, err
			}
			return change(out.TerminatingInstances), nil
		}
	}
	protect := func(on bool) func(context.Context, *ec2.Client, vars) (any, error) {
		return func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.ModifyInstanceAttribute(ctx, &ec2.ModifyInstanceAttributeInput{InstanceId: aws.String(v["i"]), DisableApiTermination: &types.AttributeBooleanValue{Value: &on}}))
		}
	}
	return sequence{"instances", launched(
		do("describe", describe(where("vpc-id", "vpc")...)),
		do("by state", describe(where("instance-state-name", "running")...)),
		do("by tag", describe(where("tag:Name", "w*")...)),
		do("by other tag", describe(where("tag:Name", "db")...)),
		do("by unknown filter", describe(where("colour", "red")...)),
		do("unknown", byID("i-00000000000000000")),
		do("malformed", byID("web")),
		do("page and id", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: named(v, "i"), MaxResults: aws.Int32(5)}))
		}),
		do("dry run", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.StopInstances(ctx, &ec2.StopInstancesInput{InstanceIds: named(v, "i"), DryRun: aws.Bool(true)}))
		}),
		do("stop", stop),
		do("describe stopped", describe(where("vpc-id", "vpc")...)),
		do("start", start),
		do("describe started", describe(where("vpc-id", "vpc")...)),
		do("protect", protect(true)),
		do("terminate protected", terminate("i")),
		do("unprotect", protect(false)),
		do("terminate", terminate("i")),
		do("terminate unknown", terminate("i-00000000000000000")),
		do("describe terminated", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			out, err := c.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: named(v, "i")})
			if err != nil {
				return nil, err
			}
			return out.Reservations[0].Instances[0].State.Name, nil
		}),
		do("start terminated", start),
		do("interface afterwards", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			out, err := c.DescribeNetworkInterfaces(ctx, &ec2.DescribeNetworkInterfacesInput{NetworkInterfaceIds: named(v, "eni")})
			if err != nil {
				return nil, err
			}
			return out.NetworkInterfaces[0].Status, nil
		}),
		do("launch without image", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.RunInstances(ctx, &ec2.RunInstancesInput{MinCount: aws.Int32(1), MaxCount: aws.Int32(1), SubnetId: aws.String(v["subnet"])}))
		}),
		do("launch in no subnet", func(ctx context.Context, c *ec2.Client, _ vars) (any, error) {
			return done(c.RunInstances(ctx, &ec2.RunInstancesInput{MinCount: aws.Int32(1), MaxCount: aws.Int32(1), ImageId: aws.String(motoImage), SubnetId: aws.String("subnet-00000000000000000")}))
		}),
	)}
}

func attributeSequence() sequence {
	modify := func(in ec2.ModifyInstanceAttributeInput) func(context.Context, *ec2.Client, vars) (any, error) {
		return func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			own := in
			own.InstanceId = aws.String(v["i"])
			if in.Groups != nil {
				own.Groups = named(v, in.Groups[0])
			}
			return done(c.ModifyInstanceAttribute(ctx, &own))
		}
	}
	read := func(name types.InstanceAttributeName) func(context.Context, *ec2.Client, vars) (any, error) {
		return func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			o, err := c.DescribeInstanceAttribute(ctx, &ec2.DescribeInstanceAttributeInput{InstanceId: aws.String(v["i"]), Attribute: name})
			if err != nil {
				return nil, err
			}
			var groups []string
			for _, g := range o.Groups {
				for name, id := range v {
					if id == *g.GroupId {
						groups = append(groups, name)
					}
				}
			}
			text := func(a *types.AttributeValue) string {
				if a == nil {
					return ""
				}
				return aws.ToString(a.Value)
			}
			truth := func(a *types.AttributeBooleanValue) bool { return a != nil && aws.ToBool(a.Value) }
			return []any{truth(o.DisableApiTermination), truth(o.DisableApiStop), text(o.InstanceInitiatedShutdownBehavior), text(o.UserData), groups}, nil
		}
	}
	truth := &types.AttributeBooleanValue{Value: aws.Bool(true)}
	return sequence{"attributes", launched(
		makeGroup("two", "vpc"),
		do("termination protection", read(types.InstanceAttributeNameDisableApiTermination)),
		do("protect", modify(ec2.ModifyInstanceAttributeInput{DisableApiTermination: truth})),
		do("termination protection on", read(types.InstanceAttributeNameDisableApiTermination)),
		do("stop-protect", modify(ec2.ModifyInstanceAttributeInput{DisableApiStop: truth})),
		do("stop protection on", read(types.InstanceAttributeNameDisableApiStop)),
		do("stop protected", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.StopInstances(ctx, &ec2.StopInstancesInput{InstanceIds: named(v, "i")}))
		}),
		do("shutdown behaviour", read(types.InstanceAttributeNameInstanceInitiatedShutdownBehavior)),
		do("set shutdown behaviour", modify(ec2.ModifyInstanceAttributeInput{InstanceInitiatedShutdownBehavior: &types.AttributeValue{Value: aws.String("terminate")}})),
		do("shutdown behaviour set", read(types.InstanceAttributeNameInstanceInitiatedShutdownBehavior)),
		do("unknown shutdown behaviour", modify(ec2.ModifyInstanceAttributeInput{InstanceInitiatedShutdownBehavior: &types.AttributeValue{Value: aws.String("explode")}})),
		do("groups", read(types.InstanceAttributeNameGroupSet)),
		do("set groups", modify(ec2.ModifyInstanceAttributeInput{Groups: []string{"two"}})),
		do("groups set", read(types.InstanceAttributeNameGroupSet)),
		do("set unknown group", modify(ec2.ModifyInstanceAttributeInput{Groups: []string{"sg-00000000000000000"}})),
		do("type while running", modify(ec2.ModifyInstanceAttributeInput{InstanceType: &types.AttributeValue{Value: aws.String("t3.small")}})),
		do("no attribute", modify(ec2.ModifyInstanceAttributeInput{})),
		do("two attributes", modify(ec2.ModifyInstanceAttributeInput{DisableApiTermination: truth, DisableApiStop: truth})),
		do("user data", read(types.InstanceAttributeNameUserData)),
		do("unknown attribute", read("colour")),
		do("unknown instance", func(ctx context.Context, c *ec2.Client, _ vars) (any, error) {
			return done(c.DescribeInstanceAttribute(ctx, &ec2.DescribeInstanceAttributeInput{InstanceId: aws.String("i-00000000000000000"), Attribute: types.InstanceAttributeNameUserData}))
		}),
	)}
}

func associationSequence() sequence {
	associate := func(instance, profile string) func(context.Context, *ec2.Client, vars) (any, error) {
		return func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			out, err := c.AssociateIamInstanceProfile(ctx, &ec2.AssociateIamInstanceProfileInput{
				InstanceId: aws.String(named(v, instance)[0]), IamInstanceProfile: &types.IamInstanceProfileSpecification{Name: &profile},
			})
			if err != nil {
				return nil, err
			}
			a := out.IamInstanceProfileAssociation
			return keep(v, "association", a.AssociationId, a.State, a.IamInstanceProfile.Arn)
		}
	}
	describe := func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
		out, err := c.DescribeIamInstanceProfileAssociations(ctx, &ec2.DescribeIamInstanceProfileAssociationsInput{Filters: where("instance-id", v["i"])})
		if err != nil {
			return nil, err
		}
		var all []any
		for _, a := range out.IamInstanceProfileAssociations {
			all = append(all, []any{a.State, a.IamInstanceProfile.Arn})
		}
		return all, nil
	}
	profile := func(name string) step {
		return step{"make profile " + name, func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: &name}))
		}}
	}
	remove := func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
		out, err := c.DisassociateIamInstanceProfile(ctx, &ec2.DisassociateIamInstanceProfileInput{AssociationId: aws.String(v["association"])})
		if err != nil {
			return nil, err
		}
		return out.IamInstanceProfileAssociation.State, nil
	}
	return sequence{"profile associations", launched(
		profile("first"),
		profile("second"),
		do("none", describe),
		do("associate", associate("i", "first")),
		do("describe", describe),
		do("associate another", associate("i", "second")),
		do("unknown profile", associate("i", "third")),
		do("unknown instance", associate("i-00000000000000000", "first")),
		do("replace", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			out, err := c.ReplaceIamInstanceProfileAssociation(ctx, &ec2.ReplaceIamInstanceProfileAssociationInput{
				AssociationId: aws.String(v["association"]), IamInstanceProfile: &types.IamInstanceProfileSpecification{Name: aws.String("second")},
			})
			if err != nil {
				return nil, err
			}
			changed := *out.IamInstanceProfileAssociation.AssociationId != v["association"]
			v["association"] = *out.IamInstanceProfileAssociation.AssociationId
			return []any{changed, out.IamInstanceProfileAssociation.State, out.IamInstanceProfileAssociation.IamInstanceProfile.Arn}, nil
		}),
		do("describe replaced", describe),
		do("disassociate", remove),
		do("disassociate again", remove),
		do("describe at the end", describe),
	)}
}
