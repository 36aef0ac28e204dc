package awssim_test

import (
	"cmp"
	"context"
	"net/url"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"cordon/internal/cloud"
)

func createRole(name, path string) func(context.Context, *cloud.Clients, vars) (any, error) {
	return func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
		out, err := c.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, Path: &path, AssumeRolePolicyDocument: aws.String(ec2Trust)})
		if err != nil {
			return nil, err
		}
		return []any{out.Role.Arn, out.Role.RoleId, out.Role.Path, out.Role.MaxSessionDuration}, nil
	}
}

func putRolePolicy(role, name, doc string) func(context.Context, *cloud.Clients, vars) (any, error) {
	return func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
		return done(c.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &role, PolicyName: &name, PolicyDocument: &doc}))
	}
}

func roleSequence() sequence {
	return sequence{"roles", []step{
		{"create", createRole("r", "/")},
		{"create again", createRole("r", "/")},
		{"create with a bad trust policy", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("bad"), AssumeRolePolicyDocument: aws.String("{")}))
		}},
		{"get unknown", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("none")}))
		}},
		{"trust policy", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String("r")})
			if err != nil {
				return nil, err
			}
			return url.QueryUnescape(*out.Role.AssumeRolePolicyDocument)
		}},
		{"put policy", putRolePolicy("r", "deny", denyAll)},
		{"put policy on unknown", putRolePolicy("none", "deny", denyAll)},
		{"put policy too long", putRolePolicy("r", "long", longPolicy(10240))},
		{"get policy", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.IAM.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: aws.String("r"), PolicyName: aws.String("deny")})
			if err != nil {
				return nil, err
			}
			doc, err := url.QueryUnescape(*out.PolicyDocument)
			return []string{*out.RoleName, *out.PolicyName, doc}, err
		}},
		{"get unknown policy", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: aws.String("r"), PolicyName: aws.String("none")}))
		}},
		{"delete unknown policy", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: aws.String("r"), PolicyName: aws.String("none")}))
		}},
		{"delete role with policies", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: aws.String("r")}))
		}},
		{"delete policy", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: aws.String("r"), PolicyName: aws.String("deny")}))
		}},
		{"service-linked role", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.IAM.CreateServiceLinkedRole(ctx, &iam.CreateServiceLinkedRoleInput{AWSServiceName: aws.String("autoscaling.amazonaws.com"), CustomSuffix: aws.String("x")})
			if err != nil {
				return nil, err
			}
			return []any{out.Role.RoleName, out.Role.Path}, nil
		}},
		{"put policy on service-linked role", putRolePolicy("AWSServiceRoleForAutoScaling_x", "deny", denyAll)},
		{"assume", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.STS.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + c.Account + ":role/r"), RoleSessionName: aws.String("me")})
			if err != nil {
				return nil, err
			}
			return out.AssumedRoleUser, nil
		}},
		{"assume unknown", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.STS.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + c.Account + ":role/none"), RoleSessionName: aws.String("me")}))
		}},
		{"assume for too long", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.STS.AssumeRole(ctx, &sts.AssumeRoleInput{
				RoleArn: aws.String("arn:aws:iam::" + c.Account + ":role/r"), RoleSessionName: aws.String("me"), DurationSeconds: aws.Int32(43201),
			}))
		}},
		{"account", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.STS.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
			if err != nil {
				return nil, err
			}
			return out.Account, nil
		}},
	}}
}

