package actions

import (
	"encoding/json"
	"fmt"
	"net/url"
	"time"
)

// revokePolicyName is the inline policy that the IAM console's "Revoke active sessions" writes.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html
const revokePolicyName = "AWSRevokeOlderSessions"

// casePolicyName is the inline policy of one case, where several cases may answer at the same role or user: neither
// puts back nor takes away what is the other's.
func casePolicyName(caseID string) string { return revokePolicyName + "-" + caseID }

// revokeAhead is how far ahead of the call sessions are revoked: until IAM has spread the policy, the old credentials
// could still get new ones.
const revokeAhead = 30 * time.Second

// revokePolicy denies everything to credentials issued before the moment.
func revokePolicy(before time.Time) string {
	doc := map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
		"Effect": "Deny", "Action": []string{"*"}, "Resource": []string{"*"},
		"Condition": map[string]any{"DateLessThan": map[string]any{"aws:TokenIssueTime": before.UTC().Format("2006-01-02T15:04:05.000Z")}},
	}}}
	raw, err := json.Marshal(doc)
	if err != nil {
		panic("actions: revokePolicy: " + err.Error()) // strings only: cannot happen
	}
	return string(raw)
}

// revokedBefore gives the moment before which sessions are revoked by a policy such as revokePolicy, or the console,
// writes; ok is false for any other.
func revokedBefore(policy string) (before time.Time, ok bool) {
	var doc struct {
		Statement []struct {
			Effect           string
			Action, Resource any
			NotAction        any
			NotResource      any
			Condition        map[string]map[string]any
		}
	}
	if json.Unmarshal([]byte(policy), &doc) != nil || len(doc.Statement) != 1 {
		return time.Time{}, false
	}
	s := doc.Statement[0]
	moment, _ := s.Condition["DateLessThan"]["aws:TokenIssueTime"].(string)
	before, err := time.Parse(time.RFC3339, moment)
	if err != nil || s.Effect != "Deny" || !everything(s.Action) || !everything(s.Resource) || len(s.Condition) != 1 ||
		len(s.Condition["DateLessThan"]) != 1 {
		return time.Time{}, false
	}
	return before, true
}

// everything says whether v is "*" or ["*"].
func everything(v any) bool {
	if list, ok := v.([]any); ok && len(list) == 1 {
		v = list[0]
	}
	return v == "*"
}

// decodePolicy gives a policy document as it was put; IAM gives it URL-encoded (RFC 3986).
func decodePolicy(document string) (string, error) {
	plain, err := url.PathUnescape(document)
	if err != nil {
		return "", fmt.Errorf("decode policy document: %w", err)
	}
	return plain, nil
}

// canonicalPolicy is the document as compact JSON with sorted keys, so that documents that mean the same are equal;
// one that is no JSON is given as it is.
func canonicalPolicy(document string) string {
	var v any
	if err := json.Unmarshal([]byte(document), &v); err != nil {
		return document
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return document
	}
	return string(raw)
}
