package deploytest

import (
	"crypto/rand"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"cordon/internal/casefile"
	"cordon/internal/permissions"
)

// everything is a set of parameters that switches everything on.
func everything() map[string]string {
	return map[string]string{
		"FindingTypes": "CryptoCurrency:EC2/BitcoinTool.B!DNS", "NotificationEmail": "security@example.com", "SlackWebhookSecretArn": slackSecret,
		"JiraUrl": "https://example.atlassian.net", "JiraProject": "SEC", "JiraUser": "a@example.com", "JiraTokenSecretArn": jiraSecret,
		"SecurityHub": "true", "LiveResponse": "true", "RevokeSharedRoles": "true", "BlockRemoteIps": "true", "ProtectedIdentities": "break-glass-*",
		"DisableAllKeys": "true", "ContainSourceBuckets": "true", "MemberRoleName": "cordon-member", "MemberExternalId": "ext-1",
		"ObjectLockDays": "30", "EvidenceRetentionDays": "400", "ConfigOverride": "iam: {}",
	}
}

// stacks are the templates resolved with the defaults, and with everything on.
func stacks(t *testing.T) map[string]*Stack {
	t.Helper()
	out := map[string]*Stack{}
	for name, of := range map[string]struct {
		tmpl       Template
		parameters map[string]string
	}{
		"defaults":    {LoadSAM(t), nil},
		"everything":  {LoadSAM(t), everything()},
		"never":       {LoadSAM(t), map[string]string{"EvidenceRetentionDays": "0"}},
		"member":      {LoadMember(t), map[string]string{"HubAccount": "444455556666"}},
		"member, ext": {LoadMember(t), map[string]string{"HubAccount": "444455556666", "ExternalId": "ext-1", "OperatorRoleArn": "arn:aws:iam::444455556666:role/security/responder", "BlockRemoteIps": "true"}},
	} {
		stack, err := of.tmpl.Evaluate(of.parameters)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[name] = stack
	}
	return out
}

// statement is one statement of a policy, and where it stands.
type statement struct {
	at   string
	body map[string]any
}

func (s statement) list(key string) []string {
	if one, ok := s.body[key].(string); ok {
		return []string{one}
	}
	return texts(s.body[key])
}

// statements are all statements of all policies of a stack.
func statements(stack *Stack) []statement {
	var out []statement
	for id, r := range stack.Resources {
		var walk func(v any)
		walk = func(v any) {
			switch v := v.(type) {
			case map[string]any:
				if list, ok := v["Statement"].([]any); ok {
					for _, s := range list {
						out = append(out, statement{id, object(s)})
					}
				}
				for _, item := range v {
					walk(item)
				}
			case []any:
				for _, item := range v {
					walk(item)
				}
			}
		}
		walk(r.Properties)
	}
	return out
}

// TestPolicies: nothing is allowed wholesale, to anybody.
func TestPolicies(t *testing.T) {
	for name, stack := range stacks(t) {
		seen := 0
		for _, s := range statements(stack) {
			seen++
			actions, resources := s.list("Action"), s.list("Resource")
			for _, key := range []string{"NotAction", "NotResource", "NotPrincipal"} {
				if s.body[key] != nil {
					t.Errorf("%s: %s: %s says what is left out, not what is in", name, s.at, key)
				}
			}
			if s.body["Effect"] == "Deny" {
				continue
			}
			if s.body["Principal"] == "*" || object(s.body["Principal"])["AWS"] == "*" {
				t.Errorf("%s: %s: anybody may %v", name, s.at, actions)
			}
			for _, a := range actions {
				// The key's own policy lets the account's IAM policies decide, as AWS advises.
				if strings.Contains(a, "*") && (s.at != "Key" || s.body["Sid"] != "Account") {
					t.Errorf("%s: %s: allows %s", name, s.at, a)
				}
			}
			if slices.Contains(actions, "iam:PassRole") && slices.Contains(resources, "*") {
				t.Errorf("%s: %s: iam:PassRole on *", name, s.at)
			}
			if len(actions) == 0 || len(resources) == 0 && s.body["Principal"] == nil {
				t.Errorf("%s: %s: a statement without action or resource: %v", name, s.at, s.body)
			}
		}
		if seen < 2 {
			t.Errorf("%s: only %d statements seen", name, seen)
		}
	}
}

