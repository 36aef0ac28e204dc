package actions

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"cordon/internal/action"
	"cordon/internal/cloud"
)

// foreignGrants are those that let others than the bucket's own account in and are not public: a public access block leaves
// them. Lists are sorted.
type foreignGrants struct {
	Policy []string `json:"policy,omitempty"` // principals of the bucket's policy
	Points []string `json:"points,omitempty"` // accounts whose access points the policy leaves the decision to
	ACL    []string `json:"acl,omitempty"`    // canonical ids of the ACL
	Unread string   `json:"unread,omitempty"` // the error code, where the policy could not be read
}

// accessPointKey is the condition by which a policy leaves the decision to the access points of an account.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html
const accessPointKey = "s3:dataaccesspointaccount"

// readGrants reads whom the bucket's policy lets in. It has no error: it must not stand in the way.
func readGrants(ctx context.Context, env *action.Env, t bucketRequest, region string) (g foreignGrants) {
	out, err := env.S3.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &t.Target.ID, ExpectedBucketOwner: &t.Target.Account}, inRegion(region))
	var statements []grant
	if err == nil {
		statements, err = readStatements([]byte(aws.ToString(out.Policy)))
	}
	if err = unless(err, "NoSuchBucketPolicy"); err != nil {
		if g.Unread = cloud.Code(err); g.Unread == "" {
			g.Unread = err.Error()
		}
		return g
	}
	policy, points := map[string]bool{}, map[string]bool{}
	for _, s := range statements {
		if accounts := s.accessPoints(); len(accounts) > 0 && s.Effect == "Allow" {
			for _, a := range accounts {
				points[a] = true
			}
			continue
		}
		for _, p := range s.principals() {
			if foreign(p, t.Target.Account) {
				policy[p] = true
			}
		}
	}
	g.Policy, g.Points = sortedKeys(policy), sortedKeys(points)
	return g
}

// accessPoints lists the accounts of a condition on access points.
func (g grant) accessPoints() (out []string) {
	for operator, keys := range g.Condition {
		for key, values := range keys {
			if strings.EqualFold(key, accessPointKey) && !strings.Contains(operator, "Not") {
				out = append(out, values...)
			}
		}
	}
	return out
}

// foreign says whether a principal is of another account: an account's number, or an ARN. Services and everyone are none.
func foreign(principal, account string) bool {
	if a, err := arn.Parse(principal); err == nil {
		return a.AccountID != account && a.AccountID != "cloudfront"
	}
	return len(principal) == 12 && strings.Trim(principal, "0123456789") == "" && principal != account
}

// namedGrants are the canonical ids that an ACL lets in beside the owner.
func namedGrants(out *s3.GetBucketAclOutput) []string {
	set := map[string]bool{}
	for _, g := range out.Grants {
		if g.Grantee == nil || g.Grantee.Type != s3types.TypeCanonicalUser {
			continue
		}
		if id := aws.ToString(g.Grantee.ID); out.Owner == nil || id != aws.ToString(out.Owner.ID) {
			set[id] = true
		}
	}
	delete(set, "")
	return sortedKeys(set)
}

// residualBucket is what no public access block stops. Under a public policy RestrictPublicBuckets cuts other accounts off, too.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
func residualBucket(_ bucketRequest, prior, _ bucketState) []string {
	out := []string{
		"presigned URLs, and whoever the account's own policies let in: that is no public access. Remedy: revoke the sessions or disable the key that signed them",
	}
	public := false
	for _, by := range prior.Public {
		public = public || by == publicByPolicy
	}
	g := prior.Grants
	if len(g.Policy) > 0 && !public {
		out = append(out, fmt.Sprintf("the bucket's policy lets in %s: that is no public access. Remedy: take them out of the policy", some(g.Policy, 5)))
	}
	if len(g.Points) > 0 && !public {
		out = append(out, fmt.Sprintf("the bucket's policy leaves the decision to access points of account %s. Remedy: look at their policies, or take the condition out", some(g.Points, 5)))
	}
	if len(g.ACL) > 0 {
		out = append(out, fmt.Sprintf("the bucket's ACL lets in accounts by canonical id (%s): that is no public access. Remedy: switch ACLs off (BucketOwnerEnforced)", some(g.ACL, 2)))
	}
	if g.Unread != "" {
		out = append(out, fmt.Sprintf("whether the bucket's policy lets other accounts in could not be looked at (%s). Remedy: give Cordon s3:GetBucketPolicy, or look by hand", g.Unread))
	}
	return out
}
