package vault

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"cordon/internal/awssim"
)

func TestS3Simulated(t *testing.T) {
	cfg := awssim.New(awssim.Options{}).Config("us-east-1")
	suite(t, openBuckets(cfg, awssim.DefaultAccount))
	t.Run("no bucket", func(t *testing.T) {
		v, err := OpenS3(s3.NewFromConfig(cfg), "no-such-bucket-here", "", "")
		must(t, err)
		refuses(t, v, "NoSuchBucket", "(make the bucket no-such-bucket-here, or name another one with vault: in cordon.yaml)")
	})
	t.Run("another account's bucket", func(t *testing.T) {
		b := openBuckets(cfg, "")(t)
		bucket, _, _ := b.v.Bucket("c-1")
		v, err := OpenS3(s3.NewFromConfig(cfg), bucket, "", "999999999999")
		must(t, err)
		refuses(t, v, "AccessDenied", "the bucket must belong to account 999999999999)")
	})
}
