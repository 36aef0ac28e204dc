package doctor_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	gdtypes "github.com/aws/aws-sdk-go-v2/service/guardduty/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/smithy-go"

	"cordon/internal/awssim"
	"cordon/internal/casefile/dynamodb"
	"cordon/internal/cloud"
	"cordon/internal/config"
	"cordon/internal/doctor"
	"cordon/internal/notify"
)

const (
	region   = awssim.DemoRegion
	account  = awssim.DefaultAccount
	detector = "d4b040365221be2b54a6264dc0de0001"
	vpc      = "vpc-0a1b2c3d4e5f60001"
	bucket   = "cordon-evidence-" + account
	table    = "cordon"
)

// ward is an account with everything deployed, and the configuration of it.
type ward struct {
	*awssim.Account
	conf      config.Config
	principal string
}

// deployed is the demo account with all that the configuration names, and nothing to complain of.
func deployed(t *testing.T, opts awssim.Options) *ward {
	t.Helper()
	a := awssim.New(opts)
	w := &ward{Account: a, conf: config.Default("/nowhere")}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(awssim.Demo(a))
	ctx, cfg := t.Context(), a.Config(region)
	c := cloud.New(cfg, account)

	in := dynamodb.CreateTableInput(table)
	in.DeletionProtectionEnabled = aws.Bool(true)
	must(failed(ddb.NewFromConfig(cfg).CreateTable(ctx, in)))
	must(w.backups(t, true))
	topic, err := sns.NewFromConfig(cfg).CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("alarm")})
	must(err)
	must(failed(sns.NewFromConfig(cfg).Subscribe(ctx, &sns.SubscribeInput{
		TopicArn: topic.TopicArn, Protocol: aws.String("sqs"), Endpoint: aws.String("arn:aws:sqs:us-east-1:" + account + ":q"),
	})))
	secret, err := secretsmanager.NewFromConfig(cfg).CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: aws.String("slack"), SecretString: aws.String("x")})
	must(err)
	must(failed(c.S3.PutObjectLockConfiguration(ctx, &s3.PutObjectLockConfigurationInput{Bucket: aws.String(bucket), ObjectLockConfiguration: &s3types.ObjectLockConfiguration{
		ObjectLockEnabled: s3types.ObjectLockEnabledEnabled,
		Rule:              &s3types.ObjectLockRule{DefaultRetention: &s3types.DefaultRetention{Mode: s3types.ObjectLockRetentionModeGovernance, Days: aws.Int32(90)}},
	}})))
	must(failed(c.EC2.ModifyEbsDefaultKmsKeyId(ctx, &ec2.ModifyEbsDefaultKmsKeyIdInput{KmsKeyId: aws.String("arn:aws:kms:us-east-1:" + account + ":key/1")})))
	must(failed(guardduty.NewFromConfig(cfg).UpdateDetector(ctx, &guardduty.UpdateDetectorInput{
		DetectorId: aws.String(detector), Features: []gdtypes.DetectorFeatureConfiguration{{Name: gdtypes.DetectorFeatureRuntimeMonitoring, Status: gdtypes.FeatureStatusEnabled}},
	})))
	// A host that Systems Manager does not reach is none that runs.
	must(failed(c.EC2.ModifyInstanceAttribute(ctx, &ec2.ModifyInstanceAttributeInput{
		InstanceId: aws.String("i-0a1b2c3d4e5f60003"), DisableApiTermination: &ec2types.AttributeBooleanValue{Value: aws.Bool(false)},
	})))
	must(failed(c.EC2.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: []string{"i-0a1b2c3d4e5f60003"}})))
	const host = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ec2messages:*","ssmmessages:*","ssm:UpdateInstanceInformation"],"Resource":"*"},` +
		`{"Effect":"Allow","Action":"s3:PutObject","Resource":"arn:aws:s3:::` + bucket + `/cordon/*/live-response/*/i-*/*"}]}`
	must(failed(c.IAM.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{
		RoleName: aws.String("cordon-quarantine"), PolicyArn: aws.String("arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"),
	})))
	must(failed(c.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("cordon-quarantine"), PolicyName: aws.String("host"), PolicyDocument: aws.String(host)})))

	w.conf.Store, w.conf.Vault = "dynamodb://"+table, "s3://"+bucket+"/cordon"
	w.conf.EC2.QuarantineProfile = "arn:aws:iam::" + account + ":instance-profile/cordon-quarantine"
	w.conf.EC2.LiveResponse.Channel = config.ChannelHTTPS
	w.conf.Notify.SNS = &notify.SNSConfig{Topic: *topic.TopicArn}
	w.conf.Notify.Slack = &notify.SlackConfig{Webhook: notify.SecretRef("secretsmanager:" + *secret.ARN)}
	w.conf.Notify.Jira = &notify.JiraConfig{URL: "https://jira.example.com", Project: "SEC", Token: "env:JIRA_TOKEN"}
	return w
}

