package awssim

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// askS3 is a question about a bucket, or about an object in it where key is given.
func (x *request) askS3(action string, bucket, key *string, contexts ...map[string][]string) Check {
	arn := "arn:" + x.st.Partition + ":s3:::" + aws.ToString(bucket)
	if key != nil {
		arn += "/" + *key
	}
	owner := x.st.Account
	if b := x.st.Buckets[aws.ToString(bucket)]; b != nil {
		owner = b.Owner
	}
	account := map[string][]string{"aws:ResourceAccount": {owner}, "s3:ResourceAccount": {owner}}
	return x.ask(action, arn, append([]map[string][]string{account}, contexts...)...)
}

// askKey asks, for an object under a customer managed key, on behalf of S3; nothing for another object.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
func (x *request) askKey(action, key string) []Check {
	if key == "" {
		return nil
	}
	return []Check{x.ask(action, key, map[string][]string{"kms:ViaService": {"s3." + x.Region + "." + x.urlSuffix()}})}
}

func onBucket[I any](d decisions, bucket func(*I) *string) {
	decide(d, "S3", func(x *request, in *I) []Check { return []Check{x.askS3("", bucket(in), nil)} })
}

func decideBuckets(d decisions) {
	onBucket(d, func(in *s3.HeadBucketInput) *string { return in.Bucket })
	onBucket(d, func(in *s3.GetPublicAccessBlockInput) *string { return in.Bucket })
	onBucket(d, func(in *s3.PutPublicAccessBlockInput) *string { return in.Bucket })
	onBucket(d, func(in *s3.DeletePublicAccessBlockInput) *string { return in.Bucket })
	onBucket(d, func(in *s3.GetBucketPolicyInput) *string { return in.Bucket })
	onBucket(d, func(in *s3.GetBucketPolicyStatusInput) *string { return in.Bucket })
	onBucket(d, func(in *s3.GetBucketAclInput) *string { return in.Bucket })
	onBucket(d, func(in *s3.GetBucketLocationInput) *string { return in.Bucket })
	onBucket(d, func(in *s3.GetBucketWebsiteInput) *string { return in.Bucket })
	onBucket(d, func(in *s3.GetBucketTaggingInput) *string { return in.Bucket })
	decide(d, "S3", func(x *request, in *s3.ListObjectsV2Input) []Check {
		prefix := map[string][]string{}
		if in.Prefix != nil {
			prefix["s3:prefix"] = []string{*in.Prefix}
		}
		return []Check{x.askS3("", in.Bucket, nil, prefix)}
	})
	decide(d, "S3", func(x *request, in *s3.PutObjectInput) []Check {
		key := aws.ToString(in.SSEKMSKeyId)
		if b := x.st.Buckets[aws.ToString(in.Bucket)]; b != nil && in.ServerSideEncryption == "" {
			key = b.Key
		}
		condition := map[string][]string{}
		if in.IfNoneMatch != nil {
			condition["s3:if-none-match"] = []string{*in.IfNoneMatch}
		}
		return append([]Check{x.askS3("", in.Bucket, in.Key, wholeObject, condition)}, x.askKey("kms:GenerateDataKey", key)...)
	})
	decide(d, "S3", func(x *request, in *s3.GetObjectInput) []Check {
		key := ""
		if b := x.st.Buckets[aws.ToString(in.Bucket)]; b != nil {
			if v := b.newest(aws.ToString(in.Key)); v != nil {
				key = v.KMSKey
			}
		}
		return append([]Check{x.askS3("", in.Bucket, in.Key)}, x.askKey("kms:Decrypt", key)...)
	})
	decide(d, "S3", func(x *request, in *s3.HeadObjectInput) []Check { return []Check{x.askS3("", in.Bucket, in.Key)} })
}

// mayKnow says whether a caller who asks for an object that is not there is told so. Who may not list the bucket is
// told that access is denied; that question has no prefix in its context.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html#API_GetObject_RequestSyntax
func (x *request) mayKnow(bucket *string) bool {
	return x.allowed(x.askS3("s3:ListBucket", bucket, nil))
}
