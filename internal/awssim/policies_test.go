package awssim_test

import (
	"fmt"
	"strings"
	"testing"

	"cordon/internal/awssim"
)

// statement is a policy of one statement, whose condition may be "".
func statement(effect, action, resource, condition string) string {
	if condition != "" {
		condition = `,"Condition":` + condition
	}
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":%q,"Action":%q,"Resource":%q%s}]}`, effect, action, resource, condition)
}

func TestPolicies(t *testing.T) {
	const group = "arn:aws:ec2:us-east-1:111122223333:security-group/sg-1"
	tagged := map[string][]string{"aws:ResourceTag/cordon:case": {"c-1"}}
	keys := func(keys ...string) map[string][]string { return map[string][]string{"aws:TagKeys": keys} }
	passed := func(arn string) map[string][]string { return map[string][]string{"iam:PolicyARN": {arn}} }
	for _, tt := range []struct {
		name     string
		policies []string
		action   string
		context  map[string][]string
		want     bool
	}{
		{"nothing allows nothing", nil, "ec2:DeleteSecurityGroup", nil, false},
		{"an action", []string{statement("Allow", "ec2:DeleteSecurityGroup", "*", "")}, "ec2:DeleteSecurityGroup", nil, true},
		{"its case", []string{statement("Allow", "EC2:deletesecuritygroup", "*", "")}, "ec2:DeleteSecurityGroup", nil, true},
		{"another action", []string{statement("Allow", "ec2:CreateSecurityGroup", "*", "")}, "ec2:DeleteSecurityGroup", nil, false},
		{"a wildcard", []string{statement("Allow", "ec2:Delete*", "*", "")}, "ec2:DeleteSecurityGroup", nil, true},
		{"a resource", []string{statement("Allow", "ec2:*", "arn:aws:ec2:*:111122223333:security-group/*", "")}, "ec2:DeleteSecurityGroup", nil, true},
		{"of another account", []string{statement("Allow", "ec2:*", "arn:aws:ec2:*:444455556666:security-group/*", "")}, "ec2:DeleteSecurityGroup", nil, false},
		{"of another kind", []string{statement("Allow", "ec2:*", "arn:aws:ec2:*:111122223333:instance/*", "")}, "ec2:DeleteSecurityGroup", nil, false},
		{"a deny", []string{statement("Allow", "*", "*", ""), statement("Deny", "ec2:Delete*", "*", "")}, "ec2:DeleteSecurityGroup", nil, false},
		{"a deny of another resource", []string{statement("Allow", "*", "*", ""), statement("Deny", "ec2:*", "arn:aws:ec2:*:*:instance/*", "")}, "ec2:X", nil, true},
		{"a deny whose condition does not hold", []string{statement("Allow", "*", "*", ""), statement("Deny", "*", "*", `{"StringEquals":{"a:b":"c"}}`)}, "ec2:X", nil, true},

		{"StringLike", []string{statement("Allow", "*", "*", `{"StringLike":{"aws:ResourceTag/cordon:case":"?*"}}`)}, "ec2:X", tagged, true},
		{"StringLike, in another case", []string{statement("Allow", "*", "*", `{"StringLike":{"AWS:resourcetag/cordon:case":"c-?"}}`)}, "ec2:X", tagged, true},
		{"StringLike, missing", []string{statement("Allow", "*", "*", `{"StringLike":{"aws:ResourceTag/cordon:case":"*"}}`)}, "ec2:X", nil, false},
		{"StringLikeIfExists, missing", []string{statement("Allow", "*", "*", `{"StringLikeIfExists":{"s3:prefix":"cordon/*"}}`)}, "ec2:X", nil, true},
		{"StringLikeIfExists, another", []string{statement("Allow", "*", "*", `{"StringLikeIfExists":{"s3:prefix":"cordon/*"}}`)}, "ec2:X", map[string][]string{"s3:prefix": {"x"}}, false},
		{"StringNotEquals, missing", []string{statement("Allow", "*", "*", `{"StringNotEquals":{"a:b":"c"}}`)}, "ec2:X", nil, true},
		{"StringNotEquals, equal", []string{statement("Allow", "*", "*", `{"StringNotEquals":{"a:b":["c","d"]}}`)}, "ec2:X", map[string][]string{"a:b": {"d"}}, false},
		{"StringEqualsIgnoreCase", []string{statement("Allow", "*", "*", `{"StringEqualsIgnoreCase":{"a:b":"USERDATA"}}`)}, "ec2:X", map[string][]string{"a:b": {"userData"}}, true},
		{"one of several values", []string{statement("Allow", "*", "*", `{"StringEquals":{"a:b":["c","d"]}}`)}, "ec2:X", map[string][]string{"a:b": {"d"}}, true},
		{"all conditions", []string{statement("Allow", "*", "*", `{"StringEquals":{"a:b":"c"},"Null":{"a:d":"false"}}`)}, "ec2:X", map[string][]string{"a:b": {"c"}}, false},
		{"Null, present", []string{statement("Allow", "*", "*", `{"Null":{"aws:TagKeys":"false"}}`)}, "ec2:X", keys("a"), true},
		{"Null, missing", []string{statement("Allow", "*", "*", `{"Null":{"aws:TagKeys":"false"}}`)}, "ec2:X", nil, false},
		{"Null, wanted missing", []string{statement("Allow", "*", "*", `{"Null":{"aws:TagKeys":true}}`)}, "ec2:X", nil, true},
		{"ForAllValues", []string{statement("Allow", "*", "*", `{"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}}`)}, "ec2:X", keys("a", "b"), true},
		{"ForAllValues, one more", []string{statement("Allow", "*", "*", `{"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}}`)}, "ec2:X", keys("a", "c"), false},
		{"ForAllValues, none", []string{statement("Allow", "*", "*", `{"ForAllValues:StringEquals":{"aws:TagKeys":"a"}}`)}, "ec2:X", nil, true},
		{"ForAnyValue", []string{statement("Allow", "*", "*", `{"ForAnyValue:StringEquals":{"aws:TagKeys":"a"}}`)}, "ec2:X", keys("a", "c"), true},
		{"ForAnyValue, none", []string{statement("Allow", "*", "*", `{"ForAnyValue:StringEquals":{"aws:TagKeys":"a"}}`)}, "ec2:X", nil, false},
		{"ArnLike", []string{statement("Allow", "*", "*", `{"ArnLike":{"iam:PolicyARN":"arn:aws:iam::111122223333:policy/Cordon-*"}}`)}, "iam:X", passed("arn:aws:iam::111122223333:policy/Cordon-1"), true},
		{"ArnLike, another", []string{statement("Allow", "*", "*", `{"ArnLike":{"iam:PolicyARN":"arn:aws:iam::111122223333:policy/Cordon-*"}}`)}, "iam:X", passed("arn:aws:iam::aws:policy/AdministratorAccess"), false},
		{"Bool", []string{statement("Allow", "*", "*", `{"Bool":{"aws:SecureTransport":true}}`)}, "ec2:X", map[string][]string{"aws:SecureTransport": {"true"}}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := awssim.ReadPolicies(tt.policies...)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Allow(awssim.Check{Action: tt.action, Resource: group, Context: tt.context}); got != tt.want {
				t.Errorf("allowed: %v, want %v", got, tt.want)
			}
		})
	}
}

