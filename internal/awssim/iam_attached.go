package awssim

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const attachedLimit = 10 // managed policies on one user or role

func registerIAMAttached(r registry) {
	write(r, "IAM", attachUserPolicy)
	write(r, "IAM", detachUserPolicy)
	read(r, "IAM", listAttachedUserPolicies)
	write(r, "IAM", attachRolePolicy)
	write(r, "IAM", detachRolePolicy)
	read(r, "IAM", listAttachedRolePolicies)
}

// attach adds a managed policy to the list; one that is there already stays, without an error.
func (d *iamData) attach(list *[]string, kind string, arn *string) error {
	if _, err := d.managedName(arn); err != nil {
		return err
	}
	if slices.Contains(*list, *arn) {
		return nil
	}
	if len(*list) >= attachedLimit {
		return limitExceeded("Cannot exceed quota for PoliciesPer%s: %d", kind, attachedLimit)
	}
	*list = append(*list, *arn)
	return nil
}

func detach(list *[]string, arn *string) error {
	i := slices.Index(*list, aws.ToString(arn))
	if i < 0 {
		return noSuchEntity("Policy %s was not found.", aws.ToString(arn))
	}
	*list = slices.Delete(*list, i, i+1)
	return nil
}

func (d *iamData) attachedPage(list []string, marker *string, maxItems *int32) ([]iamtypes.AttachedPolicy, *string, bool, error) {
	page, next, more, err := iamPage(slices.Sorted(slices.Values(list)), marker, maxItems)
	if err != nil {
		return nil, nil, false, err
	}
	out := []iamtypes.AttachedPolicy{}
	for _, arn := range page {
		name, err := d.managedName(&arn)
		if err != nil {
			return nil, nil, false, err
		}
		out = append(out, iamtypes.AttachedPolicy{PolicyArn: &arn, PolicyName: &name})
	}
	return out, next, more, nil
}

func attachUserPolicy(x *request, in *iam.AttachUserPolicyInput) (*iam.AttachUserPolicyOutput, error) {
	d := x.iamWrite()
	u, err := d.user(in.UserName)
	if err != nil {
		return nil, err
	}
	if err := d.attach(&u.Attached, "User", in.PolicyArn); err != nil {
		return nil, err
	}
	return &iam.AttachUserPolicyOutput{}, nil
}

func detachUserPolicy(x *request, in *iam.DetachUserPolicyInput) (*iam.DetachUserPolicyOutput, error) {
	u, err := x.iamWrite().user(in.UserName)
	if err != nil {
		return nil, err
	}
	if err := detach(&u.Attached, in.PolicyArn); err != nil {
		return nil, err
	}
	return &iam.DetachUserPolicyOutput{}, nil
}

func listAttachedUserPolicies(x *request, in *iam.ListAttachedUserPoliciesInput) (*iam.ListAttachedUserPoliciesOutput, error) {
	d := x.iamView()
	u, err := d.user(in.UserName)
	if err != nil {
		return nil, err
	}
	page, marker, more, err := d.attachedPage(u.Attached, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &iam.ListAttachedUserPoliciesOutput{AttachedPolicies: page, Marker: marker, IsTruncated: more}, nil
}

func attachRolePolicy(x *request, in *iam.AttachRolePolicyInput) (*iam.AttachRolePolicyOutput, error) {
	d := x.iamWrite()
	r, err := d.changeableRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	if err := d.attach(&r.Attached, "Role", in.PolicyArn); err != nil {
		return nil, err
	}
	return &iam.AttachRolePolicyOutput{}, nil
}

func detachRolePolicy(x *request, in *iam.DetachRolePolicyInput) (*iam.DetachRolePolicyOutput, error) {
	r, err := x.iamWrite().changeableRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	if err := detach(&r.Attached, in.PolicyArn); err != nil {
		return nil, err
	}
	return &iam.DetachRolePolicyOutput{}, nil
}

func listAttachedRolePolicies(x *request, in *iam.ListAttachedRolePoliciesInput) (*iam.ListAttachedRolePoliciesOutput, error) {
	d := x.iamView()
	r, err := d.role(in.RoleName)
	if err != nil {
		return nil, err
	}
	page, marker, more, err := d.attachedPage(r.Attached, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	return &iam.ListAttachedRolePoliciesOutput{AttachedPolicies: page, Marker: marker, IsTruncated: more}, nil
}
