package deploytest

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cordon/internal/config"
	"cordon/internal/notify"
)

const (
	slackSecret = "arn:aws:secretsmanager:us-east-1:111122223333:secret:slack-AbCdEf"
	jiraSecret  = "arn:aws:secretsmanager:us-east-1:111122223333:secret:jira-AbCdEf"
)

// settings are the Function's environment for the parameters, and what cordon makes of it.
func settings(t *testing.T, parameters map[string]string) (environment map[string]any, c config.Config) {
	t.Helper()
	stack, err := LoadSAM(t).Evaluate(parameters)
	if err != nil {
		t.Fatal(err)
	}
	environment = object(object(stack.Resources["Function"].Properties["Environment"])["Variables"])
	raw := text(environment["CORDON_CONFIG"])
	if !json.Valid([]byte(raw)) {
		t.Fatalf("CORDON_CONFIG is no JSON: %s", raw)
	}
	if c, err = config.Parse("CORDON_CONFIG", []byte(raw), config.Default("/state")); err != nil {
		t.Fatal(err)
	}
	return environment, c
}

// want is the configuration that the default parameters stand for.
func want() config.Config {
	c := config.Default("/state")
	c.Store = "dynamodb://cordon-stack-Table"
	c.Vault = "s3://cordon-stack-evidencebucket/cordon"
	c.Accounts.Own = Account
	c.Notify.SNS = &notify.SNSConfig{Topic: "arn:aws:sns:us-east-1:111122223333:cordon"}
	c.EC2.QuarantineProfile = "arn:aws:iam::111122223333:instance-profile/cordon-quarantine-us-east-1"
	c.IAM.Protected = []string{}
	return c
}

func TestConfigByDefault(t *testing.T) {
	environment, got := settings(t, nil)
	if diff := cmp.Diff(want(), got); diff != "" {
		t.Error(diff)
	}
	if len(environment) != 1 {
		t.Errorf("environment %v, want CORDON_CONFIG alone", environment)
	}
}

// changed is what parameters change in the configuration.
type changed struct {
	parameters map[string]string
	change     func(*config.Config)
}

// changes try every parameter that belongs to cordon.yaml.
func changes(t *testing.T) []changed {
	t.Helper()
	jira := map[string]string{"JiraUrl": "https://example.atlassian.net", "JiraProject": "SEC", "JiraTokenSecretArn": jiraSecret, "JiraUser": "a@example.com"}
	withJira := func(c *config.Config) {
		c.Notify.Jira = &notify.JiraConfig{
			URL: "https://example.atlassian.net", Project: "SEC", Type: "Task", User: "a@example.com", Token: "secretsmanager:" + jiraSecret,
		}
	}
	return []changed{
		{map[string]string{"SlackWebhookSecretArn": slackSecret}, func(c *config.Config) {
			c.Notify.Slack = &notify.SlackConfig{Webhook: "secretsmanager:" + slackSecret}
		}},
		{jira, withJira},
		{with(jira, "JiraType", "Security incident"), func(c *config.Config) { withJira(c); c.Notify.Jira.Type = "Security incident" }},
		{with(jira, "JiraUrl", "https://jira.example.com", "JiraUser", ""), func(c *config.Config) {
			withJira(c)
			c.Notify.Jira.URL, c.Notify.Jira.User = "https://jira.example.com", ""
		}},
		{map[string]string{"SecurityHub": "true"}, func(c *config.Config) { c.Notify.SecurityHub = true }},
		{map[string]string{"LiveResponse": "true", "LiveResponseSeconds": "120"}, func(c *config.Config) {
			_, on := settings(t, map[string]string{"LiveResponse": "true"}) // with the standard commands
			c.EC2.LiveResponse = on.EC2.LiveResponse
			if c.EC2.LiveResponse.Channel != config.ChannelHTTPS {
				t.Errorf("channel %q", c.EC2.LiveResponse.Channel)
			}
			c.EC2.LiveResponse.Seconds = 120
		}},
		{map[string]string{"CutEstablished": "false"}, func(c *config.Config) { c.EC2.CutEstablished = false }},
		{map[string]string{"RevokeSharedRoles": "true"}, func(c *config.Config) { c.EC2.RevokeSharedRoles = true }},
		{map[string]string{"BlockRemoteIps": "true"}, func(c *config.Config) { c.EC2.BlockRemoteIPs = true }},
		{map[string]string{"ProtectedIdentities": "break-glass-*,admin"}, func(c *config.Config) {
			c.IAM.Protected = []string{"break-glass-*", "admin"}
		}},
		{map[string]string{"DisableAllKeys": "true"}, func(c *config.Config) { c.IAM.AllKeys = true }},
		{map[string]string{"ContainSourceBuckets": "true"}, func(c *config.Config) { c.S3.Sources = true }},
		{map[string]string{"SuppressDays": "0"}, func(c *config.Config) { c.FalsePositive.SuppressDays = 0 }},
		{map[string]string{"MemberRoleName": "security/cordon-member"}, func(c *config.Config) { c.Accounts.Role = "security/cordon-member" }},
		{map[string]string{"MemberRoleName": "m", "MemberExternalId": "ext-1"}, func(c *config.Config) {
			c.Accounts.Role, c.Accounts.ExternalID = "m", "ext-1"
		}},
		{map[string]string{"Name": "other"}, func(c *config.Config) {
			c.Notify.SNS.Topic = "arn:aws:sns:us-east-1:111122223333:other"
			c.EC2.QuarantineProfile = "arn:aws:iam::111122223333:instance-profile/other-quarantine-us-east-1"
		}},
	}
}

