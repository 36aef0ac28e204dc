package awssim_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"cordon/internal/awssim"
	"cordon/internal/cloud"
)

const ssoRole = "AWSReservedSSO_AdministratorAccess_0123456789abcdef"

func TestIAMDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := demoClients(t, awssim.Options{IAMDelay: 10 * time.Second})
		get := func() error {
			return failed(c.IAM.GetRolePolicy(t.Context(), &iam.GetRolePolicyInput{RoleName: aws.String("web-app-role"), PolicyName: aws.String("deny")}))
		}
		must(c.IAM.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("web-app-role"), PolicyName: aws.String("deny"), PolicyDocument: aws.String(denyAll)}))(t)
		wantCode(t, get(), "NoSuchEntity")
		time.Sleep(5 * time.Second)
		must(c.IAM.DeleteRolePolicy(t.Context(), &iam.DeleteRolePolicyInput{RoleName: aws.String("web-app-role"), PolicyName: aws.String("deny")}))(t)
		wantCode(t, get(), "NoSuchEntity")
		time.Sleep(6 * time.Second)
		if err := get(); err != nil {
			t.Errorf("11 s after the write: %v", err)
		}
		time.Sleep(5 * time.Second)
		wantCode(t, get(), "NoSuchEntity")
	})
}

func TestPolicyDocumentsAreURLEncoded(t *testing.T) {
	_, c := demoClients(t, awssim.Options{})
	doc := "{\n \"Version\": \"2012-10-17\", \"Statement\": {\"Effect\": \"Deny\", \"Action\": \"*\", \"Resource\": \"arn:aws:s3:::a+b/ü\"}}"
	must(c.IAM.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: aws.String("deploy-bot"), PolicyName: aws.String("p"), PolicyDocument: &doc}))(t)
	out := must(c.IAM.GetUserPolicy(t.Context(), &iam.GetUserPolicyInput{UserName: aws.String("deploy-bot"), PolicyName: aws.String("p")}))(t)
	if strings.ContainsAny(*out.PolicyDocument, " +{\"") {
		t.Errorf("not encoded: %s", *out.PolicyDocument)
	}
	for name, decode := range map[string]func(string) (string, error){"query": url.QueryUnescape, "path": url.PathUnescape} {
		if got, err := decode(*out.PolicyDocument); err != nil || got != doc {
			t.Errorf("decoded as a %s: %q, %v", name, got, err)
		}
	}
}

func TestInlineQuotaCountsNoWhiteSpace(t *testing.T) {
	_, c := demoClients(t, awssim.Options{})
	put := func(name, doc string) error {
		return failed(c.IAM.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("batch-role"), PolicyName: &name, PolicyDocument: &doc}))
	}
	overhead := len(longPolicy(0))
	if err := put("a", strings.Replace(longPolicy(5000-overhead), ":", ":"+strings.Repeat(" ", 9000), 1)); err != nil {
		t.Errorf("5,000 characters and white space: %v", err)
	}
	if err := put("b", longPolicy(5240-overhead)); err != nil {
		t.Errorf("10,240 characters in all: %v", err)
	}
	wantCode(t, put("b", longPolicy(5241-overhead)), "LimitExceeded")
	if err := put("b", longPolicy(5240-overhead)); err != nil {
		t.Errorf("replaced by one as long: %v", err)
	}
}

func TestPagesOfIAM(t *testing.T) {
	_, c := demoClients(t, awssim.Options{})
	for n := range 25 {
		must(c.IAM.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String(fmt.Sprintf("many-%02d", n)), Path: aws.String("/many/"), AssumeRolePolicyDocument: aws.String(ec2Trust)}))(t)
	}
	var names []string
	p := iam.NewListRolesPaginator(c.IAM, &iam.ListRolesInput{PathPrefix: aws.String("/many/"), MaxItems: aws.Int32(10)})
	for p.HasMorePages() {
		out := must(p.NextPage(t.Context()))(t)
		for _, r := range out.Roles {
			names = append(names, *r.RoleName)
		}
		if len(names) == 10 { // a role that comes or goes between two pages moves nothing else
			must(c.IAM.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: aws.String("many-09")}))(t)
		}
	}
	if len(names) != 25 || names[0] != "many-00" || names[24] != "many-24" {
		t.Errorf("%d names: %v", len(names), names)
	}
}

