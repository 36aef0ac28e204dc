package awssim

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// Quotas of IAM: inline policies' summed size in characters without white space.
const (
	userInlineLimit = 2048
	roleInlineLimit = 10240
)

func registerIAMInline(r registry) {
	write(r, "IAM", putUserPolicy)
	read(r, "IAM", getUserPolicy)
	write(r, "IAM", deleteUserPolicy)
	read(r, "IAM", listUserPolicies)
	write(r, "IAM", putRolePolicy)
	read(r, "IAM", getRolePolicy)
	write(r, "IAM", deleteRolePolicy)
	read(r, "IAM", listRolePolicies)
}

// putInline checks and stores an inline policy of the entity that kind and owner name.
func putInline(inline map[string]string, kind, owner string, limit int, name, document *string) error {
	if err := checkIAMName("policyName", name, 128); err != nil {
		return err
	}
	if err := checkPolicy(aws.ToString(document), identityPolicy); err != nil {
		return err
	}
	size := policySize(*document)
	for n, doc := range inline {
		if n != *name {
			size += policySize(doc)
		}
	}
	if size > limit {
		return limitExceeded("Maximum policy size of %d bytes exceeded for %s %s", limit, kind, owner)
	}
	inline[*name] = *document
	return nil
}

func noSuchInline(kind string, name *string) error {
	return noSuchEntity("The %s policy with name %s cannot be found.", kind, aws.ToString(name))
}

func putUserPolicy(x *request, in *iam.PutUserPolicyInput) (*iam.PutUserPolicyOutput, error) {
	u, err := x.iamWrite().user(in.UserName)
	if err != nil {
		return nil, err
	}
	if err := putInline(u.Inline, "user", *in.UserName, userInlineLimit, in.PolicyName, in.PolicyDocument); err != nil {
		return nil, err
	}
	return &iam.PutUserPolicyOutput{}, nil
}

func getUserPolicy(x *request, in *iam.GetUserPolicyInput) (*iam.GetUserPolicyOutput, error) {
	u, err := x.iamView().user(in.UserName)
	if err != nil {
		return nil, err
	}
	doc, ok := u.Inline[aws.ToString(in.PolicyName)]
	if !ok {
		return nil, noSuchInline("user", in.PolicyName)
	}
	return &iam.GetUserPolicyOutput{UserName: clone(in.UserName), PolicyName: clone(in.PolicyName), PolicyDocument: encodePolicy(doc)}, nil
}

func deleteUserPolicy(x *request, in *iam.DeleteUserPolicyInput) (*iam.DeleteUserPolicyOutput, error) {
	u, err := x.iamWrite().user(in.UserName)
	if err != nil {
		return nil, err
	}
	if _, ok := u.Inline[aws.ToString(in.PolicyName)]; !ok {
		return nil, noSuchInline("user", in.PolicyName)
	}
	delete(u.Inline, *in.PolicyName)
	return &iam.DeleteUserPolicyOutput{}, nil
}

func listUserPolicies(x *request, in *iam.ListUserPoliciesInput) (*iam.ListUserPoliciesOutput, error) {
	u, err := x.iamView().user(in.UserName)
	if err != nil {
		return nil, err
	}
	page, marker, more, err := iamPage(sortedKeys(u.Inline), in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &iam.ListUserPoliciesOutput{PolicyNames: page, Marker: marker, IsTruncated: more}, nil
}

func putRolePolicy(x *request, in *iam.PutRolePolicyInput) (*iam.PutRolePolicyOutput, error) {
	r, err := x.iamWrite().changeableRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	if err := putInline(r.Inline, "role", *in.RoleName, roleInlineLimit, in.PolicyName, in.PolicyDocument); err != nil {
		return nil, err
	}
	return &iam.PutRolePolicyOutput{}, nil
}

func getRolePolicy(x *request, in *iam.GetRolePolicyInput) (*iam.GetRolePolicyOutput, error) {
	r, err := x.iamView().role(in.RoleName)
	if err != nil {
		return nil, err
	}
	doc, ok := r.Inline[aws.ToString(in.PolicyName)]
	if !ok {
		return nil, noSuchInline("role", in.PolicyName)
	}
	return &iam.GetRolePolicyOutput{RoleName: clone(in.RoleName), PolicyName: clone(in.PolicyName), PolicyDocument: encodePolicy(doc)}, nil
}

func deleteRolePolicy(x *request, in *iam.DeleteRolePolicyInput) (*iam.DeleteRolePolicyOutput, error) {
	r, err := x.iamWrite().changeableRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	if _, ok := r.Inline[aws.ToString(in.PolicyName)]; !ok {
		return nil, noSuchInline("role", in.PolicyName)
	}
	delete(r.Inline, *in.PolicyName)
	return &iam.DeleteRolePolicyOutput{}, nil
}

func listRolePolicies(x *request, in *iam.ListRolePoliciesInput) (*iam.ListRolePoliciesOutput, error) {
	r, err := x.iamView().role(in.RoleName)
	if err != nil {
		return nil, err
	}
	page, marker, more, err := iamPage(sortedKeys(r.Inline), in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &iam.ListRolePoliciesOutput{PolicyNames: page, Marker: marker, IsTruncated: more}, nil
}
