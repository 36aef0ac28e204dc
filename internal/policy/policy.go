// Package policy decides what is done about one target of a finding. It is pure: it makes no call, and the same input gives
// the same decision. The first line that applies decides, from the top:
//
//	sample, archived finding, Cordon's own call           observe
//	the first rule of cordon.yaml that matches, or else   contain, approve, observe, ignore
//	the built-in policy; but where there is no playbook   unsupported: a person acts
//	for the target, and no rule says observe or ignore
//
// And where that would change something (contain, approve):
//
//	a bucket that is only the source of an access         observe
//	an exemption                                          observe
//	tags are needed and cannot be read                    approve: a person is asked
package policy

import (
	"strings"
	"time"

	"cordon/internal/config"
	"cordon/internal/finding"
	"cordon/internal/playbook"
)

// Outcome is what policy says of one target of a finding.
type Outcome string

// The outcomes.
const (
	Contain     Outcome = "contain"
	Approve     Outcome = "approve"     // contain once a person has said yes; until then nothing is changed
	Observe     Outcome = "observe"     // look only: a case with evidence and a notice, no change
	Ignore      Outcome = "ignore"      // a case, and nothing else
	Unsupported Outcome = "unsupported" // nothing that Cordon can contain: a person must act
)

// acts says whether the outcome changes the target, now or after a yes.
func (o Outcome) acts() bool { return o == Contain || o == Approve }

// Input is what a decision is made from.
type Input struct {
	Finding finding.Finding
	Target  finding.Target // one of the finding's
	Config  config.Config
	Facts   Facts
	Now     time.Time
	Self    []string // ARNs of the principals that Cordon itself works as, for the loop guard; may be empty
}

// Facts are what has to be read from AWS to decide.
type Facts struct {
	Tags        map[string]string // the target's, now; nil for none
	TagsUnknown string            // why they cannot be read; "" where they were, or need not be (see NeedsTags)
}

// Decision is an outcome and why.
type Decision struct {
	Outcome  Outcome  `json:"outcome"`
	Rule     string   `json:"rule"`               // the rule's name; Cordon's own begin with "builtin/"
	Playbook string   `json:"playbook,omitempty"` // set where the outcome is contain or approve
	Reason   string   `json:"reason"`             // for people; holds text of the configuration and of tags
	Off      []string `json:"off,omitempty"`      // steps of the playbook that the rule leaves out, sorted

	Exempt *Exemption `json:"exempt,omitempty"` // the one that keeps the target from being touched
	Nearly []NearMiss `json:"nearly,omitempty"` // rules and exemptions that nearly decided, in their order
}

// NearMiss is a rule or an exemption that nearly decided, and what stood against it.
type NearMiss struct {
	Rule string `json:"rule"`
	Why  string `json:"why"`
}

// Decide says what is done about a target of a finding.
func Decide(in Input) Decision {
	if d, ok := fixed(in); ok {
		return d
	}
	d := ruled(in)
	book, ok := playbook.For(playbook.Subject{Target: in.Target, Config: in.Config})
	switch {
	case !d.Outcome.acts() && (ok || !strings.HasPrefix(d.Rule, "builtin/")): // what a person has to do is said at any severity
		return d
	case nameless(in.Target):
		return d.instead(Unsupported, "builtin/no-target", unnamed(in.Finding))
	case !ok:
		return d.instead(Unsupported, "builtin/no-playbook", byHand(in.Finding, in.Target))
	case in.Target.Kind == finding.KindBucket && onlySource(in.Finding, in.Target.ID) && !in.Config.S3.Sources:
		return d.instead(Observe, "builtin/source-bucket", "the finding names the bucket as the source of the access, not its destination; set s3.sources to answer those too")
	}
	d.Playbook = book.Name
	if d.Reason == "" {
		d.Reason = book.Summary
	}
	return exempted(in, d)
}

// fixed decides what no rule may change.
func fixed(in Input) (Decision, bool) {
	switch f := in.Finding; {
	case f.Sample:
		return Decision{Outcome: Observe, Rule: "builtin/sample", Reason: "this is a sample finding (" + f.SampleReason + "); samples are never acted on"}, true
	case f.Archived:
		return Decision{Outcome: Observe, Rule: "builtin/archived", Reason: "the finding is archived: someone has looked at it; unarchive it in GuardDuty to have it answered"}, true
	}
	return own(in)
}

// instead is the decision with another outcome; what nearly decided stays.
func (d Decision) instead(o Outcome, rule, reason string) Decision {
	return Decision{Outcome: o, Rule: rule, Reason: reason, Nearly: d.Nearly}
}

// nameless says whether the target stands for a finding that names none.
func nameless(t finding.Target) bool { return strings.HasPrefix(t.ID, "finding/") }

// onlySource says whether the finding names the bucket, and never as a destination.
func onlySource(f finding.Finding, bucket string) bool {
	source := false
	for _, b := range f.Buckets {
		if b.Name == bucket && b.Type != "Source" {
			return false
		}
		source = source || b.Name == bucket
	}
	return source
}

// tagsUnknown is the rule that asks a person because the tags could not be read.
const tagsUnknown = "builtin/tags-unknown"

// NeedsTags says whether the target's tags can change the decision, so that they have to be read before it is made.
func NeedsTags(in Input) bool {
	if !Taggable(in.Target.Kind) {
		return false
	}
	in.Facts = Facts{TagsUnknown: "not read yet"}
	return Decide(in).Rule == tagsUnknown
}

// Taggable says whether targets of the kind carry tags that Cordon reads. Of other kinds the finding's tags count, where it
// has any.
func Taggable(k finding.Kind) bool {
	switch k {
	case finding.KindInstance, finding.KindRole, finding.KindUser, finding.KindBucket:
		return true
	default:
		return false
	}
}

// tags are the target's, as far as they are known.
func (in Input) tags() (tags map[string]string, known bool) {
	if Taggable(in.Target.Kind) {
		return in.Facts.Tags, in.Facts.TagsUnknown == ""
	}
	if len(in.Finding.Targets) > 0 && in.Finding.Targets[0] == in.Target {
		return in.Finding.Tags, true
	}
	return nil, true
}
