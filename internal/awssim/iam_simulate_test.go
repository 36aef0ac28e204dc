package awssim

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"cordon/internal/cloud"
)

// simulated asks the account's IAM, and gives "allowed", "implicitDeny" or "explicitDeny" an action.
func simulated(t *testing.T, a *Account, in iam.SimulatePrincipalPolicyInput) (decisions []string, out *iam.SimulatePrincipalPolicyOutput) {
	t.Helper()
	out, err := iam.NewFromConfig(a.Config(DemoRegion)).SimulatePrincipalPolicy(t.Context(), &in)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range out.EvaluationResults {
		decisions = append(decisions, string(r.EvalDecision))
	}
	return decisions, out
}

func TestSimulatePrincipalPolicy(t *testing.T) {
	a := New(Options{})
	if err := Demo(a); err != nil {
		t.Fatal(err)
	}
	ctx, c := t.Context(), iam.NewFromConfig(a.Config(DemoRegion))
	scoped := `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"ec2:*Tags","Resource":"arn:aws:ec2:*:111122223333:instance/*","Condition":{"StringLike":{"aws:ResourceTag/cordon:case":"c-*"}}},
		{"Effect":"Allow","Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::logs","arn:aws:s3:::logs/*"]},
		{"Effect":"Deny","NotAction":"s3:*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"false"}}}]}`
	if _, err := c.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("batch-role"), PolicyName: aws.String("scoped"), PolicyDocument: &scoped}); err != nil {
		t.Fatal(err)
	}
	entry := func(key string, values ...string) iamtypes.ContextEntry {
		return iamtypes.ContextEntry{ContextKeyName: &key, ContextKeyType: iamtypes.ContextKeyTypeEnumString, ContextKeyValues: values}
	}
	role, instance := "arn:aws:iam::111122223333:role/", "arn:aws:ec2:us-east-1:111122223333:instance/i-1"
	for _, tt := range []struct {
		name, source string
		actions      []string
		resources    []string
		context      []iamtypes.ContextEntry
		want         []string
		missing      []string // of the first action
	}{
		{"administrator", role + "cordon", []string{"ec2:RunInstances", "IAM:createuser"}, nil, nil, []string{"allowed", "allowed"}, nil},
		{"managed", role + "cordon-quarantine", []string{"ssm:UpdateInstanceInformation", "s3:PutObject"}, nil, nil, []string{"allowed", "implicitDeny"}, nil},
		{"user", "arn:aws:iam::111122223333:user/deploy-bot", []string{"s3:PutObject", "s3:GetObject"}, nil, nil, []string{"allowed", "implicitDeny"}, nil},
		{"right resource", role + "batch-role", []string{"s3:GetObject"}, []string{"arn:aws:s3:::logs/a/b"}, nil, []string{"allowed"}, nil},
		{"one wrong resource", role + "batch-role", []string{"s3:GetObject"}, []string{"arn:aws:s3:::logs/a", "arn:aws:s3:::other/a"}, nil, []string{"implicitDeny"}, nil},
		{"every resource", role + "batch-role", []string{"s3:GetObject"}, nil, nil, []string{"implicitDeny"}, nil},
		{
			"condition without its key", role + "batch-role",
			[]string{"ec2:CreateTags"},
			[]string{instance},
			nil,
			[]string{"implicitDeny"},
			[]string{"aws:MultiFactorAuthPresent", "aws:ResourceTag/cordon:case"},
		},
		{
			"condition", role + "batch-role",
			[]string{"ec2:CreateTags", "ec2:DescribeTags", "ec2:RunInstances"},
			[]string{instance},
			[]iamtypes.ContextEntry{entry("AWS:ResourceTag/cordon:case", "c-1")},
			[]string{"allowed", "allowed", "implicitDeny"},
			[]string{"aws:MultiFactorAuthPresent"},
		},
		{
			"deny beats allow", role + "batch-role",
			[]string{"ec2:CreateTags", "s3:GetObject"},
			[]string{instance},
			[]iamtypes.ContextEntry{entry("aws:ResourceTag/cordon:case", "c-1"), entry("aws:MultiFactorAuthPresent", "false")},
			[]string{"explicitDeny", "implicitDeny"},
			nil,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, out := simulated(t, a, iam.SimulatePrincipalPolicyInput{
				PolicySourceArn: &tt.source, ActionNames: tt.actions, ResourceArns: tt.resources, ContextEntries: tt.context,
			})
			if !slices.Equal(got, tt.want) {
				t.Errorf("%v, want %v", got, tt.want)
			}
			first := out.EvaluationResults[0]
			if !slices.Equal(first.MissingContextValues, tt.missing) {
				t.Errorf("missing context values %q, want %q", first.MissingContextValues, tt.missing)
			}
			if len(first.ResourceSpecificResults) != len(tt.resources) {
				t.Errorf("%d resource specific results for %d resources", len(first.ResourceSpecificResults), len(tt.resources))
			}
		})
	}

	pages, n := iam.NewSimulatePrincipalPolicyPaginator(c, &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String(role + "cordon"), ActionNames: []string{"a:A", "b:B", "c:C"}, MaxItems: aws.Int32(2),
	}), 0
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		n += len(page.EvaluationResults)
	}
	if n != 3 {
		t.Errorf("%d results over two pages, want 3", n)
	}
}

