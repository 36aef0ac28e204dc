package finding

import (
	"strings"
	"testing"
	"time"
)

func TestSamples(t *testing.T) {
	user := func(name, principal, accessKey string) m {
		return m{"resourceType": "AccessKey", "accessKeyDetails": m{
			"userType": "IAMUser", "userName": name, "principalId": principal, "accessKeyId": accessKey,
		}}
	}
	bucket := func(name string) m {
		return m{"resourceType": "S3Bucket", "s3BucketDetails": []any{m{"name": name}}}
	}
	const iam, s3 = "Recon:IAMUser/TorIPCaller", "Discovery:S3/TorIPCaller"
	tests := []struct {
		name    string
		members m
		reason  string // part of it; "" for a finding that is no sample
	}{
		{"real", m{}, ""},
		{"flag", m{"service.additionalInfo.sample": true}, "additionalInfo.sample"},
		{"flag as a string", m{"service.additionalInfo.sample": "true"}, "additionalInfo.sample"},
		{"flag false", m{"service.additionalInfo.sample": "false"}, ""},
		{"in the value", m{"service.additionalInfo.value": `{"a":{"b":1},"sample":true}`}, "additionalInfo.value"},
		{"in the value as a string", m{"service.additionalInfo.value": `{"sample":"true"}`}, "additionalInfo.value"},
		{"deeper in the value", m{"service.additionalInfo.value": `{"userAgent":{"sample":true}}`}, ""},
		{"value is no JSON", m{"service.additionalInfo.value": `{"sample":true`}, ""},
		{"value is deep", m{"service.additionalInfo.value": strings.Repeat(`{"sample":`, 1000)}, ""},
		{"value is an object", m{"service.additionalInfo.value": m{"sample": true}}, "additionalInfo.value"},
		{"title", m{"title": "[SAMPLE] x"}, "title"},
		{"title mentions it", m{"title": "x [SAMPLE]"}, ""},
		{"instance", m{"resource.instanceDetails.instanceId": "i-99999999"}, "makes up"},
		{"generated tag", m{"resource.instanceDetails.tags": []any{m{"key": "GeneratedFindingInstaceTag1", "value": "v"}}}, ""},
		{"another block's instance", m{"type": iam, "resource": m{
			"resourceType": "AccessKey", "instanceDetails": m{"instanceId": "i-99999999"},
			"accessKeyDetails": m{"userType": "IAMUser", "userName": "u", "principalId": "AIDAX"},
		}}, ""},
		{"user", m{"type": iam, "resource": user("GeneratedFindingUserName", "GeneratedFindingPrincipalId", "GeneratedFindingAccessKeyId")}, "makes up"},
		{"user without ids", m{"type": iam, "resource": user("GeneratedFindingUserName", "", "")}, "makes up"},
		{"real user of such a name", m{"type": iam, "resource": user("GeneratedFindingUserName", "AIDAX", "AKIAX")}, ""},
		{"bucket", m{"type": s3, "resource": bucket("GeneratedFindingS3Bucket")}, "makes up"},
		{"real bucket of such a name", m{"type": s3, "resource": bucket("generatedfindings3bucket")}, ""},
		{"database", m{"type": "Discovery:RDS/TorIPCaller", "resource": m{
			"resourceType": "RDSDBInstance", "rdsDbInstanceDetails": m{"dbInstanceIdentifier": "generatedfindingdbinstanceid"},
		}}, "makes up"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := decodeOne(t, change(t, bare, tt.members))
			if f.Sample != (tt.reason != "") || !strings.Contains(f.SampleReason, tt.reason) || (f.SampleReason != "") != f.Sample {
				t.Errorf("Sample = %v, reason %q; want %q", f.Sample, f.SampleReason, tt.reason)
			}
		})
	}
}

