package awssim

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

func registerSTS(r registry) {
	read(r, "STS", getCallerIdentity)
	write(r, "STS", assumeRole)
}

// getCallerIdentity names the principal that the client's configuration was made for.
func getCallerIdentity(x *request, _ *sts.GetCallerIdentityInput) (*sts.GetCallerIdentityOutput, error) {
	id := "AIDASIMULATEDCALLER01"
	if _, user, ok := strings.Cut(x.Principal, ":user/"); ok {
		if u, ok := x.st.IAM.Now.Users[user[strings.LastIndex(user, "/")+1:]]; ok {
			id = *u.User.UserId
		}
	} else if _, session, ok := strings.Cut(x.Principal, ":assumed-role/"); ok {
		role, name, _ := strings.Cut(session, "/")
		id = "AROASIMULATEDCALLER01:" + name
		if r, ok := x.st.IAM.Now.Roles[role]; ok {
			id = *r.Role.RoleId + ":" + name
		}
	}
	return &sts.GetCallerIdentityOutput{Account: aws.String(x.st.Account), Arn: aws.String(x.Principal), UserId: &id}, nil
}

// assumeRole gives a session of a role of this account; that its trust policy lets the caller in is taken for given, and
// the session's credentials act as the principal that the client was made for. In an organization the role's account
// decides, and its sessions count: see Organization. A role that does not exist is denied, as AWS denies it.
func assumeRole(x *request, in *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
	session := aws.ToString(in.RoleSessionName)
	if !iamNamePattern.MatchString(session) || len(session) < 2 || len(session) > 64 {
		return nil, validationError("1 validation error detected: Value '%s' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]{2,64}", session)
	}
	duration := sessionDuration(in)
	if duration < 900 || duration > 43200 {
		return nil, validationError("1 validation error detected: Value '%d' at 'durationSeconds' failed to satisfy constraint: Member must be between 900 and 43200", duration)
	}
	if duration > 3600 && strings.Contains(x.Principal, ":assumed-role/") {
		return nil, validationError("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining")
	}
	if x.acct.org != nil {
		return &sts.AssumeRoleOutput{}, nil
	}
	r := x.st.IAM.Now.roleByARN(aws.ToString(in.RoleArn))
	if r == nil {
		return nil, assumeDenied(x.Principal, aws.ToString(in.RoleArn))
	}
	out, err := x.st.session(r, in, x.now)
	if err != nil {
		return nil, err
	}
	out.Credentials.AccessKeyId, out.Credentials.SessionToken = aws.String(x.st.uniqueID("ASIA", 20)), aws.String("simulated")
	return out, nil
}

func sessionDuration(in *sts.AssumeRoleInput) int32 {
	if in.DurationSeconds != nil {
		return *in.DurationSeconds
	}
	return 3600
}