// TestReadPoliciesRefuses: what cannot be decided by is never a policy.
func TestReadPoliciesRefuses(t *testing.T) {
	for name, document := range map[string]string{
		"no JSON":             `{`,
		"no statement":        `{"Version":"2012-10-17","Statement":[]}`,
		"an unknown operator": statement("Allow", "*", "*", `{"StringMatches":{"a:b":"c"}}`),
		"an unknown set":      statement("Allow", "*", "*", `{"ForSomeValues:StringEquals":{"a:b":"c"}}`),
		"a deny with one":     statement("Deny", "*", "*", `{"StringMatches":{"a:b":"c"}}`),
		"a variable":          statement("Allow", "*", "arn:aws:iam::111122223333:user/${aws:username}", ""),
		"a variable's value":  statement("Allow", "*", "*", `{"StringEquals":{"a:b":"${aws:username}"}}`),
		"no values":           statement("Allow", "*", "*", `{"StringEquals":{"a:b":[]}}`),
		"a principal":         `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`,
	} {
		if _, err := awssim.ReadPolicies(document); err == nil || !strings.HasPrefix(err.Error(), "read ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzReadPolicies(f *testing.F) {
	f.Add(statement("Allow", "ec2:*", "*", `{"StringEquals":{"a:b":["c"]}}`), "ec2:X", "arn:aws:ec2:::x")
	f.Fuzz(func(_ *testing.T, document, action, resource string) {
		if p, err := awssim.ReadPolicies(document); err == nil {
			p.Allow(awssim.Check{Action: action, Resource: resource, Context: map[string][]string{"a:b": {"c"}}})
		}
	})
}
