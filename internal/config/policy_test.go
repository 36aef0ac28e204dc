package config_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cordon/internal/config"
)

const fullPolicy = `
policy:
  builtin: standard
  rules:
    - name: honeypots
      match:
        types: ["Recon:*", "UnauthorizedAccess:EC2/*"]
        severity: {min: 4, max: 8.9}
        accounts: ["111122223333", "4444*"]
        regions: [eu-*]
        kinds: [ec2.instance]
        resources: [i-*]
        tags: {role: honeypot*}
        count: {min: 2}
        age: {max: 1d12h}
        role: target
        time: {days: [sat, sun], from: "22:00", to: "06:00", zone: Europe/Berlin}
      then: contain
      steps: {ec2.snapshot-volumes: false, ec2.screenshot: true}
      reason: they are meant to be attacked
    - {name: rest, match: {severity: [low, medium]}, then: observe}
  exemptions:
    - {id: i-0abc, account: "111122223333", tags: {tier: lab}, reason: lab, until: 2026-12-31}
  exempt_tag: no-touch
  limits: {window: 30m, total: 20, account: 10, application: 2, application_tag: app}
  approval: {approvers: ["arn:aws:iam::111122223333:role/security-*"], people: 2, timeout: 4h, on_timeout: contain, self: true}
`

func TestPolicy(t *testing.T) {
	c, err := config.Parse("cordon.yaml", []byte(fullPolicy), config.Default("/"))
	if err != nil {
		t.Fatal(err)
	}
	n := func(i int) *int { return &i }
	low, high, day := 4.0, 8.9, config.Duration(36*time.Hour)
	want := config.Policy{
		Builtin: config.Standard,
		Rules: []config.Rule{
			{
				Name: "honeypots", Then: config.ThenContain, Reason: "they are meant to be attacked",
				Steps: map[string]bool{"ec2.snapshot-volumes": false, "ec2.screenshot": true},
				Match: &config.Match{
					Types: config.Globs{"Recon:*", "UnauthorizedAccess:EC2/*"}, Severity: &config.Severity{Min: &low, Max: &high},
					Accounts: config.Globs{"111122223333", "4444*"}, Regions: config.Globs{"eu-*"}, Kinds: config.Globs{"ec2.instance"},
					Resources: config.Globs{"i-*"}, Tags: config.Tags{"role": "honeypot*"}, Count: &config.Count{Min: n(2)},
					Age: &config.Age{Max: &day}, Role: config.RoleTarget,
					Time: &config.Hours{Days: []config.Day{"sat", "sun"}, From: 22*60 + 1, To: 6*60 + 1, Zone: "Europe/Berlin"},
				},
			},
			{Name: "rest", Then: config.ThenObserve, Match: &config.Match{Severity: &config.Severity{Bands: []config.Band{"low", "medium"}}}},
		},
		Exemptions: []config.Exemption{{ID: "i-0abc", Account: "111122223333", Tags: config.Tags{"tier": "lab"}, Reason: "lab", Until: "2026-12-31"}},
		ExemptTag:  "no-touch",
		Limits:     config.Limits{Window: config.Duration(30 * time.Minute), Total: n(20), Account: n(10), Application: n(2), ApplicationTag: "app"},
		Approval: config.Approval{
			Approvers: []string{"arn:aws:iam::111122223333:role/security-*"}, People: 2, Timeout: config.Duration(4 * time.Hour),
			OnTimeout: config.TimeoutContain, Self: true,
		},
	}
	if diff := cmp.Diff(want, c.Policy); diff != "" {
		t.Error(diff)
	}
}

