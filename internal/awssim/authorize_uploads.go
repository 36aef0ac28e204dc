package awssim

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// partOfObject and wholeObject are the condition key that tells requests which make an object from those which prepare one.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
var (
	partOfObject = map[string][]string{"s3:ObjectCreationOperation": {"false"}}
	wholeObject  = map[string][]string{"s3:ObjectCreationOperation": {"true"}}
)

// decideUploads: whoever uploads in parts under a customer managed key needs it to encrypt, and to complete to decrypt too.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
func decideUploads(d decisions) {
	key := func(x *request, bucket *string) string {
		if b := x.st.Buckets[aws.ToString(bucket)]; b != nil {
			return b.Key
		}
		return ""
	}
	decide(d, "S3", func(x *request, in *s3.CreateMultipartUploadInput) []Check {
		return append([]Check{x.askS3("", in.Bucket, in.Key, partOfObject)}, x.askKey("kms:GenerateDataKey", key(x, in.Bucket))...)
	})
	decide(d, "S3", func(x *request, in *s3.UploadPartInput) []Check {
		return append([]Check{x.askS3("", in.Bucket, in.Key, partOfObject)}, x.askKey("kms:GenerateDataKey", key(x, in.Bucket))...)
	})
	decide(d, "S3", func(x *request, in *s3.CompleteMultipartUploadInput) []Check {
		condition := map[string][]string{}
		if in.IfNoneMatch != nil {
			condition["s3:if-none-match"] = []string{*in.IfNoneMatch}
		}
		out := []Check{x.askS3("", in.Bucket, in.Key, wholeObject, condition)}
		return append(append(out, x.askKey("kms:GenerateDataKey", key(x, in.Bucket))...), x.askKey("kms:Decrypt", key(x, in.Bucket))...)
	})
	decide(d, "S3", func(x *request, in *s3.AbortMultipartUploadInput) []Check {
		return []Check{x.askS3("", in.Bucket, in.Key)}
	})
	decide(d, "S3", func(x *request, in *s3.ListPartsInput) []Check { return []Check{x.askS3("", in.Bucket, in.Key)} })
	onBucket(d, func(in *s3.ListMultipartUploadsInput) *string { return in.Bucket })
}
