package actions

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"cordon/internal/action"
	"cordon/internal/cloud"
)

// managedPolicyName is the name of the managed policy that a case may make; no other is ever detached or deleted.
func managedPolicyName(caseID string) string { return "CordonRevokeOlderSessions-" + caseID }

// managedPolicyARN is the ARN of the case's managed policy, in the account and partition of the entity's ARN.
func managedPolicyARN(entityARN, caseID string) string {
	f := strings.SplitN(entityARN, ":", 6)
	if len(f) != 6 {
		return ""
	}
	return strings.Join(f[:5], ":") + ":policy/" + managedPolicyName(caseID)
}

// readManaged gives the ARN and the default version of the case's managed policy where it is attached, "" where it is
// not. *action.Gone: there is no such entity.
func readManaged(ctx context.Context, c *iam.Client, e entity, arn string) (attached, document string, err error) {
	is, err := e.attached(ctx, c, arn)
	switch {
	case cloud.Is(err, "NoSuchEntity"):
		return "", "", &action.Gone{What: e.String()}
	case err != nil:
		return "", "", wrap("list the policies of", e.String(), err)
	case !is:
		return "", "", nil
	}
	versions, err := managedVersions(ctx, c, arn)
	if err != nil {
		return "", "", err
	}
	for id, isDefault := range versions {
		if !isDefault {
			continue
		}
		out, err := c.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: &arn, VersionId: &id})
		if cloud.Is(err, "NoSuchEntity") {
			break // changed between the two calls, or not spread yet
		}
		if err != nil {
			return "", "", wrap("read policy", arn, err)
		}
		document, err := decodePolicy(aws.ToString(out.PolicyVersion.Document))
		return arn, document, wrap("read policy", arn, err)
	}
	return arn, "", nil
}

// managedVersions lists a managed policy's versions, true for the one in force; none where there is no such policy.
func managedVersions(ctx context.Context, c *iam.Client, arn string) (map[string]bool, error) {
	versions := map[string]bool{}
	pages := iam.NewListPolicyVersionsPaginator(c, &iam.ListPolicyVersionsInput{PolicyArn: &arn})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if cloud.Is(err, "NoSuchEntity") {
			return nil, nil
		}
		if err != nil {
			return nil, wrap("list the versions of policy", arn, err)
		}
		for _, v := range page.Versions {
			versions[aws.ToString(v.VersionId)] = v.IsDefaultVersion
		}
	}
	return versions, nil
}

// revokeManaged makes the case's managed policy, or gives it a new version, and attaches it.
func revokeManaged(ctx context.Context, env *action.Env, e entity, arn, policy string) error {
	name := lastSegment(arn)
	_, err := env.IAM.CreatePolicy(ctx, &iam.CreatePolicyInput{
		PolicyName: &name, PolicyDocument: &policy,
		Description: aws.String("Cordon revoked the sessions issued before a moment; release deletes this policy"),
	})
	switch {
	case err == nil:
	case cloud.Is(err, "EntityAlreadyExists"):
		if err := renewManaged(ctx, env.IAM, arn, policy); err != nil {
			return err
		}
	case cloud.Is(err, "LimitExceeded"):
		return fmt.Errorf("create policy %s: the account has as many managed policies as it may, and %s has no room for an inline one "+
			"(%s characters together); delete a policy that nothing uses, then run again: %w", name, e, e.inlineRoom(), err)
	default:
		return wrap("create policy", name, err)
	}
	err = eventually(ctx, func() error { return e.attach(ctx, env.IAM, arn) }, "NoSuchEntity")
	if cloud.Is(err, "LimitExceeded") {
		return fmt.Errorf("attach policy %s to %s: it has as many managed policies as it may, and no room for an inline one "+
			"(%s characters together); detach or shorten one, then run again: %w", name, e, e.inlineRoom(), err)
	}
	return wrap("attach policy "+name+" to", e.String(), err)
}

// renewManaged puts the document in force as a new version of a policy that is there.
func renewManaged(ctx context.Context, c *iam.Client, arn, policy string) error {
	create := func() error {
		_, err := c.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: &arn, PolicyDocument: &policy, SetAsDefault: true})
		return err
	}
	err := create()
	if cloud.Is(err, "LimitExceeded") {
		if err := pruneManaged(ctx, c, arn); err != nil {
			return err
		}
		err = create()
	}
	return wrap("renew policy", arn, err)
}

// pruneManaged deletes every version but the one in force.
func pruneManaged(ctx context.Context, c *iam.Client, arn string) error {
	versions, err := managedVersions(ctx, c, arn)
	if err != nil {
		return err
	}
	for _, id := range sortedKeys(versions) {
		if versions[id] {
			continue
		}
		_, err := c.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: &arn, VersionId: &id})
		if err := unless(err, "NoSuchEntity"); err != nil {
			return fmt.Errorf("delete version %s of policy %s: %w", id, arn, err)
		}
	}
	return nil
}

// dropManaged detaches and deletes the case's managed policy as far as it is there. It does not ask first: IAM may not
// show yet what was just made.
func dropManaged(ctx context.Context, c *iam.Client, e entity, arn string) error {
	if err := unless(e.detach(ctx, c, arn), "NoSuchEntity", "UnmodifiableEntity"); err != nil {
		return wrap("detach policy "+arn+" from", e.String(), err)
	}
	remove := func() error {
		_, err := c.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: &arn})
		return unless(err, "NoSuchEntity")
	}
	err := remove()
	if cloud.Is(err, "DeleteConflict") { // it has older versions, of which IAM may not show the newest yet
		err = eventually(ctx, func() error {
			if err := pruneManaged(ctx, c, arn); err != nil {
				return err
			}
			return remove()
		}, "DeleteConflict")
	}
	return wrap("delete policy", arn, err)
}
