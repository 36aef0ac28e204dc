package awssim

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// assume gives a session of a role of any account of the organization, where that role's trust policy lets the caller in.
// The caller's own account has allowed the call already.
func (o *Organization) assume(c Call, in *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
	arn := aws.ToString(in.RoleArn)
	var b *Account
	if f := strings.SplitN(arn, ":", 6); len(f) == 6 {
		b = o.accounts[f[4]]
	}
	if b == nil {
		return nil, assumeDenied(c.Principal, arn)
	}
	var out *sts.AssumeRoleOutput
	err := b.locked(func() (bool, error) {
		r := b.st.IAM.Now.roleByARN(arn)
		if r == nil || !trusts(aws.ToString(r.Role.AssumeRolePolicyDocument), o.asks(c, in)) {
			return false, assumeDenied(c.Principal, arn)
		}
		var err error
		out, err = b.st.session(r, in, time.Now().UTC())
		return false, err
	})
	if err != nil {
		return nil, err
	}
	key, token := o.issue(session{b, *out.AssumedRoleUser.Arn, "", *out.Credentials.Expiration})
	out.Credentials.AccessKeyId, out.Credentials.SessionToken = &key, &token
	return out, nil
}

// asks is who asks to assume a role, and what a condition of its trust policy may look at.
func (o *Organization) asks(c Call, in *sts.AssumeRoleInput) trustRequest {
	var account string
	if f := strings.SplitN(c.Principal, ":", 6); len(f) == 6 {
		account = f[4]
	}
	t := trustRequest{principal: c.Principal, account: account, context: map[string][]string{
		"aws:principalarn": {principalARN(c.Principal)}, "aws:principalaccount": {account}, "aws:principalorgid": {o.id},
		"sts:rolesessionname": {aws.ToString(in.RoleSessionName)},
	}}
	if in.ExternalId != nil {
		t.context["sts:externalid"] = []string{*in.ExternalId}
	}
	return t
}

// principalARN is aws:PrincipalArn: for a session of a role the role's. The session's ARN does not have the role's path,
// so it is missing here too.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
func principalARN(caller string) string {
	before, session, ok := strings.Cut(caller, ":assumed-role/")
	if !ok {
		return caller
	}
	role, _, _ := strings.Cut(session, "/")
	return strings.Replace(before, ":sts:", ":iam:", 1) + ":role/" + role
}

func assumeDenied(principal, role string) error {
	return apiError(403, "AccessDenied", "User: %s is not authorized to perform: sts:AssumeRole on resource: %s", principal, role)
}

func (d *iamData) roleByARN(arn string) *iamRole {
	for _, r := range d.Roles {
		if aws.ToString(r.Role.Arn) == arn {
			return r
		}
	}
	return nil
}

// session is the answer of AssumeRole, its access key and token still to be named.
func (s *state) session(r *iamRole, in *sts.AssumeRoleInput, now time.Time) (*sts.AssumeRoleOutput, error) {
	duration := sessionDuration(in)
	if duration > aws.ToInt32(r.Role.MaxSessionDuration) {
		return nil, validationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	name := aws.ToString(in.RoleSessionName)
	return &sts.AssumeRoleOutput{
		AssumedRoleUser: &ststypes.AssumedRoleUser{
			Arn:           aws.String(s.arn("sts", "", "assumed-role/"+*r.Role.RoleName+"/"+name)),
			AssumedRoleId: aws.String(*r.Role.RoleId + ":" + name),
		},
		Credentials: &ststypes.Credentials{
			SecretAccessKey: aws.String("simulated"),
			Expiration:      aws.Time(now.Add(time.Duration(duration) * time.Second).Truncate(time.Second)),
		},
	}, nil
}
