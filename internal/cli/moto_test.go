package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbv2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"cordon/internal/cli"
	"cordon/internal/cloud"
	"cordon/internal/mototest"
)

// TestOnTheEmulator answers a finding on an account that someone else simulates, through AWS_ENDPOINT_URL as a user
// would: the instance is contained, the case verified, then released, and what AWS shows is as before.
func TestOnTheEmulator(t *testing.T) {
	cfg := mototest.Start(t)
	c := cloud.New(cfg, mototest.Account)
	instance := emulated(t, c)
	dir := t.TempDir()
	for k, v := range map[string]string{
		"AWS_ENDPOINT_URL": filling(t, *cfg.BaseEndpoint), "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIAMOTO", "AWS_SECRET_ACCESS_KEY": "moto",
		"XDG_STATE_HOME": dir, "AWS_CONFIG_FILE": dir + "/none", "AWS_SHARED_CREDENTIALS_FILE": dir + "/none",
	} {
		t.Setenv(k, v)
	}
	write(t, dir+"/cordon.yaml", "vault: s3://evidence/cordon\n")
	write(t, dir+"/finding.json", fmt.Sprintf(`{"schemaVersion":"2.0","id":"f1","accountId":%q,"region":"us-east-1",
		"type":"Backdoor:EC2/C&CActivity.B","severity":8,"service":{"count":1},
		"resource":{"resourceType":"Instance","instanceDetails":{"instanceId":%q}}}`, mototest.Account, instance))
	before := seen(t, c, instance)

	out := cordon(t, 0, "--config", dir+"/cordon.yaml", "-q", "-o", "json", "respond", dir+"/finding.json")
	var answer struct {
		Cases []struct {
			ID, Status, Reason string
			Steps              []struct{ Action, Status, Error, Reason string }
		}
	}
	if err := json.Unmarshal(out, &answer); err != nil || len(answer.Cases) != 1 {
		t.Fatalf("respond: %v\n%s", err, out)
	}
	if got := answer.Cases[0]; got.Status != "contained" {
		t.Fatalf("case %s: %s", got.Status, got.Reason)
	}
	for _, s := range answer.Cases[0].Steps {
		t.Logf("%-8s %s %s%s", s.Status, s.Action, s.Error, s.Reason)
	}
	isolated := interfaces(t, c, instance)
	if len(isolated) != 2 {
		t.Fatalf("%d interfaces, want 2", len(isolated))
	}
	for eni, groups := range isolated {
		if len(groups) != 1 || !strings.HasPrefix(groups[0], "cordon-quarantine-") {
			t.Errorf("%s is in %v while contained", eni, groups)
		}
	}
	cordon(t, 0, "--config", dir+"/cordon.yaml", "-q", "verify", answer.Cases[0].ID)
	cordon(t, 0, "--config", dir+"/cordon.yaml", "-q", "release", answer.Cases[0].ID)
	if diff := cmp.Diff(before, seen(t, c, instance)); diff != "" {
		t.Errorf("not as before (-before +after):\n%s", diff)
	}
	cordon(t, 0, "--config", dir+"/cordon.yaml", "-q", "verify", answer.Cases[0].ID)
}