// TestConfigByParameter: each parameter that belongs to cordon.yaml changes what it is to change, and nothing else.
func TestConfigByParameter(t *testing.T) {
	tried := []string{
		"MinSeverity", "FindingTypes", "NotificationEmail", // not in cordon.yaml
		"EvidenceRetentionDays", "ObjectLockDays", "LogRetentionDays", "Architecture", // not in cordon.yaml
		"ConfigOverride", // TestConfigOverride
	}
	for _, tt := range changes(t) {
		names := make([]string, 0, len(tt.parameters))
		for name := range tt.parameters {
			names = append(names, name)
		}
		slices.Sort(names)
		tried = append(tried, names...)
		t.Run(strings.Join(names, "+"), func(t *testing.T) {
			expected := want()
			tt.change(&expected)
			_, got := settings(t, tt.parameters)
			if diff := cmp.Diff(expected, got); diff != "" {
				t.Error(diff)
			}
			if cmp.Equal(want(), got) {
				t.Error("it changes nothing")
			}
		})
	}
	for name := range LoadSAM(t).Parameters() {
		if !slices.Contains(tried, name) {
			t.Errorf("parameter %s is not tried", name)
		}
	}
}

// with is a copy of m with more keys and values.
func with(m map[string]string, more ...string) map[string]string {
	out := map[string]string{}
	for key, v := range m {
		out[key] = v
	}
	for i := 0; i < len(more); i += 2 {
		out[more[i]] = more[i+1]
	}
	return out
}

// TestConfigOverride: the operator's own text arrives as it is, in a variable of its own.
func TestConfigOverride(t *testing.T) {
	const override = "ec2:\n  live_response: {commands: [\"id\", 'w']}\n"
	environment, got := settings(t, map[string]string{"ConfigOverride": override})
	if environment["CORDON_CONFIG_OVERRIDE"] != override {
		t.Errorf("environment %v", environment)
	}
	if diff := cmp.Diff(want(), got); diff != "" {
		t.Error(diff)
	}
}

