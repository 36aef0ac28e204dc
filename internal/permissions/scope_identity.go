package permissions

import "slices"

func iamARN(resource string) string { return "arn:${Partition}:iam::${Account}:" + resource }

// ownPolicies are the managed policies that a case may make.
var ownPolicies = Words{iamARN("policy/CordonRevokeOlderSessions-*")}

// changes are the calls that give or take a role its rights.
var changes = Words{"iam:AttachRolePolicy", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:PutRolePolicy"}

// identityScopes are on roles and users. IAM has no condition on an inline policy's name or content, so who may put one
// on a role may give it any right. own is the role that Cordon itself runs as: it can neither be changed nor given to an
// instance; the deployment's others cannot be changed.
func identityScopes(own string, others ...string) []Statement {
	entities := Words{iamARN("role/*"), iamARN("user/*")}
	return []Statement{
		{
			Sid: "UseIdentities", Scope: "roles, users and instance profiles of the account; changes never on Cordon's own roles",
			Action: Words{
				"iam:DeleteRolePolicy", "iam:DeleteUserPolicy", "iam:GetInstanceProfile", "iam:GetRole", "iam:GetRolePolicy", "iam:GetUser",
				"iam:GetUserPolicy", "iam:ListAccessKeys", "iam:ListAttachedRolePolicies", "iam:ListAttachedUserPolicies",
				"iam:ListInstanceProfilesForRole", "iam:ListRolePolicies", "iam:PutRolePolicy", "iam:PutUserPolicy", "iam:UpdateAccessKey",
			},
			Resource: append(Words{iamARN("instance-profile/*")}, entities...),
		},
		{
			Sid: "AttachOwn", Scope: "roles and users of the account, never Cordon's own roles; policies named CordonRevokeOlderSessions-… alone",
			Action: Words{
				"iam:AttachRolePolicy", "iam:AttachUserPolicy", "iam:DetachRolePolicy", "iam:DetachUserPolicy",
			},
			Resource: entities, Condition: Conditions{"ArnLike": {"iam:PolicyARN": ownPolicies}},
		},
		{
			Sid: "MakeOwn", Scope: "policies named CordonRevokeOlderSessions-…",
			Action: Words{
				"iam:CreatePolicy", "iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:GetPolicyVersion",
				"iam:ListPolicyVersions",
			},
			Resource: ownPolicies,
		},
		{
			Sid: "NeverChangeOwn", Effect: deny, Scope: "Cordon's own roles",
			Action: changes, Resource: slices.Concat(Words{own}, others),
		},
		{Sid: "NeverPassOwn", Effect: deny, Scope: "the role that Cordon runs as", Action: Words{"iam:PassRole"}, Resource: Words{own}},
	}
}

// bucketScopes are on the account's buckets. A bucket's ARN has no account: the condition does.
func bucketScopes() []Statement {
	return []Statement{{
		Sid: "BlockPublic", Scope: "buckets of the account",
		Action: Words{
			"s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketPolicy", "s3:GetBucketPolicyStatus", "s3:GetBucketPublicAccessBlock",
			"s3:GetBucketTagging", "s3:GetBucketWebsite", "s3:PutBucketPublicAccessBlock",
		},
		Resource: Words{"arn:${Partition}:s3:::*"}, Condition: Conditions{"StringEquals": {"s3:ResourceAccount": {"${Account}"}}},
	}}
}
