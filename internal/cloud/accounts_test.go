package cloud_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"cordon/internal/awssim"
	"cordon/internal/cloud"
)

const (
	hub    = awssim.DefaultAccount
	member = "444455556666"
)

// organization is a hub and other accounts, each with the role cordon-member that lets the hub in, and the calls that
// were made.
type organization struct {
	hub *awssim.Account

	mu    sync.Mutex
	calls map[string]int // by operation
	fault func(awssim.Call) awssim.Fault
}

func newOrganization(t *testing.T, trust string, others ...string) *organization {
	t.Helper()
	o := &organization{calls: map[string]int{}}
	var accounts []*awssim.Account
	for _, id := range append([]string{hub}, others...) {
		accounts = append(accounts, awssim.New(awssim.Options{AccountID: id, Fault: o.count}))
	}
	if _, err := awssim.NewOrganization(accounts...); err != nil {
		t.Fatal(err)
	}
	for _, a := range accounts {
		if _, err := iam.NewFromConfig(a.Config("us-east-1")).CreateRole(t.Context(), &iam.CreateRoleInput{
			RoleName: aws.String("cordon-member"), Path: aws.String("/security/"), AssumeRolePolicyDocument: &trust,
		}); err != nil {
			t.Fatal(err)
		}
	}
	o.hub, o.calls = accounts[0], map[string]int{}
	return o
}

func (o *organization) count(c awssim.Call) awssim.Fault {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls[c.Operation]++
	if o.fault != nil {
		return o.fault(c)
	}
	return awssim.Fault{}
}

func (o *organization) calledFor(operation string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.calls[operation]
}

const hubTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:role/cordon"},
	"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"our-id"}}}]}`

func role() cloud.Member {
	return cloud.Member{Role: "security/cordon-member", ExternalID: "our-id", Session: "soc"}
}

func whoami(t *testing.T, a *cloud.Accounts, account, region string) (string, error) {
	t.Helper()
	c, err := a.Clients(t.Context(), account, region)
	if err != nil {
		t.Fatal(err)
	}
	if c.Account != account {
		t.Errorf("the clients say that they are for account %s, not %s", c.Account, account)
	}
	out, err := c.STS.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", err
	}
	return *out.Arn, nil
}

func TestAccounts(t *testing.T) {
	for _, tt := range []struct{ name, own string }{{"own account configured", hub}, {"own account asked", ""}} {
		t.Run(tt.name, func(t *testing.T) {
			o := newOrganization(t, hubTrust, member)
			a := cloud.NewAccounts(o.hub.Config("us-east-1"), tt.own, role())
			for _, c := range []struct{ account, region, want string }{
				{hub, "us-east-1", "arn:aws:sts::111122223333:assumed-role/cordon/cordon"},
				{hub, "eu-west-1", "arn:aws:sts::111122223333:assumed-role/cordon/cordon"},
				{member, "us-east-1", "arn:aws:sts::444455556666:assumed-role/cordon-member/soc"},
				{member, "ap-south-1", "arn:aws:sts::444455556666:assumed-role/cordon-member/soc"},
				{member, "aws-global", "arn:aws:sts::444455556666:assumed-role/cordon-member/soc"},
			} {
				got, err := whoami(t, a, c.account, c.region)
				if err != nil || got != c.want {
					t.Errorf("%s in %s: %s, %v, want %s", c.account, c.region, got, err, c.want)
				}
			}
			asked := map[string]int{"": 1}[tt.own]
			if o.calledFor("AssumeRole") != 1 || o.calledFor("GetCallerIdentity") != 5+asked {
				t.Errorf("calls: %v", o.calls)
			}
			one, _ := a.Clients(t.Context(), member, "us-east-1")
			two, _ := a.Clients(t.Context(), member, "us-east-1")
			if one != two {
				t.Error("clients are not used again")
			}
		})
	}
}

// TestAccountsWithoutRole: nothing is asked, and every account gets the own credentials.
func TestAccountsWithoutRole(t *testing.T) {
	o := newOrganization(t, hubTrust, member)
	a := cloud.NewAccounts(o.hub.Config("us-east-1"), "", cloud.Member{})
	got, err := whoami(t, a, member, "us-east-1")
	if err != nil || got != "arn:aws:sts::111122223333:assumed-role/cordon/cordon" || len(o.calls) != 1 {
		t.Errorf("%s, %v, calls %v", got, err, o.calls)
	}
}

