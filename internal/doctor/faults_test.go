package doctor_test

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbv2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	gdtypes "github.com/aws/aws-sdk-go-v2/service/guardduty/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"cordon/internal/awssim"
	"cordon/internal/casefile/dynamodb"
	"cordon/internal/cloud"
	"cordon/internal/doctor"
)

// fault is one thing wrong with a ward, and the result that has to say so.
type fault struct {
	name   string
	do     func(context.Context, *ward, *cloud.Clients) error
	check  string
	sev    doctor.Severity
	found  string // part of it
	remedy string // part of it
}

func edit(f func(*awssim.Editor) error) func(context.Context, *ward, *cloud.Clients) error {
	return func(_ context.Context, w *ward, _ *cloud.Clients) error { return w.Edit(region, f) }
}

func configure(f func(*ward)) func(context.Context, *ward, *cloud.Clients) error {
	return func(_ context.Context, w *ward, _ *cloud.Clients) error { f(w); return nil }
}

func detectorOf(w *ward, change guardduty.UpdateDetectorInput) error {
	change.DetectorId = aws.String(detector)
	return failed(guardduty.NewFromConfig(w.Config(region)).UpdateDetector(context.Background(), &change))
}

func faults() []fault {
	name, profile := aws.String(bucket), aws.String("cordon-quarantine")
	return []fault{
		{
			"no detector", func(ctx context.Context, w *ward, _ *cloud.Clients) error {
				return failed(guardduty.NewFromConfig(w.Config(region)).DeleteDetector(ctx, &guardduty.DeleteDetectorInput{DetectorId: aws.String(detector)}))
			}, "guardduty.detector", doctor.Problem, "no detector in us-east-1", "create-detector --enable",
		},
		{"detector suspended", func(_ context.Context, w *ward, _ *cloud.Clients) error {
			return detectorOf(w, guardduty.UpdateDetectorInput{Enable: aws.Bool(false)})
		}, "guardduty.detector", doctor.Problem, "suspended", "--detector-id " + detector + " --enable"},
		{"seldom published", func(_ context.Context, w *ward, _ *cloud.Clients) error {
			return detectorOf(w, guardduty.UpdateDetectorInput{FindingPublishingFrequency: gdtypes.FindingPublishingFrequencySixHours})
		}, "guardduty.frequency", doctor.Warning, "six hours", "FIFTEEN_MINUTES"},
		{"features off", func(_ context.Context, w *ward, _ *cloud.Clients) error {
			return detectorOf(w, guardduty.UpdateDetectorInput{Features: []gdtypes.DetectorFeatureConfiguration{
				{Name: gdtypes.DetectorFeatureS3DataEvents, Status: gdtypes.FeatureStatusDisabled},
			}})
		}, "guardduty.features", doctor.Note, "S3_DATA_EVENTS is off", "Name=S3_DATA_EVENTS,Status=ENABLED"},
		{"a member", edit(func(ed *awssim.Editor) error { ed.Administrator("999999999999"); return nil }), "guardduty.accounts", doctor.Note, "member of 999999999999", "not both"},
		{"members without a role", edit(func(ed *awssim.Editor) error { ed.Member("444455556666", "Enabled"); return nil }), "guardduty.accounts", doctor.Warning, "no role there", "accounts.role"},
		{"a member that left", edit(func(ed *awssim.Editor) error { ed.Member("444455556666", "Resigned"); return nil }), "guardduty.accounts", doctor.Warning, "444455556666 (Resigned)", "enable"},
		{"another own account", configure(func(w *ward) { w.conf.Accounts.Own = "999999999999" }), "identity.account", doctor.Problem, "findings of 999999999999 are refused", account},
		{"connections are kept", configure(func(w *ward) { w.conf.EC2.CutEstablished = false }), "network.paths", doctor.Warning, "cut_established is off", "true"},
		{
			"a network balancer", func(ctx context.Context, _ *ward, c *cloud.Clients) error {
				return failed(c.ELBV2.CreateLoadBalancer(ctx, &elbv2.CreateLoadBalancerInput{
					Name: aws.String("front"), Type: elbv2types.LoadBalancerTypeEnumNetwork, Subnets: []string{"subnet-0a1b2c3d4e5f60001"},
				}))
			}, "network.paths", doctor.Note, "Network Load Balancer front", "network ACL",
		},
		{"an endpoint of Systems Manager alone", edit(func(ed *awssim.Editor) error {
			return firstError(
				ed.Endpoint("vpce-0a1b2c3d4e5f60001", vpc, "ssm", nil, []string{"subnet-0a1b2c3d4e5f60001"}),
				ed.Endpoint("vpce-0a1b2c3d4e5f60002", vpc, "ssmmessages", nil, []string{"subnet-0a1b2c3d4e5f60001"}),
			)
		}), "ssm.endpoints", doctor.Warning, "none for ec2messages, s3", "ec2messages"},
		{"an agent that stopped", edit(func(ed *awssim.Editor) error { ed.StopAgent("i-0a1b2c3d4e5f60002"); return nil }), "ssm.instances", doctor.Warning, "i-0a1b2c3d4e5f60002", "agent"},
		{"no live response", configure(func(w *ward) { w.conf.EC2.LiveResponse.Channel = "" }), "ssm.instances", doctor.Note, "off", "live_response"},
		{"no such profile", configure(func(w *ward) { w.conf.EC2.QuarantineProfile += "-none" }), "ssm.profile", doctor.Problem, "does not exist", "quarantine_profile"},
		{"another account's profile", configure(func(w *ward) {
			w.conf.EC2.QuarantineProfile = strings.Replace(w.conf.EC2.QuarantineProfile, account, "999999999999", 1)
		}), "ssm.profile", doctor.Problem, "account 999999999999", account},
		{"a profile without a role", func(ctx context.Context, _ *ward, c *cloud.Clients) error {
			return failed(c.IAM.RemoveRoleFromInstanceProfile(ctx, &iam.RemoveRoleFromInstanceProfileInput{InstanceProfileName: profile, RoleName: profile}))
		}, "ssm.profile", doctor.Problem, "no role", "add-role-to-instance-profile"},
		{"a profile that allows nothing", func(ctx context.Context, _ *ward, c *cloud.Clients) error {
			return failed(c.IAM.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: profile, PolicyName: aws.String("host")}))
		}, "ssm.profile", doctor.Problem, "ssm:UpdateInstanceInformation", "QuarantineRole"},
		{"a profile that allows too much", func(ctx context.Context, _ *ward, c *cloud.Clients) error {
			return failed(c.IAM.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: profile, PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")}))
		}, "ssm.profile", doctor.Warning, "iam:CreateUser", "QuarantineRole"},
		{"the managed key", func(ctx context.Context, _ *ward, c *cloud.Clients) error {
			return failed(c.EC2.ResetEbsDefaultKmsKeyId(ctx, &ec2.ResetEbsDefaultKmsKeyIdInput{}))
		}, "ebs.encryption", doctor.Note, "cannot be shared", "modify-ebs-default-kms-key-id"},
		{"a directory for evidence", configure(func(w *ward) { w.conf.Vault = "file:///evidence" }), "evidence.vault", doctor.Note, "this machine", "s3://"},
		{"no such bucket", configure(func(w *ward) { w.conf.Vault = "s3://no-such-bucket" }), "evidence.vault", doctor.Problem, "no such bucket", "make the bucket"},
		{"a bucket elsewhere", func(ctx context.Context, w *ward, c *cloud.Clients) error {
			w.conf.Vault = "s3://elsewhere/cordon"
			return failed(c.S3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("elsewhere"), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-west-1"}}))
		}, "evidence.vault", doctor.Problem, "another Region", "Region"},
		{"a public bucket", configure(func(w *ward) { w.conf.Vault = "s3://cordon-demo-customer-data/cordon" }), "evidence.private", doctor.Problem, "public", "put-public-access-block"},
		{"a bucket that could be public", func(ctx context.Context, _ *ward, c *cloud.Clients) error {
			return failed(c.S3.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: name}))
		}, "evidence.private", doctor.Warning, "RestrictPublicBuckets", "put-public-access-block"},
		{"no versions", configure(func(w *ward) { w.conf.Vault = "s3://cordon-demo-customer-data/cordon" }), "evidence.versioning", doctor.Warning, "not versioned", "Status=Enabled"},
		{"no lock", configure(func(w *ward) { w.conf.Vault = "s3://cordon-demo-customer-data/cordon" }), "evidence.lock", doctor.Note, "no object lock", "ObjectLockDays"},
		{"cases on this machine", configure(func(w *ward) { w.conf.Store = "sqlite:///x" }), "store.table", doctor.Note, "this machine", "dynamodb://"},
		{"no such table", configure(func(w *ward) { w.conf.Store = "dynamodb://none" }), "store.table", doctor.Problem, "no such table", "deploy"},
		{"another table", func(ctx context.Context, w *ward, _ *cloud.Clients) error {
			w.conf.Store = "dynamodb://other"
			return failed(ddb.NewFromConfig(w.Config(region)).CreateTable(ctx, &ddb.CreateTableInput{
				TableName: aws.String("other"), BillingMode: ddbtypes.BillingModePayPerRequest,
				KeySchema:            []ddbtypes.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: ddbtypes.KeyTypeHash}},
				AttributeDefinitions: []ddbtypes.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: ddbtypes.ScalarAttributeTypeS}},
			}))
		}, "store.table", doctor.Problem, "keys are id, not pk,sk", "deploy"},
		{"an unprotected table", func(ctx context.Context, w *ward, _ *cloud.Clients) error {
			w.conf.Store = "dynamodb://other"
			return failed(ddb.NewFromConfig(w.Config(region)).CreateTable(ctx, dynamodb.CreateTableInput("other")))
		}, "store.protection", doctor.Warning, "can be deleted", "--deletion-protection-enabled"},
		{"a table without the index", func(ctx context.Context, w *ward, _ *cloud.Clients) error {
			w.conf.Store = "dynamodb://other"
			in := dynamodb.CreateTableInput("other")
			in.GlobalSecondaryIndexes, in.AttributeDefinitions = nil, in.AttributeDefinitions[:2]
			return failed(ddb.NewFromConfig(w.Config(region)).CreateTable(ctx, in))
		}, "store.table", doctor.Problem, "no index list on gsipk,gsisk", "deploy"},
		{"no backups", func(ctx context.Context, w *ward, _ *cloud.Clients) error {
			return failed(ddb.NewFromConfig(w.Config(region)).UpdateContinuousBackups(ctx, &ddb.UpdateContinuousBackupsInput{
				TableName: aws.String(table), PointInTimeRecoverySpecification: &ddbtypes.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(false)},
			}))
		}, "store.backups", doctor.Warning, "recovery is off", "update-continuous-backups"},
		{"no such topic", configure(func(w *ward) { w.conf.Notify.SNS.Topic += "-none" }), "notify.sns", doctor.Problem, "no such topic", "create-topic --name alarm-none"},
		{"a topic that waits", func(ctx context.Context, w *ward, _ *cloud.Clients) error {
			w.conf.Notify.SNS.Topic = "arn:aws:sns:eu-west-1:" + account + ":other"
			client := sns.NewFromConfig(w.Config("eu-west-1"))
			return firstError(failed(client.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("other")})), failed(client.Subscribe(ctx, &sns.SubscribeInput{
				TopicArn: &w.conf.Notify.SNS.Topic, Protocol: aws.String("email"), Endpoint: aws.String("a@example.com"),
			})))
		}, "notify.sns", doctor.Warning, "waits to be confirmed", "follow the link"},
		{"no such secret", configure(func(w *ward) { w.conf.Notify.Slack.Webhook += "x" }), "notify.secrets", doctor.Problem, "no secret", "notify.slack.webhook"},
		{"a secret that goes", func(ctx context.Context, w *ward, _ *cloud.Clients) error {
			return failed(secretsmanager.NewFromConfig(w.Config(region)).DeleteSecret(ctx, &secretsmanager.DeleteSecretInput{SecretId: aws.String("slack")}))
		}, "notify.secrets", doctor.Problem, "to be deleted", "restore-secret"},
		{"no such variable", configure(func(w *ward) { w.conf.Notify.Jira.Token = "env:OTHER" }), "notify.secrets", doctor.Warning, "OTHER is not set", "set it"},
		{"no such file", configure(func(w *ward) { w.conf.Notify.Jira.Token = "file:/other" }), "notify.secrets", doctor.Warning, "cannot be read", "make it"},
		{"Security Hub off", configure(func(w *ward) { w.conf.Notify.SecurityHub = true }), "notify.securityhub", doctor.Problem, "off", "enable-security-hub"},
		{"more of the VPC", func(ctx context.Context, _ *ward, c *cloud.Clients) error {
			out, err := c.EC2.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.9.0.0/16")})
			if err != nil {
				return err
			}
			subnet, err := c.EC2.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: out.Vpc.VpcId, CidrBlock: aws.String("10.9.0.0/24"), AvailabilityZone: aws.String("us-east-1a")})
			if err != nil {
				return err
			}
			return failed(c.EC2.RunInstances(ctx, &ec2.RunInstancesInput{
				ImageId: aws.String("ami-0a1b2c3d4e5f60001"), InstanceType: ec2types.InstanceTypeT3Micro, MinCount: aws.Int32(1), MaxCount: aws.Int32(1), SubnetId: subnet.Subnet.SubnetId,
			}))
		}, "network.paths", doctor.OK, "no NAT gateway", ""},
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// TestFaults: each fault is found, with its remedy; and what is not a problem makes none.
func TestFaults(t *testing.T) {
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			w := deployed(t, awssim.Options{})
			if err := f.do(t.Context(), w, cloud.New(w.Config(region), account)); err != nil {
				t.Fatal(err)
			}
			var said []string
			for _, r := range w.examine(t) {
				if r.Check == f.check && r.Severity == f.sev && strings.Contains(r.Found, f.found) && strings.Contains(r.Remedy, f.remedy) {
					return
				}
				said = append(said, say(r))
			}
			t.Errorf("%s %s %q … %q is not said; but:\n%s", f.sev, f.check, f.found, f.remedy, strings.Join(said, "\n"))
		})
	}
}
