package awssim

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc64"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// The limits of multipart uploads.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
const (
	leastPart = 5 << 20 // bytes of every part but the last
	mostParts = 10_000
)

// upload is a multipart upload under way.
type upload struct {
	Key         string
	ContentType string
	Initiated   time.Time
	CRC64NVME   bool // S3 keeps that checksum of the whole
	Encryption  s3types.ServerSideEncryption
	KMSKey      string
	Parts       map[int32]*uploadPart
}

type uploadPart struct {
	Body     []byte
	ETag     string
	Modified time.Time
}

func registerUploads(r registry) {
	write(r, "S3", createUpload)
	write(r, "S3", sendPart)
	write(r, "S3", completeUpload)
	write(r, "S3", abortUpload)
	read(r, "S3", listParts)
	read(r, "S3", listUploads)
}

// upload is the one that a call names by its id and key.
func (b *bucket) upload(id, key *string) (*upload, error) {
	u := b.Uploads[aws.ToString(id)]
	if u == nil || u.Key != aws.ToString(key) {
		return nil, apiError(404, "NoSuchUpload", "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.")
	}
	return u, nil
}

func createUpload(x *request, in *s3.CreateMultipartUploadInput) (*s3.CreateMultipartUploadOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	switch {
	case err != nil:
		return nil, err
	case len(aws.ToString(in.Key)) > 1024:
		return nil, apiError(400, "KeyTooLongError", "Your key is too long")
	}
	u := &upload{
		Key: *in.Key, ContentType: aws.ToString(in.ContentType), Initiated: x.now, Parts: map[int32]*uploadPart{},
		CRC64NVME:  in.ChecksumAlgorithm == s3types.ChecksumAlgorithmCrc64nvme,
		Encryption: in.ServerSideEncryption, KMSKey: aws.ToString(in.SSEKMSKeyId),
	}
	if u.Encryption == "" && b.Key != "" {
		u.Encryption, u.KMSKey = s3types.ServerSideEncryptionAwsKms, b.Key
	}
	id := x.st.uniqueID("", 48)
	if b.Uploads == nil {
		b.Uploads = map[string]*upload{}
	}
	b.Uploads[id] = u
	return &s3.CreateMultipartUploadOutput{Bucket: in.Bucket, Key: in.Key, UploadId: &id}, nil
}

func sendPart(x *request, in *s3.UploadPartInput) (*s3.UploadPartOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	if err != nil {
		return nil, err
	}
	body, err := content(in.Body)
	if err != nil {
		return nil, err
	}
	p, err := b.sendPart(in.UploadId, in.Key, aws.ToInt32(in.PartNumber), body, aws.ToString(in.ContentMD5), x.now)
	if err != nil {
		return nil, err
	}
	return &s3.UploadPartOutput{ETag: aws.String(p.ETag)}, nil
}

