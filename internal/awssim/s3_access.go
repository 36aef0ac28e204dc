package awssim

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func registerBucketAccess(r registry) {
	read(r, "S3", getPublicAccessBlock)
	write(r, "S3", putPublicAccessBlock)
	write(r, "S3", deletePublicAccessBlock)
	read(r, "S3", getBucketPolicy)
	write(r, "S3", putBucketPolicy)
	write(r, "S3", deleteBucketPolicy)
	read(r, "S3", getBucketPolicyStatus)
	read(r, "S3", getBucketACL)
	write(r, "S3", putBucketACL)
}

func getPublicAccessBlock(x *request, in *s3.GetPublicAccessBlockInput) (*s3.GetPublicAccessBlockOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	if err != nil {
		return nil, err
	}
	if b.Block == nil {
		return nil, apiError(404, "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found")
	}
	return &s3.GetPublicAccessBlockOutput{PublicAccessBlockConfiguration: clone(b.Block)}, nil
}

// blockable is bucket for a change of its public access block, which an organization's policy may forbid.
func (x *request) blockable(name, expectedOwner *string) (*bucket, error) {
	b, err := x.bucket(name, expectedOwner, withBody)
	if err == nil && b.BlockEnforced {
		return nil, s3Denied(withBody)
	}
	return b, err
}

// putPublicAccessBlock replaces all four settings; one that is not named is false.
func putPublicAccessBlock(x *request, in *s3.PutPublicAccessBlockInput) (*s3.PutPublicAccessBlockOutput, error) {
	b, err := x.blockable(in.Bucket, in.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	c := in.PublicAccessBlockConfiguration
	b.Block = &s3types.PublicAccessBlockConfiguration{
		BlockPublicAcls: aws.Bool(aws.ToBool(c.BlockPublicAcls)), IgnorePublicAcls: aws.Bool(aws.ToBool(c.IgnorePublicAcls)),
		BlockPublicPolicy: aws.Bool(aws.ToBool(c.BlockPublicPolicy)), RestrictPublicBuckets: aws.Bool(aws.ToBool(c.RestrictPublicBuckets)),
	}
	return &s3.PutPublicAccessBlockOutput{}, nil
}

func deletePublicAccessBlock(x *request, in *s3.DeletePublicAccessBlockInput) (*s3.DeletePublicAccessBlockOutput, error) {
	b, err := x.blockable(in.Bucket, in.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	b.Block = nil
	return &s3.DeletePublicAccessBlockOutput{}, nil
}

func noSuchBucketPolicy() error {
	return apiError(404, "NoSuchBucketPolicy", "The bucket policy does not exist")
}

func getBucketPolicy(x *request, in *s3.GetBucketPolicyInput) (*s3.GetBucketPolicyOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	if err != nil {
		return nil, err
	}
	if b.Policy == "" {
		return nil, noSuchBucketPolicy()
	}
	return &s3.GetBucketPolicyOutput{Policy: aws.String(b.Policy)}, nil
}

func putBucketPolicy(x *request, in *s3.PutBucketPolicyInput) (*s3.PutBucketPolicyOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	if err != nil {
		return nil, err
	}
	policy := aws.ToString(in.Policy)
	if fault := bucketPolicyFault(policy, b.Name); fault != "" {
		return nil, apiError(400, "MalformedPolicy", "%s", fault)
	}
	if b.Block != nil && aws.ToBool(b.Block.BlockPublicPolicy) && publicPolicy(policy) {
		return nil, s3Denied(withBody)
	}
	b.Policy = policy
	return &s3.PutBucketPolicyOutput{}, nil
}

func deleteBucketPolicy(x *request, in *s3.DeleteBucketPolicyInput) (*s3.DeleteBucketPolicyOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	if err != nil {
		return nil, err
	}
	b.Policy = ""
	return &s3.DeleteBucketPolicyOutput{}, nil
}

func getBucketPolicyStatus(x *request, in *s3.GetBucketPolicyStatusInput) (*s3.GetBucketPolicyStatusOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	if err != nil {
		return nil, err
	}
	if b.Policy == "" {
		return nil, noSuchBucketPolicy()
	}
	return &s3.GetBucketPolicyStatusOutput{PolicyStatus: &s3types.PolicyStatus{IsPublic: aws.Bool(publicPolicy(b.Policy))}}, nil
}

func getBucketACL(x *request, in *s3.GetBucketAclInput) (*s3.GetBucketAclOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	if err != nil {
		return nil, err
	}
	return &s3.GetBucketAclOutput{Owner: x.owner(), Grants: clone(b.Grants)}, nil
}

func putBucketACL(x *request, in *s3.PutBucketAclInput) (*s3.PutBucketAclOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	if err != nil {
		return nil, err
	}
	grants, err := askedGrants(in, x.st.Account)
	if err != nil {
		return nil, err
	}
	if b.Ownership == s3types.ObjectOwnershipBucketOwnerEnforced && in.ACL != s3types.BucketCannedACLPrivate {
		return nil, apiError(400, "AccessControlListNotSupported", "The bucket does not allow ACLs")
	}
	if b.Block != nil && aws.ToBool(b.Block.BlockPublicAcls) && grantsPublic(grants) {
		return nil, s3Denied(withBody)
	}
	b.Grants = grants
	return &s3.PutBucketAclOutput{}, nil
}

// askedGrants gives the grants that a PutBucketAcl asks for: a canned ACL, or a list; the grant headers are not
// simulated.
func askedGrants(in *s3.PutBucketAclInput, account string) ([]s3types.Grant, error) {
	for _, header := range []*string{in.GrantFullControl, in.GrantRead, in.GrantReadACP, in.GrantWrite, in.GrantWriteACP} {
		if header != nil {
			return nil, apiError(501, "UnsimulatedOperation", "PutBucketAcl with grant headers is not simulated")
		}
	}
	switch {
	case in.ACL != "" && in.AccessControlPolicy != nil:
		return nil, apiError(400, "UnexpectedContent", "This request does not support content")
	case in.ACL != "":
		grants, ok := cannedGrants(in.ACL, account)
		if !ok {
			return nil, apiError(400, "InvalidArgument", "The canned ACL %s is not valid", in.ACL)
		}
		return grants, nil
	case in.AccessControlPolicy == nil:
		return nil, apiError(400, "MissingSecurityHeader", "Your request was missing a required header")
	case in.AccessControlPolicy.Owner == nil:
		return nil, apiError(400, "MalformedACLError", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	return clone(in.AccessControlPolicy.Grants), nil
}