// TestSizes: nothing is larger than AWS takes it. White space does not count in policies.
func TestSizes(t *testing.T) {
	for name, stack := range stacks(t) {
		for id, r := range stack.Resources {
			if r.Type == "AWS::IAM::ManagedPolicy" {
				raw, err := json.Marshal(r.Properties["PolicyDocument"])
				if err != nil || len(raw) > permissions.ManagedQuota {
					t.Errorf("%s: %s has %d characters; IAM takes %d in a managed policy; %v", name, id, len(raw), permissions.ManagedQuota, err)
				}
			}
			if r.Type == "AWS::IAM::Role" {
				total := 0
				policies, _ := r.Properties["Policies"].([]any)
				for _, p := range policies {
					raw, err := json.Marshal(object(p)["PolicyDocument"])
					if err != nil {
						t.Fatal(err)
					}
					total += len(raw)
				}
				if total > permissions.InlineQuota {
					t.Errorf("%s: the policies of %s have %d characters; IAM takes %d in a role", name, id, total, permissions.InlineQuota)
				}
			}
		}
	}
}

// TestTrust: a service's role is assumed by that service, the member's by the hub's function alone.
func TestTrust(t *testing.T) {
	all := stacks(t)
	for id, want := range map[string]string{
		"RuleRole": "events.amazonaws.com", "StateMachineRole": "states.amazonaws.com", "FunctionRole": "lambda.amazonaws.com",
		"QuarantineRole": "ec2.amazonaws.com",
	} {
		trust := (&Stack{Resources: map[string]Resource{id: {Properties: map[string]any{
			"T": all["defaults"].Resources[id].Properties["AssumeRolePolicyDocument"],
		}}}})
		got := statements(trust)
		if len(got) != 1 || object(got[0].body["Principal"])["Service"] != want || got[0].body["Action"] != "sts:AssumeRole" {
			t.Errorf("%s: %v", id, got)
		}
	}
	const operator = "arn:aws:iam::444455556666:role/security/responder"
	for name, external := range map[string]any{"member": nil, "member, ext": "ext-1"} {
		trusted := []string{"arn:aws:iam::444455556666:role/cordon-function-*"}
		if external != nil {
			trusted = append(trusted, operator)
		}
		document := object(all[name].Resources["MemberRole"].Properties["AssumeRolePolicyDocument"])
		list, _ := document["Statement"].([]any)
		condition := object(object(list[0])["Condition"])
		if got := texts(object(condition["ArnLike"])["aws:PrincipalArn"]); len(list) != 1 || !slices.Equal(got, trusted) {
			t.Errorf("%s: trusts %v", name, got)
		}
		if got := object(condition["StringEquals"])["sts:ExternalId"]; got != external {
			t.Errorf("%s: external id %v, want %v", name, got, external)
		}
	}
	hub := text(object(all["defaults"].Resources["FunctionRole"].Properties)["RoleName"])
	if !strings.HasPrefix(hub, "cordon-function-") {
		t.Errorf("the hub's role is %s: no member would trust it", hub)
	}
}

// TestEvidenceBucket: private, over TLS only, versioned, encrypted with the key.
func TestEvidenceBucket(t *testing.T) {
	all := stacks(t)
	for name, locked := range map[string]bool{"defaults": false, "everything": true, "never": false} {
		stack := all[name]
		bucket := stack.Resources["EvidenceBucket"].Properties
		for _, key := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
			if object(bucket["PublicAccessBlockConfiguration"])[key] != true {
				t.Errorf("%s: %s is not on", name, key)
			}
		}
		if object(bucket["VersioningConfiguration"])["Status"] != "Enabled" {
			t.Errorf("%s: not versioned", name)
		}
		lock := object(bucket["ObjectLockConfiguration"])
		if got := lock["Rule"] != nil; got != locked || bucket["ObjectLockEnabled"] != true || lock["ObjectLockEnabled"] != "Enabled" {
			t.Errorf("%s: ObjectLockEnabled %v, %v", name, bucket["ObjectLockEnabled"], lock)
		}
		lifecycle, _ := object(bucket["LifecycleConfiguration"])["Rules"].([]any)
		expires := slices.ContainsFunc(lifecycle, func(r any) bool { return object(r)["ExpirationInDays"] != nil })
		if len(lifecycle) == 0 || expires == (name == "never") {
			t.Errorf("%s: lifecycle %v", name, lifecycle)
		}
		for _, r := range lifecycle {
			checkExpiry(t, name, object(r))
		}
		tls := slices.ContainsFunc(statements(stack), func(s statement) bool {
			return s.at == "EvidenceBucketPolicy" && s.body["Effect"] == "Deny" && s.body["Principal"] == "*" && s.body["Action"] == "s3:*" &&
				object(object(s.body["Condition"])["Bool"])["aws:SecureTransport"] == "false" && len(s.list("Resource")) == 2
		})
		if !tls {
			t.Errorf("%s: plain HTTP is not refused", name)
		}
	}
}

