package awssim_test

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"cordon/internal/cloud"
)

const (
	denyAll  = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`
	ec2Trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	ssmCore  = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
)

// longPolicy is a sound policy of about n characters.
func longPolicy(n int) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"arn:aws:s3:::` + strings.Repeat("x", n) + `"}]}`
}

// knownIAM are the known differences; the sources are pages of the IAM API reference unless they say otherwise.
var knownIAM = map[string]difference{
	"users/list by pages": {"ok [2,2,1]", "ok [5]", "sim", "ListUsers: MaxItems and Marker"},
	"users/create with a bad name": {
		"error ValidationError", `ok ["arn:aws:iam::123456789012:user/team/no/slash","/team/","no/slash","time"]`,
		"sim", "CreateUser: UserName has the pattern [\\w+=,.@-]+",
	},
	"inline policies/put with a principal":    {"error MalformedPolicyDocument", `ok "done"`, "sim", "user guide, JSON policy elements: Principal cannot be used in an identity-based policy"},
	"inline policies/put too long":            {"error LimitExceeded", `ok "done"`, "sim", "user guide, IAM and STS quotas: a user's inline policies, 2,048 characters"},
	"access keys/last used of unknown":        {"error AccessDenied", "error NoSuchEntity", "both", "GetAccessKeyLastUsed lists no error of its own, so not NoSuchEntity; AWS answers AccessDenied for a key of another account"},
	"access keys/delete user with keys":       {"error DeleteConflict", `ok "done"`, "sim", "DeleteUser: DeleteConflict; delete the access keys first"},
	"roles/create with a bad trust policy":    {"error MalformedPolicyDocument", `ok "done"`, "sim", "CreateRole: MalformedPolicyDocument"},
	"roles/put policy too long":               {"error LimitExceeded", `ok "done"`, "sim", "user guide, IAM and STS quotas: a role's inline policies, 10,240 characters"},
	"roles/put policy on service-linked role": {"error UnmodifiableEntity", `ok "done"`, "sim", "PutRolePolicy: UnmodifiableEntity"},
	"roles/assume unknown":                    {"error AccessDenied", `ok "done"`, "sim", "user guide, troubleshoot IAM roles: AccessDenied where the role is not there or not to be assumed"},
	"roles/assume for too long":               {"error ValidationError", `ok "done"`, "sim", "STS API reference, AssumeRole: DurationSeconds is at most 43200"},
	"managed policies/attach AWS's":           {`ok "done"`, "error NoSuchEntity", "sim", "AWS managed policy reference: AmazonSSMManagedInstanceCore (moto loads them on request only)"},
	"managed policies/list":                   {`ok ["AmazonSSMManagedInstanceCore","deny"]`, `ok ["deny"]`, "sim", "as for attach AWS's"},
	"managed policies/attachments":            {"ok 1", "ok 2", "sim", "Policy: AttachmentCount is the number of entities that the policy is attached to"},
	"managed policies/delete with versions":   {"error DeleteConflict", `ok "done"`, "sim", "DeletePolicy: delete all versions but the default first"},
	"attached policy/delete":                  {"error DeleteConflict", `ok "done"`, "sim", "DeletePolicy: DeleteConflict; detach the policy first"},
	"instance profiles/remove again":          {"error NoSuchEntity", "error without a code", "sim", "RemoveRoleFromInstanceProfile: NoSuchEntity (moto fails)"},
}

func TestDifferentialIAM(t *testing.T) {
	differential(t, []sequence{userSequence(), inlineSequence(), keySequence(), roleSequence(), managedSequence(), attachedSequence(), profileSequence()}, knownIAM)
}

func userSequence() sequence {
	create := func(name string) func(context.Context, *cloud.Clients, vars) (any, error) {
		return func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: &name, Path: aws.String("/team/")})
			if err != nil {
				return nil, err
			}
			return []any{out.User.Arn, out.User.Path, out.User.UserName, out.User.CreateDate}, nil
		}
	}
	return sequence{"users", []step{
		{"create", create("one")},
		{"create again", create("one")},
		{"get", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.IAM.GetUser(ctx, &iam.GetUserInput{UserName: aws.String("one")})
			if err != nil {
				return nil, err
			}
			return []any{out.User.Arn, out.User.Path, out.User.UserName, out.User.CreateDate}, nil
		}},
		{"get unknown", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.GetUser(ctx, &iam.GetUserInput{UserName: aws.String("nobody")}))
		}},
		{"delete unknown", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("nobody")}))
		}},
		{"list by pages", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			for n := range 4 {
				if _, err := c.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String(fmt.Sprintf("more-%d", n))}); err != nil {
					return nil, err
				}
			}
			var sizes []int
			p := iam.NewListUsersPaginator(c.IAM, &iam.ListUsersInput{MaxItems: aws.Int32(2)})
			for p.HasMorePages() {
				out, err := p.NextPage(ctx)
				if err != nil {
					return nil, err
				}
				sizes = append(sizes, len(out.Users))
			}
			return sizes, nil
		}},
		{"list under a path", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.IAM.ListUsers(ctx, &iam.ListUsersInput{PathPrefix: aws.String("/team/")})
			if err != nil {
				return nil, err
			}
			return len(out.Users), nil
		}},
		{"delete", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("one")}))
		}},
		{"create with a bad name", create("no/slash")},
	}}
}