func failed[O any](_ *O, err error) error { return err }

func (w *ward) backups(t *testing.T, on bool) error {
	return failed(ddb.NewFromConfig(w.Config(region)).UpdateContinuousBackups(t.Context(), &ddb.UpdateContinuousBackupsInput{
		TableName: aws.String(table), PointInTimeRecoverySpecification: &ddbtypes.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: &on},
	}))
}

// examine runs doctor, as a caller who has the environment variable JIRA_TOKEN and the file /token.
func (w *ward) examine(t *testing.T) []doctor.Result {
	t.Helper()
	results := doctor.Run(t.Context(), doctor.Options{
		AWS: w.Config(region), Config: w.conf, Principal: w.principal,
		LookupEnv: func(key string) (string, bool) { return "", key == "JIRA_TOKEN" },
		Stat: func(path string) error {
			if path == "/token" {
				return nil
			}
			return &fs.PathError{Op: "open", Path: path, Err: errors.New("no such file")}
		},
	})
	for _, r := range results {
		bad := r.Severity == doctor.Warning || r.Severity == doctor.Problem
		if r.Check == "" || r.Found == "" || !strings.Contains(r.Check, ".") || bad && r.Remedy == "" || r.Unchecked && !bad {
			t.Errorf("a result is incomplete: %+v", r)
		}
	}
	return results
}

// say is a result on one line.
func say(r doctor.Result) string {
	return string(r.Severity) + " " + r.Check + " " + r.Subject + ": " + r.Found + " | " + r.Remedy
}

// TestHealthy: an account with everything in place has nothing to complain of, and nothing is changed by looking.
func TestHealthy(t *testing.T) {
	w := deployed(t, awssim.Options{})
	all := awssim.DumpOptions{Snapshots: true, Objects: true, Commands: true}
	before := w.Dump(all)
	checks := map[string]bool{}
	for _, r := range w.examine(t) {
		checks[r.Check] = true
		switch {
		case r.Severity == doctor.OK:
		case r.Severity == doctor.Note && (r.Check == "network.paths" || r.Check == "ssm.endpoints" || r.Check == "iam.sso"): // the demo has a NAT gateway, no endpoints, and SSO
		default:
			t.Error(say(r))
		}
	}
	for _, want := range []string{
		"identity.caller", "guardduty.detector", "guardduty.frequency", "guardduty.features", "guardduty.accounts", "permissions.policy",
		"network.paths", "network.groups", "ssm.instances", "ssm.endpoints", "ssm.profile", "ebs.encryption", "iam.sso",
		"evidence.versioning", "evidence.private", "evidence.lock", "store.table", "store.backups", "notify.sns", "notify.secrets",
	} {
		if !checks[want] {
			t.Errorf("nothing is said about %s", want)
		}
	}
	if d := awssim.Diff(before, w.Dump(all)); len(d) > 0 {
		t.Errorf("looking changed the account: %v", d)
	}
}

// TestCredentials: what AWS does not take is said, and nothing else is tried.
func TestCredentials(t *testing.T) {
	w := deployed(t, awssim.Options{})
	w.Account = awssim.New(awssim.Options{Fault: func(c awssim.Call) awssim.Fault {
		return awssim.Fault{Before: &smithy.GenericAPIError{Code: "ExpiredToken", Message: "The security token included in the request is expired"}}
	}})
	results := w.examine(t)
	if len(results) != 1 || results[0].Check != doctor.CheckCaller || results[0].Severity != doctor.Problem || !strings.Contains(results[0].Found, "ExpiredToken") {
		t.Errorf("%+v", results)
	}
	if n := w.Calls(); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
}
