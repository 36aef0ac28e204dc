package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"

	"cordon/internal/action"
	"cordon/internal/actions"
	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/cloud"
	"cordon/internal/config"
	"cordon/internal/engine"
	"cordon/internal/finding"
)

const (
	hubAccount = "999988887777"
	memberRole = "arn:aws:iam::111122223333:role/cordon-member"
	memberSelf = "arn:aws:sts::111122223333:assumed-role/cordon-member/cordon"
)

// members is a rig whose account, the finding's, is not the one that Cordon's credentials belong to.
type members struct {
	*rig
	hub *awssim.Account

	mu    sync.Mutex
	calls map[string]int // of the hub, by operation
	fault func(c awssim.Call, n int) error
}

func newMembers(t *testing.T, o awssim.Options, conf config.EC2, m cloud.Member, others ...*awssim.Account) *members {
	t.Helper()
	r := &members{rig: newRig(t, o, conf), calls: map[string]int{}}
	r.hub = awssim.New(awssim.Options{AccountID: hubAccount, Latency: o.Latency, Fault: func(c awssim.Call) awssim.Fault {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.calls[c.Operation]++
		if r.fault != nil {
			return awssim.Fault{Before: r.fault(c, r.calls[c.Operation])}
		}
		return awssim.Fault{}
	}})
	all := append([]*awssim.Account{r.account}, others...)
	if _, err := awssim.NewOrganization(append(all, r.hub)...); err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if _, err := iam.NewFromConfig(a.Config(region)).CreateRole(t.Context(), &iam.CreateRoleInput{
			RoleName: aws.String("cordon-member"), AssumeRolePolicyDocument: aws.String(trusting("our-id")),
		}); err != nil {
			t.Fatal(err)
		}
	}
	r.Engine = r.as(m)
	return r
}

func trusting(externalID string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::999988887777:role/cordon"},
		"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"` + externalID + `"}}}]}`
}

// as is an engine with the hub's credentials, as a new process would make it.
func (r *members) as(m cloud.Member) *engine.Engine {
	return engine.New(engine.Options{
		Actions: actions.Catalog(), Store: r.store, Vault: r.vault, Config: r.conf, Owner: "test",
		Clients: cloud.NewAccounts(r.journal.Attach(r.hub.Config(region)), hubAccount, m).Clients,
	})
}

func (r *members) hubCalls(operation string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.calls[operation]
}

func member() cloud.Member { return cloud.Member{Role: "cordon-member", ExternalID: "our-id"} }

// TestOtherAccount: a finding of another account is answered there, as the member role, and released there; the hub's own
// account is left alone, and one AssumeRole serves all of it. That costs one round trip before containment.
func TestOtherAccount(t *testing.T) {
	const call = 40 * time.Millisecond
	for name, conf := range map[string]config.EC2{"quiet": quiet(), "the hub's quarantine profile": othersProfile()} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newMembers(t, latency(call), conf, member())
				before, hubBefore := r.account.Dump(awssim.DumpOptions{}), r.hub.Dump(awssim.DumpOptions{})
				c := r.respond(t, on(web, 1))
				if c.Status != casefile.Contained || c.Target.Account != r.account.ID() {
					t.Fatalf("case on %s: %s %s", c.Target, c.Status, c.Reason)
				}
				if rounds := c.ContainedAfter.Seconds() / call.Seconds(); rounds > 6 {
					t.Errorf("%.2f round trips in a row to the last interface isolated, want at most 6, AssumeRole with them", rounds)
				}
				if v, err := r.Verify(t.Context(), c.ID); err != nil || !v.Holds {
					t.Errorf("verify: %+v, %v", v, err)
				}
				released, err := r.Release(t.Context(), c.ID, engine.ReleaseOptions{})
				if err != nil || released.Status != casefile.Released {
					t.Fatalf("release: %s %s, %v", released.Status, released.Reason, err)
				}
				restored(t, r.rig, before)
				for _, d := range awssim.Diff(hubBefore, r.hub.Dump(awssim.DumpOptions{})) {
					t.Error("changed in the hub's account:", d)
				}
				if r.hubCalls("AssumeRole") != 1 || len(r.calls) != 1 {
					t.Errorf("calls in the hub's account: %v", r.calls)
				}
				journal, err := r.store.Journal(t.Context(), c.ID)
				if err != nil {
					t.Fatal(err)
				}
				by := map[casefile.Status]string{}
				for _, e := range journal {
					by[e.To] = e.By
				}
				if by[casefile.Contained] != memberSelf || by[casefile.Released] != memberSelf {
					t.Errorf("the journal says by whom: %v, want %s", by, memberSelf)
				}
			})
		})
	}
}

// othersProfile is live response under a profile of the hub's account, which no instance of a member can have.
func othersProfile() config.EC2 {
	c := withLiveResponse()
	c.QuarantineProfile = strings.Replace(c.QuarantineProfile, awssim.DefaultAccount, hubAccount, 1)
	return c
}

