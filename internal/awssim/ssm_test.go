package awssim_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"cordon/internal/awssim"
	"cordon/internal/cloud"
)

func send(t *testing.T, c *cloud.Clients, id, document string, commands ...string) string {
	t.Helper()
	out := must(c.SSM.SendCommand(t.Context(), &ssm.SendCommandInput{
		InstanceIds: []string{id}, DocumentName: &document, Parameters: map[string][]string{"commands": commands}, TimeoutSeconds: aws.Int32(60),
		OutputS3BucketName: aws.String("cordon-evidence-111122223333"), OutputS3KeyPrefix: aws.String("case/1"),
	}))(t)
	return *out.Command.CommandId
}

func invocation(t *testing.T, c *cloud.Clients, command, id string) *ssm.GetCommandInvocationOutput {
	t.Helper()
	return must(c.SSM.GetCommandInvocation(t.Context(), &ssm.GetCommandInvocationInput{CommandId: &command, InstanceId: &id}))(t)
}

func ping(t *testing.T, c *cloud.Clients, id string) ssmtypes.PingStatus {
	t.Helper()
	out := must(c.SSM.DescribeInstanceInformation(t.Context(), &ssm.DescribeInstanceInformationInput{
		Filters: []ssmtypes.InstanceInformationStringFilter{{Key: aws.String("InstanceIds"), Values: []string{id}}},
	}))(t)
	if len(out.InstanceInformationList) == 0 {
		return ""
	}
	return out.InstanceInformationList[0].PingStatus
}

func TestCommandRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := demoClients(t, awssim.Options{CommandTime: 10 * time.Second})
		id := send(t, c, batch1, "AWS-RunPowerShellScript", "Get-Process", "seq 1 9000")
		wantCode(t, failed(c.SSM.GetCommandInvocation(t.Context(), &ssm.GetCommandInvocationInput{CommandId: &id, InstanceId: aws.String(batch1)})), "InvocationDoesNotExist")
		for _, step := range []struct {
			sleep time.Duration
			want  ssmtypes.CommandInvocationStatus
		}{
			{time.Second, ssmtypes.CommandInvocationStatusPending},
			{2 * time.Second, ssmtypes.CommandInvocationStatusInProgress},
			{7 * time.Second, ssmtypes.CommandInvocationStatusSuccess},
		} {
			time.Sleep(step.sleep)
			if got := invocation(t, c, id, batch1).Status; got != step.want {
				t.Fatalf("after %v more: %s, want %s", step.sleep, got, step.want)
			}
		}
		out := invocation(t, c, id, batch1)
		if n := len(*out.StandardOutputContent); n != 24000 || !strings.Contains(*out.StandardOutputContent, "amazon-ssm-agent") {
			t.Errorf("%d characters of output", n)
		}
		if *out.ExecutionElapsedTime != "PT8.000S" || out.ResponseCode != 0 {
			t.Errorf("elapsed %s, code %d", *out.ExecutionElapsedTime, out.ResponseCode)
		}
		object := must(c.S3.GetObject(t.Context(), &s3.GetObjectInput{
			Bucket: aws.String("cordon-evidence-111122223333"),
			Key:    aws.String("case/1/" + id + "/" + batch1 + "/awsrunPowerShellScript/0.awsrunPowerShellScript/stdout"),
		}))(t)
		if body, err := io.ReadAll(object.Body); err != nil || !strings.HasSuffix(string(body), "\n9000\n") {
			t.Errorf("output object of %d bytes, %v", len(body), err)
		}
	})
}

func TestCommandFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := demoClients(t, awssim.Options{})
		id := send(t, c, web1, "AWS-RunShellScript", "echo begin\nexit 3", "echo never")
		time.Sleep(time.Second)
		out := invocation(t, c, id, web1)
		if out.Status != ssmtypes.CommandInvocationStatusFailed || out.ResponseCode != 3 || *out.StandardOutputContent != "begin\n" {
			t.Errorf("%s, code %d, output %q", out.Status, out.ResponseCode, *out.StandardOutputContent)
		}
	})
}

func TestCutOffHostDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := demoClients(t, awssim.Options{CommandTime: 10 * time.Second})
		if got := ping(t, c, batch1); got != ssmtypes.PingStatusOnline {
			t.Fatalf("before: %s", got)
		}
		early := send(t, c, batch1, "AWS-RunPowerShellScript", "Get-Process")
		time.Sleep(5 * time.Second)
		isolate(t, c, eniBatch)
		if got := ping(t, c, batch1); got != ssmtypes.PingStatusConnectionLost {
			t.Errorf("cut off: %s", got)
		}
		late := send(t, c, batch1, "AWS-RunPowerShellScript", "Get-Process")
		time.Sleep(2 * time.Minute)
		if got := invocation(t, c, early, batch1).Status; got != ssmtypes.CommandInvocationStatusInProgress {
			t.Errorf("command under way when the host was cut off: %s", got)
		}
		out := invocation(t, c, late, batch1)
		if out.Status != ssmtypes.CommandInvocationStatusTimedOut || *out.StatusDetails != "Delivery Timed Out" {
			t.Errorf("command sent after: %s, %s", out.Status, *out.StatusDetails)
		}
		must(c.EC2.ModifyNetworkInterfaceAttribute(t.Context(), &ec2.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: aws.String(eniBatch), Groups: []string{"sg-0a1b2c3d4e5f60003"}}))(t)
		if got := ping(t, c, batch1); got != ssmtypes.PingStatusOnline {
			t.Errorf("let out again: %s", got)
		}
		if got := invocation(t, c, early, batch1).Status; got != ssmtypes.CommandInvocationStatusSuccess {
			t.Errorf("answer after the host came back: %s", got)
		}
	})
}

