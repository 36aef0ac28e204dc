package vault

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"cordon/internal/cloud"
)

// errPublic is the error of a vault that anyone may read.
var errPublic = errors.New("the bucket is public: evidence would be readable by anyone (block its public access, or name another one with vault: in cordon.yaml)")

// private says whether S3 would show the bucket's content to the world: its policy is public or its ACL grants to
// everyone, and no public access block stands before it. What may not be looked at counts as private: then only the
// account's own people can have made it so.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
func (o *objects) private(ctx context.Context) error {
	var policyBlocked, aclBlocked, policyPublic, aclPublic bool
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		out, err := o.client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &o.in, ExpectedBucketOwner: o.owner})
		if err == nil && out.PublicAccessBlockConfiguration != nil {
			policyBlocked = aws.ToBool(out.PublicAccessBlockConfiguration.RestrictPublicBuckets)
			aclBlocked = aws.ToBool(out.PublicAccessBlockConfiguration.IgnorePublicAcls)
		}
		return o.unlooked(err, "NoSuchPublicAccessBlockConfiguration")
	})
	g.Go(func() error {
		out, err := o.client.GetBucketPolicyStatus(ctx, &s3.GetBucketPolicyStatusInput{Bucket: &o.in, ExpectedBucketOwner: o.owner})
		policyPublic = err == nil && out.PolicyStatus != nil && aws.ToBool(out.PolicyStatus.IsPublic)
		return o.unlooked(err, "NoSuchBucketPolicy")
	})
	g.Go(func() error {
		out, err := o.client.GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: &o.in, ExpectedBucketOwner: o.owner})
		if err == nil {
			aclPublic = slices.ContainsFunc(out.Grants, func(g s3types.Grant) bool {
				return g.Grantee != nil && strings.Contains(aws.ToString(g.Grantee.URI), "/groups/global/")
			})
		}
		return o.unlooked(err)
	})
	if err := g.Wait(); err != nil {
		return err
	}
	if policyPublic && !policyBlocked || aclPublic && !aclBlocked {
		return errPublic
	}
	return nil
}

// unlooked is the error of a look that failed. A missing permission is none, nor are the codes.
func (o *objects) unlooked(err error, codes ...string) error {
	if err == nil || cloud.Denied(err) || cloud.Is(err, codes...) {
		return nil
	}
	return o.hinted(fmt.Errorf("look whether bucket %s is public: %w", o.in, err))
}

// private: OpenDir and check refuse a directory that everyone may write; what is made in it only its owner can read.
func (dir) private(context.Context) error { return nil }

// Private implements Vault.
func (k *keeper) Private(ctx context.Context) error {
	if err := k.files.private(ctx); err != nil {
		return fmt.Errorf("look at evidence vault %s: %w", k.files.uri(""), err)
	}
	return nil
}
