package actions

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestRevokePolicy(t *testing.T) {
	policy := revokePolicy(time.Date(2026, 11, 5, 10, 0, 30, 5e6, time.FixedZone("CET", 3600)))
	if before, ok := revokedBefore(policy); !ok || !before.Equal(time.Date(2026, 11, 5, 9, 0, 30, 5e6, time.UTC)) {
		t.Errorf("not a revocation: %s", policy)
	}
	if !strings.Contains(policy, `"aws:TokenIssueTime":"2026-11-05T09:00:30.005Z"`) {
		t.Errorf("the moment is not in UTC: %s", policy)
	}
}

func TestRevokedBefore(t *testing.T) {
	statement := func(s string) string { return `{"Version":"2012-10-17","Statement":[` + s + `]}` }
	const before = `"Condition":{"DateLessThan":{"aws:TokenIssueTime":"2026-11-05T09:00:30Z"}}`
	for _, c := range []struct {
		name, policy string
		want         bool
	}{
		{"the console's", statement(`{"Effect":"Deny","Action":["*"],"Resource":["*"],` + before + `}`), true},
		{"without lists", statement(`{"Effect":"Deny","Action":"*","Resource":"*",` + before + `}`), true},
		{"allows", statement(`{"Effect":"Allow","Action":"*","Resource":"*",` + before + `}`), false},
		{"some actions", statement(`{"Effect":"Deny","Action":"s3:*","Resource":"*",` + before + `}`), false},
		{"some resources", statement(`{"Effect":"Deny","Action":"*","Resource":"arn:aws:s3:::a",` + before + `}`), false},
		{"no condition", statement(`{"Effect":"Deny","Action":"*","Resource":"*"}`), false},
		{"another condition besides", statement(`{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"a":"b"},"DateLessThan":{"aws:TokenIssueTime":"2026-11-05T09:00:30Z"}}}`), false},
		{"no date", statement(`{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:TokenIssueTime":"soon"}}}`), false},
		{"two statements", statement(`{"Effect":"Deny","Action":"*","Resource":"*",` + before + `},{"Effect":"Allow","Action":"*","Resource":"*"}`), false},
		{"empty", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, got := revokedBefore(c.policy); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func FuzzPolicyDocument(f *testing.F) {
	f.Add(revokePolicy(time.Unix(0, 0)))
	f.Add(`{"a": "+ %41 <é>"}`)
	f.Add("%zz")
	f.Add("null")
	f.Fuzz(func(t *testing.T, document string) {
		revokedBefore(document)
		_, _ = decodePolicy(document)
		encoded := strings.ReplaceAll(url.QueryEscape(document), "+", "%20") // as IAM does
		if plain, err := decodePolicy(encoded); err != nil || plain != document {
			t.Errorf("%q came back as %q, %v", document, plain, err)
		}
		c := canonicalPolicy(document)
		if again := canonicalPolicy(c); again != c {
			t.Errorf("canonical form %q of %q is not stable: %q", c, document, again)
		}
		if json.Valid([]byte(document)) != json.Valid([]byte(c)) {
			t.Errorf("%q became %q", document, c)
		}
	})
}

func FuzzRegistration(f *testing.F) {
	f.Add("arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/web/1|i-1|80|")
	f.Add("a|2600:1f18::1|0|all")
	f.Add("|||")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := parseRegistration(text)
		if err != nil {
			return
		}
		if again, err := parseRegistration(r.String()); err != nil || again != r {
			t.Errorf("%q: %+v came back as %+v, %v", text, r, again, err)
		}
	})
}
