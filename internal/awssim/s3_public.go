package awssim

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Groups of grantees that make an ACL public (Amazon S3 User Guide, "The meaning of public").
const (
	allUsers           = "http://acs.amazonaws.com/groups/global/AllUsers"
	authenticatedUsers = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
)

// Public says whether anyone on the internet gets at the bucket's content now: by its policy or its ACL, as far as
// its public access block lets them count.
func (a *Account) Public(name string) bool {
	public := false
	err := a.locked(func() (bool, error) {
		b, ok := a.st.Buckets[name]
		public = ok && b.public()
		return false, nil
	})
	return public && err == nil
}

func (b *bucket) public() bool {
	var block s3types.PublicAccessBlockConfiguration
	if b.Block != nil {
		block = *b.Block
	}
	byPolicy := publicPolicy(b.Policy) && !aws.ToBool(block.RestrictPublicBuckets)
	byACL := grantsPublic(b.Grants) && !aws.ToBool(block.IgnorePublicAcls) && b.Ownership != s3types.ObjectOwnershipBucketOwnerEnforced
	return byPolicy || byACL
}

func grantsPublic(grants []s3types.Grant) bool {
	return slices.ContainsFunc(grants, func(g s3types.Grant) bool {
		uri := ""
		if g.Grantee != nil {
			uri = aws.ToString(g.Grantee.URI)
		}
		return uri == allUsers || uri == authenticatedUsers
	})
}

// cannedGrants gives the grants of a canned ACL.
func cannedGrants(acl s3types.BucketCannedACL, account string) ([]s3types.Grant, bool) {
	grants := []s3types.Grant{{
		Grantee:    &s3types.Grantee{Type: s3types.TypeCanonicalUser, ID: aws.String(canonicalID(account))},
		Permission: s3types.PermissionFullControl,
	}}
	add := func(uri string, p s3types.Permission) {
		grants = append(grants, s3types.Grant{Grantee: &s3types.Grantee{Type: s3types.TypeGroup, URI: &uri}, Permission: p})
	}
	switch acl {
	case s3types.BucketCannedACLPrivate:
	case s3types.BucketCannedACLPublicRead:
		add(allUsers, s3types.PermissionRead)
	case s3types.BucketCannedACLPublicReadWrite:
		add(allUsers, s3types.PermissionRead)
		add(allUsers, s3types.PermissionWrite)
	case s3types.BucketCannedACLAuthenticatedRead:
		add(authenticatedUsers, s3types.PermissionRead)
	default:
		return nil, false
	}
	return grants, true
}

// bucketPolicyFault holds a bucket policy against the policy grammar and the bucket's name; "" if it is sound.
func bucketPolicyFault(policy, bucket string) string {
	if len(policy) > 20480 {
		return "Policy exceeds the maximum allowed document size."
	}
	if fault := policyFault(policy, resourcePolicy); fault != "" {
		return fault
	}
	for _, s := range statementsOf(policy) {
		for _, arn := range append(stringOrList(s.Resource), stringOrList(s.NotResource)...) {
			if _, resource, ok := strings.Cut(arn, ":s3:::"); !ok || resource != bucket && !strings.HasPrefix(resource, bucket+"/") {
				return "Policy has invalid resource"
			}
		}
	}
	return ""
}

// statementsOf gives the statements of a document that is known to be sound.
func statementsOf(policy string) []policyStatement {
	var doc struct{ Statement json.RawMessage }
	if json.Unmarshal([]byte(policy), &doc) != nil {
		return nil
	}
	statements, _ := policyStatements(doc.Statement)
	return statements
}

// publicPolicy says whether a bucket policy counts as public: some statement allows everyone, without a condition
// that holds a caller to fixed values.
func publicPolicy(policy string) bool {
	return slices.ContainsFunc(statementsOf(policy), func(s policyStatement) bool {
		return s.Effect == "Allow" && anyPrincipal(s) && !fixedCondition(s.Condition)
	})
}

func anyPrincipal(s policyStatement) bool {
	if s.NotPrincipal != nil {
		return true
	}
	if m, ok := s.Principal.(map[string]any); ok {
		return slices.Contains(stringOrList(m["AWS"]), "*")
	}
	return slices.Contains(stringOrList(s.Principal), "*")
}

// fixingKeys are the condition keys that take a statement out of the public ones, in lower case.
var fixingKeys = []string{
	"aws:sourceip", "aws:sourcearn", "aws:sourcevpc", "aws:sourcevpce", "aws:sourceowner", "aws:sourceaccount", "aws:userid",
	"aws:principalorgid", "aws:principalorgpaths", "aws:principalarn", "aws:principalaccount",
	"s3:x-amz-server-side-encryption-aws-kms-key-id", "s3:dataaccesspointarn", "s3:dataaccesspointaccount",
}

// fixedCondition says whether some condition binds one of fixingKeys to values without wildcards.
func fixedCondition(condition map[string]map[string]any) bool {
	for operator, keys := range condition {
		if strings.Contains(operator, "Not") || strings.HasSuffix(operator, "IfExists") {
			continue
		}
		for key, values := range keys {
			wild := slices.ContainsFunc(stringOrList(values), func(v string) bool {
				return strings.ContainsAny(v, "*?") || v == "0.0.0.0/0" || v == "::/0"
			})
			if slices.Contains(fixingKeys, strings.ToLower(key)) && !wild {
				return true
			}
		}
	}
	return false
}
