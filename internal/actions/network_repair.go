package actions

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"cordon/internal/action"
)

// repairGroups takes every rule out of the case's group of that name, wherever it is, that is not Cordon's: all ways
// in, and all ways out but TCP 443 where https says that this is wanted.
func repairGroups(ctx context.Context, env *action.Env, name string, https bool) error {
	groups, err := describeOwnGroups(ctx, env, []string{name})
	if err != nil {
		return err
	}
	return each(groups, func(sg ec2types.SecurityGroup) error { return repairGroup(ctx, env, sg, https) })
}

func repairGroup(ctx context.Context, env *action.Env, sg ec2types.SecurityGroup, https bool) error {
	in, out := sg.IpPermissions, slices.Clone(sg.IpPermissionsEgress)
	if https {
		out = slices.DeleteFunc(out, func(p ec2types.IpPermission) bool { return protocolWords(p) == "tcp 443" })
	}
	name := aws.ToString(sg.GroupName)
	if len(in) > 0 {
		_, err := env.EC2.RevokeSecurityGroupIngress(ctx, &ec2.RevokeSecurityGroupIngressInput{GroupId: sg.GroupId, IpPermissions: in})
		if err := unless(err, "InvalidPermission.NotFound"); err != nil {
			return wrap("take the ingress rules out of security group", name, err)
		}
	}
	if len(out) > 0 {
		_, err := env.EC2.RevokeSecurityGroupEgress(ctx, &ec2.RevokeSecurityGroupEgressInput{GroupId: sg.GroupId, IpPermissions: out})
		if err := unless(err, "InvalidPermission.NotFound"); err != nil {
			return wrap("take the egress rules out of security group", name, err)
		}
	}
	if len(in)+len(out) > 0 {
		env.Note("security group %s let through (in %v, out %v) and was closed again: connections made meanwhile may stay open until idle",
			name, ruleWords(in), ruleWords(out))
	}
	return nil
}
