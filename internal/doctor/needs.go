package doctor

import (
	"maps"
	"slices"
	"strings"

	"cordon/internal/notify"
	"cordon/internal/permissions"
)

// need is one permission that Cordon needs.
type need struct {
	Action    string              // "ec2:CreateSnapshots"
	Resources []string            // ARNs like those of the real calls; empty for "*"
	Context   map[string][]string // condition keys with values like those of the real calls
	For       []string            // the parts of Cordon that call it
}

// needs are the permissions of the policy that `cordon permissions` prints, as far as the configuration uses them: each
// statement's actions on resources, and under conditions, that the statement itself allows. Left out is what only the
// deployment knows: its key, and the function's log.
func (p *patient) needs() []need {
	callers := map[string][]string{}
	for _, n := range permissions.Needs(false) {
		callers[n.Action] = append(callers[n.Action], n.By)
	}
	policy := permissions.Configured(p.Config, map[string]string{
		permissions.Partition: p.partition, permissions.Account: p.account, permissions.Region: p.Region,
	})
	var out []need
	for _, s := range policy.Statement {
		if s.Effect != "Allow" || slices.ContainsFunc(s.Resource, func(r string) bool { return strings.Contains(r, "${") }) {
			continue
		}
		var resources []string
		for _, r := range s.Resource {
			resources = append(resources, sampleARN(r, p.Region))
		}
		context := sampleContext(s.Condition)
		for _, action := range s.Action {
			n := need{Action: action, Context: besideDenies(policy, action, context), For: callers[action]}
			if !slices.Equal(resources, []string{"*"}) {
				n.Resources = concerned(action, resources)
			}
			out = append(out, n)
		}
	}
	return out
}

// The places of secrets in the configuration.
const (
	slackSecret = "notify.slack.webhook"
	jiraSecret  = "notify.jira.token"
)

func secretRefs(c notify.Config) map[string]notify.SecretRef {
	out := map[string]notify.SecretRef{}
	if c.Slack != nil {
		out[slackSecret] = c.Slack.Webhook
	}
	if c.Jira != nil {
		out[jiraSecret] = c.Jira.Token
	}
	return out
}

// sampleName stands for what a wildcard lets be anything.
const sampleName = "doctor-sample"

// sampleARN is an ARN that the pattern matches: in the Region, of something that need not be there.
func sampleARN(pattern, region string) string {
	f := strings.SplitN(pattern, ":", 6)
	if len(f) != 6 {
		return pattern
	}
	if f[3] == "*" {
		f[3] = region
	}
	if f[4] == "*" {
		f[4] = "111122223333" // an account of AWS's documentation
	}
	f[5] = sample(f[5])
	return strings.Join(f, ":")
}

// sample is a text that the pattern matches.
func sample(pattern string) string {
	return strings.NewReplacer("?*", sampleName, "*", sampleName, "?", "x").Replace(pattern)
}

// sampleContext gives values under which the conditions hold.
func sampleContext(conditions permissions.Conditions) map[string][]string {
	out := map[string][]string{}
	for _, operator := range sortedKeys(conditions) {
		for _, key := range sortedKeys(conditions[operator]) {
			wanted := conditions[operator][key]
			switch {
			case operator == "Null":
				if _, given := out[key]; !given && slices.Contains(wanted, "false") {
					out[key] = []string{sampleName}
				}
			case strings.HasPrefix(operator, "ForAllValues:"), strings.HasPrefix(operator, "ForAnyValue:"):
				out[key] = nil
				for _, w := range wanted {
					out[key] = append(out[key], sample(w))
				}
			default:
				out[key] = []string{sample(wanted[0])}
			}
		}
	}
	return out
}

// besideDenies adds to a context the keys by which the policy's own Deny statements tell their cases from this one.
func besideDenies(policy permissions.Policy, action string, context map[string][]string) map[string][]string {
	out := maps.Clone(context)
	for _, s := range policy.Statement {
		if s.Effect != "Deny" || !slices.Contains(s.Action, action) {
			continue
		}
		for operator, keys := range s.Condition {
			for key := range keys {
				if _, given := out[key]; !given && strings.HasPrefix(operator, "String") {
					out[key] = []string{sampleName}
				}
			}
		}
	}
	return out
}

// concerned are the resources that an action is about: the policy names several kinds side by side, and IAM simulates an
// action on any.
func concerned(action string, resources []string) []string {
	service, operation, _ := strings.Cut(action, ":")
	var kinds []string
	switch {
	case service == "iam" && strings.Contains(operation, "Role"):
		kinds = []string{":role/"}
	case service == "iam" && (strings.Contains(operation, "User") || strings.Contains(operation, "AccessKey")):
		kinds = []string{":user/"}
	case service == "iam" && strings.Contains(operation, "InstanceProfile"):
		kinds = []string{":instance-profile/"}
	case operation == "CreateSecurityGroup":
		kinds = []string{":vpc/", ":security-group/"}
	case operation == "CreateSnapshot":
		kinds = []string{":volume/", ":snapshot/"}
	case operation == "CreateSnapshots":
		kinds = []string{":instance/", ":volume/", ":snapshot/"}
	case service == "ec2" && (strings.Contains(operation, "Profile") || strings.Contains(operation, "Console") || operation == "DescribeInstanceAttribute"):
		kinds = []string{":instance/"}
	case service == "autoscaling", service == "elasticloadbalancing":
		kinds = []string{":" + service + ":"}
	}
	out := slices.DeleteFunc(slices.Clone(resources), func(r string) bool {
		return !slices.ContainsFunc(kinds, func(kind string) bool { return strings.Contains(r, kind) })
	})
	if len(out) == 0 {
		return resources
	}
	return out
}
