package awssim

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	smtypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

func registerNotices(r registry) {
	write(r, "SNS", publish)
	read(r, "Secrets Manager", getSecretValue)
}

// SecurityHub turns Security Hub on.
func (ed *Editor) SecurityHub() { ed.r.Hub = true }

// EncryptBucket gives a bucket a customer managed key, by its ARN, as its default encryption.
func (ed *Editor) EncryptBucket(bucket, key string) error {
	b, ok := ed.s.Buckets[bucket]
	if !ok {
		return apiError(404, "NoSuchBucket", "The specified bucket does not exist")
	}
	b.Key = key
	return nil
}

// publish takes a message and forgets it.
func publish(x *request, in *sns.PublishInput) (*sns.PublishOutput, error) {
	if _, err := x.topic(in.TopicArn); err != nil {
		return nil, err
	}
	return &sns.PublishOutput{MessageId: aws.String(x.st.uuid())}, nil
}

func getSecretValue(x *request, in *secretsmanager.GetSecretValueInput) (*secretsmanager.GetSecretValueOutput, error) {
	s, err := x.secret(in.SecretId)
	if err != nil {
		return nil, err
	}
	if !s.Deleted.IsZero() {
		return nil, httpError(400, &smtypes.InvalidRequestException{Message: aws.String("You can't perform this operation on the secret because it was marked for deletion.")})
	}
	return &secretsmanager.GetSecretValueOutput{ARN: &s.ARN, Name: &s.Name, SecretString: &s.Value}, nil
}

// batchUpdateFindings takes every update while Security Hub is on; which findings it has is not simulated.
func batchUpdateFindings(x *request, in *securityhub.BatchUpdateFindingsInput) (*securityhub.BatchUpdateFindingsOutput, error) {
	if !x.region().Hub {
		return nil, hubOff(x)
	}
	return &securityhub.BatchUpdateFindingsOutput{ProcessedFindings: in.FindingIdentifiers}, nil
}