func managedSequence() sequence {
	attach := func(role, arn string) func(context.Context, *cloud.Clients, vars) (any, error) {
		return func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			return done(c.IAM.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &role, PolicyArn: aws.String(cmp.Or(arn, v["policy"]))}))
		}
	}
	detach := func(arn string) func(context.Context, *cloud.Clients, vars) (any, error) {
		return func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			return done(c.IAM.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: aws.String("r"), PolicyArn: aws.String(cmp.Or(arn, v["policy"]))}))
		}
	}
	remove := func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
		return done(c.IAM.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: aws.String(v["policy"])}))
	}
	create := func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
		out, err := c.IAM.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("deny"), PolicyDocument: aws.String(denyAll)})
		if err != nil {
			return nil, err
		}
		v["policy"] = *out.Policy.Arn
		return []any{out.Policy.Arn, out.Policy.DefaultVersionId, out.Policy.IsAttachable}, nil
	}
	version := func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
		out, err := c.IAM.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: aws.String(v["policy"]), PolicyDocument: aws.String(denyAll), SetAsDefault: true})
		if err != nil {
			return nil, err
		}
		return []any{out.PolicyVersion.VersionId, out.PolicyVersion.IsDefaultVersion}, nil
	}
	return sequence{"managed policies", []step{
		{"create role", createRole("r", "/")},
		{"create", create},
		{"create again", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("deny"), PolicyDocument: aws.String(denyAll)}))
		}},
		{"create malformed", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("bad"), PolicyDocument: aws.String("no")}))
		}},
		{"attach", attach("r", "")},
		{"attach again", attach("r", "")},
		{"attach AWS's", attach("r", ssmCore)},
		{"attach unknown", attach("r", "arn:aws:iam::123456789012:policy/none")},
		{"attach to unknown", attach("none", ssmCore)},
		{"list", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.IAM.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: aws.String("r")})
			if err != nil {
				return nil, err
			}
			var names []string
			for _, p := range out.AttachedPolicies {
				names = append(names, *p.PolicyName)
			}
			slices.Sort(names)
			return names, nil
		}},
		{"attachments", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			out, err := c.IAM.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String(v["policy"])})
			if err != nil {
				return nil, err
			}
			return out.Policy.AttachmentCount, nil
		}},
		{"detach", detach("")},
		{"detach again", detach("")},
		{"new version", version},
		{"delete the default version", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			return done(c.IAM.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: aws.String(v["policy"]), VersionId: aws.String("v2")}))
		}},
		{"delete the old version", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			return done(c.IAM.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: aws.String(v["policy"]), VersionId: aws.String("v1")}))
		}},
		{"delete", remove},
		{"delete again", remove},
		{"create anew", create},
		{"new version anew", version},
		{"delete with versions", remove},
	}}
}

// attachedSequence is apart, as moto deletes the policy that AWS would not.
func attachedSequence() sequence {
	return sequence{"attached policy", []step{
		{"attach", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			if _, err := c.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("u")}); err != nil {
				return nil, err
			}
			out, err := c.IAM.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("deny"), PolicyDocument: aws.String(denyAll)})
			if err != nil {
				return nil, err
			}
			v["policy"] = *out.Policy.Arn
			return done(c.IAM.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String("u"), PolicyArn: out.Policy.Arn}))
		}},
		{"list", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.IAM.ListAttachedUserPolicies(ctx, &iam.ListAttachedUserPoliciesInput{UserName: aws.String("u")})
			if err != nil {
				return nil, err
			}
			return out.AttachedPolicies, nil
		}},
		{"delete user", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("u")}))
		}},
		{"delete", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			return done(c.IAM.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: aws.String(v["policy"])}))
		}},
	}}
}

func profileSequence() sequence {
	create := func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
		out, err := c.IAM.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: aws.String("p")})
		if err != nil {
			return nil, err
		}
		return []any{out.InstanceProfile.Arn, len(out.InstanceProfile.Roles)}, nil
	}
	add := func(profile, role string) func(context.Context, *cloud.Clients, vars) (any, error) {
		return func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: &profile, RoleName: &role}))
		}
	}
	return sequence{"instance profiles", []step{
		{"create", create},
		{"create again", create},
		{"create role", createRole("r", "/")},
		{"create another role", createRole("other", "/")},
		{"add", add("p", "r")},
		{"add a second", add("p", "other")},
		{"add unknown", add("p", "none")},
		{"add to unknown", add("none", "r")},
		{"get", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.IAM.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: aws.String("p")})
			if err != nil {
				return nil, err
			}
			return []any{out.InstanceProfile.InstanceProfileName, out.InstanceProfile.Roles[0].RoleName}, nil
		}},
		{"get unknown", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.GetInstanceProfile(ctx, &iam.GetInstanceProfileInput{InstanceProfileName: aws.String("none")}))
		}},
		{"of role", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.IAM.ListInstanceProfilesForRole(ctx, &iam.ListInstanceProfilesForRoleInput{RoleName: aws.String("r")})
			if err != nil {
				return nil, err
			}
			return len(out.InstanceProfiles), nil
		}},
		{"delete role in profile", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: aws.String("r")}))
		}},
		{"delete profile with role", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.DeleteInstanceProfile(ctx, &iam.DeleteInstanceProfileInput{InstanceProfileName: aws.String("p")}))
		}},
		{"remove", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: aws.String("p"), RoleName: aws.String("r")}))
		}},
		{"remove again", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: aws.String("p"), RoleName: aws.String("r")}))
		}},
		{"delete", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.IAM.DeleteInstanceProfile(ctx, &iam.DeleteInstanceProfileInput{InstanceProfileName: aws.String("p")}))
		}},
	}}
}
