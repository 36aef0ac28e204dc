package doctor

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// ssoPath is the path of the roles that IAM Identity Center makes; only it may change them.
const ssoPath = "/aws-reserved/sso.amazonaws.com/"

// checkSSO counts the roles of IAM Identity Center: their sessions cannot be revoked by a policy from here.
func checkSSO(ctx context.Context, p *patient) ([]Result, error) {
	n := 0
	pages := iam.NewListRolesPaginator(p.IAM, &iam.ListRolesInput{PathPrefix: aws.String(ssoPath)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		n += len(page.Roles)
	}
	if n == 0 {
		return one(Result{Check: "iam.sso", Severity: OK, Found: "no roles of IAM Identity Center"})
	}
	return one(Result{
		Check: "iam.sso", Severity: Note,
		Found: fmt.Sprintf("%s of IAM Identity Center (AWSReservedSSO_…): Cordon cannot revoke their sessions, and says so in the case", count(n, "role")),
		Remedy: "be ready to do it in Identity Center: disable the user and delete its sessions, and deny the role older sessions " +
			"in an organization's policy (aws:TokenIssueTime)",
	})
}
