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
	IncludeShared bool `json:"include_shared"`
}

// roleState is the role's inline policy AWSRevokeOlderSessions, word for word; "" for none. Role is "" for an instance
// without a role.
type roleState struct {
	Role   string `json:"role"`
	Policy string `json:"policy"`
}

func revokeInstanceRoleSessions() action.Action {
	return action.New(action.Spec[roleRequest, roleState]{
		ID:      "iam.revoke-instance-role-sessions",
		Summary: "Revokes every session of the instance's role that was issued up to now.",
		Details: "The host's credentials may have been copied away; taking the profile off does not end them. The role gets " +
			"the inline policy " + revokePolicyName + ", a Deny of everything for credentials issued before 30 seconds from the call, as " +
			"the IAM console does it. It hits all sessions of the role: a role that other instances use is left alone unless " +
			"ec2.revoke_shared_roles is set, and where the role is also used outside EC2 those sessions end too. Release puts " +
			"back what the policy was.",
		Permissions: []string{
			"ec2:DescribeInstances", "iam:DeleteRolePolicy", "iam:GetInstanceProfile", "iam:GetRolePolicy",
			"iam:ListInstanceProfilesForRole", "iam:PutRolePolicy",
		},
		Settle:  time.Minute,
		Observe: observeRole,
		Expect: func(_ roleRequest, prior roleState) roleState {
			if prior.Role == "" {
				return prior
			}
			return roleState{Role: prior.Role, Policy: "deny everything to sessions issued before the time of the call + 30 s"}
		},
		Do:     revokeRole,
		Undo:   restoreRole,
		Verify: verifyRevoked,
		Parts: func(p roleState) map[string]any {
			if p.Role == "" {
				return nil
			}
			return map[string]any{"role " + p.Role: canonicalPolicy(p.Policy)}
		},
		Without: func(p roleState, parts map[string]bool) roleState {
			if parts["role "+p.Role] {
				return roleState{}
			}
			return p
		},
	})
}

func observeRole(ctx context.Context, env *action.Env, t roleRequest, known *roleState) (roleState, error) {
	if known != nil {
		return readRevocation(ctx, env, known.Role)
	}
	i, err := describeInstance(ctx, env, t.Target.ID)
	if err != nil {
		return roleState{}, err
	}
	arn := profileARN(i)
	if arn == "" {
		env.Note("%s has no instance profile", t.Target.ID)
		return roleState{}, nil
	}
	role, err := roleOf(ctx, env, arn)
	if err != nil || role == "" {
		return roleState{}, err
	}
	if !t.IncludeShared {
		others, err := othersWithRole(ctx, env, role, t.Target.ID)
		if err != nil {
			return roleState{}, err
		}
		if len(others) > 0 {
			return roleState{}, action.Skipf("role %s is used by %d other instances (%s): revoking would cut them off too; set ec2.revoke_shared_roles to revoke all the same",
				role, len(others), some(others, 5))
		}
	}
	return readRevocation(ctx, env, role)
}

// roleOf gives the name of the role in an instance profile, "" where there is none.
func roleOf(ctx context.Context, env *action.Env, profile string) (string, error) {
	name := lastSegment(profile)
	out, err := env.IAM.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: &name})
	switch {
	case cloud.NotFound(err) || (err == nil && len(out.InstanceProfile.Roles) == 0):
		env.Note("instance profile %s has no role", name)
		return "", nil
	case err != nil:
		return "", fmt.Errorf("read instance profile %s: %w", name, err)
	}
	return aws.ToString(out.InstanceProfile.Roles[0].RoleName), nil
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

func readRevocation(ctx context.Context, env *action.Env, role string) (roleState, error) {
	if role == "" {
		return roleState{}, nil
	}
	out, err := env.IAM.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &role, PolicyName: aws.String(revokePolicyName)})
	if cloud.Is(err, "NoSuchEntity") {
		return roleState{Role: role}, nil
	}
	if err != nil {
		return roleState{}, fmt.Errorf("read policy %s of role %s: %w", revokePolicyName, role, err)
	}
	policy, err := decodePolicy(aws.ToString(out.PolicyDocument))
	return roleState{Role: role, Policy: policy}, wrap("read policy "+revokePolicyName+" of role", role, err)
}

func revokeRole(ctx context.Context, env *action.Env, _ roleRequest, prior roleState) error {
	if prior.Role == "" {
		return nil
	}
	policy := revokePolicy(time.Now().Add(revokeAhead))
	_, err := env.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
		RoleName: &prior.Role, PolicyName: aws.String(revokePolicyName), PolicyDocument: &policy,
	})
	switch cloud.Code(err) {
	case "UnmodifiableEntity":
		return action.Skipf("role %s belongs to an AWS service or to IAM Identity Center and cannot be changed here: end its sessions there", prior.Role)
	case "LimitExceeded":
		return fmt.Errorf("put policy %s on role %s: its inline policies would be over 10,240 characters together; move one to a "+
			"managed policy, or attach AWSDenyAll by hand: %w", revokePolicyName, prior.Role, err)
	}
	return wrap("put policy "+revokePolicyName+" on role", prior.Role, err)
}

func restoreRole(ctx context.Context, env *action.Env, _ roleRequest, prior roleState) error {
	switch {
	case prior.Role == "":
		return nil
	case prior.Policy == "":
		_, err := env.IAM.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &prior.Role, PolicyName: aws.String(revokePolicyName)})
		return wrap("delete policy "+revokePolicyName+" of role", prior.Role, unless(err, "NoSuchEntity"))
	}
	_, err := env.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
		RoleName: &prior.Role, PolicyName: aws.String(revokePolicyName), PolicyDocument: &prior.Policy,
	})
	return wrap("put back policy "+revokePolicyName+" of role", prior.Role, err)
}

func verifyRevoked(_ roleRequest, prior, after roleState) error {
	switch {
	case prior.Role == "":
		return nil
	case after.Policy == prior.Policy:
		return fmt.Errorf("role %s shows its former policy still", prior.Role)
	case !isRevocation(after.Policy):
		return fmt.Errorf("policy %s of role %s is not what was put: %s", revokePolicyName, prior.Role, after.Policy)
	}
	return nil
}
