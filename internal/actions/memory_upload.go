package actions

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"cordon/internal/action"
	"cordon/internal/cloud"
)

// listLives is how long the URL of the list of URLs works: it is in the command, which Systems Manager keeps.
const listLives = 5 * time.Minute

// memoryStore is where the image goes.
type memoryStore struct {
	s3             *s3.Client // in the bucket's Region
	bucket, prefix string
}

// openUpload is an upload of the image that is neither completed nor aborted.
type openUpload struct {
	id      string
	started time.Time
}

// tag names the upload in the command's comment and in keys: an upload's id is long, and not for everyone's eyes.
func (u openUpload) tag() string {
	sum := sha256.Sum256([]byte(u.id))
	return hex.EncodeToString(sum[:8])
}

func (m *memoryStore) key(name string) *string { return aws.String(m.prefix + name) }

// openMemoryStore gives the case's part of the evidence bucket and the uploads of the image that are open there.
func openMemoryStore(ctx context.Context, env *action.Env) (*memoryStore, []openUpload, error) {
	bucket, prefix, ok := env.Evidence.Bucket()
	if !ok {
		return nil, nil, action.Skipf("the vault is a directory, and the host can send its memory to a bucket only")
	}
	m := &memoryStore{s3: env.S3, bucket: bucket, prefix: prefix}
	in := &s3.ListMultipartUploadsInput{Bucket: &bucket, Prefix: m.key(memoryImage)}
	out, err := m.s3.ListMultipartUploads(ctx, in)
	if client, moved := inBucketsRegion(ctx, env, bucket, err); moved {
		m.s3 = client
		out, err = m.s3.ListMultipartUploads(ctx, in)
	}
	if err != nil {
		return nil, nil, wrap("list the uploads under way in bucket", bucket, err)
	}
	var open []openUpload
	for _, u := range out.Uploads {
		if aws.ToString(u.Key) == *m.key(memoryImage) {
			open = append(open, openUpload{aws.ToString(u.UploadId), aws.ToTime(u.Initiated)})
		}
	}
	return m, open, nil
}

// inBucketsRegion gives a client for the bucket's Region where err says that the bucket is in another one.
func inBucketsRegion(ctx context.Context, env *action.Env, bucket string, err error) (*s3.Client, bool) {
	region, moved := cloud.BucketRegion(ctx, env.Clients, bucket, env.Account, env.Region, err)
	if !moved {
		return env.S3, false
	}
	return s3.New(env.S3.Options(), func(o *s3.Options) { o.Region = region }), true
}

func (m *memoryStore) abort(ctx context.Context, u openUpload) error {
	_, err := m.s3.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &m.bucket, Key: m.key(memoryImage), UploadId: &u.id})
	return wrap("abort the upload of", memoryImage, unless(err, "NoSuchUpload"))
}

// begin makes an upload. S3 keeps a checksum of the whole that it computes itself: those of parts would have to be signed into the
// URLs, before anybody knows them.
func (m *memoryStore) begin(ctx context.Context) (openUpload, error) {
	out, err := m.s3.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &m.bucket, Key: m.key(memoryImage),
		ChecksumAlgorithm: s3types.ChecksumAlgorithmCrc64nvme, ChecksumType: s3types.ChecksumTypeFullObject,
	})
	if err != nil {
		return openUpload{}, wrap("begin the upload of", memoryImage, err)
	}
	return openUpload{aws.ToString(out.UploadId), time.Now()}, nil
}

// publish leaves the list of URLs in the bucket, the tool's and those of n parts, which work for as long as lives, and gives the URL
// of the list itself. The URLs are secrets: they are nowhere else, and they end with the upload. The list is not evidence.
func (m *memoryStore) publish(ctx context.Context, env *action.Env, u openUpload, tool memoryTool, n int32, lives time.Duration) (string, error) {
	from, err := presignTool(ctx, env, tool, lives)
	if err != nil {
		return "", err
	}
	sign := presigner(m.s3)
	var list bytes.Buffer
	list.WriteString(from + "\n")
	for number := int32(1); number <= n; number++ {
		part, err := sign.PresignUploadPart(ctx, &s3.UploadPartInput{
			Bucket: &m.bucket, Key: m.key(memoryImage), UploadId: &u.id, PartNumber: &number,
		}, s3.WithPresignExpires(lives))
		if err != nil {
			return "", wrap("presign the parts of", memoryImage, err)
		}
		list.WriteString(part.URL + "\n")
	}
	key := m.key("memory/parts/" + u.tag())
	_, err = m.s3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &m.bucket, Key: key, Body: bytes.NewReader(list.Bytes()), IfNoneMatch: aws.String("*"),
	})
	if err := unless(err, "PreconditionFailed"); err != nil { // an answer was lost: the list is there
		return "", wrap("store the list of URLs for", memoryImage, err)
	}
	out, err := sign.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &m.bucket, Key: key}, s3.WithPresignExpires(min(lives, listLives)))
	if err != nil {
		return "", wrap("presign the list of URLs for", memoryImage, err)
	}
	return out.URL, nil
}