// TestPolicyRefused: each mistake is named with line, column and place, and where a word is near a known one, that.
func TestPolicyRefused(t *testing.T) {
	rule := func(s string) string { return "rules:\n  - {name: r, match: {}, then: contain, " + s + "}" }
	match := func(s string) string { return "rules:\n  - name: r\n    match: {" + s + "}\n    then: contain" }
	for _, tt := range []struct{ name, yaml, want string }{
		{"unknown key", "rulez: []", "[2:3] policy.rulez: there is no such key; did you mean rules?"},
		{"unknown key of a rule", rule("sevrity: high"), "[3:43] policy.rules[0].sevrity"},
		{"unknown condition", match("sevrity: high"), "[4:15] policy.rules[0].match.sevrity: there is no such key; did you mean severity?"},
		{"builtin", "builtin: contain_all", `[2:3] policy.builtin: "contain_all" is not known; did you mean contain-all?`},
		{"no name", "rules: [{match: {}, then: contain}]", "policy.rules[0]: the rule has no name"},
		{"a name of Cordon's", "rules: [{name: builtin/x, match: {}, then: contain}]", "is no name"},
		{"name twice", "rules: [{name: r, match: {}, then: contain}, {name: r, match: {}, then: observe}]", `policy.rules[1].name: rule 1 has the name "r" already`},
		{"no match", "rules: [{name: r, then: contain}]", "no match; write match: {}"},
		{"match without a value", "rules:\n  - name: r\n    match:\n    then: ignore", "no match"},
		{"no then", "rules: [{name: r, match: {}}]", "does not say what to do"},
		{"then", "rules: [{name: r, match: {}, then: contein}]", `"contein" is not known; did you mean contain?`},
		{"unknown step", rule("steps: {ec2.snapshot: false}"), "policy.rules[0].steps.ec2.snapshot: there is no such step"},
		{"near step", rule("steps: {ec2.screenshots: false}"), "did you mean ec2.screenshot?"},
		{"essential step", rule("steps: {ec2.isolate-network: false}"), "cannot be switched off: without it nothing is contained"},
		{"sealing step", rule("steps: {ec2.seal-network: false}"), "closes what isolation leaves open"},
		{"settle", rule("steps: {case.settle: false}"), "cannot be switched off"},
		{"a step's value", rule("steps: {ec2.screenshot: no thanks}"), "policy.rules[0].steps.ec2.screenshot: true or false"},
		{"steps of nothing", "rules: [{name: r, match: {}, then: observe, steps: {ec2.tag: false}}]", "no step runs with then: observe"},
		{"types are no list", match("types: 'Recon:*'"), "a list is wanted here"},
		{"no types", match("types: []"), "the list is empty"},
		{"empty type", match("types: ['']"), "policy.rules[0].match.types[0]: an entry is empty"},
		{"entry without a value", match("types: [~]"), "policy.rules[0].match.types[0]: text is wanted"},
		{"rule without a value", "rules: [~]", "an entry is empty"},
		{"severity", match("severity: hihg"), `"hihg" is not known; did you mean high?`},
		{"severities", match("severity: [high, urgent]"), `policy.rules[0].match.severity[1]: "urgent" is not known; use low, medium, high, critical`},
		{"severity as a number", match("severity: 7"), "{min: 7}"},
		{"severity bounds", match("severity: {min: 11}"), "policy.rules[0].match.severity.min: a severity is between 0 and 10"},
		{"severity bounds the wrong way", match("severity: {min: 8, max: 7}"), "min is above max"},
		{"severity without bounds", match("severity: {}"), "neither min nor max"},
		{"severity NaN", match("severity: {min: .nan}"), "a number is wanted"},
		{"account as a number", match("accounts: [011122223333]"), "policy.rules[0].match.accounts[0]: text is wanted here: put it in quotation marks"},
		{"account", match("accounts: ['prod']"), "12 digits"},
		{"kind", match("kinds: [ec2.instances]"), "did you mean ec2.instance?"},
		{"tags", match("tags: {}"), "no tag is named"},
		{"tag's value", match("tags: {env: 1.0}"), "policy.rules[0].match.tags.env: text is wanted"},
		{"count", match("count: {min: 0}"), "seen once at least"},
		{"count as text", match("count: {min: many}"), "a whole number"},
		{"age", match("age: {min: soon}"), `"soon" is no duration`},
		{"age bounds", match("age: {min: 2h, max: 1h}"), "min is above max"},
		{"age too long", match("age: {min: 99999d}"), "too long"},
		{"role", match("role: targets"), "did you mean target?"},
		{"time of nothing", match("time: {zone: UTC}"), "neither days nor hours"},
		{"day", match("time: {days: [monday]}"), `"monday" is not known`},
		{"half a span", match("time: {from: '22:00'}"), "from and to go together"},
		{"no span", match("time: {from: '22:00', to: '22:00'}"), "nothing would match"},
		{"clock", match("time: {from: '24:00', to: '01:00'}"), "no time of day"},
		{"zone", match("time: {days: [mon], zone: Berlin}"), "no time zone"},
		{"the machine's zone", match("time: {days: [mon], zone: Local}"), "none to rely on"},
		{"exemption of nothing", "exemptions: [{reason: x}]", "policy.exemptions[0]: the exemption names nothing"},
		{"exemption without a reason", "exemptions: [{id: x}]", "gives no reason"},
		{"exemption's end", "exemptions: [{id: x, reason: y, until: 2026-02-30}]", "no day"},
		{"exemption's account", "exemptions: [{account: '1111', reason: y}]", "12 digits"},
		{"exempt tag", "exempt_tag: " + strings.Repeat("x", 129), "at most 128"},
		{"window", "limits: {window: 10s}", "between 1m and 7d"},
		{"limit", "limits: {total: 0}", "policy.limits.total: 0 is no limit"},
		{"application tag", "limits: {application_tag: ''}", "1 to 128"},
		{"people", "approval: {people: 3}", "1 or 2"},
		{"approver", "approval: {approvers: [alice]}", "no ARN of an IAM principal"},
		{"timeout", "approval: {timeout: 31d}", "between 1m and 30d"},
		{"on timeout", "approval: {on_timeout: ignore}", "use observe, contain"},
		{"self", "approval: {self: perhaps}", "true or false"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			yaml := "policy:\n  " + strings.ReplaceAll(tt.yaml, "\n", "\n  ") + "\n"
			_, err := config.Parse("cordon.yaml", []byte(yaml), config.Default("/"))
			var conf *config.Error
			if !errors.As(err, &conf) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want %q in\n%s", err, tt.want, yaml)
			}
			if !strings.Contains(err.Error(), ": [") {
				t.Errorf("no line: %v", err)
			}
		})
	}
}

