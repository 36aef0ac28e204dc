package awssim

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// encryption is how a Region encrypts new EBS volumes; the zero value is as in a new account.
type encryption struct {
	ByDefault bool
	Key       string // the ARN of the default key; "" for the AWS managed one
}

// managedEBSKey is how EC2 calls the AWS managed key in answers about the default.
const managedEBSKey = "alias/aws/ebs"

func registerEncryption(r registry) {
	ec2Read(r, getEbsEncryptionByDefault)
	ec2Write(r, enableEbsEncryptionByDefault)
	ec2Write(r, disableEbsEncryptionByDefault)
	ec2Read(r, getEbsDefaultKmsKeyID)
	ec2Write(r, modifyEbsDefaultKmsKeyID)
	ec2Write(r, resetEbsDefaultKmsKeyID)
}

func getEbsEncryptionByDefault(x *request, _ *ec2.GetEbsEncryptionByDefaultInput) (*ec2.GetEbsEncryptionByDefaultOutput, error) {
	return &ec2.GetEbsEncryptionByDefaultOutput{EbsEncryptionByDefault: aws.Bool(x.ec2().Encryption.ByDefault)}, nil
}

func enableEbsEncryptionByDefault(x *request, _ *ec2.EnableEbsEncryptionByDefaultInput) (*ec2.EnableEbsEncryptionByDefaultOutput, error) {
	x.ec2().Encryption.ByDefault = true
	return &ec2.EnableEbsEncryptionByDefaultOutput{EbsEncryptionByDefault: aws.Bool(true)}, nil
}

func disableEbsEncryptionByDefault(x *request, _ *ec2.DisableEbsEncryptionByDefaultInput) (*ec2.DisableEbsEncryptionByDefaultOutput, error) {
	x.ec2().Encryption.ByDefault = false
	return &ec2.DisableEbsEncryptionByDefaultOutput{EbsEncryptionByDefault: aws.Bool(false)}, nil
}

func getEbsDefaultKmsKeyID(x *request, _ *ec2.GetEbsDefaultKmsKeyIdInput) (*ec2.GetEbsDefaultKmsKeyIdOutput, error) {
	return &ec2.GetEbsDefaultKmsKeyIdOutput{KmsKeyId: aws.String(cmp.Or(x.ec2().Encryption.Key, managedEBSKey))}, nil
}

// modifyEbsDefaultKmsKeyID takes the ARN of a key of this account and Region; other ways to name a key need KMS, which
// is not simulated, so whether the key exists is not checked.
func modifyEbsDefaultKmsKeyID(x *request, in *ec2.ModifyEbsDefaultKmsKeyIdInput) (*ec2.ModifyEbsDefaultKmsKeyIdOutput, error) {
	key := aws.ToString(in.KmsKeyId)
	if !strings.HasPrefix(key, x.st.arn("kms", x.Region, "key/")) {
		return nil, apiError(400, "InvalidParameterValue", "Invalid value '%s' for kmsKeyId.", key)
	}
	x.ec2().Encryption.Key = key
	return &ec2.ModifyEbsDefaultKmsKeyIdOutput{KmsKeyId: &key}, nil
}

func resetEbsDefaultKmsKeyID(x *request, _ *ec2.ResetEbsDefaultKmsKeyIdInput) (*ec2.ResetEbsDefaultKmsKeyIdOutput, error) {
	x.ec2().Encryption.Key = ""
	return &ec2.ResetEbsDefaultKmsKeyIdOutput{KmsKeyId: aws.String(managedEBSKey)}, nil
}

// volumeKey is the ARN of the key that encrypts a new volume for which none is named.
func (s *state) volumeKey(r *region) string {
	if key := r.EC2.Encryption.Key; key != "" {
		return key
	}
	sum := sha256.Sum256([]byte(managedEBSKey + s.Account + r.Name))
	h := hex.EncodeToString(sum[:])
	return s.arn("kms", r.Name, "key/"+h[:8]+"-"+h[8:12]+"-4"+h[13:16]+"-8"+h[17:20]+"-"+h[20:32])
}
