package finding

import (
	"reflect"
	"strings"
	"testing"
)

type m = map[string]any

func key(userType, userName, principal string) m {
	return m{"resourceType": "AccessKey", "accessKeyDetails": m{
		"userType": userType, "userName": userName, "principalId": principal, "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
	}}
}

func TestTargets(t *testing.T) {
	const exfil = "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS"
	instance := m{"instanceId": "i-0a1b2c3d4e5f60001"}
	bucket := m{"name": "b-1", "arn": "arn:aws:s3:::b-1", "type": "Destination"}
	tests := []struct {
		name     string
		typ      string
		resource any
		kind     Kind
		targets  string // "kind/id …"
		note     string // part of a note there must be; without one there must be none
	}{
		{"instance", "Recon:EC2/Portscan", m{"resourceType": "Instance", "instanceDetails": instance}, KindInstance, "ec2.instance/i-0a1b2c3d4e5f60001", ""},
		{"instance of 8 digits", "Recon:EC2/Portscan", m{"resourceType": "Instance", "instanceDetails": m{"instanceId": "i-0a1b2c3d"}}, KindInstance, "ec2.instance/i-0a1b2c3d", ""},
		{"root", "Policy:IAMUser/RootCredentialUsage", key("Root", "Root", "111122223333"), KindRoot, "iam.root/root", ""},
		{"user", "Recon:IAMUser/TorIPCaller", key("IAMUser", "deploy-bot", "AIDAX"), KindUser, "iam.user/deploy-bot", ""},
		{"assumed role", "Recon:IAMUser/TorIPCaller", key("AssumedRole", "web-app-role", "AROAX:s"), KindRole, "iam.role/web-app-role", ""},
		{"role", "Recon:IAMUser/TorIPCaller", key("Role", "web-app-role", "AROAX"), KindRole, "iam.role/web-app-role", ""},
		{"identity center role", "Recon:IAMUser/TorIPCaller", key("AssumedRole", "AWSReservedSSO_Admin_0123456789abcdef", "AROAX:me"), KindRole, "iam.role/AWSReservedSSO_Admin_0123456789abcdef", ""},
		{"federated user", "Recon:IAMUser/TorIPCaller", key("FederatedUser", "bob", "111122223333:bob"), KindFederatedUser, "iam.federated-user/bob", ""},
		{"identity center user", "Recon:IAMUser/TorIPCaller", key("IdentityCenterUser", "bob@example.com", "u-1"), KindIdentityCenterUser, "iam.identity-center-user/bob@example.com", ""},
		{"aws account", "Recon:IAMUser/TorIPCaller", key("AWSAccount", "ANONYMOUS_PRINCIPAL", ""), KindPrincipal, "iam.principal/ANONYMOUS_PRINCIPAL", ""},
		{"aws service", "Recon:IAMUser/TorIPCaller", key("AWSService", "", "ec2.amazonaws.com"), KindPrincipal, "iam.principal/ec2.amazonaws.com", ""},
		{"directory", "Recon:IAMUser/TorIPCaller", key("Directory", "", ""), KindPrincipal, "iam.principal/Directory", ""},
		{"unknown", "Recon:IAMUser/TorIPCaller", key("Unknown", "x", "AIDAX"), KindPrincipal, "iam.principal/x", ""},
		{"new user type", "Recon:IAMUser/TorIPCaller", key("Robot", "x", "AIDAX"), KindPrincipal, "iam.principal/x", `"Robot"`},
		{"no user type", "Recon:IAMUser/TorIPCaller", key("", "x", "AIDAX"), KindUser, "iam.user/x", "userType"},
		{"user name of a path", "Recon:IAMUser/TorIPCaller", key("IAMUser", "../x", "AIDAX"), KindUser, "", `"../x"`},
		{"role without a name", "Recon:IAMUser/TorIPCaller", key("AssumedRole", "", "AROAX:s"), KindRole, "", "no id"},
		{"no identity", "Recon:IAMUser/TorIPCaller", m{"resourceType": "AccessKey", "instanceDetails": instance}, KindPrincipal, "", "no identity"},
		{"exfiltration, by details", exfil, m{"resourceType": "AccessKey", "accessKeyDetails": key("AssumedRole", "r", "AROAX:s")["accessKeyDetails"], "instanceDetails": instance}, KindRole, "iam.role/r ec2.instance/i-0a1b2c3d4e5f60001", ""},
		{"exfiltration, by session", exfil, key("AssumedRole", "r", "AROAX:i-0a1b2c3d4e5f60002"), KindRole, "iam.role/r ec2.instance/i-0a1b2c3d4e5f60002", ""},
		{"exfiltration, no instance", exfil, key("AssumedRole", "r", "AROAX:me"), KindRole, "iam.role/r", ""},
		{"other type, same session", "Recon:IAMUser/TorIPCaller", key("AssumedRole", "r", "AROAX:i-0a1b2c3d4e5f60002"), KindRole, "iam.role/r", ""},
		{"buckets", "Discovery:S3/TorIPCaller", m{"resourceType": "S3Bucket", "s3BucketDetails": []any{bucket, m{"arn": "arn:aws:s3:::b-2"}}, "accessKeyDetails": m{"userName": "u"}}, KindBucket, "s3.bucket/b-1 s3.bucket/b-2", ""},
		{"one bucket twice", "Discovery:S3/TorIPCaller", m{"resourceType": "S3Bucket", "s3BucketDetails": []any{bucket, bucket}}, KindBucket, "s3.bucket/b-1", ""},
		{"bucket as an object", "Discovery:S3/TorIPCaller", m{"resourceType": "S3Bucket", "s3BucketDetails": bucket}, KindBucket, "s3.bucket/b-1", ""},
		{"bucket of dots", "Discovery:S3/TorIPCaller", m{"resourceType": "S3Bucket", "s3BucketDetails": []any{m{"name": "..."}}}, KindBucket, "", `"..."`},
		{"no bucket", "Policy:S3/AccountBlockPublicAccessDisabled", m{"resourceType": "S3Bucket"}, KindBucket, "", "no bucket"},
		{"object", "Object:S3/MaliciousFile", m{"resourceType": "S3Object", "s3BucketDetails": []any{m{"name": "b-1", "s3ObjectDetails": []any{m{"key": "a/b c"}, m{"objectArn": "arn:aws:s3:::b-1/d"}}}}}, KindObject, "s3.object/b-1/a/b c s3.object/b-1/d", ""},
		{"eks", "Discovery:Kubernetes/TorIPCaller", m{"resourceType": "EKSCluster", "eksClusterDetails": m{"name": "demo"}, "instanceDetails": instance}, KindEKSCluster, "eks.cluster/demo", ""},
		{"ecs by arn", "Execution:ECS/MaliciousFile", m{"resourceType": "ECSCluster", "ecsClusterDetails": m{"arn": "arn:aws:ecs:eu-west-1:111122223333:cluster/demo"}}, KindECSCluster, "ecs.cluster/demo", ""},
		{"container on a host", "Execution:Container/MaliciousFile", m{"resourceType": "Container", "containerDetails": m{"id": "4d1f0c0de5ee"}, "instanceDetails": instance}, KindContainer, "container/4d1f0c0de5ee", ""},
		{"lambda", "Backdoor:Lambda/C&CActivity.B", m{"resourceType": "Lambda", "lambdaDetails": m{"functionArn": "arn:aws:lambda:eu-west-1:111122223333:function:demo"}}, KindFunction, "lambda.function/demo", ""},
		{"rds", "Discovery:RDS/TorIPCaller", m{"resourceType": "RDSDBInstance", "rdsDbInstanceDetails": m{"DBInstanceIdentifier": "db-1"}}, KindDBInstance, "rds.db-instance/db-1", ""},
		{"limitless", "Discovery:RDS/TorIPCaller", m{"resourceType": "RDSLimitlessDB", "rdsLimitlessDbDetails": m{"dbShardGroupIdentifier": "sg-1"}}, KindLimitlessDB, "rds.limitless-db/sg-1", ""},
		{"snapshot", "Execution:EC2/MaliciousFile!Snapshot", m{"resourceType": "EBSSnapshot", "ebsSnapshotDetails": m{"snapshotArn": "arn:aws:ec2:eu-west-1::snapshot/snap-0a1b2c3d4e5f60001"}}, KindSnapshot, "ebs.snapshot/snap-0a1b2c3d4e5f60001", ""},
		{"image", "Execution:EC2/MaliciousFile!AMI", m{"resourceType": "EC2Image", "ec2ImageDetails": m{"imageArn": "arn:aws:ec2:eu-west-1::image/ami-0a1b2c3d4e5f60001"}}, KindImage, "ec2.image/ami-0a1b2c3d4e5f60001", ""},
		{"recovery point", "Execution:EC2/MaliciousFile!RecoveryPoint", m{"resourceType": "EBSRecoveryPoint", "recoveryPointDetails": m{"recoveryPointArn": "arn:aws:backup:eu-west-1:111122223333:recovery-point:1", "backupVaultName": "v"}}, KindRecoveryPoint, "backup.recovery-point/arn:aws:backup:eu-west-1:111122223333:recovery-point:1", ""},
		{"resource type missing", "Recon:EC2/Portscan", m{"instanceDetails": instance}, KindInstance, "ec2.instance/i-0a1b2c3d4e5f60001", ""},
		{"resource type missing, runtime", "Execution:Runtime/ReverseShell", m{"ecsClusterDetails": m{"name": "demo"}}, KindECSCluster, "ecs.cluster/demo", ""},
		{"new resource type", "Backdoor:EC2/New", m{"resourceType": "QuantumComputer", "instanceDetails": instance}, KindNone, "", `"QuantumComputer"`},
		{"new type, known resource", "Novel:Thing/Happened", m{"resourceType": "Instance", "instanceDetails": instance}, KindInstance, "ec2.instance/i-0a1b2c3d4e5f60001", ""},
		{"all unknown", "Novel:Thing/Happened", m{}, KindNone, "", ""},
		{"no resource", "Recon:EC2/Portscan", nil, KindInstance, "", "no resource"},
		{"custom detection rule", "Exfiltration:EC2/TransferDataToCloudAccount", m{"instanceDetails": instance}, KindNone, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := decodeOne(t, change(t, bare, m{"type": tt.typ, "resource": tt.resource}))
			var got []string
			for _, target := range f.Targets {
				got = append(got, string(target.Kind)+"/"+target.ID)
				region := "eu-west-1"
				if target.Kind.Global() {
					region = "aws-global"
				}
				if target.Account != "111122223333" || target.Region != region {
					t.Errorf("target %v is of another place", target)
				}
			}
			if s := strings.Join(got, " "); s != tt.targets {
				t.Errorf("targets %q, want %q", s, tt.targets)
			}
			if f.Kind != tt.kind {
				t.Errorf("kind %q, want %q", f.Kind, tt.kind)
			}
			if notes := strings.Join(f.Notes, "; "); !strings.Contains(notes, tt.note) || (tt.note == "") != (notes == "") {
				t.Errorf("notes %q, want %q", notes, tt.note)
			}
		})
	}
}

