package doctor

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"cordon/internal/casefile/dynamodb"
	"cordon/internal/config"
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
	values, parameters := deployment(p.Config, p.partition, p.account, p.Region)
	bucket, prefix := evidenceBucket(p.Config.Vault)
	policy := permissions.Responder().Fill(values).On(parameters...)
	var out []need
	for _, s := range policy.Statement {
		if s.Effect != "Allow" || slices.ContainsFunc(s.Resource, func(r string) bool { return strings.Contains(r, "${") }) {
			continue
		}
		var resources []string
		for _, r := range s.Resource {
			if bucket != "" { // the deployment's own prefix, or the configuration's
				r = strings.Replace(r, ":s3:::"+bucket+"/cordon/", ":s3:::"+bucket+"/"+prefix, 1)
			}
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

// deployment gives the policy's placeholders their values, and the parameters that are set, from the configuration.
func deployment(c config.Config, partition, account, region string) (values map[string]string, parameters []string) {
	values = map[string]string{permissions.Partition: partition, permissions.Account: account, permissions.Region: region}
	if table, ok := strings.CutPrefix(c.Store, dynamodb.Scheme); ok {
		values[permissions.TableArn] = "arn:" + partition + ":dynamodb:" + region + ":" + account + ":table/" + table
	}
	if bucket, _ := evidenceBucket(c.Vault); bucket != "" {
		values[permissions.BucketArn] = "arn:" + partition + ":s3:::" + bucket
	}
	if c.Notify.SNS != nil {
		values[permissions.TopicArn] = c.Notify.SNS.Topic
	}
	for name, ref := range secretRefs(c.Notify) {
		if id := secretARN(ref); id != "" {
			parameter := map[string]string{slackSecret: permissions.SlackWebhookSecretArn, jiraSecret: permissions.JiraTokenSecretArn}[name]
			values[parameter], parameters = id, append(parameters, parameter)
		}
	}
	if c.Accounts.Role != "" {
		values[permissions.MemberRoleName], parameters = c.Accounts.Role, append(parameters, permissions.MemberRoleName)
	}
	if c.EC2.LiveResponse.Channel != "" {
		parameters = append(parameters, permissions.LiveResponse)
	}
	if c.Notify.SecurityHub {
		parameters = append(parameters, permissions.SecurityHub)
	}
	return values, parameters
}

// evidenceBucket is the bucket of a vault and the prefix of its keys, which ends in "/" where there is one; "" for a
// vault that is a directory.
func evidenceBucket(vault string) (bucket, prefix string) {
	u, err := url.Parse(vault)
	if err != nil || !strings.EqualFold(u.Scheme, "s3") {
		return "", ""
	}
	if prefix = strings.Trim(u.Path, "/"); prefix != "" {
		prefix += "/"
	}
	return u.Host, prefix
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

// secretARN is the ARN in a reference to Secrets Manager, "" for another reference.
func secretARN(ref notify.SecretRef) string {
	id, ok := strings.CutPrefix(string(ref), "secretsmanager:")
	id, _, _ = strings.Cut(id, "#")
	if !ok || !arn.IsARN(id) {
		return ""
	}
	return id
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

// concerned are the resources that an IAM action is about: the policy names roles, users and profiles side by side.
func concerned(action string, resources []string) []string {
	service, operation, _ := strings.Cut(action, ":")
	if service != "iam" {
		return resources
	}
	kind := ""
	switch {
	case strings.Contains(operation, "Role"):
		kind = ":role/"
	case strings.Contains(operation, "User"), strings.Contains(operation, "AccessKey"):
		kind = ":user/"
	case strings.Contains(operation, "InstanceProfile"):
		kind = ":instance-profile/"
	}
	var out []string
	for _, r := range resources {
		if strings.Contains(r, kind) {
			out = append(out, r)
		}
	}
	if len(out) == 0 {
		return resources
	}
	return out
}
