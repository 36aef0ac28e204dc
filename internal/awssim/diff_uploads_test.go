package awssim_test

import (
	"context"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"cordon/internal/cloud"
)

// knownUploads are the known differences; the sources are pages of the S3 API reference unless they say otherwise.
var knownUploads = map[string]difference{
	"uploads/complete again":                         {"error NoSuchUpload", `ok ["bucket-one","image","\"5f203647769ec83c0744d18e278d9cd3-3\""]`, "sim", "AbortMultipartUpload, errors: NoSuchUpload, the upload might have been aborted or completed"},
	"uploads/send to the completed":                  {"error NoSuchUpload", "error without a code", "sim", "UploadPart, errors: NoSuchUpload (moto fails)"},
	"uploads/send number 0":                          {"error InvalidArgument", "error NoSuchUpload", "sim", "UploadPart: part numbers can be any number from 1 to 10,000"},
	"uploads/send with a wrong digest":               {"error BadDigest", `ok "\"7f021a1415b86f2d013b2618fb31ae53\""`, "sim", "error responses: BadDigest"},
	"uploads/send to the aborted":                    {"error NoSuchUpload", "error without a code", "sim", "UploadPart, errors: NoSuchUpload (moto fails)"},
	"uploads/complete the aborted":                   {"error NoSuchUpload", "error without a code", "sim", "CompleteMultipartUpload, errors: NoSuchUpload (moto fails)"},
	"uploads/complete in another order":              {"error InvalidPartOrder", `ok ["bucket-one","image","\"c02ebd70c699d20afa7ed0c8cb4bf1d9-2\""]`, "sim", "CompleteMultipartUpload, errors: InvalidPartOrder"},
	"uploads/complete with a part that is not there": {"error InvalidPart", `ok ["bucket-one","image","\"c02ebd70c699d20afa7ed0c8cb4bf1d9-2\""]`, "sim", "CompleteMultipartUpload, errors: InvalidPart"},
	"uploads/complete with a wrong ETag":             {"error InvalidPart", `ok ["bucket-one","image","\"c02ebd70c699d20afa7ed0c8cb4bf1d9-2\""]`, "sim", "CompleteMultipartUpload, errors: InvalidPart"},
}

func TestDifferentialUploads(t *testing.T) {
	differential(t, []sequence{uploadSequence(), typeSequence()}, knownUploads)
}

func beginUpload(bucket, key, as string) func(context.Context, *cloud.Clients, vars) (any, error) {
	return func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
		out, err := c.S3.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
		if err != nil {
			return nil, err
		}
		v[as] = *out.UploadId
		return []any{*out.Bucket, *out.Key}, nil
	}
}

