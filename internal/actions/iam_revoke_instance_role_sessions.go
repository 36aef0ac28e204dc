package actions

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"cordon/internal/action"
	"cordon/internal/cloud"
)

// roleRequest: IncludeShared revokes also when other instances use the role.
type roleRequest struct {
	action.On
	activity
	IncludeShared bool `json:"include_shared"`
}

func revokeInstanceRoleSessions() action.Action {
	permissions, forRelease := revocationPermissions("Role", "ec2:DescribeInstances", "iam:GetInstanceProfile", "iam:ListInstanceProfilesForRole")
	return revokes(action.Spec[roleRequest, revocation]{
		ID:      "iam.revoke-instance-role-sessions",
		Summary: "Revokes every session of the instance's role that was issued up to now.",
		Details: "The host's credentials may have been copied away; taking the profile off does not end them. The role gets " +
			"the inline policy " + revokePolicyName + "-<case>, a Deny of everything for credentials issued before 30 seconds from the call, as " +
			"the IAM console does it. It hits all sessions of the role: a role that other instances use is left alone unless " +
			"ec2.revoke_shared_roles is set, and where the role is also used outside EC2 those sessions end too. Where the role's " +
			"inline policies leave no room (10,240 characters) a managed policy named after the case is attached instead. Release " +
			"takes the case's policy away.",
		Permissions: permissions,
		ForRelease:  forRelease,
		Observe:     observeInstanceRole,
	}, func(t *roleRequest) (*action.On, *activity) { return &t.On, &t.activity })
}

func observeInstanceRole(ctx context.Context, env *action.Env, t roleRequest, known *revocation) (revocation, error) {
	if known != nil {
		return readRevocation(ctx, env, t.Case, *known)
	}
	i, err := describeInstance(ctx, env, t.Target.ID)
	if err != nil {
		return revocation{}, err
	}
	profile, err := profileBefore(ctx, env, i)
	if err != nil {
		return revocation{}, err
	}
	if profile == "" {
		env.Note("%s has no instance profile", t.Target.ID)
		return revocation{}, nil
	}
	p, err := roleOf(ctx, env, profile)
	if err != nil || p.Role == "" {
		return revocation{}, err
	}
	if !t.IncludeShared {
		others, err := othersWithRole(ctx, env, p.Role, t.Target.ID)
		if err != nil {
			return revocation{}, err
		}
		if len(others) > 0 {
			if err := alreadyRevoked(ctx, env, p, t.activity); err != nil {
				return revocation{}, err
			}
			return revocation{}, action.Skipf("role %s is used by %d other instances (%s): revoking would cut them off too. Remedy: revoke its sessions in the IAM console, or set ec2.revoke_shared_roles and answer the finding again",
				p.Role, len(others), some(others, 5))
		}
	}
	p.Policy = casePolicyName(t.Case)
	p.Inline, err = readInline(ctx, env.IAM, p.entity(), p.policy())
	return p, err
}

// alreadyRevoked is a *action.Moot where a policy as the IAM console or the answer to the role itself puts it revokes the sessions
// up to the activity that the findings tell of.
func alreadyRevoked(ctx context.Context, env *action.Env, p revocation, a activity) error {
	since := a.since(time.Now())
	if since.IsZero() {
		return nil
	}
	policy, err := readInline(ctx, env.IAM, p.entity(), revokePolicyName)
	if err != nil {
		return err
	}
	if before, ok := revokedBefore(policy); ok && before.After(since) {
		return &action.Moot{Reason: fmt.Sprintf("the sessions of role %s are revoked already up to %s, by policy %s, which is not of this case",
			p.Role, before.UTC().Format(time.RFC3339), revokePolicyName)}
	}
	return nil
}

// roleOf gives the name and ARN of the role in an instance profile, nothing where there is none.
func roleOf(ctx context.Context, env *action.Env, profile string) (revocation, error) {
	name := lastSegment(profile)
	out, err := env.IAM.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: &name})
	switch {
	case cloud.NotFound(err) || (err == nil && len(out.InstanceProfile.Roles) == 0):
		env.Note("instance profile %s has no role", name)
		return revocation{}, nil
	case err != nil:
		return revocation{}, fmt.Errorf("read instance profile %s: %w", name, err)
	}
	role := out.InstanceProfile.Roles[0]
	return revocation{Role: aws.ToString(role.RoleName), ARN: aws.ToString(role.Arn)}, nil
}

// othersWithRole lists the instances but for self, not terminated, whose profile holds the role. It sees this account
// and Region alone.
func othersWithRole(ctx context.Context, env *action.Env, role, self string) (ids []string, err error) {
	var arns []string
	profiles := iam.NewListInstanceProfilesForRolePaginator(env.IAM, &iam.ListInstanceProfilesForRoleInput{RoleName: &role})
	for profiles.HasMorePages() {
		page, err := profiles.NextPage(ctx)
		if err != nil {
			return nil, wrap("list instance profiles of role", role, err)
		}
		for _, p := range page.InstanceProfiles {
			arns = append(arns, aws.ToString(p.Arn))
		}
	}
	if len(arns) == 0 {
		return nil, nil
	}
	instances := ec2.NewDescribeInstancesPaginator(env.EC2, &ec2.DescribeInstancesInput{
		Filters: []ec2types.Filter{filter("iam-instance-profile.arn", arns...)},
	})
	for instances.HasMorePages() {
		page, err := instances.NextPage(ctx)
		if err != nil {
			return nil, wrap("list instances with role", role, err)
		}
		for _, r := range page.Reservations {
			for _, i := range r.Instances {
				if id := aws.ToString(i.InstanceId); id != self && !terminated(i) {
					ids = append(ids, id)
				}
			}
		}
	}
	return ids, nil
}

// some joins up to n of the words.
func some(words []string, n int) string {
	if len(words) > n {
		return strings.Join(words[:n], ", ") + ", …"
	}
	return strings.Join(words, ", ")
}
