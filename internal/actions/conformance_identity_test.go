package actions_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"cordon/internal/action"
	"cordon/internal/action/actiontest"
	"cordon/internal/awssim"
	"cordon/internal/cloud"
	"cordon/internal/finding"
)

const (
	demoRole   = "web-app-role"
	demoUser   = "deploy-bot"
	demoUserID = "AIDACKCEVSQ6C2EXAMPLE"
	demoKey    = "AKIAIOSFODNN7EXAMPLE"
	otherKey   = "AKIAI44QH8DHBEXAMPLE"

	ssoRole     = "AWSReservedSSO_AdministratorAccess_0123456789abcdef"
	serviceRole = "AWSServiceRoleForAutoScaling"

	revokePolicyName = "AWSRevokeOlderSessions"
	casePolicyName   = revokePolicyName + "-" + actiontest.CaseID
	denyAll          = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`
	revokedIn1999    = `{ "Version": "2012-10-17", "Statement": [ { "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": { "DateLessThan": { "aws:TokenIssueTime": "1999-12-31T00:00:00Z" } } } ] }`

	renewed = "the moment up to which sessions are revoked"
)

// setup is a preparation of a scenario.
type setup = func(testing.TB, *actiontest.World)

// on makes another resource the target, and then prepares.
func on(kind finding.Kind, id string, then ...setup) setup {
	return func(t testing.TB, w *actiontest.World) {
		w.Target.Kind, w.Target.ID = kind, id
		if kind.Global() {
			w.Target.Region = "aws-global"
		}
		for _, f := range then {
			f(t, w)
		}
	}
}

func putRolePolicy(role, name, document string) setup {
	return func(t testing.TB, w *actiontest.World) {
		_, err := w.Others.IAM.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &role, PolicyName: &name, PolicyDocument: &document})
		ok(t, err)
	}
}

func putUserPolicy(user, name, document string) setup {
	return func(t testing.TB, w *actiontest.World) {
		_, err := w.Others.IAM.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: &user, PolicyName: &name, PolicyDocument: &document})
		ok(t, err)
	}
}

// large is an inline policy of about n characters.
func large(n int) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::` + strings.Repeat("x", n) + `"}]}`
}

// leftover is the case's managed policy as a former try of the case left it, with as many versions as a policy may have.
func leftover(t testing.TB, w *actiontest.World) {
	out, err := w.Others.IAM.CreatePolicy(t.Context(), &iam.CreatePolicyInput{
		PolicyName: aws.String("CordonRevokeOlderSessions-" + actiontest.CaseID), PolicyDocument: aws.String(denyAll),
	})
	ok(t, err)
	for range 4 {
		_, err := w.Others.IAM.CreatePolicyVersion(t.Context(), &iam.CreatePolicyVersionInput{PolicyArn: out.Policy.Arn, PolicyDocument: aws.String(denyAll)})
		ok(t, err)
	}
}

// attachTen gives the demo's role and user as many managed policies as they may have.
func attachTen(t testing.TB, w *actiontest.World) {
	for n := range 10 {
		p, err := w.Others.IAM.CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: aws.String(fmt.Sprintf("p%d", n)), PolicyDocument: aws.String(denyAll)})
		ok(t, err)
		_, err = w.Others.IAM.AttachUserPolicy(t.Context(), &iam.AttachUserPolicyInput{UserName: aws.String(demoUser), PolicyArn: p.Policy.Arn})
		ok(t, err)
		_, err = w.Others.IAM.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: aws.String(demoRole), PolicyArn: p.Policy.Arn})
		if !cloud.Is(err, "LimitExceeded") { // the role has one already
			ok(t, err)
		}
	}
}

// runAs makes principal who the actions call as.
func runAs(principal string) setup {
	return func(_ testing.TB, w *actiontest.World) {
		w.Env.Clients = cloud.New(w.Journal.Attach(w.Account.ConfigAs(awssim.DemoRegion, principal)), awssim.DefaultAccount)
	}
}

