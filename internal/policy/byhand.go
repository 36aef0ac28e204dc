package policy

import (
	"fmt"

	"cordon/internal/finding"
)

// byHand says what a person does about a kind of target that Cordon has no playbook for.
func byHand(f finding.Finding, t finding.Target) string {
	switch t.Kind {
	case finding.KindRoot:
		return "the account's ROOT user was used, which no policy can stop. Now: sign in as root, change the password, delete root access keys, check MFA (console: Security credentials)"
	case finding.KindIdentityCenterUser:
		return "this is an IAM Identity Center user. In the management account: IAM Identity Center, Users, disable the user's access, delete active sessions"
	case finding.KindPrincipal:
		return principalByHand(f)
	case finding.KindEKSCluster, finding.KindContainer, finding.KindECSCluster:
		return fmt.Sprintf("there is no playbook for %s yet. By hand: keep the workload's evidence first, then deny its network and scale it down", t.Kind)
	case finding.KindFunction:
		return "there is no playbook for lambda.function yet. By hand: set its reserved concurrency to 0, revoke its role's sessions"
	case finding.KindDBInstance, finding.KindLimitlessDB:
		return fmt.Sprintf("there is no playbook for %s yet. By hand: take public access away, narrow its security groups, rotate its passwords", t.Kind)
	case finding.KindObject, finding.KindSnapshot, finding.KindImage, finding.KindRecoveryPoint:
		return fmt.Sprintf("malware was reported in %s. By hand: do not use or restore it, keep it for analysis, find what it was made from", t.Kind)
	case finding.KindAttackSequence:
		return "the attack sequence names no instance, identity or bucket that Cordon could answer. Look at its signals in the GuardDuty console"
	default:
		return "there is no playbook for this kind of target yet; respond by hand"
	}
}

// unnamed is for a finding that names nothing usable to act on.
func unnamed(f finding.Finding) string {
	if f.Kind == finding.KindAttackSequence {
		return byHand(f, finding.Target{Kind: f.Kind})
	}
	reason := "the finding names no usable target"
	if id := f.Identity; id != nil && (id.AccessKeyID != "" || id.PrincipalID != "") {
		reason += fmt.Sprintf("; it tells of access key %q and principal %q: find whose they are (IAM console, search for the key) and disable them", id.AccessKeyID, id.PrincipalID)
	}
	return reason
}

// principalByHand is for identities that are nobody in the account to act on.
func principalByHand(f finding.Finding) string {
	if f.Identity == nil {
		return "the finding names no identity of this account to act on"
	}
	switch f.Identity.UserType {
	case "AWSAccount":
		return "another AWS account, or an anonymous caller, made the request: there is no identity here to revoke. Look at the resource's own policy (who may use it) and narrow that"
	case "AWSService":
		return "an AWS service made the request on someone's behalf: there is no identity here to revoke. Find who configured it, in CloudTrail"
	case "Directory":
		return "a directory user made the request: disable the user in AWS Directory Service or Active Directory"
	default:
		return fmt.Sprintf("the identity's type is %q: Cordon does not know how to revoke it. Find the caller in CloudTrail by the finding's time and API call", f.Identity.UserType)
	}
}
