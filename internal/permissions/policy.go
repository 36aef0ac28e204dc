package permissions

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// Policy is an IAM policy document. Its JSON is the one of the policy language.
type Policy struct {
	Version   string
	Statement []Statement
}

// Statement is one statement of a Policy. Actions and resources are sorted.
type Statement struct {
	Sid       string
	Effect    string
	Action    Words
	Resource  Words
	Condition Conditions `json:",omitempty"`

	// When names the parameter of the deployment without which the statement is left out, "" for none; Scope says in
	// words what the statement holds its actions to.
	When  string `json:"-"`
	Scope string `json:"-"`
	// Apart says that the statement stands in the role's second document: see Split.
	Apart bool `json:"-"`
}

// Conditions are values by operator and key.
type Conditions map[string]map[string]Words

// Words is a list that JSON shows as a plain string where it has one element.
type Words []string

// MarshalJSON leaves the characters <, > and & as they are.
func (w Words) MarshalJSON() ([]byte, error) {
	if len(w) == 1 {
		return marshal(w[0])
	}
	return marshal([]string(w))
}

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// JSON is the document, indented, with a newline at its end.
func (p Policy) JSON() []byte {
	raw, err := marshal(p)
	if err != nil {
		panic("permissions: " + err.Error()) // strings only: cannot happen
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		panic("permissions: " + err.Error())
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// Size is what IAM's quotas count: the characters of the document without white space.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func (p Policy) Size() int {
	var b bytes.Buffer
	if err := json.Compact(&b, p.JSON()); err != nil {
		panic("permissions: " + err.Error())
	}
	return b.Len()
}

// The quotas of IAM on a policy's Size: the inline policies of a role together, and one managed policy.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const (
	InlineQuota  = 10240
	ManagedQuota = 6144
)

// Split gives the policy as the two documents that a role takes: what it changes and keeps, for an inline policy, and what
// it reads anywhere or does only when asked for, for a managed one. Together they are the policy; for itself each fits
// its quota, which the whole does not.
func (p Policy) Split() (inline, managed Policy) {
	inline.Version, managed.Version = p.Version, p.Version
	for _, s := range p.Statement {
		if s.Apart {
			managed.Statement = append(managed.Statement, s)
		} else {
			inline.Statement = append(inline.Statement, s)
		}
	}
	return inline, managed
}

// Actions lists what the policy allows, each once, sorted.
func (p Policy) Actions() []string {
	var out []string
	for _, s := range p.Statement {
		if s.Effect == allow {
			out = append(out, s.Action...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Fill gives the policy with placeholders replaced; those without a value stay as they are. A value that is empty says
// that there is no such thing: the resources that it is in are left out, and statements that have none then.
func (p Policy) Fill(values map[string]string) Policy {
	out := Policy{Version: p.Version}
	for _, s := range p.Statement {
		s.Resource = slices.DeleteFunc(slices.Clone(s.Resource), func(r string) bool {
			return slices.ContainsFunc(placeholder.FindAllString(r, -1), func(name string) bool {
				v, known := values[strings.Trim(name, "${}")]
				return known && v == ""
			})
		})
		if len(s.Resource) > 0 {
			out.Statement = append(out.Statement, s)
		}
	}
	return out.rewrite(func(w string) string {
		return placeholder.ReplaceAllStringFunc(w, func(name string) string {
			if v, ok := values[strings.Trim(name, "${}")]; ok {
				return v
			}
			return name
		})
	})
}

var placeholder = regexp.MustCompile(`\$\{[A-Za-z]+\}`)

// Unfilled lists the placeholders that are left, sorted. IAM would read one as a variable that it does not know, and then
// an Allow allows nothing and a Deny denies nothing.
func (p Policy) Unfilled() []string {
	var out []string
	p.rewrite(func(w string) string {
		for _, name := range placeholder.FindAllString(w, -1) {
			out = append(out, strings.Trim(name, "${}"))
		}
		return w
	})
	slices.Sort(out)
	return slices.Compact(out)
}

// rewrite gives the policy with f applied to every resource and every condition's value.
func (p Policy) rewrite(f func(string) string) Policy {
	all := func(words Words) Words {
		out := make(Words, len(words))
		for i, w := range words {
			out[i] = f(w)
		}
		return out
	}
	out := Policy{Version: p.Version, Statement: slices.Clone(p.Statement)}
	for i, s := range out.Statement {
		out.Statement[i].Resource = all(s.Resource)
		if s.Condition == nil {
			continue
		}
		conditions := Conditions{}
		for operator, keys := range s.Condition {
			conditions[operator] = map[string]Words{}
			for key, values := range keys {
				conditions[operator][key] = all(values)
			}
		}
		out.Statement[i].Condition = conditions
	}
	return out
}

// Off gives the policy without what belongs to these parameters of a deployment.
func (p Policy) Off(parameters ...string) Policy {
	p.Statement = slices.DeleteFunc(slices.Clone(p.Statement), func(s Statement) bool { return slices.Contains(parameters, s.When) })
	return p
}

// On gives the policy for a deployment in which these parameters are set and no other.
func (p Policy) On(parameters ...string) Policy {
	p.Statement = slices.DeleteFunc(slices.Clone(p.Statement), func(s Statement) bool {
		return s.When != "" && !slices.Contains(parameters, s.When)
	})
	return p
}
