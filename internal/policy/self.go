package policy

import (
	"slices"
	"strings"

	"cordon/internal/finding"
)

// ownAgent is what the user agent of Cordon's own calls holds.
const ownAgent = "app/cordon"

// elsewhere are the findings that say of credentials that someone else has them. They are never Cordon's own doing, also
// where the credentials are Cordon's.
var elsewhere = []string{"*:IAMUser/*CredentialExfiltration*", "CredentialAccess:IAMUser/CompromisedCredentials", "AttackSequence:*", "*:IAMUser/*IPCaller*"}

// own is the loop guard: a finding that Cordon's own calls have raised is only observed. The principal tells, because AWS
// writes it. The user agent does not, because every caller writes its own: it only speaks against. On its own it counts for
// the one finding that is harmless if believed, that termination protection was switched on.
func own(in Input) (Decision, bool) {
	f := in.Finding
	agent := strings.Contains(f.UserAgent, ownAgent)
	protects := f.Type == "DefenseImpairment:EC2/DisableOrModifyTools" && f.API == "ModifyInstanceAttribute"
	switch {
	case protects && agent:
	case !isSelf(f, in.Self), f.UserAgent != "" && !agent:
		return Decision{}, false
	case slices.ContainsFunc(elsewhere, func(glob string) bool { return Glob(glob, f.Type) }):
		return Decision{}, false
	}
	return Decision{
		Outcome: Observe, Rule: "builtin/own-call",
		Reason: "Cordon's own calls raised this finding: its principal made them. It is looked at, never answered",
	}, true
}

// isSelf says whether the finding's actor is one of the principals: the role or user of an ARN such as
// arn:aws:sts::111122223333:assumed-role/cordon/session or arn:aws:iam::111122223333:user/path/cordon.
func isSelf(f finding.Finding, principals []string) bool {
	if f.Identity == nil || f.Identity.UserName == "" {
		return false
	}
	return slices.ContainsFunc(principals, func(arn string) bool {
		p := strings.SplitN(arn, ":", 6)
		if len(p) != 6 || p[4] != f.Account {
			return false
		}
		kind, name, _ := strings.Cut(p[5], "/")
		switch kind {
		case "assumed-role":
			name, _, _ = strings.Cut(name, "/")
			kind = "role"
		default:
			name = name[strings.LastIndex(name, "/")+1:]
		}
		switch f.Identity.UserType {
		case "AssumedRole", "Role":
			return kind == "role" && name == f.Identity.UserName
		case "IAMUser":
			return kind == "user" && name == f.Identity.UserName
		default:
			return false
		}
	})
}
