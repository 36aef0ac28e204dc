package awssim

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const listLimit = 1000 // keys and common prefixes of one answer

// listObjects lists keys in the order of their bytes; a common prefix counts as one, and stands where it sorts.
func listObjects(x *request, in *s3.ListObjectsV2Input) (*s3.ListObjectsV2Output, error) {
	b, err := x.bucket(in.Bucket, in.ExpectedBucketOwner, withBody)
	if err != nil {
		return nil, err
	}
	if badToken(aws.ToString(in.ContinuationToken)) {
		return nil, apiError(400, "InvalidArgument", "The continuation token provided is incorrect")
	}
	if in.MaxKeys != nil && *in.MaxKeys < 0 {
		return nil, apiError(400, "InvalidArgument", "Argument maxKeys must be an integer between 0 and 2147483647")
	}
	limit := listLimit
	if in.MaxKeys != nil {
		limit = min(int(*in.MaxKeys), listLimit)
	}
	entries := b.entries(aws.ToString(in.Prefix), aws.ToString(in.Delimiter), aws.ToString(in.StartAfter))
	page, next := pageAfter(entries, aws.ToString(in.ContinuationToken), limit)
	out := &s3.ListObjectsV2Output{
		Name: &b.Name, Prefix: aws.String(aws.ToString(in.Prefix)), Delimiter: in.Delimiter, StartAfter: in.StartAfter,
		ContinuationToken: in.ContinuationToken, EncodingType: in.EncodingType,
		MaxKeys: aws.Int32(int32(limit)), KeyCount: aws.Int32(int32(len(page))), IsTruncated: aws.Bool(next != ""),
	}
	if next != "" {
		out.NextContinuationToken = &next
	}
	for _, e := range page {
		v := b.newest(e)
		if d := aws.ToString(in.Delimiter); d != "" && strings.Contains(strings.TrimPrefix(e, aws.ToString(in.Prefix)), d) {
			out.CommonPrefixes = append(out.CommonPrefixes, s3types.CommonPrefix{Prefix: &e})
			continue
		}
		o := s3types.Object{
			Key: &e, Size: aws.Int64(int64(len(v.Body))), ETag: aws.String(v.ETag), LastModified: aws.Time(v.Modified),
			StorageClass: s3types.ObjectStorageClassStandard,
		}
		if aws.ToBool(in.FetchOwner) {
			o.Owner = x.owner()
		}
		if v.SHA256 != "" {
			o.ChecksumAlgorithm, o.ChecksumType = []s3types.ChecksumAlgorithm{s3types.ChecksumAlgorithmSha256}, s3types.ChecksumTypeFullObject
		}
		out.Contents = append(out.Contents, o)
	}
	return clone(out), nil
}

// entries gives the keys and common prefixes of a listing, sorted.
func (b *bucket) entries(prefix, delimiter, startAfter string) []string {
	out := []string{}
	for _, key := range sortedKeys(b.Objects) {
		rest, ok := strings.CutPrefix(key, prefix)
		if !ok || key <= startAfter && startAfter != "" || b.newest(key) == nil {
			continue
		}
		if delimiter != "" {
			if head, _, cut := strings.Cut(rest, delimiter); cut {
				key = prefix + head + delimiter
			}
		}
		out = append(out, key)
	}
	return slices.Compact(out)
}