func TestNumbersAndTimes(t *testing.T) {
	day := time.Date(2026, 11, 20, 9, 47, 20, 0, time.UTC)
	tests := []struct {
		name    string
		members m
		check   func(Finding) bool
		note    string
	}{
		{"count missing", m{"service.count": nil}, func(f Finding) bool { return f.Count == 1 }, ""},
		{"count nought", m{"service.count": 0}, func(f Finding) bool { return f.Count == 1 }, "count"},
		{"count of text", m{"service.count": "many"}, func(f Finding) bool { return f.Count == 1 }, `"many"`},
		{"count past all", m{"service.count": 1e300}, func(f Finding) bool { return f.Count == 1 }, "count"},
		{"severity with a fraction", m{"severity": 8.7}, func(f Finding) bool { return f.Severity == 8.7 }, ""},
		{"severity as a string", m{"severity": "5"}, func(f Finding) bool { return f.Severity == 5 }, ""},
		{"severity NaN", m{"severity": "NaN"}, func(f Finding) bool { return f.Severity == 0 }, `"NaN"`},
		{"severity too high", m{"severity": 80}, func(f Finding) bool { return f.Severity == 10 }, "severity"},
		{"severity negative", m{"severity": -1}, func(f Finding) bool { return f.Severity == 0 }, "severity"},
		{"severity missing", m{"severity": nil}, func(f Finding) bool { return f.Severity == 0 }, "severity"},
		{"archived", m{"service.archived": true}, func(f Finding) bool { return f.Archived }, ""},
		{"archived as a string", m{"service.archived": "True"}, func(f Finding) bool { return f.Archived }, ""},
		{"time in boto3's spelling", m{"updatedAt": "2026-11-20 15:17:20+05:30"}, func(f Finding) bool { return f.UpdatedAt.Equal(day) }, ""},
		{"time of a log pipeline", m{"updatedAt": "2026-11-20 09:47:20.000000000"}, func(f Finding) bool { return f.UpdatedAt.Equal(day) }, ""},
		{"epoch", m{"updatedAt": 1795168040.0}, func(f Finding) bool { return f.UpdatedAt.Equal(day) }, ""},
		{"time missing", m{"updatedAt": nil}, func(f Finding) bool { return f.UpdatedAt.IsZero() }, ""},
		{"time of text", m{"updatedAt": "yesterday"}, func(f Finding) bool { return f.UpdatedAt.IsZero() }, `"yesterday"`},
		{"time past the calendar", m{"updatedAt": 1e18}, func(f Finding) bool { return f.UpdatedAt.IsZero() }, "updatedAt"},
		{"type malformed", m{"type": "Recon:EC2 PortProbeUnprotectedPort"}, func(f Finding) bool { return f.Kind == KindInstance }, "Purpose:Resource/Threat"},
		{"partition of another Region", m{"partition": "aws-cn"}, func(f Finding) bool { return f.Partition == "aws" }, "aws-cn"},
		{"ARN of another Region", m{"region": "us-east-1"}, func(f Finding) bool { return f.Region == "us-east-1" }, "eu-west-1"},
		{"remote IPv6", m{"service.action": m{"networkConnectionAction": m{"remoteIpDetails": m{"ipAddressV6": "2001:DB8::1"}}}}, func(f Finding) bool { return strings.Join(f.RemoteIPs, " ") == "2001:db8::1" }, ""},
		{"remote of text", m{"service.action": m{"networkConnectionAction": m{"remoteIpDetails": m{"ipAddressV4": "0.0.0.0/0"}}}}, func(f Finding) bool { return len(f.RemoteIPs) == 0 }, `"0.0.0.0/0"`},
		{"remote not known", m{"service.action": m{"networkConnectionAction": m{"remoteIpDetails": m{"ipAddressV4": "0.0.0.0"}}}}, func(f Finding) bool { return len(f.RemoteIPs) == 0 }, ""},
		{"service of another type", m{"service": "guardduty"}, func(f Finding) bool { return f.Count == 1 && f.DetectorID == "" }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := decodeOne(t, change(t, bare, tt.members))
			if !tt.check(f) {
				t.Errorf("got %+v", f)
			}
			if notes := strings.Join(f.Notes, "; "); !strings.Contains(notes, tt.note) || (tt.note == "") != (notes == "") {
				t.Errorf("notes %q, want %q", notes, tt.note)
			}
		})
	}
}

