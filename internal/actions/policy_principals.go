package actions

import (
	"bytes"
	"encoding/json"
	"slices"
)

// grant is what of a statement of a resource's policy says whom it lets in.
type grant struct {
	Effect    string
	Principal json.RawMessage
	Condition map[string]map[string]oneOrMore
}

// oneOrMore is a text or a list of texts.
type oneOrMore []string

// UnmarshalJSON takes a list, or one value of any plain kind.
func (o *oneOrMore) UnmarshalJSON(raw []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) {
		var list []any
		err := json.Unmarshal(raw, &list)
		for _, v := range list {
			if s, ok := v.(string); ok {
				*o = append(*o, s)
			}
		}
		return err
	}
	var v any
	err := json.Unmarshal(raw, &v)
	if s, ok := v.(string); ok {
		*o = oneOrMore{s}
	}
	return err
}

// readStatements reads a policy's statements, of which there may be one outside of a list.
func readStatements(document []byte) ([]grant, error) {
	var doc struct{ Statement json.RawMessage }
	if err := json.Unmarshal(document, &doc); err != nil {
		return nil, err
	}
	if len(doc.Statement) == 0 {
		return nil, nil
	}
	if bytes.HasPrefix(bytes.TrimSpace(doc.Statement), []byte("[")) {
		var list []grant
		err := json.Unmarshal(doc.Statement, &list)
		return list, err
	}
	var one grant
	err := json.Unmarshal(doc.Statement, &one)
	return []grant{one}, err
}

// principals lists whom the statement allows, sorted; "*" is everyone.
func (g grant) principals() (out []string) {
	if g.Effect != "Allow" || len(g.Principal) == 0 {
		return nil
	}
	var kinds map[string]oneOrMore
	if json.Unmarshal(g.Principal, &kinds) != nil {
		var one oneOrMore
		_ = json.Unmarshal(g.Principal, &one) // what is neither names nobody
		return one
	}
	for _, list := range kinds {
		out = append(out, list...)
	}
	slices.Sort(out)
	return out
}
