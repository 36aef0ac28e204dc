package vault

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"cordon/internal/action"
	"cordon/internal/cloud"
)

// maxName is how long a name may be under the vault's and the case's prefix; S3 takes keys of 1,024 bytes.
const maxName = 700

// conflictTries bounds how often a write is made again that S3 refused because another one was under way.
const conflictTries = 10

// OpenS3 is the vault under a prefix ("" for none) of a bucket, for the permissions s3:PutObject, s3:GetObject and
// s3:ListBucket (without which S3 does not say that a piece is missing). expectedOwner, if not "", is the account
// that must own the bucket. Encryption is the bucket's.
func OpenS3(client *s3.Client, bucket, prefix, expectedOwner string) (Vault, error) {
	if client == nil || bucket == "" {
		return nil, errors.New("open evidence vault: no bucket (write vault: s3://BUCKET/PREFIX)")
	}
	if prefix = strings.Trim(prefix, "/"); prefix != "" {
		prefix += "/"
	}
	var owner *string
	if expectedOwner != "" {
		owner = aws.String(expectedOwner)
	}
	return &keeper{files: &objects{client: client, in: bucket, prefix: prefix, owner: owner}}, nil
}

// objects is the files of a bucket.
type objects struct {
	client     *s3.Client
	in, prefix string
	owner      *string
}

// create leaves it to S3 to refuse a key that is taken (412) and content that does not arrive as it was sent.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
func (o *objects) create(ctx context.Context, key string, content []byte) error {
	sum := sha256.Sum256(content)
	for n := 1; ; n++ {
		err := o.put(ctx, o.prefix+key, content, sum[:])
		switch {
		case cloud.Is(err, "PreconditionFailed"):
			return errTaken
		case cloud.Is(err, "ConditionalRequestConflict") && n < conflictTries:
			if err := sleep(ctx, time.Duration(n)*20*time.Millisecond); err != nil {
				return err
			}
		default:
			return o.hinted(err)
		}
	}
}

func (o *objects) put(ctx context.Context, key string, content, sum []byte) error {
	_, err := o.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &o.in, Key: &key, Body: bytes.NewReader(content), ExpectedBucketOwner: o.owner,
		ChecksumSHA256: aws.String(base64.StdEncoding.EncodeToString(sum)), IfNoneMatch: aws.String("*"),
	})
	return err
}

func (o *objects) open(ctx context.Context, key string) (io.ReadCloser, error) {
	out, err := o.client.GetObject(ctx, &s3.GetObjectInput{
		Bucket: &o.in, Key: aws.String(o.prefix + key), ExpectedBucketOwner: o.owner,
	})
	switch {
	case cloud.Is(err, "NoSuchKey"):
		return nil, ErrNotFound
	case err != nil:
		return nil, o.hinted(err)
	}
	return out.Body, nil
}

func (o *objects) read(ctx context.Context, key string) ([]byte, error) {
	body, err := o.open(ctx, key)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(body)
}

func (o *objects) facts(ctx context.Context, key string) (action.Uploaded, bool, error) {
	out, err := o.client.HeadObject(ctx, &s3.HeadObjectInput{
		Bucket: &o.in, Key: aws.String(o.prefix + key), ExpectedBucketOwner: o.owner, ChecksumMode: s3types.ChecksumModeEnabled,
	})
	switch {
	case cloud.Is(err, "NotFound", "NoSuchKey"):
		return action.Uploaded{}, true, ErrNotFound
	case err != nil:
		return action.Uploaded{}, true, o.hinted(err)
	}
	return action.Uploaded{
		Bytes: aws.ToInt64(out.ContentLength), Version: aws.ToString(out.VersionId),
		ETag: aws.ToString(out.ETag), CRC64NVME: aws.ToString(out.ChecksumCRC64NVME),
	}, true, nil
}

func (o *objects) list(ctx context.Context, prefix string) (keys []string, err error) {
	pages := s3.NewListObjectsV2Paginator(o.client, &s3.ListObjectsV2Input{
		Bucket: &o.in, Prefix: aws.String(o.prefix + prefix), ExpectedBucketOwner: o.owner,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, o.hinted(err)
		}
		for _, object := range page.Contents {
			keys = append(keys, strings.TrimPrefix(aws.ToString(object.Key), o.prefix))
		}
	}
	return keys, nil
}

func (o *objects) uri(key string) string { return "s3://" + o.in + "/" + o.prefix + key }

func (*objects) name(name string) string { return cleanName(name, "/", maxName) }

func (o *objects) bucket(prefix string) (bucket, key string, ok bool) {
	return o.in, o.prefix + prefix, true
}

// check sends content with the checksum of other content: S3 looks at the permission first, then refuses it, and
// nothing is left. A store that does not verify checksums keeps one small object.
func (o *objects) check(ctx context.Context) error {
	sum := sha256.Sum256([]byte("other"))
	err := o.put(ctx, o.prefix+".cordon-check", []byte("check\n"), sum[:])
	if cloud.Is(err, "BadDigest", "XAmzContentChecksumMismatch", "PreconditionFailed") {
		return nil
	}
	return o.hinted(err)
}

// hinted adds what the user can do to S3's error.
func (o *objects) hinted(err error) error {
	hint := ""
	switch {
	case err == nil:
		return nil
	case cloud.Is(err, "NoSuchBucket"):
		hint = "make the bucket " + o.in + ", or name another one with vault: in cordon.yaml"
	case cloud.Denied(err):
		hint = "allow s3:PutObject, s3:GetObject and s3:ListBucket there"
		if o.owner != nil {
			hint += "; the bucket must belong to account " + *o.owner
		}
	case cloud.Is(err, "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"):
		hint = "the bucket is in another Region"
	}
	if hint == "" {
		return err
	}
	return fmt.Errorf("%w (%s)", err, hint)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
