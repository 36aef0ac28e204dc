package awssim

import (
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// secret is a secret of Secrets Manager.
type secret struct {
	Name, ARN, Key string // Key: the KMS key, "" for AWS's own
	Value          string
	Created        time.Time
	Deleted        time.Time // when it will be gone for good; zero while it is not scheduled for deletion
}

func registerSecrets(r registry) {
	write(r, "Secrets Manager", createSecret)
	write(r, "Secrets Manager", deleteSecret)
	read(r, "Secrets Manager", describeSecret)
}

var secretPattern = regexp.MustCompile(`^[A-Za-z0-9/_+=.@-]{1,512}$`)

// secret finds by name, by ARN, or by ARN without its random end.
func (x *request) secret(id *string) (*secret, error) {
	secrets := x.region().Secrets
	for _, name := range sortedKeys(secrets) {
		if s := secrets[name]; *id == s.Name || *id == s.ARN || *id == s.ARN[:len(s.ARN)-7] {
			return s, nil
		}
	}
	return nil, httpError(400, &smtypes.ResourceNotFoundException{Message: aws.String("Secrets Manager can't find the specified secret.")})
}

func createSecret(x *request, in *secretsmanager.CreateSecretInput) (*secretsmanager.CreateSecretOutput, error) {
	name := aws.ToString(in.Name)
	if !secretPattern.MatchString(name) {
		return nil, apiError(400, "ValidationException", "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!")
	}
	r := x.region()
	switch old := r.Secrets[name]; {
	case old != nil && !old.Deleted.IsZero():
		return nil, httpError(400, &smtypes.InvalidRequestException{Message: aws.String("You can't create this secret because a secret with this name is already scheduled for deletion.")})
	case old != nil:
		return nil, httpError(400, &smtypes.ResourceExistsException{Message: aws.String("The operation failed because the secret " + name + " already exists.")})
	case r.Secrets == nil:
		r.Secrets = map[string]*secret{}
	}
	s := &secret{
		Name: name, Key: aws.ToString(in.KmsKeyId), Value: aws.ToString(in.SecretString), Created: x.now,
		ARN: x.st.arn("secretsmanager", x.Region, "secret:"+name+"-"+x.st.uniqueID("", 6)),
	}
	r.Secrets[name] = s
	return &secretsmanager.CreateSecretOutput{ARN: aws.String(s.ARN), Name: aws.String(name), VersionId: aws.String(x.st.uuid())}, nil
}

// deleteSecret schedules the deletion, in 30 days unless the call says another number; one that is scheduled already stays.
func deleteSecret(x *request, in *secretsmanager.DeleteSecretInput) (*secretsmanager.DeleteSecretOutput, error) {
	s, err := x.secret(in.SecretId)
	if err != nil {
		return nil, err
	}
	days := int64(30)
	if in.RecoveryWindowInDays != nil {
		days = *in.RecoveryWindowInDays
	}
	force := aws.ToBool(in.ForceDeleteWithoutRecovery)
	switch {
	case force && in.RecoveryWindowInDays != nil:
		return nil, httpError(400, &smtypes.InvalidParameterException{Message: aws.String("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")})
	case days < 7 || days > 30:
		return nil, httpError(400, &smtypes.InvalidParameterException{Message: aws.String("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")})
	case !s.Deleted.IsZero() && !force:
		return nil, httpError(400, &smtypes.InvalidRequestException{Message: aws.String("You can't perform this operation on the secret because it was marked for deletion.")})
	}
	s.Deleted = x.now.Add(time.Duration(days) * 24 * time.Hour)
	if force {
		s.Deleted = x.now
		delete(x.region().Secrets, s.Name)
	}
	return &secretsmanager.DeleteSecretOutput{ARN: aws.String(s.ARN), Name: aws.String(s.Name), DeletionDate: aws.Time(s.Deleted)}, nil
}

func describeSecret(x *request, in *secretsmanager.DescribeSecretInput) (*secretsmanager.DescribeSecretOutput, error) {
	s, err := x.secret(in.SecretId)
	if err != nil {
		return nil, err
	}
	out := &secretsmanager.DescribeSecretOutput{ARN: aws.String(s.ARN), Name: aws.String(s.Name), CreatedDate: aws.Time(s.Created)}
	if s.Key != "" && !strings.HasSuffix(s.Key, "alias/aws/secretsmanager") {
		out.KmsKeyId = aws.String(s.Key)
	}
	if !s.Deleted.IsZero() {
		out.DeletedDate = aws.Time(s.Deleted)
	}
	return out, nil
}
