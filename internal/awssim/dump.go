package awssim

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// DumpOptions say which things that responding leaves behind on purpose Dump shows.
type DumpOptions struct {
	Snapshots bool // EBS snapshots
	Objects   bool // S3 objects, with their SHA-256 in place of their content
	Commands  bool // SSM commands
	Items     bool // DynamoDB items
	Messages  bool // messages in SQS queues
}

// left out of every dump: what a release cannot put back (ids and times that AWS chooses anew, the life of
// connections, what an agent last did), what is on its way out (draining targets are dropped in shape), and the
// simulation's own bookkeeping.
func volatile(o DumpOptions) []string {
	paths := []string{
		"Seq", "IAM/Past",
		"Regions/*/EC2/Flows", "Regions/*/EC2/Tokens", "Regions/*/EC2/Instances/*/Until",
		"Regions/*/EC2/Groups/*/Rules/*/SecurityGroupRuleId",
		"Regions/*/Scaling/Groups/*/Members/*/Config", "Regions/*/Scaling/Groups/*/Members/*/Joined",
		"Regions/*/Scaling/Groups/*/Members/*/Sick", "Regions/*/Scaling/Groups/*/Members/*/Until",
		"Regions/*/ELBV2/Groups/*/Targets/*/Since", "Regions/*/ELBV2/Groups/*/Targets/*/Draining",
		"Regions/*/SSM/Agents", "Regions/*/GuardDuty/Archived",
		"Regions/*/DynamoDB/Tokens", "Regions/*/SQS/Deleted", "Regions/*/SQS/Queues/*/Purged",
		"Buckets/*/Objects/*/*/Body", "Buckets/*/Uploads/*/Parts/*/Body",
	}
	if !o.Snapshots {
		paths = append(paths, "Regions/*/EC2/Snapshots", "Regions/*/EC2/Tags/snap-*")
	}
	if !o.Objects {
		paths = append(paths, "Buckets/*/Objects", "Buckets/*/Uploads")
	}
	if !o.Commands {
		paths = append(paths, "Regions/*/SSM/Commands")
	}
	if !o.Items {
		paths = append(paths, "Regions/*/DynamoDB/Tables/*/Items")
	}
	if !o.Messages {
		paths = append(paths, "Regions/*/SQS/Queues/*/Messages")
	}
	return paths
}

// Dump is the whole account as plain JSON data, the same for the same account whatever its history: for comparing
// before and after with [Diff]. See volatile for what is left out; null and empty values are left out too.
func (a *Account) Dump(o DumpOptions) map[string]any {
	var raw []byte
	if err := a.locked(func() (bool, error) {
		var err error
		raw, err = json.Marshal(a.st)
		return false, err
	}); err != nil {
		return map[string]any{"error": err.Error()}
	}
	tree := map[string]any{}
	if err := json.Unmarshal(raw, &tree); err != nil {
		return map[string]any{"error": err.Error()}
	}
	shape(tree)
	for _, path := range volatile(o) {
		drop(tree, strings.Split(path, "/"))
	}
	tidied, _ := tidy(tree).(map[string]any)
	return tidied
}

// shape gives what AWS names anew on every change a name that lasts: a profile association that of its instance.
func shape(tree map[string]any) {
	regions, _ := tree["Regions"].(map[string]any)
	for _, r := range regions {
		if ec2, ok := at(r, "EC2").(map[string]any); ok {
			byInstance := map[string]any{}
			profiles, _ := ec2["Profiles"].(map[string]any)
			for _, p := range profiles {
				if id, ok := at(p, "InstanceId").(string); ok {
					byInstance[id] = at(p, "IamInstanceProfile")
				}
			}
			ec2["Profiles"] = byInstance
		}
		groups, _ := at(r, "ELBV2", "Groups").(map[string]any)
		for _, g := range groups {
			targets, _ := at(g, "Targets").(map[string]any)
			for key, t := range targets {
				if since, _ := at(t, "Draining").(string); !strings.HasPrefix(since, "0001-") {
					delete(targets, key)
				}
			}
		}
	}
}

// at follows keys into nested maps, nil where there are none.
func at(v any, keys ...string) any {
	for _, k := range keys {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[k]
	}
	return v
}

// drop deletes what a path names; a segment may have wildcards, and * stands for an element of a list too.
func drop(v any, path []string) {
	switch v := v.(type) {
	case map[string]any:
		for k, child := range v {
			switch {
			case !wildcard(path[0], k):
			case len(path) == 1:
				delete(v, k)
			default:
				drop(child, path[1:])
			}
		}
	case []any:
		for _, child := range v {
			if path[0] == "*" && len(path) > 1 {
				drop(child, path[1:])
			}
		}
	}
}

// tidy leaves out what is empty, and puts lists, none of which has a meaning in its order, into one order.
func tidy(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, child := range v {
			if v[k] = tidy(child); v[k] == nil {
				delete(v, k)
			}
		}
		if len(v) == 0 {
			return nil
		}
		return v
	case []any:
		out := make([]any, 0, len(v))
		for _, child := range v {
			if child = tidy(child); child != nil {
				out = append(out, child)
			}
		}
		if len(out) == 0 {
			return nil
		}
		slices.SortFunc(out, func(a, b any) int { return bytes.Compare(encode(a), encode(b)) })
		return out
	case string:
		if v == "" {
			return nil
		}
	}
	return v
}

// encode gives what came from JSON back to it, which cannot fail.
func encode(v any) []byte {
	raw, _ := json.Marshal(v)
	return raw
}
