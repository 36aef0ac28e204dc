package policy_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"cordon/internal/config"
	"cordon/internal/finding"
	"cordon/internal/policy"
)

// drawn is any input that policy may be asked about, with tags that are known.
func drawn(t *rapid.T) policy.Input {
	in := base()
	in.Target.Kind = rapid.SampledFrom([]finding.Kind{finding.KindInstance, finding.KindRole, finding.KindBucket, finding.KindEKSCluster}).Draw(t, "kind")
	in.Target.Region = rapid.SampledFrom([]string{"us-east-1", "eu-west-1"}).Draw(t, "region")
	in.Finding.Type = rapid.SampledFrom([]string{
		"Backdoor:EC2/C&CActivity.B", "Recon:EC2/PortProbeUnprotectedPort", "Impact:S3/AnomalousBehavior.Delete", "Persistence:IAMUser/AnomalousBehavior",
	}).Draw(t, "type")
	in.Finding.Severity = rapid.SampledFrom([]float64{0, 1, 3.9, 4, 6.9, 7, 8.9, 9, 10}).Draw(t, "severity")
	in.Finding.ResourceRole = rapid.SampledFrom([]string{"", "TARGET", "ACTOR"}).Draw(t, "role")
	in.Finding.Targets = []finding.Target{in.Target}
	in.Facts.Tags = map[string]string{"env": rapid.SampledFrom([]string{"production", "lab", ""}).Draw(t, "env")}
	return in
}

// rules draws rules whose names are r0, r1, ….
func rules(t *rapid.T) []config.Rule {
	some := func(of []string, name string) config.Globs {
		return config.Globs(rapid.SliceOfN(rapid.SampledFrom(of), 1, 2).Draw(t, name))
	}
	out := make([]config.Rule, rapid.IntRange(0, 6).Draw(t, "rules"))
	for i := range out {
		m := &config.Match{}
		if rapid.Bool().Draw(t, "by type") {
			m.Types = some([]string{"*", "Backdoor:*", "*:EC2/*", "*AnomalousBehavior*", "Impact:S3/ObjectDelete.Unusual", "nothing"}, "types")
		}
		if rapid.Bool().Draw(t, "by region") {
			m.Regions = some([]string{"us-*", "eu-*", "??-west-?"}, "regions")
		}
		if rapid.Bool().Draw(t, "by severity") {
			m.Severity = &config.Severity{Bands: []config.Band{rapid.SampledFrom(config.Bands()).Draw(t, "band")}}
		}
		if rapid.Bool().Draw(t, "by tag") {
			m.Tags = config.Tags{"env": rapid.SampledFrom([]string{"*", "production", "l?b", "none"}).Draw(t, "env glob")}
		}
		out[i] = config.Rule{Name: fmt.Sprintf("r%d", i), Match: m, Then: rapid.SampledFrom(config.Thens()).Draw(t, "then")}
	}
	return out
}

// TestFirstMatchWins: of rules that leave findings alone the first that matches by itself decides; rules behind it, and
// rules before it that do not match, change nothing.
func TestFirstMatchWins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawn(t)
		in.Config = config.Default("/")
		all := rules(t)
		for i := range all {
			all[i].Then = rapid.SampledFrom([]config.Then{config.ThenObserve, config.ThenIgnore}).Draw(t, "leave alone")
		}
		in.Target.Kind = finding.KindInstance // tags as Facts has them
		in.Finding.Targets = []finding.Target{in.Target}
		want := slices.IndexFunc(all, func(r config.Rule) bool {
			one := in
			one.Config.Policy.Rules = []config.Rule{r}
			return policy.Decide(one).Rule == r.Name
		})
		in.Config.Policy.Rules = all
		got := policy.Decide(in)
		if want < 0 {
			if slices.ContainsFunc(all, func(r config.Rule) bool { return r.Name == got.Rule }) {
				t.Fatalf("%s decides and does not match", got.Rule)
			}
			return
		}
		if got.Rule != all[want].Name || got.Outcome != policy.Outcome(all[want].Then) {
			t.Fatalf("decided by %s (%s), want %s", got.Rule, got.Outcome, all[want].Name)
		}
		in.Config.Policy.Rules = all[want:]
		if again := policy.Decide(in); again.Rule != got.Rule {
			t.Fatalf("without the rules before it %s decides, not %s", again.Rule, got.Rule)
		}
		in.Config.Policy.Rules = all[:want+1]
		if again := policy.Decide(in); again.Rule != got.Rule || again.Outcome != got.Outcome {
			t.Fatalf("without the rules behind it %s decides, not %s", again.Rule, got.Rule)
		}
	})
}