func roleSessionScenarios() []actiontest.Scenario {
	const id = "iam.revoke-role-sessions"
	full := putRolePolicy(demoRole, "large", large(9900))
	role := func(name string, then ...setup) setup { return on(finding.KindRole, name, then...) }
	return []actiontest.Scenario{
		{
			Name: "role", Action: id, Setup: role(demoRole), Meddle: putRolePolicy(demoRole, revokePolicyName, denyAll),
			Text: "every session of role " + demoRole, Check: revokedUpToNow,
		},
		{Name: "revoked before", Action: id, Setup: role(demoRole, putRolePolicy(demoRole, revokePolicyName, revokedIn1999)), Check: revokedUpToNow},
		{Name: "IAM is slow", Action: id, Setup: role(demoRole), Renews: renewed, Options: awssim.Options{IAMDelay: 8 * time.Second}},
		{
			Name: "no room", Action: id, Setup: role(demoRole, full), Renews: renewed, Text: "managed policy", Check: revokedUpToNow,
			Meddle: func(t testing.TB, w *actiontest.World) {
				_, err := w.Others.IAM.CreatePolicyVersion(t.Context(), &iam.CreatePolicyVersionInput{
					PolicyArn:      aws.String("arn:aws:iam::" + awssim.DefaultAccount + ":policy/CordonRevokeOlderSessions-" + actiontest.CaseID),
					PolicyDocument: aws.String(revokedIn1999), SetAsDefault: true,
				})
				ok(t, err)
			},
		},
		{Name: "no room, IAM is slow", Action: id, Setup: role(demoRole, full), Renews: renewed, Options: awssim.Options{IAMDelay: 2 * time.Second}},
		{
			Name: "no room, policy of a former try", Action: id, Setup: role(demoRole, full, leftover), Renews: renewed, Check: revokedUpToNow,
			Leaves: "without the case's own policy",
		},
		{Name: "no room at all", Action: id, Setup: role(demoRole, full, attachTen), Want: action.Failed, Text: "detach or shorten one"},
		{
			Name: "no room in the account", Action: id, Setup: role(demoRole, full), Want: action.Failed, Text: "delete a policy that nothing uses",
			Fault: refuse("CreatePolicy", "LimitExceeded"),
		},
		{Name: "protected", Action: id, Setup: role(demoRole), With: settings{"protected": []string{"web-*"}}, Want: action.Skipped, Text: "iam.protected: web-*"},
		{Name: "bad glob", Action: id, Setup: role(demoRole), With: settings{"protected": []string{"web-["}}, Want: action.Failed, Text: "match protected name"},
		{Name: "Cordon's own", Action: id, Setup: role(demoRole, runAs("arn:aws:sts::"+awssim.DefaultAccount+":assumed-role/"+demoRole+"/x")), Want: action.Skipped, Text: "never revoked"},
		{Name: "of a service", Action: id, Setup: role(serviceRole), Want: action.Skipped, Text: "linked to an AWS service"},
		{Name: "of Identity Center", Action: id, Setup: role(ssoRole), Want: action.Skipped, Text: "Disable user access"},
		{Name: "unmodifiable", Action: id, Setup: role(demoRole), Fault: refuse("PutRolePolicy", "UnmodifiableEntity"), Want: action.Skipped, Text: "cannot be changed here"},
		{Name: "gone", Action: id, Setup: role("nobody"), Want: action.Skipped, Text: "role nobody does not exist", Check: moot},
		{Name: "a user", Action: id, Setup: on(finding.KindUser, demoUser), Want: action.Skipped, Text: "is no IAM role"},
		{Name: "root", Action: id, Setup: on(finding.KindRoot, "root"), Want: action.Skipped, Text: "is no IAM role"},
	}
}

