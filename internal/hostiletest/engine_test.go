package hostiletest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"cordon/examples"
	"cordon/internal/actions"
	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/casefile/sqlite"
	"cordon/internal/cloud"
	"cordon/internal/config"
	"cordon/internal/engine"
	"cordon/internal/finding"
	ht "cordon/internal/hostiletest"
	"cordon/internal/notify"
	"cordon/internal/vault"
)

const region = "us-east-1"

// findings are one of each kind that has a playbook, and one that has none.
var findings = []string{"ec2-c2.json", "ec2-dns-exfiltration.json", "iam-user.json", "iam-role.json", "s3-public.json", "eks-runtime.json"}

// wire keeps what is posted to Slack and Jira, and answers as they do.
type wire struct {
	mu     sync.Mutex
	posted map[string][][]byte // by host
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body.Close()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(body) > 0 {
		w.posted[r.URL.Host] = append(w.posted[r.URL.Host], body)
	}
	said, status := "ok", http.StatusOK
	if r.URL.Host != "hooks.slack.com" {
		switch {
		case strings.HasSuffix(r.URL.Path, "/transitions") && r.Method == http.MethodGet:
			said = `{"transitions":[{"id":"1","name":"Done","to":{"statusCategory":{"key":"done"}}}]}`
		case r.Method == http.MethodGet:
			said = `{"issues":[],"comments":[]}`
		default:
			said, status = `{"id":"1","key":"SEC-1"}`, http.StatusCreated
		}
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Request: r, Body: io.NopCloser(strings.NewReader(said))}, nil
}

// media are the channels and what is checked of each. A channel that is configurable and has no entry fails the suite.
var media = map[string]func(t *testing.T, w *wire, n int){
	"SNS":         func(*testing.T, *wire, int) {}, // a call, see checks
	"SecurityHub": func(*testing.T, *wire, int) {},
	"Slack": func(t *testing.T, w *wire, n int) {
		if len(w.posted["hooks.slack.com"]) < n {
			t.Errorf("%d messages in Slack, want %d at least", len(w.posted["hooks.slack.com"]), n)
		}
		for _, body := range w.posted["hooks.slack.com"] {
			if err := ht.Slack(body); err != nil {
				t.Errorf("Slack: %v", err)
			}
		}
	},
	"Jira": func(t *testing.T, w *wire, n int) {
		for _, host := range []string{"jira.example.com", "example.atlassian.net"} {
			if len(w.posted[host]) < n {
				t.Errorf("%d bodies for %s, want %d at least", len(w.posted[host]), host, n)
			}
			for _, body := range w.posted[host] {
				if err := ht.Jira(body); err != nil {
					t.Errorf("Jira: %v", err)
				}
			}
		}
	},
}

// TestEveryCall answers, verifies and releases findings with hostile text everywhere, on an account whose tags and names are hostile
// too, and holds everything that goes out against its medium's rules: all texts at once in every kind of finding, and each
// by itself in one or two.
func TestEveryCall(t *testing.T) {
	run := func(name, text string, files []string, must ...string) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { everyCall(t, text, files, must) })
		})
	}
	run("all", ht.All(), findings, "S3.PutObject", "SSM.SendCommand", "SNS.Publish", "SecurityHub.BatchUpdateFindings", "EC2.CreateSecurityGroup",
		"EC2.CreateSnapshots", "IAM.PutRolePolicy", "IAM.UpdateAccessKey", "S3.PutPublicAccessBlock")
	pairs := [][]string{{"ec2-c2.json"}, {"iam-user.json", "s3-public.json"}, {"iam-role.json", "eks-runtime.json"}}
	for i, text := range ht.Strings() {
		run(text.Name, text.Value, pairs[i%len(pairs)], "S3.PutObject", "SNS.Publish")
	}
}

// TestNoText holds that what is no UTF-8 is no finding.
func TestNoText(t *testing.T) {
	for _, text := range []string{"\xff", "a\xc0\xafb", "\xed\xa0\x80"} {
		raw, err := examples.Findings.ReadFile("findings/ec2-c2.json")
		if err != nil {
			t.Fatal(err)
		}
		doc, err := ht.Poison(raw, text, "")
		if err != nil {
			t.Fatal(err)
		}
		if found, err := finding.Decode(bytes.NewReader(doc)); err == nil || len(found) > 0 {
			t.Errorf("%q: %d findings, %v", text, len(found), err)
		}
	}
}

