package casefile

import (
	"fmt"
	"strconv"
	"time"
)

// AnsweredError says that an approval was settled before: the first answer that settles it counts.
type AnsweredError struct {
	Outcome Outcome // Approved or Denied
	Last    Answer  // the one that settled it
}

func (e *AnsweredError) Error() string {
	return fmt.Sprintf("it was %s already, by %s on %s: the first answer counts", e.Outcome, printed(e.Last.By), e.Last.At.Format(time.RFC3339))
}

// ExpiredError says that an answer came too late.
type ExpiredError struct{ Expires time.Time }

func (e *ExpiredError) Error() string {
	return "it was asked until " + e.Expires.Format(time.RFC3339) + ", and nobody had settled it: answer the finding again to ask anew"
}

// NotApproverError says that somebody may not answer.
type NotApproverError struct{ By string }

func (e *NotApproverError) Error() string {
	return printed(e.By) + " may not answer: policy.approval.approvers in cordon.yaml names who may"
}

// SelfApprovalError says that somebody would say yes to what they brought about.
type SelfApprovalError struct{ By string }

func (e *SelfApprovalError) Error() string {
	return printed(e.By) + " brought this about: another person has to say yes (policy.approval.self: true in cordon.yaml lets them)"
}

// SaidError says that somebody has said yes before: a second yes of the same person does not count.
type SaidError struct {
	By      string
	Missing int // how many others still have to say yes
}

func (e *SaidError) Error() string {
	others := "another person has"
	if e.Missing != 1 {
		others = strconv.Itoa(e.Missing) + " others have"
	}
	return printed(e.By) + " has said yes already: " + others + " to say yes too"
}

// printed is a name that nothing can hide in: quoted where it has more than what prints.
func printed(name string) string {
	if quoted := strconv.Quote(name); quoted != `"`+name+`"` {
		return quoted
	}
	return name
}
