package awssim_test

import (
	"context"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	gdtypes "github.com/aws/aws-sdk-go-v2/service/guardduty/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"cordon/internal/cloud"
)

// knownDeployment are the known differences; the sources are pages of each service's API reference unless they say otherwise.
var knownDeployment = map[string]difference{
	"detectors/create again":                       {"error BadRequestException", `ok "done"`, "sim", "GuardDuty user guide, terminology: one detector an account and Region"},
	"detectors/update to a frequency that is none": {"error BadRequestException", `ok "done"`, "sim", "UpdateDetector: FindingPublishingFrequency is FIFTEEN_MINUTES, ONE_HOUR or SIX_HOURS"},
	"detectors/both kinds of runtime monitoring":   {"error BadRequestException", `ok "done"`, "sim", "CreateDetector: specifying both EKS_RUNTIME_MONITORING and RUNTIME_MONITORING will cause an error"},
	"detectors/delete unknown":                     {"error BadRequestException", `ok "done"`, "sim", "DeleteDetector: BadRequestException"},
	"detectors/members":                            {"ok 0", "error without a code", "sim", "ListMembers (moto has not got it)"},
	"EBS encryption/default key":                   {`ok "alias/aws/ebs"`, "error without a code", "sim", "EBS user guide, EBS encryption: get-ebs-default-kms-key-id answers alias/aws/ebs (moto has not got it)"},
	"EBS encryption/volume is encrypted":           {"ok [true,true]", "ok [false,false]", "sim", "EBS user guide, encryption by default: new volumes are always encrypted"},
	"topics/get with a subscription": {
		`ok ["arn:aws:sns:us-east-1:123456789012:alarm","123456789012","1","0","alias/aws/sns"]`,
		`ok ["arn:aws:sns:us-east-1:123456789012:alarm","123456789012","0","0","alias/aws/sns"]`,
		"sim", "GetTopicAttributes: SubscriptionsConfirmed; Subscribe: an endpoint of the owner's own account needs no confirmation",
	},
	"secrets/create what is deleted": {"error InvalidRequestException", "error ResourceExistsException", "sim", "CreateSecret: InvalidRequestException, the secret is scheduled for deletion"},
	"object lock/suspend versioning": {"error InvalidBucketState", `ok "done"`, "sim", "user guide, object lock considerations: versioning cannot be suspended while it is on"},
}

func TestDifferentialDeployment(t *testing.T) {
	differential(t, []sequence{detectorSequence(), encryptionSequence(), lockSequence(), topicSequence(), secretSequence(), hubSequence()}, knownDeployment)
}

// configOf is the configuration of the account that c talks to, for services that Clients has not got.
func configOf(c *cloud.Clients) aws.Config {
	o := c.STS.Options()
	return aws.Config{
		Region: o.Region, Credentials: o.Credentials, BaseEndpoint: o.BaseEndpoint, APIOptions: o.APIOptions, HTTPClient: o.HTTPClient,
		Retryer: func() aws.Retryer { return o.Retryer },
	}
}

