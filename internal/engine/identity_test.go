package engine_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/config"
	"cordon/internal/engine"
	"cordon/internal/finding"
	"cordon/internal/notify"
)

// decoded is the one finding of a document.
func decoded(t *testing.T, raw string) finding.Finding {
	t.Helper()
	findings, err := finding.Decode(strings.NewReader(raw))
	if err != nil || len(findings) != 1 {
		t.Fatalf("%d findings, %v", len(findings), err)
	}
	return findings[0]
}

// about is a finding of a type on a resource given as JSON.
func about(t *testing.T, kind, resource string) finding.Finding {
	t.Helper()
	return decoded(t, fmt.Sprintf(`{"schemaVersion":"2.0","id":"f1","accountId":"111122223333","region":"us-east-1","partition":"aws",
		"arn":"arn:aws:guardduty:us-east-1:111122223333:detector/d4b040365221be2b54a6264dc0de0001/finding/f1",
		"type":%q,"severity":8,"service":{"count":1},"resource":%s}`, kind, resource))
}

func identity(t *testing.T, userType, name, principal, key string) finding.Finding {
	t.Helper()
	return about(t, "UnauthorizedAccess:IAMUser/MaliciousIPCaller", fmt.Sprintf(
		`{"resourceType":"AccessKey","accessKeyDetails":{"userType":%q,"userName":%q,"principalId":%q,"accessKeyId":%q}}`, userType, name, principal, key))
}

// TestIdentities: for each type of user a stated outcome; whatever is contained is verified and put back.
func TestIdentities(t *testing.T) {
	for _, tt := range []struct {
		name                           string
		userType, user, principal, key string
		want                           casefile.Status
		text                           string
	}{
		{"a role's session", "AssumedRole", "web-app-role", "AROA5EXAMPLE:i-1", "ASIAEXAMPLE", casefile.Contained, ""},
		{"a role", "Role", "web-app-role", "AROA5EXAMPLE", "", casefile.Contained, ""},
		{"a role that is gone", "AssumedRole", "nobody-role", "AROA5EXAMPLE:s", "ASIAEXAMPLE", casefile.Observed, "does not exist"},
		{"a protected role", "Role", "break-glass-admin", "AROA5EXAMPLE", "", casefile.Unsupported, "never"},
		{"a user", "IAMUser", "deploy-bot", "AIDAEXAMPLE", "AKIAIOSFODNN7EXAMPLE", casefile.Contained, ""},
		{"a user that is gone", "IAMUser", "nobody", "AIDAEXAMPLE", "AKIAIOSFODNN7EXAMPLE", casefile.Observed, "does not exist"},
		{"a federated user", "FederatedUser", "visitor", "111122223333:visitor", "ASIAEXAMPLE", casefile.Unsupported, ""},
		{"root", "Root", "Root", "111122223333", "", casefile.Unsupported, "ROOT"},
		{"an Identity Center user", "IdentityCenterUser", "ann", "u-1", "", casefile.Unsupported, "Identity Center"},
		{"anonymous", "AWSAccount", "ANONYMOUS_PRINCIPAL", "", "", casefile.Unsupported, "no identity here to revoke"},
		{"a service", "AWSService", "ec2.amazonaws.com", "", "", casefile.Unsupported, "AWS service"},
		{"a directory user", "Directory", "bob", "", "", casefile.Unsupported, "Directory"},
		{"unknown", "Unknown", "who", "", "", casefile.Unsupported, "Unknown"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, awssim.Options{}, quiet())
				r.conf.IAM.Protected = []string{"break-glass-*"}
				if err := r.account.Edit(region, func(ed *awssim.Editor) error { ed.Role("/", "break-glass-admin"); return nil }); err != nil {
					t.Fatal(err)
				}
				mail := &post{id: "notify.sns"}
				r.channels = []notify.Channel{mail}
				r.Engine = r.engine(r.vault)
				before := r.account.Dump(awssim.DumpOptions{})
				c := r.respond(t, identity(t, tt.userType, tt.user, tt.principal, tt.key))
				if c.Status != tt.want || !strings.Contains(c.Reason, tt.text) {
					t.Fatalf("%s: %s; want %s with %q", c.Status, c.Reason, tt.want, tt.text)
				}
				if len(mail.sent) != 1 || !strings.HasPrefix(mail.sent[0].Reason, c.Reason) {
					t.Fatalf("notices: %+v", mail.sent)
				}
				if critical := mail.sent[0].Level == notify.LevelCritical; critical != (tt.userType == "Root") {
					t.Errorf("level %s", mail.sent[0].Level)
				}
				if tt.want == casefile.Contained {
					if v, err := r.Verify(t.Context(), c.ID); err != nil || !v.Holds || len(v.Checked) == 0 {
						t.Errorf("verify: %+v, %v", v, err)
					}
				}
				if c, err := r.Release(t.Context(), c.ID, engine.ReleaseOptions{ReactivateKeys: true}); err != nil || c.Status != casefile.Released {
					t.Fatalf("release: %s %s, %v", c.Status, c.Reason, err)
				}
				restored(t, r, before)
			})
		})
	}
}