// filling is a proxy before moto that answers what moto lacks: the filter iam-instance-profile.arn of DescribeInstances,
// at which it breaks. Every running instance of this account has the profile, so the filter is left out.
func filling(t *testing.T, endpoint string) string {
	to, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			form, err := url.ParseQuery(string(body))
			if err != nil {
				t.Error(err)
			}
			if form.Get("Filter.1.Name") == "iam-instance-profile.arn" {
				form.Set("Filter.1.Name", "instance-state-name")
				form.Set("Filter.1.Value.1", "running")
				body = []byte(form.Encode())
			}
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// cordon runs the command line in this process, wants an exit code, and gives standard output.
func cordon(t *testing.T, want int, args ...string) []byte {
	t.Helper()
	var out, errs bytes.Buffer
	if got := cli.Main(context.Background(), args, cli.IO{In: &bytes.Buffer{}, Out: &out, Err: &errs}); got != want {
		var answer struct{ Cases []struct{ Reason string } }
		_ = json.Unmarshal(out.Bytes(), &answer)
		t.Fatalf("cordon %v: exit code %d, want %d\n%+v\n%s", args, got, want, answer, errs.Bytes())
	}
	return out.Bytes()
}

// emulated makes the account: an instance with two interfaces made beforehand (else moto mixes the launch groups into
// every answer), in an Auto Scaling group and a target group, with a profile, and a bucket for evidence.
func emulated(t *testing.T, c *cloud.Clients) string {
	ctx := t.Context()
	vpc := must(c.EC2.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.20.0.0/16")}))(t).Vpc
	subnet := must(c.EC2.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: vpc.VpcId, CidrBlock: aws.String("10.20.1.0/24")}))(t).Subnet
	var groups []string
	for _, name := range []string{"web", "ssh"} {
		g := must(c.EC2.CreateSecurityGroup(ctx, &ec2.CreateSecurityGroupInput{GroupName: &name, VpcId: vpc.VpcId, Description: &name}))(t)
		groups = append(groups, *g.GroupId)
	}
	var interfaces []ec2types.InstanceNetworkInterfaceSpecification
	for i, g := range [][]string{groups, groups[1:]} {
		eni := must(c.EC2.CreateNetworkInterface(ctx, &ec2.CreateNetworkInterfaceInput{SubnetId: subnet.SubnetId, Groups: g}))(t)
		interfaces = append(interfaces, ec2types.InstanceNetworkInterfaceSpecification{
			NetworkInterfaceId: eni.NetworkInterface.NetworkInterfaceId, DeviceIndex: aws.Int32(int32(i)),
		})
	}
	must(c.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("web-app"), AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[]}`)}))(t)
	must(c.IAM.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: aws.String("web-app")}))(t)
	must(c.IAM.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: aws.String("web-app"), RoleName: aws.String("web-app")}))(t)
	images := must(c.EC2.DescribeImages(ctx, &ec2.DescribeImagesInput{}))(t)
	run := must(c.EC2.RunInstances(ctx, &ec2.RunInstancesInput{
		ImageId: images.Images[0].ImageId, InstanceType: ec2types.InstanceTypeT3Large, MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
		NetworkInterfaces: interfaces, IamInstanceProfile: &ec2types.IamInstanceProfileSpecification{Name: aws.String("web-app")},
		TagSpecifications: []ec2types.TagSpecification{{ResourceType: ec2types.ResourceTypeInstance, Tags: []ec2types.Tag{{Key: aws.String("Name"), Value: aws.String("web-1")}}}},
	}))(t)
	id := *run.Instances[0].InstanceId
	tg := must(c.ELBV2.CreateTargetGroup(ctx, &elbv2.CreateTargetGroupInput{Name: aws.String("web"), VpcId: vpc.VpcId, Protocol: elbv2types.ProtocolEnumHttp, Port: aws.Int32(80)}))(t)
	must(c.ELBV2.RegisterTargets(ctx, &elbv2.RegisterTargetsInput{
		TargetGroupArn: tg.TargetGroups[0].TargetGroupArn, Targets: []elbv2types.TargetDescription{{Id: &id, Port: aws.Int32(8080)}},
	}))(t)
	must(c.AutoScaling.CreateLaunchConfiguration(ctx, &autoscaling.CreateLaunchConfigurationInput{
		LaunchConfigurationName: aws.String("web"), ImageId: images.Images[0].ImageId, InstanceType: aws.String("t3.large"),
	}))(t)
	must(c.AutoScaling.CreateAutoScalingGroup(ctx, &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: aws.String("web"), LaunchConfigurationName: aws.String("web"), MinSize: aws.Int32(0), MaxSize: aws.Int32(2),
		DesiredCapacity: aws.Int32(0), VPCZoneIdentifier: subnet.SubnetId,
	}))(t)
	must(c.AutoScaling.AttachInstances(ctx, &autoscaling.AttachInstancesInput{AutoScalingGroupName: aws.String("web"), InstanceIds: []string{id}}))(t)
	must(c.S3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("evidence")}))(t)
	return id
}

// seen is what AWS shows of everything that a response changes.
func seen(t *testing.T, c *cloud.Clients, id string) string {
	ctx := t.Context()
	out := map[string]any{"interfaces": interfaces(t, c, id)}
	groups := map[string]string{}
	for _, g := range must(c.EC2.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{}))(t).SecurityGroups {
		groups[*g.GroupId] = *g.GroupName
	}
	out["groups"] = groups
	i := must(c.EC2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{id}}))(t).Reservations[0].Instances[0]
	out["volumes"], out["state"] = i.BlockDeviceMappings, i.State.Name
	tags := map[string]string{}
	for _, tag := range i.Tags {
		tags[*tag.Key] = *tag.Value
	}
	out["tags"] = tags
	for _, name := range []ec2types.InstanceAttributeName{
		ec2types.InstanceAttributeNameDisableApiTermination, ec2types.InstanceAttributeNameDisableApiStop,
		ec2types.InstanceAttributeNameInstanceInitiatedShutdownBehavior,
	} {
		a := must(c.EC2.DescribeInstanceAttribute(ctx, &ec2.DescribeInstanceAttributeInput{InstanceId: &id, Attribute: name}))(t)
		out[string(name)] = []any{a.DisableApiTermination, a.DisableApiStop, a.InstanceInitiatedShutdownBehavior}
	}
	var profiles []string
	for _, a := range must(c.EC2.DescribeIamInstanceProfileAssociations(ctx, &ec2.DescribeIamInstanceProfileAssociationsInput{}))(t).IamInstanceProfileAssociations {
		profiles = append(profiles, *a.IamInstanceProfile.Arn)
	}
	out["profiles"] = profiles
	out["role policies"] = must(c.IAM.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: aws.String("web-app")}))(t).PolicyNames
	asg := must(c.AutoScaling.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{}))(t).AutoScalingGroups[0]
	out["scaling"] = []any{*asg.DesiredCapacity, *asg.MinSize, *asg.MaxSize, members(asg.Instances)}
	targets := []string{}
	for _, g := range must(c.ELBV2.DescribeTargetGroups(ctx, &elbv2.DescribeTargetGroupsInput{}))(t).TargetGroups {
		for _, h := range must(c.ELBV2.DescribeTargetHealth(ctx, &elbv2.DescribeTargetHealthInput{TargetGroupArn: g.TargetGroupArn}))(t).TargetHealthDescriptions {
			targets = append(targets, fmt.Sprintf("%s:%d", *h.Target.Id, aws.ToInt32(h.Target.Port)))
		}
	}
	out["targets"] = targets
	text, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// interfaces gives the names of the security groups of each of the instance's interfaces.
func interfaces(t *testing.T, c *cloud.Clients, id string) map[string][]string {
	out := map[string][]string{}
	for _, n := range must(c.EC2.DescribeNetworkInterfaces(t.Context(), &ec2.DescribeNetworkInterfacesInput{
		Filters: []ec2types.Filter{{Name: aws.String("attachment.instance-id"), Values: []string{id}}},
	}))(t).NetworkInterfaces {
		for _, g := range n.Groups {
			out[*n.NetworkInterfaceId] = append(out[*n.NetworkInterfaceId], *g.GroupName)
		}
		slices.Sort(out[*n.NetworkInterfaceId])
	}
	return out
}

func members(instances []astypes.Instance) (ids []string) {
	for _, i := range instances {
		ids = append(ids, *i.InstanceId)
	}
	return ids
}

// must gives the answer of a call, or ends the test with its error.
func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