func uploadSequence() sequence {
	one, key := aws.String("bucket-one"), aws.String("image")
	send := func(upload string, number int32, body string, change func(*s3.UploadPartInput)) func(context.Context, *cloud.Clients, vars) (any, error) {
		return func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			in := &s3.UploadPartInput{Bucket: one, Key: key, UploadId: aws.String(v[upload]), PartNumber: &number, Body: strings.NewReader(body)}
			if change != nil {
				change(in)
			}
			out, err := c.S3.UploadPart(ctx, in)
			if err != nil {
				return nil, err
			}
			v[strconv.Itoa(int(number))] = *out.ETag
			return *out.ETag, nil
		}
	}
	complete := func(upload string, change func(*s3.CompleteMultipartUploadInput), numbers ...int32) func(context.Context, *cloud.Clients, vars) (any, error) {
		return func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			in := &s3.CompleteMultipartUploadInput{Bucket: one, Key: key, UploadId: aws.String(v[upload]), MultipartUpload: &s3types.CompletedMultipartUpload{}}
			for _, n := range numbers {
				in.MultipartUpload.Parts = append(in.MultipartUpload.Parts, s3types.CompletedPart{PartNumber: &n, ETag: aws.String(v[strconv.Itoa(int(n))])})
			}
			if change != nil {
				change(in)
			}
			out, err := c.S3.CompleteMultipartUpload(ctx, in)
			if err != nil {
				return nil, err
			}
			return []any{*out.Bucket, *out.Key, *out.ETag}, nil
		}
	}
	list := func(upload string, most int32) func(context.Context, *cloud.Clients, vars) (any, error) {
		return func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			var parts []any
			pages := s3.NewListPartsPaginator(c.S3, &s3.ListPartsInput{Bucket: one, Key: key, UploadId: aws.String(v[upload]), MaxParts: &most})
			for pages.HasMorePages() {
				page, err := pages.NextPage(ctx)
				if err != nil {
					return nil, err
				}
				parts = append(parts, len(page.Parts))
				for _, p := range page.Parts {
					parts = append(parts, *p.PartNumber, *p.ETag, *p.Size)
				}
			}
			return parts, nil
		}
	}
	uploads := func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
		out, err := c.S3.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: one, Prefix: aws.String("im")})
		if err != nil {
			return nil, err
		}
		var keys []string
		for _, u := range out.Uploads {
			keys = append(keys, *u.Key)
		}
		return keys, nil
	}
	abort := func(upload string) func(context.Context, *cloud.Clients, vars) (any, error) {
		return func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			return done(c.S3.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: one, Key: key, UploadId: aws.String(v[upload])}))
		}
	}
	large := strings.Repeat("0123456789abcdef", 5<<20/16)
	return sequence{"uploads", []step{
		{"create", createBucket("bucket-one")},
		{"begin in unknown", beginUpload("bucket-none", "image", "none")},
		{"begin", beginUpload("bucket-one", "image", "a")},
		{"uploads under way", uploads},
		{"no parts yet", list("a", 10)},
		{"send", send("a", 1, large, nil)},
		{"send another", send("a", 2, large, nil)},
		{"send that again", send("a", 2, large+"more", nil)},
		{"send the last", send("a", 3, "end", nil)},
		{"list by pages", list("a", 2)},
		{"list unknown", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.ListParts(ctx, &s3.ListPartsInput{Bucket: one, Key: key, UploadId: aws.String("nonesuch")}))
		}},
		{"complete with nothing", complete("a", nil)},
		{"complete", complete("a", nil, 1, 2, 3)},
		{"no uploads under way", uploads},
		{"get", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: one, Key: key})
			if err != nil {
				return nil, err
			}
			defer out.Body.Close()
			body, err := io.ReadAll(out.Body)
			return []any{string(body) == large+large+"more"+"end", out.ETag}, err
		}},
		{"complete again", complete("a", nil, 1, 2, 3)},
		{"send to the completed", send("a", 1, "x", nil)},
		{"begin a second", beginUpload("bucket-one", "image", "b")},
		{"send to the second", send("b", 1, "small", nil)},
		{"send number 10001", send("b", 10001, "x", nil)},
		{"send number 0", send("b", 0, "x", nil)},
		{"complete where an object is", complete("b", func(in *s3.CompleteMultipartUploadInput) { in.IfNoneMatch = aws.String("*") }, 1)},
		{"send with a wrong digest", send("b", 4, "end", func(in *s3.UploadPartInput) { in.ContentMD5 = aws.String("1B2M2Y8AsgTpgAmY7PhCfg==") })},
		{"abort", abort("b")},
		{"abort again", abort("b")},
		{"list the aborted", list("b", 10)},
		{"send to the aborted", send("b", 1, "small", nil)},
		{"complete the aborted", complete("b", nil, 1)},
		{"begin a third", beginUpload("bucket-one", "image", "c")},
		{"send 1", send("c", 1, "short", nil)},
		{"send 2", send("c", 2, large, nil)},
		{"complete with a short part in the middle", complete("c", nil, 1, 2)},
		{"complete in another order", complete("c", nil, 2, 1)},
		{"complete with a part that is not there", complete("c", nil, 2, 7)},
		{"complete with a wrong ETag", complete("c", func(in *s3.CompleteMultipartUploadInput) { in.MultipartUpload.Parts[0].ETag = aws.String(`"0"`) }, 2)},
	}}
}

func typeSequence() sequence {
	types := func(names ...ec2types.InstanceType) func(context.Context, *cloud.Clients, vars) (any, error) {
		return func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.EC2.DescribeInstanceTypes(ctx, &ec2.DescribeInstanceTypesInput{InstanceTypes: names})
			if err != nil {
				return nil, err
			}
			found := map[ec2types.InstanceType]any{}
			for _, t := range out.InstanceTypes {
				found[t.InstanceType] = []any{*t.MemoryInfo.SizeInMiB, t.ProcessorInfo.SupportedArchitectures}
			}
			return found, nil
		}
	}
	return sequence{"types", []step{
		{"burstable", types("t3.micro", "t3.medium", "t3.large", "t3.2xlarge", "t4g.small")},
		{"general", types("m5.large", "m5.24xlarge", "m7g.large", "m7g.medium", "m6i.32xlarge")},
		{"compute and memory", types("c5.large", "c6g.16xlarge", "r5.xlarge", "r6i.8xlarge")},
		{"unknown", types("z9.enormous")},
	}}
}
