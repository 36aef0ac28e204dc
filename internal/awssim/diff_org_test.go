package awssim_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"cordon/internal/awssim"
	"cordon/internal/cloud"
	"cordon/internal/mototest"
)

// orgRole is the role that AWS Organizations makes in a new account; in moto every role may be assumed.
const orgRole = "OrganizationAccountAccessRole"

// newPair is the hub of an organization whose other account has orgRole.
func newPair(t *testing.T) *awssim.Account {
	t.Helper()
	hub, other := awssim.New(awssim.Options{AccountID: mototest.Account}), awssim.New(awssim.Options{AccountID: accountB})
	if _, err := iam.NewFromConfig(other.Config("us-east-1")).CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String(orgRole), AssumeRolePolicyDocument: aws.String(trustOf(`{"AWS":"arn:aws:iam::`+mototest.Account+`:root"}`, "")),
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := awssim.NewOrganization(hub, other); err != nil {
		t.Fatal(err)
	}
	return hub
}

// knownOrg are the known differences: moto assumes every role for everyone, whether it is there or not.
var knownOrg = map[string]difference{
	"other account/assume a role that trusts nobody": {"error AccessDenied", `ok "arn:aws:sts::444455556666:assumed-role/closed/me"`, "sim", "STS API reference, AssumeRole: the role's trust policy has to allow the caller"},
	"other account/assume unknown":                   {"error AccessDenied", `ok "arn:aws:sts::444455556666:assumed-role/none/me"`, "sim", "user guide, troubleshoot IAM roles: AccessDenied where the role is not there or not to be assumed"},
	"other account/wrong external id":                {"error AccessDenied", `ok "arn:aws:sts::444455556666:assumed-role/with-id/me"`, "sim", "user guide, access to AWS accounts owned by third parties: the condition sts:ExternalId"},
	"other account/unknown credentials":              {"error InvalidClientTokenId", `ok "123456789012"`, "sim", "STS API reference, common errors: InvalidClientTokenId"},
}

func TestDifferentialOrganization(t *testing.T) {
	differentialOn(t, newPair, []sequence{otherAccountSequence()}, knownOrg)
}

func otherAccountSequence() sequence {
	// in gives clients' options the credentials that an earlier step has put into v.
	in := func(v vars) aws.CredentialsProvider {
		return credentials.NewStaticCredentialsProvider(v["key"], v["secret"], v["token"])
	}
	assume := func(role, id string) func(context.Context, *cloud.Clients, vars) (any, error) {
		return func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			input := &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + accountB + ":role/" + role), RoleSessionName: aws.String("me")}
			if id != "" {
				input.ExternalId = &id
			}
			out, err := c.STS.AssumeRole(ctx, input)
			if err != nil {
				return nil, err
			}
			v["key"], v["secret"], v["token"] = *out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken
			return out.AssumedRoleUser.Arn, nil
		}
	}
	create := func(name, trust string) func(context.Context, *cloud.Clients, vars) (any, error) {
		return func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			out, err := iam.New(c.IAM.Options(), func(o *iam.Options) { o.Credentials = in(v) }).CreateRole(ctx, &iam.CreateRoleInput{
				RoleName: &name, AssumeRolePolicyDocument: &trust,
			})
			if err != nil {
				return nil, err
			}
			return out.Role.Arn, nil
		}
	}
	hubTrust := func(rest string) string {
		return trustOf(`{"AWS":"arn:aws:iam::`+mototest.Account+`:root"}`, rest)
	}
	return sequence{"other account", []step{
		{"assume", assume(orgRole, "")},
		{"caller", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			out, err := sts.New(c.STS.Options(), func(o *sts.Options) { o.Credentials = in(v) }).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
			if err != nil {
				return nil, err
			}
			return []any{out.Account, out.Arn}, nil
		}},
		{"make a role", create("with-id", hubTrust(`,"Condition":{"StringEquals":{"sts:ExternalId":"our-id"}}`))},
		{"make a role that trusts nobody", create("closed", trustOf(`{"Service":"ec2.amazonaws.com"}`, ""))},
		{"the hub does not have it", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("with-id")}))
		}},
		{"make a VPC", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			out, err := ec2.New(c.EC2.Options(), func(o *ec2.Options) { o.Credentials = in(v) }).CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.9.0.0/16")})
			if err != nil {
				return nil, err
			}
			v["vpc"] = *out.Vpc.VpcId
			return out.Vpc.OwnerId, nil
		}},
		{"the hub does not have that either", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			return done(c.EC2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{VpcIds: []string{v["vpc"]}}))
		}},
		{"with external id", assume("with-id", "our-id")},
		{"wrong external id", assume("with-id", "their-id")},
		{"assume a role that trusts nobody", assume("closed", "")},
		{"assume unknown", assume("none", "")},
		{"unknown credentials", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := sts.New(c.STS.Options(), func(o *sts.Options) {
				o.Credentials = credentials.NewStaticCredentialsProvider("ASIAAAAAAAAAAAAAAAAA", "x", "y")
			}).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
			if err != nil {
				return nil, err
			}
			return out.Account, nil
		}},
		{"the hub itself", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.STS.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
			if err != nil {
				return nil, err
			}
			return out.Account, nil
		}},
	}}
}