// sendPart keeps a part, in place of one of the same number. digest is the writer's Content-MD5, "" for none.
func (b *bucket) sendPart(id, key *string, number int32, body []byte, digest string, now time.Time) (*uploadPart, error) {
	if number < 1 || number > mostParts {
		return nil, apiError(400, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive")
	}
	u, err := b.upload(id, key)
	if err != nil {
		return nil, err
	}
	sum := md5.Sum(body)
	if digest != "" && digest != base64.StdEncoding.EncodeToString(sum[:]) {
		return nil, apiError(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")
	}
	u.Parts[number] = &uploadPart{Body: body, ETag: `"` + hex.EncodeToString(sum[:]) + `"`, Modified: now}
	return u.Parts[number], nil
}

func completeUpload(x *request, in *s3.CompleteMultipartUploadInput) (*s3.CompleteMultipartUploadOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	if err != nil {
		return nil, err
	}
	u, err := b.upload(in.UploadId, in.Key)
	if err != nil {
		return nil, err
	}
	if in.MultipartUpload == nil || len(in.MultipartUpload.Parts) == 0 {
		return nil, apiError(400, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema")
	}
	body, etag, err := u.joined(in.MultipartUpload.Parts)
	switch {
	case err != nil:
		return nil, err
	case in.IfNoneMatch != nil && b.newest(u.Key) != nil:
		return nil, preconditionFailed()
	}
	v := &objectVersion{
		Body: body, ETag: etag, ContentType: u.ContentType, Modified: x.now, Encryption: u.Encryption, KMSKey: u.KMSKey,
	}
	if u.CRC64NVME {
		v.CRC64NVME = crc64NVME(body)
	}
	b.put(x.st, u.Key, v)
	delete(b.Uploads, *in.UploadId)
	out := &s3.CompleteMultipartUploadOutput{Bucket: in.Bucket, Key: in.Key, ETag: &v.ETag, ServerSideEncryption: v.Encryption}
	if v.Version != "null" {
		out.VersionId = &v.Version
	}
	if v.CRC64NVME != "" {
		out.ChecksumCRC64NVME, out.ChecksumType = &v.CRC64NVME, s3types.ChecksumTypeFullObject
	}
	return out, nil
}

// joined puts the parts that are named together, and makes the ETag of the whole: the MD5 of the parts' MD5s and their number.
func (u *upload) joined(parts []s3types.CompletedPart) (body []byte, etag string, err error) {
	sums := md5.New()
	last := int32(0)
	for i, named := range parts {
		number := aws.ToInt32(named.PartNumber)
		if number <= last {
			return nil, "", apiError(400, "InvalidPartOrder", "The list of parts was not in ascending order. Parts must be ordered by part number.")
		}
		last = number
		p := u.Parts[number]
		if p == nil || strings.Trim(p.ETag, `"`) != strings.Trim(aws.ToString(named.ETag), `"`) {
			return nil, "", apiError(400, "InvalidPart", "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.")
		}
		if i < len(parts)-1 && len(p.Body) < leastPart {
			return nil, "", apiError(400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
		}
		sum := md5.Sum(p.Body)
		sums.Write(sum[:])
		body = append(body, p.Body...)
	}
	return body, fmt.Sprintf(`"%x-%d"`, sums.Sum(nil), len(parts)), nil
}

// crc64NVME is that checksum as S3 gives it: big endian, in base64.
func crc64NVME(body []byte) string {
	sum := crc64.Checksum(body, crc64.MakeTable(0x9a6c9329ac4bc9b5))
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, sum))
}

func abortUpload(x *request, in *s3.AbortMultipartUploadInput) (*s3.AbortMultipartUploadOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	if err != nil {
		return nil, err
	}
	if _, err := b.upload(in.UploadId, in.Key); err != nil {
		return nil, err
	}
	delete(b.Uploads, *in.UploadId)
	return &s3.AbortMultipartUploadOutput{}, nil
}

func listParts(x *request, in *s3.ListPartsInput) (*s3.ListPartsOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	if err != nil {
		return nil, err
	}
	u, err := b.upload(in.UploadId, in.Key)
	if err != nil {
		return nil, err
	}
	after, err := strconv.Atoi(aws.ToString(in.PartNumberMarker))
	if err != nil && aws.ToString(in.PartNumberMarker) != "" {
		return nil, apiError(400, "InvalidArgument", "part-number-marker must be an integer")
	}
	most := int(aws.ToInt32(in.MaxParts))
	if most <= 0 || most > 1000 {
		most = 1000
	}
	out := &s3.ListPartsOutput{Bucket: in.Bucket, Key: in.Key, UploadId: in.UploadId, IsTruncated: aws.Bool(false)}
	for _, number := range sortedKeys(u.Parts) {
		p := u.Parts[number]
		switch {
		case int(number) <= after:
		case len(out.Parts) == most:
			out.IsTruncated, out.NextPartNumberMarker = aws.Bool(true), aws.String(strconv.Itoa(int(*out.Parts[most-1].PartNumber)))
			return out, nil
		default:
			out.Parts = append(out.Parts, s3types.Part{
				PartNumber: &number, ETag: aws.String(p.ETag), Size: aws.Int64(int64(len(p.Body))), LastModified: aws.Time(p.Modified),
			})
		}
	}
	return out, nil
}

// listUploads lists a bucket's uploads under way by key. One page: nobody here has a thousand.
func listUploads(x *request, in *s3.ListMultipartUploadsInput) (*s3.ListMultipartUploadsOutput, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	if err != nil {
		return nil, err
	}
	out := &s3.ListMultipartUploadsOutput{Bucket: in.Bucket, Prefix: in.Prefix, IsTruncated: aws.Bool(false)}
	byKey := map[string]string{}
	for id, u := range b.Uploads {
		if strings.HasPrefix(u.Key, aws.ToString(in.Prefix)) {
			byKey[u.Key+"\x00"+u.Initiated.Format(time.RFC3339Nano)+"\x00"+id] = id
		}
	}
	for _, place := range sortedKeys(byKey) {
		id := byKey[place]
		u := b.Uploads[id]
		out.Uploads = append(out.Uploads, s3types.MultipartUpload{Key: aws.String(u.Key), UploadId: &id, Initiated: aws.Time(u.Initiated)})
	}
	return out, nil
}
