package cli_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"cordon/internal/cloud"
	"cordon/internal/mototest"
	"cordon/internal/mototest/workload"
)

const memberAccount = "444455556666"

// TestOtherAccountOnTheEmulator answers and releases a finding of another account with the hub's credentials: what is
// contained is there, evidence is in the hub's bucket, and the hub's network is left alone.
func TestOtherAccountOnTheEmulator(t *testing.T) {
	cfg := mototest.Start(t)
	hub := cloud.New(cfg, mototest.Account)
	there := cfg.Copy()
	there.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), "arn:aws:iam::"+memberAccount+":role/admin"))
	c := cloud.New(there, memberAccount)
	instance := workload.Make(t, c)
	if _, err := hub.S3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("hub-evidence")}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for k, v := range map[string]string{
		"AWS_ENDPOINT_URL": workload.Fill(t, *cfg.BaseEndpoint), "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIAMOTO", "AWS_SECRET_ACCESS_KEY": "moto",
		"XDG_STATE_HOME": dir, "AWS_CONFIG_FILE": dir + "/none", "AWS_SHARED_CREDENTIALS_FILE": dir + "/none",
	} {
		t.Setenv(k, v)
	}
	write(t, dir+"/cordon.yaml", "vault: s3://hub-evidence/cordon\naccounts: {role: cordon-member, external_id: our-id}\n")
	write(t, dir+"/finding.json", fmt.Sprintf(`{"schemaVersion":"2.0","id":"f1","accountId":%q,"region":"us-east-1",
		"type":"Backdoor:EC2/C&CActivity.B","severity":8,"service":{"count":1},
		"resource":{"resourceType":"Instance","instanceDetails":{"instanceId":%q}}}`, memberAccount, instance))
	before, hubBefore := workload.Seen(t, c, instance), groupsOf(t, hub)

	var answer struct {
		Cases []struct{ ID, Status, Reason string }
	}
	out := cordon(t, 0, "--config", dir+"/cordon.yaml", "-q", "-o", "json", "respond", dir+"/finding.json")
	if err := json.Unmarshal(out, &answer); err != nil || len(answer.Cases) != 1 || answer.Cases[0].Status != "contained" {
		t.Fatalf("respond: %v\n%s", err, out)
	}
	for eni, groups := range workload.Interfaces(t, c, instance) {
		if len(groups) != 1 || !strings.HasPrefix(groups[0], "cordon-quarantine-") {
			t.Errorf("%s is in %v while contained", eni, groups)
		}
	}
	id := answer.Cases[0].ID
	objects, err := hub.S3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("hub-evidence"), Prefix: aws.String("cordon/" + id)})
	if err != nil || len(objects.Contents) == 0 {
		t.Errorf("evidence in the hub's bucket: %+v, %v", objects, err)
	}
	if shown := cordon(t, 0, "--config", dir+"/cordon.yaml", "-o", "json", "show", id); !strings.Contains(string(shown), "arn:aws:sts::"+memberAccount+":assumed-role/cordon-member/cordon") {
		t.Errorf("the case does not say who contained it:\n%s", shown)
	}
	cordon(t, 0, "--config", dir+"/cordon.yaml", "-q", "verify", id)
	cordon(t, 0, "--config", dir+"/cordon.yaml", "-q", "release", id)
	if diff := cmp.Diff(before, workload.Seen(t, c, instance)); diff != "" {
		t.Errorf("not as before (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(hubBefore, groupsOf(t, hub)); diff != "" {
		t.Errorf("the hub's account was changed (-before +after):\n%s", diff)
	}
}

func groupsOf(t *testing.T, c *cloud.Clients) (names []string) {
	t.Helper()
	out, err := c.EC2.DescribeSecurityGroups(t.Context(), &ec2.DescribeSecurityGroupsInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range out.SecurityGroups {
		names = append(names, *g.GroupName)
	}
	return names
}
