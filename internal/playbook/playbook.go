// Package playbook holds the response to each kind of target as a tree of steps: data, which the engine runs in
// process and which can be rendered for other engines.
package playbook

import (
	"time"

	"cordon/internal/finding"
)

// Node is a part of a playbook. It is one of Step, Seq, Par, Inline, Gate.
type Node interface{ node() }

// Step is one action. A step that fails never stops another one.
type Step struct {
	Action string
	With   any // the action's settings, a JSON object; nil for none

	Essential bool   // the target is contained when, and only when, all essential steps are done
	Optional  bool   // its failure leaves the case contained, not partial
	Residual  string // what may still get through when the step failed; "" for nothing
	// Closes says that it closes what another step left open: it is begun also when the run is to end early.
	Closes bool
	// SkipLeaves says that Residual is also true when the step was skipped.
	SkipLeaves bool
	// UntilDone says that Residual is also true as long as the step is not done, and so from the containment on.
	UntilDone bool
}

// Seq is one after another, each also when the one before failed.
type Seq []Node

// Par is side by side.
type Par []Node

// Inline runs within one invocation: no wait, no hand-over. Containment is one Inline.
type Inline struct{ Node Node }

// Gate waits for a person's yes.
type Gate struct {
	Ask     string
	Timeout time.Duration
}

func (Step) node()   {}
func (Seq) node()    {}
func (Par) node()    {}
func (Inline) node() {}
func (Gate) node()   {}

// Settle is the id of the last step of every playbook: it reads the records and gives the case its status.
const Settle = "case.settle"

// Playbook is the response to one kind of target.
type Playbook struct {
	Name    string // "ec2"
	Summary string
	Kind    finding.Kind
	Root    Node
}

// Steps lists the tree's steps in the order in which they are written.
func Steps(n Node) []Step {
	var out []Step
	switch n := n.(type) {
	case Step:
		out = append(out, n)
	case Seq:
		for _, c := range n {
			out = append(out, Steps(c)...)
		}
	case Par:
		for _, c := range n {
			out = append(out, Steps(c)...)
		}
	case Inline:
		out = Steps(n.Node)
	case Gate:
	default:
		panic("playbook: unknown node")
	}
	return out
}

// Step gives the playbook's step of an action.
func (p Playbook) Step(action string) (Step, bool) {
	for _, s := range Steps(p.Root) {
		if s.Action == action {
			return s, true
		}
	}
	return Step{}, false
}
