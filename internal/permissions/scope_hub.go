package permissions

import "slices"

// memberScopes are those of a role in another account.
func memberScopes() []Statement {
	return slices.Concat(ec2Scopes(), identityScopes(iamARN("role/${RoleName}")), bucketScopes())
}

// responderScopes are those of the role that Cordon runs as.
func responderScopes() []Statement {
	own := iamARN("role/${Name}-function-*")
	others := []string{iamARN("role/${Name}-quarantine-*"), iamARN("role/${Name}-rule-*"), iamARN("role/${Name}-state-machine-*")}
	return slices.Concat(ec2Scopes(), identityScopes(own, others...), bucketScopes(), liveScopes(), memoryScopes(), storageScopes(),
		noticeScopes(), hubScopes())
}

// liveScopes are for live response and the way out that it needs.
func liveScopes() []Statement {
	return []Statement{
		{
			Sid: "ReadCommands", Apart: true, When: LiveResponse, Scope: "any resource: IAM knows none for these reads",
			Action: Words{
				"ec2:DescribeInstanceTypes", "ssm:DescribeInstanceInformation", "ssm:GetCommandInvocation", "ssm:ListCommands",
			},
			Resource: Words{"*"},
		},
		{
			Sid: "Run", Apart: true, When: LiveResponse,
			Scope:  "AWS's two documents that run a script, with their output into the evidence bucket",
			Action: Words{"ssm:SendCommand"},
			Resource: Words{
				"arn:${Partition}:ssm:*::document/AWS-RunPowerShellScript", "arn:${Partition}:ssm:*::document/AWS-RunShellScript",
				"${BucketArn}",
			},
		},
		{
			// The tag is ec2.tag's, which runs within the containment.
			Sid: "RunInCases", Apart: true, When: LiveResponse, Scope: "instances of the account that carry the tag " + caseTag,
			Action: Words{"ssm:SendCommand"}, Resource: Words{ec2ARN("instance/*")},
			Condition: Conditions{"StringLike": {"ssm:resourceTag/" + caseTag: something}},
		},
	}
}

// memoryScopes are for images of memory, which a host sends in parts by presigned URLs of Cordon's. Preparing an upload takes no
// If-None-Match; completing it does, as KeepEvidence has it.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
func memoryScopes() []Statement {
	images := Words{"${BucketArn}/" + evidencePrefix + "*/memory/*"}
	return []Statement{
		{
			Sid: "SendImages", Apart: true, When: LiveResponse, Scope: "parts of images of memory in the evidence bucket, not whole objects",
			Action: Words{"s3:PutObject"}, Resource: images,
			Condition: Conditions{"Bool": {"s3:ObjectCreationOperation": {"false"}}},
		},
		{
			Sid: "EndImages", Apart: true, When: LiveResponse, Scope: "uploads of images of memory to the evidence bucket",
			Action: Words{"s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}, Resource: images,
		},
		{
			Sid: "ListImages", Apart: true, When: LiveResponse, Scope: "the evidence bucket",
			Action: Words{"s3:ListBucketMultipartUploads"}, Resource: Words{"${BucketArn}"},
		},
	}
}

// evidencePrefix is the deployments' prefix of all keys in the evidence bucket.
const evidencePrefix = "cordon/"

// storageScopes are on the deployment's own table, bucket and key.
func storageScopes() []Statement {
	return []Statement{
		{
			Sid: "KeepCases", Scope: "the table; not its index, which is for lists",
			Action: Words{
				"dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem",
			},
			Resource: Words{"${TableArn}"},
		},
		{
			// If-None-Match on each write: evidence is never written over.
			Sid: "KeepEvidence", Scope: "new objects of the evidence bucket under cordon/",
			Action: Words{"s3:PutObject"}, Resource: Words{"${BucketArn}/" + evidencePrefix + "*"},
			Condition: Conditions{"Null": {"s3:if-none-match": {"false"}}},
		},
		{
			Sid: "KeepRecords", Scope: "objects of the evidence bucket under cordon/store/",
			Action: Words{"s3:PutObject"}, Resource: Words{"${BucketArn}/" + evidencePrefix + "store/*"},
		},
		{
			Sid: "ReadEvidence", Scope: "objects of the evidence bucket under cordon/",
			Action: Words{"s3:GetObject"}, Resource: Words{"${BucketArn}/" + evidencePrefix + "*"},
		},
		{
			// IfExists: only who may list is told that an object is not there, and that question has no prefix.
			Sid: "ListEvidence", Scope: "the evidence bucket, under cordon/ where a prefix is given",
			Action: Words{"s3:ListBucket"}, Resource: Words{"${BucketArn}"},
			Condition: Conditions{"StringLikeIfExists": {"s3:prefix": {evidencePrefix + "*"}}},
		},
		{
			Sid: "NeverOpen", Effect: deny, Scope: "the evidence bucket's own block of public access",
			Action: Words{"s3:PutBucketPublicAccessBlock"}, Resource: Words{"${BucketArn}"},
		},
		{
			Sid: "UseKey", Scope: "the deployment's key, through DynamoDB, S3 and SNS alone",
			Action: Words{"kms:Decrypt", "kms:GenerateDataKey"}, Resource: Words{"${KeyArn}"},
			Condition: Conditions{"StringLike": {"kms:ViaService": {"dynamodb.*", "s3.*", "sns.*"}}},
		},
	}
}

// noticeScopes are for telling people.
func noticeScopes() []Statement {
	return []Statement{
		{Sid: "Notify", Scope: "the topic", Action: Words{"sns:Publish"}, Resource: Words{"${TopicArn}"}},
		{
			Sid: "ReadSlack", When: SlackWebhookSecretArn, Scope: "that secret",
			Action: Words{"secretsmanager:GetSecretValue"}, Resource: Words{"${SlackWebhookSecretArn}"},
		},
		{
			Sid: "ReadJira", When: JiraTokenSecretArn, Scope: "that secret",
			Action: Words{"secretsmanager:GetSecretValue"}, Resource: Words{"${JiraTokenSecretArn}"},
		},
		{
			Sid: "UpdateSecurityHub", When: SecurityHub, Scope: "the account's hub",
			Action: Words{"securityhub:BatchUpdateFindings"}, Resource: Words{"arn:${Partition}:securityhub:*:${Account}:hub/default"},
		},
		{
			Sid: "Archive", Scope: "any resource: IAM knows none for these",
			Action: Words{"guardduty:ArchiveFindings", "guardduty:GetAdministratorAccount"}, Resource: Words{"*"},
		},
	}
}

// hubScopes are for other accounts, and the log. A condition on the organization (aws:ResourceOrgID) would either lock
// out members that are invited from outside it, or, with IfExists, let any account outside of all organizations through.
func hubScopes() []Statement {
	return []Statement{
		{
			Sid: "AssumeMember", When: MemberRoleName, Scope: "the role of that name, in any account",
			Action: Words{"sts:AssumeRole"}, Resource: Words{"arn:${Partition}:iam::*:role/${MemberRoleName}"},
		},
		{
			// Cordon's own account may have the role, too, and who can change a role that he can assume is that role.
			Sid: "NeverChangeMember", When: MemberRoleName, Effect: deny, Scope: "the members' role in Cordon's own account",
			Action: changes, Resource: Words{iamARN("role/${MemberRoleName}")},
		},
		{
			Sid: "Log", Scope: "the function's own log group",
			Action: Words{"logs:CreateLogStream", "logs:PutLogEvents"}, Resource: Words{"${LogArn}:log-stream:*"},
		},
	}
}