func everyCall(t *testing.T, text string, files, must []string) {
	text = strings.ToValidUTF8(text, "\ufffd")
	var mu sync.Mutex
	written := map[string]int{}
	account := awssim.New(awssim.Options{Fault: func(c awssim.Call) awssim.Fault {
		mu.Lock()
		defer mu.Unlock()
		if !reads(c.Operation) && !setUp(t.Context(), c) {
			written[c.Service+"."+c.Operation]++
			if err := check(c); err != nil {
				t.Error(err)
			}
		}
		return awssim.Fault{}
	}})
	if err := awssim.Demo(account); err != nil {
		t.Fatal(err)
	}
	infect(t, account, text)
	cfg := account.Config(region)
	topic, err := sns.NewFromConfig(cfg).CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("security")})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	store, err := sqlite.Open(t.Context(), filepath.Join(dir, "cordon.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	w := &wire{posted: map[string][][]byte{}}
	v, err := vault.OpenS3(cloud.New(cfg, "").S3, evidenceBucket, strings.TrimSuffix(evidencePrefix, "/"), "")
	if err != nil {
		t.Fatal(err)
	}
	e := engine.New(options(t, cfg, store, v, w, *topic.TopicArn))

	var all []finding.Finding
	for _, name := range files {
		fs := poisoned(t, name, text, "")
		all = append(all, fs...)
	}
	contained := 0
	results := e.Respond(t.Context(), all)
	for _, r := range results {
		if r.Err != nil {
			t.Errorf("respond: %v", r.Err)
			continue
		}
		if r.Case.Status == casefile.Contained || r.Case.Status == casefile.Partial {
			contained++
		}
		if _, err := e.Verify(t.Context(), r.Case.ID); err != nil {
			t.Errorf("verify %s: %v", r.Case.Target, err)
		}
		if _, err := e.Release(t.Context(), r.Case.ID, engine.ReleaseOptions{FalsePositive: true, Force: true, ReactivateKeys: true}); err != nil {
			t.Errorf("release %s: %v", r.Case.Target, err)
		}
	}
	if contained == 0 {
		t.Errorf("none of %d targets is contained: the suite does not reach what it is for", len(results))
	}
	for _, f := range media {
		f(t, w, contained)
	}
	for _, op := range must {
		if written[op] == 0 {
			t.Errorf("no %s was made: the suite does not reach what it is for (%v)", op, written)
		}
	}
	recordsDecode(t, store, results)
}

// TestEveryChannelIsChecked fails for a channel that can be configured and is not in media.
func TestEveryChannelIsChecked(t *testing.T) {
	channels := reflect.TypeFor[notify.Config]()
	for i := range channels.NumField() {
		if name := channels.Field(i).Name; media[name] == nil {
			t.Errorf("notify.%s is not checked: enter in media how its messages are kept clean", name)
		}
	}
	if channels.NumField() != len(media) {
		t.Errorf("%d channels, %d checks", channels.NumField(), len(media))
	}
}

// setUp says whether a call is the test's own.
func setUp(_ context.Context, c awssim.Call) bool { return c.Operation == "CreateTopic" }

func options(t *testing.T, cfg aws.Config, store casefile.Store, v vault.Vault, w *wire, topic string) engine.Options {
	t.Helper()
	conf := config.Default("/")
	conf.EC2.QuarantineProfile = "arn:aws:iam::111122223333:instance-profile/cordon-quarantine"
	conf.EC2.LiveResponse = config.LiveResponse{Channel: config.ChannelHTTPS, Seconds: 90, Commands: linux, WindowsCommands: windows}
	conf.EC2.RevokeSharedRoles = true
	conf.Policy.Builtin, conf.BlastRadius = config.ContainAll, config.BlastRadius{}
	env := func(name string) (string, bool) {
		return map[string]string{"HOOK": "https://hooks.slack.com/services/T/B/x", "TOKEN": "t"}[name], true
	}
	var channels []notify.Channel
	for _, jira := range []notify.JiraConfig{
		{URL: "https://jira.example.com", Project: "SEC", Token: "env:TOKEN", API: "2", Events: notify.Events()},
		{URL: "https://example.atlassian.net", Project: "SEC", User: "a@example.com", Token: "env:TOKEN", Events: notify.Events()},
	} {
		more, err := notify.New(notify.Config{Jira: &jira}, notify.Deps{AWS: cfg, Transport: w, Getenv: env})
		if err != nil {
			t.Fatal(err)
		}
		channels = append(channels, named{more[0], fmt.Sprintf("notify.jira%s", jira.API)})
	}
	more, err := notify.New(notify.Config{
		SNS: &notify.SNSConfig{Topic: topic, Events: notify.Events()}, Slack: &notify.SlackConfig{Webhook: "env:HOOK", Events: notify.Events()}, SecurityHub: true,
	}, notify.Deps{AWS: cfg, Transport: w, Getenv: env})
	if err != nil {
		t.Fatal(err)
	}
	return engine.Options{
		Actions: actions.Catalog(), Store: store, Vault: v, Config: conf, Owner: "test", Recheck: true, Channels: append(channels, more...),
		Clients: func(_ context.Context, account, region string) (*cloud.Clients, error) {
			c := cfg.Copy()
			c.Region = region
			return cloud.New(c, account), nil
		},
	}
}

// named is a channel under another id, so that both kinds of Jira are told.
type named struct {
	notify.Channel
	id string
}

func (n named) ID() string { return n.id }

// infect makes what others may name in the account hostile.
func infect(t *testing.T, account *awssim.Account, text string) {
	t.Helper()
	err := account.Edit(region, func(ed *awssim.Editor) error {
		ed.SecurityHub()
		for _, id := range []string{"i-0a1b2c3d4e5f60001", "i-0a1b2c3d4e5f60002", "i-0a1b2c3d4e5f60003", "vol-0a1b2c3d4e5f60001", "eni-0a1b2c3d4e5f60001", "sg-0a1b2c3d4e5f60001", "vpc-0a1b2c3d4e5f60001"} {
			ed.Tag(id, "Name", text)
			ed.Tag(id, text, text)
			ed.Tag(id, "application", text)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// poisoned are the findings of an example with a hostile text in them; none where the document is no finding any more.
func poisoned(t *testing.T, name, text, also string) []finding.Finding {
	t.Helper()
	raw, err := examples.Findings.ReadFile("findings/" + name)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := ht.Poison(raw, text, also)
	if err != nil {
		t.Fatal(err)
	}
	found, err := finding.Decode(bytes.NewReader(doc))
	if also == "" && (err != nil || len(found) == 0) {
		t.Fatalf("%s: %v", name, err)
	}
	return found
}

// recordsDecode holds that what is stored can be given out as JSON.
func recordsDecode(t *testing.T, store casefile.Store, results []engine.Result) {
	t.Helper()
	for _, r := range results {
		records, err := store.Records(t.Context(), r.Case.ID)
		if err != nil {
			t.Errorf("records: %v", err)
		}
		if _, err := json.Marshal(records); err != nil {
			t.Errorf("records: %v", err)
		}
	}
}