func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0s": 0, "90s": 90 * time.Second, "15m": 15 * time.Minute, "2h": 2 * time.Hour, "7d": 7 * 24 * time.Hour, "1d12h": 36 * time.Hour, "3650d": 3650 * 24 * time.Hour,
	} {
		if got, err := config.ParseDuration(text); err != nil || time.Duration(got) != want {
			t.Errorf("%s is %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "5", "h", "-1h", "1.5h", "1w", "1h ", "9999999999d", "3650d1s", "999999999d", "１h"} {
		if got, err := config.ParseDuration(text); err == nil {
			t.Errorf("%q is taken for %s", text, got)
		}
	}
}

func TestDatesEnd(t *testing.T) {
	end := config.Date("2026-12-31")
	if end.Past(time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC)) || !end.Past(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)) || config.Date("").Past(time.Now()) {
		t.Error("a date is over at the wrong time")
	}
}

// FuzzPolicy: whatever stands in the file, it is read or refused with an *Error, and what is read is read again the same.
func FuzzPolicy(f *testing.F) {
	f.Add(fullPolicy)
	f.Add("policy: {rules: [{name: r, match: {severity: high}, then: ignore}]}")
	f.Add("policy:\n  rules:\n    - &a {name: r, match: {}, then: observe}\n    - *a\n")
	f.Add("policy: {<<: {builtin: x}}")
	f.Add("policy: !!str x")
	f.Add("? [a]\n: b\n")
	f.Fuzz(func(t *testing.T, yaml string) {
		if len(yaml) > 1<<14 {
			t.Skip()
		}
		c, err := config.Parse("cordon.yaml", []byte(yaml), config.Default("/"))
		if err != nil {
			if !errors.As(err, new(*config.Error)) {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		again, err := config.Parse("cordon.yaml", []byte(yaml), config.Default("/"))
		if err != nil || !cmp.Equal(c, again) {
			t.Fatalf("read differently again: %v", err)
		}
		seen := map[string]bool{}
		for _, r := range c.Policy.Rules {
			if r.Name == "" || seen[r.Name] || r.Match == nil || r.Then == "" {
				t.Fatalf("accepted rule %+v", r)
			}
			seen[r.Name] = true
			r.Conditions()
		}
	})
}
