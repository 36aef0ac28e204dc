package policy_test

import (
	"strings"
	"testing"

	"cordon/internal/finding"
	"cordon/internal/policy"
)

func TestExemptions(t *testing.T) {
	const list = `
exemptions:
  - {id: i-0a1b2c3d4e5f60001, reason: load test, until: 2026-11-21}
  - {account: "444455556666", reason: sandbox account}
  - {tags: {tier: honeypot*}, reason: it is meant to be attacked, until: 2026-11-20}
  - {id: 'i-*', tags: {tier: lab}, reason: lab}
`
	for _, tt := range []struct {
		name string
		edit func(*policy.Input)
		want policy.Outcome
		text string // in the reason
	}{
		{"by id, on its last day", nil, policy.Observe, "load test, until 2026-11-21"},
		{"by id, the day after", func(in *policy.Input) { in.Now = noon.AddDate(0, 0, 1) }, policy.Contain, "ended on 2026-11-21"},
		{"by account", func(in *policy.Input) { in.Target.Account, in.Target.ID = "444455556666", "i-2" }, policy.Observe, "sandbox account"},
		{"by tag, over", func(in *policy.Input) {
			in.Target.ID, in.Facts.Tags = "i-2", map[string]string{"tier": "honeypot-1"}
		}, policy.Contain, "not exempt any more"},
		{"by id and tag", func(in *policy.Input) { in.Target.ID, in.Facts.Tags = "i-2", map[string]string{"tier": "lab"} }, policy.Observe, "lab"},
		{"by id and tag, the tag is another", func(in *policy.Input) { in.Target.ID = "i-2" }, policy.Contain, "cut the instance off"},
		{"low", func(in *policy.Input) { in.Finding.Severity = 1 }, policy.Observe, "severity is low"},
		{"unsupported", func(in *policy.Input) { in.Target.Kind = finding.KindFunction }, policy.Unsupported, "concurrency"},
		{"tags unknown, exempt all the same", func(in *policy.Input) { in.Facts = policy.Facts{TagsUnknown: "denied"} }, policy.Observe, "load test"},
		{"tags unknown", func(in *policy.Input) { in.Target.ID, in.Facts = "x", policy.Facts{TagsUnknown: "denied"} }, policy.Approve, "denied"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := base()
			in.Config = parsed(t, list)
			if tt.edit != nil {
				tt.edit(&in)
			}
			got := policy.Decide(in)
			if got.Outcome != tt.want || !strings.Contains(got.Reason, tt.text) {
				t.Errorf("got %+v", got)
			}
			if exempt := got.Rule == "builtin/exempt"; exempt != (got.Exempt != nil) || exempt && got.Exempt.Reason == "" {
				t.Errorf("exemption %+v", got.Exempt)
			}
		})
	}
}

func TestExemptTag(t *testing.T) {
	for _, tt := range []struct {
		value string
		want  policy.Outcome
		text  string
	}{
		{"load test by team shop", policy.Observe, "load test by team shop"},
		{"load test until=2026-11-21", policy.Observe, "load test, until 2026-11-21"},
		{"until:2026-12-24 load test", policy.Observe, "until 2026-12-24"},
		{"load test, until 2026-12-24.", policy.Observe, "load test, until 2026-12-24"},
		{"load test until=2026-11-20", policy.Contain, "ended on 2026-11-20"},
		{"load test until=2026-11-31", policy.Approve, "no day"},
		{"load test until next week", policy.Approve, "no day"},
		{"until=2026-12-24", policy.Approve, "no reason"},
		{"", policy.Approve, "no reason"},
		{"true", policy.Approve, "no reason"},
		{"false", policy.Contain, "cut the instance off"},
		{"No", policy.Contain, "cut the instance off"},
		{"\x1b[2J{{.}}<script>", policy.Observe, "script"},
	} {
		t.Run(tt.value, func(t *testing.T) {
			in := base()
			in.Config = parsed(t, "builtin: standard")
			in.Facts.Tags["cordon:exempt"] = tt.value
			if got := policy.Decide(in); got.Outcome != tt.want || !strings.Contains(got.Reason, tt.text) {
				t.Errorf("got %+v", got)
			}
			in.Config = parsed(t, `exempt_tag: ""`)
			if got := policy.Decide(in); got.Outcome != policy.Contain {
				t.Errorf("with no tag that exempts: %+v", got)
			}
		})
	}
}

func TestNeedsTags(t *testing.T) {
	const off = "exempt_tag: \"\"\n"
	for _, tt := range []struct {
		name, policy string
		edit         func(*policy.Input)
		want         bool
	}{
		{"the tag that exempts", "builtin: standard", nil, true},
		{"nothing wants tags", off, nil, false},
		{"observed anyway", "builtin: standard", func(in *policy.Input) { in.Finding.Severity = 1 }, false},
		{"sample", "builtin: standard", func(in *policy.Input) { in.Finding.Sample = true }, false},
		{"no playbook", "builtin: standard", func(in *policy.Input) { in.Target.Kind = finding.KindEKSCluster }, false},
		{"federated users have none", "builtin: standard", func(in *policy.Input) { in.Target.Kind = finding.KindFederatedUser }, false},
		{"a rule", off + "rules: [{name: r, match: {tags: {a: b}}, then: contain}]", nil, true},
		{"a rule that cannot match", off + "rules: [{name: r, match: {regions: [eu-*], tags: {a: b}}, then: contain}]", nil, false},
		{"a rule behind another", off + "rules: [{name: o, match: {}, then: contain}, {name: r, match: {tags: {a: b}}, then: observe}]", nil, false},
		{"a rule to the same end", off + "rules: [{name: r, match: {tags: {a: b}}, then: observe}, {name: o, match: {}, then: observe}]", nil, false},
		{"an exemption", off + "exemptions: [{tags: {a: b}, reason: x}]", nil, true},
		{"an exemption for another", off + "exemptions: [{id: x, tags: {a: b}, reason: x}]", nil, false},
		{"an exemption that is over", off + "exemptions: [{tags: {a: b}, reason: x, until: 2026-01-01}]", nil, false},
		{"exempt already", "exemptions: [{id: '*', reason: x}]", nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := base()
			in.Config = parsed(t, tt.policy)
			if tt.edit != nil {
				tt.edit(&in)
			}
			if got := policy.NeedsTags(in); got != tt.want {
				t.Errorf("needs tags: %v", got)
			}
		})
	}
}

// TestTagsOfOtherKinds: where Cordon reads no tags, those count that the finding carries.
func TestTagsOfOtherKinds(t *testing.T) {
	in := base()
	in.Config = parsed(t, "rules: [{name: lab, match: {tags: {env: lab}}, then: ignore}]")
	in.Target.Kind = finding.KindEKSCluster
	in.Finding.Targets[0] = in.Target
	in.Finding.Tags = map[string]string{"env": "lab"}
	if got := policy.Decide(in); got.Outcome != policy.Ignore {
		t.Errorf("got %+v", got)
	}
	in.Target.ID = "another"
	if got := policy.Decide(in); got.Outcome != policy.Unsupported {
		t.Errorf("of another target: %+v", got)
	}
}
