package awssim

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
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

// assumeRole gives a session of a role of this account; that its trust policy lets the caller in is taken for given.
// A role that does not exist is denied, as AWS denies it.
func assumeRole(x *request, in *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
	session := aws.ToString(in.RoleSessionName)
	if !iamNamePattern.MatchString(session) || len(session) < 2 || len(session) > 64 {
		return nil, validationError("1 validation error detected: Value '%s' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]{2,64}", session)
	}
	duration := int32(3600)
	if in.DurationSeconds != nil {
		duration = *in.DurationSeconds
	}
	if duration < 900 || duration > 43200 {
		return nil, validationError("1 validation error detected: Value '%d' at 'durationSeconds' failed to satisfy constraint: Member must be between 900 and 43200", duration)
	}
	for _, r := range x.st.IAM.Now.Roles {
		if aws.ToString(r.Role.Arn) != aws.ToString(in.RoleArn) {
			continue
		}
		if duration > aws.ToInt32(r.Role.MaxSessionDuration) {
			return nil, validationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
		}
		return &sts.AssumeRoleOutput{
			AssumedRoleUser: &ststypes.AssumedRoleUser{
				Arn:           aws.String(x.st.arn("sts", "", "assumed-role/"+*r.Role.RoleName+"/"+session)),
				AssumedRoleId: aws.String(*r.Role.RoleId + ":" + session),
			},
			Credentials: &ststypes.Credentials{
				AccessKeyId: aws.String(x.st.uniqueID("ASIA", 20)), SecretAccessKey: aws.String("simulated"), SessionToken: aws.String("simulated"),
				Expiration: aws.Time(x.now.Add(time.Duration(duration) * time.Second).Truncate(time.Second)),
			},
		}, nil
	}
	return nil, apiError(403, "AccessDenied", "User: %s is not authorized to perform: sts:AssumeRole on resource: %s", x.Principal, aws.ToString(in.RoleArn))
}
