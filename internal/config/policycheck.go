package config

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"time"
	_ "time/tzdata" // rules name time zones; a container may have none of its own

	"cordon/internal/finding"
	"cordon/internal/strict"
)

// check says what cannot be used, with its place in the policy.
func (p Policy) check() error {
	if err := oneOf(p.Builtin, Builtins()); err != nil {
		return strict.In(err, "builtin")
	}
	if len([]rune(p.ExemptTag)) > 128 {
		return strict.In(errors.New("a tag's key has at most 128 characters"), "exempt_tag")
	}
	seen := map[string]int{}
	for i, r := range p.Rules {
		if err := r.check(); err != nil {
			return strict.In(err, "rules", i)
		}
		if first, twice := seen[r.Name]; twice {
			return strict.In(fmt.Errorf("rule %d has the name %q already", first+1, r.Name), "rules", i, "name")
		}
		seen[r.Name] = i
	}
	for i, e := range p.Exemptions {
		if err := e.check(); err != nil {
			return strict.In(err, "exemptions", i)
		}
	}
	if err := p.Limits.check(); err != nil {
		return strict.In(err, "limits")
	}
	return strict.In(p.Approval.check(), "approval")
}

// RuleName is the form of a rule's name; names with a slash are Cordon's own (builtin/standard-high).
const RuleName = `^[A-Za-z0-9][A-Za-z0-9 ._-]{0,79}$`

var ruleName = regexp.MustCompile(RuleName)

func (r Rule) check() error {
	switch {
	case r.Name == "":
		return errors.New("the rule has no name; add name: NAME")
	case !ruleName.MatchString(r.Name):
		return strict.In(fmt.Errorf("%.100q is no name: letters, digits, blanks and ._- only, 80 at most", r.Name), "name")
	case r.Match == nil:
		return fmt.Errorf("rule %q has no match; write match: {} if it is to match everything", r.Name)
	case r.Then == "":
		return fmt.Errorf("rule %q does not say what to do; add then: contain, approve, observe or ignore", r.Name)
	}
	if err := oneOf(r.Then, Thens()); err != nil {
		return strict.In(err, "then")
	}
	for _, id := range slices.Sorted(maps.Keys(r.Steps)) {
		why, known := steps[id]
		switch {
		case !known:
			return strict.In(fmt.Errorf("there is no such step%s (cordon explain TYPE lists a playbook's steps)", strict.Meant(id, Switchable())), "steps", id)
		case why != "" && !r.Steps[id]:
			return strict.In(errors.New("this step cannot be switched off: "+why), "steps", id)
		}
	}
	if len(r.Steps) > 0 && r.Then != ThenContain && r.Then != ThenApprove {
		return strict.In(fmt.Errorf("no step runs with then: %s; leave steps out", r.Then), "steps")
	}
	return strict.In(r.Match.check(), "match")
}

func (m Match) check() error {
	kinds := finding.Kinds()
	for i, kind := range m.Kinds {
		if err := oneOf(finding.Kind(kind), kinds); err != nil {
			return strict.In(err, "kinds", i)
		}
	}
	for i, account := range m.Accounts {
		if !accountGlob.MatchString(account) {
			return strict.In(fmt.Errorf("%.60q is no account: 12 digits, * and ? allowed", account), "accounts", i)
		}
	}
	if m.Role != "" {
		if err := oneOf(m.Role, Roles()); err != nil {
			return strict.In(err, "role")
		}
	}
	if c := m.Count; c != nil {
		if err := ordered(c.Min, c.Max); err != nil {
			return strict.In(err, "count")
		}
		if c.Min != nil && *c.Min < 1 || c.Max != nil && *c.Max < 1 {
			return strict.In(errors.New("a finding is seen once at least"), "count")
		}
	}
	if a := m.Age; a != nil {
		if err := ordered(a.Min, a.Max); err != nil {
			return strict.In(err, "age")
		}
	}
	if m.Time != nil {
		return strict.In(m.Time.check(), "time")
	}
	return nil
}

