package actions

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"cordon/internal/action"
	"cordon/internal/cloud"
)

// readInstance takes the instance as it was before isolation where that is stored, else as it is.
func (c *collector) readInstance(ctx context.Context) {
	var network networkState
	if st, ok := c.stored["ec2.isolate-network"]; ok && json.Unmarshal(st.prior, &network) == nil && len(network.Instance) > 0 &&
		json.Unmarshal(network.Instance, &c.instance) == nil {
		data, err := plain(network.Instance)
		c.sections["instance"] = section{Source: sourceStored, At: st.at, Data: data, err: err}
	} else {
		var err error
		c.instance, err = describeInstance(ctx, c.env, c.t.Target.ID)
		c.sections["instance"] = read(c.instance, err)
	}
	s := c.sections["instance"]
	s.Data, s.err = plain(c.instance.Tags)
	if c.sections["instance"].err != nil {
		s.Data, s.err = nil, c.sections["instance"].err
	}
	c.sections["tags"] = s
	c.vpc = aws.ToString(c.instance.VpcId)
}

// readers are the sections besides the instance, by name.
func (c *collector) readers() map[string]func(context.Context) section {
	return map[string]func(context.Context) section{
		"network_interfaces":     c.networkInterfaces,
		"security_groups":        c.securityGroups,
		"volumes":                c.volumes,
		"instance_profile":       c.instanceProfile,
		"target_groups":          c.targetGroups,
		"classic_load_balancers": c.classicBalancers,
		"auto_scaling":           c.autoScaling,
		"attributes":             c.attributes,
		"route_tables":           c.routeTables,
		"network_acls":           c.networkACLs,
		"vpc_endpoints":          c.vpcEndpoints,
		"console_output":         c.consoleOutput,
		"user_data":              c.userData,
	}
}

func (c *collector) volumes(ctx context.Context) section {
	var volumes []ec2types.Volume
	pages := ec2.NewDescribeVolumesPaginator(c.env.EC2, &ec2.DescribeVolumesInput{
		Filters: []ec2types.Filter{filter("attachment.instance-id", c.t.Target.ID)},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return read(nil, wrap("read volumes of", c.t.Target.ID, err))
		}
		volumes = append(volumes, page.Volumes...)
	}
	return read(volumes, nil)
}

// instanceProfile reads the profile, its roles, and what policies those have: what stolen credentials could do.
func (c *collector) instanceProfile(ctx context.Context) section {
	arn := profileARN(c.instance)
	if arn == "" {
		return read(nil, nil)
	}
	name := lastSegment(arn)
	out, err := c.env.IAM.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: &name})
	if err != nil {
		return read(nil, wrap("read instance profile", name, err))
	}
	data := map[string]any{"profile": out.InstanceProfile}
	for _, role := range out.InstanceProfile.Roles {
		attached, err := c.env.IAM.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: role.RoleName})
		if err != nil {
			return read(nil, wrap("list attached policies of role", aws.ToString(role.RoleName), err))
		}
		inline, err := c.env.IAM.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: role.RoleName})
		if err != nil {
			return read(nil, wrap("list inline policies of role", aws.ToString(role.RoleName), err))
		}
		data["attached_policies"], data["inline_policies"] = attached.AttachedPolicies, inline.PolicyNames
	}
	return read(data, nil)
}

func (c *collector) targetGroups(ctx context.Context) section {
	if s, ok := c.before("ec2.deregister-targets"); ok {
		return s
	}
	groups, err := targetGroupsFor(ctx, c.env, c.instance)
	if err != nil {
		return read(nil, err)
	}
	in, _, err := registrationsIn(ctx, c.env, groups, targetIDs(c.instance))
	return read(targetsState{Targets: in}, err)
}

func (c *collector) classicBalancers(ctx context.Context) section {
	if s, ok := c.before("ec2.deregister-classic-elb"); ok {
		return s
	}
	return read(observeBalancers(ctx, c.env, c.t, nil))
}

