package awssim_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"cordon/internal/awssim"
	"cordon/internal/cloud"
)

const (
	openBucket     = "cordon-demo-customer-data"
	evidenceBucket = "cordon-evidence-111122223333"
)

func asA[E error](err error) bool {
	var target E
	return errors.As(err, &target)
}

func TestPublicBucket(t *testing.T) {
	fixed := strings.Replace(publicRead, `"Effect"`, `"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-example"}},"Effect"`, 1)
	wild := strings.Replace(publicRead, `"Effect"`, `"Condition":{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::*"}},"Effect"`, 1)
	private := strings.Replace(publicRead, `"Principal":"*"`, `"Principal":{"AWS":"arn:aws:iam::111122223333:root"}`, 1)
	for _, tt := range []struct {
		name   string
		policy string
		acl    s3types.BucketCannedACL
		block  *s3types.PublicAccessBlockConfiguration
		want   bool
	}{
		{name: "public policy", policy: publicRead, want: true},
		{name: "for an organization", policy: fixed},
		{name: "for a pattern", policy: wild, want: true},
		{name: "for an account", policy: private},
		{name: "restricted policy", policy: publicRead, block: &s3types.PublicAccessBlockConfiguration{RestrictPublicBuckets: aws.Bool(true)}},
		{name: "new policies blocked only", policy: publicRead, block: &s3types.PublicAccessBlockConfiguration{BlockPublicPolicy: aws.Bool(true)}, want: true},
		{name: "public ACL", acl: s3types.BucketCannedACLPublicRead, want: true},
		{name: "ignored ACL", acl: s3types.BucketCannedACLPublicRead, block: &s3types.PublicAccessBlockConfiguration{IgnorePublicAcls: aws.Bool(true)}},
		{name: "new ACLs blocked only", acl: s3types.BucketCannedACLAuthenticatedRead, block: &s3types.PublicAccessBlockConfiguration{BlockPublicAcls: aws.Bool(true)}, want: true},
		{name: "nothing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := awssim.New(awssim.Options{})
			c := cloud.New(a.Config(region), a.ID())
			name := aws.String("bucket-one")
			must(c.S3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: name, ObjectOwnership: s3types.ObjectOwnershipBucketOwnerPreferred}))(t)
			must(c.S3.DeletePublicAccessBlock(t.Context(), &s3.DeletePublicAccessBlockInput{Bucket: name}))(t)
			if tt.policy != "" {
				must(c.S3.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: name, Policy: &tt.policy}))(t)
			}
			if tt.acl != "" {
				must(c.S3.PutBucketAcl(t.Context(), &s3.PutBucketAclInput{Bucket: name, ACL: tt.acl}))(t)
			}
			if tt.block != nil {
				must(c.S3.PutPublicAccessBlock(t.Context(), &s3.PutPublicAccessBlockInput{Bucket: name, PublicAccessBlockConfiguration: tt.block}))(t)
			}
			if got := a.Public(*name); got != tt.want {
				t.Errorf("public: %v, want %v", got, tt.want)
			}
		})
	}
}

func TestDemoBuckets(t *testing.T) {
	a, c := demoClients(t, awssim.Options{})
	if !a.Public(openBucket) || a.Public(evidenceBucket) {
		t.Errorf("public: %v and %v", a.Public(openBucket), a.Public(evidenceBucket))
	}
	wantCode(t, failed(c.S3.GetPublicAccessBlock(t.Context(), &s3.GetPublicAccessBlockInput{Bucket: aws.String(openBucket)})), "NoSuchPublicAccessBlockConfiguration")
}

func TestWrongRegionSaysWhichIsRight(t *testing.T) {
	a, _ := demoClients(t, awssim.Options{})
	err := failed(s3.NewFromConfig(a.Config("eu-west-1")).GetBucketPolicy(t.Context(), &s3.GetBucketPolicyInput{Bucket: aws.String(openBucket)}))
	wantCode(t, err, "PermanentRedirect")
	var resp *awshttp.ResponseError
	if !errors.As(err, &resp) || resp.HTTPStatusCode() != 301 || resp.HTTPResponse().Header.Get("X-Amz-Bucket-Region") != region {
		t.Errorf("response: %v", err)
	}
}

func TestBodySurvivesRetry(t *testing.T) {
	for name, fault := range map[string]func(awssim.Call) awssim.Fault{
		"failed before": func(c awssim.Call) awssim.Fault { return awssim.Fault{Before: awssim.Broken(c)} },
		"answer lost":   func(c awssim.Call) awssim.Fault { return awssim.Fault{After: awssim.Broken(c)} },
	} {
		synctest.Test(t, func(t *testing.T) {
			first := true
			a, c := demoClients(t, awssim.Options{Fault: func(call awssim.Call) awssim.Fault {
				if call.Operation != "PutObject" || !first {
					return awssim.Fault{}
				}
				first = false
				return fault(call)
			}})
			body := bytes.NewReader([]byte("skipped evidence"))
			if _, err := body.Seek(int64(len("skipped ")), io.SeekStart); err != nil {
				t.Fatal(err)
			}
			must(c.S3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(evidenceBucket), Key: aws.String("k"), Body: body}))(t)
			out := must(c.S3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(evidenceBucket), Key: aws.String("k")}))(t)
			if got, err := io.ReadAll(out.Body); err != nil || string(got) != "evidence" {
				t.Errorf("%s: stored %q, %v", name, got, err)
			}
			if a.Calls() < 3 {
				t.Errorf("%s: %d calls, nothing was retried", name, a.Calls())
			}
		})
	}
}

