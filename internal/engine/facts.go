package engine

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"

	"cordon/internal/cloud"
	"cordon/internal/finding"
	"cordon/internal/policy"
)

// FactPermissions lists the IAM actions that reading facts may call, sorted.
func FactPermissions() []string {
	return []string{"ec2:DescribeInstances", "iam:GetRole", "iam:GetUser", "s3:GetBucketLocation", "s3:GetBucketTagging", "sts:GetCallerIdentity"}
}

// needsFacts says whether anything has to be read from AWS before a decision is final.
func needsFacts(in policy.Input) bool { return in.Finding.Identity != nil || policy.NeedsTags(in) }

// look reads what policy needs into the input, side by side: one round trip, or none. An error is one of the credentials,
// which keep everything else from being done too.
func (e *Engine) look(ctx context.Context, in *policy.Input) error {
	actor := in.Finding.Identity != nil // then it may be Cordon itself
	tags := policy.NeedsTags(*in)
	if !actor && !tags {
		return nil
	}
	ctx = cloud.Urgent(ctx) // containment waits for it
	clients, err := e.o.Clients(ctx, in.Target.Account, in.Target.Region)
	if err != nil {
		return err
	}
	var caller string
	var refused error
	var g errgroup.Group
	if actor {
		g.Go(func() error {
			caller, refused = identify(ctx, clients, in.Target.Account)
			return nil
		})
	}
	if tags {
		g.Go(func() error {
			in.Facts = e.facts(ctx, clients, in.Target)
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if caller != "" {
		in.Self = []string{caller}
	}
	if in.Facts.TagsUnknown == "" {
		return nil // credentials that are wrong are refused before the first change
	}
	if !actor {
		_, refused = identify(ctx, clients, in.Target.Account)
	}
	return refused
}

// facts reads the target's tags.
func (e *Engine) facts(ctx context.Context, c *cloud.Clients, t finding.Target) policy.Facts {
	if e.o.Facts != nil {
		return e.o.Facts(ctx, t)
	}
	tags, err := readTags(ctx, c, t)
	if err != nil && !cloud.NotFound(err) { // what is not there has no tags; its containment says so
		return policy.Facts{TagsUnknown: err.Error()}
	}
	return policy.Facts{Tags: tags}
}

// readTags reads the tags of a target of a kind that policy.Taggable knows, with one call; a bucket in another Region takes one or two more.
func readTags(ctx context.Context, c *cloud.Clients, t finding.Target) (map[string]string, error) {
	tags := map[string]string{}
	switch t.Kind {
	case finding.KindInstance:
		out, err := c.EC2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{t.ID}})
		if err != nil {
			return nil, fmt.Errorf("read tags of instance %s: %w", t.ID, err)
		}
		for _, r := range out.Reservations {
			for _, i := range r.Instances {
				for _, tag := range i.Tags {
					tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
				}
			}
		}
	case finding.KindRole:
		out, err := c.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: &t.ID})
		if err != nil {
			return nil, fmt.Errorf("read tags of role %s: %w", t.ID, err)
		}
		for _, tag := range out.Role.Tags {
			tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
	case finding.KindUser:
		out, err := c.IAM.GetUser(ctx, &iam.GetUserInput{UserName: &t.ID})
		if err != nil {
			return nil, fmt.Errorf("read tags of user %s: %w", t.ID, err)
		}
		for _, tag := range out.User.Tags {
			tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
	case finding.KindBucket:
		in := &s3.GetBucketTaggingInput{Bucket: &t.ID, ExpectedBucketOwner: &t.Account}
		out, err := c.S3.GetBucketTagging(ctx, in)
		if region, elsewhere := cloud.BucketRegion(ctx, c, t.ID, t.Account, c.Region, err); elsewhere {
			out, err = c.S3.GetBucketTagging(ctx, in, func(o *s3.Options) { o.Region = region })
		}
		if cloud.Is(err, "NoSuchTagSet") {
			return tags, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read tags of bucket %s: %w", t.ID, err)
		}
		for _, tag := range out.TagSet {
			tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
	default:
		return nil, fmt.Errorf("read tags of %s: not known how", t.Kind)
	}
	return tags, nil
}