func TestHostWithoutProfileIsNotManaged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := demoClients(t, awssim.Options{})
		if got := ping(t, c, db1); got != "" {
			t.Errorf("host without a profile: %s", got)
		}
		out := must(c.EC2.DescribeIamInstanceProfileAssociations(t.Context(), &ec2.DescribeIamInstanceProfileAssociationsInput{}))(t)
		for _, a := range out.IamInstanceProfileAssociations {
			if *a.InstanceId == web1 {
				must(c.EC2.DisassociateIamInstanceProfile(t.Context(), &ec2.DisassociateIamInstanceProfileInput{AssociationId: a.AssociationId}))(t)
			}
		}
		time.Sleep(time.Minute)
		if got := ping(t, c, web1); got != ssmtypes.PingStatusConnectionLost {
			t.Errorf("host whose profile was taken away: %s", got)
		}
	})
}

func TestCancelCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := demoClients(t, awssim.Options{CommandTime: 10 * time.Second})
		id := send(t, c, web1, "AWS-RunShellScript", "ps")
		time.Sleep(3 * time.Second)
		must(c.SSM.CancelCommand(t.Context(), &ssm.CancelCommandInput{CommandId: &id}))(t)
		time.Sleep(time.Minute)
		if got := invocation(t, c, id, web1); got.Status != ssmtypes.CommandInvocationStatusCancelled || *got.StandardOutputContent != "" {
			t.Errorf("%s, output %q", got.Status, *got.StandardOutputContent)
		}
		all := must(c.SSM.ListCommandInvocations(t.Context(), &ssm.ListCommandInvocationsInput{CommandId: &id, Details: true}))(t)
		if len(all.CommandInvocations) != 1 || all.CommandInvocations[0].CommandPlugins[0].Status != ssmtypes.CommandPluginStatusCancelled {
			t.Errorf("invocations: %+v", all.CommandInvocations)
		}
	})
}

func TestSSMRefusals(t *testing.T) {
	sending := func(change func(*ssm.SendCommandInput)) func(context.Context, *cloud.Clients) error {
		return func(ctx context.Context, c *cloud.Clients) error {
			in := &ssm.SendCommandInput{InstanceIds: []string{web1}, DocumentName: aws.String("AWS-RunShellScript"), Parameters: map[string][]string{"commands": {"ps"}}}
			change(in)
			return failed(c.SSM.SendCommand(ctx, in))
		}
	}
	refuses(t, []refusal{
		{"unknown document", sending(func(in *ssm.SendCommandInput) { in.DocumentName = aws.String("AWS-None") }), "InvalidDocument"},
		{"unmanaged host", sending(func(in *ssm.SendCommandInput) { in.InstanceIds = []string{db1} }), "InvalidInstanceId"},
		{"unknown host", sending(func(in *ssm.SendCommandInput) { in.InstanceIds = []string{noInstance} }), "InvalidInstanceId"},
		{"host twice", sending(func(in *ssm.SendCommandInput) { in.InstanceIds = []string{web1, web1} }), "DuplicateInstanceId"},
		{"shell on Windows", sending(func(in *ssm.SendCommandInput) { in.InstanceIds = []string{batch1} }), "UnsupportedPlatformType"},
		{"PowerShell on Linux", sending(func(in *ssm.SendCommandInput) { in.DocumentName = aws.String("AWS-RunPowerShellScript") }), "UnsupportedPlatformType"},
		{"no commands", sending(func(in *ssm.SendCommandInput) { in.Parameters = nil }), "InvalidParameters"},
		{"unknown parameter", sending(func(in *ssm.SendCommandInput) { in.Parameters["x"] = []string{"y"} }), "InvalidParameters"},
		{"bad time limit", sending(func(in *ssm.SendCommandInput) { in.Parameters["executionTimeout"] = []string{"soon"} }), "InvalidParameters"},
		{"long comment", sending(func(in *ssm.SendCommandInput) { in.Comment = aws.String(strings.Repeat("x", 101)) }), "ValidationException"},
		{"short timeout", sending(func(in *ssm.SendCommandInput) { in.TimeoutSeconds = aws.Int32(29) }), "ValidationException"},
		{"cancel unknown", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.SSM.CancelCommand(ctx, &ssm.CancelCommandInput{CommandId: aws.String("01234567-89ab-cdef-0123-456789abcdef")}))
		}, "InvalidCommandId"},
		{"unknown filter", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.SSM.DescribeInstanceInformation(ctx, &ssm.DescribeInstanceInformationInput{Filters: []ssmtypes.InstanceInformationStringFilter{{Key: aws.String("Colour"), Values: []string{"x"}}}}))
		}, "InvalidFilterKey"},
		{"small page", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.SSM.DescribeInstanceInformation(ctx, &ssm.DescribeInstanceInformationInput{MaxResults: aws.Int32(4)}))
		}, "ValidationException"},
	})
}