func TestChecksumIsKept(t *testing.T) {
	_, c := demoClients(t, awssim.Options{})
	sum := sha256.Sum256([]byte("evidence"))
	want := base64.StdEncoding.EncodeToString(sum[:])
	must(c.S3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(evidenceBucket), Key: aws.String("k"), Body: strings.NewReader("evidence"), ChecksumSHA256: &want}))(t)
	out := must(c.S3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(evidenceBucket), Key: aws.String("k"), ChecksumMode: s3types.ChecksumModeEnabled}))(t)
	if aws.ToString(out.ChecksumSHA256) != want || aws.ToString(out.VersionId) == "" {
		t.Errorf("checksum %v, version %v", aws.ToString(out.ChecksumSHA256), aws.ToString(out.VersionId))
	}
	plain := must(c.S3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(evidenceBucket), Key: aws.String("k")}))(t)
	if plain.ChecksumSHA256 != nil {
		t.Error("checksum without being asked for")
	}
}

func TestOneWriterWins(t *testing.T) {
	_, c := demoClients(t, awssim.Options{})
	var wg sync.WaitGroup
	codes := make([]string, 8)
	for n := range codes {
		wg.Go(func() {
			codes[n] = cloud.Code(failed(c.S3.PutObject(t.Context(), &s3.PutObjectInput{
				Bucket: aws.String(evidenceBucket), Key: aws.String("lock"), Body: strings.NewReader(fmt.Sprint(n)), IfNoneMatch: aws.String("*"),
			})))
		})
	}
	wg.Wait()
	won := 0
	for _, code := range codes {
		switch code {
		case "":
			won++
		case "PreconditionFailed":
		default:
			t.Errorf("code %s", code)
		}
	}
	if won != 1 {
		t.Errorf("%d writers won", won)
	}
}

func TestS3Refusals(t *testing.T) {
	block := func(bucket string, owner *string) func(context.Context, *cloud.Clients) error {
		return func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.S3.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{
				Bucket: &bucket, ExpectedBucketOwner: owner, PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{},
			}))
		}
	}
	policy := func(bucket, doc string) func(context.Context, *cloud.Clients) error {
		return func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.S3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &bucket, Policy: &doc}))
		}
	}
	refuses(t, []refusal{
		{"block of unknown", block("bucket-none", nil), "NoSuchBucket"},
		{"block for a wrong owner", block(openBucket, aws.String("999999999999")), "AccessDenied"},
		{"public policy under block", policy(evidenceBucket, strings.ReplaceAll(publicRead, "bucket-one", evidenceBucket)), "AccessDenied"},
		{"policy of another bucket", policy(openBucket, publicRead), "MalformedPolicy"},
		{"policy without principal", policy(openBucket, denyAll), "MalformedPolicy"},
		{"create again", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.S3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(openBucket)}))
		}, "BucketAlreadyOwnedByYou"},
		{"delete with objects", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.S3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: aws.String(openBucket)}))
		}, "BucketNotEmpty"},
		{"head unknown", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.S3.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String(openBucket), Key: aws.String("none")}))
		}, "NotFound"},
		{"get unknown", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(openBucket), Key: aws.String("none")}))
		}, "NoSuchKey"},
		{"wrong digest", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(openBucket), Key: aws.String("k"), Body: strings.NewReader("x"), ChecksumSHA256: aws.String(abcSHA256)}))
		}, "BadDigest"},
		{"no digest", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(openBucket), Key: aws.String("k"), Body: strings.NewReader("x"), ChecksumSHA256: aws.String("x")}))
		}, "InvalidRequest"},
		{"public ACL under block", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.S3.PutBucketAcl(ctx, &s3.PutBucketAclInput{Bucket: aws.String(evidenceBucket), ACL: s3types.BucketCannedACLPublicRead}))
		}, "AccessControlListNotSupported"},
	})
}

func TestBlockEnforcedFromAbove(t *testing.T) {
	a, c := demoClients(t, awssim.Options{})
	if err := a.Edit(region, func(ed *awssim.Editor) error { return ed.EnforceBlock(openBucket) }); err != nil {
		t.Fatal(err)
	}
	wantCode(t, failed(c.S3.PutPublicAccessBlock(t.Context(), &s3.PutPublicAccessBlockInput{
		Bucket: aws.String(openBucket), PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{},
	})), "AccessDenied")
	wantCode(t, failed(c.S3.DeletePublicAccessBlock(t.Context(), &s3.DeletePublicAccessBlockInput{Bucket: aws.String(openBucket)})), "AccessDenied")
}
