package notify

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// renderings is a notice in every medium.
func renderings(t *testing.T, n Notice) map[string][]byte {
	t.Helper()
	topic := newSNS(SNSConfig{Topic: "arn:aws:sns:eu-west-1:111122223333:alarm.fifo"}, Deps{}.orDefaults())
	v3 := newJira(JiraConfig{URL: "https://example.atlassian.net", Project: "SEC", Priority: map[string]string{"high": "Highest"}}, Deps{}.orDefaults())
	v2 := newJira(JiraConfig{URL: "https://jira.example.com", Project: "SEC", Type: "Incident"}, Deps{}.orDefaults())
	id, err := arn.Parse(n.FindingARN)
	must(t, err)
	n2 := n
	n2.Event = EventPartial
	hub, ok := hubUpdate(n2, id)
	if !ok {
		t.Fatal("nothing for Security Hub")
	}
	in := topic.message(n)
	return map[string][]byte{
		"sns.txt":          []byte(*in.Subject + "\n\n" + *in.Message),
		"sns.json":         pretty(t, in.MessageAttributes),
		"slack.json":       pretty(t, slackMessage(n)),
		"jira3.json":       pretty(t, v3.newIssue(n)),
		"jira2.json":       pretty(t, v2.newIssue(n)),
		"jira2.txt":        []byte(wikiText(n)),
		"securityhub.json": pretty(t, hub),
	}
}

func TestGolden(t *testing.T) {
	released := calm()
	released.Event, released.Status, released.FalsePositive, released.Ticket = EventReleased, "released", true, "SEC-12"
	released.Reason, released.Severity = "a penetration test", 0
	for name, n := range map[string]Notice{"calm": calm(), "nasty": nasty(), "released": released} {
		for medium, got := range renderings(t, n) {
			golden(t, name+"-"+medium, got)
			clean(t, name+"-"+medium, string(got))
			if !utf8.Valid(got) {
				t.Errorf("%s-%s is not UTF-8", name, medium)
			}
			for _, r := range string(got) {
				if r != '\n' && !unicode.IsPrint(r) {
					t.Errorf("%s-%s holds the character %U", name, medium, r)
					break
				}
			}
			if strings.HasSuffix(medium, ".json") && !json.Valid(got) {
				t.Errorf("%s-%s is no JSON", name, medium)
			}
		}
	}
}

// What must stay of a notice in every medium that people read, and what must never be in one.
func TestMediaSayWhatMatters(t *testing.T) {
	for medium, got := range renderings(t, calm()) {
		if medium == "securityhub.json" {
			continue
		}
		for _, word := range []string{"i-0123456789abcdef0", "111122223333", "eu-west-1", "c-7h2k9m4p1q8r", "NAT gateway", "ec2.screenshot", "cordon release"} {
			if !bytes.Contains(got, []byte(word)) {
				t.Errorf("%s does not say %q", medium, word)
			}
		}
	}
	hostile := map[string][]string{
		"sns.txt":    {"https://", "\x1b"},
		"slack.json": {"<!channel>", "<@U", "<https", "@here", "https://", "<script"},
		"jira2.txt":  {"{code}", "{{mono", "[~admin]", "https://"},
	}
	all := renderings(t, nasty())
	for medium, words := range hostile {
		for _, word := range words {
			if bytes.Contains(all[medium], []byte(word)) {
				t.Errorf("%s holds %q", medium, word)
			}
		}
	}
}

func TestNoticeJSON(t *testing.T) {
	for name, n := range map[string]Notice{"calm": calm(), "empty": {}} {
		raw, err := json.Marshal(n)
		must(t, err)
		var back Notice
		must(t, json.Unmarshal(raw, &back))
		again, err := json.Marshal(back)
		must(t, err)
		if !bytes.Equal(raw, again) || back.ContainedAfter != n.ContainedAfter || back.key() != n.key() {
			t.Errorf("%s: %s\nbecame %s", name, raw, again)
		}
	}
	if !bytes.Contains(pretty(t, calm()), []byte(`"contained_after_ms": 812`)) {
		t.Errorf("%s", pretty(t, calm()))
	}
}
