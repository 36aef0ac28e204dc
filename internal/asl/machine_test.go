package asl_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"cordon/internal/asl"
	"cordon/internal/config"
	"cordon/internal/finding"
	"cordon/internal/playbook"
)

var update = flag.Bool("update", false, "write the golden files anew")

// everything is a tree with all that a playbook may hold.
func everything() playbook.Node {
	return playbook.Seq{
		playbook.Inline{Node: playbook.Par{
			playbook.Step{Action: "ec2.isolate-network", Essential: true},
			playbook.Step{Action: "ec2.tag"},
		}},
		playbook.Seq{playbook.Seq{}, playbook.Par{}, playbook.Par{playbook.Seq{playbook.Step{Action: "ec2.screenshot", Optional: true}}}},
		playbook.Par{
			playbook.Seq{playbook.Gate{Ask: "Stop the instance?", Timeout: 90 * time.Minute}, playbook.Step{Action: "ec2.stop", Residual: "it runs on"}},
			playbook.Par{playbook.Step{Action: "ec2.capture-metadata"}, playbook.Inline{Node: playbook.Step{Action: "ec2.deregister-targets"}}},
		},
		playbook.Step{Action: playbook.Settle},
	}
}

func TestGolden(t *testing.T) {
	for name, playbooks := range map[string][]playbook.Playbook{
		"cordon.asl.json":     asl.Playbooks(),
		"everything.asl.json": {toy("ec2", everything())},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := asl.Machine(playbooks)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(file, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s is out of date; look at the difference, then go test ./internal/asl -update", file)
			}
			execute(t, asl.Fill(got, "aws", function), nil) // valid
		})
	}
}

// TestPlaceholders: what a deployment fills in, and nothing that its template languages would take for theirs.
func TestPlaceholders(t *testing.T) {
	raw, err := asl.Machine(asl.Playbooks())
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`[$%]\{[^}]*\}?`).FindAllString(string(raw), -1)
	slices.Sort(found)
	if got := slices.Compact(found); !slices.Equal(got, []string{"${FunctionArn}", "${Partition}"}) {
		t.Errorf("placeholders %q", got)
	}
	if filled := asl.Fill(raw, "aws-cn", function); bytes.Contains(filled, []byte("${")) || !bytes.Contains(filled, []byte(`"arn:aws-cn:states:::lambda:invoke"`)) {
		t.Error("not filled in")
	}
	if !bytes.Equal(asl.Fill(raw, "", ""), raw) {
		t.Error("nothing to fill in, but it is changed")
	}
	if len(raw) > 1<<20 {
		t.Errorf("%d bytes: Step Functions takes 1 MB", len(raw))
	}
}

// TestNames: as Step Functions wants them, however many and however long.
func TestNames(t *testing.T) {
	var playbooks []playbook.Playbook
	for _, name := range []string{"a", strings.Repeat("ä", 79), strings.Repeat("ä", 90), "Cases", "b"} {
		playbooks = append(playbooks, toy(name, playbook.Seq{
			step("x.same"), step("y.same"),
			playbook.Par{step("z.same"), step("plain")},
			playbook.Par{step("z.same"), step("plain")},
			playbook.Gate{Timeout: time.Minute},
			playbook.Gate{},
			playbook.Inline{Node: playbook.Seq{}},
		}))
	}
	execute(t, machine(t, playbooks...), nil) // valid: names are unique, and of 80 characters at most
}

func TestErrors(t *testing.T) {
	long := step("a")
	for name, c := range map[string]struct {
		playbooks []playbook.Playbook
		want      string
	}{
		"no playbook":       {nil, "no playbook"},
		"no tree":           {[]playbook.Playbook{toy("a", nil)}, "unknown node"},
		"no tree in a Par":  {[]playbook.Playbook{toy("a", playbook.Par{long, nil})}, `at "1"`},
		"no name":           {[]playbook.Playbook{toy("", long)}, "taken"},
		"a name twice":      {[]playbook.Playbook{toy("a", long), toy("a", long)}, "taken"},
		"none":              {[]playbook.Playbook{toy(asl.NoPlaybook, long)}, "taken"},
		"settle first":      {[]playbook.Playbook{toy("a", playbook.Seq{step(playbook.Settle), long})}, "somewhere else"},
		"settle in a Par":   {[]playbook.Playbook{toy("a", playbook.Par{step(playbook.Settle), long})}, "somewhere else"},
		"settle inside":     {[]playbook.Playbook{toy("a", playbook.Inline{Node: step(playbook.Settle)})}, "somewhere else"},
		"gate inside":       {[]playbook.Playbook{toy("a", playbook.Inline{Node: playbook.Par{long, playbook.Gate{}}})}, "cannot wait"},
		"gate deep inside":  {[]playbook.Playbook{toy("a", playbook.Inline{Node: playbook.Inline{Node: playbook.Gate{}}})}, "cannot wait"},
		"no tree inside":    {[]playbook.Playbook{toy("a", playbook.Inline{})}, "unknown node"},
		"no tree of a Seq":  {[]playbook.Playbook{toy("a", playbook.Seq{playbook.Seq{nil}})}, `at "0/0"`},
		"no tree in a Seq":  {[]playbook.Playbook{toy("a", playbook.Par{long, playbook.Seq{long, nil}})}, `at "1/1"`},
		"settle in a chain": {[]playbook.Playbook{toy("a", playbook.Par{playbook.Seq{long, step(playbook.Settle)}, long})}, "somewhere else"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := asl.Machine(c.playbooks)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
		})
	}
}

// TestTimeout: an execution outlasts the longest wait for AWS and everyone who is asked.
func TestTimeout(t *testing.T) {
	hour := playbook.Gate{Timeout: time.Hour}
	m := machine(t,
		toy("a", playbook.Seq{hour, playbook.Par{hour, playbook.Seq{hour, hour}}, hour}),
		toy("b", playbook.Seq{hour, hour}),
	)
	var got struct{ TimeoutSeconds int }
	if err := json.Unmarshal(m, &got); err != nil {
		t.Fatal(err)
	}
	if want := (30*24 + 26 + 4) * 3600; got.TimeoutSeconds != want {
		t.Errorf("timeout %d s, want %d", got.TimeoutSeconds, want)
	}
}

// TestPlaybooksAreOneTree: the machine is rendered from the default configuration, and the function runs the playbooks of
// its own.
func TestPlaybooksAreOneTree(t *testing.T) {
	conf := config.Default("/")
	conf.EC2.LiveResponse.Channel, conf.EC2.QuarantineProfile, conf.EC2.RevokeSharedRoles = config.ChannelHTTPS, "arn:x", true
	conf.EC2.CutEstablished = !conf.EC2.CutEstablished
	var other []playbook.Playbook
	for _, k := range playbook.Kinds() {
		p, ok := playbook.For(playbook.Subject{
			Case: "c-1", Target: finding.Target{Kind: k, ID: "x"}, Config: conf, AccessKeys: []string{"a"}, PrincipalID: "p", Since: "s",
		})
		if !ok {
			t.Fatalf("no playbook for %s", k)
		}
		other = append(other, p)
	}
	if !bytes.Equal(machine(t, asl.Playbooks()...), machine(t, other...)) {
		t.Error("the machine depends on the configuration or on the target")
	}
}
