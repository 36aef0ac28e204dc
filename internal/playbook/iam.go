package playbook

import "cordon/internal/finding"

// role ends every session of a role that was issued until now.
func role(s Subject) Playbook {
	return Playbook{
		Name: "iam-role", Summary: "revoke every session that the role has issued until now", Kind: finding.KindRole,
		Root: contained(Step{Action: "iam.revoke-role-sessions", Essential: true, With: revocation(s)}),
	}
}

// user ends a user's sessions and disables the key: the policy reaches only temporary credentials, the key's status
// only the key.
func user(s Subject) Playbook {
	return Playbook{
		Name: "iam-user", Summary: "revoke the user's sessions and disable the access key", Kind: finding.KindUser,
		Root: contained(Par{
			Step{Action: "iam.revoke-user-sessions", Essential: true, With: revocation(s)},
			Step{Action: "iam.disable-access-key", Essential: true, With: map[string]any{
				"keys": s.AccessKeys, "all": s.Config.IAM.AllKeys, "protected": s.Config.IAM.Protected,
			}},
		}),
	}
}

// federatedUser denies the sessions of the IAM user that issued the federated one.
func federatedUser(s Subject) Playbook {
	return Playbook{
		Name: "iam-federated-user", Summary: "revoke the sessions of the IAM user that issued the federated session", Kind: finding.KindFederatedUser,
		Root: contained(Step{Action: "iam.revoke-user-sessions", Essential: true, With: revocation(s)}),
	}
}

// bucket cuts public access off where there is any now.
func bucket(Subject) Playbook {
	return Playbook{
		Name: "s3", Summary: "block public access to the bucket, where it is public now", Kind: finding.KindBucket,
		Root: contained(Step{Action: "s3.block-public-access", Essential: true}),
	}
}

// contained is a playbook whose whole response is its containment.
func contained(n Node) Node { return Seq{Inline{n}, Step{Action: Settle}} }

// revocation are the settings of the actions that revoke sessions: up to now, and again when there was activity since.
func revocation(s Subject) map[string]any {
	with := map[string]any{"protected": s.Config.IAM.Protected}
	if s.Since != "" {
		with["since"] = s.Since
	}
	if s.Target.Kind == finding.KindFederatedUser {
		with["principal_id"] = s.PrincipalID
	}
	return with
}
