package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"cordon/internal/config"
)

// TestCurrent: every generated file is what would be generated now.
func TestCurrent(t *testing.T) {
	t.Chdir("../..")
	if err := run(true); err != nil {
		t.Error(err)
	}
}

// compiled is the published schema.
func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	raw, err := os.ReadFile("../../" + schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("cordon.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("cordon.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// verdicts are what the schema and what Cordon say of a configuration.
func verdicts(t *testing.T, s *jsonschema.Schema, text string) (schema, cordon error) {
	t.Helper()
	var doc any
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	_, cordon = config.Parse("cordon.yaml", []byte(text), config.Default("/"))
	return s.Validate(doc), cordon
}

// TestSchemaTakes: the schema and Cordon take the example and every cordon.yaml in the documentation.
func TestSchemaTakes(t *testing.T) {
	s := compiled(t)
	examples := map[string]string{"empty": "", "every section without a value": "store:\nvault:\nec2:\niam:\ns3:\nnotify:\nfalse_positive:\npolicy:\n"}
	for _, name := range []string{"examples/cordon.yaml", "docs/policy.md", "docs/serve.md", "README.md"} {
		raw, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		text := string(raw)
		if !strings.HasSuffix(name, ".md") {
			examples[name] = text
			examples[name+" with what is commented out"] = regexp.MustCompile(`(?m)^# ((?:accounts|notify|policy):|  +(?:- \{|\w+: ?).*)$`).ReplaceAllString(text, "$1")
			if !strings.Contains(examples[name+" with what is commented out"], "\npolicy:\n  builtin:") {
				t.Fatalf("%s: what is commented out is not found", name)
			}
			continue
		}
		for i, block := range regexp.MustCompile("(?s)```yaml\n(# (?:cordon\\.yaml|yaml-language-server).*?)```").FindAllStringSubmatch(text, -1) {
			examples[name+" "+string(rune('a'+i))] = block[1]
		}
	}
	if len(examples) < 9 {
		t.Fatalf("only %d examples found", len(examples))
	}
	for name, text := range examples {
		t.Run(name, func(t *testing.T) {
			schema, cordon := verdicts(t, s, text)
			if schema != nil || cordon != nil {
				t.Errorf("schema: %v\ncordon: %v\n%s", schema, cordon, text)
			}
		})
	}
}

// TestSameVerdict: what Cordon refuses, the schema refuses, and what one takes, the other takes.
func TestSameVerdict(t *testing.T) {
	s := compiled(t)
	rule := func(r string) string { return "policy: {rules: [{name: r, match: {}, then: contain, " + r + "}]}" }
	match := func(m string) string { return "policy: {rules: [{name: r, match: {" + m + "}, then: contain}]}" }
	for _, tt := range []struct {
		text  string
		taken bool
	}{
		{"stroe: x", false},
		{"store: true", false},
		{"store: sqlite:///x", true},
		{"ec2: {cut_established: perhaps}", false},
		{"ec2: {quarantine_profil: x}", false},
		{"ec2: {quarantine_profile: cordon}", false},
		{"ec2: {never_block: [8.8.8.8, 198.51.100.0/24, '2001:db8::/32']}", true},
		{"ec2: {never_block: [dns.example.com]}", false},
		{"ec2: {never_block: ['']}", false},
		{"ec2: {quarantine_profile: 'arn:aws:iam::111122223333:instance-profile/q'}", true},
		{"ec2: {live_response: {channel: https}}", false},
		{"ec2: {quarantine_profile: 'arn:aws:iam::111122223333:instance-profile/q', live_response: {channel: https}}", true},
		{"ec2: {live_response: {channel: ssh}}", false},
		{"ec2: {live_response: {seconds: 0}}", false},
		{"ec2: {live_response: {seconds: 3600}}", true},
		{"iam: {protected: ['']}", false},
		{"iam: {protected: x}", false},
		{"iam: {all_keys: 'yes'}", false},
		{"false_positive: {suppress_days: 366}", false},
		{"notify: {slack: {webhook: 'https://hooks.slack.com/services/x'}}", false},
		{"notify: {slack: {webhook: env:SLACK}}", true},
		{"notify: {slack: {}}", false},
		{"notify: {slack: {webhook: env:SLACK, events: [everything]}}", false},
		{"notify: {sns: {topic: security}}", false},
		{"notify: {sns: {topic: 'arn:aws:sns:eu-west-1:111122223333:security', events: [contained]}}", true},
		{"notify: {jira: {url: 'http://jira.example.com', project: SEC, token: env:T}}", false},
		{"notify: {jira: {url: 'https://jira.example.com/ctx', project: SEC, token: env:T}}", true},
		{"notify: {jira: {url: 'https://jira.example.com', project: SEC, token: env:T, priority: {urgent: P1}}}", false},
		{"notify: {jira: {url: 'https://jira.example.com', project: SEC, token: env:T, api: 2}}", true},
		{"notify: {jira: {url: 'https://jira.example.com', project: SEC, token: 'secretsmanager:arn:aws:secretsmanager:eu-west-1:111122223333:secret:x#k'}}", true},
		{"notify: {securityhub: true}", true},
		{"accounts: {own: 111122223333}", true},
		{"accounts: {own: 1111}", false},
		{"accounts: {own: '111122223333', role: security/cordon-member, external_id: x1, session_name: cordon}", true},
		{"accounts: {external_id: x1}", false},
		{"accounts: {role: 'arn:aws:iam::111122223333:role/x'}", false},
		{"accounts: {session_name: x}", false},
		{"policy: {rulez: []}", false},
		{"policy: {rules: []}", true},
		{"policy: {rules: [~]}", false},
		{"policy: {builtin: contain_all}", false},
		{"policy: {builtin: contain-all, exempt_tag: ''}", true},
		{"policy: {rules: [{match: {}, then: contain}]}", false},
		{"policy: {rules: [{name: builtin/x, match: {}, then: contain}]}", false},
		{"policy: {rules: [{name: r, then: contain}]}", false},
		{"policy: {rules: [{name: r, match: ~, then: ignore}]}", false},
		{"policy: {rules: [{name: r, match: {}}]}", false},
		{"policy: {rules: [{name: r, match: {}, then: contein}]}", false},
		{"policy: {rules: [{name: r, match: {}, then: observe, steps: {ec2.tag: false}}]}", false},
		{rule("steps: {ec2.snapshot-volumes: false}, reason: x"), true},
		{rule("steps: {ec2.snapshot: false}"), false},
		{rule("steps: {ec2.isolate-network: false}"), false},
		{rule("steps: {ec2.isolate-network: true}"), true},
		{rule("steps: {ec2.tag: ~}"), false},
		{match("types: 'Recon:*'"), false},
		{match("types: []"), false},
		{match("types: ['']"), false},
		{match("types: ['Recon:*'], severity: high"), true},
		{match("severity: [high, critical]"), true},
		{match("severity: {min: 7}"), true},
		{match("severity: {min: ~}"), false},
		{match("severity: {}"), false},
		{match("severity: 7"), false},
		{match("severity: []"), false},
		{match("severity: hihg"), false},
		{match("severity: {min: 11}"), false},
		{match("severity: {least: 1}"), false},
		{match("accounts: [111122223333]"), true},
		{match("accounts: [1111222233334]"), false},
		{match("accounts: ['1111*']"), true},
		{match("accounts: ['prod']"), false},
		{match("kinds: [ec2.instance, s3.bucket]"), true},
		{match("kinds: [ec2.instances]"), false},
		{match("tags: {}"), false},
		{match("tags: {env: 1}"), true},
		{match("tags: {env: 1.5}"), false},
		{match("tags: {env: ~}"), false},
		{match("tags: {env: prod*}"), true},
		{match("count: {min: 1, max: 5}"), true},
		{match("count: {min: 0}"), false},
		{match("count: {}"), false},
		{match("age: {max: 1d12h}"), true},
		{match("age: {max: soon}"), false},
		{match("role: target"), true},
		{match("role: victim"), false},
		{match("time: {}"), false},
		{match("time: {zone: UTC}"), false},
		{match("time: {days: [sat]}"), true},
		{match("time: {days: []}"), false},
		{match("time: {days: [saturday]}"), false},
		{match("time: {from: '22:00'}"), false},
		{match("time: {from: '22:00', to: '06:00', zone: UTC}"), true},
		{match("time: {from: '24:00', to: '06:00'}"), false},
		{"policy: {exemptions: [{reason: x}]}", false},
		{"policy: {exemptions: [{id: x}]}", false},
		{"policy: {exemptions: [{id: '', reason: x}]}", false},
		{"policy: {exemptions: [{id: x, reason: ''}]}", false},
		{"policy: {exemptions: [{id: x, reason: y, until: tomorrow}]}", false},
		{"policy: {exemptions: [{tags: {a: b}, reason: y, until: 2026-12-31}]}", true},
		{"policy: {exemptions: [{account: '1111', reason: y}]}", false},
		{"policy: {limits: {total: 0}}", false},
		{"policy: {limits: {window: 30m, total: 1, application_tag: app}}", true},
		{"policy: {limits: {window: 30}}", false},
		{"policy: {limits: {application_tag: ''}}", false},
		{"policy: {approval: {people: 3}}", false},
		{"policy: {approval: {approvers: [alice]}}", false},
		{"policy: {approval: {approvers: ['arn:aws:iam::*:role/security-*'], people: 2, timeout: 4h, on_timeout: contain, self: true}}", true},
		{"policy: {approval: {on_timeout: ignore}}", false},
		{"blast_radius: {last_healthy_target: report, group_share: {percent: 30, then: approve}, role_users: {more_than: 3, then: ignore}, unknown: approve}", true},
		{"blast_radius: {website: contain}", false},
		{"blast_radius: {group_share: {percent: 101}}", false},
		{"blast_radius: {role_users: {more_than: -1}}", false},
		{"serve: {queue: 'https://sqs.us-east-1.amazonaws.com/111122223333/cordon'}", true},
		{"serve: {queue: 'https://sqs.us-east-1.amazonaws.com/111122223333/cordon.fifo'}", false},
		{"serve: {queue: cordon}", false},
		{"serve: {listen: '127.0.0.1:8443', api_key: env:KEY, watch: {every: 1m, drift: off}}", true},
		{"serve: {listen: '[::1]:8443', api_key: file:/k, api_key_header: X-Key, workers: 4, stop_timeout: 1m}", true},
		{"serve: {listen: '127.0.0.1:8443'}", false},
		{"serve: {listen: '127.0.0.1', api_key: env:KEY}", false},
		{"serve: {listen: '0.0.0.0:8443', api_key: env:KEY}", false},
		{"serve: {listen: '0.0.0.0:8443', api_key: env:KEY, tls: {certificate: /c}}", false},
		{"serve: {listen: '0.0.0.0:8443', api_key: env:KEY, tls: {certificate: c, key: k}}", false},
		{"serve: {listen: ':8443', api_key: env:KEY, tls: {certificate: /c, key: /k}}", true},
		{"serve: {listen: 'example.com:8443', api_key: env:KEY, tls: {certificate: /c, key: /k}}", false},
		{"serve: {api_key: env:KEY}", false},
		{"serve: {listen: '127.0.0.1:8443', api_key: planted}", false},
		{"serve: {listen: '127.0.0.1:8443', api_key: env:KEY, api_key_header: 'X Key'}", false},
		{"serve: {health: '0.0.0.0:9464'}", true},
		{"serve: {health: ''}", false},
		{"serve: {workers: 0}", false},
		{"serve: {watch: {drift: fight}}", false},
		{"[]", false},
		{"text", false},
	} {
		t.Run(tt.text, func(t *testing.T) {
			schema, cordon := verdicts(t, s, tt.text)
			if (schema == nil) != tt.taken || (cordon == nil) != tt.taken {
				t.Errorf("want taken: %v\nschema: %v\ncordon: %v", tt.taken, schema, cordon)
			}
		})
	}
}

// TestDescribed: the editor has something to say about every key.
func TestDescribed(t *testing.T) {
	raw, err := os.ReadFile("../../" + schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	root := doc.(map[string]any)
	objects := map[string]any{"cordon.yaml": root}
	for name, def := range root["$defs"].(map[string]any) {
		objects[name] = def
	}
	for name, object := range objects {
		for key, p := range object.(map[string]any)["properties"].(map[string]any) {
			if d, _ := p.(map[string]any)["description"].(string); d == "" {
				t.Errorf("%s: %s has no description", name, key)
			}
		}
	}
}