func TestCallerIdentity(t *testing.T) {
	a, _ := demoClients(t, awssim.Options{})
	for principal, wantID := range map[string]string{
		"arn:aws:iam::111122223333:user/deploy-bot":              "AIDACKCEVSQ6C2EXAMPLE",
		"arn:aws:sts::111122223333:assumed-role/web-app-role/i1": "AROADBQP57FF2AEXAMPLE:i1",
	} {
		out := must(sts.NewFromConfig(a.ConfigAs(region, principal)).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}))(t)
		if *out.Arn != principal || *out.Account != "111122223333" || *out.UserId != wantID {
			t.Errorf("%s: %s %s %s", principal, *out.Arn, *out.Account, *out.UserId)
		}
	}
}

func TestIAMRefusals(t *testing.T) {
	put := func(role, name, doc string) func(context.Context, *cloud.Clients) error {
		return func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &role, PolicyName: &name, PolicyDocument: &doc}))
		}
	}
	statement := func(s string) string { return `{"Version":"2012-10-17","Statement":[` + s + `]}` }
	refuses(t, []refusal{
		{"policy on the role of a service", put("AWSServiceRoleForAutoScaling", "deny", denyAll), "UnmodifiableEntity"},
		{"policy on a role of Identity Center", put(ssoRole, "deny", denyAll), "UnmodifiableEntity"},
		{"attach to a role of Identity Center", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.IAM.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String(ssoRole), PolicyArn: aws.String(ssmCore)}))
		}, "UnmodifiableEntity"},
		{"delete the role of a service", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.IAM.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: aws.String("AWSServiceRoleForAutoScaling")}))
		}, "UnmodifiableEntity"},
		{"create in a path of AWS's", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("x"), Path: aws.String("/aws-service-role/x/"), AssumeRolePolicyDocument: aws.String(ec2Trust)}))
		}, "ValidationError"},
		{"no JSON", put("batch-role", "p", "deny everything"), "MalformedPolicyDocument"},
		{"JSON and more", put("batch-role", "p", denyAll+"x"), "MalformedPolicyDocument"},
		{"JSON and a brace", put("batch-role", "p", denyAll+"}"), "MalformedPolicyDocument"},
		{"unknown element", put("batch-role", "p", statement(`{"Effect":"Deny","Action":"*","Resource":"*","Until":"noon"}`)), "MalformedPolicyDocument"},
		{"unknown version", put("batch-role", "p", strings.Replace(denyAll, "2012", "2013", 1)), "MalformedPolicyDocument"},
		{"unknown effect", put("batch-role", "p", statement(`{"Effect":"deny","Action":"*","Resource":"*"}`)), "MalformedPolicyDocument"},
		{"no action", put("batch-role", "p", statement(`{"Effect":"Deny","Resource":"*"}`)), "MalformedPolicyDocument"},
		{"a Sid twice", put("batch-role", "p", statement(`{"Sid":"a","Effect":"Deny","Action":"*","Resource":"*"},{"Sid":"a","Effect":"Deny","Action":"*","Resource":"*"}`)), "MalformedPolicyDocument"},
		{"a Sid with a dash", put("batch-role", "p", statement(`{"Sid":"a-b","Effect":"Deny","Action":"*","Resource":"*"}`)), "MalformedPolicyDocument"},
		{"bad policy name", put("batch-role", "p q", denyAll), "ValidationError"},
		{"trust policy with a resource", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("x"), AssumeRolePolicyDocument: aws.String(denyAll)}))
		}, "MalformedPolicyDocument"},
		{"key of another user", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.IAM.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: aws.String("deploy-bot"), AccessKeyId: aws.String("AKIAAAAAAAAAAAAAAAAA"), Status: iamtypes.StatusTypeInactive}))
		}, "NoSuchEntity"},
		{"key without a user for a role", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.IAM.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{AccessKeyId: aws.String("AKIAIOSFODNN7EXAMPLE"), Status: iamtypes.StatusTypeInactive}))
		}, "ValidationError"},
		{"key in no state", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.IAM.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: aws.String("deploy-bot"), AccessKeyId: aws.String("AKIAIOSFODNN7EXAMPLE"), Status: "Off"}))
		}, "ValidationError"},
		{"page too large", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.IAM.ListRoles(ctx, &iam.ListRolesInput{MaxItems: aws.Int32(1001)}))
		}, "ValidationError"},
		{"made-up marker", func(ctx context.Context, c *cloud.Clients) error {
			return failed(c.IAM.ListRoles(ctx, &iam.ListRolesInput{Marker: aws.String("x")}))
		}, "ValidationError"},
	})
}

