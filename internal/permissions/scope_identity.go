package permissions

func iamARN(resource string) string { return "arn:${Partition}:iam::${Account}:" + resource }

// ownPolicies are the managed policies that a case may make.
var ownPolicies = Words{iamARN("policy/CordonRevokeOlderSessions-*")}

// identityScopes are on roles and users. IAM has no condition on an inline policy's name or content, so who may put one
// on a role may give it any right; own are the roles that Cordon itself runs as, which it can never change.
func identityScopes(own ...string) []Statement {
	entities := Words{iamARN("role/*"), iamARN("user/*")}
	return []Statement{
		{
			Sid: "LookAtIdentities", Scope: "roles, users and instance profiles of the account",
			Action: Words{
				"iam:GetInstanceProfile", "iam:GetRole", "iam:GetRolePolicy", "iam:GetUser", "iam:GetUserPolicy", "iam:ListAccessKeys",
				"iam:ListAttachedRolePolicies", "iam:ListAttachedUserPolicies", "iam:ListInstanceProfilesForRole", "iam:ListRolePolicies",
			},
			Resource: append(Words{iamARN("instance-profile/*")}, entities...),
		},
		{
			Sid: "RevokeSessions", Scope: "roles and users of the account, but not Cordon's own roles",
			Action: Words{
				"iam:DeleteRolePolicy", "iam:DeleteUserPolicy", "iam:PutRolePolicy", "iam:PutUserPolicy", "iam:UpdateAccessKey",
			},
			Resource: entities,
		},
		{
			Sid: "AttachOwnPolicies", Scope: "roles and users of the account, but not Cordon's own roles; Cordon's own policies alone",
			Action: Words{
				"iam:AttachRolePolicy", "iam:AttachUserPolicy", "iam:DetachRolePolicy", "iam:DetachUserPolicy",
			},
			Resource: entities, Condition: Conditions{"ArnLike": {"iam:PolicyARN": ownPolicies}},
		},
		{
			Sid: "MakeOwnPolicies", Scope: "policies named CordonRevokeOlderSessions-…",
			Action: Words{
				"iam:CreatePolicy", "iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:GetPolicyVersion",
				"iam:ListPolicyVersions",
			},
			Resource: ownPolicies,
		},
		{
			Sid: "NeverChangeOwnRoles", Effect: deny, Scope: "Cordon's own roles",
			Action:   Words{"iam:AttachRolePolicy", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:PassRole", "iam:PutRolePolicy"},
			Resource: own,
		},
	}
}

// bucketScopes are on the account's buckets. A bucket's ARN has no account: the condition does.
func bucketScopes() []Statement {
	return []Statement{{
		Sid: "BlockPublicAccess", Scope: "buckets of the account",
		Action: Words{
			"s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketPolicy", "s3:GetBucketPolicyStatus", "s3:GetBucketPublicAccessBlock",
			"s3:GetBucketTagging", "s3:GetBucketWebsite", "s3:PutBucketPublicAccessBlock",
		},
		Resource: Words{"arn:${Partition}:s3:::*"}, Condition: Conditions{"StringEquals": {"s3:ResourceAccount": {"${Account}"}}},
	}}
}
