package finding

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// asffDoc is the finding bare as Security Hub sends it.
const asffDoc = `{
  "SchemaVersion": "2018-10-08", "ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/guardduty", "ProductName": "GuardDuty",
  "Id": "arn:aws:guardduty:eu-west-1:111122223333:detector/d1/finding/c0de5eed000000000a1b2c3d4e5f0001",
  "GeneratorId": "arn:aws:guardduty:eu-west-1:111122223333:detector/d1",
  "AwsAccountId": "111122223333", "Region": "eu-west-1",
  "Types": ["TTPs", "TTPs/Command and Control/Backdoor:EC2-C&CActivity.B!DNS"],
  "FirstObservedAt": "2026-11-20T09:02:11.000Z", "LastObservedAt": "2026-11-20T09:41:37.000Z",
  "CreatedAt": "2026-11-20T09:08:52.412Z", "UpdatedAt": "2026-11-20T09:47:20.105Z",
  "Severity": {"Product": 8, "Label": "HIGH", "Normalized": 70}, "Title": "t", "Description": "d",
  "ProductFields": {
    "aws/guardduty/service/count": "3", "aws/guardduty/service/archived": "false", "aws/guardduty/service/resourceRole": "ACTOR",
    "aws/guardduty/service/action/networkConnectionAction/remoteIpDetails/ipAddressV4": "198.51.100.23"},
  "Resources": [{"Type": "AwsEc2Instance", "Id": "arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1b2c3d4e5f60001",
    "Partition": "aws", "Region": "eu-west-1", "Tags": {"Name": "web \"1\""}, "Details": {"AwsEc2Instance": {"Type": "m7i.large"}}}],
  "WorkflowState": "NEW", "Workflow": {"Status": "NEW"}, "RecordState": "ACTIVE"}`

