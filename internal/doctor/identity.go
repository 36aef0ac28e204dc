package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// identify asks AWS who the caller is; ok is false where nothing else can be checked.
func (p *patient) identify(ctx context.Context) (results []Result, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out, err := p.STS.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return []Result{{
			Check: CheckCaller, Severity: Problem, Unchecked: true, Found: "AWS does not take the credentials: " + why(err),
			Remedy: "log in, or set AWS_PROFILE; to see who you are: aws sts get-caller-identity",
		}}, false
	}
	p.account, p.arn = aws.ToString(out.Account), aws.ToString(out.Arn)
	p.partition = "aws"
	if a, err := arn.Parse(p.arn); err == nil {
		p.partition = a.Partition
	}
	results = []Result{{
		Check: CheckCaller, Severity: OK, Subject: p.arn, Found: fmt.Sprintf("account %s, Region %s", p.account, p.Region),
	}}
	if strings.HasSuffix(p.arn, ":root") {
		results[0].Severity = Warning
		results[0].Found += "; root's permissions can neither be limited nor simulated, and Cordon must not run as root"
		results[0].Remedy = "use a role with the policy that `cordon permissions` prints"
	}
	if own := p.Config.Accounts.Own; own != "" && own != p.account {
		r := Result{
			Check: "identity.account", Severity: Problem, Subject: own,
			Found:  fmt.Sprintf("accounts.own says %s, but the credentials belong to %s: findings of %s are refused", own, p.account, own),
			Remedy: "set accounts.own to " + p.account + ", or log in to " + own,
		}
		if role := p.Config.Accounts.Role; role != "" {
			r.Found += fmt.Sprintf(", and those of %s need the role %s there, as if it were another account", p.account, role)
		}
		results = append(results, r)
	}
	if p.Principal == "" {
		return results, true
	}
	if a, err := arn.Parse(p.Principal); err != nil || a.AccountID != p.account || a.Partition != p.partition {
		return append(results, Result{
			Check: CheckPrincipal, Severity: Problem, Subject: p.Principal, Unchecked: true,
			Found:  fmt.Sprintf("is no user or role of account %s in partition %s, whose credentials these are: nothing was checked", p.account, p.partition),
			Remedy: "name " + p.exampleRole() + ", or log in to the other account",
		}), false
	}
	return results, true
}

// exampleRole is the role that a deployment's function has.
func (p *patient) exampleRole() string {
	return fmt.Sprintf("arn:%s:iam::%s:role/NAME-function-%s", p.partition, p.account, p.Region)
}

// principal is the ARN of the user or role whose policies count, as IAM names it; why is the reason where there is none.
func (p *patient) principal(ctx context.Context) (principal, why string, err error) {
	if p.Principal != "" {
		return p.Principal, "", nil
	}
	a, err := arn.Parse(p.arn)
	if err != nil {
		return "", "", fmt.Errorf("read the caller's ARN %q: %w", p.arn, err)
	}
	kind, rest, _ := strings.Cut(a.Resource, "/")
	switch kind {
	case "user":
		return p.arn, "", nil
	case "assumed-role":
		name, _, _ := strings.Cut(rest, "/")
		out, err := p.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: &name}) // the session's ARN lacks the role's path
		if err != nil {
			return "", "", err
		}
		return aws.ToString(out.Role.Arn), "", nil
	case "root":
		return "", "root's permissions cannot be simulated", nil
	default:
		return "", "the permissions of " + p.arn + " cannot be simulated", nil
	}
}
