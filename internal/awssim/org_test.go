package awssim_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"cordon/internal/awssim"
	"cordon/internal/cloud"
)

const (
	accountA = "111122223333"
	accountB = "444455556666"
)

// trustOf is a trust policy with one statement: what it says of principals and, if any, conditions.
func trustOf(principal, rest string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":` + principal + rest + `}]}`
}

// join makes accounts A and B, with the role /team/r in B, and joins them.
func join(t *testing.T, trust string, oA, oB awssim.Options) (a, b *awssim.Account) {
	t.Helper()
	oA.AccountID, oB.AccountID = accountA, accountB
	a, b = awssim.New(oA), awssim.New(oB)
	if _, err := iam.NewFromConfig(b.Config("us-east-1")).CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("r"), Path: aws.String("/team/"), AssumeRolePolicyDocument: &trust,
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := awssim.NewOrganization(a, b); err != nil {
		t.Fatal(err)
	}
	return a, b
}

func assumeR(ctx context.Context, cfg aws.Config, change func(*sts.AssumeRoleInput)) (*sts.AssumeRoleOutput, error) {
	in := &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::444455556666:role/team/r"), RoleSessionName: aws.String("s-1")}
	if change != nil {
		change(in)
	}
	return sts.NewFromConfig(cfg).AssumeRole(ctx, in)
}

// as is a configuration with the credentials of a session.
func as(cfg aws.Config, c *ststypes.Credentials) aws.Config {
	cfg.Credentials = credentials.NewStaticCredentialsProvider(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
	return cfg
}

func TestTrust(t *testing.T) {
	const yes, no = "", "AccessDenied"
	id := func(v string) func(*sts.AssumeRoleInput) {
		return func(in *sts.AssumeRoleInput) { in.ExternalId = &v }
	}
	const wantsID = `,"Condition":{"StringEquals":{"sts:ExternalId":"our-id"}}`
	for _, tt := range []struct {
		name, trust string
		change      func(*sts.AssumeRoleInput)
		want        string
	}{
		{"the caller's account", trustOf(`{"AWS":"111122223333"}`, ""), nil, yes},
		{"the caller's account's root", trustOf(`{"AWS":["arn:aws:iam::999999999999:root","arn:aws:iam::111122223333:root"]}`, ""), nil, yes},
		{"the caller's role", trustOf(`{"AWS":"arn:aws:iam::111122223333:role/some/path/cordon"}`, ""), nil, yes},
		{"the caller's session", trustOf(`{"AWS":"arn:aws:sts::111122223333:assumed-role/cordon/cordon"}`, ""), nil, yes},
		{"everyone", trustOf(`"*"`, ""), nil, yes},
		{"everyone of AWS", trustOf(`{"AWS":"*"}`, ""), nil, yes},
		{"another account", trustOf(`{"AWS":"arn:aws:iam::999999999999:root"}`, ""), nil, no},
		{"another role", trustOf(`{"AWS":"arn:aws:iam::111122223333:role/cordo"}`, ""), nil, no},
		{"the role's name in another account", trustOf(`{"AWS":"arn:aws:iam::444455556666:role/cordon"}`, ""), nil, no},
		{"another session", trustOf(`{"AWS":"arn:aws:sts::111122223333:assumed-role/cordon/other"}`, ""), nil, no},
		{"a service", trustOf(`{"Service":"ec2.amazonaws.com"}`, ""), nil, no},
		{"external id", trustOf(`{"AWS":"111122223333"}`, wantsID), id("our-id"), yes},
		{"wrong external id", trustOf(`{"AWS":"111122223333"}`, wantsID), id("our-ID"), no},
		{"no external id", trustOf(`{"AWS":"111122223333"}`, wantsID), nil, no},
		{"an external id that nobody wants", trustOf(`{"AWS":"111122223333"}`, ""), id("our-id"), yes},
		{"an organization's", trustOf(`"*"`, `,"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-cordonsim1"}}`), nil, yes},
		{"another organization's", trustOf(`"*"`, `,"Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-other12345"}}`), nil, no},
		{"a role by pattern", trustOf(`"*"`, `,"Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/cor*"}}`), nil, yes},
		{"a key that is not there", trustOf(`"*"`, `,"Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}`), nil, no},
		{"another action", strings.Replace(trustOf(`"*"`, ""), "sts:AssumeRole", "sts:TagSession", 1), nil, no},
		{"denied besides", strings.Replace(trustOf(`"*"`, ""), `[{`, `[{"Effect":"Deny","Action":"sts:*","Principal":{"AWS":"111122223333"}},{`, 1), nil, no},
		{"no such role", trustOf(`"*"`, ""), func(in *sts.AssumeRoleInput) { in.RoleArn = aws.String("arn:aws:iam::444455556666:role/r") }, no},
		{"no such account", trustOf(`"*"`, ""), func(in *sts.AssumeRoleInput) { in.RoleArn = aws.String("arn:aws:iam::999999999999:role/team/r") }, no},
		{"no ARN", trustOf(`"*"`, ""), func(in *sts.AssumeRoleInput) { in.RoleArn = aws.String("team/r-of-no-account") }, no},
		{"chained for too long", trustOf(`"*"`, ""), func(in *sts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(3601) }, "ValidationError"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, _ := join(t, tt.trust, awssim.Options{}, awssim.Options{})
			_, err := assumeR(t.Context(), a.Config("us-east-1"), tt.change)
			if got := cloud.Code(err); got != tt.want || err != nil && got == "" {
				t.Errorf("error %v, want code %q", err, tt.want)
			}
		})
	}
}

