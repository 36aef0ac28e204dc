package awssim

import (
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const policyVersionLimit = 5

func registerIAMVersions(r registry) {
	write(r, "IAM", createPolicyVersion)
	read(r, "IAM", getPolicyVersion)
	read(r, "IAM", listPolicyVersions)
	write(r, "IAM", deletePolicyVersion)
}

func createPolicyVersion(x *request, in *iam.CreatePolicyVersionInput) (*iam.CreatePolicyVersionOutput, error) {
	p, err := x.iamWrite().policy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	if err := checkManaged(in.PolicyDocument); err != nil {
		return nil, err
	}
	if len(p.Documents) >= policyVersionLimit {
		return nil, limitExceeded("A managed policy can have up to %d versions. Before you create a new version, you must delete an existing version.", policyVersionLimit)
	}
	id := "v" + strconv.Itoa(p.Next)
	p.Next++
	now := x.now.Truncate(time.Second)
	p.Documents[id], p.Created[id] = *in.PolicyDocument, now
	if in.SetAsDefault {
		p.Policy.DefaultVersionId, p.Policy.UpdateDate = &id, &now
	}
	v := p.version(id)
	v.Document = nil
	return &iam.CreatePolicyVersionOutput{PolicyVersion: &v}, nil
}

func (p *iamPolicy) version(id string) iamtypes.PolicyVersion {
	return iamtypes.PolicyVersion{
		VersionId: &id, IsDefaultVersion: id == *p.Policy.DefaultVersionId,
		CreateDate: aws.Time(p.Created[id]), Document: encodePolicy(p.Documents[id]),
	}
}

func (p *iamPolicy) hasVersion(id *string) error {
	if _, ok := p.Documents[aws.ToString(id)]; !ok {
		return noSuchEntity("Policy %s version %s does not exist or is not attachable.", *p.Policy.Arn, aws.ToString(id))
	}
	return nil
}

func getPolicyVersion(x *request, in *iam.GetPolicyVersionInput) (*iam.GetPolicyVersionOutput, error) {
	p, err := x.iamView().policy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	if err := p.hasVersion(in.VersionId); err != nil {
		return nil, err
	}
	return &iam.GetPolicyVersionOutput{PolicyVersion: new(p.version(*in.VersionId))}, nil
}

func listPolicyVersions(x *request, in *iam.ListPolicyVersionsInput) (*iam.ListPolicyVersionsOutput, error) {
	p, err := x.iamView().policy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	page, marker, more, err := iamPage(sortedKeys(p.Documents), in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListPolicyVersionsOutput{Versions: []iamtypes.PolicyVersion{}, Marker: marker, IsTruncated: more}
	for _, id := range page {
		v := p.version(id)
		v.Document = nil
		out.Versions = append(out.Versions, v)
	}
	return out, nil
}

func deletePolicyVersion(x *request, in *iam.DeletePolicyVersionInput) (*iam.DeletePolicyVersionOutput, error) {
	p, err := x.iamWrite().policy(in.PolicyArn)
	if err != nil {
		return nil, err
	}
	if err := p.hasVersion(in.VersionId); err != nil {
		return nil, err
	}
	if *in.VersionId == *p.Policy.DefaultVersionId {
		return nil, deleteConflict("Cannot delete the default version of a policy.")
	}
	delete(p.Documents, *in.VersionId)
	delete(p.Created, *in.VersionId)
	return &iam.DeletePolicyVersionOutput{}, nil
}
