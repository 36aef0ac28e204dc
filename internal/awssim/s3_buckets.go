package awssim

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func registerBuckets(r registry) {
	write(r, "S3", createBucket)
	write(r, "S3", deleteBucket)
	read(r, "S3", headBucket)
	read(r, "S3", listBuckets)
	read(r, "S3", getBucketLocation)
}

func createBucket(x *request, in *s3.CreateBucketInput) (*s3.CreateBucketOutput, error) {
	name := aws.ToString(in.Bucket)
	if !bucketName.MatchString(name) || strings.Contains(name, "..") {
		return nil, apiError(400, "InvalidBucketName", "The specified bucket is not valid.")
	}
	where, err := x.bucketRegion(in.CreateBucketConfiguration)
	if err != nil {
		return nil, err
	}
	if old, ok := x.st.Buckets[name]; ok {
		if old.Owner != x.st.Account {
			return nil, httpError(409, &s3types.BucketAlreadyExists{Message: aws.String("The requested bucket name is not available.")})
		}
		return nil, httpError(409, &s3types.BucketAlreadyOwnedByYou{Message: aws.String("Your previous request to create the named bucket succeeded and you already own it.")})
	}
	ownership := in.ObjectOwnership
	if ownership == "" {
		ownership = s3types.ObjectOwnershipBucketOwnerEnforced
	}
	if in.ACL != "" && in.ACL != s3types.BucketCannedACLPrivate {
		if ownership == s3types.ObjectOwnershipBucketOwnerEnforced {
			return nil, apiError(400, "InvalidBucketAclWithObjectOwnership", "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting")
		}
		return nil, s3Denied(withBody) // a new bucket blocks public ACLs
	}
	b := x.st.addBucket(name, where, x.now)
	b.Ownership = ownership
	if aws.ToBool(in.ObjectLockEnabledForBucket) {
		b.Lock = &s3types.ObjectLockConfiguration{ObjectLockEnabled: s3types.ObjectLockEnabledEnabled}
		b.Versioning = s3types.BucketVersioningStatusEnabled
	}
	return &s3.CreateBucketOutput{Location: aws.String("/" + name)}, nil
}

// bucketRegion is the Region of a new bucket: the endpoint's, which a call must name, except in us-east-1.
func (x *request) bucketRegion(c *s3types.CreateBucketConfiguration) (string, error) {
	var asked string
	if c != nil {
		asked = string(c.LocationConstraint)
	}
	switch {
	case asked == "us-east-1":
		return "", apiError(400, "InvalidLocationConstraint", "The specified location-constraint is not valid")
	case x.Region == "us-east-1" && asked == "":
		return x.Region, nil
	case x.Region == "us-east-1", asked == x.Region:
		return asked, nil
	case asked == "":
		asked = "unspecified"
	}
	return "", apiError(400, "IllegalLocationConstraintException", "The %s location constraint is incompatible for the region specific endpoint this request was sent to.", asked)
}

// addBucket makes a bucket as S3 makes it since 2023: ACLs off, public access blocked.
func (s *state) addBucket(name, where string, now time.Time) *bucket {
	b := &bucket{
		Name: name, Region: where, Owner: s.Account, Created: now.Truncate(time.Second), Objects: map[string][]*objectVersion{},
		Ownership: s3types.ObjectOwnershipBucketOwnerEnforced, Block: blockAll(),
	}
	b.Grants, _ = cannedGrants(s3types.BucketCannedACLPrivate, s.Account)
	s.Buckets[name] = b
	return b
}

func blockAll() *s3types.PublicAccessBlockConfiguration {
	return &s3types.PublicAccessBlockConfiguration{
		BlockPublicAcls: aws.Bool(true), IgnorePublicAcls: aws.Bool(true),
		BlockPublicPolicy: aws.Bool(true), RestrictPublicBuckets: aws.Bool(true),
	}
}

func deleteBucket(x *request, in *s3.DeleteBucketInput) (*s3.DeleteBucketOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	if err != nil {
		return nil, err
	}
	if len(b.Objects) > 0 {
		return nil, apiError(409, "BucketNotEmpty", "The bucket you tried to delete is not empty")
	}
	delete(x.st.Buckets, b.Name)
	return &s3.DeleteBucketOutput{}, nil
}

func headBucket(x *request, in *s3.HeadBucketInput) (*s3.HeadBucketOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, headOnly)
	if err != nil {
		return nil, err
	}
	return &s3.HeadBucketOutput{BucketRegion: &b.Region, AccessPointAlias: aws.Bool(false)}, nil
}

func listBuckets(x *request, in *s3.ListBucketsInput) (*s3.ListBucketsOutput, error) {
	if in.MaxBuckets != nil && (*in.MaxBuckets < 1 || *in.MaxBuckets > 10000) {
		return nil, apiError(400, "InvalidArgument", "Argument max-buckets must be an integer between 1 and 10000")
	}
	if badToken(aws.ToString(in.ContinuationToken)) {
		return nil, apiError(400, "InvalidArgument", "The continuation token provided is incorrect")
	}
	names := []string{}
	for _, n := range sortedKeys(x.st.Buckets) {
		b := x.st.Buckets[n]
		here := in.BucketRegion == nil || *in.BucketRegion == b.Region
		if b.Owner == x.st.Account && here && strings.HasPrefix(n, aws.ToString(in.Prefix)) {
			names = append(names, n)
		}
	}
	page, next := pageAfter(names, aws.ToString(in.ContinuationToken), pageSize(in.MaxBuckets, 10000, 10000))
	out := &s3.ListBucketsOutput{Buckets: []s3types.Bucket{}, Owner: x.owner(), Prefix: in.Prefix}
	if next != "" {
		out.ContinuationToken = &next
	}
	for _, n := range page {
		b := x.st.Buckets[n]
		out.Buckets = append(out.Buckets, s3types.Bucket{Name: &n, CreationDate: aws.Time(b.Created), BucketRegion: aws.String(b.Region)})
	}
	return out, nil
}

// getBucketLocation works from every Region; us-east-1 is the empty constraint.
func getBucketLocation(x *request, in *s3.GetBucketLocationInput) (*s3.GetBucketLocationOutput, error) {
	b, err := x.anyBucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	if err != nil {
		return nil, err
	}
	if b.Region == "us-east-1" {
		return &s3.GetBucketLocationOutput{}, nil
	}
	return &s3.GetBucketLocationOutput{LocationConstraint: s3types.BucketLocationConstraint(b.Region)}, nil
}
