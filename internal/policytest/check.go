package policytest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cordon/internal/finding"
	"cordon/internal/policy"
	"cordon/internal/strict"
)

var outcomes = []string{string(policy.Contain), string(policy.Approve), string(policy.Observe), string(policy.Ignore), string(policy.Unsupported)}

func (f File) check() error {
	if len(f.Cases) == 0 {
		return strict.In(errors.New("there is no case"), "cases")
	}
	seen := map[string]bool{}
	for i, c := range f.Cases {
		if err := c.check(); err != nil {
			return strict.In(err, "cases", i)
		}
		if seen[c.Name] {
			return strict.In(fmt.Errorf("two cases have the name %q", c.Name), "cases", i, "name")
		}
		seen[c.Name] = true
	}
	return nil
}

func (c Case) check() error {
	switch {
	case c.Name == "":
		return errors.New("the case has no name")
	case (c.File == "") == (c.Finding == nil):
		return errors.New("name either a file or a finding")
	case c.Expect.Outcome == "":
		return errors.New("the case expects nothing; add expect: contain, approve, observe, ignore or unsupported")
	case !slices.Contains(outcomes, c.Expect.Outcome):
		return strict.In(fmt.Errorf("%.60q is no outcome%s", c.Expect.Outcome, strict.Meant(c.Expect.Outcome, outcomes)), "expect")
	case c.Tags != nil && c.TagsUnknown != "":
		return strict.In(errors.New("tags are given, so they are known"), "tags_unknown")
	case c.Finding != nil:
		return strict.In(c.Finding.check(), "finding")
	}
	return nil
}

func (s Short) check() error {
	switch {
	case s.Type == "":
		return errors.New("the finding has no type")
	case s.Severity < 0 || s.Severity > 10:
		return strict.In(errors.New("a severity is between 0 and 10"), "severity")
	case s.Role != "" && s.Role != "target" && s.Role != "actor":
		return strict.In(fmt.Errorf("%.60q is no role; use target or actor", s.Role), "role")
	case s.Kind != "" && !slices.Contains(finding.Kinds(), finding.Kind(s.Kind)):
		return strict.In(fmt.Errorf("%.60q is no kind of target", s.Kind), "kind")
	case s.Count < 0:
		return strict.In(errors.New("a count is 1 at least"), "count")
	}
	return nil
}

// finding is what a short form stands for.
func (s Short) finding(now time.Time) finding.Finding {
	kind := finding.Kind(s.Kind)
	if kind == "" {
		kind = finding.Classify(s.Type)
	}
	t := finding.Target{Account: or(s.Account, "111122223333"), Region: or(s.Region, "us-east-1"), Kind: kind, ID: or(s.Resource, "example")}
	region := t.Region
	if kind.Global() {
		t.Region = "aws-global"
	}
	f := finding.Finding{
		ID: "test", Type: s.Type, Account: t.Account, Region: region, Severity: s.Severity, Count: max(s.Count, 1), Kind: kind,
		ResourceRole: strings.ToUpper(s.Role), Sample: s.Sample, SampleReason: "the case says so", Archived: s.Archived,
		Targets: []finding.Target{t},
	}
	if s.Age != nil {
		f.FirstSeen = now.Add(-time.Duration(*s.Age))
	}
	return f
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
