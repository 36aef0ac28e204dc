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

// userSessionsRequest: Protected are names or globs (path.Match) of users that are never revoked. PrincipalID is the
// finding's principalId: of a federated user it tells whose sessions they are ("AIDA…:name" or "AIDA…").
type userSessionsRequest struct {
	action.On
	activity
	Protected   []string `json:"protected"`
	PrincipalID string   `json:"principal_id"`
}

func revokeUserSessions() action.Action {
	permissions, forRelease := revocationPermissions("User", "iam:GetUser", "iam:ListUsers", "sts:GetCallerIdentity")
	return revokes(action.Spec[userSessionsRequest, revocation]{
		ID:      "iam.revoke-user-sessions",
		Summary: "Revokes every session of an IAM user that was issued up to now.",
		Details: "The user gets the inline policy " + revokePolicyName + ", a Deny of everything for temporary credentials issued before 30 " +
			"seconds from the call: those of GetSessionToken, of GetFederationToken, and of the console. A federated user is answered at " +
			"the IAM user who issued the session, which the finding's principalId names, by a policy " + revokePolicyName + "-<case>. Long-term access keys are not touched: " +
			"iam.disable-access-key is what ends them. Sessions of roles that the user assumed live on. Where the user's inline " +
			"policies leave no room (2,048 characters) a managed policy named after the case is attached instead. Cordon's own user and " +
			"those in iam.protected are left alone. Release puts back what the policy was.",
		Permissions: permissions,
		ForRelease:  forRelease,
		Observe:     observeUserSessions,
		Residual:    func(_ userSessionsRequest, prior, _ revocation) []string { return residualRevoked(prior) },
	}, func(t *userSessionsRequest) (*action.On, *activity) { return &t.On, &t.activity })
}

func observeUserSessions(ctx context.Context, env *action.Env, t userSessionsRequest, known *revocation) (revocation, error) {
	if known != nil {
		return readRevocation(ctx, env, t.Case, *known)
	}
	name, err := userOf(ctx, env, t)
	if err != nil {
		return revocation{}, err
	}
	var (
		p  = revocation{User: name}
		e  = p.entity()
		id string
	)
	if t.Target.Kind == finding.KindFederatedUser { // other cases may answer at the same user
		p.Policy = casePolicyName(t.Case)
	}
	caller, err := readEntity(ctx, env, &p, func(ctx context.Context) error {
		out, err := env.IAM.GetUser(ctx, &iam.GetUserInput{UserName: &p.User})
		if cloud.Is(err, "NoSuchEntity") {
			return &action.Gone{What: e.String()}
		}
		if err != nil {
			return wrap("read user", p.User, err)
		}
		p.ARN, id = aws.ToString(out.User.Arn), aws.ToString(out.User.UserId)
		return nil
	})
	if err != nil {
		return revocation{}, err
	}
	if asked, ok := uniqueUserID(t.PrincipalID); ok && asked != id {
		env.Note("user %s is %s now, the finding names %s: the user was made anew since; the present one is answered", name, id, asked)
	}
	return p, refuseProtected(e, t.Target.Account, caller, t.Protected)
}

// userOf is the name of the IAM user whose sessions are meant. *action.Gone: that user was deleted, and the sessions
// with it.
func userOf(ctx context.Context, env *action.Env, t userSessionsRequest) (string, error) {
	switch {
	case t.Target.Kind == finding.KindUser && t.Target.ID != "":
		return t.Target.ID, nil
	case t.Target.Kind != finding.KindFederatedUser:
		return "", action.Skipf("%s is no IAM user: it has no sessions that could be revoked this way", t.Target)
	}
	id, ok := uniqueUserID(t.PrincipalID)
	if !ok {
		return "", action.Skipf("the finding does not say which IAM user issued the session of federated user %q. CloudTrail console, Event "+
			"history, event name GetFederationToken, by that name and time; then IAM console, Users, the issuing user, add the inline "+
			"policy %s that denies * where aws:TokenIssueTime is before now. If root issued it: delete root's access keys", t.Target.ID, revokePolicyName)
	}
	pages := iam.NewListUsersPaginator(env.IAM, &iam.ListUsersInput{MaxItems: aws.Int32(1000)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", wrap("find the user with id", id, err)
		}
		for _, u := range page.Users {
			if aws.ToString(u.UserId) == id {
				return aws.ToString(u.UserName), nil
			}
		}
	}
	return "", &action.Gone{What: "the user with id " + id}
}

// uniqueUserID is the IAM user's unique id in a finding's principalId: "AIDA…" or "AIDA…:session".
func uniqueUserID(principalID string) (id string, ok bool) {
	id, _, _ = strings.Cut(principalID, ":")
	return id, strings.HasPrefix(id, "AIDA")
}