// TestOthersProfile: without a quarantine profile of its own account an instance has no live response, and no channel.
func TestOthersProfile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newMembers(t, awssim.Options{}, othersProfile(), member())
		c := r.respond(t, on(batch, 1))
		if c.Status != casefile.Contained {
			t.Fatalf("%s %s", c.Status, c.Reason)
		}
		if rec := r.record(t, c, "ec2.quarantine-profile"); rec.Status != action.Skipped || !strings.Contains(rec.Reason, "account 999988887777's") {
			t.Errorf("quarantine profile: %s %s", rec.Status, rec.Reason)
		}
		for _, id := range []string{"ec2.live-response", "ec2.seal-network"} {
			if rec := r.record(t, c, id); rec.Status != action.Skipped {
				t.Errorf("%s: %s %s%s", id, rec.Status, rec.Reason, rec.Error)
			}
		}
		for _, call := range r.journal.Calls() {
			if call.Operation == "SendCommand" {
				t.Error("a command was sent")
			}
		}
	})
}

// TestRoleRefused: said as such, with what to do, nothing is changed, few calls are made, and once it is mended the same
// finding is answered in the same case.
func TestRoleRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		member cloud.Member
		fault  error
		want   []string // in the error
	}{
		{"wrong external id", cloud.Member{Role: "cordon-member", ExternalID: "their-id"}, nil, []string{memberRole, "accounts.external_id must be"}},
		{"no external id", cloud.Member{Role: "cordon-member"}, nil, []string{memberRole, "no accounts.external_id is set"}},
		{"no such role", cloud.Member{Role: "cordon", ExternalID: "our-id"}, nil, []string{"arn:aws:iam::111122223333:role/cordon:"}},
		{"the hub may not", member(), awssim.Denied(awssim.Call{Service: "STS", Operation: "AssumeRole"}), []string{memberRole, "sts:AssumeRole"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newMembers(t, awssim.Options{}, quiet(), tt.member)
				r.fault = func(awssim.Call, int) error { return tt.fault }
				before := r.account.Dump(awssim.DumpOptions{Snapshots: true})
				res := r.Respond(t.Context(), []finding.Finding{on(web, 1)})[0]
				var setup *engine.SetupError
				if !errors.As(res.Err, &setup) || setup.What != "member role" || res.Case.Status != casefile.Failed {
					t.Fatalf("%s, %v; want a failed case and a SetupError", res.Case.Status, res.Err)
				}
				for _, want := range append(tt.want, "trust policy", "account 111122223333", "deploy/sam/member.yaml", "Nothing was changed") {
					if !strings.Contains(res.Err.Error(), want) {
						t.Errorf("the error does not say %q: %v", want, res.Err)
					}
				}
				for _, d := range awssim.Diff(before, r.account.Dump(awssim.DumpOptions{Snapshots: true})) {
					t.Error("changed:", d)
				}
				if n := r.hubCalls("AssumeRole"); n != 1 {
					t.Errorf("the role was asked for %d times, want once", n)
				}
				r.fault = nil
				r.Engine = r.as(member())
				if c := r.respond(t, on(web, 1)); c.Status != casefile.Contained || c.ID != res.Case.ID {
					t.Errorf("after mending: case %s %s", c.ID, c.Status)
				}
			})
		})
	}
}

// TestWithoutMemberRole: a finding of another account is refused, nothing is changed, and it is said what would let it be
// answered.
func TestWithoutMemberRole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newMembers(t, awssim.Options{}, quiet(), cloud.Member{})
		res := r.Respond(t.Context(), []finding.Finding{on(web, 1)})[0]
		var other *engine.AccountError
		if !errors.As(res.Err, &other) || other.Have != hubAccount || other.Want != r.account.ID() || res.Case.Status != casefile.Failed {
			t.Fatalf("%s, %v; want a failed case and an AccountError", res.Case.Status, res.Err)
		}
		if !strings.Contains(res.Err.Error(), "set accounts.role in cordon.yaml") {
			t.Errorf("the error does not say what to do: %v", res.Err)
		}
		if r.hubCalls("AssumeRole") != 0 {
			t.Error("a role was assumed")
		}
	})
}

// TestHubCredentialsExpired: when Cordon's own credentials are over, that is said, not that a trust policy is wrong.
func TestHubCredentialsExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newMembers(t, awssim.Options{}, quiet(), member())
		r.fault = func(awssim.Call, int) error { return &smithy.GenericAPIError{Code: "ExpiredToken"} }
		res := r.Respond(t.Context(), []finding.Finding{on(web, 1)})[0]
		var setup *engine.SetupError
		if !errors.As(res.Err, &setup) || setup.What != "AWS credentials" || !strings.Contains(setup.Hint, "log in again") {
			t.Errorf("%v, want a SetupError that says to log in again", res.Err)
		}
	})
}

