package actions

import (
	"errors"
	"strings"
	"testing"

	"cordon/internal/action"
)

func TestRunsAs(t *testing.T) {
	const account = "111122223333"
	for _, c := range []struct {
		name, caller string
		e            entity
		want         bool
	}{
		{"own role", "arn:aws:sts::111122223333:assumed-role/cordon/lambda", roleName("cordon"), true},
		{"own role, other case", "arn:aws:sts::111122223333:assumed-role/Cordon/lambda", roleName("cordon"), true},
		{"own role, another partition", "arn:aws-us-gov:sts::111122223333:assumed-role/cordon/lambda", roleName("cordon"), true},
		{"another role", "arn:aws:sts::111122223333:assumed-role/cordon-two/lambda", roleName("cordon"), false},
		{"a session of that name", "arn:aws:sts::111122223333:assumed-role/other/cordon", roleName("cordon"), false},
		{"another account", "arn:aws:sts::999999999999:assumed-role/cordon/lambda", roleName("cordon"), false},
		{"a user of the role's name", "arn:aws:iam::111122223333:user/cordon", roleName("cordon"), false},
		{"own user", "arn:aws:iam::111122223333:user/cordon", userName("cordon"), true},
		{"own user with a path", "arn:aws:iam::111122223333:user/tools/sec/cordon", userName("cordon"), true},
		{"another user in a path of that name", "arn:aws:iam::111122223333:user/cordon/other", userName("cordon"), false},
		{"a role of the user's name", "arn:aws:sts::111122223333:assumed-role/cordon/s", userName("cordon"), false},
		{"root", "arn:aws:iam::111122223333:root", userName("root"), false},
		{"no ARN", "cordon", userName("cordon"), false},
		{"empty", "", roleName(""), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := runsAs(c.e, account, c.caller); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestRefuseProtected(t *testing.T) {
	for _, c := range []struct {
		name      string
		protected []string
		skip      bool
		text      string
	}{
		{"nobody", nil, false, ""},
		{"by name", []string{"break-glass"}, true, "iam.protected: break-glass"},
		{"whatever the case", []string{"Break-GLASS"}, true, "protected"},
		{"by glob", []string{"x", "break-*"}, true, "iam.protected: break-*"},
		{"by class", []string{"[A-C]reak-glas?"}, true, "protected"},
		{"part of the name", []string{"break"}, false, ""},
		{"empty pattern", []string{""}, false, ""},
		{"bad pattern", []string{"[a-"}, false, `match protected name "[a-"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, e := range []entity{roleName("break-glass"), userName("break-glass")} {
				err := refuseProtected(e, "111122223333", "arn:aws:sts::111122223333:assumed-role/cordon/s", c.protected)
				var skip *action.Skip
				if errors.As(err, &skip) != c.skip || (err == nil) != (c.text == "") {
					t.Fatalf("%s: %v", e, err)
				}
				if err != nil && !strings.Contains(err.Error(), c.text) {
					t.Errorf("%s: %v, want %q", e, err, c.text)
				}
			}
		})
	}
}

func TestRefuseAWSOwned(t *testing.T) {
	for _, c := range []struct{ name, role, path, text string }{
		{"plain", "web", "/", ""},
		{"with a path", "web", "/teams/shop/", ""},
		{"a path that only looks so", "web", "/teams/aws-service-role/", ""},
		{"linked to a service", "AWSServiceRoleForAutoScaling", "/aws-service-role/autoscaling.amazonaws.com/", "aws-service-role/autoscaling.amazonaws.com"},
		{"a role for a service, not linked", "lambda-basic", "/service-role/", ""},
		{"Identity Center", "AWSReservedSSO_Admin_0123456789abcdef", "/aws-reserved/sso.amazonaws.com/eu-west-1/", "Disable user access"},
		{"Identity Center by name alone", "AWSReservedSSO_Admin_0123456789abcdef", "", "remove the user's assignment"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := refuseAWSOwned(c.role, c.path)
			var skip *action.Skip
			if (c.text != "") != errors.As(err, &skip) {
				t.Fatal(err)
			}
			if skip != nil && !strings.Contains(skip.Reason, c.text) {
				t.Errorf("reason %q, want %q", skip.Reason, c.text)
			}
		})
	}
}

func TestUniqueUserID(t *testing.T) {
	for principal, want := range map[string]string{
		"AIDACKCEVSQ6C2EXAMPLE": "AIDACKCEVSQ6C2EXAMPLE", "AIDACKCEVSQ6C2EXAMPLE:alice": "AIDACKCEVSQ6C2EXAMPLE",
		"": "", "111122223333:alice": "", "AROADBQP57FF2AEXAMPLE:i-1": "", ":AIDA": "",
	} {
		id, ok := uniqueUserID(principal)
		if ok != (want != "") || (ok && id != want) {
			t.Errorf("%q: %q, %v", principal, id, ok)
		}
	}
}

func TestManagedPolicyARN(t *testing.T) {
	for entity, want := range map[string]string{
		"arn:aws:iam::111122223333:role/a/b/web":     "arn:aws:iam::111122223333:policy/CordonRevokeOlderSessions-c-1",
		"arn:aws-cn:iam::111122223333:user/deploy:x": "arn:aws-cn:iam::111122223333:policy/CordonRevokeOlderSessions-c-1",
		"web": "",
	} {
		if got := managedPolicyARN(entity, "c-1"); got != want {
			t.Errorf("%s: %s, want %s", entity, got, want)
		}
	}
}
