package lambda_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"

	"github.com/aws/aws-sdk-go-v2/aws"

	"cordon/internal/casefile"
	"cordon/internal/cloud"
	"cordon/internal/engine"
	"cordon/internal/lambda/lambdatest"
	"cordon/internal/mototest"
	"cordon/internal/mototest/workload"
	"cordon/internal/nodetest"
	"cordon/internal/vault"
)

const motoConfig = `{"store": "dynamodb://` + table + `", "vault": "s3://evidence/cordon", "accounts": {"own": "` + mototest.Account + `"}}`

// TestOnTheEmulator executes the state machine, with the bootstrap as it is deployed, on an account, a case table and a
// bucket that someone else simulates: the findings end contained; a step that AWS denies ends dirty; release puts all back.
func TestOnTheEmulator(t *testing.T) {
	root, err := nodetest.Root()
	if err != nil {
		t.Fatal(err)
	}
	nodetest.Modules(t)
	bootstrap := lambdatest.Build(t, root, "./cmd/cordon-lambda", "-trimpath", "-ldflags", "-s -w", "-tags", "lambda.norpc")
	for _, tc := range []struct {
		name   string
		deny   []string
		clean  bool
		status casefile.Status
	}{
		{"contained", nil, true, casefile.Contained},
		{"evidence denied", []string{"CreateSnapshots", "CreateSnapshot"}, false, casefile.Partial},
		{"containment denied", []string{"ModifyNetworkInterfaceAttribute"}, false, casefile.Failed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg := mototest.Start(t)
			c := cloud.New(cfg, mototest.Account)
			instance := workload.Make(t, c)
			before := workload.Seen(t, c, instance)
			d := deploy(t, cfg, bootstrap, 3, map[string]string{
				"AWS_ENDPOINT_URL": workload.Fill(t, *cfg.BaseEndpoint, tc.deny...), "AWS_REGION": region, "CORDON_CONFIG": motoConfig,
				"AWS_ACCESS_KEY_ID": "AKIAMOTO", "AWS_SECRET_ACCESS_KEY": "moto",
			})
			e := d.execute(event(`"type":"Backdoor:EC2/C&CActivity.B","resource":{"resourceType":"Instance","instanceDetails":{"instanceId":"` + instance + `"}}`))
			got := d.only(instance)
			if clean := e.clean(t); clean != tc.clean || got.Status != tc.status {
				t.Errorf("clean %v, case %s (%s); want %v, %s", clean, got.Status, got.Reason, tc.clean, tc.status)
			}
			inOrder(t, d.store, got)
			isolated := 0
			for eni, groups := range workload.Interfaces(t, c, instance) {
				if len(groups) == 1 && strings.HasPrefix(groups[0], "cordon-quarantine-") {
					isolated++
				} else if tc.status != casefile.Failed {
					t.Errorf("%s is in %v", eni, groups)
				}
			}
			if tc.status == casefile.Failed && isolated > 0 {
				t.Error("isolated, although it was denied")
			}
			v, err := vault.OpenS3(c.S3, "evidence", "cordon", "")
			if err != nil {
				t.Fatal(err)
			}
			got, err = newEngine(cfg, d.store, v).Release(t.Context(), got.ID, engine.ReleaseOptions{})
			if err != nil || got.Status != casefile.Released {
				t.Errorf("release: %s (%s), %v", got.Status, got.Reason, err)
			}
			if diff := cmp.Diff(before, workload.Seen(t, c, instance)); diff != "" {
				t.Errorf("not as before (-before +after):\n%s", diff)
			}
		})
	}
	t.Run("identity and bucket", func(t *testing.T) {
		cfg := mototest.Start(t)
		c := cloud.New(cfg, mototest.Account)
		workload.Make(t, c)
		if _, err := c.IAM.CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String("deploy-bot")}); err != nil {
			t.Fatal(err)
		}
		key, err := c.IAM.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String("deploy-bot")})
		if err != nil {
			t.Fatal(err)
		}
		workload.PublicBucket(t, c, "customer-data")
		d := deploy(t, cfg, bootstrap, 2, map[string]string{
			"AWS_ENDPOINT_URL": workload.Fill(t, *cfg.BaseEndpoint), "AWS_REGION": region, "CORDON_CONFIG": motoConfig,
			"AWS_ACCESS_KEY_ID": "AKIAMOTO", "AWS_SECRET_ACCESS_KEY": "moto",
		})
		for target, e := range map[string]execution{
			"deploy-bot": d.execute(event(fmt.Sprintf(`"type":"UnauthorizedAccess:IAMUser/MaliciousIPCaller.Custom","resource":{"resourceType":"AccessKey",
				"accessKeyDetails":{"accessKeyId":%q,"userType":"IAMUser","userName":"deploy-bot","principalId":"AIDAEXAMPLE"}}`, *key.AccessKey.AccessKeyId))),
			"customer-data": d.execute(event(`"type":"Policy:S3/BucketAnonymousAccessGranted","resource":{"resourceType":"S3Bucket",
				"s3BucketDetails":[{"name":"customer-data","type":"Destination"}]}`)),
		} {
			if c := d.only(target); !e.clean(t) || c.Status != casefile.Contained {
				t.Errorf("%s: %s (%s)", target, c.Status, c.Reason)
			}
		}
	})
}

// event is a finding about moto's account as EventBridge delivers it; detail is the rest of it.
func event(detail string) []byte {
	return fmt.Appendf(nil, `{"version":"0","id":"e","source":"aws.guardduty","detail-type":"GuardDuty Finding","account":%[1]q,"region":%[2]q,
		"detail":{"schemaVersion":"2.0","id":"f-%[4]x","accountId":%[1]q,"region":%[2]q,"severity":8,"service":{"count":1},%[3]s}}`,
		mototest.Account, region, detail, len(detail))
}
