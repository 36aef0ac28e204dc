package engine

import (
	"context"
	"errors"
	"slices"
	"strings"

	"cordon/internal/casefile"
)

// identities are the forms in which rules may name whoever has an ARN: as STS gives it and, of a role's session, the role.
// The path of a role is not in its sessions' ARNs.
//
//	arn:aws:sts::111122223333:assumed-role/Responder/alice ─▶ arn:aws:iam::111122223333:role/Responder
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
func identities(arn string) []string {
	partition, account, role, ok := session(arn)
	if !ok {
		return []string{arn}
	}
	return []string{arn, "arn:" + partition + ":iam::" + account + ":role/" + role}
}

// session takes the ARN of a role's session apart.
func session(arn string) (partition, account, role string, ok bool) {
	part := strings.SplitN(arn, ":", 6)
	if len(part) != 6 || part[2] != "sts" {
		return "", "", "", false
	}
	path := strings.Split(part[5], "/")
	if len(path) != 3 || path[0] != "assumed-role" {
		return "", "", "", false
	}
	return part[1], part[4], path[1], true
}

// person is what tells people apart. The name of a role's session is the caller's own choice, so that all sessions of a role
// are one person; but those of IAM Identity Center, which names each session after its user.
// https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html
func person(arn string) string {
	_, _, role, ok := session(arn)
	if ok && !strings.HasPrefix(role, "AWSReservedSSO_") {
		return identities(arn)[1]
	}
	return arn
}

// may says whether somebody may answer.
func (r ApprovalRules) may(arn string) bool {
	return r.May == nil || slices.ContainsFunc(identities(arn), r.May)
}

// answer is casefile's Approval.Answer, by people and not by sessions.
func (r ApprovalRules) answer(a casefile.Approval, said casefile.Answer) (casefile.Approval, error) {
	rules := casefile.ApprovalRules{May: r.may, Self: r.Self}
	if said.Yes && a.Outcome == "" && said.At.Before(a.Expires) && r.may(said.By) {
		if a.Requester != "" && person(a.Requester) == person(said.By) && !r.Self {
			return a, &casefile.SelfApprovalError{By: said.By}
		}
		if slices.ContainsFunc(a.Answers, func(other casefile.Answer) bool { return person(other.By) == person(said.By) }) {
			return a, &casefile.SaidError{By: said.By, Missing: a.Missing()}
		}
	}
	return a.Answer(said.By, said.Yes, said.Text, said.At, rules)
}

// caller is who runs this process, for an approval.
func (e *Engine) caller(ctx context.Context) (string, error) {
	if e.o.Caller == nil {
		return "", errors.New("nobody knows who answers: this process has no identity")
	}
	return e.o.Caller(ctx)
}

// requester is the person who brought a question about, "" where that is no person.
func (e *Engine) requester(ctx context.Context) (string, error) {
	if !e.o.Recheck || e.o.Caller == nil {
		return "", nil
	}
	return e.o.Caller(ctx)
}
