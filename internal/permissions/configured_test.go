package permissions_test

import (
	"slices"
	"strings"
	"testing"

	"cordon/internal/config"
	"cordon/internal/notify"
	"cordon/internal/permissions"
)

// TestConfigured: each part of a configuration brings its permissions, and none without it.
func TestConfigured(t *testing.T) {
	const topic, secret = "arn:aws:sns:us-east-1:111122223333:alarm", "arn:aws:secretsmanager:us-east-1:111122223333:secret:s-a1b2c3"
	known := map[string]string{"Partition": "aws", "Account": home, "Region": region, "Name": "cordon", "KeyArn": "", "LogArn": ""}
	none := config.Default("/nowhere")
	least := permissions.Configured(none, known)
	for name, test := range map[string]struct {
		change func(*config.Config)
		action string
		within string // a resource
	}{
		"a table":   {func(c *config.Config) { c.Store = "dynamodb://cases" }, "dynamodb:PutItem", "arn:aws:dynamodb:us-east-1:" + home + ":table/cases"},
		"a bucket":  {func(c *config.Config) { c.Vault = "s3://evidence/a/b" }, "s3:PutObject", "arn:aws:s3:::evidence/a/b/*"},
		"no prefix": {func(c *config.Config) { c.Vault = "s3://evidence" }, "s3:PutObject", "arn:aws:s3:::evidence/*"},
		"a topic":   {func(c *config.Config) { c.Notify.SNS = &notify.SNSConfig{Topic: topic} }, "sns:Publish", topic},
		"Slack": {func(c *config.Config) {
			c.Notify.Slack = &notify.SlackConfig{Webhook: "secretsmanager:" + secret + "#key"}
		}, "secretsmanager:GetSecretValue", secret},
		"Jira":              {func(c *config.Config) { c.Notify.Jira = &notify.JiraConfig{Token: "secretsmanager:" + secret} }, "secretsmanager:GetSecretValue", secret},
		"member accounts":   {func(c *config.Config) { c.Accounts.Role = "x/member" }, "sts:AssumeRole", "arn:aws:iam::*:role/x/member"},
		"live response":     {live, "ssm:SendCommand", "arn:aws:ssm:*::document/AWS-RunShellScript"},
		"blocked addresses": {func(c *config.Config) { c.EC2.BlockRemoteIPs = true }, "ec2:CreateNetworkAclEntry", "arn:aws:ec2:*:" + home + ":network-acl/*"},
		"Security Hub too":  {func(c *config.Config) { c.Notify.SecurityHub = true }, "securityhub:BatchUpdateFindings", "arn:aws:securityhub:*:" + home + ":hub/default"},
	} {
		c := none
		test.change(&c)
		p := permissions.Configured(c, known)
		if slices.Contains(least.Actions(), test.action) || !slices.Contains(p.Actions(), test.action) {
			t.Errorf("%s: %s without %v, with %v", name, test.action, slices.Contains(least.Actions(), test.action), slices.Contains(p.Actions(), test.action))
		}
		if !slices.ContainsFunc(p.Statement, func(s permissions.Statement) bool { return slices.Contains(s.Resource, test.within) }) {
			t.Errorf("%s: not on %s:\n%s", name, test.within, p.JSON())
		}
		if left := p.Unfilled(); len(left) > 0 || strings.Contains(string(p.JSON()), "${") {
			t.Errorf("%s: left: %v", name, left)
		}
	}
	c := none
	c.Notify.Slack = &notify.SlackConfig{Webhook: "env:WEBHOOK"}
	if p := permissions.Configured(c, known); slices.Contains(p.Actions(), "secretsmanager:GetSecretValue") {
		t.Error("a webhook from the environment reads a secret")
	}
	c.Store = "dynamodb://cases"
	other := map[string]string{"TableArn": "arn:aws:dynamodb:eu-west-1:" + home + ":table/mine"}
	if p := permissions.Configured(c, other); !strings.Contains(string(p.JSON()), "table/mine") || strings.Contains(string(p.JSON()), "table/cases") {
		t.Error("what is known does not count before the configuration")
	}
}

// TestUnfilled: what is empty is left out, and with it a statement that has nothing else; the rest is said.
func TestUnfilled(t *testing.T) {
	p := permissions.Policy{Statement: []permissions.Statement{
		{Sid: "A", Resource: permissions.Words{"${KeyArn}"}},
		{Sid: "B", Resource: permissions.Words{"${KeyArn}/x", "${Name}"}, Condition: permissions.Conditions{"StringEquals": {"k": {"${Region}"}}}},
	}}
	if got := p.Unfilled(); !slices.Equal(got, []string{"KeyArn", "Name", "Region"}) {
		t.Errorf("left: %v", got)
	}
	got := p.Fill(map[string]string{"KeyArn": "", "Name": "n"})
	if len(got.Statement) != 1 || got.Statement[0].Sid != "B" || !slices.Equal(got.Statement[0].Resource, permissions.Words{"n"}) || !slices.Equal(got.Unfilled(), []string{"Region"}) {
		t.Errorf("%+v", got)
	}
	if len(p.Statement) != 2 || len(p.Statement[1].Resource) != 2 {
		t.Errorf("Fill changed what it was given: %+v", p)
	}
}
