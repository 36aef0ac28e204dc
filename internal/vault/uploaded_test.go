package vault

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"cordon/internal/action"
	"cordon/internal/awssim"
)

// TestUploaded: a piece that went to the bucket in parts is attested as S3 has it, and what is done to it afterwards shows.
func TestUploaded(t *testing.T) {
	const least = 5 << 20
	content := bytes.Repeat([]byte("0123456789"), (least+5000)/10)
	lines := fmt.Sprintf("%x\n%x\n", sha256.Sum256(content[:least]), sha256.Sum256(content[least:]))
	client := s3.NewFromConfig(awssim.New(awssim.Options{}).Config("us-east-1"))
	for name, c := range map[string]struct {
		tamper func(t *testing.T, bucket, key *string)
		facts  func(u *action.Uploaded)
		refuse string // of Attest
		want   string // of Verify
	}{
		"sound": {},
		"put on top": {
			tamper: func(t *testing.T, bucket, key *string) {
				_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: key, Body: bytes.NewReader(content)})
				must(t, err)
			},
			want: "somebody put another one on top",
		},
		"cut": {
			tamper: func(t *testing.T, bucket, key *string) {
				_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: key, Body: bytes.NewReader(content[1:])})
				must(t, err)
			},
			want: fmt.Sprintf("it has %d bytes, not %d", len(content)-1, len(content)),
		},
		"deleted": {
			tamper: func(t *testing.T, bucket, key *string) {
				_, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: bucket, Key: key})
				must(t, err)
			},
			want: "it is missing",
		},
		"not what the host said":  {facts: func(u *action.Uploaded) { u.SHA256 = digest([]byte("x")) }, want: "not what the host said that it sent"},
		"another size of a part":  {facts: func(u *action.Uploaded) { u.PartBytes++ }, want: "not what the host said that it sent"},
		"attested with less":      {facts: func(u *action.Uploaded) { u.Bytes-- }, refuse: "bytes, not"},
		"attested with a version": {facts: func(u *action.Uploaded) { u.Version = "x" }, refuse: "on top"},
		"attested with an ETag":   {facts: func(u *action.Uploaded) { u.ETag = "x" }, refuse: "another checksum"},
		"attested with no hash":   {facts: func(u *action.Uploaded) { u.SHA256 = "" }, refuse: "no hash of its parts"},
	} {
		t.Run(name, func(t *testing.T) {
			bucket, key := aws.String(strings.ToLower(strings.ReplaceAll("b-"+name, " ", "-"))), aws.String("p/c-1/memory/image.bin")
			_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: bucket})
			must(t, err)
			_, err = client.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
				Bucket: bucket, VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled},
			})
			must(t, err)
			upload(t, client, bucket, key, content[:least], content[least:])
			head, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: bucket, Key: key, ChecksumMode: s3types.ChecksumModeEnabled})
			must(t, err)
			u := action.Uploaded{
				SHA256: digest([]byte(lines)), Bytes: int64(len(content)), PartBytes: least,
				Version: *head.VersionId, ETag: *head.ETag, CRC64NVME: aws.ToString(head.ChecksumCRC64NVME),
			}
			if u.CRC64NVME == "" {
				t.Error("S3 has no checksum of the whole")
			}
			if c.facts != nil {
				c.facts(&u)
			}
			v, err := OpenS3(client, *bucket, "p", "")
			must(t, err)
			a, e, err := v.Attest(t.Context(), "c-1", "memory/image.bin", u)
			if c.refuse != "" {
				if err == nil || !strings.Contains(err.Error(), c.refuse) {
					t.Fatalf("%v, want %q", err, c.refuse)
				}
				return
			}
			must(t, err)
			same(t, "artifact", a, action.Artifact{URI: "s3://" + *bucket + "/" + *key, SHA256: u.SHA256, Bytes: u.Bytes})
			again, _, err := v.Attest(t.Context(), "c-1", "memory/image.bin", u)
			must(t, err)
			same(t, "attested again", again, a)
			if c.tamper != nil {
				c.tamper(t, bucket, key)
			}
			other, err := OpenS3(client, *bucket, "p", "") // reads the entry from the bucket
			must(t, err)
			problems, err := Verify(t.Context(), other, "c-1", []action.Artifact{a}, e.Hash)
			must(t, err)
			got := ""
			for _, p := range problems {
				got += p.Name + ": " + p.Text
			}
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("problems %q, want %q", got, c.want)
			}
		})
	}
}

func upload(t *testing.T, client *s3.Client, bucket, key *string, parts ...[]byte) {
	t.Helper()
	begun, err := client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{
		Bucket: bucket, Key: key, ChecksumAlgorithm: s3types.ChecksumAlgorithmCrc64nvme, ChecksumType: s3types.ChecksumTypeFullObject,
	})
	must(t, err)
	done := &s3types.CompletedMultipartUpload{}
	for i, part := range parts {
		number := int32(i + 1)
		out, err := client.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: bucket, Key: key, UploadId: begun.UploadId, PartNumber: &number, Body: bytes.NewReader(part)})
		must(t, err)
		done.Parts = append(done.Parts, s3types.CompletedPart{PartNumber: &number, ETag: out.ETag})
	}
	_, err = client.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{Bucket: bucket, Key: key, UploadId: begun.UploadId, MultipartUpload: done})
	must(t, err)
}

// A directory takes no uploads; the entries of other pieces stay as they were, for programs that read them years later.
func TestUploadedElsewhere(t *testing.T) {
	v, err := OpenDir(t.TempDir())
	must(t, err)
	_, _, err = v.Attest(t.Context(), "c-1", "image", action.Uploaded{SHA256: digest(nil), PartBytes: 1})
	if err == nil || !strings.Contains(err.Error(), "the vault is a directory") {
		t.Errorf("attested in a directory: %v", err)
	}
	client := s3.NewFromConfig(awssim.New(awssim.Options{}).Config("us-east-1"))
	_, err = client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("empty")})
	must(t, err)
	b, err := OpenS3(client, "empty", "", "")
	must(t, err)
	if _, _, err = b.Attest(t.Context(), "c-1", "image", action.Uploaded{SHA256: digest(nil), PartBytes: 1}); !errors.Is(err, ErrNotFound) {
		t.Errorf("nothing there: %v", err)
	}
	line, err := json.Marshal(Entry{})
	must(t, err)
	if bytes.Contains(line, []byte("uploaded")) {
		t.Errorf("an entry of a piece that was not uploaded: %s", line)
	}
}