func (h Hours) check() error {
	for i, day := range h.Days {
		if err := oneOf(day, Days()); err != nil {
			return strict.In(err, "days", i)
		}
	}
	switch {
	case len(h.Days) == 0 && h.From == 0 && h.To == 0:
		return errors.New("neither days nor hours are given; write days: [sat, sun] or from: \"22:00\", to: \"06:00\"")
	case (h.From == 0) != (h.To == 0):
		return errors.New("from and to go together")
	case h.From != 0 && h.From == h.To:
		return strict.In(errors.New("from and to are the same: nothing would match; leave both out for the whole day"), "to")
	case h.Zone == "Local":
		return strict.In(errors.New("the zone of whatever machine this runs on is none to rely on; name one, such as Europe/Berlin"), "zone")
	}
	if _, err := time.LoadLocation(h.Zone); err != nil {
		return strict.In(fmt.Errorf("%.60q is no time zone; use an IANA name such as UTC, Europe/Berlin or America/New_York", h.Zone), "zone")
	}
	return nil
}

var accountGlob = regexp.MustCompile(`^[0-9*?]{1,12}$`)

func (e Exemption) check() error {
	switch {
	case e.ID == "" && e.Account == "" && e.Tags == nil:
		return errors.New("the exemption names nothing; add id, account or tags")
	case e.Reason == "":
		return errors.New("the exemption gives no reason; add reason: WHY")
	case e.Account != "" && !accountID.MatchString(e.Account):
		return strict.In(fmt.Errorf("%.60q is no account: 12 digits", e.Account), "account")
	}
	return nil
}

func (l Limits) check() error {
	if w := time.Duration(l.Window); w < time.Minute || w > 7*24*time.Hour {
		return strict.In(fmt.Errorf("%s is not between 1m and 7d", l.Window), "window")
	}
	for _, limit := range []struct {
		key   string
		value *int
	}{{"total", l.Total}, {"account", l.Account}, {"application", l.Application}} {
		if limit.value != nil && *limit.value < 1 {
			return strict.In(fmt.Errorf("%d is no limit; it is 1 at least (for none at all write a rule with then: approve)", *limit.value), limit.key)
		}
	}
	if n := len([]rune(l.ApplicationTag)); n < 1 || n > 128 {
		return strict.In(errors.New("a tag's key has 1 to 128 characters"), "application_tag")
	}
	return nil
}

// ApproverARN is the form of an approver: a glob of the ARN of an IAM principal.
const ApproverARN = `^arn:[a-z*?-]+:(iam|sts)::[0-9*?]{1,12}:.+$`

var approverARN = regexp.MustCompile(ApproverARN)

func (a Approval) check() error {
	for i, arn := range a.Approvers {
		if !approverARN.MatchString(arn) {
			return strict.In(fmt.Errorf("%.200q is no ARN of an IAM principal (arn:aws:iam::111122223333:role/security-*; a glob is allowed)", arn), "approvers", i)
		}
	}
	switch t := time.Duration(a.Timeout); {
	case a.People != 1 && a.People != 2:
		return strict.In(fmt.Errorf("%d people cannot be asked for; 1 or 2", a.People), "people")
	case t < time.Minute || t > 30*24*time.Hour:
		return strict.In(fmt.Errorf("%s is not between 1m and 30d", a.Timeout), "timeout")
	}
	return strict.In(oneOf(a.OnTimeout, OnTimeouts()), "on_timeout")
}

// check says which of the protected names is none.
func (i IAM) check() error {
	for at, glob := range i.Protected {
		if _, err := path.Match(glob, ""); err != nil || glob == "" {
			return fmt.Errorf("iam.protected: %.60q (entry %d) is no name or glob (for example break-glass-*)", glob, at+1)
		}
	}
	return nil
}