// TestKeyStaysInactive: release puts policies back, but a key only when it is asked to.
func TestKeyStaysInactive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, quiet())
		c := r.respond(t, identity(t, "IAMUser", "deploy-bot", "AIDAEXAMPLE", "AKIAIOSFODNN7EXAMPLE"))
		if got := keyStatus(t, r); got != iamtypes.StatusTypeInactive {
			t.Fatalf("contained, but the key is %s", got)
		}
		c, err := r.Release(t.Context(), c.ID, engine.ReleaseOptions{})
		if err != nil || c.Status != casefile.Released {
			t.Fatalf("release: %s %s, %v", c.Status, c.Reason, err)
		}
		if rec := r.record(t, c, "iam.disable-access-key"); keyStatus(t, r) != iamtypes.StatusTypeInactive || !strings.Contains(rec.Reason, "--reactivate-keys") {
			t.Errorf("the key is %s; the record says %q", keyStatus(t, r), rec.Reason)
		}
	})
}

func keyStatus(t *testing.T, r *rig) iamtypes.StatusType {
	t.Helper()
	user := "deploy-bot"
	out, err := r.clients().IAM.ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{UserName: &user})
	if err != nil || len(out.AccessKeyMetadata) == 0 {
		t.Fatalf("keys: %+v, %v", out, err)
	}
	for _, k := range out.AccessKeyMetadata {
		if *k.AccessKeyId == "AKIAIOSFODNN7EXAMPLE" {
			return k.Status
		}
	}
	t.Fatal("the key is gone")
	return ""
}

func TestBuckets(t *testing.T) {
	bucket := func(name, kind string) string {
		return fmt.Sprintf(`{"resourceType":"S3Bucket","s3BucketDetails":[{"name":%q,"arn":"arn:aws:s3:::%s","type":%q}]}`, name, name, kind)
	}
	for _, tt := range []struct {
		name, resource string
		want           casefile.Status
	}{
		{"public", bucket("cordon-demo-customer-data", "Destination"), casefile.Contained},
		{"not public now", bucket("cordon-evidence-111122223333", "Destination"), casefile.Observed},
		{"only a source", bucket("cordon-demo-customer-data", "Source"), casefile.Observed},
		{"gone", bucket("no-such-bucket-anywhere", "Destination"), casefile.Observed},
		{"a directory bucket", bucket("data--use1-az4--x-s3", "Destination"), casefile.Unsupported},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, awssim.Options{}, quiet())
				before := r.account.Dump(awssim.DumpOptions{})
				c := r.respond(t, about(t, "Exfiltration:S3/AnomalousBehavior", tt.resource))
				if c.Status != tt.want {
					t.Fatalf("%s: %s; want %s", c.Status, c.Reason, tt.want)
				}
				if public := r.account.Public("cordon-demo-customer-data"); public == (tt.want == casefile.Contained) {
					t.Errorf("public: %v", public)
				}
				if _, err := r.Release(t.Context(), c.ID, engine.ReleaseOptions{}); err != nil {
					t.Fatal(err)
				}
				restored(t, r, before)
			})
		})
	}
}

// TestReferenceEvents: the three events that the AWS sample ships, less their being samples and with names that this
// account has, are answered.
func TestReferenceEvents(t *testing.T) {
	files, err := filepath.Glob("../../../shared/findings/aws-samples*/*.json")
	if err != nil || len(files) == 0 {
		t.Skip("the reference's events are not here")
	}
	names := strings.NewReplacer("123456789012", "111122223333", "GeneratedFindingUserName", "deploy-bot",
		"GeneratedFindingAccessKeyId", "AKIAIOSFODNN7EXAMPLE", "bucketName", "cordon-demo-customer-data", "i-05746eb48123455e0", web,
		`"sample": true`, `"sample": false`)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				raw, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				var out bytes.Buffer
				if err := json.Compact(&out, []byte(names.Replace(string(raw)))); err != nil {
					t.Fatal(err)
				}
				f := decoded(t, out.String())
				f.Sample, f.Archived = false, false
				r := newRig(t, awssim.Options{}, quiet())
				r.conf.Policy.Builtin = config.ContainAll // as the reference does; standard asks a person first: they are medium
				r.Engine = r.engine(r.vault)
				for _, res := range r.Respond(t.Context(), []finding.Finding{f}) {
					if res.Err != nil || res.Case.Status != casefile.Contained {
						t.Errorf("%s: %s %s, %v", res.Case.Target, res.Case.Status, res.Case.Reason, res.Err)
					}
				}
			})
		})
	}
}
