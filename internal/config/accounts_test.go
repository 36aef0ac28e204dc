package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cordon/internal/config"
)

func TestAccounts(t *testing.T) {
	def := config.Accounts{SessionName: "cordon"}
	for _, tt := range []struct {
		name, yaml string
		want       config.Accounts
		err        string // in the error; "" for none
	}{
		{name: "none", yaml: "accounts:\n", want: def},
		{name: "all", yaml: `accounts: {own: "111122223333", role: security/cordon-member, external_id: 'a:b/c', session_name: soc}`, want: config.Accounts{Own: "111122223333", Role: "security/cordon-member", ExternalID: "a:b/c", SessionName: "soc"}},
		{name: "as JSON with nulls", yaml: `{"accounts": {"own": "111122223333", "role": null, "external_id": null, "session_name": null}}`, want: config.Accounts{Own: "111122223333", SessionName: "cordon"}},
		{name: "account without quotation marks", yaml: "accounts: {own: 111122223333}", want: config.Accounts{Own: "111122223333", SessionName: "cordon"}},
		{name: "account with zeros", yaml: "accounts: {own: \"000000000012\"}", want: config.Accounts{Own: "000000000012", SessionName: "cordon"}},
		{name: "account that YAML reads in octal", yaml: "accounts: {own: 001122334455}", err: "quotation marks"},
		{name: "unknown key", yaml: "accounts: {roles: x}", err: "roles"},
		{name: "short account", yaml: "accounts: {own: '1111'}", err: "accounts.own"},
		{name: "ARN", yaml: "accounts: {role: 'arn:aws:iam::111122223333:role/cordon-member'}", err: "not the ARN"},
		{name: "leading slash", yaml: "accounts: {role: /cordon-member}", err: "accounts.role"},
		{name: "no name", yaml: "accounts: {role: security/}", err: "accounts.role"},
		{name: "long name", yaml: "accounts: {role: " + strings.Repeat("r", 65) + "}", err: "accounts.role"},
		{name: "long path", yaml: "accounts: {role: " + strings.Repeat("p", 511) + "/r}", err: "accounts.role"},
		{name: "another account in it", yaml: "accounts: {role: 'x:role/y'}", err: "accounts.role"},
		{name: "id without role", yaml: "accounts: {external_id: abc}", err: "add accounts.role"},
		{name: "bad id", yaml: "accounts: {role: r, external_id: 'planted secret'}", err: "accounts.external_id"},
		{name: "long id", yaml: "accounts: {role: r, external_id: " + strings.Repeat("x", 1225) + "}", err: "accounts.external_id"},
		{name: "bad session", yaml: "accounts: {role: r, session_name: s}", err: "accounts.session_name"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := config.Parse("cordon.yaml", []byte(tt.yaml), config.Default("/state"))
			if tt.err == "" {
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, c.Accounts); diff != "" {
					t.Error(diff)
				}
				return
			}
			var conf *config.Error
			if !errors.As(err, &conf) || !strings.Contains(err.Error(), tt.err) {
				t.Fatalf("error %v, want one with %q", err, tt.err)
			}
			if strings.Contains(err.Error(), "planted") {
				t.Errorf("the error repeats the external id: %v", err)
			}
		})
	}
}
