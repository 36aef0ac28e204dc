package notify

import (
	"encoding/json"
	"strings"
	"testing"

	"cordon/internal/hostiletest"
)

// TestHostile writes each hostile text, in every place of a notice, for every medium.
func TestHostile(t *testing.T) {
	for _, text := range append(hostiletest.Strings(), hostiletest.Text{Name: "all", Value: hostiletest.All()}) {
		t.Run(text.Name, func(t *testing.T) {
			s := text.Value
			n := calm()
			n.Target.ID, n.Title, n.Type, n.Description, n.Reason, n.FindingID = s, s, s, s, s, s // account and Region are held to their form before
			n.Done, n.Failed, n.Residual = []string{s, s}, []string{s}, []string{s}
			checkSNS(t, n)
			checkSlack(t, slackMessage(n))
			checkJira(t, n)
			onlyPrintable(t, hubNote(n))
			hold := func(medium string, v any, check func([]byte) error) {
				t.Helper()
				raw, err := json.Marshal(v)
				must(t, err)
				if err := check(raw); err != nil {
					t.Errorf("%s: %v", medium, err)
				}
			}
			hold("Slack", slackMessage(n), hostiletest.Slack)
			for _, url := range []string{"https://example.atlassian.net", "https://jira.example.com"} {
				c := newJira(JiraConfig{URL: url, Project: "SEC"}, Deps{}.orDefaults())
				hold("Jira issue", c.newIssue(n), hostiletest.Jira)
				hold("Jira comment", map[string]any{"body": c.write(n)}, hostiletest.Jira)
			}
			in := newSNS(SNSConfig{Topic: "arn:aws:sns:eu-west-1:111122223333:alarm"}, Deps{}.orDefaults()).message(n)
			if err := hostiletest.Mail(*in.Subject, *in.Message); err != nil {
				t.Errorf("SNS: %v", err)
			}
			if strings.Contains(*in.Message, "https://evil.example") {
				t.Error("SNS: an address can be clicked")
			}
		})
	}
}
