package permissions

import (
	"slices"

	"cordon/internal/action"
	"cordon/internal/actions"
	"cordon/internal/blast"
	"cordon/internal/casefile/dynamodb"
	"cordon/internal/engine"
	"cordon/internal/notify"
)

// Need is a permission and the part of Cordon that calls it.
type Need struct {
	Action string // "ec2:CreateTags"
	By     string // an action's id, or "store", "vault", …
}

// free are the calls that IAM asks nothing about.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
var free = []string{"sts:GetCallerIdentity"}

// Needs lists what Cordon calls, in the order of its parts. In a member account that is the actions, and what is
// looked at before them, alone: cases, evidence and notices stay with the deployment's own account.
func Needs(member bool) []Need {
	var out []Need
	add := func(by string, permissions ...string) {
		for _, p := range permissions {
			if n := (Need{p, by}); !slices.Contains(free, p) && !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
	}
	for _, a := range actions.Catalog() {
		add(a.ID, permissionsOf(a, member)...)
	}
	add("tags for policy", engine.FactPermissions()...)
	add("blast radius", blast.Permissions()...)
	if member {
		return out
	}
	store := dynamodb.Permissions()
	add("store", slices.DeleteFunc(slices.Concat(store.Table, store.Overflow), listing)...)
	add("vault", "s3:GetBucketAcl", "s3:GetBucketPolicyStatus", "s3:GetBucketPublicAccessBlock", "s3:GetObject", "s3:ListBucket", "s3:PutObject")
	add("encryption of table, bucket and topic", "kms:Decrypt", "kms:GenerateDataKey")
	const ref = "secretsmanager:arn"
	add("notices", notify.Config{
		SNS: &notify.SNSConfig{}, Slack: &notify.SlackConfig{Webhook: ref}, Jira: &notify.JiraConfig{Token: ref}, SecurityHub: true,
	}.Permissions()...)
	add("release as a false positive", notify.ArchivePermissions()...)
	add("member accounts", "sts:AssumeRole")
	add("the function's log", "logs:CreateLogStream", "logs:PutLogEvents")
	return out
}

// permissionsOf are an action's. An instance can have an instance profile of its own account only, so in a member
// account nothing that belongs to live response runs: it needs the quarantine profile.
func permissionsOf(a action.Action, member bool) []string {
	if !member {
		return a.Permissions
	}
	if slices.Contains([]string{"ec2.quarantine-profile", "ec2.live-response", "ec2.capture-memory"}, a.ID) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(a.Permissions), func(p string) bool { // what the 443 channel needs
		return p == "ssm:DescribeInstanceInformation" || p == "ec2:DescribePrefixLists" && a.ID == "ec2.isolate-network"
	})
}

// listing are the permissions for lists of cases (cordon cases), which need the table's index too: people ask for those,
// with their own credentials.
func listing(permission string) bool { return permission == "dynamodb:BatchGetItem" }