func TestGlobalTargetsAgree(t *testing.T) {
	for partition, regions := range map[string][]string{
		"aws-global":        {"us-east-1", "eu-west-1"},
		"aws-cn-global":     {"cn-north-1", "cn-northwest-1"},
		"aws-us-gov-global": {"us-gov-west-1", "us-gov-east-1"},
		"aws-iso-b-global":  {"us-isob-east-1"},
	} {
		for _, region := range regions {
			f := decodeOne(t, change(t, bare, m{"region": region, "resource": key("IAMUser", "u", "AIDAX"), "type": "Recon:IAMUser/TorIPCaller"}))
			if want := (Target{"111122223333", partition, KindUser, "u"}); len(f.Targets) != 1 || f.Targets[0] != want {
				t.Errorf("%s: targets %v, want %v", region, f.Targets, want)
			}
		}
	}
}

func TestBucketsKeepTheirTagsApart(t *testing.T) {
	tag := func(k, v string) m { return m{"key": k, "value": v} }
	f := decodeOne(t, change(t, bare, m{"type": "Discovery:S3/TorIPCaller", "resource": m{
		"resourceType":     "S3Bucket",
		"accessKeyDetails": m{"userType": "IAMUser", "userName": "u"},
		"s3BucketDetails": []any{
			m{"name": "b-1", "owner": m{"id": "o"}, "type": "Source", "tags": []any{tag("exempt", "true"), tag("team", "shop")}},
			m{"name": "b-2", "tags": []any{tag("team", "shop"), tag("exempt", "false")}},
		},
	}}))
	if want := map[string]string{"team": "shop"}; !reflect.DeepEqual(f.Tags, want) {
		t.Errorf("Tags = %v, want %v", f.Tags, want)
	}
	if want := []Bucket{{Name: "b-1", Owner: "o", Type: "Source"}, {Name: "b-2"}}; !reflect.DeepEqual(f.Buckets, want) {
		t.Errorf("Buckets = %v, want %v", f.Buckets, want)
	}
	if f.Identity == nil || f.Identity.UserName != "u" {
		t.Errorf("Identity = %v, want the caller u", f.Identity)
	}
}

func TestTargetString(t *testing.T) {
	for id, want := range map[string]string{
		"i-0a1b2c3d":     "111122223333/eu-west-1/ec2.instance/i-0a1b2c3d",
		"b/\x1b[31m\n":   `111122223333/eu-west-1/ec2.instance/"b/\x1b[31m\n"`,
		`b/\x1b[31m\n`:   `111122223333/eu-west-1/ec2.instance/"b/\\x1b[31m\\n"`,
		"b/\u202e\ufffd": `111122223333/eu-west-1/ec2.instance/"b/\u202e` + "\ufffd" + `"`,
		"b/ключ":         "111122223333/eu-west-1/ec2.instance/b/ключ",
	} {
		if got := (Target{"111122223333", "eu-west-1", KindInstance, id}).String(); got != want {
			t.Errorf("String of %q = %s, want %s", id, got, want)
		}
	}
}
