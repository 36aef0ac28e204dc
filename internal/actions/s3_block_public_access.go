package actions

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"cordon/internal/action"
	"cordon/internal/cloud"
	"cordon/internal/finding"
)

// bucketRequest asks for an action on a bucket that has no settings.
type bucketRequest struct{ action.On }

// bucketState is a bucket's public access block; only Block is compared. Region is where the bucket is, Public by what it
// was public when the block was first read, Grants who else was let in then.
type bucketState struct {
	Block  publicBlock   `json:"block"`
	Region string        `json:"region"`
	Public []string      `json:"public,omitempty"`
	Grants foreignGrants `json:"grants,omitzero"`
}

// publicBlock is the configuration; Configured is false where the bucket has none, which counts as four times false.
type publicBlock struct {
	Configured            bool `json:"configured"`
	BlockPublicACLs       bool `json:"block_public_acls"`
	IgnorePublicACLs      bool `json:"ignore_public_acls"`
	BlockPublicPolicy     bool `json:"block_public_policy"`
	RestrictPublicBuckets bool `json:"restrict_public_buckets"`
}

func blockPublicAccess() action.Action {
	return action.New(action.Spec[bucketRequest, bucketState]{
		ID:      "s3.block-public-access",
		Summary: "Blocks every public access to the bucket.",
		Details: "All four settings of the bucket's public access block are turned on: IgnorePublicAcls and RestrictPublicBuckets " +
			"end what is public now, the two others refuse new public grants. Policy and ACL stay as they are. Under a public policy " +
			"RestrictPublicBuckets also cuts off other accounts that the policy names. A website that the bucket hosts ends with it; presigned URLs and " +
			"a CloudFront distribution with a policy of its own go on. A bucket that is not public when it is looked at is left alone. Release " +
			"puts back the four settings, or none where there was none.",
		Permissions: []string{
			"s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketPolicy", "s3:GetBucketPolicyStatus", "s3:GetBucketPublicAccessBlock",
			"s3:GetBucketWebsite", "s3:PutBucketPublicAccessBlock",
		},
		Settle:  30 * time.Second,
		Observe: observePublicBlock,
		Expect: func(_ bucketRequest, prior bucketState) bucketState {
			prior.Block = publicBlock{
				Configured: true, BlockPublicACLs: true, IgnorePublicACLs: true, BlockPublicPolicy: true, RestrictPublicBuckets: true,
			}
			return prior
		},
		Do:    putPublicBlock,
		Undo:  restorePublicBlock,
		Parts: func(p bucketState) map[string]any { return map[string]any{"public access block": p.Block} },
		Without: func(p bucketState, _ map[string]bool) bucketState {
			return p // one part: Undo is not called where that is settled
		},
		Residual: residualBucket,
	})
}

// observePublicBlock reads the configuration; the first time also whether the bucket is public now. *action.Moot: it is
// not.
func observePublicBlock(ctx context.Context, env *action.Env, t bucketRequest, known *bucketState) (bucketState, error) {
	name := t.Target.ID
	switch {
	case known != nil:
		p := *known
		var err error
		p.Block, err = readPublicBlock(ctx, env, t, known.Region)
		return p, err
	case t.Target.Kind != finding.KindBucket || strings.ContainsAny(name, ":/"):
		return bucketState{}, action.Skipf("%s is no S3 bucket", t.Target)
	case strings.HasSuffix(name, "--x-s3"):
		return bucketState{}, action.Skipf("%s is a directory bucket: those are never public and have no public access block. Look at its "+
			"policy by hand: S3 console, Directory buckets, %s, Permissions", name, name)
	}
	seen, err := readExposure(ctx, env, t, env.Region)
	if region, elsewhere := otherRegion(ctx, env, t, env.Region, err); elsewhere {
		seen, err = readExposure(ctx, env, t, region)
	}
	if err != nil {
		return bucketState{}, err
	}
	if len(seen.state.Public) == 0 {
		return bucketState{}, seen.moot(name)
	}
	env.Note("%s was public: %s", name, strings.Join(seen.state.Public, "; "))
	if seen.website != "" {
		env.Note("%s", seen.website)
	}
	return seen.state, nil
}

func putPublicBlock(ctx context.Context, env *action.Env, t bucketRequest, prior bucketState) error {
	all := publicBlock{BlockPublicACLs: true, IgnorePublicACLs: true, BlockPublicPolicy: true, RestrictPublicBuckets: true}
	err := setPublicBlock(ctx, env, t, prior.Region, all)
	if !cloud.Denied(err) {
		return bucketError("put public access block on", t, err)
	}
	if seen, rerr := readExposure(ctx, env, t, prior.Region); rerr == nil && len(seen.state.Public) == 0 {
		return seen.moot(t.Target.ID)
	}
	return fmt.Errorf("put public access block on bucket %s: denied, though it can be read: s3:PutBucketPublicAccessBlock is missing, or an "+
		"organization's policy forbids the change. The bucket is public still; block the whole account by hand: S3 console, Block Public Access "+
		"settings for this account: %w", t.Target.ID, err)
}

func restorePublicBlock(ctx context.Context, env *action.Env, t bucketRequest, prior bucketState) error {
	var err error
	if prior.Block.Configured {
		err = setPublicBlock(ctx, env, t, prior.Region, prior.Block)
	} else {
		_, err = env.S3.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{
			Bucket: &t.Target.ID, ExpectedBucketOwner: &t.Target.Account,
		}, inRegion(prior.Region))
	}
	if cloud.Denied(err) { // as the change itself may have been, so that there is nothing to put back
		if now, rerr := readPublicBlock(ctx, env, t, prior.Region); rerr == nil && now == prior.Block {
			return nil
		}
	}
	return bucketError("put back public access block of", t, unless(err, "NoSuchPublicAccessBlockConfiguration"))
}

func setPublicBlock(ctx context.Context, env *action.Env, t bucketRequest, region string, b publicBlock) error {
	_, err := env.S3.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{
		Bucket: &t.Target.ID, ExpectedBucketOwner: &t.Target.Account,
		PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{
			BlockPublicAcls: aws.Bool(b.BlockPublicACLs), IgnorePublicAcls: aws.Bool(b.IgnorePublicACLs),
			BlockPublicPolicy: aws.Bool(b.BlockPublicPolicy), RestrictPublicBuckets: aws.Bool(b.RestrictPublicBuckets),
		},
	}, inRegion(region))
	return err
}