// presigner signs URLs. That is no call, so nothing that watches calls sees it.
func presigner(c *s3.Client) *s3.PresignClient {
	return s3.NewPresignClient(s3.New(c.Options(), func(o *s3.Options) { o.APIOptions = nil }))
}

// presignTool gives a URL of the tool, which has to be there.
func presignTool(ctx context.Context, env *action.Env, tool memoryTool, lives time.Duration) (string, error) {
	bucket, key, ok := strings.Cut(strings.TrimPrefix(tool.Tool, "s3://"), "/")
	if !ok || bucket == "" || key == "" {
		return "", fmt.Errorf("find the memory tool: %q is not of the form s3://BUCKET/KEY", tool.Tool)
	}
	client, in := env.S3, &s3.HeadObjectInput{Bucket: &bucket, Key: &key}
	_, err := client.HeadObject(ctx, in)
	if other, moved := inBucketsRegion(ctx, env, bucket, err); moved {
		client = other
		_, err = client.HeadObject(ctx, in)
	}
	if err != nil {
		return "", fmt.Errorf("find the memory tool %s: %w (put it there, and let Cordon's role read it)", tool.Tool, err)
	}
	out, err := presigner(client).PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key}, s3.WithPresignExpires(lives))
	if err != nil {
		return "", wrap("presign the memory tool", tool.Tool, err)
	}
	return out.URL, nil
}

// complete makes the object of what was sent, after holding that against the host's report. An upload that was completed before,
// with the answer lost, is none.
func (m *memoryStore) complete(ctx context.Context, u openUpload, r memoryReport) error {
	var parts []s3types.CompletedPart
	var total int64
	pages := s3.NewListPartsPaginator(m.s3, &s3.ListPartsInput{Bucket: &m.bucket, Key: m.key(memoryImage), UploadId: &u.id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return wrap("list the parts of", memoryImage, err)
		}
		for _, p := range page.Parts {
			parts = append(parts, s3types.CompletedPart{PartNumber: p.PartNumber, ETag: p.ETag})
			total += aws.ToInt64(p.Size)
		}
	}
	if len(parts) != r.Parts || total != r.Bytes || aws.ToInt32(parts[len(parts)-1].PartNumber) != int32(r.Parts) {
		return &badUpload{fmt.Sprintf("S3 has %d parts with %d bytes, the host says that it sent %d with %d", len(parts), total, r.Parts, r.Bytes)}
	}
	_, err := m.s3.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &m.bucket, Key: m.key(memoryImage), UploadId: &u.id, IfNoneMatch: aws.String("*"),
		MultipartUpload: &s3types.CompletedMultipartUpload{Parts: parts},
	})
	return wrap("complete the upload of", memoryImage, unless(err, "NoSuchUpload"))
}

// badUpload is what was sent and is not what it should be: it is aborted.
type badUpload struct{ text string }

func (e *badUpload) Error() string { return "send the memory of the host: " + e.text }

// object gives what S3 says of the image; ok is false where there is none.
func (m *memoryStore) object(ctx context.Context) (u action.Uploaded, ok bool, err error) {
	out, err := m.s3.HeadObject(ctx, &s3.HeadObjectInput{
		Bucket: &m.bucket, Key: m.key(memoryImage), ChecksumMode: s3types.ChecksumModeEnabled,
	})
	switch {
	case cloud.Is(err, "NotFound", "NoSuchKey"):
		return u, false, nil
	case err != nil:
		return u, false, wrap("look for", memoryImage, err)
	}
	return action.Uploaded{
		Bytes: aws.ToInt64(out.ContentLength), Version: aws.ToString(out.VersionId),
		ETag: aws.ToString(out.ETag), CRC64NVME: aws.ToString(out.ChecksumCRC64NVME),
	}, true, nil
}
