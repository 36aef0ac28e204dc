package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"cordon/internal/cloud"
	"cordon/internal/permissions"
	"cordon/internal/vault"
)

// checkVault looks at the evidence bucket; a directory is of this machine, and respond checks it before it acts.
func checkVault(ctx context.Context, p *patient) ([]Result, error) {
	bucket, prefix := permissions.EvidenceBucket(p.Config.Vault)
	if bucket == "" {
		return one(Result{
			Check: "evidence.vault", Severity: Note, Subject: p.Config.Vault, Found: "evidence is kept on this machine: whoever runs it can change or lose it",
			Remedy: "set vault: s3://BUCKET/PREFIX (a versioned, private bucket)",
		})
	}
	v, err := vault.OpenS3(p.S3, bucket, prefix, "")
	if err != nil {
		return nil, err
	}
	b := evidence{p: p, bucket: bucket}
	versioning, err := p.S3.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &bucket})
	switch {
	case cloud.NotFound(err):
		return one(b.problem("evidence.vault", "there is no such bucket: every response is refused before it changes anything", "make the bucket, or set vault"))
	case cloud.Is(err, "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"):
		return one(b.problem("evidence.vault", "the bucket is in another Region than "+p.Region+", where it is asked for", "use a bucket of "+p.Region+", or run Cordon in the bucket's Region"))
	case err != nil:
		b.add(p.unchecked("evidence.versioning", bucket, err))
	default:
		b.add(b.versioned(versioning.Status))
	}
	if err := v.Private(ctx); err != nil {
		b.add(b.problem("evidence.private", err.Error(), b.blockAll()))
	} else {
		b.add(b.blocked(ctx))
	}
	b.add(b.locked(ctx))
	return b.results, nil
}

// evidence is the evidence bucket and what was found out about it.
type evidence struct {
	p       *patient
	bucket  string
	results []Result
}

func (b *evidence) add(r Result) { b.results = append(b.results, r) }

func (b *evidence) problem(check, found, remedy string) Result {
	return Result{Check: check, Severity: Problem, Subject: b.bucket, Found: found, Remedy: remedy}
}

func (b *evidence) versioned(status s3types.BucketVersioningStatus) Result {
	r := Result{Check: "evidence.versioning", Severity: OK, Subject: b.bucket, Found: "the bucket keeps every version"}
	if status != s3types.BucketVersioningStatusEnabled {
		r.Severity, r.Found = Warning, "the bucket is not versioned: what is written over or deleted is gone"
		r.Remedy = "aws s3api put-bucket-versioning --bucket " + b.bucket + " --versioning-configuration Status=Enabled"
	}
	return r
}

func (b *evidence) blockAll() string {
	return "aws s3api put-public-access-block --bucket " + b.bucket +
		" --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true"
}

// blocked says whether the bucket, which is not public now, could become so.
func (b *evidence) blocked(ctx context.Context) Result {
	r := Result{Check: "evidence.private", Severity: OK, Subject: b.bucket, Found: "the bucket is not public, and public access is blocked"}
	out, err := b.p.S3.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &b.bucket})
	if err != nil && !cloud.Is(err, "NoSuchPublicAccessBlockConfiguration") {
		return b.p.unchecked("evidence.private", b.bucket, err)
	}
	var c s3types.PublicAccessBlockConfiguration
	if err == nil && out.PublicAccessBlockConfiguration != nil {
		c = *out.PublicAccessBlockConfiguration
	}
	var open []string
	for _, setting := range []struct {
		name string
		on   *bool
	}{
		{"BlockPublicAcls", c.BlockPublicAcls},
		{"IgnorePublicAcls", c.IgnorePublicAcls},
		{"BlockPublicPolicy", c.BlockPublicPolicy},
		{"RestrictPublicBuckets", c.RestrictPublicBuckets},
	} {
		if !aws.ToBool(setting.on) {
			open = append(open, setting.name)
		}
	}
	if len(open) > 0 {
		r.Severity, r.Found = Warning, "the bucket is not public now, but could be made so: "+strings.Join(open, ", ")+" off"
		r.Remedy = b.blockAll()
	}
	return r
}

// locked says whether the evidence can be deleted before its time.
func (b *evidence) locked(ctx context.Context) Result {
	out, err := b.p.S3.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: &b.bucket})
	switch {
	case err != nil && !cloud.Is(err, "ObjectLockConfigurationNotFoundError"):
		return b.p.unchecked("evidence.lock", b.bucket, err)
	case err == nil && out.ObjectLockConfiguration != nil && out.ObjectLockConfiguration.Rule != nil && out.ObjectLockConfiguration.Rule.DefaultRetention != nil:
		d := out.ObjectLockConfiguration.Rule.DefaultRetention
		period := count(int(aws.ToInt32(d.Days)), "day")
		if aws.ToInt32(d.Years) > 0 {
			period = count(int(*d.Years), "year")
		}
		return Result{Check: "evidence.lock", Severity: OK, Subject: b.bucket, Found: fmt.Sprintf("object lock keeps new evidence for %s (%s)", period, d.Mode)}
	}
	return Result{
		Check: "evidence.lock", Severity: Note, Subject: b.bucket, Found: "no object lock: whoever may delete from the bucket can delete evidence",
		Remedy: "set a retention (parameter ObjectLockDays), or: aws s3api put-object-lock-configuration --bucket " + b.bucket +
			" --object-lock-configuration 'ObjectLockEnabled=Enabled,Rule={DefaultRetention={Mode=GOVERNANCE,Days=90}}'",
	}
}
