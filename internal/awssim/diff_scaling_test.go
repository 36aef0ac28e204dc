package awssim_test

import (
	"context"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"cordon/internal/cloud"
)

// knownScaling are the known differences; the sources are pages of the API reference of the service.
var knownScaling = map[string]difference{
	"scaling/delete with members":            {"error ResourceInUse", `ok "done"`, "sim", "DeleteAutoScalingGroup: ResourceInUse, unless ForceDelete"},
	"scaling/create again":                   {"error AlreadyExists", `ok "done"`, "sim", "CreateAutoScalingGroup: AlreadyExists (moto has deleted the group)"},
	"scaling/create with a max below min":    {"error ValidationError", `ok "done"`, "sim", "user guide, set scaling limits: the minimum is not above the maximum"},
	"scaling/detach a stranger":              {"error ValidationError", "ok 0", "sim", "troubleshooting: the instance is not part of Auto Scaling group"},
	"scaling/detach from unknown":            {"error ValidationError", "error without a code", "sim", "common errors: ValidationError (moto fails)"},
	"commands/send to unknown host":          {"error InvalidInstanceId", `ok "done"`, "sim", "SendCommand: InvalidInstanceId"},
	"commands/invocation of unknown command": {"error InvocationDoesNotExist", "error InvalidCommandId", "both", "GetCommandInvocation lists both: the ids did not match any invocation"},
}

func TestDifferentialScaling(t *testing.T) {
	differential(t, []sequence{scalingSequence(), commandSequence()}, knownScaling)
}

// shape is what matters of a group: sizes, states of its members, and whether its balancers are told.
func shape(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
	out, err := c.AutoScaling.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{"g"}})
	if err != nil {
		return nil, err
	}
	g := out.AutoScalingGroups[0]
	states := []string{}
	for _, i := range g.Instances {
		states = append(states, string(i.LifecycleState))
	}
	slices.Sort(states)
	return []any{g.MinSize, g.MaxSize, g.DesiredCapacity, states}, nil
}