func TestKeys(t *testing.T) {
	// The exact spelling wins over another case, wherever it stands; escapes are spellings too.
	doc := strings.Replace(bare, `"accountId": "111122223333"`,
		`"AccountId": "444455556666", "\u0061ccountId": "111122223333", "ACCOUNTID": "777788889999"`, 1)
	if f := decodeOne(t, doc); f.Account != "111122223333" {
		t.Errorf("Account = %q, want that of the exact key", f.Account)
	}
	if f := decodeOne(t, strings.Replace(bare, `"severity": 8`, `"severity": 2, "severity": 8`, 1)); f.Severity != 8 {
		t.Errorf("Severity = %v, want the last of two", f.Severity)
	}
}

func TestSequence(t *testing.T) {
	resource := func(kind, uid, name string, data m) m {
		return m{"resourceType": kind, "uid": uid, "name": name, "accountId": "111122223333", "region": "eu-west-1", "data": data}
	}
	actor := func(account, name string) m {
		return m{"user": m{"name": name, "type": "IAMUser", "uid": "AIDAX", "account": m{"uid": account}}}
	}
	f := decodeOne(t, change(t, bare, m{
		"type":     "AttackSequence:EC2/CompromisedInstanceGroup",
		"resource": m{"resourceType": "AttackSequence"},
		"service.detection.sequence": m{
			"uid": "s1",
			"resources": []any{
				resource("EC2_INSTANCE", "arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1b2c3d4e5f60001", "web-1", nil),
				resource("EC2_INSTANCE", "", "i-0a1b2c3d4e5f60002", nil),
				resource("EC2_INSTANCE", "nonsense", "", nil),
				resource("EC2_NETWORK_INTERFACE", "eni-0a1b2c3d4e5f60001", "", nil),
				resource("ACCESS_KEY", "ASIAX", "", m{"accessKey": m{"userType": "AssumedRole", "userName": "r", "principalId": "AROAX:s"}}),
				resource("S3_BUCKET", "arn:aws:s3:::b-1", "", m{"s3Bucket": m{"ownerId": "o"}}),
				resource("EKS_CLUSTER", "arn:aws:eks:eu-west-1:111122223333:cluster/demo", "", nil),
				"not an object",
			},
			"actors":    []any{actor("111122223333", "deploy-bot"), actor("444455556666", "stranger"), m{"process": m{}}},
			"endpoints": []any{m{"ip": "198.51.100.99"}, m{"domain": "x.example"}},
		},
	}))
	want := []string{
		"111122223333/eu-west-1/ec2.instance/i-0a1b2c3d4e5f60001",
		"111122223333/eu-west-1/ec2.instance/i-0a1b2c3d4e5f60002",
		"111122223333/aws-global/iam.role/r",
		"111122223333/eu-west-1/s3.bucket/b-1",
		"111122223333/eu-west-1/eks.cluster/demo",
		"111122223333/aws-global/iam.user/deploy-bot",
	}
	if got := targets(f); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("targets\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if f.Kind != KindAttackSequence || f.Sample {
		t.Errorf("kind %q, sample %v", f.Kind, f.Sample)
	}
	if notes := strings.Join(f.Notes, "; "); !strings.Contains(notes, "nonsense") || !strings.Contains(notes, "444455556666") {
		t.Errorf("notes %q", notes)
	}
	if got := strings.Join(f.RemoteIPs, " "); got != "198.51.100.23 198.51.100.99" {
		t.Errorf("remote addresses %q", got)
	}
}

func TestTargetsAreLimited(t *testing.T) {
	details := make([]any, maxTargets+10)
	for i := range details {
		details[i] = m{"name": "b-" + strings.Repeat("x", i%200) + "-" + string(rune('a'+i/200))}
	}
	f := decodeOne(t, change(t, bare, m{"type": "Discovery:S3/TorIPCaller", "resource": m{"resourceType": "S3Bucket", "s3BucketDetails": details}}))
	if len(f.Targets) != maxTargets || len(f.Notes) == 0 || len(f.Notes) > maxNotes {
		t.Errorf("%d targets, %d notes", len(f.Targets), len(f.Notes))
	}
}

func targets(f Finding) []string {
	var all []string
	for _, t := range f.Targets {
		all = append(all, t.String())
	}
	return all
}
