package doctor_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"cordon/internal/cloud"
	"cordon/internal/config"
	"cordon/internal/doctor"
	"cordon/internal/mototest"
	"cordon/internal/notify"
)

// TestMoto: over the wire, on somebody else's AWS, which does not know all that is asked: what it knows is found, the
// rest is unchecked, and nothing is changed.
func TestMoto(t *testing.T) {
	cfg := mototest.Start(t)
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	ctx, c := t.Context(), cloud.New(cfg, mototest.Account)
	if _, err := c.EC2.RunInstances(ctx, &ec2.RunInstancesInput{
		ImageId: aws.String("ami-12c6146b"), InstanceType: ec2types.InstanceTypeT3Micro, MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
	}); err != nil {
		t.Fatal(err)
	}
	conf := config.Default("/nowhere")
	conf.Store, conf.Vault = "dynamodb://none", "s3://none/cordon"
	conf.Notify.SNS = &notify.SNSConfig{Topic: "arn:aws:sns:us-east-1:" + mototest.Account + ":alarm"}
	groups := func() (ids []string) {
		out, err := c.EC2.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{})
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range out.SecurityGroups {
			ids = append(ids, *g.GroupId)
		}
		slices.Sort(ids)
		return ids
	}
	before := groups()
	severities := func() map[string]doctor.Severity {
		out := map[string]doctor.Severity{}
		for _, r := range doctor.Run(ctx, doctor.Options{AWS: cfg, Config: conf}) {
			out[r.Check] = r.Severity
		}
		return out
	}
	want := func(got map[string]doctor.Severity, severity doctor.Severity, checks ...string) {
		t.Helper()
		for _, check := range checks {
			if got[check] != severity {
				t.Errorf("%s: %q, want %q", check, got[check], severity)
			}
		}
	}
	got := severities()
	want(got, doctor.Problem, "guardduty.detector", "evidence.vault", "store.table", "notify.sns")
	want(got, doctor.OK, "identity.caller", "network.groups", "network.paths", "iam.sso")
	want(got, doctor.Warning, "permissions.policy")

	if _, err := guardduty.NewFromConfig(cfg).CreateDetector(ctx, &guardduty.CreateDetectorInput{Enable: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	if _, err := sns.NewFromConfig(cfg).CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("alarm")}); err != nil {
		t.Fatal(err)
	}
	got = severities()
	want(got, doctor.OK, "guardduty.detector")
	want(got, doctor.Warning, "guardduty.frequency", "notify.sns")
	if after := groups(); !slices.Equal(before, after) {
		t.Errorf("security groups before %v, after %v", before, after)
	}
}
