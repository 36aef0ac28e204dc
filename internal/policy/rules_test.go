package policy_test

import (
	"strings"
	"testing"
	"time"

	"cordon/internal/config"
	"cordon/internal/finding"
	"cordon/internal/policy"
)

// parsed is a configuration with this policy section.
func parsed(t testing.TB, yaml string) config.Config {
	t.Helper()
	c, err := config.Parse("cordon.yaml", []byte("policy:\n"+indent(yaml)), config.Default("/"))
	if err != nil {
		t.Fatalf("%v in\n%s", err, yaml)
	}
	return c
}

func indent(s string) string {
	return "  " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n  ") + "\n"
}

// noon is a Saturday.
var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// base is a High finding on an instance that began it.
func base() policy.Input {
	target := finding.Target{Account: "111122223333", Region: "us-east-1", Kind: finding.KindInstance, ID: "i-0a1b2c3d4e5f60001"}
	return policy.Input{
		Now: noon, Target: target,
		Finding: finding.Finding{
			ID: "f", Type: "Backdoor:EC2/C&CActivity.B", Severity: 8, Count: 3, Account: "111122223333", Region: "us-east-1",
			ResourceRole: "ACTOR", FirstSeen: noon.Add(-3 * time.Hour), Targets: []finding.Target{target}, Kind: finding.KindInstance,
		},
		Facts: policy.Facts{Tags: map[string]string{"env": "production", "app": "shop"}},
	}
}

// TestConditions: each condition, where it holds and where it does not.
func TestConditions(t *testing.T) {
	for _, tt := range []struct {
		match string
		edit  func(*policy.Input)
		want  bool
	}{
		{"{}", nil, true},
		{"{types: ['Backdoor:*']}", nil, true},
		{"{types: ['Trojan:*', 'Backdoor:EC2/*']}", nil, true},
		{"{types: ['backdoor:*']}", nil, false},
		{"{types: ['*/C&CActivity.?']}", nil, true},
		{"{types: ['Backdoor:EC2/C&CActivity']}", nil, false},
		{"{severity: high}", nil, true},
		{"{severity: [low, critical]}", nil, false},
		{"{severity: {min: 8}}", nil, true},
		{"{severity: {max: 7.9}}", nil, false},
		{"{severity: {min: 8, max: 8}}", nil, true},
		{"{severity: {max: 10}}", func(in *policy.Input) { in.Finding.Severity = 0 }, false},
		{"{severity: [high, critical]}", func(in *policy.Input) { in.Finding.Severity = 9 }, true},
		{"{severity: high}", func(in *policy.Input) { in.Finding.Severity = 6.9 }, false},
		{"{accounts: ['111122223333']}", nil, true},
		{"{accounts: ['1111*']}", nil, true},
		{"{accounts: ['444455556666']}", nil, false},
		{"{regions: [us-*]}", nil, true},
		{"{regions: [eu-*]}", nil, false},
		{"{kinds: [ec2.instance]}", nil, true},
		{"{kinds: [s3.bucket]}", nil, false},
		{"{resources: [i-0a1b2c3d4e5f60001]}", nil, true},
		{"{resources: [i-9*]}", nil, false},
		{"{tags: {env: prod*}}", nil, true},
		{"{tags: {env: '*', app: shop}}", nil, true},
		{"{tags: {env: dev}}", nil, false},
		{"{tags: {Env: '*'}}", nil, false},
		{"{count: {min: 3}}", nil, true},
		{"{count: {min: 4}}", nil, false},
		{"{count: {max: 2}}", nil, false},
		{"{age: {min: 3h}}", nil, true},
		{"{age: {max: 2h59m}}", nil, false},
		{"{age: {max: 1h}}", func(in *policy.Input) { in.Finding.FirstSeen = noon.Add(time.Hour) }, true}, // a clock that is ahead
		{"{age: {min: 0s}}", func(in *policy.Input) { in.Finding.FirstSeen = time.Time{} }, false},
		{"{age: {min: 1d}}", func(in *policy.Input) {
			in.Finding.FirstSeen, in.Finding.CreatedAt = time.Time{}, noon.AddDate(0, 0, -2)
		}, true},
		{"{role: actor}", nil, true},
		{"{role: target}", nil, false},
		{"{role: actor}", func(in *policy.Input) { in.Finding.ResourceRole = "" }, false},
		{"{time: {days: [sat, sun]}}", nil, true},
		{"{time: {days: [mon]}}", nil, false},
		{`{time: {from: "12:00", to: "12:01"}}`, nil, true},
		{`{time: {from: "11:00", to: "12:00"}}`, nil, false},
		{`{time: {from: "22:00", to: "12:30"}}`, nil, true},
		{`{time: {from: "22:00", to: "06:00"}}`, nil, false},
		{`{time: {from: "13:00", to: "14:00", zone: Europe/Berlin}}`, nil, true},                                                                   // 12:00 UTC in winter
		{`{time: {days: [fri], from: "22:00", to: "13:00"}}`, nil, true},                                                                           // began on Friday
		{`{time: {days: [sat], from: "22:00", to: "13:00"}}`, nil, false},                                                                          // on Saturday it begins at 22:00
		{`{time: {days: [sun], from: "00:00", to: "06:00", zone: Asia/Tokyo}}`, func(in *policy.Input) { in.Now = noon.Add(6 * time.Hour) }, true}, // 03:00 on Sunday there
		{`{time: {from: "02:00", to: "03:00", zone: Europe/Berlin}}`, func(in *policy.Input) { in.Now = time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC) }, false}, // the hour that summer time leaves out
		{"{types: ['Backdoor:*'], severity: high, role: actor, tags: {env: production}}", nil, true},
		{"{types: ['Backdoor:*'], severity: high, role: target, tags: {env: production}}", nil, false},
	} {
		t.Run(tt.match, func(t *testing.T) {
			in := base()
			if tt.edit != nil {
				tt.edit(&in)
			}
			in.Config = parsed(t, "rules: [{name: r, match: "+tt.match+", then: observe}]")
			if got := policy.Decide(in); (got.Rule == "r") != tt.want {
				t.Errorf("decided by %s: %s", got.Rule, got.Reason)
			}
		})
	}
}

