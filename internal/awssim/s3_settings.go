package awssim

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func registerBucketSettings(r registry) {
	read(r, "S3", getBucketVersioning)
	write(r, "S3", putBucketVersioning)
	read(r, "S3", getBucketTagging)
	write(r, "S3", putBucketTagging)
	write(r, "S3", deleteBucketTagging)
	read(r, "S3", getBucketWebsite)
	write(r, "S3", putBucketWebsite)
	write(r, "S3", deleteBucketWebsite)
	read(r, "S3", getBucketOwnershipControls)
	write(r, "S3", putBucketOwnershipControls)
}

func malformedXML() error {
	return apiError(400, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
}

func getBucketVersioning(x *request, in *s3.GetBucketVersioningInput) (*s3.GetBucketVersioningOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	if err != nil {
		return nil, err
	}
	return &s3.GetBucketVersioningOutput{Status: b.Versioning}, nil
}

func putBucketVersioning(x *request, in *s3.PutBucketVersioningInput) (*s3.PutBucketVersioningOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	if err != nil {
		return nil, err
	}
	status := in.VersioningConfiguration.Status
	if status != s3types.BucketVersioningStatusEnabled && status != s3types.BucketVersioningStatusSuspended {
		return nil, apiError(400, "IllegalVersioningConfigurationException", "The Versioning element must be specified")
	}
	if b.Lock != nil && status != s3types.BucketVersioningStatusEnabled {
		return nil, apiError(409, "InvalidBucketState", "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.")
	}
	b.Versioning = status
	return &s3.PutBucketVersioningOutput{}, nil
}

func getBucketTagging(x *request, in *s3.GetBucketTaggingInput) (*s3.GetBucketTaggingOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	if err != nil {
		return nil, err
	}
	if len(b.Tags) == 0 {
		return nil, apiError(404, "NoSuchTagSet", "The TagSet does not exist")
	}
	return &s3.GetBucketTaggingOutput{TagSet: clone(b.Tags)}, nil
}

func putBucketTagging(x *request, in *s3.PutBucketTaggingInput) (*s3.PutBucketTaggingOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, t := range in.Tagging.TagSet {
		key := aws.ToString(t.Key)
		if key == "" || len(key) > 128 || len(aws.ToString(t.Value)) > 256 || strings.HasPrefix(key, "aws:") || seen[key] {
			return nil, apiError(400, "InvalidTag", "The tag with key %q is not valid", key)
		}
		seen[key] = true
	}
	if len(seen) > 50 {
		return nil, apiError(400, "BadRequest", "Bucket tag count cannot be greater than 50")
	}
	b.Tags = clone(in.Tagging.TagSet)
	return &s3.PutBucketTaggingOutput{}, nil
}

func deleteBucketTagging(x *request, in *s3.DeleteBucketTaggingInput) (*s3.DeleteBucketTaggingOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	if err != nil {
		return nil, err
	}
	b.Tags = nil
	return &s3.DeleteBucketTaggingOutput{}, nil
}

func getBucketWebsite(x *request, in *s3.GetBucketWebsiteInput) (*s3.GetBucketWebsiteOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	if err != nil {
		return nil, err
	}
	if b.Website == nil {
		return nil, apiError(404, "NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration")
	}
	w := clone(b.Website)
	return &s3.GetBucketWebsiteOutput{
		ErrorDocument: w.ErrorDocument, IndexDocument: w.IndexDocument,
		RedirectAllRequestsTo: w.RedirectAllRequestsTo, RoutingRules: w.RoutingRules,
	}, nil
}

func putBucketWebsite(x *request, in *s3.PutBucketWebsiteInput) (*s3.PutBucketWebsiteOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	if err != nil {
		return nil, err
	}
	if w := in.WebsiteConfiguration; w.IndexDocument == nil && w.RedirectAllRequestsTo == nil {
		return nil, apiError(400, "InvalidArgument", "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty")
	}
	b.Website = clone(in.WebsiteConfiguration)
	return &s3.PutBucketWebsiteOutput{}, nil
}

func deleteBucketWebsite(x *request, in *s3.DeleteBucketWebsiteInput) (*s3.DeleteBucketWebsiteOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	if err != nil {
		return nil, err
	}
	b.Website = nil
	return &s3.DeleteBucketWebsiteOutput{}, nil
}

func getBucketOwnershipControls(x *request, in *s3.GetBucketOwnershipControlsInput) (*s3.GetBucketOwnershipControlsOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	if err != nil {
		return nil, err
	}
	if b.Ownership == "" {
		return nil, apiError(404, "OwnershipControlsNotFoundError", "The bucket ownership controls were not found")
	}
	return &s3.GetBucketOwnershipControlsOutput{OwnershipControls: &s3types.OwnershipControls{
		Rules: []s3types.OwnershipControlsRule{{ObjectOwnership: b.Ownership}},
	}}, nil
}

func putBucketOwnershipControls(x *request, in *s3.PutBucketOwnershipControlsInput) (*s3.PutBucketOwnershipControlsOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	if err != nil {
		return nil, err
	}
	if len(in.OwnershipControls.Rules) != 1 {
		return nil, malformedXML()
	}
	ownership := in.OwnershipControls.Rules[0].ObjectOwnership
	switch ownership {
	case s3types.ObjectOwnershipBucketOwnerEnforced:
		if grantsPublic(b.Grants) {
			return nil, apiError(400, "InvalidBucketAclWithObjectOwnership", "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting")
		}
	case s3types.ObjectOwnershipBucketOwnerPreferred, s3types.ObjectOwnershipObjectWriter:
	default:
		return nil, malformedXML()
	}
	b.Ownership = ownership
	return &s3.PutBucketOwnershipControlsOutput{}, nil
}
