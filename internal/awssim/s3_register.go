package awssim

import (
	"errors"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func registerS3(r registry) {
	registerBuckets(r)
	registerBucketSettings(r)
	registerBucketAccess(r)
	registerBucketLock(r)
	registerObjects(r)
	registerUploads(r)
	read(r, "S3", listObjects)
}

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// bucketErr picks the codes of bucket's refusals: an answer to HEAD has no body, so the SDK makes its code from the
// HTTP status.
type bucketErr bool

const (
	withBody bucketErr = false
	headOnly bucketErr = true
)

// bucket is the bucket that a call names, in the Region that the call went to.
func (x *request) bucket(name, expectedOwner *string, form bucketErr) (*bucket, error) {
	b, err := x.anyBucket(name, expectedOwner, form)
	if err != nil {
		return nil, err
	}
	if b.Region != x.Region {
		return nil, redirect(b.Region, form)
	}
	return b, nil
}

// anyBucket is bucket without regard to the Region.
func (x *request) anyBucket(name, expectedOwner *string, form bucketErr) (*bucket, error) {
	n := aws.ToString(name)
	b, ok := x.st.Buckets[n]
	switch {
	case !ok && form == headOnly:
		return nil, httpError(404, &s3types.NotFound{})
	case !ok && !bucketName.MatchString(n):
		return nil, apiError(400, "InvalidBucketName", "The specified bucket is not valid.")
	case !ok && x.Operation == "ListObjectsV2":
		return nil, httpError(404, &s3types.NoSuchBucket{Message: aws.String("The specified bucket does not exist")})
	case !ok:
		return nil, apiError(404, "NoSuchBucket", "The specified bucket does not exist")
	case b.Owner != x.st.Account || expectedOwner != nil && *expectedOwner != b.Owner:
		return nil, s3Denied(form)
	}
	return b, nil
}

func s3Denied(form bucketErr) error {
	if form == headOnly {
		return apiError(403, "Forbidden", "Forbidden")
	}
	return apiError(403, "AccessDenied", "Access Denied")
}

// redirect is S3's answer in the wrong Region; the right one is in the header x-amz-bucket-region.
func redirect(region string, form bucketErr) error {
	err := apiError(301, "PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.")
	if form == headOnly {
		err = apiError(301, "MovedPermanently", "Moved Permanently")
	}
	return withHeader(err, "X-Amz-Bucket-Region", region)
}

// canonicalID is an account's S3 user id, 64 hexadecimal digits.
func canonicalID(account string) string { return strings.Repeat(account, 6)[:64] }

func (x *request) owner() *s3types.Owner {
	return &s3types.Owner{ID: aws.String(canonicalID(x.st.Account))}
}

// withHeader sets a header of the HTTP response in an error of apiError or httpError.
func withHeader(err error, key, value string) error {
	var resp *awshttp.ResponseError
	if errors.As(err, &resp) {
		resp.Response.Header.Set(key, value)
	}
	return err
}