// TestSession: a session acts in the role's account, in every Region, as the role; the caller's own credentials act in the
// caller's. Each account authorizes its own principals.
func TestSession(t *testing.T) {
	var asked []string
	watch := func(account string) awssim.Options {
		return awssim.Options{Authorize: func(c awssim.Check) bool {
			asked = append(asked, account+" "+c.Principal+" "+c.Action)
			return c.Action != "iam:ListRoles"
		}}
	}
	a, b := join(t, trustOf(`{"AWS":"111122223333"}`, ""), watch("A"), watch("B"))
	out, err := assumeR(t.Context(), a.Config("us-east-1"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if *out.AssumedRoleUser.Arn != "arn:aws:sts::444455556666:assumed-role/r/s-1" || !strings.HasSuffix(*out.AssumedRoleUser.AssumedRoleId, ":s-1") {
		t.Errorf("assumed %s, %s", *out.AssumedRoleUser.Arn, *out.AssumedRoleUser.AssumedRoleId)
	}
	cfg := as(a.Config("eu-west-1"), out.Credentials)
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil || *who.Account != accountB || *who.Arn != *out.AssumedRoleUser.Arn || *who.UserId != *out.AssumedRoleUser.AssumedRoleId {
		t.Errorf("the session is %+v, %v", who, err)
	}
	if _, err := ec2.NewFromConfig(cfg).CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.9.0.0/16")}); err != nil {
		t.Error(err)
	}
	if _, err := iam.NewFromConfig(cfg).ListRoles(t.Context(), &iam.ListRolesInput{}); !cloud.Denied(err) {
		t.Errorf("what B does not allow the session: %v", err)
	}
	for account, want := range map[*awssim.Account]int{a: 0, b: 1} {
		vpcs, err := ec2.NewFromConfig(account.Config("eu-west-1")).DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{})
		if err != nil || len(vpcs.Vpcs) != want {
			t.Errorf("VPCs in %s: %d, %v, want %d", account.ID(), len(vpcs.Vpcs), err, want)
		}
	}
	const mine, theirs = "arn:aws:sts::111122223333:assumed-role/cordon/cordon", "arn:aws:sts::444455556666:assumed-role/r/s-1"
	got := strings.Join(asked, "\n")
	for _, want := range []string{"A " + mine + " sts:AssumeRole", "B " + theirs + " ec2:CreateVpc", "B " + theirs + " iam:ListRoles"} {
		if !strings.Contains(got, want) {
			t.Errorf("nobody asked about %s in\n%s", want, got)
		}
	}
	if strings.Contains(got, "B "+mine+" ") || strings.Contains(got, "A "+theirs) {
		t.Errorf("asked in the wrong account:\n%s", got)
	}
}