func TestASFFShapes(t *testing.T) {
	for name, doc := range map[string]string{
		"alone":         asffDoc,
		"get-findings":  `{"Findings":[` + asffDoc + `]}`,
		"imported":      inEvent("Security Hub Findings - Imported", `{"findings":[`+asffDoc+`]}`),
		"custom action": inEvent("Security Hub Findings - Custom Action", `{"actionName":"x","findings":[`+asffDoc+`]}`),
		"in sqs":        `{"Records":[{"body":` + quote(inEvent("Security Hub Findings - Imported", `{"findings":[`+asffDoc+`]}`)) + `}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			f := decodeOne(t, doc)
			if f.Shape != ShapeASFF || string(f.Raw) != asffDoc {
				t.Errorf("shape %q, raw %s", f.Shape, f.Raw)
			}
			f.Shape, f.Raw = "", nil
			if w := want(); !reflect.DeepEqual(f, w) {
				t.Errorf("got  %+v\nwant %+v", f, w)
			}
		})
	}
}

func TestASFFSeveral(t *testing.T) {
	other := change(t, asffDoc, m{"ProductArn": "arn:aws:securityhub:eu-west-1::product/aws/inspector", "ProductName": "Inspector"})
	found, err := Decode(strings.NewReader(inEvent("Security Hub Findings - Imported", `{"findings":[`+asffDoc+","+other+`]}`)))
	if problems := Problems(err); len(found) != 1 || len(problems) != 1 || !strings.Contains(problems[0].Reason, `"Inspector"`) {
		t.Errorf("%d findings, error %v", len(found), err)
	}
}

func TestASFFProblems(t *testing.T) {
	for name, tt := range map[string]struct {
		members m
		reason  string
	}{
		"custom product of the name": {m{"ProductArn": "arn:aws:securityhub:eu-west-1:444455556666:product/444455556666/default"}, "GuardDuty"},
		"no type":                    {m{"Types": []string{"TTPs/Discovery"}}, "no type"},
		"no id":                      {m{"Id": nil}, "no id"},
		"bad account":                {m{"AwsAccountId": "0123456789101"}, "12 digits"},
		"bad instance":               {m{"Resources": []any{m{"Type": "AwsEc2Instance", "Id": "arn:aws:ec2:eu-west-1:1:instance/i-1"}}}, "no instance id"},
	} {
		t.Run(name, func(t *testing.T) {
			if p := decodeBad(t, change(t, asffDoc, tt.members)); !strings.Contains(p.Error(), tt.reason) {
				t.Errorf("error %q, want %q", p, tt.reason)
			}
		})
	}
}

func TestASFFResources(t *testing.T) {
	key := m{"Type": "AwsIamAccessKey", "Id": "AWS::IAM::AccessKey:ASIAX", "Details": m{"AwsIamAccessKey": m{
		"PrincipalType": "AssumedRole", "PrincipalName": "r", "PrincipalId": "AROAX:i-0a1b2c3d4e5f60001",
	}}}
	bucket := m{"Type": "AwsS3Bucket", "Id": "arn:aws:s3:::b-1"}
	host := m{"Type": "AwsEc2Instance", "Id": "arn:aws:ec2:eu-west-1:111122223333:instance/i-0a1b2c3d4e5f60001"}
	cluster := m{"Type": "AwsEksCluster", "Id": "arn:aws:eks:eu-west-1:111122223333:cluster/demo"}
	tests := []struct {
		name, typ    string
		resources    []any
		targets      string
		resourceType string
	}{
		{"a bucket and its caller", "TTPs/Discovery:S3-TorIPCaller", []any{key, bucket}, "s3.bucket/b-1", "S3Bucket"},
		{"a caller", "TTPs/Recon:IAMUser-TorIPCaller", []any{key}, "iam.role/r", "AccessKey"},
		{"a caller and its user", "TTPs/Recon:IAMUser-TorIPCaller", []any{key, m{"Type": "AwsIamRole", "Id": "arn:aws:iam::111122223333:role/r"}}, "iam.role/r", "AccessKey"},
		{"a user", "TTPs/Recon:IAMUser-TorIPCaller", []any{m{"Type": "AwsIamUser", "Id": "arn:aws:iam::111122223333:user/path/u"}}, "iam.user/u", "AccessKey"},
		{"exfiltration", "TTPs/UnauthorizedAccess:IAMUser-InstanceCredentialExfiltration.OutsideAWS", []any{key}, "iam.role/r ec2.instance/i-0a1b2c3d4e5f60001", "AccessKey"},
		{"a cluster and its node", "TTPs/Execution:Runtime-ReverseShell", []any{cluster, host}, "eks.cluster/demo", "EKSCluster"},
		{"a type never seen", "TTPs/Novel:Thing-Happened", []any{host}, "ec2.instance/i-0a1b2c3d4e5f60001", "Instance"},
		{"a sequence", "TTPs/AttackSequence:S3-CompromisedData", []any{key, bucket, host}, "iam.role/r s3.bucket/b-1 ec2.instance/i-0a1b2c3d4e5f60001", "AttackSequence"},
		{"none of the type", "TTPs/Discovery:S3-TorIPCaller", []any{host}, "", ""},
		{"unknown", "TTPs/Novel:Thing-Happened", []any{m{"Type": "Other", "Id": "x"}}, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := decodeOne(t, change(t, asffDoc, m{"Types": []string{tt.typ}, "Resources": tt.resources}))
			var got []string
			for _, target := range f.Targets {
				got = append(got, string(target.Kind)+"/"+target.ID)
			}
			if s := strings.Join(got, " "); s != tt.targets || f.ResourceType != tt.resourceType {
				t.Errorf("targets %q, resource type %q; want %q, %q", s, f.ResourceType, tt.targets, tt.resourceType)
			}
			if (len(f.Targets) == 0) != (len(f.Notes) > 0) {
				t.Errorf("notes %q", f.Notes)
			}
		})
	}
}

func TestASFFFields(t *testing.T) {
	const fields = "aws/guardduty/service/"
	tests := []struct {
		name    string
		members m
		check   func(Finding) bool
	}{
		{"sample", m{"Sample": true}, func(f Finding) bool { return f.Sample }},
		{"sample in the fields", m{"ProductFields": m{fields + "additionalInfo/sample": "true"}}, func(f Finding) bool { return f.Sample }},
		{"sample in the value", m{"ProductFields": m{fields + "additionalInfo/value": `{"sample":true}`}}, func(f Finding) bool { return f.Sample }},
		{"no sample", m{"Sample": false}, func(f Finding) bool { return !f.Sample }},
		{"normalised severity", m{"Severity": m{"Normalized": 50}}, func(f Finding) bool { return f.Severity == 5 }},
		{"provider's severity", m{"Severity": nil, "FindingProviderFields": m{"Severity": m{"Product": 2}}}, func(f Finding) bool { return f.Severity == 2 }},
		{"provider's types", m{"Types": nil, "FindingProviderFields": m{"Types": []string{"TTPs/Recon:EC2-Portscan"}}}, func(f Finding) bool { return f.Type == "Recon:EC2/Portscan" }},
		{"archived", m{"RecordState": "ARCHIVED"}, func(f Finding) bool { return f.Archived }},
		{"detector in the fields", m{"ProductFields": m{fields + "detectorId": "d2"}}, func(f Finding) bool { return f.DetectorID == "d2" }},
		{"first seen in the fields", m{"ProductFields": m{fields + "eventFirstSeen": "2026-11-19T00:00:00Z"}}, func(f Finding) bool {
			return f.FirstSeen.Equal(time.Date(2026, 11, 19, 0, 0, 0, 0, time.UTC))
		}},
		{"region of the ARN", m{"Region": nil}, func(f Finding) bool { return f.Region == "eu-west-1" }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if f := decodeOne(t, change(t, asffDoc, tt.members)); !tt.check(f) {
				t.Errorf("got %+v", f)
			}
		})
	}
}
