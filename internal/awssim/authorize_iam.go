package awssim

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// roleARN, userARN and profileARN are the ARNs of what is named, with its path; of what is not there, with none.
func (x *request) roleARN(name *string) string {
	if r := x.st.IAM.Now.Roles[aws.ToString(name)]; r != nil {
		return aws.ToString(r.Role.Arn)
	}
	return x.st.arn("iam", "", "role/"+aws.ToString(name))
}

func (x *request) userARN(name *string) string {
	if u := x.st.IAM.Now.Users[aws.ToString(name)]; u != nil {
		return aws.ToString(u.User.Arn)
	}
	return x.st.arn("iam", "", "user/"+aws.ToString(name))
}

func (x *request) profileARN(name *string) string {
	if p := x.st.IAM.Now.Profiles[aws.ToString(name)]; p != nil {
		return aws.ToString(p.Profile.Arn)
	}
	return x.st.arn("iam", "", "instance-profile/"+aws.ToString(name))
}

// onIAM asks about the role, user or policy that a call names, with the managed policy that it brings in the context.
func onIAM[I any](d decisions, arn func(*request, *I) string, policy func(*I) *string) {
	decide(d, "IAM", func(x *request, in *I) []Check {
		if policy == nil {
			return []Check{x.ask("", arn(x, in))}
		}
		return []Check{x.ask("", arn(x, in), map[string][]string{"iam:PolicyARN": {aws.ToString(policy(in))}})}
	})
}

func decideRoles(d decisions) {
	onIAM(d, func(x *request, in *iam.GetRoleInput) string { return x.roleARN(in.RoleName) }, nil)
	onIAM(d, func(x *request, in *iam.GetRolePolicyInput) string { return x.roleARN(in.RoleName) }, nil)
	onIAM(d, func(x *request, in *iam.PutRolePolicyInput) string { return x.roleARN(in.RoleName) }, nil)
	onIAM(d, func(x *request, in *iam.DeleteRolePolicyInput) string { return x.roleARN(in.RoleName) }, nil)
	onIAM(d, func(x *request, in *iam.ListRolePoliciesInput) string { return x.roleARN(in.RoleName) }, nil)
	onIAM(d, func(x *request, in *iam.ListAttachedRolePoliciesInput) string { return x.roleARN(in.RoleName) }, nil)
	onIAM(d, func(x *request, in *iam.ListInstanceProfilesForRoleInput) string { return x.roleARN(in.RoleName) }, nil)
	onIAM(d, func(x *request, in *iam.AttachRolePolicyInput) string { return x.roleARN(in.RoleName) },
		func(in *iam.AttachRolePolicyInput) *string { return in.PolicyArn })
	onIAM(d, func(x *request, in *iam.DetachRolePolicyInput) string { return x.roleARN(in.RoleName) },
		func(in *iam.DetachRolePolicyInput) *string { return in.PolicyArn })
	onIAM(d, func(x *request, in *iam.GetInstanceProfileInput) string { return x.profileARN(in.InstanceProfileName) }, nil)
}

func decideUsers(d decisions) {
	onIAM(d, func(x *request, in *iam.GetUserInput) string { return x.userARN(in.UserName) }, nil)
	onIAM(d, func(x *request, in *iam.GetUserPolicyInput) string { return x.userARN(in.UserName) }, nil)
	onIAM(d, func(x *request, in *iam.PutUserPolicyInput) string { return x.userARN(in.UserName) }, nil)
	onIAM(d, func(x *request, in *iam.DeleteUserPolicyInput) string { return x.userARN(in.UserName) }, nil)
	onIAM(d, func(x *request, in *iam.ListAttachedUserPoliciesInput) string { return x.userARN(in.UserName) }, nil)
	onIAM(d, func(x *request, in *iam.AttachUserPolicyInput) string { return x.userARN(in.UserName) },
		func(in *iam.AttachUserPolicyInput) *string { return in.PolicyArn })
	onIAM(d, func(x *request, in *iam.DetachUserPolicyInput) string { return x.userARN(in.UserName) },
		func(in *iam.DetachUserPolicyInput) *string { return in.PolicyArn })
	onIAM(d, func(x *request, in *iam.ListAccessKeysInput) string { return x.userARN(in.UserName) }, nil)
	onIAM(d, func(x *request, in *iam.UpdateAccessKeyInput) string { return x.userARN(in.UserName) }, nil)
}

func decideManagedPolicies(d decisions) {
	onIAM(d, func(x *request, in *iam.CreatePolicyInput) string {
		path := aws.ToString(in.Path)
		if path == "" {
			path = "/"
		}
		return x.st.arn("iam", "", "policy"+path+aws.ToString(in.PolicyName))
	}, nil)
	onIAM(d, func(_ *request, in *iam.DeletePolicyInput) string { return aws.ToString(in.PolicyArn) }, nil)
	onIAM(d, func(_ *request, in *iam.CreatePolicyVersionInput) string { return aws.ToString(in.PolicyArn) }, nil)
	onIAM(d, func(_ *request, in *iam.DeletePolicyVersionInput) string { return aws.ToString(in.PolicyArn) }, nil)
	onIAM(d, func(_ *request, in *iam.GetPolicyVersionInput) string { return aws.ToString(in.PolicyArn) }, nil)
	onIAM(d, func(_ *request, in *iam.ListPolicyVersionsInput) string { return aws.ToString(in.PolicyArn) }, nil)
}