// TestUnknownTagsNeverActNorIgnore: whatever the rules are, a target whose tags matter and cannot be read waits for a
// person; where they do not matter, the decision is the same as with any tags.
func TestUnknownTagsNeverActNorIgnore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawn(t)
		in.Config = config.Default("/")
		in.Config.Policy.Rules = rules(t)
		if rapid.Bool().Draw(t, "no exempt tag") {
			in.Config.Policy.ExemptTag = ""
		}
		known := policy.Decide(in)
		unknown := in
		unknown.Facts = policy.Facts{TagsUnknown: "denied"}
		got := policy.Decide(unknown)
		if policy.NeedsTags(in) {
			if got.Outcome != policy.Approve && got.Outcome != policy.Unsupported {
				t.Fatalf("tags are needed and unknown, and it says %s", got.Outcome)
			}
			return
		}
		if got.Outcome != known.Outcome {
			t.Fatalf("tags are not needed, and it says %s with them and %s without", known.Outcome, got.Outcome)
		}
	})
}

// TestDecisionsAreWhole: every decision says what, by which rule and why; what acts has a playbook; asking twice gives the
// same.
func TestDecisionsAreWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := drawn(t)
		in.Config = config.Default("/")
		in.Config.Policy.Rules = rules(t)
		in.Facts.Tags["cordon:exempt"] = rapid.String().Draw(t, "exempt")
		d := policy.Decide(in)
		if d.Rule == "" || d.Reason == "" {
			t.Fatalf("no rule or no reason: %+v", d)
		}
		if acts := d.Outcome == policy.Contain || d.Outcome == policy.Approve; acts != (d.Playbook != "") {
			t.Fatalf("outcome %s with playbook %q", d.Outcome, d.Playbook)
		}
		if again := policy.Decide(in); !reflect.DeepEqual(again, d) {
			t.Fatalf("%+v and then %+v", d, again)
		}
	})
}

// TestGlobsAreMonotone: a pattern made wider matches all that it matched.
func TestGlobsAreMonotone(t *testing.T) {
	letters := rapid.StringOfN(rapid.RuneFrom([]rune("ab/:.é*?")), 0, 8, -1)
	rapid.Check(t, func(t *rapid.T) {
		text, pattern := letters.Draw(t, "text"), []rune(letters.Draw(t, "pattern"))
		if !policy.Glob("*", text) || !policy.Glob(text, text) {
			t.Fatalf("%q does not match * or itself", text)
		}
		if !policy.Glob(string(pattern), text) {
			return
		}
		for i, r := range pattern {
			wider := slices.Clone(pattern)
			wider[i] = '*'
			if !policy.Glob(string(wider), text) {
				t.Fatalf("%q matches %q, %q does not", string(pattern), text, string(wider))
			}
			if r == '*' {
				continue
			}
			wider[i] = '?'
			if !policy.Glob(string(wider), text) {
				t.Fatalf("%q matches %q, %q does not", string(pattern), text, string(wider))
			}
		}
		if !policy.Glob("*"+string(pattern)+"*", text) {
			t.Fatalf("%q matches %q, with stars around it does not", string(pattern), text)
		}
	})
}

// TestGlobPaths holds the pattern matcher against a slow one that is plainly right.
func TestGlobPaths(t *testing.T) {
	letters := rapid.StringOfN(rapid.RuneFrom([]rune("ab*?")), 0, 8, -1)
	var slow func(p, s []rune) bool
	slow = func(p, s []rune) bool {
		switch {
		case len(p) == 0:
			return len(s) == 0
		case p[0] == '*':
			return slow(p[1:], s) || len(s) > 0 && slow(p, s[1:])
		default:
			return len(s) > 0 && (p[0] == '?' || p[0] == s[0]) && slow(p[1:], s[1:])
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		p, s := letters.Draw(t, "pattern"), letters.Draw(t, "text")
		if got, want := policy.Glob(p, s), slow([]rune(p), []rune(s)); got != want {
			t.Fatalf("Glob(%q, %q) is %v", p, s, got)
		}
	})
}
