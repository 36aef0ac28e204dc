package actions

import (
	"context"

	"cordon/internal/action"
)

func removeProfile() action.Action {
	return action.New(action.Spec[instanceRequest, profileState]{
		ID:      "ec2.remove-profile",
		Summary: "Takes the instance profile away, so that the host gets no new credentials.",
		Details: "Systems Manager cannot reach the host without a profile: the step comes after live response. Credentials " +
			"that the host holds already stay valid: iam.revoke-instance-role-sessions is what ends them. Release puts the " +
			"profile back.",
		Permissions: []string{
			"ec2:AssociateIamInstanceProfile", "ec2:DescribeIamInstanceProfileAssociations", "ec2:DescribeInstances",
			"ec2:DisassociateIamInstanceProfile", "ec2:ReplaceIamInstanceProfileAssociation", "iam:PassRole",
		},
		ForRelease: []string{"ec2:AssociateIamInstanceProfile", "ec2:ReplaceIamInstanceProfileAssociation", "iam:PassRole"},
		Observe: func(ctx context.Context, env *action.Env, t instanceRequest, _ *profileState) (profileState, error) {
			return readProfile(ctx, env, t.Target.ID)
		},
		Expect: func(instanceRequest, profileState) profileState { return profileState{} },
		Do: func(ctx context.Context, env *action.Env, t instanceRequest, _ profileState) error {
			return setProfile(ctx, env, t.Target.ID, "")
		},
		Undo: func(ctx context.Context, env *action.Env, t instanceRequest, prior profileState) error {
			return setProfile(ctx, env, t.Target.ID, prior.Profile)
		},
	})
}
