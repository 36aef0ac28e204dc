package blast

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"cordon/internal/cloud"
	"cordon/internal/config"
)

// website looks for a website that the bucket hosts: its readers are the public.
func (l *looker) website(ctx context.Context) {
	w := l.b.Website
	if w == config.Ignore {
		return
	}
	_, err := inItsRegion(func(region func(*s3.Options)) (*s3.GetBucketWebsiteOutput, error) {
		return l.S3.GetBucketWebsite(ctx, &s3.GetBucketWebsiteInput{Bucket: &l.t.ID, ExpectedBucketOwner: &l.t.Account}, region)
	})
	switch {
	case err == nil:
		l.add(Website, w, "the bucket hosts a website, which ends with public access")
	case !cloud.Is(err, "NoSuchWebsiteConfiguration"):
		l.unknown(ctx, Website, w, "whether the bucket hosts a website", err)
	}
}

// cloudFront looks for statements of the bucket's policy that let CloudFront read: by origin access control, which names
// the service, or by origin access identity. Neither is public access, so blocking that does not end it; a distribution that
// reads the website is not to be seen here.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html
func (l *looker) cloudFront(ctx context.Context) {
	w := l.b.CloudFront
	if w == config.Ignore {
		return
	}
	out, err := inItsRegion(func(region func(*s3.Options)) (*s3.GetBucketPolicyOutput, error) {
		return l.S3.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &l.t.ID, ExpectedBucketOwner: &l.t.Account}, region)
	})
	if cloud.Is(err, "NoSuchBucketPolicy") {
		return
	}
	if err != nil {
		l.unknown(ctx, CloudFront, w, "whether CloudFront reads the bucket", err)
		return
	}
	if origins := origins(aws.ToString(out.Policy)); len(origins) > 0 {
		l.add(CloudFront, w, "the bucket is an origin of CloudFront (%s), which goes on reading it: blocking public access does not end that", some(origins))
	}
}

// origins names the distributions, or origin access identities, that a bucket's policy lets read, sorted.
func origins(policy string) (names []string) {
	for _, s := range statements(policy) {
		if s.Effect != "Allow" {
			continue
		}
		for _, p := range s.principals("AWS") {
			if _, id, ok := strings.Cut(p, ":user/CloudFront Origin Access Identity "); ok {
				names = append(names, "identity "+id)
			}
		}
		if !slices.Contains(s.principals("Service"), "cloudfront.amazonaws.com") {
			continue
		}
		of := len(names)
		for _, keys := range s.Condition {
			for key, v := range keys {
				if strings.EqualFold(key, "aws:SourceArn") {
					for _, arn := range words(v) {
						names = append(names, "distribution "+lastSegment(arn))
					}
				}
			}
		}
		if len(names) == of {
			names = append(names, "any distribution")
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// inItsRegion makes a call about a bucket in the Region that S3 says is the bucket's.
func inItsRegion[T any](call func(func(*s3.Options)) (T, error)) (T, error) {
	out, err := call(func(*s3.Options) {})
	var answer *smithyhttp.ResponseError
	if !cloud.Is(err, "PermanentRedirect", "MovedPermanently", "TemporaryRedirect", "AuthorizationHeaderMalformed") ||
		!errors.As(err, &answer) || answer.Response == nil || answer.Response.Response == nil {
		return out, err
	}
	region := answer.Response.Header.Get("X-Amz-Bucket-Region")
	if region == "" {
		return out, err
	}
	return call(func(o *s3.Options) { o.Region = region })
}
