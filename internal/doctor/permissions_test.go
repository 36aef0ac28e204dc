package doctor_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"

	"cordon/internal/awssim"
	"cordon/internal/cloud"
	"cordon/internal/doctor"
	"cordon/internal/permissions"
)

// attach makes a role with that policy and no other, in as many parts as IAM's quotas want, and has it examined.
func (w *ward) attach(t *testing.T, name string, p permissions.Policy) {
	t.Helper()
	ctx, c := t.Context(), cloud.New(w.Config(region), account).IAM
	const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	out, err := c.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, Path: aws.String("/deployed/"), AssumeRolePolicyDocument: aws.String(trust)})
	if err != nil {
		t.Fatal(err)
	}
	w.principal = *out.Role.Arn
	part := permissions.Policy{Version: p.Version}
	flush := func() {
		if len(part.Statement) == 0 {
			return
		}
		made, err := c.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String(name + "-" + part.Statement[0].Sid), PolicyDocument: aws.String(string(part.JSON()))})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &name, PolicyArn: made.Policy.Arn}); err != nil {
			t.Fatal(err)
		}
		part.Statement = nil
	}
	for _, s := range p.Statement {
		if part.Statement = append(part.Statement, s); part.Size() > 6000 {
			part.Statement = part.Statement[:len(part.Statement)-1]
			flush()
			part.Statement = []permissions.Statement{s}
		}
	}
	flush()
}

// generated is the deployment's policy for this configuration.
func (w *ward) generated() permissions.Policy {
	return permissions.Responder().Fill(map[string]string{
		"Partition": "aws", "Account": account, "Region": region, "Name": "cordon",
		"TableArn": "arn:aws:dynamodb:" + region + ":" + account + ":table/" + table, "BucketArn": "arn:aws:s3:::" + bucket,
		"KeyArn": "arn:aws:kms:" + region + ":" + account + ":key/1", "TopicArn": w.conf.Notify.SNS.Topic,
		"SlackWebhookSecretArn": strings.TrimPrefix(string(w.conf.Notify.Slack.Webhook), "secretsmanager:"), "MemberRoleName": "cordon-member", "LogArn": "arn:aws:logs:" + region + ":" + account + ":log-group:/aws/lambda/cordon",
	}).On("LiveResponse", "SecurityHub", "SlackWebhookSecretArn", "MemberRoleName")
}

func about(results []doctor.Result, check string) (out []doctor.Result) {
	for _, r := range results {
		if strings.HasPrefix(r.Check, check) {
			out = append(out, r)
		}
	}
	return out
}

// without is a policy less one action.
func without(p permissions.Policy, action string) permissions.Policy {
	p.Statement = slices.Clone(p.Statement)
	for i, s := range p.Statement {
		p.Statement[i].Action = slices.DeleteFunc(slices.Clone(s.Action), func(a string) bool { return a == action })
	}
	p.Statement = slices.DeleteFunc(p.Statement, func(s permissions.Statement) bool { return len(s.Action) == 0 })
	return p
}

// TestGeneratedPolicy: exactly the policy that the deployments have lacks nothing; less any one action, doctor names it.
// What only the deployment knows is the exception: its key, and the function's log.
func TestGeneratedPolicy(t *testing.T) {
	w := deployed(t, awssim.Options{})
	w.conf.Accounts.Role, w.conf.Notify.SecurityHub = "cordon-member", true
	full := w.generated()
	w.attach(t, "full", full)
	if got := about(w.examine(t), "permissions."); len(got) != 1 || got[0].Severity != doctor.OK {
		t.Fatalf("the generated policy: %+v", got)
	}
	unknown := []string{"kms:Decrypt", "kms:GenerateDataKey", "logs:CreateLogStream", "logs:PutLogEvents"}
	for i, action := range full.Actions() {
		w.attach(t, fmt.Sprintf("less-%d", i), without(full, action))
		got := about(w.examine(t), "permissions.")
		switch problem := slices.ContainsFunc(got, func(r doctor.Result) bool { return r.Severity == doctor.Problem && r.Subject == action }); {
		case slices.Contains(unknown, action):
		case !problem:
			t.Errorf("without %s: %+v", action, got)
		}
		for _, r := range got {
			if r.Severity == doctor.Problem && r.Subject != action {
				t.Errorf("without %s: %s", action, say(r))
			}
		}
	}
}

// TestNothingAllowed: many missing permissions are one result.
func TestNothingAllowed(t *testing.T) {
	w := deployed(t, awssim.Options{})
	w.attach(t, "none", permissions.Policy{})
	got := about(w.examine(t), "permissions.")
	if len(got) != 1 || got[0].Severity != doctor.Problem || !strings.Contains(got[0].Found, "ec2:CreateSecurityGroup") || !strings.Contains(got[0].Remedy, "cordon permissions") {
		t.Errorf("%+v", got)
	}
}

