package actions_test

import (
	"context"
	"encoding/json"
	"net/url"
	"reflect"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"cordon/internal/action"
	"cordon/internal/action/actiontest"
	"cordon/internal/actions"
	"cordon/internal/cloud"
	"cordon/internal/finding"
	"cordon/internal/mototest"
)

const (
	motoName  = "cordon-moto"
	ec2Trust  = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	allowList = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}`
)

// TestOnMoto contains a user, a role and a bucket on moto, somebody else's reading of AWS, looks at what is there with
// calls of its own, releases, and compares with before, field by field.
func TestOnMoto(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the AWS emulator")
	}
	c := cloud.New(mototest.Start(t), mototest.Account)
	key := motoIdentities(t, c)
	motoBucket(t, c)
	ledger := &actiontest.Ledger{}
	env := &action.Env{
		Clients: c, Evidence: &actiontest.Evidence{}, ReactivateKeys: true,
		Records: func(ctx context.Context) ([]action.Record, error) { return ledger.Records(ctx, actiontest.CaseID) },
	}
	before := motoState(t, c)
	if !slices.Equal(before.Keys, []string{"Active"}) || before.Public != true {
		t.Fatalf("before: %+v", before)
	}

	steps := []struct {
		action string
		kind   finding.Kind
		with   any
	}{
		{"iam.revoke-user-sessions", finding.KindUser, nil},
		{"iam.disable-access-key", finding.KindUser, settings{"keys": []string{key}}},
		{"iam.revoke-role-sessions", finding.KindRole, nil},
		{"s3.block-public-access", finding.KindBucket, nil},
	}
	catalog := actions.Catalog()
	find := func(id string) action.Action {
		return catalog[slices.IndexFunc(catalog, func(a action.Action) bool { return a.ID == id })]
	}
	for _, s := range steps {
		req, err := action.NewRequest(action.On{Case: actiontest.CaseID, Target: finding.Target{
			Account: mototest.Account, Region: "us-east-1", Kind: s.kind, ID: motoName,
		}}, s.with)
		ok(t, err)
		rec, err := action.Run(t.Context(), ledger, env, find(s.action), actiontest.CaseID, req)
		ok(t, err)
		if rec.Status != action.Done {
			t.Fatalf("%s: %s (error %q, reason %q)", s.action, rec.Status, rec.Error, rec.Reason)
		}
	}

	during := motoState(t, c)
	if !slices.Equal(during.Keys, []string{"Inactive"}) {
		t.Errorf("keys: %v", during.Keys)
	}
	for what, policies := range map[string]map[string]string{"user": during.UserPolicies, "role": during.RolePolicies} {
		var doc struct {
			Statement []struct {
				Effect    string
				Condition map[string]map[string]string
			}
		}
		if err := json.Unmarshal([]byte(policies[revokePolicyName]), &doc); err != nil || len(doc.Statement) != 1 ||
			doc.Statement[0].Effect != "Deny" || doc.Statement[0].Condition["DateLessThan"]["aws:TokenIssueTime"] == "" {
			t.Errorf("%s: policies %v, %v", what, policies, err)
		}
	}
	if b := during.Block; b == nil || !aws.ToBool(b.BlockPublicAcls) || !aws.ToBool(b.IgnorePublicAcls) || !aws.ToBool(b.BlockPublicPolicy) || !aws.ToBool(b.RestrictPublicBuckets) {
		t.Errorf("block: %+v", b)
	}

	for _, s := range slices.Backward(steps) {
		rec, _, err := ledger.Record(t.Context(), actiontest.CaseID, s.action)
		ok(t, err)
		rec, err = action.Undo(t.Context(), ledger, env, find(s.action), rec, false)
		ok(t, err)
		if rec.Status != action.Undone {
			t.Errorf("release %s: %s (error %q, reason %q)", s.action, rec.Status, rec.Error, rec.Reason)
		}
	}
	if after := motoState(t, c); !reflect.DeepEqual(before, after) {
		t.Errorf("after release:\n%+v\nbefore:\n%+v", after, before)
	}
}

// motoIdentities makes the user with a key, and the role, whose sessions were revoked before. It gives the key's id.
func motoIdentities(t *testing.T, c *cloud.Clients) (key string) {
	name := aws.String(motoName)
	_, err := c.IAM.CreateUser(t.Context(), &iam.CreateUserInput{UserName: name})
	ok(t, err)
	_, err = c.IAM.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: name, PolicyName: aws.String("own"), PolicyDocument: aws.String(allowList)})
	ok(t, err)
	out, err := c.IAM.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: name})
	ok(t, err)
	_, err = c.IAM.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: aws.String(ec2Trust)})
	ok(t, err)
	for policy, document := range map[string]string{"own": allowList, revokePolicyName: revokedIn1999} {
		_, err = c.IAM.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: name, PolicyName: &policy, PolicyDocument: &document})
		ok(t, err)
	}
	return *out.AccessKey.AccessKeyId
}

// motoBucket makes a bucket that is public by its ACL, with one of the four settings on.
func motoBucket(t *testing.T, c *cloud.Clients) {
	name := aws.String(motoName)
	_, err := c.S3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: name, ObjectOwnership: s3types.ObjectOwnershipObjectWriter})
	ok(t, err)
	_, err = c.S3.PutBucketAcl(t.Context(), &s3.PutBucketAclInput{Bucket: name, ACL: s3types.BucketCannedACLPublicRead})
	ok(t, err)
	_, err = c.S3.PutPublicAccessBlock(t.Context(), &s3.PutPublicAccessBlockInput{
		Bucket: name, PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{BlockPublicPolicy: aws.Bool(true)},
	})
	ok(t, err)
}

// motoAccount is all of the account that the actions may touch.
type motoAccount struct {
	Keys                       []string // statuses
	UserPolicies, RolePolicies map[string]string
	Managed                    []string
	Block                      *s3types.PublicAccessBlockConfiguration
	Public                     bool // by ACL
}

func motoState(t *testing.T, c *cloud.Clients) motoAccount {
	t.Helper()
	name := aws.String(motoName)
	s := motoAccount{UserPolicies: map[string]string{}, RolePolicies: map[string]string{}}
	keys, err := c.IAM.ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{UserName: name})
	ok(t, err)
	for _, k := range keys.AccessKeyMetadata {
		s.Keys = append(s.Keys, string(k.Status))
	}
	inUser, err := c.IAM.ListUserPolicies(t.Context(), &iam.ListUserPoliciesInput{UserName: name})
	ok(t, err)
	for _, p := range inUser.PolicyNames {
		out, err := c.IAM.GetUserPolicy(t.Context(), &iam.GetUserPolicyInput{UserName: name, PolicyName: &p})
		ok(t, err)
		s.UserPolicies[p], err = url.PathUnescape(*out.PolicyDocument)
		ok(t, err)
	}
	inRole, err := c.IAM.ListRolePolicies(t.Context(), &iam.ListRolePoliciesInput{RoleName: name})
	ok(t, err)
	for _, p := range inRole.PolicyNames {
		out, err := c.IAM.GetRolePolicy(t.Context(), &iam.GetRolePolicyInput{RoleName: name, PolicyName: &p})
		ok(t, err)
		s.RolePolicies[p], err = url.PathUnescape(*out.PolicyDocument)
		ok(t, err)
	}
	managed, err := c.IAM.ListPolicies(t.Context(), &iam.ListPoliciesInput{Scope: "Local"})
	ok(t, err)
	for _, p := range managed.Policies {
		s.Managed = append(s.Managed, *p.PolicyName)
	}
	block, err := c.S3.GetPublicAccessBlock(t.Context(), &s3.GetPublicAccessBlockInput{Bucket: name})
	ok(t, err)
	s.Block = block.PublicAccessBlockConfiguration
	acl, err := c.S3.GetBucketAcl(t.Context(), &s3.GetBucketAclInput{Bucket: name})
	ok(t, err)
	s.Public = slices.ContainsFunc(acl.Grants, func(g s3types.Grant) bool {
		return aws.ToString(g.Grantee.URI) == "http://acs.amazonaws.com/groups/global/AllUsers"
	})
	return s
}
