package vault

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"cordon/internal/cloud"
	"cordon/internal/mototest"
)

const testPrefix = "evidence/of mine"

// openBuckets gives each test a bucket of its own behind cfg.
func openBuckets(cfg aws.Config, owner string) func(t *testing.T) bench {
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	return func(t *testing.T) bench {
		bucket := "vault-" + strings.ToLower(rand.Text())
		_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket})
		must(t, err)
		v, err := OpenS3(client, bucket, "/"+testPrefix+"/", owner)
		must(t, err)
		other, err := OpenS3(client, bucket, testPrefix, owner)
		must(t, err)
		return bench{
			v: v, other: other,
			write: func(t *testing.T, key string, content []byte) {
				_, err := client.PutObject(t.Context(), &s3.PutObjectInput{
					Bucket: &bucket, Key: aws.String(testPrefix + "/" + key), Body: bytes.NewReader(content),
				})
				must(t, err)
			},
			remove: func(t *testing.T, key string) {
				_, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: aws.String(testPrefix + "/" + key)})
				must(t, err)
			},
			keys: func(t *testing.T) (keys []string) {
				pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &bucket})
				for pages.HasMorePages() {
					page, err := pages.NextPage(t.Context())
					must(t, err)
					for _, o := range page.Contents {
						key, ok := strings.CutPrefix(*o.Key, testPrefix+"/")
						if !ok {
							t.Errorf("key %q is not under the prefix", *o.Key)
						}
						keys = append(keys, key)
					}
				}
				return keys
			},
		}
	}
}

// Moto looks at neither checksums nor the expected owner of a bucket.
func TestS3Moto(t *testing.T) {
	cfg := mototest.Start(t)
	open := openBuckets(cfg, mototest.Account)
	suite(t, func(t *testing.T) bench {
		b := open(t)
		b.checkLeaves = []string{".cordon-check"}
		return b
	})
	t.Run("no bucket", func(t *testing.T) {
		v, err := OpenS3(s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }), "no-such-bucket-here", "", "")
		must(t, err)
		refuses(t, v, "NoSuchBucket", "(make the bucket no-such-bucket-here, or name another one with vault: in cordon.yaml)")
	})
}

func TestOpenS3NoBucket(t *testing.T) {
	if _, err := OpenS3(s3.New(s3.Options{}), "", "", ""); err == nil {
		t.Error("a vault without a bucket")
	}
}

// refuses holds that every method gives S3's error with a hint.
func refuses(t *testing.T, v Vault, code, hint string) {
	t.Helper()
	_, _, errPut := v.Put(t.Context(), "c-1", "a", nil)
	_, errGet := v.Get(t.Context(), "c-1", "a")
	_, errManifest := v.Manifest(t.Context(), "c-1")
	for name, err := range map[string]error{"Put": errPut, "Get": errGet, "Manifest": errManifest, "Check": v.Check(t.Context())} {
		if !cloud.Is(err, code) || !strings.Contains(err.Error(), hint) || errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v\nwant %s with the hint %q", name, err, code, hint)
		}
	}
}