func userSessionScenarios() []actiontest.Scenario {
	const id = "iam.revoke-user-sessions"
	full := putUserPolicy(demoUser, "large", large(1700))
	user := func(name string, then ...setup) setup { return on(finding.KindUser, name, then...) }
	return []actiontest.Scenario{
		{
			Name: "user", Action: id, Setup: user(demoUser), Meddle: putUserPolicy(demoUser, revokePolicyName, denyAll), Check: revokedUpToNow,
			With: settings{"principal_id": demoUserID},
		},
		{Name: "revoked before", Action: id, Setup: user(demoUser, putUserPolicy(demoUser, revokePolicyName, revokedIn1999)), Check: revokedUpToNow},
		{Name: "IAM is slow", Action: id, Setup: user(demoUser), Renews: renewed, Options: awssim.Options{IAMDelay: 8 * time.Second}},
		{Name: "no room", Action: id, Setup: user(demoUser, full), Renews: renewed, Text: "2,048 characters", Check: revokedUpToNow},
		{Name: "no room at all", Action: id, Setup: user(demoUser, full, attachTen), Want: action.Failed, Text: "detach or shorten one"},
		{Name: "made anew", Action: id, Setup: user(demoUser), With: settings{"principal_id": "AIDAFORMERLYEXAMPLE"}, Text: "made anew since"},
		{
			Name: "federated", Action: id, Setup: on(finding.KindFederatedUser, "alice"), With: settings{"principal_id": demoUserID + ":alice"},
			Text: "user " + demoUser, Check: revokedUpToNow,
		},
		{Name: "federated, issuer gone", Action: id, Setup: on(finding.KindFederatedUser, "alice"), With: settings{"principal_id": "AIDANOBODYEXAMPLE:alice"}, Want: action.Skipped, Text: "does not exist", Check: moot},
		{Name: "federated by nobody named", Action: id, Setup: on(finding.KindFederatedUser, "alice"), With: settings{"principal_id": "111122223333:alice"}, Want: action.Skipped, Text: "GetFederationToken"},
		{Name: "protected", Action: id, Setup: user(demoUser), With: settings{"protected": []string{demoUser}}, Want: action.Skipped, Text: "iam.protected"},
		{Name: "Cordon's own", Action: id, Setup: user(demoUser, runAs("arn:aws:iam::"+awssim.DefaultAccount+":user/"+demoUser)), Want: action.Skipped, Text: "never revoked"},
		{Name: "gone", Action: id, Setup: user("nobody"), Want: action.Skipped, Text: "user nobody does not exist", Check: moot},
		{Name: "of Identity Center", Action: id, Setup: on(finding.KindIdentityCenterUser, "alice"), Want: action.Skipped, Text: "is no IAM user"},
		{Name: "another account", Action: id, Setup: on(finding.KindPrincipal, "999999999999"), Want: action.Skipped, Text: "is no IAM user"},
	}
}

