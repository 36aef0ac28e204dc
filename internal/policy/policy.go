// Package policy decides which findings get which response. Today it is the built-in policy alone.
package policy

import (
	"fmt"

	"cordon/internal/config"
	"cordon/internal/finding"
	"cordon/internal/playbook"
)

// Outcome is what policy says of one target of a finding.
type Outcome string

// The outcomes.
const (
	Contain     Outcome = "contain"
	Observe     Outcome = "observe"     // look only: a case, no change
	Unsupported Outcome = "unsupported" // no playbook for this kind of target
)

// Decision is an outcome and why.
type Decision struct {
	Outcome  Outcome `json:"outcome"`
	Rule     string  `json:"rule"`
	Playbook string  `json:"playbook,omitempty"`
	Reason   string  `json:"reason"`
}

// Decide applies the built-in policy: a sample is observed, a kind without a playbook is unsupported, all else is
// contained. It makes no call.
func Decide(f finding.Finding, t finding.Target, c config.Config) Decision {
	if f.Sample {
		return Decision{Outcome: Observe, Rule: "builtin/sample", Reason: "this is a sample finding (" + f.SampleReason + "); samples are never acted on"}
	}
	p, ok := playbook.For(t.Kind, c, "")
	if !ok {
		return Decision{Outcome: Unsupported, Rule: "builtin/no-playbook", Reason: fmt.Sprintf("there is no playbook for %s yet; respond by hand", t.Kind)}
	}
	return Decision{Outcome: Contain, Rule: "builtin/contain", Playbook: p.Name, Reason: p.Summary}
}
