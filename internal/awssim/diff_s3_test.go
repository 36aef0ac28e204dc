package awssim_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"cordon/internal/cloud"
)

const (
	publicRead = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::bucket-one/*"}]}`
	abcSHA256  = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
)

// knownS3 are the known differences; the sources are pages of the S3 API reference unless they say otherwise.
var knownS3 = map[string]difference{
	"buckets/create with a bad name": {"error InvalidBucketName", `ok "done"`, "sim", "user guide, bucket naming rules: lower case letters, digits, dots and hyphens"},
	"buckets/wrong Region":           {"error PermanentRedirect", "error NoSuchTagSet", "sim", "error responses: PermanentRedirect, HTTP 301"},
	"buckets/ownership": {
		`ok [{"ObjectOwnership":"BucketOwnerEnforced"}]`, "error OwnershipControlsNotFoundError",
		"sim", "user guide, controlling ownership of objects: all new buckets have BucketOwnerEnforced",
	},
	"buckets/wrong owner": {"error AccessDenied", `ok "done"`, "sim", "GetBucketVersioning: ExpectedBucketOwner, HTTP 403 where it does not match"},
	"access/block of a new bucket": {
		`ok {"BlockPublicAcls":true,"BlockPublicPolicy":true,"IgnorePublicAcls":true,"RestrictPublicBuckets":true}`, "error NoSuchPublicAccessBlockConfiguration",
		"sim", "user guide, blocking public access: on by default for new buckets since April 2023",
	},
	"access/no policy status":              {"error NoSuchBucketPolicy", `ok "done"`, "sim", "error responses: NoSuchBucketPolicy"},
	"access/put no JSON":                   {"error MalformedPolicy", `ok "done"`, "sim", "error responses: MalformedPolicy"},
	"access/policy status":                 {"ok true", "ok null", "sim", "GetBucketPolicyStatus: PolicyStatus has IsPublic"},
	"access/put public policy under block": {"error AccessDenied", `ok "done"`, "sim", "PublicAccessBlockConfiguration: BlockPublicPolicy makes S3 reject such calls"},
	"access/public acl":                    {"error AccessControlListNotSupported", `ok "done"`, "sim", "user guide, controlling ownership of objects: with BucketOwnerEnforced, requests to set ACLs fail with AccessControlListNotSupported"},
	"objects/put for a wrong owner":        {"error AccessDenied", `ok "\"900150983cd24fb0d6963f7d28e17f72\""`, "sim", "PutObject: ExpectedBucketOwner, HTTP 403 where it does not match"},
	"objects/list with a made-up token":    {"error InvalidArgument", "error without a code", "sim", "error responses: InvalidArgument (moto fails)"},
	"objects/put with a wrong digest":      {"error BadDigest", `ok "\"4911e516e5aa21d327512e0c8b197616\""`, "sim", "error responses: BadDigest"},
}

func TestDifferentialS3(t *testing.T) {
	differential(t, []sequence{bucketSequence(), accessSequence(), objectSequence(), versionSequence()}, knownS3)
}

func createBucket(name string) func(context.Context, *cloud.Clients, vars) (any, error) {
	return func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
		return done(c.S3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name}))
	}
}

func bucketSequence() sequence {
	one := aws.String("bucket-one")
	return sequence{"buckets", []step{
		{"create", createBucket("bucket-one")},
		{"create in another Region", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.CreateBucket(ctx, &s3.CreateBucketInput{
				Bucket:                    aws.String("bucket-two"),
				CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraintEuWest1},
			}))
		}},
		{"create in us-east-1 by name", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.CreateBucket(ctx, &s3.CreateBucketInput{
				Bucket:                    aws.String("bucket-three"),
				CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "us-east-1"},
			}))
		}},
		{"head", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: one}))
		}},
		{"head unknown", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: aws.String("bucket-none")}))
		}},
		{"location", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.S3.GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: one})
			if err != nil {
				return nil, err
			}
			return out.LocationConstraint, nil
		}},
		{"location of the other", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.S3.GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: aws.String("bucket-two")})
			if err != nil {
				return nil, err
			}
			return out.LocationConstraint, nil
		}},
		{"list", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.S3.ListBuckets(ctx, &s3.ListBucketsInput{})
			if err != nil {
				return nil, err
			}
			var names []string
			for _, b := range out.Buckets {
				names = append(names, *b.Name)
			}
			return names, nil
		}},
		{"wrong Region", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: aws.String("bucket-two")}))
		}},
		{"no tags", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: one}))
		}},
		{"tags of unknown", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.GetBucketTagging(ctx, &s3.GetBucketTaggingInput{Bucket: aws.String("bucket-none")}))
		}},
		{"no website", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.GetBucketWebsite(ctx, &s3.GetBucketWebsiteInput{Bucket: one}))
		}},
		{"versioning", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.S3.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: one})
			if err != nil {
				return nil, err
			}
			return out.Status, nil
		}},
		{"ownership", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.S3.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: one})
			if err != nil {
				return nil, err
			}
			return out.OwnershipControls.Rules, nil
		}},
		{"wrong owner", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: one, ExpectedBucketOwner: aws.String("999999999999")}))
		}},
		{"delete", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: one}))
		}},
		{"delete again", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: one}))
		}},
		{"create with a bad name", createBucket("Bad_Name")},
	}}
}

func accessSequence() sequence {
	one := aws.String("bucket-one")
	block := func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
		out, err := c.S3.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: one})
		if err != nil {
			return nil, err
		}
		return out.PublicAccessBlockConfiguration, nil
	}
	put := func(restrict bool) func(context.Context, *cloud.Clients, vars) (any, error) {
		return func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{
				Bucket: one, PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{RestrictPublicBuckets: &restrict, BlockPublicPolicy: &restrict},
			}))
		}
	}
	remove := func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
		return done(c.S3.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: one}))
	}
	policy := func(doc string) func(context.Context, *cloud.Clients, vars) (any, error) {
		return func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: one, Policy: &doc}))
		}
	}
	getPolicy := func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
		out, err := c.S3.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: one})
		if err != nil {
			return nil, err
		}
		return out.Policy, nil
	}
	return sequence{"access", []step{
		{"create", createBucket("bucket-one")},
		{"block of a new bucket", block},
		{"remove block", remove},
		{"remove again", remove},
		{"no block", block},
		{"block of unknown", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: aws.String("bucket-none")}))
		}},
		{"no policy", getPolicy},
		{"no policy status", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.GetBucketPolicyStatus(ctx, &s3.GetBucketPolicyStatusInput{Bucket: one}))
		}},
		{"put policy", policy(publicRead)},
		{"get policy", getPolicy},
		{"policy status", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.S3.GetBucketPolicyStatus(ctx, &s3.GetBucketPolicyStatusInput{Bucket: one})
			if err != nil {
				return nil, err
			}
			return out.PolicyStatus.IsPublic, nil
		}},
		{"put block", put(true)},
		{"get block", block},
		{"put public policy under block", policy(publicRead)},
		{"put open block", put(false)},
		{"get open block", block},
		{"delete policy", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: one}))
		}},
		{"delete policy again", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: one}))
		}},
		{"acl", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.S3.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: one})
			if err != nil {
				return nil, err
			}
			return []any{len(out.Grants), out.Grants[0].Permission, out.Grants[0].Grantee.Type}, nil
		}},
		{"public acl", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.PutBucketAcl(ctx, &s3.PutBucketAclInput{Bucket: one, ACL: s3types.BucketCannedACLPublicRead}))
		}},
		{"put no JSON", policy("{")},
	}}
}

func putObject(key, body string, change func(*s3.PutObjectInput)) func(context.Context, *cloud.Clients, vars) (any, error) {
	return func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
		in := &s3.PutObjectInput{Bucket: aws.String("bucket-one"), Key: &key, Body: strings.NewReader(body)}
		if change != nil {
			change(in)
		}
		out, err := c.S3.PutObject(ctx, in)
		if err != nil {
			return nil, err
		}
		return out.ETag, nil
	}
}

func objectSequence() sequence {
	one := aws.String("bucket-one")
	return sequence{"objects", []step{
		{"create", createBucket("bucket-one")},
		{"put", putObject("a/b.txt", "abc", func(in *s3.PutObjectInput) { in.ChecksumSHA256 = aws.String(abcSHA256) })},
		{"put where one is", putObject("a/b.txt", "other", func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") })},
		{"put where none is", putObject("a/new.txt", "abc", func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") })},
		{"put in unknown", putObject("x", "abc", func(in *s3.PutObjectInput) { in.Bucket = aws.String("bucket-none") })},
		{"get", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: one, Key: aws.String("a/b.txt"), ChecksumMode: s3types.ChecksumModeEnabled})
			if err != nil {
				return nil, err
			}
			defer out.Body.Close()
			body, err := io.ReadAll(out.Body)
			return []any{string(body), out.ContentLength, out.ETag}, err
		}},
		{"get unknown", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: one, Key: aws.String("none")}))
		}},
		{"head", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.S3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: one, Key: aws.String("a/b.txt")})
			if err != nil {
				return nil, err
			}
			return []any{out.ContentLength, out.ETag}, nil
		}},
		{"head unknown", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: one, Key: aws.String("none")}))
		}},
		{"list by pages", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			for _, k := range []string{"b/1", "b/2", "c", "d/x/1", "d/x/2"} {
				if _, err := c.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: one, Key: &k, Body: strings.NewReader(k)}); err != nil {
					return nil, err
				}
			}
			return listPages(ctx, c, &s3.ListObjectsV2Input{Bucket: one, MaxKeys: aws.Int32(3)})
		}},
		{"list with delimiter", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return listPages(ctx, c, &s3.ListObjectsV2Input{Bucket: one, Delimiter: aws.String("/")})
		}},
		{"list with delimiter by pages", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return listPages(ctx, c, &s3.ListObjectsV2Input{Bucket: one, Delimiter: aws.String("/"), MaxKeys: aws.Int32(2)})
		}},
		{"list under a prefix", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return listPages(ctx, c, &s3.ListObjectsV2Input{Bucket: one, Prefix: aws.String("d/"), Delimiter: aws.String("/")})
		}},
		{"list after a key", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return listPages(ctx, c, &s3.ListObjectsV2Input{Bucket: one, StartAfter: aws.String("b/2")})
		}},
		{"list unknown", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return listPages(ctx, c, &s3.ListObjectsV2Input{Bucket: aws.String("bucket-none")})
		}},
		{"list with a made-up token", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return listPages(ctx, c, &s3.ListObjectsV2Input{Bucket: one, ContinuationToken: aws.String("made up")})
		}},
		{"delete bucket with objects", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: one}))
		}},
		{"delete", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: one, Key: aws.String("c")}))
		}},
		{"delete again", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: one, Key: aws.String("c")}))
		}},
		{"put with a wrong digest", putObject("bad", "abd", func(in *s3.PutObjectInput) { in.ChecksumSHA256 = aws.String(abcSHA256) })},
		{"put for a wrong owner", putObject("x", "abc", func(in *s3.PutObjectInput) { in.ExpectedBucketOwner = aws.String("999999999999") })},
	}}
}

// listPages gives what each page holds.
func listPages(ctx context.Context, c *cloud.Clients, in *s3.ListObjectsV2Input) (any, error) {
	var pages []string
	p := s3.NewListObjectsV2Paginator(c.S3, in)
	for p.HasMorePages() {
		out, err := p.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		var names []string
		for _, o := range out.Contents {
			names = append(names, *o.Key)
		}
		for _, d := range out.CommonPrefixes {
			names = append(names, *d.Prefix)
		}
		pages = append(pages, fmt.Sprintf("%d: %s", *out.KeyCount, strings.Join(names, " ")))
	}
	return pages, nil
}

func versionSequence() sequence {
	one, key := aws.String("bucket-one"), aws.String("k")
	return sequence{"versions", []step{
		{"create", createBucket("bucket-one")},
		{"put before", putObject("k", "zero", nil)},
		{"enable", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
				Bucket: one, VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled},
			}))
		}},
		{"put", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			out, err := c.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: one, Key: key, Body: strings.NewReader("one")})
			if err != nil {
				return nil, err
			}
			v["version"] = aws.ToString(out.VersionId)
			return v["version"] != "", nil
		}},
		{"delete", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.S3.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: one, Key: key})
			if err != nil {
				return nil, err
			}
			return []any{out.DeleteMarker, out.VersionId != nil}, nil
		}},
		{"get deleted", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: one, Key: key}))
		}},
		{"get a version", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			out, err := c.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: one, Key: key, VersionId: aws.String(v["version"])})
			if err != nil {
				return nil, err
			}
			defer out.Body.Close()
			body, err := io.ReadAll(out.Body)
			return string(body), err
		}},
		{"get the null version", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: one, Key: key, VersionId: aws.String("null")})
			if err != nil {
				return nil, err
			}
			defer out.Body.Close()
			body, err := io.ReadAll(out.Body)
			return string(body), err
		}},
		{"list", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return listPages(ctx, c, &s3.ListObjectsV2Input{Bucket: one})
		}},
		{"delete bucket with versions", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: one}))
		}},
	}}
}