// TestAssumeNotAllowed: the caller's own account has its say first.
func TestAssumeNotAllowed(t *testing.T) {
	a, _ := join(t, trustOf(`"*"`, ""), awssim.Options{Authorize: func(c awssim.Check) bool { return c.Action != "sts:AssumeRole" }}, awssim.Options{})
	if _, err := assumeR(t.Context(), a.Config("us-east-1"), nil); !cloud.Denied(err) {
		t.Errorf("%v, want AccessDenied", err)
	}
}

// TestSessionEnds: each service has its own code for credentials that are over or unknown, and all of them are known to
// cloud.BadCredentials.
func TestSessionEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := join(t, trustOf(`"*"`, ""), awssim.Options{}, awssim.Options{})
		out, err := assumeR(t.Context(), a.Config("us-east-1"), func(in *sts.AssumeRoleInput) { in.DurationSeconds = aws.Int32(900) })
		if err != nil {
			t.Fatal(err)
		}
		calls := []struct {
			name, expired, unknown string
			call                   func(aws.Config) error
		}{
			{"EC2", "RequestExpired", "AuthFailure", func(c aws.Config) error {
				_, err := ec2.NewFromConfig(c).DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{})
				return err
			}},
			{"IAM", "ExpiredToken", "InvalidClientTokenId", func(c aws.Config) error {
				_, err := iam.NewFromConfig(c).ListRoles(t.Context(), &iam.ListRolesInput{})
				return err
			}},
			{"S3", "ExpiredToken", "InvalidAccessKeyId", func(c aws.Config) error {
				_, err := s3.NewFromConfig(c).ListBuckets(t.Context(), &s3.ListBucketsInput{})
				return err
			}},
			{"GuardDuty", "ExpiredTokenException", "UnrecognizedClientException", func(c aws.Config) error {
				_, err := guardduty.NewFromConfig(c).ListDetectors(t.Context(), &guardduty.ListDetectorsInput{})
				return err
			}},
		}
		good := as(a.Config("us-east-1"), out.Credentials)
		forged := *out.Credentials
		forged.SessionToken = aws.String("another")
		unknown := ststypes.Credentials{AccessKeyId: aws.String("AKIANOBODYS000000000"), SecretAccessKey: aws.String("x"), SessionToken: aws.String("")}
		time.Sleep(15*time.Minute - time.Second)
		for _, c := range calls {
			if err := c.call(good); err != nil {
				t.Errorf("%s, a second before the end: %v", c.name, err)
			}
			for _, bad := range []ststypes.Credentials{forged, unknown} {
				if err := c.call(as(good, &bad)); cloud.Code(err) != c.unknown || !cloud.BadCredentials(err) {
					t.Errorf("%s, unknown credentials: %v, want %s", c.name, err, c.unknown)
				}
			}
		}
		time.Sleep(time.Second)
		for _, c := range calls {
			if err := c.call(good); cloud.Code(err) != c.expired || !cloud.BadCredentials(err) {
				t.Errorf("%s, at the end: %v, want %s", c.name, err, c.expired)
			}
		}
	})
}

func TestOrganizationOnce(t *testing.T) {
	a, b := join(t, trustOf(`"*"`, ""), awssim.Options{}, awssim.Options{})
	for name, accounts := range map[string][]*awssim.Account{
		"again": {a}, "same id twice": {awssim.New(awssim.Options{}), awssim.New(awssim.Options{})}, "one of them again": {awssim.New(awssim.Options{AccountID: "999999999999"}), b},
	} {
		if o, err := awssim.NewOrganization(accounts...); err == nil {
			t.Errorf("%s: %v", name, o)
		}
	}
}
