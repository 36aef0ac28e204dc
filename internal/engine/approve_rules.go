package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cordon/internal/casefile"
	"cordon/internal/config"
	"cordon/internal/policy"
)

// ApprovalRules say whose yes counts, and for how long it is waited for. The zero value: one person, anyone who can run
// Cordon there, 24 hours, then the target is only observed.
type ApprovalRules struct {
	May     func(arn string) bool // who may answer, by the forms of identities; nil: everyone
	People  int                   // how many have to say yes; below 1 is 1
	Timeout time.Duration         // how long answers count; 0 is 24 h
	Contain bool                  // where nobody settles it in time the target is contained, and not only observed
	Self    bool                  // the one who brought it about may say yes too
}

const approvalTimeout = 24 * time.Hour

// approvalRules are those of the configuration.
func approvalRules(c config.Approval) ApprovalRules {
	r := ApprovalRules{People: c.People, Timeout: time.Duration(c.Timeout), Contain: c.OnTimeout == config.TimeoutContain, Self: c.Self}
	if len(c.Approvers) > 0 {
		r.May = func(arn string) bool {
			return slices.ContainsFunc(c.Approvers, func(glob string) bool { return policy.Glob(glob, arn) })
		}
	}
	return r
}

func (r ApprovalRules) timeout() time.Duration {
	if r.Timeout <= 0 {
		return approvalTimeout
	}
	return r.Timeout
}

// ErrNobodyWaits is what Options.Answer gives where no execution waits with the token (any more).
var ErrNobodyWaits = errors.New("no execution waits for the answer any more")

// Asked says that a person has to say yes before the case is gone on with. Nothing was changed.
type Asked struct{ Case string }

func (e *Asked) Error() string { return "case " + e.Case + " waits for a person's yes" }

// NotAskedError says that a case has no open question.
type NotAskedError struct {
	Case   string
	Status casefile.Status
}

func (e *NotAskedError) Error() string {
	return fmt.Sprintf("case %s is %s: nobody is asked about it", e.Case, e.Status)
}

// PlanChangedError says that a yes did not count, because the plan is not any more the one that was asked about. The new
// one is asked about now.
type PlanChangedError struct {
	Case    string
	Changes []string // what is different, for people: hostile
}

func (e *PlanChangedError) Error() string {
	return "the plan of case " + e.Case + " has changed since people were asked, so it is asked about anew: " + strings.Join(e.Changes, "; ") +
		" (look at it again with cordon show " + e.Case + ", then answer again)"
}

// PausedError says that nothing is contained now.
type PausedError struct{ Pause casefile.Pause }

func (e *PausedError) Error() string { return pausedText(e.Pause) }

// pausedText says who paused, when and why: hostile.
func pausedText(p casefile.Pause) string {
	text := "containment is paused by " + p.By + " since " + p.At.UTC().Format(time.RFC3339)
	if p.Reason != "" {
		text += ": " + p.Reason
	}
	return text + " (cordon resume ends it)"
}
