package permissions_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cordon/internal/permissions"
)

// TestSize: the function's role has one inline and one managed policy, the member's all in an inline one; each fits.
func TestSize(t *testing.T) {
	long := values()
	long[permissions.Partition], long[permissions.Region], long[permissions.Name] = "aws-us-gov", "ap-southeast-99", strings.Repeat("n", 20)
	for key, v := range long {
		long[key] = strings.NewReplacer("arn:aws:", "arn:aws-us-gov:", "us-east-1", "ap-southeast-99").Replace(v)
	}
	long[permissions.BucketArn] = "arn:aws-us-gov:s3:::" + strings.Repeat("b", 63)
	long[permissions.MemberRoleName], long[permissions.RoleName] = strings.Repeat("m", 64), strings.Repeat("m", 64)
	for _, secret := range []string{permissions.SlackWebhookSecretArn, permissions.JiraTokenSecretArn} {
		long[secret] = "arn:aws-us-gov:secretsmanager:ap-southeast-99:111122223333:secret:" + strings.Repeat("s", 64) + "-a1b2c3"
	}
	inline, managed := permissions.Responder().Split()
	for _, d := range []struct {
		name  string
		p     permissions.Policy
		quota int
	}{
		{"responder, inline", inline, permissions.InlineQuota},
		{"responder, managed", managed, permissions.ManagedQuota},
		{"member", permissions.Member(), permissions.InlineQuota},
	} {
		size := d.p.Fill(long).Size()
		t.Logf("%s: %d statements, %d permissions, %d characters", d.name, len(d.p.Statement), len(d.p.Actions()), size)
		if size > d.quota {
			t.Errorf("%s: %d characters; IAM takes %d", d.name, size, d.quota)
		}
		if least := d.p.On(); len(least.Statement) == 0 {
			t.Errorf("%s: no statement without any parameter: IAM takes no empty policy", d.name)
		}
	}
}

// TestSplit: the two documents are the policy, each statement in one of them.
func TestSplit(t *testing.T) {
	for name, p := range map[string]permissions.Policy{"responder": permissions.Responder(), "member": permissions.Member()} {
		inline, managed := p.Split()
		sids := map[string]int{}
		for _, s := range append(inline.Statement, managed.Statement...) {
			sids[s.Sid]++
		}
		for _, s := range p.Statement {
			if sids[s.Sid] != 1 {
				t.Errorf("%s: %s stands in %d of the two documents", name, s.Sid, sids[s.Sid])
			}
			if s.Apart && s.Effect != "Allow" {
				t.Errorf("%s: %s: a Deny belongs to what it limits", name, s.Sid)
			}
		}
		if len(inline.Statement)+len(managed.Statement) != len(p.Statement) || inline.Version != p.Version || managed.Version != p.Version {
			t.Errorf("%s: %d and %d statements of %d", name, len(inline.Statement), len(managed.Statement), len(p.Statement))
		}
	}
}

// TestPolicy holds the policies to what no policy of Cordon's may do.
func TestPolicy(t *testing.T) {
	for name, p := range map[string]permissions.Policy{"responder": permissions.Responder(), "member": permissions.Member()} {
		var document struct {
			Version   string
			Statement []struct{ Sid string }
		}
		if err := json.Unmarshal(p.JSON(), &document); err != nil || document.Version != "2012-10-17" || len(document.Statement) != len(p.Statement) {
			t.Errorf("%s: %+v, %v", name, document, err)
		}
		sids := map[string]bool{}
		for _, s := range p.Statement {
			if sids[s.Sid] || !regexp.MustCompile(`^[0-9A-Za-z]+$`).MatchString(s.Sid) || s.Scope == "" {
				t.Errorf("%s: statement %q: not unique, not alphanumeric, or without a scope", name, s.Sid)
			}
			sids[s.Sid] = true
			for _, a := range s.Action {
				if strings.Contains(a, "*") {
					t.Errorf("%s: %s allows %s", name, s.Sid, a)
				}
			}
			if slices.Contains(s.Action, "iam:PassRole") && s.Effect == "Allow" && (slices.Contains(s.Resource, "*") || s.Condition == nil) {
				t.Errorf("%s: %s lets every role be passed", name, s.Sid)
			}
		}
		for _, word := range regexp.MustCompile(`\$\{([^}]*)\}`).FindAllStringSubmatch(string(p.JSON()), -1) {
			if !slices.Contains(permissions.Placeholders(name == "member"), word[1]) {
				t.Errorf("%s: the placeholder %s is not listed", name, word[0])
			}
		}
		if left := p.Fill(values()).JSON(); strings.Contains(string(left), "${") {
			t.Errorf("%s: a placeholder has no value: %s", name, left)
		}
	}
}

// TestOn: a deployment without live response, notices or members has none of their permissions.
func TestOn(t *testing.T) {
	all, least := permissions.Responder(), permissions.Responder().On()
	for _, a := range []string{"ssm:SendCommand", "secretsmanager:GetSecretValue", "securityhub:BatchUpdateFindings", "sts:AssumeRole"} {
		if !slices.Contains(all.Actions(), a) || slices.Contains(least.Actions(), a) {
			t.Errorf("%s: of all %v, of the least %v", a, slices.Contains(all.Actions(), a), slices.Contains(least.Actions(), a))
		}
	}
	if on := permissions.Responder().On(permissions.LiveResponse).Actions(); !slices.Contains(on, "ssm:SendCommand") || slices.Contains(on, "sts:AssumeRole") {
		t.Errorf("with live response: %v", on)
	}
}
