package finding

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The findings in examples/findings are about the resources of the sandbox; the documentation and
// the demo lean on them.
func TestExamples(t *testing.T) {
	const dir = "../../examples/findings"
	const (
		web1   = "111122223333/us-east-1/ec2.instance/i-0a1b2c3d4e5f60001"
		batch1 = "111122223333/us-east-1/ec2.instance/i-0a1b2c3d4e5f60002"
		db1    = "111122223333/us-east-1/ec2.instance/i-0a1b2c3d4e5f60003"
		role   = "111122223333/aws-global/iam.role/web-app-role"
		user   = "111122223333/aws-global/iam.user/deploy-bot"
		bucket = "111122223333/us-east-1/s3.bucket/cordon-demo-customer-data"
	)
	tests := []struct {
		file, typ string
		severity  float64
		count     int
		kind      Kind
		targets   []string
		sample    bool
	}{
		{"ec2-cryptomining", "CryptoCurrency:EC2/BitcoinTool.B!DNS", 8, 3, KindInstance, []string{web1}, false},
		{"ec2-c2", "Backdoor:EC2/C&CActivity.B", 8, 1, KindInstance, []string{batch1}, false},
		{"ec2-dns-exfiltration", "Trojan:EC2/DNSDataExfiltration", 8, 12, KindInstance, []string{db1}, false},
		{"ec2-port-probe", "Recon:EC2/PortProbeUnprotectedPort", 2, 41, KindInstance, []string{web1}, false},
		{"ec2-sample", "Backdoor:EC2/C&CActivity.B", 8, 1, KindInstance, []string{"111122223333/us-east-1/ec2.instance/i-99999999"}, true},
		{"iam-user", "CredentialAccess:IAMUser/CompromisedCredentials", 8, 5, KindUser, []string{user}, false},
		{"iam-role", "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS", 8, 2, KindRole, []string{role, web1}, false},
		{"s3-public", "Policy:S3/BucketAnonymousAccessGranted", 8, 1, KindBucket, []string{bucket}, false},
		{"eks-runtime", "Execution:Runtime/ReverseShell", 8, 1, KindEKSCluster, []string{"111122223333/us-east-1/eks.cluster/demo"}, false},
		{"attack-sequence", "AttackSequence:S3/CompromisedData", 9.2, 1, KindAttackSequence, []string{web1, role, user, bucket}, false},
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) != len(tests) {
		t.Errorf("%d files in %s, error %v; %d are tested", len(files), dir, err, len(tests))
	}
	seen := map[string]string{}
	for _, tt := range tests {
		t.Run(tt.file, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(dir, tt.file+".json"))
			if err != nil {
				t.Fatal(err)
			}
			f := decodeOne(t, string(data))
			if f.Type != tt.typ || f.Severity != tt.severity || f.Count != tt.count || f.Kind != tt.kind || f.Sample != tt.sample {
				t.Errorf("got %s, severity %v, count %d, kind %q, sample %v", f.Type, f.Severity, f.Count, f.Kind, f.Sample)
			}
			if got := targets(f); !slices.Equal(got, tt.targets) {
				t.Errorf("targets\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.targets, "\n"))
			}
			if f.Shape != ShapeEvent || len(f.Notes) != 0 || !Known(f.Type) || f.Title == "" || f.UpdatedAt.Before(f.CreatedAt) {
				t.Errorf("shape %q, notes %q, title %q, created %v, updated %v", f.Shape, f.Notes, f.Title, f.CreatedAt, f.UpdatedAt)
			}
			if other, ok := seen[f.ID]; ok {
				t.Errorf("has the id of %s", other)
			}
			seen[f.ID] = tt.file
		})
	}
}