// autoScaling gives the stored membership with the group as it is now.
func (c *collector) autoScaling(ctx context.Context) section {
	s, ok := c.before("ec2.detach-asg")
	var p groupState
	if !ok {
		var err error
		p, err = observeGroup(ctx, c.env, c.t, &groupState{})
		s = read(p, err)
	} else if err := json.Unmarshal(c.stored["ec2.detach-asg"].prior, &p); err != nil {
		return s
	}
	if p.Group != "" {
		now := read(describeGroup(ctx, c.env, p.Group))
		s.After = &now
	}
	return s
}

// attributes gives the stored values of those that containment sets, and all as they are now.
func (c *collector) attributes(ctx context.Context) section {
	now := map[string]any{}
	for _, name := range []ec2types.InstanceAttributeName{
		ec2types.InstanceAttributeNameDisableApiTermination, ec2types.InstanceAttributeNameDisableApiStop,
		ec2types.InstanceAttributeNameInstanceInitiatedShutdownBehavior,
	} {
		out, err := c.env.EC2.DescribeInstanceAttribute(ctx, &ec2.DescribeInstanceAttributeInput{InstanceId: &c.t.Target.ID, Attribute: name})
		if err != nil {
			return read(nil, instanceError("read "+string(name)+" of", c.t.Target.ID, err))
		}
		switch name {
		case ec2types.InstanceAttributeNameDisableApiTermination:
			now[string(name)] = isOn(out.DisableApiTermination)
		case ec2types.InstanceAttributeNameDisableApiStop:
			now[string(name)] = isOn(out.DisableApiStop)
		default:
			now[string(name)] = out.InstanceInitiatedShutdownBehavior
		}
	}
	after := read(now, nil)
	before := map[string]any{}
	s := section{Source: sourceStored}
	for _, id := range []string{"ec2.protect-stop", "ec2.protect-termination", "ec2.set-shutdown-behavior"} {
		if one, ok := c.before(id); ok {
			before[id], s.At = one.Data, one.At
		}
	}
	if len(before) == 0 {
		return after
	}
	s.Data, s.After = before, &after
	return s
}

// consoleOutput keeps the latest output; older (Xen) types give only what was buffered after the start.
func (c *collector) consoleOutput(ctx context.Context) section {
	out, err := c.env.EC2.GetConsoleOutput(ctx, &ec2.GetConsoleOutputInput{InstanceId: &c.t.Target.ID, Latest: aws.Bool(true)})
	if cloud.Is(err, "UnsupportedOperation") {
		out, err = c.env.EC2.GetConsoleOutput(ctx, &ec2.GetConsoleOutputInput{InstanceId: &c.t.Target.ID})
	}
	if err != nil {
		return read(nil, instanceError("read console output of", c.t.Target.ID, err))
	}
	return c.keep(ctx, "console-output.txt", aws.ToString(out.Output))
}

func (c *collector) userData(ctx context.Context) section {
	out, err := c.env.EC2.DescribeInstanceAttribute(ctx, &ec2.DescribeInstanceAttributeInput{
		InstanceId: &c.t.Target.ID, Attribute: ec2types.InstanceAttributeNameUserData,
	})
	if err != nil {
		return read(nil, instanceError("read user data of", c.t.Target.ID, err))
	}
	if out.UserData == nil {
		return read(nil, nil)
	}
	return c.keep(ctx, "user-data.bin", aws.ToString(out.UserData.Value))
}

// keep stores what EC2 gave in base64 as a piece of evidence of its own; nothing is no piece.
func (c *collector) keep(ctx context.Context, name, encoded string) section {
	content, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return read(nil, fmt.Errorf("decode %s: %w", name, err))
	}
	if len(content) == 0 {
		return read(nil, nil)
	}
	a, err := keepEvidence(ctx, c.env, name, content)
	return read(map[string]action.Artifact{name: a}, err)
}