func detectorSequence() sequence {
	get := func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
		id := v["id"]
		out, err := guardduty.NewFromConfig(configOf(c)).GetDetector(ctx, &guardduty.GetDetectorInput{DetectorId: &id})
		if err != nil {
			return nil, err
		}
		return []any{out.Status, out.FindingPublishingFrequency}, nil
	}
	update := func(in guardduty.UpdateDetectorInput) func(context.Context, *cloud.Clients, vars) (any, error) {
		return func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			in.DetectorId = aws.String(v["id"])
			return done(guardduty.NewFromConfig(configOf(c)).UpdateDetector(ctx, &in))
		}
	}
	create := func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
		out, err := guardduty.NewFromConfig(configOf(c)).CreateDetector(ctx, &guardduty.CreateDetectorInput{Enable: aws.Bool(true)})
		if err != nil {
			return nil, err
		}
		if v["id"] == "" {
			v["id"] = *out.DetectorId
		}
		return "done", nil
	}
	list := func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
		out, err := guardduty.NewFromConfig(configOf(c)).ListDetectors(ctx, &guardduty.ListDetectorsInput{})
		if err != nil {
			return nil, err
		}
		return len(out.DetectorIds), nil
	}
	runtime := func(name gdtypes.DetectorFeature) gdtypes.DetectorFeatureConfiguration {
		return gdtypes.DetectorFeatureConfiguration{Name: name, Status: gdtypes.FeatureStatusEnabled}
	}
	unknown := aws.String("00000000000000000000000000000000")
	return sequence{"detectors", []step{
		{"none", list},
		{"get unknown", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(guardduty.NewFromConfig(configOf(c)).GetDetector(ctx, &guardduty.GetDetectorInput{DetectorId: unknown}))
		}},
		{"create", create},
		{"list", list},
		{"get", get},
		{"suspend", update(guardduty.UpdateDetectorInput{Enable: aws.Bool(false)})},
		{"get suspended", get},
		{"more often", update(guardduty.UpdateDetectorInput{Enable: aws.Bool(true), FindingPublishingFrequency: gdtypes.FindingPublishingFrequencyFifteenMinutes})},
		{"get more often", get},
		{"administrator", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			id := v["id"]
			out, err := guardduty.NewFromConfig(configOf(c)).GetAdministratorAccount(ctx, &guardduty.GetAdministratorAccountInput{DetectorId: &id})
			if err != nil {
				return nil, err
			}
			return out.Administrator, nil
		}},
		{"members", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			id := v["id"]
			out, err := guardduty.NewFromConfig(configOf(c)).ListMembers(ctx, &guardduty.ListMembersInput{DetectorId: &id})
			if err != nil {
				return nil, err
			}
			return len(out.Members), nil
		}},
		{"create again", create},
		{"update to a frequency that is none", update(guardduty.UpdateDetectorInput{FindingPublishingFrequency: "HOURLY"})},
		{"both kinds of runtime monitoring", update(guardduty.UpdateDetectorInput{Features: []gdtypes.DetectorFeatureConfiguration{
			runtime(gdtypes.DetectorFeatureRuntimeMonitoring), runtime(gdtypes.DetectorFeatureEksRuntimeMonitoring),
		}})},
		{"delete", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			id := v["id"]
			return done(guardduty.NewFromConfig(configOf(c)).DeleteDetector(ctx, &guardduty.DeleteDetectorInput{DetectorId: &id}))
		}},
		{"delete unknown", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(guardduty.NewFromConfig(configOf(c)).DeleteDetector(ctx, &guardduty.DeleteDetectorInput{DetectorId: unknown}))
		}},
	}}
}

func encryptionSequence() sequence {
	get := func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
		out, err := c.EC2.GetEbsEncryptionByDefault(ctx, &ec2.GetEbsEncryptionByDefaultInput{})
		if err != nil {
			return nil, err
		}
		return *out.EbsEncryptionByDefault, nil
	}
	return sequence{"EBS encryption", []step{
		{"off", get},
		{"turn on", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.EC2.EnableEbsEncryptionByDefault(ctx, &ec2.EnableEbsEncryptionByDefaultInput{}))
		}},
		{"on", get},
		{"volume is encrypted", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.EC2.CreateVolume(ctx, &ec2.CreateVolumeInput{AvailabilityZone: aws.String("us-east-1a"), Size: aws.Int32(1)})
			if err != nil {
				return nil, err
			}
			return []bool{*out.Encrypted, out.KmsKeyId != nil}, nil
		}},
		{"default key", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.EC2.GetEbsDefaultKmsKeyId(ctx, &ec2.GetEbsDefaultKmsKeyIdInput{})
			if err != nil {
				return nil, err
			}
			return out.KmsKeyId, nil
		}},
		{"turn off", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.EC2.DisableEbsEncryptionByDefault(ctx, &ec2.DisableEbsEncryptionByDefaultInput{}))
		}},
		{"off again", get},
	}}
}

func lockSequence() sequence {
	get := func(bucket string) func(context.Context, *cloud.Clients, vars) (any, error) {
		return func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.S3.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: &bucket})
			if err != nil {
				return nil, err
			}
			if r := out.ObjectLockConfiguration.Rule; r != nil {
				return []any{out.ObjectLockConfiguration.ObjectLockEnabled, r.DefaultRetention.Mode, r.DefaultRetention.Days}, nil
			}
			return out.ObjectLockConfiguration.ObjectLockEnabled, nil
		}
	}
	one := aws.String("bucket-one")
	return sequence{"object lock", []step{
		{"create", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: one, ObjectLockEnabledForBucket: aws.Bool(true)}))
		}},
		{"create without", createBucket("bucket-two")},
		{"get", get("bucket-one")},
		{"get without", get("bucket-two")},
		{"get unknown", get("bucket-none")},
		{"versioning is on", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			out, err := c.S3.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: one})
			if err != nil {
				return nil, err
			}
			return out.Status, nil
		}},
		{"put", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.PutObjectLockConfiguration(ctx, &s3.PutObjectLockConfigurationInput{Bucket: one, ObjectLockConfiguration: &s3types.ObjectLockConfiguration{
				ObjectLockEnabled: s3types.ObjectLockEnabledEnabled,
				Rule:              &s3types.ObjectLockRule{DefaultRetention: &s3types.DefaultRetention{Mode: s3types.ObjectLockRetentionModeGovernance, Days: aws.Int32(30)}},
			}}))
		}},
		{"get the rule", get("bucket-one")},
		{"put unknown", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.PutObjectLockConfiguration(ctx, &s3.PutObjectLockConfigurationInput{
				Bucket: aws.String("bucket-none"), ObjectLockConfiguration: &s3types.ObjectLockConfiguration{ObjectLockEnabled: s3types.ObjectLockEnabledEnabled},
			}))
		}},
		{"suspend versioning", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(c.S3.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: one, VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusSuspended}}))
		}},
	}}
}

