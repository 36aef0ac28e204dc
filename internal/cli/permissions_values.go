package cli

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"cordon/internal/permissions"
)

// partitions are AWS's. https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
var partitions = []string{"aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"}

// shape is how a placeholder's value looks; optional says that it may be empty, which leaves out what needs it.
type shape struct {
	pattern  *regexp.Regexp
	example  string
	optional bool
}

// arnShape is an ARN's shape. No pattern lets a wildcard, a quotation mark or a placeholder through.
func arnShape(service, place, resource, example string) shape {
	return shape{regexp.MustCompile(`^arn:aws[a-z-]*:` + service + `:` + place + `:` + resource + `$`), "arn:aws:" + example, true}
}

const (
	inRegion = `[a-z]{2,}(-[a-z]+)+-[0-9]+:[0-9]{12}`
	anySpell = `[\w+=,.@-]`
)

var (
	onOrOff = shape{regexp.MustCompile(`^(true|false)$`), "true or false", false}
	role    = regexp.MustCompile(`^(` + anySpell + `+/)*` + anySpell + `{1,64}$`)
	secret  = arnShape("secretsmanager", inRegion, `secret:[\w/+=.@-]+`, "secretsmanager:eu-west-1:111122223333:secret:NAME-a1b2c3")
)

var shapes = map[string]shape{
	permissions.Partition:      {regexp.MustCompile(`^(` + strings.Join(partitions, "|") + `)$`), strings.Join(partitions, ", "), false},
	permissions.Account:        {regexp.MustCompile(`^[0-9]{12}$`), "111122223333", false},
	permissions.Region:         {regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-[0-9]+$`), "eu-west-1", false},
	permissions.Name:           {regexp.MustCompile(`^[a-z][a-z0-9-]{1,19}$`), "cordon (2 to 20 lower-case letters, digits and hyphens)", false},
	permissions.RoleName:       {role, "cordon-member", false},
	permissions.MemberRoleName: {role, "cordon-member", true},
	permissions.TableArn:       arnShape("dynamodb", inRegion, `table/[\w.-]{3,255}`, "dynamodb:eu-west-1:111122223333:table/cordon"),
	permissions.BucketArn:      arnShape("s3", ":", `[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]`, "s3:::BUCKET"),
	permissions.KeyArn:         arnShape("kms", inRegion, `key/[\w-]+`, "kms:eu-west-1:111122223333:key/ID"),
	permissions.TopicArn:       arnShape("sns", inRegion, `[\w-]{1,256}(\.fifo)?`, "sns:eu-west-1:111122223333:NAME"),
	permissions.LogArn:         arnShape("logs", inRegion, `log-group:[\w./#-]+`, "logs:eu-west-1:111122223333:log-group:/aws/lambda/cordon"),

	permissions.SlackWebhookSecretArn: secret,
	permissions.JiraTokenSecretArn:    secret,
	permissions.LiveResponse:          onOrOff,
	permissions.BlockRemoteIPs:        onOrOff,
	permissions.SecurityHub:           onOrOff,
}

// checkValue refuses a name that the policy has no placeholder of, and a value that is none of its kind.
func checkValue(flag, name, value string, member bool) error {
	known := settable(member)
	if !slices.Contains(known, name) {
		if flag != "--set" {
			return usage("%s has no meaning with --member", flag)
		}
		return usage("--set %q: write NAME=VALUE, where NAME is one of %s", name+"="+value, strings.Join(known, ", "))
	}
	s := shapes[name]
	if s.pattern.MatchString(value) || value == "" && s.optional {
		return nil
	}
	return usage("%s: %q is no %s (such as %s)", flag, value, name, s.example)
}

// checkTogether refuses ARNs of another partition than the one that was given.
func checkTogether(values map[string]string) error {
	partition := values[permissions.Partition]
	for _, name := range slices.Sorted(maps.Keys(values)) {
		v := values[name]
		if partition != "" && strings.HasPrefix(v, "arn:") && !strings.HasPrefix(v, "arn:"+partition+":") {
			return usage("%s %s is not of partition %s", name, v, partition)
		}
	}
	return nil
}
