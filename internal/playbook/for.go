package playbook

import (
	"cordon/internal/config"
	"cordon/internal/finding"
)

// Subject is what a playbook is made for: one target, in one case, as its findings and the configuration have it.
type Subject struct {
	Case        string
	Target      finding.Target
	Config      config.Config
	AccessKeys  []string // those that the case's findings name, each once
	PrincipalID string   // of a federated user: "AIDA…:name"
	RemoteIPs   []string // the addresses at the other end that the case's findings name, each once
	Since       string   // RFC 3339: the latest activity that the case's findings tell of; "" if they tell of none
	// Steps switches steps off (false), by action. Essential ones and the last cannot be: they stay.
	Steps map[string]bool
}

// For gives the playbook for a target, without the steps that are switched off; ok is false where there is none for its kind.
func For(s Subject) (p Playbook, ok bool) {
	if p, ok = whole(s); ok && len(s.Steps) > 0 {
		p.Root = without(p.Root, func(step Step) bool {
			on, named := s.Steps[step.Action]
			return named && !on && !step.Essential && step.Action != Settle
		})
	}
	return p, ok
}

// without is the tree without some steps. Everything else keeps its place: a node that loses all its steps stays, empty.
func without(n Node, off func(Step) bool) Node {
	keep := func(nodes []Node) []Node {
		out := make([]Node, 0, len(nodes))
		for _, c := range nodes {
			if s, ok := c.(Step); ok && off(s) {
				continue
			}
			out = append(out, without(c, off))
		}
		return out
	}
	switch n := n.(type) {
	case Seq:
		return Seq(keep(n))
	case Par:
		return Par(keep(n))
	case Inline:
		return Inline{without(n.Node, off)}
	case Step, Gate:
		return n
	default:
		panic("playbook: unknown node")
	}
}

// whole is the playbook with all its steps.
func whole(s Subject) (p Playbook, ok bool) {
	switch s.Target.Kind {
	case finding.KindInstance:
		return ec2(s), true
	case finding.KindRole:
		return role(s), true
	case finding.KindUser:
		return user(s), true
	case finding.KindFederatedUser:
		return federatedUser(s), true
	case finding.KindBucket:
		return bucket(s), true
	default:
		return Playbook{}, false
	}
}

// Kinds lists the kinds of target that have a playbook.
func Kinds() []finding.Kind {
	return []finding.Kind{finding.KindInstance, finding.KindRole, finding.KindUser, finding.KindFederatedUser, finding.KindBucket}
}
