package policy_test

import (
	"strings"
	"testing"

	"cordon/internal/config"
	"cordon/internal/finding"
	"cordon/internal/policy"
)

func TestFixed(t *testing.T) {
	conf := config.Default("/")
	conf.Policy.Builtin = config.ContainAll // so that only what is fixed decides
	sources := conf
	sources.S3.Sources = true
	bucket := func(kind string) finding.Finding {
		return finding.Finding{Buckets: []finding.Bucket{{Name: "b", Type: kind}}}
	}
	by := func(userType string) finding.Finding {
		return finding.Finding{Identity: &finding.Identity{UserType: userType}}
	}
	for _, tt := range []struct {
		name string
		f    finding.Finding
		kind finding.Kind
		conf config.Config
		want policy.Outcome
		text string
	}{
		{"instance", finding.Finding{}, finding.KindInstance, conf, policy.Contain, "cut the instance off"},
		{"sample", finding.Finding{Sample: true, SampleReason: "says so"}, finding.KindInstance, conf, policy.Observe, "says so"},
		{"sample of an unknown kind", finding.Finding{Sample: true}, finding.KindFunction, conf, policy.Observe, "never acted on"},
		{"archived", finding.Finding{Archived: true}, finding.KindInstance, conf, policy.Observe, "archived"},
		{"role", finding.Finding{}, finding.KindRole, conf, policy.Contain, "role"},
		{"user", finding.Finding{}, finding.KindUser, conf, policy.Contain, "access key"},
		{"federated user", finding.Finding{}, finding.KindFederatedUser, conf, policy.Contain, "issued"},
		{"root", finding.Finding{}, finding.KindRoot, conf, policy.Unsupported, "ROOT"},
		{"identity center", finding.Finding{}, finding.KindIdentityCenterUser, conf, policy.Unsupported, "IAM Identity Center, Users"},
		{"anonymous", by("AWSAccount"), finding.KindPrincipal, conf, policy.Unsupported, "no identity here to revoke"},
		{"service", by("AWSService"), finding.KindPrincipal, conf, policy.Unsupported, "AWS service"},
		{"directory", by("Directory"), finding.KindPrincipal, conf, policy.Unsupported, "Directory"},
		{"unknown", by("Unknown"), finding.KindPrincipal, conf, policy.Unsupported, `"Unknown"`},
		{"no identity", finding.Finding{}, finding.KindPrincipal, conf, policy.Unsupported, "names no identity"},
		{"bucket", bucket("Destination"), finding.KindBucket, conf, policy.Contain, "public"},
		{"bucket without a type", bucket(""), finding.KindBucket, conf, policy.Contain, "public"},
		{"source bucket", bucket("Source"), finding.KindBucket, conf, policy.Observe, "s3.sources"},
		{"source bucket, wanted", bucket("Source"), finding.KindBucket, sources, policy.Contain, "public"},
		{"cluster", finding.Finding{}, finding.KindEKSCluster, conf, policy.Unsupported, "By hand"},
		{"function", finding.Finding{}, finding.KindFunction, conf, policy.Unsupported, "concurrency"},
		{"database", finding.Finding{}, finding.KindDBInstance, conf, policy.Unsupported, "public access"},
		{"malware", finding.Finding{}, finding.KindSnapshot, conf, policy.Unsupported, "do not use or restore"},
		{"sequence", finding.Finding{}, finding.KindAttackSequence, conf, policy.Unsupported, "signals"},
		{"never seen before", finding.Finding{}, "quantum.computer", conf, policy.Unsupported, "respond by hand"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := policy.Decide(policy.Input{Finding: tt.f, Target: finding.Target{Kind: tt.kind, ID: "b"}, Config: tt.conf})
			if got.Outcome != tt.want || got.Rule == "" || !strings.Contains(got.Reason, tt.text) {
				t.Errorf("got %+v, want %s with %q", got, tt.want, tt.text)
			}
		})
	}
}