// TestPrincipal: one that is not there is a problem of its own, one of another account cannot be looked at, and IAM's
// trouble is neither.
func TestPrincipal(t *testing.T) {
	w := deployed(t, awssim.Options{})
	w.principal = "arn:aws:iam::" + account + ":role/typo"
	got := about(w.examine(t), "permissions.")
	if len(got) != 1 || got[0].Severity != doctor.Problem || got[0].Subject != w.principal || !strings.Contains(got[0].Remedy, "NAME-function-"+region) {
		t.Errorf("no such role: %+v", got)
	}
	for _, other := range []string{"arn:aws:iam::999999999999:role/cordon", "arn:aws-cn:iam::" + account + ":role/cordon"} {
		w.principal = other
		all := w.examine(t)
		if len(all) != 2 || all[1].Check != doctor.CheckPrincipal || all[1].Severity != doctor.Problem || all[1].Subject != other {
			t.Errorf("%s: %+v", other, all)
		}
	}
	var failing sync.Map
	w = deployed(t, awssim.Options{Fault: func(c awssim.Call) awssim.Fault {
		if _, on := failing.Load("on"); on && c.Operation == "SimulatePrincipalPolicy" {
			return awssim.Fault{Before: &smithy.GenericAPIError{Code: "ServiceFailure", Message: "IAM is unwell"}}
		}
		return awssim.Fault{}
	}})
	failing.Store("on", true)
	w.principal = "arn:aws:iam::" + account + ":role/batch-role"
	got = about(w.examine(t), "permissions.")
	if len(got) != 1 || !got[0].Unchecked || got[0].Subject != w.principal || !strings.Contains(got[0].Found, "IAM is unwell") ||
		strings.Contains(got[0].Remedy, "SimulatePrincipalPolicy") {
		t.Errorf("IAM fails: %+v", got)
	}
}

