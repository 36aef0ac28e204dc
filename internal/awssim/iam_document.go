package awssim

import (
	"bytes"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
)

// policyKind is where a policy document is used, which decides what a statement must and may say.
type policyKind int

const (
	identityPolicy policyKind = iota // attached to a user or role: resources, no principal
	trustPolicy                      // a role's: principals, no resources
	resourcePolicy                   // a bucket's: principals and resources
)

type policyStatement struct {
	Sid          string
	Effect       string
	Principal    any
	NotPrincipal any
	Action       any
	NotAction    any
	Resource     any
	NotResource  any
	Condition    map[string]map[string]any
}

var sidPattern = regexp.MustCompile(`^[0-9A-Za-z]*$`)

// checkPolicy holds a document against the grammar of the IAM policy language; its error is IAM's.
func checkPolicy(document string, kind policyKind) error {
	if fault := policyFault(document, kind); fault != "" {
		return malformedPolicy(fault)
	}
	return nil
}

const syntaxFault = "Syntax errors in policy."

// policyFault says what is wrong with a document, "" if nothing.
func policyFault(document string, kind policyKind) string {
	var doc struct {
		Version   string
		ID        string `json:"Id"`
		Statement json.RawMessage
	}
	dec := json.NewDecoder(strings.NewReader(document))
	dec.DisallowUnknownFields()
	if !json.Valid([]byte(document)) || dec.Decode(&doc) != nil || len(doc.Statement) == 0 {
		return syntaxFault
	}
	if doc.Version != "" && doc.Version != "2012-10-17" && doc.Version != "2008-10-17" {
		return "Policy document must be version 2012-10-17 or greater."
	}
	statements, err := policyStatements(doc.Statement)
	if err != nil || len(statements) == 0 {
		return syntaxFault
	}
	sids := map[string]bool{}
	for _, s := range statements {
		if s.Sid != "" && sids[s.Sid] {
			return "Statement IDs (SID) in a single policy must be unique."
		}
		sids[s.Sid] = true
		if fault := statementFault(s, kind); fault != "" {
			return fault
		}
	}
	return ""
}

// policyStatements reads one statement or a list of them.
func policyStatements(raw json.RawMessage) ([]policyStatement, error) {
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		raw = append(append([]byte("["), raw...), ']')
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	var out []policyStatement
	err := dec.Decode(&out)
	return out, err
}

func statementFault(s policyStatement, kind policyKind) string {
	principal := s.Principal != nil || s.NotPrincipal != nil
	resource := s.Resource != nil || s.NotResource != nil
	switch {
	case kind != resourcePolicy && !sidPattern.MatchString(s.Sid):
		return "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"
	case s.Effect != "Allow" && s.Effect != "Deny":
		return syntaxFault
	case (s.Action == nil) == (s.NotAction == nil):
		return "Policy statement must contain actions."
	case kind == identityPolicy && principal:
		return "Policy document should not specify a principal."
	case kind != trustPolicy && !resource:
		return "Policy statement must contain resources."
	case kind == trustPolicy && resource:
		return "Has prohibited field Resource"
	case kind != identityPolicy && !principal:
		return "Missing required field Principal"
	}
	for _, field := range []any{s.Action, s.NotAction} {
		for _, action := range stringOrList(field) {
			if action != "*" && !strings.Contains(action, ":") {
				return "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
			}
		}
	}
	return ""
}

// stringOrList gives the strings of a value that the policy language lets be one or a list.
func stringOrList(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, e := range v {
			if s, ok := e.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

// policySize is a document's size as IAM's quotas count it: characters without white space.
func policySize(document string) int {
	var b bytes.Buffer
	if json.Compact(&b, []byte(document)) != nil {
		return len(document)
	}
	return len([]rune(b.String()))
}

// encodePolicy is the form in which IAM gives documents back: URL-encoded as in RFC 3986.
func encodePolicy(document string) *string {
	s := strings.ReplaceAll(url.QueryEscape(document), "+", "%20")
	return &s
}
