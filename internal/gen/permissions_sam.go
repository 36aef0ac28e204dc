package main

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"

	"cordon/internal/permissions"
)

// intrinsic is what a placeholder is in CloudFormation, inside of Fn::Sub. Others are parameters of that name.
var intrinsic = strings.NewReplacer(
	"${Partition}", "${AWS::Partition}", "${Account}", "${AWS::AccountId}", "${Region}", "${AWS::Region}",
	"${TableArn}", "${Table.Arn}", "${BucketArn}", "${EvidenceBucket.Arn}", "${KeyArn}", "${Key.Arn}", "${TopicArn}", "${Topic}",
	"${LogArn}", "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${FunctionLog}",
)

// cloudFormation is a policy's statements as the items of a YAML list. A statement that a parameter turns on is under the
// condition Has<parameter>.
func cloudFormation(p permissions.Policy) []string {
	var out []string
	for _, s := range p.Statement {
		lines := samStatement(s)
		indent := ""
		if s.When != "" {
			out = append(out, "- !If", "  - Has"+s.When)
			indent = "  "
		}
		for i, l := range lines {
			bullet := "  "
			if i == 0 {
				bullet = "- "
			}
			out = append(out, indent+bullet+l)
		}
		if s.When != "" {
			out = append(out, "  - !Ref AWS::NoValue")
		}
	}
	return out
}

func samStatement(s permissions.Statement) []string {
	out := []string{"Sid: " + s.Sid, "Effect: " + s.Effect}
	out = append(out, samWords("Action", s.Action)...)
	out = append(out, samWords("Resource", s.Resource)...)
	if s.Condition == nil {
		return out
	}
	out = append(out, "Condition:")
	for _, operator := range sortedKeys(s.Condition) {
		out = append(out, "  "+scalar(operator)+":")
		for _, key := range sortedKeys(s.Condition[operator]) {
			for _, l := range samWords(scalar(key), s.Condition[operator][key]) {
				out = append(out, "    "+l)
			}
		}
	}
	return out
}

func samWords(key string, list permissions.Words) []string {
	if len(list) == 1 {
		return []string{key + ": " + scalar(list[0])}
	}
	out := []string{key + ":"}
	var flow []string
	for _, w := range list {
		out = append(out, "  - "+scalar(w))
		flow = append(flow, scalar(w))
	}
	if line := key + ": [" + strings.Join(flow, ", ") + "]"; len(line) <= widest {
		return []string{line}
	}
	return out
}

// widest is how many characters a list may have on one line.
const widest = 110

// plain is text that YAML takes as it is; words that it would take for something else are not plain.
var (
	plain = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9:-]*$`)
	words = regexp.MustCompile(`(?i)^(null|true|false|yes|no|on|off)$`)
)

// scalar writes text in YAML. What the policies hold has no single quotes.
func scalar(text string) string {
	quoted := "'" + intrinsic.Replace(text) + "'"
	switch {
	case strings.Contains(text, "${"):
		return "!Sub " + quoted
	case plain.MatchString(text) && !words.MatchString(text):
		return text
	default:
		return quoted
	}
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
