package notify

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

const secretARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:cordon/jira-AbCdEf"

func parse(t *testing.T, text string) Config {
	t.Helper()
	var c Config
	must(t, yaml.UnmarshalWithOptions([]byte(text), &c, yaml.Strict()))
	return c
}

func TestConfig(t *testing.T) {
	c := parse(t, `
sns: {topic: arn:aws:sns:eu-west-1:111122223333:alarm}
slack: {webhook: env:SLACK_WEBHOOK, events: [failed, released]}
jira: {url: https://example.atlassian.net, project: SEC, type: Task, user: person@example.com, token: "secretsmanager:`+secretARN+`#token", priority: {critical: Highest}}
securityhub: true
`)
	channels, err := New(c, Deps{})
	must(t, err)
	var got []string
	for _, ch := range channels {
		wants := ""
		for _, e := range Events() {
			wants += map[bool]string{true: "1", false: "0"}[ch.Wants(e)]
		}
		got = append(got, ch.ID()+" "+wants)
	}
	want := []string{"notify.sns 111111011", "notify.slack 001001000", "notify.jira 111011111", "notify.securityhub 110001000"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("channels %q, want %q", got, want)
	}
	if p := c.Permissions(); fmt.Sprint(p) != "[secretsmanager:GetSecretValue securityhub:BatchUpdateFindings sns:Publish]" {
		t.Errorf("permissions %v", p)
	}
	if channels, err := New(Config{}, Deps{}); err != nil || len(channels) != 0 {
		t.Errorf("%v, %v", channels, err)
	}
}

func TestConfigRefused(t *testing.T) {
	for name, test := range map[string]struct{ text, word string }{
		"topic":            {`sns: {topic: alarm}`, "notify.sns.topic"},
		"topic elsewhere":  {`sns: {topic: "arn:aws:sns:evil.example/:111122223333:x"}`, "notify.sns.topic"},
		"event":            {`sns: {topic: "arn:aws:sns:eu-west-1:111122223333:x", events: [exploded]}`, "exploded"},
		"webhook missing":  {`slack: {}`, "is missing"},
		"webhook itself":   {`slack: {webhook: "https://hooks.slack.com` + plantedPath + `"}`, "seems to hold the secret itself"},
		"env itself":       {`slack: {webhook: "env:https://hooks.slack.com` + plantedPath + `"}`, "seems to hold the secret itself"},
		"token itself":     {`jira: {url: "https://j.example", project: SEC, token: ` + plantedToken + `}`, "seems to hold the secret itself"},
		"no secret's ARN":  {`jira: {url: "https://j.example", project: SEC, token: "secretsmanager:hunter2"}`, "no ARN of a secret"},
		"ARN elsewhere":    {`jira: {url: "https://j.example", project: SEC, token: "secretsmanager:arn:aws:secretsmanager:evil.example/:111122223333:secret:x"}`, "no ARN of a secret"},
		"plain http":       {`jira: {url: "http://j.example", project: SEC, token: env:T}`, "https://"},
		"user in the URL":  {`jira: {url: "https://me:hunter2@j.example", project: SEC, token: env:T}`, "notify.jira.url"},
		"query in the URL": {`jira: {url: "https://j.example?token=hunter2", project: SEC, token: env:T}`, "notify.jira.url"},
		"no URL":           {`jira: {project: SEC, token: env:T}`, "notify.jira.url"},
		"project":          {`jira: {url: "https://j.example", project: "SEC\" OR 1=1", token: env:T}`, "notify.jira.project"},
		"api":              {`jira: {url: "https://j.example", project: SEC, api: "4", token: env:T}`, "notify.jira.api"},
		"cloud user":       {`jira: {url: "https://e.atlassian.net", project: SEC, token: env:T}`, "notify.jira.user"},
		"user with colon":  {`jira: {url: "https://j.example", user: "a:b", project: SEC, token: env:T}`, "notify.jira.user"},
		"priority":         {`jira: {url: "https://j.example", project: SEC, token: env:T, priority: {huge: P1}}`, "notify.jira.priority"},
		"token missing":    {`jira: {url: "https://j.example", project: SEC}`, "notify.jira.token"},
	} {
		t.Run(name, func(t *testing.T) {
			c := parse(t, test.text)
			_, err := New(c, Deps{})
			wantFinal(t, err, test.word)
			for _, shown := range []string{fmt.Sprintf("%v", c.Slack), fmt.Sprintf("%+v", c.Jira)} {
				if c.Jira != nil && strings.HasPrefix(name, "token") || c.Slack != nil {
					clean(t, "configuration", shown)
				}
			}
		})
	}
}
