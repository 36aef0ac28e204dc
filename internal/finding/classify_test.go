package finding

import (
	"os"
	"strings"
	"testing"
)

func TestClassify(t *testing.T) {
	for typ, want := range map[string]Kind{
		"CryptoCurrency:EC2/BitcoinTool.B!DNS":                            KindInstance,
		"Backdoor:EC2/C&CActivity.B":                                      KindInstance,
		"Execution:EC2/MaliciousFile":                                     KindInstance,
		"Execution:EC2/MaliciousFile!Snapshot":                            KindSnapshot,
		"Execution:EC2/MaliciousFile!AMI":                                 KindImage,
		"Execution:EC2/MaliciousFile!RecoveryPoint":                       KindRecoveryPoint,
		"Execution:S3/MaliciousFile!RecoveryPoint":                        KindRecoveryPoint,
		"Object:S3/MaliciousFile":                                         KindObject,
		"Policy:S3/BucketAnonymousAccessGranted":                          KindBucket,
		"Recon:IAMUser/TorIPCaller":                                       KindUser,
		"Policy:IAMUser/RootCredentialUsage":                              KindRoot,
		"Policy:IAMUser/ShortTermRootCredentialUsage":                     KindRoot,
		"UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.Other": KindRole,
		"Execution:Runtime/ReverseShell":                                  KindInstance,
		"Discovery:Kubernetes/TorIPCaller":                                KindEKSCluster,
		"Execution:ECS/MaliciousFile":                                     KindECSCluster,
		"Execution:Container/MaliciousFile":                               KindContainer,
		"Backdoor:Lambda/C&CActivity.B":                                   KindFunction,
		"Discovery:RDS/TorIPCaller":                                       KindDBInstance,
		"AttackSequence:EKS/CompromisedCluster":                           KindAttackSequence,
		"DefenseImpairment:EC2/DisableOrModifyTools":                      KindNone,
		"Persistence:IAM/AccountManipulation":                             KindNone,
		"NeverSeen:EC2/AtAll":                                             KindInstance,
		"NeverSeen:Anything/AtAll":                                        KindNone,
		"Recon:EC2 PortProbeUnprotectedPort":                              KindNone,
		"":                                                                KindNone,
	} {
		if got := Classify(typ); got != want {
			t.Errorf("Classify(%q) = %q, want %q", typ, got, want)
		}
	}
	if Known("NeverSeen:Anything/AtAll") || !Known("DefenseImpairment:EC2/DisableOrModifyTools") {
		t.Error("Known does not tell a new family from one without a kind")
	}
	if kinds := KindsOf("Execution:Runtime/ReverseShell"); len(kinds) != 4 {
		t.Errorf("KindsOf a runtime finding = %v, want four", kinds)
	}
}

// Every type on the list is classified as the resource that the list states for it.
func TestClassifyEveryType(t *testing.T) {
	data, err := os.ReadFile(shared(t, "finding-types.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	resources := map[string]Kind{
		"(not stated; service named in type)":           KindNone,
		"AWS Backup recovery point":                     KindRecoveryPoint,
		"AttackSequence (multiple resources)":           KindAttackSequence,
		"Container":                                     KindContainer,
		"EBS snapshot":                                  KindSnapshot,
		"EC2 (resourceType Instance)":                   KindInstance,
		"EC2 AMI":                                       KindImage,
		"ECS (resourceType ECSCluster)":                 KindECSCluster,
		"EKS (resourceType EKSCluster)":                 KindEKSCluster,
		"IAM (resourceType AccessKey)":                  KindUser,
		"Instance, EKSCluster, ECSCluster or Container": KindInstance,
		"Lambda": KindFunction,
		"RDS (resourceType RDSDBInstance or RDSLimitlessDB)": KindDBInstance,
		"S3 (resourceType S3Bucket)":                         KindBucket,
		"S3Object":                                           KindObject,
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")[1:]
	if len(lines) < 231 {
		t.Fatalf("%d types, want 231 at least", len(lines))
	}
	for _, line := range lines {
		fields := strings.Split(line, "\t")
		want, ok := resources[fields[1]]
		if !ok {
			t.Errorf("%s: resource %q is not known to the test", fields[0], fields[1])
			continue
		}
		got := Classify(fields[0])
		if want == KindUser && got.Global() {
			continue
		}
		if got != want || !Known(fields[0]) {
			t.Errorf("Classify(%q) = %q, known %v; want %q", fields[0], got, Known(fields[0]), want)
		}
	}
}