func topicSequence() sequence {
	attributes := func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
		out, err := sns.NewFromConfig(configOf(c)).GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: aws.String(v["arn"])})
		if err != nil {
			return nil, err
		}
		var some []string
		for _, key := range []string{"TopicArn", "Owner", "SubscriptionsConfirmed", "SubscriptionsPending", "KmsMasterKeyId"} {
			some = append(some, out.Attributes[key])
		}
		return some, nil
	}
	create := func(name string) func(context.Context, *cloud.Clients, vars) (any, error) {
		return func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			out, err := sns.NewFromConfig(configOf(c)).CreateTopic(ctx, &sns.CreateTopicInput{Name: &name, Attributes: map[string]string{"KmsMasterKeyId": "alias/aws/sns"}})
			if err != nil {
				return nil, err
			}
			v["arn"] = *out.TopicArn
			return out.TopicArn, nil
		}
	}
	return sequence{"topics", []step{
		{"create", create("alarm")},
		{"create again", create("alarm")},
		{"create with a bad name", create("no/slash")},
		{"get", attributes},
		{"subscribe a queue", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			return done(sns.NewFromConfig(configOf(c)).Subscribe(ctx, &sns.SubscribeInput{
				TopicArn: aws.String(v["arn"]), Protocol: aws.String("sqs"), Endpoint: aws.String("arn:aws:sqs:us-east-1:123456789012:q"),
			}))
		}},
		{"get with a subscription", attributes},
		{"unknown", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(sns.NewFromConfig(configOf(c)).GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: aws.String("arn:aws:sns:us-east-1:123456789012:none")}))
		}},
		{"delete", func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			return done(sns.NewFromConfig(configOf(c)).DeleteTopic(ctx, &sns.DeleteTopicInput{TopicArn: aws.String(v["arn"])}))
		}},
		{"get deleted", attributes},
	}}
}

func secretSequence() sequence {
	describe := func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
		out, err := secretsmanager.NewFromConfig(configOf(c)).DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String(v["arn"])})
		if err != nil {
			return nil, err
		}
		return []any{out.Name, out.KmsKeyId, out.DeletedDate != nil}, nil
	}
	create := func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
		out, err := secretsmanager.NewFromConfig(configOf(c)).CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("slack"), SecretString: aws.String("x")})
		if err != nil {
			return nil, err
		}
		v["arn"] = *out.ARN
		return out.Name, nil
	}
	remove := func(days *int64) func(context.Context, *cloud.Clients, vars) (any, error) {
		return func(ctx context.Context, c *cloud.Clients, v vars) (any, error) {
			return done(secretsmanager.NewFromConfig(configOf(c)).DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: aws.String(v["arn"]), RecoveryWindowInDays: days}))
		}
	}
	return sequence{"secrets", []step{
		{"create", create},
		{"create again", create},
		{"describe", describe},
		{"describe by name", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(secretsmanager.NewFromConfig(configOf(c)).DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String("slack")}))
		}},
		{"describe unknown", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(secretsmanager.NewFromConfig(configOf(c)).DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: aws.String("none")}))
		}},
		{"delete too soon", remove(aws.Int64(3))},
		{"delete", remove(aws.Int64(7))},
		{"describe deleted", describe},
		{"delete again", remove(nil)},
		{"create what is deleted", create},
	}}
}

func hubSequence() sequence {
	return sequence{"Security Hub", []step{
		{"describe while it is off", func(ctx context.Context, c *cloud.Clients, _ vars) (any, error) {
			return done(securityhub.NewFromConfig(configOf(c)).DescribeHub(ctx, &securityhub.DescribeHubInput{}))
		}},
	}}
}
