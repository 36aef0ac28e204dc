package actions

import (
	"context"
	"fmt"
	"strings"

	"cordon/internal/action"
)

// profileRequest: Profile is the ARN of the instance profile to put in place.
type profileRequest struct {
	action.On
	Profile string `json:"profile"`
}

func quarantineProfile() action.Action {
	return action.New(action.Spec[profileRequest, profileState]{
		ID:      "ec2.quarantine-profile",
		Until:   "ec2.remove-profile",
		Summary: "Replaces the instance profile by the quarantine profile, which allows live response and nothing else.",
		Details: "ec2.quarantine_profile names the profile; without it, or in another account than the profile's, the step is " +
			"skipped. Credentials of the former role that the host holds already stay valid: iam.revoke-instance-role-sessions is " +
			"what ends them. Release puts the former profile back.",
		Permissions: []string{
			"ec2:AssociateIamInstanceProfile", "ec2:DescribeIamInstanceProfileAssociations", "ec2:DescribeInstances",
			"ec2:DisassociateIamInstanceProfile", "ec2:ReplaceIamInstanceProfileAssociation", "iam:PassRole",
		},
		ForRelease: []string{"ec2:DisassociateIamInstanceProfile"},
		Observe:    observeQuarantineProfile,
		Expect:     func(t profileRequest, _ profileState) profileState { return profileState{Profile: t.Profile} },
		Do: func(ctx context.Context, env *action.Env, t profileRequest, _ profileState) error {
			return setProfile(ctx, env, t.Target.ID, t.Profile)
		},
		Undo: func(ctx context.Context, env *action.Env, t profileRequest, prior profileState) error {
			return setProfile(ctx, env, t.Target.ID, prior.Profile)
		},
	})
}

func observeQuarantineProfile(ctx context.Context, env *action.Env, t profileRequest, _ *profileState) (profileState, error) {
	switch {
	case t.Profile == "":
		return profileState{}, action.Skipf("no ec2.quarantine_profile configured")
	case !strings.HasPrefix(t.Profile, "arn:"):
		return profileState{}, fmt.Errorf("read quarantine profile %q: ec2.quarantine_profile takes the ARN of an instance profile", t.Profile)
	}
	if f := strings.SplitN(t.Profile, ":", 6); len(f) == 6 && f[4] != t.Target.Account {
		return profileState{}, action.Skipf("ec2.quarantine_profile is account %s's, and an instance can have a profile of its own account only: "+
			"no live response in account %s", f[4], t.Target.Account)
	}
	return readProfile(ctx, env, t.Target.ID)
}
