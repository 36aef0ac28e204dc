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
	Since       string   // RFC 3339: the latest activity that the case's findings tell of; "" if they tell of none
}

// For gives the playbook for a target; ok is false where there is none for its kind.
func For(s Subject) (p Playbook, ok bool) {
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