func scalingSequence() sequence {
	group := aws.String("g")
	create := func(name string, change func(*autoscaling.CreateAutoScalingGroupInput)) func(context.Context, *cloud.Clients, vars) (any, error) {
		return func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			in := &autoscaling.CreateAutoScalingGroupInput{
				AutoScalingGroupName: &name, LaunchConfigurationName: aws.String("lc"), MinSize: aws.Int32(0), MaxSize: aws.Int32(2),
				DesiredCapacity: aws.Int32(0), VPCZoneIdentifier: aws.String(v["subnet"]),
			}
			if change != nil {
				change(in)
			}
			return done(c.AutoScaling.CreateAutoScalingGroup(ctx, in))
		}
	}
	attach := func(name string, ids ...string) func(context.Context, *cloud.Clients, vars) (any, error) {
		return func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			return done(c.AutoScaling.AttachInstances(ctx, &autoscaling.AttachInstancesInput{AutoScalingGroupName: &name, InstanceIds: idsOf(v, ids)}))
		}
	}
	detach := func(name string, decrement bool, ids ...string) func(context.Context, *cloud.Clients, vars) (any, error) {
		return func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			out, err := c.AutoScaling.DetachInstances(ctx, &autoscaling.DetachInstancesInput{
				AutoScalingGroupName: &name, InstanceIds: idsOf(v, ids), ShouldDecrementDesiredCapacity: &decrement,
			})
			if err != nil {
				return nil, err
			}
			return len(out.Activities), nil
		}
	}
	configure := func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
		return done(c.AutoScaling.CreateLaunchConfiguration(ctx, &autoscaling.CreateLaunchConfigurationInput{
			LaunchConfigurationName: aws.String("lc"), ImageId: aws.String("ami-0123456789abcdef0"), InstanceType: aws.String("t3.micro"),
		}))
	}
	return sequence{"scaling", []step{
		{"build", twoInstances},
		{"configure", configure},
		{"create without configuration", create("x", func(in *autoscaling.CreateAutoScalingGroupInput) { in.LaunchConfigurationName = nil })},
		{"create", create("g", nil)},
		{"describe", shape},
		{"attach", attach("g", "i1")},
		{"describe attached", shape},
		{"of instance", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			out, err := c.AutoScaling.DescribeAutoScalingInstances(ctx, &autoscaling.DescribeAutoScalingInstancesInput{InstanceIds: []string{v["i1"], v["i2"]}})
			if err != nil {
				return nil, err
			}
			i := out.AutoScalingInstances[0]
			return []any{len(out.AutoScalingInstances), i.InstanceId, i.AutoScalingGroupName, i.LifecycleState, i.ProtectedFromScaleIn}, nil
		}},
		{"attach another", attach("g", "i2")},
		{"protect", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			return done(c.AutoScaling.SetInstanceProtection(ctx, &autoscaling.SetInstanceProtectionInput{
				AutoScalingGroupName: group, InstanceIds: []string{v["i1"]}, ProtectedFromScaleIn: aws.Bool(true),
			}))
		}},
		{"suspend", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			if _, err := c.AutoScaling.SuspendProcesses(ctx, &autoscaling.SuspendProcessesInput{AutoScalingGroupName: group, ScalingProcesses: []string{"Launch"}}); err != nil {
				return nil, err
			}
			out, err := c.AutoScaling.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{"g"}})
			if err != nil {
				return nil, err
			}
			return out.AutoScalingGroups[0].SuspendedProcesses[0].ProcessName, nil
		}},
		{"resume", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.AutoScaling.ResumeProcesses(ctx, &autoscaling.ResumeProcessesInput{AutoScalingGroupName: group, ScalingProcesses: []string{"Launch"}}))
		}},
		{"detach with decrement", detach("g", true, "i1")},
		{"describe detached", shape},
		{"standby", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			out, err := c.AutoScaling.EnterStandby(ctx, &autoscaling.EnterStandbyInput{AutoScalingGroupName: group, InstanceIds: []string{v["i2"]}, ShouldDecrementDesiredCapacity: aws.Bool(true)})
			if err != nil {
				return nil, err
			}
			return len(out.Activities), nil
		}},
		{"describe standby", shape},
		{"leave standby", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			out, err := c.AutoScaling.ExitStandby(ctx, &autoscaling.ExitStandbyInput{AutoScalingGroupName: group, InstanceIds: []string{v["i2"]}})
			if err != nil {
				return nil, err
			}
			return len(out.Activities), nil
		}},
		{"describe back", shape},
		{"detach without decrement", detach("g", false, "i2")},
		{"describe replaced", shape},
		{"delete with members", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.AutoScaling.DeleteAutoScalingGroup(ctx, &autoscaling.DeleteAutoScalingGroupInput{AutoScalingGroupName: group}))
		}},
		{"describe unknown", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.AutoScaling.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{"none"}})
			if err != nil {
				return nil, err
			}
			return len(out.AutoScalingGroups), nil
		}},
		// What moto lets through comes last, as it leaves the two sides apart.
		{"create again", create("g", nil)},
		{"create with a max below min", create("y", func(in *autoscaling.CreateAutoScalingGroupInput) { in.MinSize = aws.Int32(3) })},
		{"detach a stranger", detach("g", false, "i1")},
		{"detach from unknown", detach("none", false, "i1")},
	}}
}

// idsOf replaces names by the ids that vars has for them.
func idsOf(v vars, names []string) []string {
	var ids []string
	for _, n := range names {
		ids = append(ids, v[n])
	}
	return ids
}

func commandSequence() sequence {
	return sequence{"commands", []step{
		{"unknown command", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.SSM.ListCommands(ctx, &ssm.ListCommandsInput{CommandId: aws.String("01234567-89ab-cdef-0123-456789abcdef")}))
		}},
		{"no command", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.SSM.ListCommands(ctx, &ssm.ListCommandsInput{})
			if err != nil {
				return nil, err
			}
			return len(out.Commands), nil
		}},
		{"send to unknown host", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.SSM.SendCommand(ctx, &ssm.SendCommandInput{
				DocumentName: aws.String("AWS-RunShellScript"), InstanceIds: []string{"i-0123456789abcdef0"}, Parameters: map[string][]string{"commands": {"ps"}},
			}))
		}},
		{"invocation of unknown command", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.SSM.GetCommandInvocation(ctx, &ssm.GetCommandInvocationInput{
				CommandId: aws.String("01234567-89ab-cdef-0123-456789abcdef"), InstanceId: aws.String("i-0123456789abcdef0"),
			}))
		}},
	}}
}