func TestSimulatePrincipalPolicyRefuses(t *testing.T) {
	a := New(Options{})
	if err := Demo(a); err != nil {
		t.Fatal(err)
	}
	c := iam.NewFromConfig(a.Config(DemoRegion))
	a.update(func(s *state) {
		s.IAM.Now.Roles["batch-role"].Attached = []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"}
	})
	for _, tt := range []struct{ name, source, action, want string }{
		{"no such role", "arn:aws:iam::111122223333:role/none", "s3:GetObject", "NoSuchEntity"},
		{"another account's", "arn:aws:iam::999999999999:role/cordon", "s3:GetObject", "NoSuchEntity"},
		{"a role by another path", "arn:aws:iam::111122223333:role/team/cordon", "s3:GetObject", "NoSuchEntity"},
		{"a session", "arn:aws:sts::111122223333:assumed-role/cordon/cordon", "s3:GetObject", "InvalidInput"},
		{"root", "arn:aws:iam::111122223333:root", "s3:GetObject", "InvalidInput"},
		{"no action", "arn:aws:iam::111122223333:role/cordon", "GetObject", "InvalidInput"},
		{"a wildcard", "arn:aws:iam::111122223333:role/cordon", "s3:*", "InvalidInput"},
		{"a policy that is not simulated", "arn:aws:iam::111122223333:role/batch-role", "s3:GetObject", "UnsimulatedOperation"},
	} {
		_, err := c.SimulatePrincipalPolicy(t.Context(), &iam.SimulatePrincipalPolicyInput{PolicySourceArn: &tt.source, ActionNames: []string{tt.action}})
		if got := cloud.Code(err); got != tt.want {
			t.Errorf("%s: %v, want code %s", tt.name, err, tt.want)
		}
	}
}

// TestConditionOperators goes by the IAM user guide's page of them.
func TestConditionOperators(t *testing.T) {
	one := func(v ...string) map[string][]string { return map[string][]string{"k": v, "aws:username": {"ann"}} }
	none := map[string][]string{}
	for _, tt := range []struct {
		operator string
		want     any
		context  map[string][]string
		holds    bool
	}{
		{"StringEquals", "a", one("a"), true},
		{"StringEquals", []any{"a", "b"}, one("b"), true},
		{"StringEquals", "a", one("A"), false},
		{"StringEquals", "a", none, false},
		{"StringEqualsIfExists", "a", none, true},
		{"StringEqualsIfExists", "a", one("b"), false},
		{"StringEqualsIgnoreCase", "a", one("A"), true},
		{"StringNotEquals", []any{"a", "b"}, one("b"), false},
		{"StringNotEquals", "a", one("b"), true},
		{"StringNotEquals", "a", none, true},
		{"StringNotEqualsIgnoreCase", "a", one("A"), false},
		{"StringLike", "?b*", one("abc"), true},
		{"StringLike", "home/${aws:username}/*", one("home/ann/x"), true},
		{"StringLike", "home/${aws:username}/*", one("home/bob/x"), false},
		{"StringNotLike", "a*", one("b"), true},
		{"ArnLike", "arn:aws:ec2:*:1:instance/*", one("arn:aws:ec2:eu-west-1:1:instance/i-1"), true},
		{"ArnLike", "arn:aws:ec2:*:instance/i-1", one("arn:aws:ec2:eu-west-1:1:instance/i-1"), true},
		{"ArnLike", "arn:aws:ec2:*:1:instance/*", one("arn:aws:ec2:x:2:1:instance/i-1"), false},
		{"ArnNotEquals", "arn:aws:iam::1:role/a", one("arn:aws:iam::1:role/b"), true},
		{"Bool", "true", one("true"), true},
		{"Bool", true, one("false"), false},
		{"Null", "true", none, true},
		{"Null", "true", one("x"), false},
		{"Null", "false", one(), true},
		{"NumericLessThanEquals", float64(10), one("10"), true},
		{"NumericLessThan", "10", one("9"), true},
		{"NumericNotEquals", "10", one("10"), false},
		{"NumericGreaterThan", "10", one("ten"), false},
		{"DateLessThan", "2026-11-22T00:00:00Z", one("2026-11-21T23:59:59Z"), true},
		{"DateGreaterThanEquals", "2026-11-22", one("1"), false},
		{"IpAddress", "203.0.113.0/24", one("203.0.113.9"), true},
		{"IpAddress", "203.0.113.9", one("203.0.113.9"), true},
		{"NotIpAddress", "203.0.113.0/24", one("198.51.100.1"), true},
		{"ForAllValues:StringEquals", []any{"a", "b"}, one("a", "b"), true},
		{"ForAllValues:StringEquals", []any{"a"}, one("a", "b"), false},
		{"ForAllValues:StringEquals", "a", none, true},
		{"ForAnyValue:StringEquals", "a", one("a", "b"), true},
		{"ForAnyValue:StringEquals", "a", none, false},
		{"ForAnyValue:StringNotEquals", "a", one("a", "b"), true},
		{"ForAllValues:StringNotEquals", "a", one("a", "b"), false},
		{"StringSmells", "a", one("a"), false},
	} {
		condition := map[string]map[string]any{tt.operator: {"K": tt.want}}
		if got := conditionHolds(condition, tt.context); got != tt.holds {
			t.Errorf("%s %v over %v: %v, want %v", tt.operator, tt.want, tt.context, got, tt.holds)
		}
	}
}

// FuzzGlob holds globMatch against a regular expression.
func FuzzGlob(f *testing.F) {
	for _, seed := range []string{"*", "a*b", "?", "**a?", "s3:Get*", ""} {
		f.Add(seed, "s3:GetObject")
		f.Add(seed, "aab")
	}
	f.Fuzz(func(t *testing.T, pattern, s string) {
		for _, text := range []string{pattern, s} {
			for i := range len(text) {
				if text[i] < ' ' || text[i] > '~' {
					t.Skip("IAM's patterns and names are ASCII")
				}
			}
		}
		quoted := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern))
		if want := regexp.MustCompile("^" + quoted + "$").MatchString(s); globMatch(pattern, s) != want {
			t.Errorf("globMatch(%q, %q) is not %v", pattern, s, want)
		}
	})
}