// checkExpiry: a rule that deletes covers the evidence of cases, and nothing that the table's items point to.
func checkExpiry(t *testing.T, name string, rule map[string]any) {
	t.Helper()
	prefix := text(rule["Prefix"])
	if rule["ExpirationInDays"] == nil && rule["NoncurrentVersionExpiration"] == nil {
		if prefix != "cordon/" {
			t.Errorf("%s: rule %v is for %q", name, rule["Id"], prefix)
		}
		return
	}
	id, err := casefile.NewID(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix("cordon/"+id+"/manifest/000001.json", prefix) {
		t.Errorf("%s: the evidence of %s never expires: the rule is for %q", name, id, prefix)
	}
	if stored := "cordon/store/"; strings.HasPrefix(stored, prefix) || strings.HasPrefix(prefix, stored) {
		t.Errorf("%s: prior states in cordon/store/ expire: the rule is for %q", name, prefix)
	}
}

// TestKept: what a case needs outlives the stack.
func TestKept(t *testing.T) {
	resources := LoadSAM(t).Resources()
	for id, want := range map[string]string{
		// A first deployment that fails leaves none of these behind.
		"Key": "RetainExceptOnCreate", "EvidenceBucket": "RetainExceptOnCreate", "EvidenceBucketPolicy": "RetainExceptOnCreate",
		"Table": "Retain", // its deletion protection would stop CloudFormation's rolling back
	} {
		if r := resources[id]; r.DeletionPolicy != want || r.UpdateReplacePolicy != "Retain" {
			t.Errorf("%s: DeletionPolicy %s, UpdateReplacePolicy %s", id, r.DeletionPolicy, r.UpdateReplacePolicy)
		}
	}
	for name, stack := range stacks(t) {
		for id, r := range stack.Resources {
			if r.Type == "AWS::Logs::LogGroup" && text(r.Properties["RetentionInDays"]) != "90" {
				t.Errorf("%s: log group %s keeps its logs for %v days", name, id, r.Properties["RetentionInDays"])
			}
		}
	}
	table := stacks(t)["defaults"].Resources["Table"].Properties
	if table["DeletionProtectionEnabled"] != true || object(table["PointInTimeRecoverySpecification"])["PointInTimeRecoveryEnabled"] != true {
		t.Errorf("the table is not protected: %v", table)
	}
}

// TestAlarms: each one goes to the topic, looks at what the stack has, and takes silence for good news.
func TestAlarms(t *testing.T) {
	want := []string{
		"DeadLetterQueueNotEmpty", "FunctionErrors", "FunctionThrottled", "StateMachineAborted", "StateMachineFailed",
		"StateMachineThrottled", "StateMachineTimedOut",
	}
	stack := stacks(t)["defaults"]
	var got []string
	for id, r := range stack.Resources {
		if r.Type != "AWS::CloudWatch::Alarm" {
			continue
		}
		got = append(got, id)
		if to := texts(r.Properties["AlarmActions"]); len(to) != 1 || to[0] != text(stack.Outputs["TopicArn"]) {
			t.Errorf("%s tells %v", id, to)
		}
		if r.Properties["TreatMissingData"] != "notBreaching" || r.Properties["AlarmName"] != "cordon-"+id {
			t.Errorf("%s: %v", id, r.Properties)
		}
	}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("alarms %v, want %v", got, want)
	}
	publishes := slices.ContainsFunc(statements(stack), func(s statement) bool {
		return s.at == "Key" && object(s.body["Principal"])["Service"] == "cloudwatch.amazonaws.com" &&
			slices.Contains(s.list("Action"), "kms:Decrypt") && slices.Contains(s.list("Action"), "kms:GenerateDataKey") &&
			object(object(s.body["Condition"])["StringEquals"])["aws:SourceAccount"] == Account
	})
	if !publishes {
		t.Error("alarms cannot publish to the encrypted topic")
	}
}

// TestQuarantine: an isolated host can hand its output over and nothing else.
func TestQuarantine(t *testing.T) {
	var got []string
	for _, s := range statements(stacks(t)["defaults"]) {
		if s.at == "QuarantineRole" && s.body["Principal"] == nil && !slices.Equal(s.list("Resource"), []string{"*"}) {
			got = append(got, strings.Join(s.list("Action"), " ")+" on "+strings.Join(s.list("Resource"), " "))
		}
	}
	slices.Sort(got)
	want := []string{
		"kms:Decrypt kms:GenerateDataKey on arn:aws:kms:us-east-1:111122223333:key/cordon-stack-Key",
		"s3:PutObject s3:PutObjectAcl on arn:aws:s3:::cordon-stack-evidencebucket/cordon/c-*/live-response/*/i-*/*",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
