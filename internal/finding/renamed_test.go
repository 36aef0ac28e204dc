package finding

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	for _, tt := range []struct {
		name, typ string
		broader   bool
		want      []string
	}{
		{"never renamed", "Backdoor:EC2/C&CActivity.B", true, []string{"Backdoor:EC2/C&CActivity.B"}},
		{"new name", "Impact:S3/AnomalousBehavior.Delete", false, []string{"Impact:S3/AnomalousBehavior.Delete", "Impact:S3/ObjectDelete.Unusual"}},
		{"old name of two", "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration", false, []string{
			"UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration", "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.InsideAWS",
			"UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS",
		}},
		{"merged, narrow", "Persistence:IAMUser/AnomalousBehavior", false, []string{"Persistence:IAMUser/AnomalousBehavior"}},
		{"merged, broad", "Persistence:IAMUser/AnomalousBehavior", true, []string{
			"Persistence:IAMUser/AnomalousBehavior", "Persistence:IAMUser/NetworkPermissions", "Persistence:IAMUser/ResourcePermissions", "Persistence:IAMUser/UserPermissions",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Names(tt.typ, tt.broader); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestRenamedToday: the new names are types that GuardDuty reports today, about the same kind of resource as the old ones.
func TestRenamedToday(t *testing.T) {
	raw, err := os.ReadFile(shared(t, "finding-types.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range []map[string][]string{renamed, merged} {
		for old, now := range table {
			for _, name := range now {
				if !strings.Contains(string(raw), "\n"+name+"\t") {
					t.Errorf("%s: %s is no type of today", old, name)
				}
				if !slices.ContainsFunc(KindsOf(old), func(k Kind) bool { return slices.Contains(KindsOf(name), k) }) {
					t.Errorf("%s and %s are about different kinds", old, name)
				}
			}
		}
	}
}

func TestKindsAreAll(t *testing.T) {
	all := Kinds()
	for _, f := range families {
		for _, kind := range f.kinds {
			if !slices.Contains(all, kind) {
				t.Errorf("%s is missing", kind)
			}
		}
	}
	for _, kind := range resourceTypes {
		if !slices.Contains(all, kind) {
			t.Errorf("%s is missing", kind)
		}
	}
}
