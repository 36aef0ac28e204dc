package awssim

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func registerObjects(r registry) {
	write(r, "S3", putObject)
	read(r, "S3", getObject)
	read(r, "S3", headObject)
	write(r, "S3", deleteObject)
}

func preconditionFailed() error {
	return apiError(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
}

func putObject(x *request, in *s3.PutObjectInput) (*s3.PutObjectOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	if err != nil {
		return nil, err
	}
	key := aws.ToString(in.Key)
	if len(key) > 1024 {
		return nil, apiError(400, "KeyTooLongError", "Your key is too long")
	}
	old := b.newest(key)
	switch {
	case in.IfNoneMatch != nil && *in.IfNoneMatch != "*":
		return nil, apiError(501, "NotImplemented", "A header you provided implies functionality that is not implemented")
	case in.IfNoneMatch != nil && old != nil:
		return nil, preconditionFailed()
	case in.IfMatch != nil && old == nil:
		return nil, apiError(404, "NoSuchKey", "The specified key does not exist.")
	case in.IfMatch != nil && old.ETag != *in.IfMatch:
		return nil, preconditionFailed()
	case in.ACL != "" && in.ACL != s3types.ObjectCannedACLPrivate && in.ACL != s3types.ObjectCannedACLBucketOwnerFullControl &&
		b.Ownership == s3types.ObjectOwnershipBucketOwnerEnforced:
		return nil, apiError(400, "AccessControlListNotSupported", "The bucket does not allow ACLs")
	}
	body, err := content(in.Body)
	if err != nil {
		return nil, err
	}
	sum, err := checkDigests(in, body)
	if err != nil {
		return nil, err
	}
	v := &objectVersion{
		Body: body, SHA256: sum, ContentType: aws.ToString(in.ContentType), Metadata: clone(in.Metadata),
		Modified: x.now, Encryption: in.ServerSideEncryption, KMSKey: aws.ToString(in.SSEKMSKeyId),
	}
	if v.Encryption == "" && b.Key != "" {
		v.Encryption, v.KMSKey = s3types.ServerSideEncryptionAwsKms, b.Key
	}
	b.put(x.st, key, v)
	out := &s3.PutObjectOutput{ETag: aws.String(v.ETag), ServerSideEncryption: v.Encryption}
	if v.KMSKey != "" {
		out.SSEKMSKeyId = aws.String(v.KMSKey)
	}
	if sum != "" {
		out.ChecksumSHA256, out.ChecksumType = &sum, s3types.ChecksumTypeFullObject
	}
	if v.Version != "null" {
		out.VersionId = aws.String(v.Version)
	}
	return out, nil
}

// content reads a body and, where it can be, sets it back to where it stood: an attempt that fails is repeated with
// the same body.
func content(r io.Reader) ([]byte, error) {
	if r == nil {
		return []byte{}, nil
	}
	seeker, ok := r.(io.Seeker)
	var at int64
	if ok {
		var err error
		if at, err = seeker.Seek(0, io.SeekCurrent); err != nil {
			return nil, fmt.Errorf("read request body: %w", err)
		}
	}
	body, err := io.ReadAll(r)
	if err == nil && ok {
		_, err = seeker.Seek(at, io.SeekStart)
	}
	if err != nil {
		return nil, fmt.Errorf("read request body: %w", err)
	}
	return body, nil
}

// checkDigests holds the digests that a writer gives against the body, and gives the SHA-256 to keep, "" for none.
func checkDigests(in *s3.PutObjectInput, body []byte) (string, error) {
	sha, sum := sha256.Sum256(body), md5.Sum(body)
	want := base64.StdEncoding.EncodeToString(sha[:])
	bad := func(header string) error {
		return apiError(400, "BadDigest", "The %s you specified did not match what we received.", header)
	}
	if in.ContentMD5 != nil && *in.ContentMD5 != base64.StdEncoding.EncodeToString(sum[:]) {
		return "", bad("Content-MD5")
	}
	switch given := in.ChecksumSHA256; {
	case given == nil && in.ChecksumAlgorithm == s3types.ChecksumAlgorithmSha256:
		return want, nil
	case given == nil:
		return "", nil
	default:
		if raw, err := base64.StdEncoding.DecodeString(*given); err != nil || len(raw) != len(sha) {
			return "", apiError(400, "InvalidRequest", "Value for x-amz-checksum-sha256 header is invalid.")
		}
		if *given != want {
			return "", bad("SHA256")
		}
		return want, nil
	}
}

// object is the version that a read names: the newest if it names none. A delete marker hides what is under it.
func (b *bucket) object(key, version *string) (*objectVersion, error) {
	v := b.newest(aws.ToString(key))
	if version != nil {
		v = nil
		for _, o := range b.Objects[aws.ToString(key)] {
			if o.Version == *version {
				v = o
			}
		}
		if v == nil {
			return nil, apiError(404, "NoSuchVersion", "The specified version does not exist.")
		}
		if v.Deleted {
			return nil, apiError(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
		}
	}
	if v == nil {
		return nil, httpError(404, &s3types.NoSuchKey{Message: aws.String("The specified key does not exist.")})
	}
	return v, nil
}

func (v *objectVersion) preconditions(ifMatch, ifNoneMatch *string) error {
	if ifMatch != nil && *ifMatch != v.ETag {
		return preconditionFailed()
	}
	if ifNoneMatch != nil && (*ifNoneMatch == v.ETag || *ifNoneMatch == "*") {
		return apiError(304, "NotModified", "Not Modified")
	}
	return nil
}

func getObject(x *request, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	if err != nil {
		return nil, err
	}
	v, err := b.object(in.Key, in.VersionId)
	if err != nil && !x.mayKnow(in.Bucket) {
		return nil, s3Denied(withBody)
	}
	if err != nil {
		return nil, err
	}
	if err := v.preconditions(in.IfMatch, in.IfNoneMatch); err != nil {
		return nil, err
	}
	if in.Range != nil || in.PartNumber != nil {
		return nil, apiError(501, "UnsimulatedOperation", "GetObject of a part is not simulated")
	}
	h := v.head(in.ChecksumMode)
	return &s3.GetObjectOutput{
		Body: io.NopCloser(bytes.NewReader(bytes.Clone(v.Body))), ContentLength: h.ContentLength, ContentType: h.ContentType,
		ETag: h.ETag, LastModified: h.LastModified, Metadata: h.Metadata, VersionId: h.VersionId, ChecksumSHA256: h.ChecksumSHA256,
		ChecksumCRC64NVME: h.ChecksumCRC64NVME,
		ChecksumType:      h.ChecksumType, ServerSideEncryption: h.ServerSideEncryption, SSEKMSKeyId: h.SSEKMSKeyId, AcceptRanges: h.AcceptRanges,
	}, nil
}

func headObject(x *request, in *s3.HeadObjectInput) (*s3.HeadObjectOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, headOnly)
	if err != nil {
		return nil, err
	}
	v, err := b.object(in.Key, in.VersionId)
	if err != nil {
		return nil, httpError(404, &s3types.NotFound{})
	}
	if err := v.preconditions(in.IfMatch, in.IfNoneMatch); err != nil {
		return nil, err
	}
	return v.head(in.ChecksumMode), nil
}

// head is what an answer says of an object besides its content.
func (v *objectVersion) head(mode s3types.ChecksumMode) *s3.HeadObjectOutput {
	out := &s3.HeadObjectOutput{
		ContentLength: aws.Int64(int64(len(v.Body))), ContentType: aws.String(v.ContentType), ETag: aws.String(v.ETag),
		LastModified: aws.Time(v.Modified), Metadata: clone(v.Metadata), ServerSideEncryption: v.Encryption, AcceptRanges: aws.String("bytes"),
	}
	if v.KMSKey != "" {
		out.SSEKMSKeyId = aws.String(v.KMSKey)
	}
	if v.Version != "null" {
		out.VersionId = aws.String(v.Version)
	}
	if mode == s3types.ChecksumModeEnabled && v.SHA256 != "" {
		out.ChecksumSHA256, out.ChecksumType = aws.String(v.SHA256), s3types.ChecksumTypeFullObject
	}
	if mode == s3types.ChecksumModeEnabled && v.CRC64NVME != "" {
		out.ChecksumCRC64NVME, out.ChecksumType = aws.String(v.CRC64NVME), s3types.ChecksumTypeFullObject
	}
	return out
}

// deleteObject succeeds whether the object is there or not. With versioning it adds a delete marker, unless the call
// names a version.
func deleteObject(x *request, in *s3.DeleteObjectInput) (*s3.DeleteObjectOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	if err != nil {
		return nil, err
	}
	key, out := aws.ToString(in.Key), &s3.DeleteObjectOutput{}
	switch {
	case in.VersionId != nil:
		b.Objects[key] = b.without(key, *in.VersionId)
		out.VersionId = clone(in.VersionId)
	case b.Versioning != "":
		marker := &objectVersion{Deleted: true, Modified: x.now}
		b.put(x.st, key, marker)
		out.DeleteMarker, out.VersionId = aws.Bool(true), aws.String(marker.Version)
	default:
		delete(b.Objects, key)
	}
	if len(b.Objects[key]) == 0 {
		delete(b.Objects, key)
	}
	return out, nil
}
