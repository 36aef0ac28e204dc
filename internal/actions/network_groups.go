package actions

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"golang.org/x/sync/errgroup"

	"cordon/internal/action"
	"cordon/internal/cloud"
)

// egress decides what an own group lets out; it may read (the VPC's endpoints) while the group is being made.
type egress func(ctx context.Context, env *action.Env, vpc string) []ec2types.IpPermission

func noEgress(context.Context, *action.Env, string) []ec2types.IpPermission { return nil }

// unseen are what AWS answers while it has not noticed a new group, or the new group's tag, on which Cordon's own
// permission to change its rules hangs.
var unseen = []string{"InvalidGroup.NotFound", "UnauthorizedOperation"}

// readyGroup makes one of the case's groups in a VPC, with no way in and only the given way out, and returns its id.
// A group that a former attempt made is used again. Two round trips.
func readyGroup(ctx context.Context, env *action.Env, on action.On, name, vpc string, out egress) (string, error) {
	var id string
	var allowed []ec2types.IpPermission
	g, gctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { id, err = createGroup(gctx, env, on, name, vpc); return err })
	g.Go(func() error { allowed = out(gctx, env, vpc); return nil })
	if err := g.Wait(); err != nil {
		return "", err
	}
	g, gctx = errgroup.WithContext(ctx)
	// AWS gives every new group an allow-all egress rule, and a second one where the VPC has IPv6.
	for _, everywhere := range allTraffic() {
		g.Go(func() error {
			return eventually(gctx, func() error {
				_, err := env.EC2.RevokeSecurityGroupEgress(gctx, &ec2.RevokeSecurityGroupEgressInput{
					GroupId: &id, IpPermissions: []ec2types.IpPermission{everywhere},
				})
				return unless(err, "InvalidPermission.NotFound")
			}, unseen...)
		})
	}
	if len(allowed) > 0 {
		g.Go(func() error {
			return eventually(gctx, func() error {
				_, err := env.EC2.AuthorizeSecurityGroupEgress(gctx, &ec2.AuthorizeSecurityGroupEgressInput{GroupId: &id, IpPermissions: allowed})
				return unless(err, "InvalidPermission.Duplicate")
			}, unseen...)
		})
	}
	return id, wrap("set rules of security group", name, g.Wait())
}

// readyUntrackGroup makes the group that lets everything through both ways: a flow under it is not tracked, and ends at
// once when the group is taken away.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html
func readyUntrackGroup(ctx context.Context, env *action.Env, on action.On, vpc string) (string, error) {
	name := untrackGroup(on.Case)
	id, err := createGroup(ctx, env, on, name, vpc)
	if err != nil {
		return "", err
	}
	g, gctx := errgroup.WithContext(ctx)
	for _, everywhere := range allTraffic() {
		g.Go(func() error {
			return eventually(gctx, func() error {
				_, err := env.EC2.AuthorizeSecurityGroupIngress(gctx, &ec2.AuthorizeSecurityGroupIngressInput{
					GroupId: &id, IpPermissions: []ec2types.IpPermission{everywhere},
				})
				return unless(err, "InvalidPermission.Duplicate")
			}, unseen...)
		})
	}
	g.Go(func() error { // IPv4 out is there from the start
		return eventually(gctx, func() error {
			_, err := env.EC2.AuthorizeSecurityGroupEgress(gctx, &ec2.AuthorizeSecurityGroupEgressInput{
				GroupId: &id, IpPermissions: allTraffic()[1:],
			})
			return unless(err, "InvalidPermission.Duplicate")
		}, unseen...)
	})
	return id, wrap("set rules of security group", name, g.Wait())
}

func createGroup(ctx context.Context, env *action.Env, on action.On, name, vpc string) (string, error) {
	out, err := env.EC2.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{
		GroupName: &name, VpcId: &vpc, Description: aws.String("Cordon containment of " + on.Target.ID),
		TagSpecifications: []ec2types.TagSpecification{{
			ResourceType: ec2types.ResourceTypeSecurityGroup,
			Tags:         []ec2types.Tag{{Key: aws.String("cordon:case"), Value: &on.Case}, {Key: aws.String("Name"), Value: &name}},
		}},
	})
	if err == nil {
		return aws.ToString(out.GroupId), nil
	}
	if !cloud.Is(err, "InvalidGroup.Duplicate") {
		return "", wrap("create security group", name, err)
	}
	groups, err := describeOwnGroups(ctx, env, []string{name})
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(groups, func(g ec2types.SecurityGroup) bool { return aws.ToString(g.VpcId) == vpc })
	if i < 0 {
		return "", fmt.Errorf("create security group %s: AWS says that it exists in %s but does not show it; run the command again", name, vpc)
	}
	return aws.ToString(groups[i].GroupId), nil
}

// deleteGroups deletes the case's groups of these names wherever they are, but not those in keep.
func deleteGroups(ctx context.Context, env *action.Env, keep map[string]bool, names ...string) error {
	groups, err := describeOwnGroups(ctx, env, names)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, sg := range groups {
		if keep["security group "+ownGroupKey(aws.ToString(sg.GroupName), aws.ToString(sg.VpcId))] {
			continue
		}
		g.Go(func() error { return deleteGroup(ctx, env, aws.ToString(sg.GroupId)) })
	}
	return g.Wait()
}

// deleteGroup waits a little for AWS to notice that the group is not in use any more.
func deleteGroup(ctx context.Context, env *action.Env, id string) error {
	err := eventually(ctx, func() error {
		_, err := env.EC2.DeleteSecurityGroup(ctx, &ec2.DeleteSecurityGroupInput{GroupId: &id})
		return err
	}, "DependencyViolation")
	return wrap("delete security group", id, unless(err, "InvalidGroup.NotFound"))
}
