package config_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cordon/internal/config"
)

func TestParse(t *testing.T) {
	def := config.Default("/state")
	for _, tt := range []struct {
		name, yaml string
		want       string // in the error; "" for none
	}{
		{"empty", "", ""},
		{"only comments", "# nothing\n", ""},
		{"a store", "store: sqlite:///var/lib/cordon.db\n", ""},
		{"unknown key", "stroe: x\n", "stroe"},
		{"unknown key, nested", "ec2:\n  quarantine: x\n", "[2:"},
		{"wrong type", "ec2:\n  cut_established: perhaps\n", "[2:"},
		{"no YAML", "{[", "read configuration"},
		{"bad profile", "ec2: {quarantine_profile: cordon}\n", "no ARN of an instance profile"},
		{"bad block", "ec2: {never_block: [198.51.100.0/24, 198.51.100.0/40]}\n", "198.51.100.0/40\" is neither a block nor an address"},
		{"live response without profile", "ec2: {live_response: {channel: https}}\n", "needs ec2.quarantine_profile"},
		{"unknown channel", "ec2: {live_response: {channel: ssh}}\n", "leave it out"},
		{"too long", "ec2: {live_response: {seconds: 86400}}\n", "between 1 and 3600"},
		{"commands without channel", "ec2: {live_response: {commands: [id]}}\n", "no channel"},
		{"bad glob", "iam: {protected: ['[']}\n", "iam.protected"},
		{"suppress too long", "false_positive: {suppress_days: 3650}\n", "between 0 and 365"},
		{"intake without key", "serve:\n  listen: 127.0.0.1:8443\n", "serve.api_key"},
		{"intake for everyone without TLS", "serve: {listen: '0.0.0.0:8443', api_key: env:K}\n", "serve.tls"},
		{"intake's literal key", "serve: {listen: '127.0.0.1:1', api_key: planted-secret}\n", "serve.api_key"},
		{"key for nothing", "serve: {api_key: env:K}\n", "serve.listen"},
		{"port past the end", "serve: {health: '127.0.0.1:65536'}\n", "[1:9] serve.health"},
		{"watched all the time", "serve: {watch: {every: 1s}}\n", "between 10s and 7d"},
		{"key in a header of HTTP's own", "serve: {api_key_header: Host}\n", "serve.api_key_header"},
		{"one port for two", "serve: {listen: '127.0.0.1:9464', api_key: env:K}\n", "serve.health"},
		{"one port for two, of every address", "serve: {listen: ':9464', api_key: env:K, tls: {certificate: /c, key: /k}}\n", "serve.health"},
		{"FIFO queue", "serve: {queue: 'https://sqs.us-east-1.amazonaws.com/111122223333/x.fifo'}\n", "FIFO"},
		{"literal secret", "notify: {slack: {webhook: 'https://hooks.slack.com/services/T0/B0/planted-secret'}}\n", "notify"},
		{"literal secret beside an error", "nope: 1\nnotify: {slack: {webhook: 'https://hooks.slack.com/services/T0/B0/planted-secret'}}\n", "nope"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := config.Parse("cordon.yaml", []byte(tt.yaml), def)
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var conf *config.Error
			if !errors.As(err, &conf) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want one with %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "planted-secret") {
				t.Errorf("the error repeats the secret: %v", err)
			}
		})
	}
}

func TestDefaultsStay(t *testing.T) {
	def := config.Default("/state dir/100%")
	c, err := config.Parse("cordon.yaml", []byte("s3: {sources: true}\n"), def)
	if err != nil {
		t.Fatal(err)
	}
	def.S3.Sources = true
	if diff := cmp.Diff(def, c); diff != "" {
		t.Error(diff)
	}
	if c.Store != "sqlite:///state%20dir/100%25/cordon.db" || c.FalsePositive.SuppressDays != 7 || !c.EC2.CutEstablished {
		t.Errorf("defaults: %+v", c)
	}
}

// TestPartial: what a file does not give keeps its default, at every depth; so does a key without a value.
func TestPartial(t *testing.T) {
	for _, yaml := range []string{"", "ec2:\n", "ec2:\n  # cut_established: false\n", "ec2: {revoke_shared_roles: false}\n", "ec2: {live_response: {}}\n", "ec2: {cut_established:}\n", "ec2:\n  live_response:\n"} {
		c, err := config.Parse("cordon.yaml", []byte(yaml), config.Default("/"))
		if err != nil {
			t.Errorf("%q: %v", yaml, err)
			continue
		}
		if diff := cmp.Diff(config.Default("/"), c); diff != "" {
			t.Errorf("%q: %s", yaml, diff)
		}
	}
}

func TestExample(t *testing.T) {
	raw, err := os.ReadFile("../../examples/cordon.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse("cordon.yaml", raw, config.Default("/"))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.EC2.LiveResponse.Commands) == 0 || len(c.EC2.LiveResponse.WindowsCommands) == 0 {
		t.Error("the standard commands are not filled in")
	}
}
