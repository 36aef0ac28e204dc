package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"cordon/internal/permissions"
)

// TestTerraform: with every if true the template is the whole policy, with every if false what no parameter turns on.
func TestTerraform(t *testing.T) {
	inline, managed := permissions.Responder().Split()
	for name, p := range map[string]permissions.Policy{"inline": inline, "managed": managed, "member": permissions.Member()} {
		text := string(terraform(p))
		for want, marks := range map[int]*regexp.Regexp{
			len(p.Statement):      regexp.MustCompile(`%\{[^}]*\}`),
			len(p.On().Statement): regexp.MustCompile(`(?s)%\{ if .*?%\{ endif \}`),
		} {
			var document struct {
				Statement []struct{ Sid, Effect string }
			}
			if err := json.Unmarshal([]byte(marks.ReplaceAllString(text, "")), &document); err != nil || len(document.Statement) != want {
				t.Errorf("%s: %d statements, want %d; %v", name, len(document.Statement), want, err)
			}
		}
	}
}

func TestScalar(t *testing.T) {
	for in, want := range map[string]string{
		"ec2:CreateTags": "ec2:CreateTags", "Null": "'Null'", "false": "'false'", "*": "'*'", "s3.*": "'s3.*'",
		"${TableArn}":                      "!Sub '${Table.Arn}'",
		"arn:${Partition}:iam::${Account}": "!Sub 'arn:${AWS::Partition}:iam::${AWS::AccountId}'",
	} {
		if got := scalar(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// TestCloudFormation: a statement that a parameter turns on is under its condition.
func TestCloudFormation(t *testing.T) {
	p := permissions.Responder()
	text := strings.Join(cloudFormation(p), "\n")
	if got := strings.Count(text, "Sid: "); got != len(p.Statement) {
		t.Errorf("%d statements, want %d", got, len(p.Statement))
	}
	if got := strings.Count(text, "- !If"); got != len(p.Statement)-len(p.On().Statement) || !strings.Contains(text, "  - HasSecurityHub\n  - Sid: UpdateSecurityHub") {
		t.Errorf("%d conditions in\n%s", got, text)
	}
	if strings.Contains(text, "${Partition}") || strings.Contains(text, "${Account}") {
		t.Error("a placeholder is left")
	}
}
