package actions

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"cordon/internal/action"
	"cordon/internal/cloud"
)

const publicByPolicy = "its policy lets everyone in"

// exposure is what a bucket shows to the world: its state with by what it is public, and a remark on the website that it
// hosts, "" for none.
type exposure struct {
	state   bucketState
	website string
}

// readExposure reads a bucket in its Region: block, policy with its status, ACL and website, side by side.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status
func readExposure(ctx context.Context, env *action.Env, t bucketRequest, region string) (exposure, error) {
	var (
		seen   = exposure{state: bucketState{Region: region}}
		policy bool
		grants []string
		named  []string
	)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		seen.state.Block, err = readPublicBlock(ctx, env, t, region)
		return err
	})
	g.Go(func() error {
		out, err := env.S3.GetBucketPolicyStatus(ctx, &s3.GetBucketPolicyStatusInput{Bucket: &t.Target.ID, ExpectedBucketOwner: &t.Target.Account}, inRegion(region))
		policy = err == nil && out.PolicyStatus != nil && aws.ToBool(out.PolicyStatus.IsPublic)
		return bucketError("read policy status of", t, unless(err, "NoSuchBucketPolicy"))
	})
	g.Go(func() error {
		out, err := env.S3.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: &t.Target.ID, ExpectedBucketOwner: &t.Target.Account}, inRegion(region))
		if err != nil {
			return bucketError("read ACL of", t, err)
		}
		grants, named = publicGrants(out.Grants), namedGrants(out)
		return nil
	})
	g.Go(func() error {
		_, err := env.S3.GetBucketWebsite(ctx, &s3.GetBucketWebsiteInput{Bucket: &t.Target.ID, ExpectedBucketOwner: &t.Target.Account}, inRegion(region))
		switch {
		case err == nil:
			seen.website = "the bucket hosts a website, which ends with public access"
		case !cloud.Is(err, "NoSuchWebsiteConfiguration"):
			seen.website = "whether the bucket hosts a website could not be read (" + cloud.Code(err) + ")"
		}
		return nil // a remark only: it must not stand in the way
	})
	g.Go(func() error {
		seen.state.Grants = readGrants(ctx, env, t, region)
		return nil
	})
	if err := g.Wait(); err != nil {
		return exposure{}, err
	}
	seen.state.Grants.ACL = named
	if policy && !seen.state.Block.RestrictPublicBuckets {
		seen.state.Public = append(seen.state.Public, publicByPolicy)
	}
	if len(grants) > 0 && !seen.state.Block.IgnorePublicACLs {
		seen.state.Public = append(seen.state.Public, "its ACL gives "+strings.Join(grants, ", "))
	}
	return seen, nil
}

// moot is the *action.Moot of a bucket that is not public.
func (e exposure) moot(bucket string) error {
	reason := "bucket " + bucket + " is not public now (a finding tells of the moment when it was made)"
	if !e.state.Block.IgnorePublicACLs {
		reason += "; single objects may have a public ACL of their own, which was not looked at"
	}
	return &action.Moot{Reason: reason}
}

// publicGrants names what an ACL gives to everyone, or to everyone with an AWS account.
func publicGrants(grants []s3types.Grant) (out []string) {
	for _, g := range grants {
		if g.Grantee == nil {
			continue
		}
		switch uri := aws.ToString(g.Grantee.URI); {
		case strings.HasSuffix(uri, "/groups/global/AllUsers"):
			out = append(out, string(g.Permission)+" to everyone")
		case strings.HasSuffix(uri, "/groups/global/AuthenticatedUsers"):
			out = append(out, string(g.Permission)+" to everyone with an AWS account")
		}
	}
	return out
}

// readPublicBlock reads the bucket's public access block alone.
func readPublicBlock(ctx context.Context, env *action.Env, t bucketRequest, region string) (publicBlock, error) {
	out, err := env.S3.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &t.Target.ID, ExpectedBucketOwner: &t.Target.Account}, inRegion(region))
	if cloud.Is(err, "NoSuchPublicAccessBlockConfiguration") || (err == nil && out.PublicAccessBlockConfiguration == nil) {
		return publicBlock{}, nil
	}
	if err != nil {
		return publicBlock{}, bucketError("read public access block of", t, err)
	}
	c := out.PublicAccessBlockConfiguration
	return publicBlock{
		Configured: true, BlockPublicACLs: aws.ToBool(c.BlockPublicAcls), IgnorePublicACLs: aws.ToBool(c.IgnorePublicAcls),
		BlockPublicPolicy: aws.ToBool(c.BlockPublicPolicy), RestrictPublicBuckets: aws.ToBool(c.RestrictPublicBuckets),
	}, nil
}

// bucketError wraps the error of a call about a bucket; one that does not exist becomes *action.Gone, nil stays nil.
func bucketError(verb string, t bucketRequest, err error) error {
	switch {
	case err == nil:
		return nil
	case cloud.Is(err, "NoSuchBucket"):
		return &action.Gone{What: "bucket " + t.Target.ID}
	case cloud.Denied(err):
		return fmt.Errorf("%s bucket %s: denied: account %s is not the bucket's owner, a permission is missing, or an "+
			"organization's policy forbids it: %w", verb, t.Target.ID, t.Target.Account, err)
	default:
		return fmt.Errorf("%s bucket %s: %w", verb, t.Target.ID, err)
	}
}

// otherRegion gives the bucket's Region where err says that region is not it.
func otherRegion(ctx context.Context, env *action.Env, t bucketRequest, region string, err error) (other string, ok bool) {
	return cloud.BucketRegion(ctx, env.Clients, t.Target.ID, t.Target.Account, region, err)
}

// inRegion sends a call to a bucket's Region.
func inRegion(region string) func(*s3.Options) {
	return func(o *s3.Options) { o.Region = region }
}