// TestOperator: who runs doctor is told what listing cases takes; another principal, such as the function, needs it not.
func TestOperator(t *testing.T) {
	w := deployed(t, awssim.Options{})
	if got := about(w.examine(t), "store.operator"); len(got) != 1 || got[0].Severity != doctor.OK {
		t.Errorf("an administrator: %+v", got)
	}
	role := "cordon"
	const noList = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"dynamodb:Query","Resource":"arn:aws:dynamodb:*:*:table/*/index/*"}]}`
	if _, err := cloud.New(w.Config(region), account).IAM.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
		RoleName: &role, PolicyName: aws.String("no-list"), PolicyDocument: aws.String(noList),
	}); err != nil {
		t.Fatal(err)
	}
	got := about(w.examine(t), "store.operator")
	if len(got) != 1 || got[0].Severity != doctor.Problem || !strings.Contains(got[0].Found, "table/"+table+"/index/list") || strings.Contains(got[0].Found, "BatchGetItem") {
		t.Errorf("without the index: %+v", got)
	}
	w.attach(t, "function", w.generated())
	if got := about(w.examine(t), "store.operator"); len(got) != 0 {
		t.Errorf("of the function: %+v", got)
	}
}

// TestExplicitDeny: who denies is said.
func TestExplicitDeny(t *testing.T) {
	w := deployed(t, awssim.Options{})
	p := w.generated()
	p.Statement = append(p.Statement, permissions.Statement{
		Sid: "No", Effect: "Deny", Action: permissions.Words{"ec2:CreateSnapshots"}, Resource: permissions.Words{"*"},
	})
	w.attach(t, "denied", p)
	got := about(w.examine(t), "permissions.")
	if len(got) == 0 || got[0].Subject != "ec2:CreateSnapshots" || !strings.Contains(got[0].Found, "denies it") {
		t.Errorf("%+v", got)
	}
}

// denying is a ward whose caller is refused some calls.
func denying(t *testing.T, refused func(awssim.Call) bool) *ward {
	t.Helper()
	var on sync.Map
	w := deployed(t, awssim.Options{Fault: func(c awssim.Call) awssim.Fault {
		if _, started := on.Load("on"); started && refused(c) {
			return awssim.Fault{Before: awssim.Denied(c)}
		}
		return awssim.Fault{}
	}})
	on.Store("on", true)
	return w
}

// TestDryRuns: without leave to simulate, EC2 is asked, and the rest is said to be unchecked.
func TestDryRuns(t *testing.T) {
	w := denying(t, func(c awssim.Call) bool {
		return c.Operation == "SimulatePrincipalPolicy" || c.Operation == "ModifyNetworkInterfaceAttribute"
	})
	all := awssim.DumpOptions{Snapshots: true, Objects: true, Commands: true}
	before := w.Dump(all)
	var denied, rest bool
	for _, r := range about(w.examine(t), "permissions.") {
		denied = denied || r.Check == "permissions.ec2" && r.Severity == doctor.Problem && r.Subject == "ec2:ModifyNetworkInterfaceAttribute"
		rest = rest || r.Unchecked && strings.Contains(r.Found, "autoscaling:") && !strings.Contains(r.Found, "ec2:CreateSecurityGroup") &&
			strings.Contains(r.Remedy, "iam:SimulatePrincipalPolicy")
	}
	if !denied || !rest {
		t.Errorf("denied %v, rest %v: %+v", denied, rest, about(w.examine(t), "permissions."))
	}
	if d := awssim.Diff(before, w.Dump(all)); len(d) > 0 {
		t.Errorf("dry runs changed the account: %v", d)
	}
}

// TestDryRunsUnderGeneratedPolicy: who has exactly the deployment's policy, and may not simulate, is not told that it
// lacks anything.
func TestDryRunsUnderGeneratedPolicy(t *testing.T) {
	var policy awssim.Policies
	asked := 0
	enforced := false
	w := deployed(t, awssim.Options{Authorize: func(c awssim.Check) bool {
		_, operation, _ := strings.Cut(c.Action, ":")
		switch {
		case !enforced:
			return true
		case c.Action == "iam:SimulatePrincipalPolicy":
			return false
		case !cloud.Reads(operation):
			asked++
			return policy.Allow(c)
		}
		return true
	}})
	var err error
	if policy, err = awssim.ReadPolicies(string(w.generated().JSON())); err != nil {
		t.Fatal(err)
	}
	enforced = true
	got := about(w.examine(t), "permissions.")
	if len(got) != 2 || got[0].Severity != doctor.OK || got[0].Check != "permissions.ec2" || !got[1].Unchecked {
		t.Errorf("%+v", got)
	}
	if asked < 3 {
		t.Errorf("only %d dry runs of writes were asked about", asked)
	}
}

// TestEachCallDenied: whatever single call is refused, every other check says what it said before, and the refused one
// says that it could not look, and which permission to give.
func TestEachCallDenied(t *testing.T) {
	var mu sync.Mutex
	calls := map[string]bool{}
	w := denying(t, func(c awssim.Call) bool {
		mu.Lock()
		defer mu.Unlock()
		calls[c.Service+" "+c.Operation] = true
		return false
	})
	w.conf.Notify.SecurityHub = true
	healthy := w.examine(t)
	delete(calls, "STS GetCallerIdentity")
	if len(calls) < 25 {
		t.Errorf("only %d different calls", len(calls))
	}
	for call := range calls {
		t.Run(call, func(t *testing.T) {
			w := denying(t, func(c awssim.Call) bool { return c.Service+" "+c.Operation == call })
			w.conf.Notify.SecurityHub = true
			results := w.examine(t)
			i := strings.LastIndex(call, " ") // services' names have spaces
			action := cloud.IAMAction(call[:i], call[i+1:])
			touched := map[string]bool{}
			for _, r := range results {
				if r.Unchecked {
					touched[r.Check] = true
					if !strings.Contains(r.Remedy, action) && !strings.HasPrefix(r.Check, "permissions.") {
						t.Errorf("the remedy does not name %s: %s", action, say(r))
					}
				}
			}
			// What the vault may not look at counts as private; an endpoint that cannot be listed is no way out.
			tolerated := slices.Contains([]string{"S3 GetBucketPolicyStatus", "S3 GetBucketAcl"}, call)
			if len(touched) == 0 && !tolerated {
				t.Error("nothing is said to be unchecked")
			}
			for _, h := range healthy {
				if group, _, _ := strings.Cut(h.Check, "."); !slices.ContainsFunc(sorted(touched), func(c string) bool { return strings.HasPrefix(c, group+".") }) &&
					!slices.Contains(results, h) {
					t.Errorf("another check says something else now: %s", say(h))
				}
			}
		})
	}
}

func sorted(m map[string]bool) (out []string) {
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// TestSlowAWS: a caller who gives up gets results all the same.
func TestSlowAWS(t *testing.T) {
	w := denying(t, func(awssim.Call) bool { return false })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	results := doctor.Run(ctx, doctor.Options{AWS: w.Config(region), Config: w.conf})
	if len(results) != 1 || !results[0].Unchecked {
		t.Errorf("%+v", results)
	}
}