// TestAccountsAtOnce: many calls at once, in five accounts and four Regions, cost one AssumeRole an account.
func TestAccountsAtOnce(t *testing.T) {
	others := []string{"444455550001", "444455550002", "444455550003", "444455550004", "444455550005"}
	o := newOrganization(t, hubTrust, others...)
	a := cloud.NewAccounts(o.hub.Config("us-east-1"), "", role())
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			account := others[i%len(others)]
			got, err := whoami(t, a, account, []string{"us-east-1", "us-west-2", "eu-west-1", "aws-global"}[i/len(others)%4])
			if err != nil || !strings.Contains(got, "::"+account+":") {
				t.Errorf("%s: %s, %v", account, got, err)
			}
		})
	}
	wg.Wait()
	if o.calledFor("AssumeRole") != len(others) || o.calledFor("GetCallerIdentity") != 101 {
		t.Errorf("calls: %v, want %d AssumeRole and 1 GetCallerIdentity of the factory's own", o.calls, len(others))
	}
}

func TestRoleRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		member cloud.Member
		trust  string
		want   string // the role
		id     bool
	}{
		{"no such role", cloud.Member{Role: "cordon"}, hubTrust, "arn:aws:iam::444455556666:role/cordon", false},
		{"not in that path", cloud.Member{Role: "cordon-member", ExternalID: "our-id"}, hubTrust, "arn:aws:iam::444455556666:role/cordon-member", true},
		{"wrong external id", cloud.Member{Role: "security/cordon-member", ExternalID: "theirs"}, hubTrust, "arn:aws:iam::444455556666:role/security/cordon-member", true},
		{"no external id", cloud.Member{Role: "security/cordon-member"}, hubTrust, "arn:aws:iam::444455556666:role/security/cordon-member", false},
		{"trusts another account", role(), strings.ReplaceAll(hubTrust, hub, "999999999999"), "arn:aws:iam::444455556666:role/security/cordon-member", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := newOrganization(t, tt.trust, member)
			a := cloud.NewAccounts(o.hub.Config("us-east-1"), hub, tt.member)
			_, err := whoami(t, a, member, "us-east-1")
			var refused *cloud.RoleError
			if !errors.As(err, &refused) || refused.Role != tt.want || refused.Account != member || refused.ExternalID != tt.id {
				t.Fatalf("%v, want a RoleError of %s", err, tt.want)
			}
			if cloud.Denied(err) || !cloud.BadCredentials(err) || !cloud.Denied(refused.Err) {
				t.Errorf("denied %v, bad credentials %v, cause %v", cloud.Denied(err), cloud.BadCredentials(err), refused.Err)
			}
			if _, err := whoami(t, a, hub, "us-east-1"); err != nil {
				t.Errorf("the own account does not work any more: %v", err)
			}
		})
	}
}

// TestRenewal: credentials that come to their end are had anew, before a call is signed with them.
func TestRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOrganization(t, hubTrust, member)
		a := cloud.NewAccounts(o.hub.Config("us-east-1"), hub, role())
		for i, wait := range []time.Duration{0, 54 * time.Minute, 2 * time.Minute, 54 * time.Minute, 24 * time.Hour} {
			time.Sleep(wait)
			want := []int{1, 1, 2, 2, 3}[i]
			if _, err := whoami(t, a, member, "us-east-1"); err != nil || o.calledFor("AssumeRole") != want {
				t.Errorf("after %s more: %d times AssumeRole, want %d; %v", wait, o.calledFor("AssumeRole"), want, err)
			}
		}
	})
}

// TestRefusalIsKept for a moment, and not for longer.
func TestRefusalIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOrganization(t, hubTrust, member)
		o.fault = func(c awssim.Call) awssim.Fault {
			if c.Operation == "AssumeRole" && o.calls[c.Operation] == 1 {
				return awssim.Fault{Before: awssim.Denied(c)}
			}
			return awssim.Fault{}
		}
		a := cloud.NewAccounts(o.hub.Config("us-east-1"), hub, role())
		for range 3 {
			var refused *cloud.RoleError
			if _, err := whoami(t, a, member, "us-east-1"); !errors.As(err, &refused) || o.calledFor("AssumeRole") != 1 {
				t.Errorf("%v, calls %v; want a RoleError after one AssumeRole", err, o.calls)
			}
		}
		time.Sleep(5 * time.Second)
		if _, err := whoami(t, a, member, "us-east-1"); err != nil || o.calledFor("AssumeRole") != 2 {
			t.Errorf("later: %v, calls %v", err, o.calls)
		}
	})
}