func inlineSequence() sequence {
	put := func(user, name, doc string) func(context.Context, *cloud.Clients, vars) (any, error) {
		return func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: &user, PolicyName: &name, PolicyDocument: &doc}))
		}
	}
	return sequence{"inline policies", []step{
		{"create user", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("u")}))
		}},
		{"put", put("u", "deny", denyAll)},
		{"put on unknown", put("nobody", "deny", denyAll)},
		{"put no JSON", put("u", "bad", "{")},
		{"put without a statement", put("u", "bad", `{"Version":"2012-10-17"}`)},
		{"put without a resource", put("u", "bad", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*"}]}`)},
		{"put with an action of no service", put("u", "bad", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"everything","Resource":"*"}]}`)},
		{"get", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.IAM.GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: aws.String("u"), PolicyName: aws.String("deny")})
			if err != nil {
				return nil, err
			}
			doc, err := url.QueryUnescape(*out.PolicyDocument)
			return []string{*out.UserName, *out.PolicyName, doc}, err
		}},
		{"encoding", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.IAM.GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: aws.String("u"), PolicyName: aws.String("deny")})
			if err != nil {
				return nil, err
			}
			return *out.PolicyDocument, nil
		}},
		{"get unknown", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: aws.String("u"), PolicyName: aws.String("none")}))
		}},
		{"list", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.IAM.ListUserPolicies(ctx, &iam.ListUserPoliciesInput{UserName: aws.String("u")})
			if err != nil {
				return nil, err
			}
			return out.PolicyNames, nil
		}},
		{"delete user with policies", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("u")}))
		}},
		{"delete", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: aws.String("u"), PolicyName: aws.String("deny")}))
		}},
		{"delete again", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: aws.String("u"), PolicyName: aws.String("deny")}))
		}},
		{"put with a principal", put("u", "bad", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}`)},
		{"put too long", put("u", "long", longPolicy(2048))},
	}}
}

func keySequence() sequence {
	list := func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
		out, err := c.IAM.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: aws.String("u")})
		if err != nil {
			return nil, err
		}
		var states []string
		for _, k := range out.AccessKeyMetadata {
			states = append(states, *k.UserName+" "+string(k.Status))
		}
		slices.Sort(states)
		return states, nil
	}
	create := func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
		out, err := c.IAM.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("u")})
		if err != nil {
			return nil, err
		}
		v["key"] = *out.AccessKey.AccessKeyId
		return []any{out.AccessKey.AccessKeyId, out.AccessKey.Status, out.AccessKey.UserName}, nil
	}
	update := func(user, id string, status iamtypes.StatusType) func(context.Context, *cloud.Clients, vars) (any, error) {
		return func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			key := cmp.Or(id, v["key"])
			return done(c.IAM.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: &user, AccessKeyId: &key, Status: status}))
		}
	}
	return sequence{"access keys", []step{
		{"create user", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("u")}))
		}},
		{"create", create},
		{"create another", create},
		{"create a third", create},
		{"create for unknown", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("nobody")}))
		}},
		{"list", list},
		{"list for unknown", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: aws.String("nobody")}))
		}},
		{"disable", update("u", "", iamtypes.StatusTypeInactive)},
		{"disable again", update("u", "", iamtypes.StatusTypeInactive)},
		{"disable unknown", update("u", "AKIAAAAAAAAAAAAAAAAA", iamtypes.StatusTypeInactive)},
		{"disable of unknown user", update("nobody", "", iamtypes.StatusTypeInactive)},
		{"list disabled", list},
		{"last used", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			out, err := c.IAM.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: aws.String(v["key"])})
			if err != nil {
				return nil, err
			}
			return []any{out.UserName, out.AccessKeyLastUsed.Region, out.AccessKeyLastUsed.ServiceName, out.AccessKeyLastUsed.LastUsedDate}, nil
		}},
		{"last used of unknown", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: aws.String("AKIAAAAAAAAAAAAAAAAA")}))
		}},
		{"delete user with keys", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("u")}))
		}},
	}}
}