// TestLongRun: a run that outlasts its credentials has new ones without a call failing. When the role is refused by then,
// what is contained stays so, the step says why, and the next run, permitted again, goes on to the end.
func TestLongRun(t *testing.T) {
	for _, refused := range []bool{false, true} {
		t.Run(fmt.Sprint("refused later ", refused), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newMembers(t, awssim.Options{SnapshotTime: 150 * time.Minute}, quiet(), member())
				r.fault = func(c awssim.Call, n int) error {
					if refused && n > 1 {
						return awssim.Denied(c)
					}
					return nil
				}
				res := r.Respond(t.Context(), []finding.Finding{on(web, 1)})[0]
				if res.Err != nil {
					t.Fatal(res.Err)
				}
				snapshots := r.record(t, res.Case, "ec2.snapshot-volumes")
				if !refused {
					if res.Case.Status != casefile.Contained || snapshots.Status != action.Done || r.hubCalls("AssumeRole") != 3 {
						t.Errorf("%s, snapshots %s %s, %d times AssumeRole", res.Case.Status, snapshots.Status, snapshots.Error, r.hubCalls("AssumeRole"))
					}
					return
				}
				if rec := r.record(t, res.Case, "ec2.isolate-network"); rec.Status != action.Done {
					t.Errorf("isolation is %s %s", rec.Status, rec.Error)
				}
				if snapshots.Status == action.Done || !strings.Contains(snapshots.Error+snapshots.Reason, memberRole) {
					t.Errorf("snapshots %s: %q, want that the role was refused", snapshots.Status, snapshots.Error+snapshots.Reason)
				}
				r.fault = nil
				time.Sleep(5 * time.Second) // a refusal is kept that long
				if c := r.respond(t, on(web, 2)); c.Status != casefile.Contained || c.ID != res.Case.ID {
					t.Errorf("permitted again: %s %s", c.Status, c.Reason)
				}
				if rec := r.record(t, res.Case, "ec2.snapshot-volumes"); rec.Status != action.Done {
					t.Errorf("snapshots %s %s", rec.Status, rec.Error)
				}
			})
		})
	}
}

// TestManyAccounts: a hundred findings at once in five accounts, one AssumeRole an account.
func TestManyAccounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var others []*awssim.Account
		for i := range 4 {
			others = append(others, awssim.New(awssim.Options{AccountID: fmt.Sprintf("44445555000%d", i)}))
		}
		r := newMembers(t, awssim.Options{}, quiet(), member(), others...)
		var findings []finding.Finding
		for _, a := range append(others, r.account) {
			for i := range 20 {
				findings = append(findings, suspect(t, a, i))
			}
		}
		for _, res := range r.Respond(t.Context(), findings) {
			if res.Err != nil || res.Case.Status != casefile.Contained {
				t.Errorf("%s: %s %s, %v", res.Case.Target, res.Case.Status, res.Case.Reason, res.Err)
			}
		}
		if r.hubCalls("AssumeRole") != 5 || len(r.calls) != 1 {
			t.Errorf("calls in the hub's account: %v", r.calls)
		}
		for _, a := range append(others, r.account) {
			for i := range 20 {
				out, err := iam.NewFromConfig(a.Config(region)).ListUserPolicies(t.Context(), &iam.ListUserPoliciesInput{UserName: aws.String(suspectName(i))})
				if err != nil || len(out.PolicyNames) != 1 {
					t.Errorf("%s in %s has policies %v, %v", suspectName(i), a.ID(), out, err)
				}
			}
		}
	})
}

// suspect makes a user, and a finding about it.
func suspect(t *testing.T, a *awssim.Account, i int) finding.Finding {
	t.Helper()
	name := suspectName(i)
	if _, err := iam.NewFromConfig(a.Config(region)).CreateUser(context.Background(), &iam.CreateUserInput{UserName: &name}); err != nil {
		t.Fatal(err)
	}
	return decoded(t, fmt.Sprintf(`{"schemaVersion":"2.0","id":"f-%s-%d","accountId":%q,"region":"us-east-1","partition":"aws",
		"type":"UnauthorizedAccess:IAMUser/MaliciousIPCaller","severity":8,"service":{"count":1},
		"resource":{"resourceType":"AccessKey","accessKeyDetails":{"userType":"IAMUser","userName":%q,"principalId":"AIDAEXAMPLE"}}}`, a.ID(), i, a.ID(), name))
}

func suspectName(i int) string { return fmt.Sprintf("suspect-%d", i) }

// TestPlanElsewhere: a plan reads the other account as the member role, and its clients refuse to write there.
func TestPlanElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newMembers(t, awssim.Options{}, quiet(), member())
		accounts := cloud.NewAccounts(r.hub.Config(region), "", member(), cloud.ReadOnly)
		e := engine.New(engine.Options{Actions: actions.Catalog(), Config: r.conf, Clients: accounts.Clients})
		before := r.account.Dump(awssim.DumpOptions{Snapshots: true})
		plans, err := e.Plan(t.Context(), on(web, 1))
		if err != nil || len(plans) != 1 || !slices.ContainsFunc(plans[0].Steps, func(s engine.PlannedStep) bool { return s.Action == "ec2.isolate-network" && len(s.Calls) > 0 }) {
			t.Fatalf("plans %+v, %v", plans, err)
		}
		for _, s := range plans[0].Steps {
			if s.Error != "" {
				t.Errorf("%s: %s", s.Action, s.Error)
			}
		}
		for _, d := range awssim.Diff(before, r.account.Dump(awssim.DumpOptions{Snapshots: true})) {
			t.Error("changed:", d)
		}
	})
}