// TestConfigForTheCommandLine: the output CordonYaml is the function's whole configuration, whatever the parameters are: who
// releases a case from a machine has to protect, and to tell, whom the function does.
func TestConfigForTheCommandLine(t *testing.T) {
	sets := []map[string]string{nil, everything(), longest()}
	for _, tt := range changes(t) {
		sets = append(sets, tt.parameters)
	}
	for _, parameters := range sets {
		stack, err := LoadSAM(t).Evaluate(parameters)
		if err != nil {
			t.Fatal(err)
		}
		got, err := config.Parse("cordon.yaml", []byte(text(stack.Outputs["CordonYaml"])), config.Default("/state"))
		if err != nil {
			t.Fatal(err)
		}
		_, deployed := settings(t, parameters)
		if diff := cmp.Diff(deployed, got); diff != "" {
			t.Errorf("%v: %s", parameters, diff)
		}
		if override := parameters["ConfigOverride"]; text(stack.Outputs["ConfigOverride"]) != override {
			t.Errorf("%v: output ConfigOverride is %v", parameters, stack.Outputs["ConfigOverride"])
		}
	}
}

// TestParametersRefused: what would break the JSON, or is a secret itself, or half of something, is refused before anything
// is created.
func TestParametersRefused(t *testing.T) {
	tmpl := LoadSAM(t)
	for name, p := range tmpl.Parameters() {
		if p.NoEcho {
			t.Errorf("%s is a secret: let it be the ARN of one", name)
		}
		if p.Description == "" || p.Default == nil {
			t.Errorf("%s has no description or no default", name)
		}
		if p.Type != "String" {
			t.Errorf("%s is a %s: CloudFormation takes more for one than the template can use", name, p.Type)
		}
		if name == "ConfigOverride" {
			continue // not put into JSON
		}
		for _, hostile := range []string{`x", "store": "sqlite:///tmp/x`, `\`, "x\ny"} {
			if _, err := tmpl.Evaluate(map[string]string{name: hostile}); err == nil {
				t.Errorf("%s takes %q", name, hostile)
			}
		}
	}
	for _, tt := range []struct {
		parameters map[string]string
		want       string
	}{
		{map[string]string{"SlackWebhookSecretArn": "https://hooks.slack.com/services/T0/B0/x"}, "does not match"},
		{map[string]string{"JiraTokenSecretArn": "ATATT3x"}, "does not match"},
		{map[string]string{"JiraUrl": "http://jira.example.com"}, "does not match"},
		{map[string]string{"JiraUrl": "https://jira.example.com"}, "JiraUrl needs"},
		{map[string]string{"JiraUrl": "https://jira.example.com", "JiraProject": "SEC"}, "needs JiraTokenSecretArn"},
		{map[string]string{"JiraProject": "SEC"}, "JiraProject needs JiraUrl"},
		{map[string]string{"JiraTokenSecretArn": jiraSecret}, "JiraTokenSecretArn needs JiraUrl"},
		{map[string]string{"MemberExternalId": "ext"}, "needs MemberRoleName"},
		{map[string]string{"LiveResponseSeconds": "3601"}, "does not match"},
		{map[string]string{"LiveResponseSeconds": "0x10"}, "does not match"},
		{map[string]string{"SuppressDays": "366"}, "does not match"},
		{map[string]string{"SuppressDays": "7.0"}, "does not match"},
		{map[string]string{"EvidenceRetentionDays": "00"}, "does not match"},
		{map[string]string{"ObjectLockDays": "010"}, "does not match"},
		{map[string]string{"MinSeverity": "NaN"}, "does not match"},
		{map[string]string{"MinSeverity": "04"}, "does not match"},
		{map[string]string{"MinSeverity": "+4"}, "does not match"},
		{map[string]string{"MinSeverity": "1e1"}, "does not match"},
		{map[string]string{"MinSeverity": " 4"}, "does not match"},
		{map[string]string{"LogRetentionDays": "090"}, "none of"},
		{map[string]string{"ProtectedIdentities": "a,"}, "does not match"},
		{map[string]string{"LogRetentionDays": "42"}, "none of"},
		{map[string]string{"Architecture": "mips"}, "none of"},
		{map[string]string{"Name": "Cordon"}, "does not match"},
		{map[string]string{"FindingTypes": "Recon*"}, "does not match"},
	} {
		if _, err := tmpl.Evaluate(tt.parameters); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: error %v, want one with %q", tt.parameters, err, tt.want)
		}
	}
}
