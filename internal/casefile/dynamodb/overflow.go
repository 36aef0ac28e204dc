package dynamodb

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"cordon/internal/cloud"
)

// Overflow keeps contents that are too large for an item, under their SHA-256 in hexadecimal. Contents are never
// changed or deleted: an item may name them. The store verifies what Get gives.
type Overflow interface {
	Put(ctx context.Context, sha256 string, content []byte) error
	Get(ctx context.Context, sha256 string) ([]byte, error)
}

// bucket is an Overflow in an S3 bucket.
type bucket struct {
	client       *s3.Client
	name, prefix string
}

// NewOverflow is an Overflow of the objects PREFIX/store/SHA256 of a bucket. Encryption is the bucket's.
func NewOverflow(client *s3.Client, name, prefix string) Overflow {
	if prefix = strings.Trim(prefix, "/"); prefix != "" {
		prefix += "/"
	}
	return &bucket{client, name, prefix + "store/"}
}

// Put writes also over what has the name already, so that an object that somebody spoilt is whole again.
func (b *bucket) Put(ctx context.Context, sha256 string, content []byte) error {
	sum, err := hex.DecodeString(sha256)
	if err == nil {
		_, err = b.client.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &b.name, Key: aws.String(b.prefix + sha256), Body: bytes.NewReader(content),
			ChecksumSHA256: aws.String(base64.StdEncoding.EncodeToString(sum)),
		})
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", b.uri(sha256), b.hinted(err))
	}
	return nil
}

func (b *bucket) Get(ctx context.Context, sha256 string) ([]byte, error) {
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: aws.String(b.prefix + sha256)})
	if err == nil {
		defer out.Body.Close()
		var raw []byte
		if raw, err = io.ReadAll(out.Body); err == nil {
			return raw, nil
		}
	}
	return nil, fmt.Errorf("read %s: %w", b.uri(sha256), b.hinted(err))
}

func (b *bucket) uri(sha256 string) string { return "s3://" + b.name + "/" + b.prefix + sha256 }

// hinted adds what the user can do to S3's error.
func (b *bucket) hinted(err error) error {
	switch {
	case cloud.Is(err, "NoSuchBucket"):
		return fmt.Errorf("%w (make the bucket, or name another one with vault:)", err)
	case cloud.Is(err, "NoSuchKey"):
		return fmt.Errorf("%w (somebody deleted it, or vault: names another bucket or prefix than when it was written)", err)
	case cloud.Denied(err):
		return fmt.Errorf("%w (allow %s there)", err, strings.Join(Permissions().Overflow, " and "))
	}
	return err
}