func accessKeyScenarios() []actiontest.Scenario {
	const id = "iam.disable-access-key"
	reactivate := func(_ testing.TB, w *actiontest.World) { w.Env.ReactivateKeys = true }
	second := func(status iamtypes.StatusType) setup {
		return func(t testing.TB, w *actiontest.World) {
			ok(t, w.Account.Edit(awssim.DemoRegion, func(ed *awssim.Editor) error {
				ed.AccessKey(demoUser, otherKey, time.Now().Add(-time.Hour))
				return nil
			}))
			_, err := w.Others.IAM.UpdateAccessKey(t.Context(), &iam.UpdateAccessKeyInput{UserName: aws.String(demoUser), AccessKeyId: aws.String(otherKey), Status: status})
			ok(t, err)
		}
	}
	user := func(then ...setup) setup { return on(finding.KindUser, demoUser, append(then, reactivate)...) }
	keys := func(ids ...string) settings { return settings{"keys": ids} }
	return []actiontest.Scenario{
		{Name: "the only key", Action: id, Setup: user(), With: keys(demoKey), Check: keyStatus(demoKey, iamtypes.StatusTypeInactive)},
		{Name: "one of two", Action: id, Setup: user(second(iamtypes.StatusTypeActive)), With: keys(demoKey), Check: keyStatus(otherKey, iamtypes.StatusTypeActive)},
		{Name: "all", Action: id, Setup: user(second(iamtypes.StatusTypeActive)), With: settings{"all": true}, Check: keyStatus(otherKey, iamtypes.StatusTypeInactive)},
		{Name: "all, one inactive", Action: id, Setup: user(second(iamtypes.StatusTypeInactive)), With: settings{"keys": []string{demoKey}, "all": true}},
		{Name: "inactive already", Action: id, Setup: user(second(iamtypes.StatusTypeInactive)), With: keys(otherKey), Text: "as wanted already"},
		{Name: "IAM is slow", Action: id, Setup: user(), With: keys(demoKey), Options: awssim.Options{IAMDelay: 8 * time.Second}},
		{Name: "temporary", Action: id, Setup: user(), With: keys("ASIAIOSFODNN7EXAMPLE"), Text: "is temporary"},
		{Name: "another's", Action: id, Setup: user(), With: keys(otherKey), Text: "is none of user"},
		{Name: "none named", Action: id, Setup: user(), Text: "names no long-term key"},
		{Name: "protected", Action: id, Setup: user(), With: settings{"all": true, "protected": []string{"deploy-*"}}, Want: action.Skipped, Text: "iam.protected"},
		{
			Name: "Cordon's own", Action: id, Setup: user(runAs("arn:aws:iam::" + awssim.DefaultAccount + ":user/" + demoUser)), With: settings{"all": true},
			Want: action.Skipped, Text: "never revoked",
		},
		{Name: "gone", Action: id, Setup: on(finding.KindUser, "nobody"), With: keys(demoKey), Want: action.Skipped, Text: "user nobody does not exist", Check: moot},
		{Name: "federated", Action: id, Setup: on(finding.KindFederatedUser, "alice"), With: keys("ASIAIOSFODNN7EXAMPLE"), Want: action.Skipped, Text: "temporary credentials only"},
		{Name: "root", Action: id, Setup: on(finding.KindRoot, "root"), With: keys(demoKey), Want: action.Skipped, Text: "is no IAM user"},
	}
}

// moot wants the record to say that there was nothing to contain.
func moot(t testing.TB, _ *actiontest.World, rec action.Record) {
	if !rec.Moot {
		t.Errorf("not moot: %s", rec.Reason)
	}
}

// keyStatus wants a key of the demo's user to have a status.
func keyStatus(id string, want iamtypes.StatusType) func(testing.TB, *actiontest.World, action.Record) {
	return func(t testing.TB, w *actiontest.World, _ action.Record) {
		out, err := w.Others.IAM.ListAccessKeys(t.Context(), &iam.ListAccessKeysInput{UserName: aws.String(demoUser)})
		ok(t, err)
		for _, k := range out.AccessKeyMetadata {
			if *k.AccessKeyId == id && k.Status != want {
				t.Errorf("%s is %s, want %s", id, k.Status, want)
			}
		}
	}
}

// revokedUpToNow wants one of the policies to deny the sessions issued up to half a minute from now, and no longer.
func revokedUpToNow(t testing.TB, _ *actiontest.World, rec action.Record) {
	var after struct{ Inline, Document string }
	ok(t, json.Unmarshal(rec.After, &after))
	for _, policy := range []string{after.Document, after.Inline} {
		var doc struct {
			Statement []struct {
				Condition struct {
					DateLessThan struct {
						Moment time.Time `json:"aws:TokenIssueTime"`
					}
				}
			}
		}
		if policy == "" || json.Unmarshal([]byte(policy), &doc) != nil || len(doc.Statement) != 1 {
			continue
		}
		if ahead := time.Until(doc.Statement[0].Condition.DateLessThan.Moment); ahead > 20*time.Second && ahead <= 30*time.Second {
			return
		}
	}
	t.Errorf("no policy denies the sessions up to now: %s", rec.After)
}
