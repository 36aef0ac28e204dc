package policy

import (
	"fmt"
	"maps"
	"slices"

	"cordon/internal/config"
	"cordon/internal/finding"
)

// ruled decides by the rules of cordon.yaml and, where none matches, by the built-in policy.
func ruled(in Input) Decision {
	var nearly []NearMiss
	var open []config.Rule // those that match if the tags are right, which nobody knows
	decided := Decision{}
	for _, r := range in.Config.Policy.Rules {
		m := match(in, r)
		switch {
		case decided.Rule != "":
			if m.yes() {
				nearly = append(nearly, NearMiss{r.Name, "it matches too, but " + decided.Rule + " comes first"})
			}
		case m.yes():
			decided = byRule(r)
		case m.unknown:
			open = append(open, r)
		case m.nearly():
			nearly = append(nearly, NearMiss{r.Name, m.failed[0]})
		}
	}
	if decided.Rule == "" {
		decided = builtin(in)
	}
	decided.Nearly = nearly
	for _, r := range open {
		if Outcome(r.Then).acts() || decided.Outcome != Outcome(r.Then) {
			return decided.instead(Approve, tagsUnknown, fmt.Sprintf(
				"rule %q depends on the target's tags, which cannot be read: %s", r.Name, in.Facts.TagsUnknown,
			))
		}
	}
	return decided
}

func byRule(r config.Rule) Decision {
	d := Decision{Outcome: Outcome(r.Then), Rule: r.Name, Reason: r.Reason}
	for _, id := range slices.Sorted(maps.Keys(r.Steps)) {
		if !r.Steps[id] {
			d.Off = append(d.Off, id)
		}
	}
	if d.Reason == "" && d.Outcome != Contain {
		d.Reason = map[Outcome]string{
			Approve: "rule %q wants a person's yes first", Observe: "rule %q says to look only", Ignore: "rule %q says to ignore it",
		}[d.Outcome]
		d.Reason = fmt.Sprintf(d.Reason, r.Name)
	}
	return d
}

// probes are the findings that tell of an attempt from outside, which the resource did nothing for. A brute force that
// succeeded has a type of its own.
var probes = []string{"Recon:EC2/PortProbe*", "*:EC2/*BruteForce*"}

// builtin is the policy for what no rule matches. Standard: Critical and High are contained, Medium waits for a yes, Low is
// observed, and so is a resource that was only the target of a probe or of a failed brute force.
func builtin(in Input) Decision {
	if in.Config.Policy.Builtin == config.ContainAll {
		return Decision{Outcome: Contain, Rule: "builtin/contain-all"}
	}
	f := in.Finding
	if f.ResourceRole == "TARGET" && slices.ContainsFunc(probes, func(glob string) bool { return Glob(glob, f.Type) }) {
		return Decision{
			Outcome: Observe, Rule: "builtin/standard-probe",
			Reason: "the resource was only the target of a probe or of a failed brute force: cutting it off would do the attacker's work. Block the remote address, close the port",
		}
	}
	switch band := config.BandOf(f.Severity); band {
	case "critical", "high":
		return Decision{Outcome: Contain, Rule: "builtin/standard-" + string(band)}
	case "medium":
		return Decision{Outcome: Approve, Rule: "builtin/standard-medium", Reason: "the finding's severity is medium: a person decides"}
	case "low":
		return Decision{Outcome: Observe, Rule: "builtin/standard-low", Reason: "the finding's severity is low: it is only looked at"}
	default:
		return Decision{Outcome: Approve, Rule: "builtin/standard-unrated", Reason: "the finding gives no severity: a person decides"}
	}
}

// sameType says whether a rule's glob means the finding's type, by one of its names.
func sameType(glob string, f finding.Finding, acts bool) bool {
	return slices.ContainsFunc(finding.Names(f.Type, acts), func(name string) bool { return Glob(glob, name) })
}
