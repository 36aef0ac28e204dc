package actions

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"cordon/internal/action"
	"cordon/internal/cloud"
	"cordon/internal/finding"
)

// roleSessionsRequest: Protected are names or globs (path.Match) of roles that are never revoked.
type roleSessionsRequest struct {
	action.On
	activity
	Protected []string `json:"protected"`
}

func revokeRoleSessions() action.Action {
	permissions, forRelease := revocationPermissions("Role", "iam:GetRole", "sts:GetCallerIdentity")
	return revokes(action.Spec[roleSessionsRequest, revocation]{
		ID:      "iam.revoke-role-sessions",
		Summary: "Revokes every session of a role that was issued up to now.",
		Details: "The role gets the inline policy " + revokePolicyName + ", a Deny of everything for credentials issued before 30 " +
			"seconds from the call, as the IAM console does it. It hits all sessions of the role; whoever may assume it can " +
			"draw a new one. Where the role's inline policies leave no room (10,240 characters) a managed policy named after the " +
			"case is attached instead. Roles of AWS services and of IAM Identity Center cannot be changed, Cordon's own role and " +
			"those in iam.protected are left alone: the reason says what a person does. Release puts back what the policy was.",
		Permissions: permissions,
		ForRelease:  forRelease,
		Observe:     observeRoleSessions,
		Residual:    func(_ roleSessionsRequest, prior, _ revocation) []string { return residualRevoked(prior) },
	}, func(t *roleSessionsRequest) (*action.On, *activity) { return &t.On, &t.activity })
}

func observeRoleSessions(ctx context.Context, env *action.Env, t roleSessionsRequest, known *revocation) (revocation, error) {
	if known != nil {
		return readRevocation(ctx, env, t.Case, *known)
	}
	if t.Target.Kind != finding.KindRole || t.Target.ID == "" {
		return revocation{}, action.Skipf("%s is no IAM role: it has no sessions that could be revoked this way", t.Target)
	}
	var (
		p    = revocation{Role: t.Target.ID}
		e    = p.entity()
		path string
	)
	caller, err := readEntity(ctx, env, &p, func(ctx context.Context) error {
		out, err := env.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: &p.Role})
		if cloud.Is(err, "NoSuchEntity") {
			return &action.Gone{What: e.String()}
		}
		if err != nil {
			return wrap("read role", p.Role, err)
		}
		p.ARN, path = aws.ToString(out.Role.Arn), aws.ToString(out.Role.Path)
		p.Trusted, _ = trustedBy(aws.ToString(out.Role.AssumeRolePolicyDocument)) // a remark only: it must not stand in the way
		return nil
	})
	if err != nil {
		return revocation{}, err
	}
	if err := refuseAWSOwned(p.Role, path); err != nil {
		return revocation{}, err
	}
	return p, refuseProtected(e, t.Target.Account, caller, t.Protected)
}

// refuseAWSOwned gives a *action.Skip for the roles that only AWS may change, with what a person does instead.
// https://docs.aws.amazon.com/singlesignon/latest/userguide/prereqs-revoking-user-permissions.html
func refuseAWSOwned(role, path string) error {
	switch {
	case strings.HasPrefix(path, "/aws-service-role/"):
		return action.Skipf("role %s is linked to an AWS service (%s) and cannot be changed, nor used by anyone else. Find what made the "+
			"service act: CloudTrail console, Event history, by the finding's time. To stop it: delete what uses the role in that "+
			"service's console, then the role (IAM console, Roles, %s, Delete)", role, strings.Trim(path, "/"), role)
	case strings.HasPrefix(path, "/aws-reserved/"), strings.HasPrefix(role, "AWSReservedSSO_"):
		return action.Skipf("role %s belongs to IAM Identity Center and cannot be changed here. In the management account (or the delegated "+
			"administrator's): 1. IAM Identity Center console, Users, the user, Disable user access; 2. the same page, Active sessions, "+
			"Delete session; 3. AWS accounts, this account, remove the user's assignment to the permission set; 4. to end role sessions "+
			"already drawn: Permission sets, the set, Inline policy, Deny * where aws:TokenIssueTime is before now", role)
	}
	return nil
}