// TestRenamed: a rule for a retired name goes on to match. One that leaves findings alone reaches no further than it did.
func TestRenamed(t *testing.T) {
	for _, tt := range []struct {
		rule, then, now string
		want            bool
	}{
		{"Impact:S3/ObjectDelete.Unusual", "observe", "Impact:S3/AnomalousBehavior.Delete", true},
		{"UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration", "contain", "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS", true},
		{"Persistence:IAMUser/NetworkPermissions", "contain", "Persistence:IAMUser/AnomalousBehavior", true},
		{"Persistence:IAMUser/NetworkPermissions", "ignore", "Persistence:IAMUser/AnomalousBehavior", false},
		{"Persistence:IAMUser/*", "ignore", "Persistence:IAMUser/AnomalousBehavior", true},
	} {
		t.Run(tt.rule+" "+tt.then, func(t *testing.T) {
			in := base()
			in.Finding.Type = tt.now
			in.Config = parsed(t, "rules: [{name: r, match: {types: ['"+tt.rule+"']}, then: "+tt.then+"}]")
			if got := policy.Decide(in); (got.Rule == "r") != tt.want {
				t.Errorf("decided by %s", got.Rule)
			}
		})
	}
}

func TestStandard(t *testing.T) {
	for _, tt := range []struct {
		name     string
		typ      string
		severity float64
		role     string
		want     policy.Outcome
		rule     string
	}{
		{"critical", "Backdoor:EC2/C&CActivity.B", 9, "ACTOR", policy.Contain, "builtin/standard-critical"},
		{"high", "Backdoor:EC2/C&CActivity.B", 7, "ACTOR", policy.Contain, "builtin/standard-high"},
		{"medium", "Recon:EC2/Portscan", 6.9, "ACTOR", policy.Approve, "builtin/standard-medium"},
		{"low", "Recon:EC2/Portscan", 3.9, "ACTOR", policy.Observe, "builtin/standard-low"},
		{"unrated", "Recon:EC2/Portscan", 0, "ACTOR", policy.Approve, "builtin/standard-unrated"},
		{"probed", "Recon:EC2/PortProbeEMRUnprotectedPort", 8, "TARGET", policy.Observe, "builtin/standard-probe"},
		{"brute force from outside", "UnauthorizedAccess:EC2/SSHBruteForce", 8, "TARGET", policy.Observe, "builtin/standard-probe"},
		{"brute force by it", "UnauthorizedAccess:EC2/SSHBruteForce", 8, "ACTOR", policy.Contain, "builtin/standard-high"},
		{"another finding on a target", "Trojan:EC2/DropPoint", 8, "TARGET", policy.Contain, "builtin/standard-high"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := base()
			in.Config = config.Default("/")
			in.Finding.Type, in.Finding.Severity, in.Finding.ResourceRole = tt.typ, tt.severity, tt.role
			if got := policy.Decide(in); got.Outcome != tt.want || got.Rule != tt.rule || got.Reason == "" {
				t.Errorf("got %+v", got)
			}
			in.Config.Policy.Builtin = config.ContainAll
			if got := policy.Decide(in); got.Outcome != policy.Contain {
				t.Errorf("contain-all: %+v", got)
			}
		})
	}
}

