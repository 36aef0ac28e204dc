package permissions_test

import (
	"maps"
	"strings"
	"testing"

	"cordon/internal/awssim"
	"cordon/internal/permissions"
)

// wantScoped takes, for each statement that allows, a question that it was asked, and asks it again about somebody else's
// resource and with each of its conditions broken: the policy has to refuse.
func wantScoped(t *testing.T, p permissions.Policy, principal string, runs []run) {
	t.Helper()
	whole := read(t, p)
	for _, s := range p.Statement {
		if s.Effect != "Allow" || notShown[s.Action[0]] != "" {
			continue
		}
		alone := read(t, only(p, s.Sid))
		asked := 0
		seen := map[string]bool{}
		for _, r := range runs {
			for _, c := range r.checks {
				if key := c.Action + " " + c.Resource; c.Principal != principal || seen[key] || !alone.Allow(c) {
					continue
				} else {
					seen[key] = true
				}
				asked++
				for name, out := range outside(s, c) {
					if whole.Allow(out) {
						t.Errorf("%s: %s on %s is allowed although %s: %v", s.Sid, c.Action, out.Resource, name, out.Context)
					}
				}
			}
		}
		if asked == 0 {
			t.Errorf("%s: no scenario asks it anything", s.Sid)
		}
	}
}

func read(t *testing.T, p permissions.Policy) awssim.Policies {
	t.Helper()
	out, err := awssim.ReadPolicies(string(p.JSON()))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// outside gives a question that a statement allows in forms that are out of its scope, by what is wrong with them.
func outside(s permissions.Statement, c awssim.Check) map[string]awssim.Check {
	out := map[string]awssim.Check{}
	if c.Resource != "*" {
		f := strings.SplitN(c.Resource, ":", 6)
		other := c
		switch {
		case f[2] == "s3" && s.Condition["StringEquals"]["s3:ResourceAccount"] != nil: // any bucket: the condition holds it
		case f[2] == "s3":
			f[5] = "somebody-elses-" + f[5]
		case f[2] == "sts" || s.When == permissions.MemberRoleName:
			f[5] += "-not"
		case f[4] == "" && strings.HasPrefix(f[5], "snapshot/"): // no account in the ARN
			f[5] = "image/" + f[5]
		case f[4] == "":
			f[5] += "-not"
		default:
			f[4] = "999900001111"
		}
		other.Resource = strings.Join(f, ":")
		if other.Resource != c.Resource {
			out["the resource is somebody else's"] = other
		}
	}
	for operator, keys := range s.Condition {
		for key := range keys {
			with := func(values ...string) awssim.Check {
				broken := c
				broken.Context = maps.Clone(c.Context)
				maps.DeleteFunc(broken.Context, func(k string, _ []string) bool { return strings.EqualFold(k, key) })
				if len(values) > 0 {
					broken.Context[key] = values
				}
				return broken
			}
			if !strings.HasSuffix(operator, "IfExists") && !strings.HasPrefix(operator, "ForAllValues") {
				out[key+" is missing"] = with()
			}
			if value := "somebody-elses"; operator != "Null" && !strings.Contains(key, "esourceTag/") && !strings.HasPrefix(key, "aws:RequestTag/") {
				out[key+" is another"] = with(value)
			}
		}
	}
	return out
}