// TestOwnAskedAgain: an answer is kept, an error is not; a caller that gives up does not wait for another's question.
func TestOwnAskedAgain(t *testing.T) {
	o := newOrganization(t, hubTrust, member)
	o.fault = func(c awssim.Call) awssim.Fault {
		if c.Operation == "GetCallerIdentity" && o.calls[c.Operation] == 1 {
			return awssim.Fault{Before: &smithy.GenericAPIError{Code: "ExpiredToken"}}
		}
		return awssim.Fault{}
	}
	a := cloud.NewAccounts(o.hub.Config("us-east-1"), "", role())
	if _, err := whoami(t, a, member, "us-east-1"); !cloud.BadCredentials(err) || o.calledFor("AssumeRole") != 0 {
		t.Errorf("with expired credentials: %v, %v", err, o.calls)
	}
	for range 2 {
		if _, err := whoami(t, a, member, "us-east-1"); err != nil {
			t.Error(err)
		}
	}
	if o.calledFor("GetCallerIdentity") != 4 {
		t.Errorf("calls: %v", o.calls)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if own, err := cloud.NewAccounts(o.hub.Config("us-east-1"), "", role()).Own(gone); err == nil {
		t.Errorf("own account %s though the caller has given up", own)
	}
}

// TestReadOnlyMember: clients that only read assume roles all the same.
func TestReadOnlyMember(t *testing.T) {
	o := newOrganization(t, hubTrust, member)
	a := cloud.NewAccounts(o.hub.Config("us-east-1"), hub, role(), cloud.ReadOnly)
	if _, err := whoami(t, a, member, "us-east-1"); err != nil {
		t.Fatal(err)
	}
	c, _ := a.Clients(t.Context(), member, "us-east-1")
	_, err := c.EC2.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: []string{"i-0a1b2c3d4e5f60001"}})
	var refused *cloud.WriteError
	if !errors.As(err, &refused) {
		t.Errorf("a write in the member account: %v, want a WriteError", err)
	}
}

// TestRegions: the clients' Region and the partition of the role, for Regions and pseudo Regions, with and without a
// Region of Cordon's own.
func TestRegions(t *testing.T) {
	for _, tt := range []struct{ own, region, want, partition string }{
		{"us-west-2", "eu-west-1", "eu-west-1", "aws"},
		{"us-west-2", "aws-global", "us-west-2", "aws"},
		{"", "aws-global", "us-east-1", "aws"},
		{"cn-northwest-1", "cn-north-1", "cn-north-1", "aws-cn"},
		{"cn-northwest-1", "aws-cn-global", "cn-northwest-1", "aws-cn"},
		{"", "aws-cn-global", "cn-north-1", "aws-cn"},
		{"", "aws-us-gov-global", "us-gov-west-1", "aws-us-gov"},
		{"us-gov-east-1", "us-gov-west-1", "us-gov-west-1", "aws-us-gov"},
		{"", "aws-iso-b-global", "us-isob-east-1", "aws-iso-b"},
		{"", "aws-iso-global", "us-iso-east-1", "aws-iso"},
		{"", "eusc-de-east-1", "eusc-de-east-1", "aws-eusc"},
	} {
		t.Run(tt.own+" "+tt.region, func(t *testing.T) {
			cfg := awssim.New(awssim.Options{Partition: tt.partition}).Config(tt.own)
			a := cloud.NewAccounts(cfg, hub, cloud.Member{Role: "cordon-member"})
			c, err := a.Clients(t.Context(), member, tt.region)
			if err != nil || c.Region != tt.want {
				t.Fatalf("Region %s, %v, want %s", c.Region, err, tt.want)
			}
			_, err = c.STS.Options().Credentials.Retrieve(t.Context())
			var refused *cloud.RoleError
			if want := "arn:" + tt.partition + ":iam::444455556666:role/cordon-member"; !errors.As(err, &refused) || refused.Role != want {
				t.Errorf("%v, want a RoleError of %s", err, want)
			}
		})
	}
}

// TestHostileAccount: what is no account id never gets into an ARN.
func TestHostileAccount(t *testing.T) {
	a := cloud.NewAccounts(awssim.New(awssim.Options{}).Config("us-east-1"), hub, role())
	for _, id := range []string{"", "1234", "44445555666x", "444455556666:role/x", strings.Repeat("١", 12)} {
		if c, err := a.Clients(t.Context(), id, "us-east-1"); err == nil {
			t.Errorf("clients for account %q: %v", id, c)
		}
	}
}

// TestManyPlaces: the clients that are kept are bounded, and credentials outlive them.
func TestManyPlaces(t *testing.T) {
	o := newOrganization(t, hubTrust, member)
	a := cloud.NewAccounts(o.hub.Config("us-east-1"), hub, role())
	for i := range 600 {
		if _, err := a.Clients(t.Context(), fmt.Sprintf("%012d", i), "us-east-1"); err != nil {
			t.Fatal(err)
		}
		if i%200 == 0 {
			if _, err := whoami(t, a, member, "us-east-1"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if o.calledFor("AssumeRole") != 1 {
		t.Errorf("calls: %v", o.calls)
	}
}