// TestRuleOverBuiltin: what a rule may change, and what it may not.
func TestRuleOverBuiltin(t *testing.T) {
	all := func(then string) string { return "rules: [{name: all, match: {}, then: " + then + "}]" }
	for _, tt := range []struct {
		name, policy string
		edit         func(*policy.Input)
		want         policy.Outcome
		rule         string
	}{
		{"sample", all("contain"), func(in *policy.Input) { in.Finding.Sample = true }, policy.Observe, "builtin/sample"},
		{"archived", all("contain"), func(in *policy.Input) { in.Finding.Archived = true }, policy.Observe, "builtin/archived"},
		{"no playbook, contain", all("contain"), func(in *policy.Input) { in.Target.Kind = finding.KindEKSCluster }, policy.Unsupported, "builtin/no-playbook"},
		{"no playbook, ignore", all("ignore"), func(in *policy.Input) { in.Target.Kind = finding.KindEKSCluster }, policy.Ignore, "all"},
		{"no playbook, low", "builtin: standard", func(in *policy.Input) { in.Target.Kind, in.Finding.Severity = finding.KindRoot, 2 }, policy.Unsupported, "builtin/no-playbook"},
		{"no target", all("approve"), func(in *policy.Input) { in.Target.ID = "finding/f" }, policy.Unsupported, "builtin/no-target"},
		{"source bucket", all("contain"), func(in *policy.Input) {
			in.Target.Kind, in.Target.ID, in.Finding.Buckets = finding.KindBucket, "b", []finding.Bucket{{Name: "b", Type: "Source"}}
		}, policy.Observe, "builtin/source-bucket"},
		{"probe", all("contain"), func(in *policy.Input) {
			in.Finding.Type, in.Finding.ResourceRole = "Recon:EC2/PortProbeUnprotectedPort", "TARGET"
		}, policy.Contain, "all"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := base()
			in.Config = parsed(t, tt.policy)
			tt.edit(&in)
			if got := policy.Decide(in); got.Outcome != tt.want || got.Rule != tt.rule || got.Reason == "" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestNearly(t *testing.T) {
	in := base()
	in.Config = parsed(t, `
rules:
  - {name: one off, match: {types: ['Backdoor:*'], regions: [eu-*]}, then: observe}
  - {name: two off, match: {types: ['Trojan:*'], regions: [eu-*], severity: high}, then: observe}
  - {name: only condition, match: {regions: [eu-*]}, then: observe}
  - {name: first, match: {severity: high}, then: approve, reason: because}
  - {name: second, match: {severity: high}, then: ignore}
`)
	got := policy.Decide(in)
	if got.Rule != "first" || got.Reason != "because" || got.Outcome != policy.Approve || got.Playbook != "ec2" {
		t.Errorf("decided %+v", got)
	}
	if len(got.Nearly) != 2 || got.Nearly[0].Rule != "one off" || !strings.Contains(got.Nearly[0].Why, "us-east-1 is none of eu-*") ||
		got.Nearly[1].Rule != "second" || !strings.Contains(got.Nearly[1].Why, "first comes first") {
		t.Errorf("nearly %+v", got.Nearly)
	}
}

func TestStepsOff(t *testing.T) {
	in := base()
	in.Config = parsed(t, "rules: [{name: r, match: {}, then: contain, steps: {ec2.snapshot-volumes: false, ec2.screenshot: true, ec2.detach-asg: false}}]")
	if got := policy.Decide(in); strings.Join(got.Off, " ") != "ec2.detach-asg ec2.snapshot-volumes" {
		t.Errorf("off %q", got.Off)
	}
}
