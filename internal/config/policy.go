package config

import "time"

// Policy is the policy section of cordon.yaml: which findings get which response, who is exempt, and the limits. What
// decides by it is internal/policy; docs/policy.md tells how to write one.
type Policy struct {
	Builtin    Builtin     `yaml:"builtin"`    // what applies where no rule matches: standard (default) or contain-all
	Rules      []Rule      `yaml:"rules"`      // the first that matches decides
	Exemptions []Exemption `yaml:"exemptions"` // what is never touched, and why
	ExemptTag  string      `yaml:"exempt_tag"` // the tag that exempts a resource (default cordon:exempt); "" for none
	Limits     Limits      `yaml:"limits"`     // past them everything waits for approval
	Approval   Approval    `yaml:"approval"`   // who may say yes, and what happens where nobody does
}

// Builtin names a built-in policy.
type Builtin string

// The built-in policies.
const (
	Standard   Builtin = "standard"
	ContainAll Builtin = "contain-all"
)

// Builtins lists the built-in policies.
func Builtins() []Builtin { return []Builtin{Standard, ContainAll} }

// Then is what a rule wants.
type Then string

// What a rule may want.
const (
	ThenContain Then = "contain"
	ThenApprove Then = "approve" // contain once a person has said yes
	ThenObserve Then = "observe" // a case with evidence and a notice; nothing is changed
	ThenIgnore  Then = "ignore"  // a case; no evidence, no notice
)

// Thens lists what a rule may want.
func Thens() []Then { return []Then{ThenContain, ThenApprove, ThenObserve, ThenIgnore} }

// Rule is one rule of the policy.
type Rule struct {
	Name   string          `yaml:"name"`   // unique; shown wherever the rule decides
	Match  *Match          `yaml:"match"`  // every condition given has to hold; {} matches everything
	Then   Then            `yaml:"then"`   // contain, approve, observe or ignore
	Steps  map[string]bool `yaml:"steps"`  // steps of the playbook to leave out: ec2.snapshot-volumes: false
	Reason string          `yaml:"reason"` // for the people who read the case
}

// Match is a rule's conditions. One that is left out always holds; of a list, one entry has to match. In globs, * stands
// for any text, ? for one character.
type Match struct {
	Types     Globs     `yaml:"types"`     // finding types, globs; a renamed type matches under its other names too
	Severity  *Severity `yaml:"severity"`  // high, [high, critical], or {min: 7, max: 8.9}
	Accounts  Globs     `yaml:"accounts"`  // the target's account, globs, in quotation marks
	Regions   Globs     `yaml:"regions"`   // the target's Region, globs; of IAM "aws-global"
	Kinds     Globs     `yaml:"kinds"`     // the target's kind, such as ec2.instance
	Resources Globs     `yaml:"resources"` // the target's id or name, globs
	Tags      Tags      `yaml:"tags"`      // tags that the target carries: key: glob of the value
	Count     *Count    `yaml:"count"`     // how often the finding was seen
	Age       *Age      `yaml:"age"`       // time since the finding was first seen
	Role      Role      `yaml:"role"`      // the resource's part in it: target or actor
	Time      *Hours    `yaml:"time"`      // when the finding is answered
}

// Role is a resource's part in a finding.
type Role string

// The roles.
const (
	RoleTarget Role = "target"
	RoleActor  Role = "actor"
)

// Roles lists the roles.
func Roles() []Role { return []Role{RoleTarget, RoleActor} }

// Count bounds how often a finding was seen.
type Count struct {
	Min *int `yaml:"min"` // at least
	Max *int `yaml:"max"` // at most
}

// Age bounds the time since a finding was first seen.
type Age struct {
	Min *Duration `yaml:"min"` // at least, such as 2h or 7d
	Max *Duration `yaml:"max"` // at most
}

// Hours are times of the week. A span past midnight belongs to the day on which it begins.
type Hours struct {
	Days []Day  `yaml:"days"` // mon to sun; all if left out
	From Clock  `yaml:"from"` // "22:00", in quotes
	To   Clock  `yaml:"to"`   // "06:00": the first minute that is out
	Zone string `yaml:"zone"` // IANA name such as Europe/Berlin; default UTC
}

// Day is a day of the week.
type Day string

// Days lists the days of the week, in time.Weekday's order.
func Days() []Day { return []Day{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} }

// Exemption is what is never touched: every condition given has to hold. It is observed, with evidence and a notice.
type Exemption struct {
	ID      string `yaml:"id"`      // the resource's id or name, a glob
	Account string `yaml:"account"` // 12 digits, in quotation marks
	Tags    Tags   `yaml:"tags"`    // tags that the resource carries: key: glob of the value
	Reason  string `yaml:"reason"`  // required: shown in every case that it decides
	Until   Date   `yaml:"until"`   // the last day (UTC) on which it counts; for good if left out
}

// Limits are how many targets are contained without a person's yes.
type Limits struct {
	Window         Duration `yaml:"window"`          // the time in which containments are counted; 1m to 7d, default 1h
	Total          *int     `yaml:"total"`           // in all; no limit if left out
	Account        *int     `yaml:"account"`         // in one account
	Application    *int     `yaml:"application"`     // with one value of application_tag
	ApplicationTag string   `yaml:"application_tag"` // the tag that names a resource's application; default application
}

// Approval is who may say yes, and what happens where nobody does.
type Approval struct {
	Approvers []string  `yaml:"approvers"`  // globs of ARNs of IAM principals; anyone who can run Cordon there if left out
	People    int       `yaml:"people"`     // how many have to say yes: 1 (default) or 2
	Timeout   Duration  `yaml:"timeout"`    // how long to wait; 1m to 30d, default 24h
	OnTimeout OnTimeout `yaml:"on_timeout"` // what happens then: observe (default) or contain
	Self      bool      `yaml:"self"`       // the one who asked may say yes too (default false)
}

// OnTimeout is what happens where nobody answers.
type OnTimeout string

// What may happen where nobody answers.
const (
	TimeoutObserve OnTimeout = "observe"
	TimeoutContain OnTimeout = "contain"
)

// OnTimeouts lists what may happen where nobody answers.
func OnTimeouts() []OnTimeout { return []OnTimeout{TimeoutObserve, TimeoutContain} }

// defaultPolicy is the policy of a configuration without one.
func defaultPolicy() Policy {
	return Policy{
		Builtin: Standard, ExemptTag: "cordon:exempt",
		Limits:   Limits{Window: Duration(time.Hour), ApplicationTag: "application"},
		Approval: Approval{People: 1, Timeout: Duration(24 * time.Hour), OnTimeout: TimeoutObserve},
	}
}
