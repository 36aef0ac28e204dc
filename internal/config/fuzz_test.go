package config_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cordon/internal/config"
)

// FuzzParse: any text is refused with an *Error of a bounded length that a terminal shows as it is, or it is read, twice the
// same, and read over itself it is the same still; no limit is passed.
func FuzzParse(f *testing.F) {
	example, err := os.ReadFile("../../examples/cordon.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(example))
	f.Add(strings.ReplaceAll(strings.ReplaceAll(string(example), "# - ", "- "), "\n# ", "\n")) // what is commented out, too
	f.Add(fullPolicy)
	for _, seed := range []string{
		"", "a: &a [*a]", "store: sqlite:///\x00", "vault: s3://b/../..", "notify: {slack: {webhook: https://hooks.slack.com/services/secret}}",
		"ec2: {live_response: {channel: https, seconds: 1e9}}", "iam: {protected: ['[']}", "accounts: {role: ../x}", "blast_radius: {group_share: {percent: -1}}",
		"policy: {approval: {approvers: ['*'], timeout: 999999999d}}", "policy: {rules: [{name: r, match: {time: {zone: ../../etc/passwd}}, then: ignore}]}",
		"policy: !!binary aGk=", "? [a, b]\n: c", "%YAML 9.9\n---\n{}", "notify: {jira: {url: 'https://user:secret@host', project: 'a\" OR 1=1', token: env:X}}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, yaml string) {
		if len(yaml) > 1<<14 {
			t.Skip()
		}
		c, err := config.Parse("cordon.yaml", []byte(yaml), config.Default("/"))
		if err != nil {
			if !errors.As(err, new(*config.Error)) || len(err.Error()) > 4<<10+2*len(yaml) {
				t.Fatalf("%T of %d bytes: %.200v", err, len(err.Error()), err)
			}
			return
		}
		again, err := config.Parse("cordon.yaml", []byte(yaml), config.Default("/"))
		if err != nil || !cmp.Equal(c, again) {
			t.Fatalf("read differently again: %v", err)
		}
		over, err := config.Parse("cordon.yaml", []byte(yaml), c)
		if err != nil || !cmp.Equal(c.Notify, over.Notify) || !cmp.Equal(c.Store, over.Store) {
			t.Fatalf("read differently over itself: %v", err)
		}
		live := c.EC2.LiveResponse
		if live.Seconds < 1 || live.Seconds > 3600 || live.Channel == "" && len(live.Commands) > 0 || c.FalsePositive.SuppressDays < 0 || c.FalsePositive.SuppressDays > 365 {
			t.Fatalf("accepted %+v", c)
		}
	})
}
