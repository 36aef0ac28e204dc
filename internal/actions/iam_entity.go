package actions

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"cordon/internal/cloud"
)

// entity is what policies are put on: an IAM role or user, whose calls differ in name alone. Errors are
// AWS's own, not wrapped.
type entity interface {
	fmt.Stringer // "role web-app"

	inline(ctx context.Context, c *iam.Client, name string) (document *string, err error)
	putInline(ctx context.Context, c *iam.Client, name, document string) error
	dropInline(ctx context.Context, c *iam.Client, name string) error
	// inlineRoom is how many characters all inline policies may have together, as people write it.
	inlineRoom() string

	attach(ctx context.Context, c *iam.Client, arn string) error
	detach(ctx context.Context, c *iam.Client, arn string) error
	attached(ctx context.Context, c *iam.Client, arn string) (bool, error)
}

// roleName and userName are the two entities.
type (
	roleName string
	userName string
)

func (r roleName) String() string     { return "role " + string(r) }
func (r roleName) inlineRoom() string { return "10,240" }

func (r roleName) inline(ctx context.Context, c *iam.Client, name string) (*string, error) {
	out, err := c.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: aws.String(string(r)), PolicyName: &name})
	if err != nil {
		return nil, err
	}
	return out.PolicyDocument, nil
}

func (r roleName) putInline(ctx context.Context, c *iam.Client, name, document string) error {
	_, err := c.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
		RoleName: aws.String(string(r)), PolicyName: &name, PolicyDocument: &document,
	})
	return err
}

func (r roleName) dropInline(ctx context.Context, c *iam.Client, name string) error {
	_, err := c.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: aws.String(string(r)), PolicyName: &name})
	return err
}

func (r roleName) attach(ctx context.Context, c *iam.Client, arn string) error {
	_, err := c.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String(string(r)), PolicyArn: &arn})
	return err
}

func (r roleName) detach(ctx context.Context, c *iam.Client, arn string) error {
	_, err := c.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: aws.String(string(r)), PolicyArn: &arn})
	return err
}

func (r roleName) attached(ctx context.Context, c *iam.Client, arn string) (bool, error) {
	pages := iam.NewListAttachedRolePoliciesPaginator(c, &iam.ListAttachedRolePoliciesInput{RoleName: aws.String(string(r))})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return false, err
		}
		for _, p := range page.AttachedPolicies {
			if aws.ToString(p.PolicyArn) == arn {
				return true, nil
			}
		}
	}
	return false, nil
}

func (u userName) String() string     { return "user " + string(u) }
func (u userName) inlineRoom() string { return "2,048" }

func (u userName) inline(ctx context.Context, c *iam.Client, name string) (*string, error) {
	out, err := c.GetUserPolicy(ctx, &iam.GetUserPolicyInput{UserName: aws.String(string(u)), PolicyName: &name})
	if err != nil {
		return nil, err
	}
	return out.PolicyDocument, nil
}

func (u userName) putInline(ctx context.Context, c *iam.Client, name, document string) error {
	_, err := c.PutUserPolicy(ctx, &iam.PutUserPolicyInput{
		UserName: aws.String(string(u)), PolicyName: &name, PolicyDocument: &document,
	})
	return err
}

func (u userName) dropInline(ctx context.Context, c *iam.Client, name string) error {
	_, err := c.DeleteUserPolicy(ctx, &iam.DeleteUserPolicyInput{UserName: aws.String(string(u)), PolicyName: &name})
	return err
}

func (u userName) attach(ctx context.Context, c *iam.Client, arn string) error {
	_, err := c.AttachUserPolicy(ctx, &iam.AttachUserPolicyInput{UserName: aws.String(string(u)), PolicyArn: &arn})
	return err
}

func (u userName) detach(ctx context.Context, c *iam.Client, arn string) error {
	_, err := c.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: aws.String(string(u)), PolicyArn: &arn})
	return err
}

func (u userName) attached(ctx context.Context, c *iam.Client, arn string) (bool, error) {
	pages := iam.NewListAttachedUserPoliciesPaginator(c, &iam.ListAttachedUserPoliciesInput{UserName: aws.String(string(u))})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return false, err
		}
		for _, p := range page.AttachedPolicies {
			if aws.ToString(p.PolicyArn) == arn {
				return true, nil
			}
		}
	}
	return false, nil
}

// readInline gives the entity's inline policy of that name word for word, "" for none (or no such entity).
func readInline(ctx context.Context, c *iam.Client, e entity, name string) (string, error) {
	document, err := e.inline(ctx, c, name)
	if cloud.Is(err, "NoSuchEntity") {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read policy %s of %s: %w", name, e, err)
	}
	plain, err := decodePolicy(aws.ToString(document))
	return plain, wrap("read policy "+name+" of", e.String(), err)
}
