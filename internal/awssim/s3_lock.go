package awssim

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func registerBucketLock(r registry) {
	read(r, "S3", getObjectLockConfiguration)
	write(r, "S3", putObjectLockConfiguration)
}

// getObjectLockConfiguration: the lock's rule only; that objects are locked by it is not simulated.
func getObjectLockConfiguration(x *request, in *s3.GetObjectLockConfigurationInput) (*s3.GetObjectLockConfigurationOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	if err != nil {
		return nil, err
	}
	if b.Lock == nil {
		return nil, apiError(404, "ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket")
	}
	return &s3.GetObjectLockConfigurationOutput{ObjectLockConfiguration: clone(b.Lock)}, nil
}

// putObjectLockConfiguration: a bucket gets the lock at any time, but needs versioning first.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-configure.html
func putObjectLockConfiguration(x *request, in *s3.PutObjectLockConfigurationInput) (*s3.PutObjectLockConfigurationOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	if err != nil {
		return nil, err
	}
	lock := in.ObjectLockConfiguration
	if lock == nil || lock.ObjectLockEnabled != s3types.ObjectLockEnabledEnabled || lock.Rule != nil && !soundRetention(lock.Rule.DefaultRetention) {
		return nil, malformedXML()
	}
	if b.Versioning != s3types.BucketVersioningStatusEnabled {
		return nil, apiError(409, "InvalidBucketState", "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration")
	}
	b.Lock = clone(lock)
	return &s3.PutObjectLockConfigurationOutput{}, nil
}

// soundRetention: a mode, and days or years but not both.
func soundRetention(r *s3types.DefaultRetention) bool {
	return r != nil && (r.Mode == s3types.ObjectLockRetentionModeCompliance || r.Mode == s3types.ObjectLockRetentionModeGovernance) &&
		(aws.ToInt32(r.Days) > 0) != (aws.ToInt32(r.Years) > 0)
}