func TestManagedPolicyQuota(t *testing.T) {
	_, c := demoClients(t, awssim.Options{})
	attach := func(n int) error {
		p := must(c.IAM.CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: aws.String(fmt.Sprintf("p%d", n)), PolicyDocument: aws.String(denyAll)}))(t)
		return failed(c.IAM.AttachUserPolicy(t.Context(), &iam.AttachUserPolicyInput{UserName: aws.String("deploy-bot"), PolicyArn: p.Policy.Arn}))
	}
	for n := range 10 {
		if err := attach(n); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, attach(10), "LimitExceeded")
}

func TestModelledErrors(t *testing.T) {
	_, c := demoClients(t, awssim.Options{})
	err := failed(c.IAM.GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("none")}))
	if !asA[*iamtypes.NoSuchEntityException](err) {
		t.Errorf("no NoSuchEntityException: %v", err)
	}
}

// FuzzPolicyDocument puts any text as the policy of a role and of a bucket: what is taken comes back as it was.
func FuzzPolicyDocument(f *testing.F) {
	for _, seed := range []string{
		denyAll, ec2Trust, publicRead, "", "{", "null", `{"Statement":null}`, `{"Statement":[]}`, `{"Statement":[null]}`,
		`{"Statement":{"Effect":"Allow","Principal":{"AWS":["*",1]},"Action":["s3:*",2],"Resource":"arn:aws:s3:::` + openBucket + `"}}`,
		`{"Statement":{"Effect":"Allow","NotPrincipal":7,"NotAction":{},"NotResource":[],"Condition":{"StringLike":{"aws:SourceIp":[null]}}}}`,
	} {
		f.Add(seed)
	}
	a := awssim.New(awssim.Options{})
	if err := awssim.Demo(a); err != nil {
		f.Fatal(err)
	}
	c := cloud.New(a.Config(region), a.ID())
	f.Fuzz(func(t *testing.T, doc string) {
		switch code := cloud.Code(failed(c.IAM.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("batch-role"), PolicyName: aws.String("p"), PolicyDocument: &doc}))); code {
		case "":
			out := must(c.IAM.GetRolePolicy(t.Context(), &iam.GetRolePolicyInput{RoleName: aws.String("batch-role"), PolicyName: aws.String("p")}))(t)
			if got, err := url.QueryUnescape(*out.PolicyDocument); err != nil || got != doc {
				t.Errorf("%q came back as %q, %v", doc, got, err)
			}
		case "MalformedPolicyDocument", "LimitExceeded":
		default:
			t.Errorf("role: code %q", code)
		}
		switch code := cloud.Code(failed(c.S3.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: aws.String(openBucket), Policy: &doc}))); code {
		case "":
			a.Public(openBucket)
			out := must(c.S3.GetBucketPolicy(t.Context(), &s3.GetBucketPolicyInput{Bucket: aws.String(openBucket)}))(t)
			if *out.Policy != doc {
				t.Errorf("%q came back as %q", doc, *out.Policy)
			}
		case "MalformedPolicy":
		default:
			t.Errorf("bucket: code %q", code)
		}
	})
}
