package casefile

import (
	"errors"
	"slices"
	"time"
)

// Approval is what people are asked about a case, and what they have said. It is bound to one plan: another plan is
// another question. Its methods change nothing but what they give back.
//
//	Ask ──▶ "" (open) ──▶ approved   so many people as are wanted have said yes
//	                 ├──▶ denied     one person has said no
//	                 └──▶ expired    nobody has settled it in time
type Approval struct {
	Plan      string    `json:"plan"`                // SHA-256 (hex) of the plan that was asked about
	Why       []string  `json:"why"`                 // why people are asked, for people
	Requester string    `json:"requester,omitempty"` // who brought it about, if that is known
	Asked     time.Time `json:"asked"`
	Expires   time.Time `json:"expires"` // from then on no answer counts
	People    int       `json:"people"`  // how many have to say yes
	Answers   []Answer  `json:"answers"` // those that count, in order
	Outcome   Outcome   `json:"outcome,omitempty"`

	// Token is the task token of the execution that waits for the answer (AWS Step Functions); "" for none. Whoever has
	// it can answer in the place of a person, so it is in no JSON: a store keeps it apart.
	Token string `json:"-"`
}

// Answer is what one person has said.
type Answer struct {
	By   string    `json:"by"` // ARN of an IAM principal
	At   time.Time `json:"at"`
	Yes  bool      `json:"yes"`
	Text string    `json:"text,omitempty"` // that person's own words: hostile
}

// Outcome is how an approval ended; "" is one that is open.
type Outcome string

// The outcomes of an approval. None of them changes any more.
const (
	Approved Outcome = "approved"
	Denied   Outcome = "denied"
	Expired  Outcome = "expired"
)

// Question is what people are to be asked.
type Question struct {
	Plan      string // SHA-256 (hex)
	Why       []string
	Requester string // who brought it about; "" where that is not known
	People    int    // how many have to say yes; below 1 is 1
	Now       time.Time
	Timeout   time.Duration // how long answers count
}

// ApprovalRules say whose answers count.
type ApprovalRules struct {
	May  func(by string) bool // who may answer; nil: everyone
	Self bool                 // the requester may say yes as well
}

// Ask is the approval that asks q where a is what was asked so far (nil: nothing). What is being asked already, about the
// same plan, stays as it is, with its answers and its end; asked is false then. A question that takes the place of an open
// one keeps the execution that waits, and whoever brought the first one about.
func (a *Approval) Ask(q Question) (now Approval, asked bool) {
	now = Approval{
		Plan: q.Plan, Why: slices.Clone(q.Why), Requester: q.Requester, Asked: utc(q.Now), Expires: utc(q.Now.Add(q.Timeout)),
		People: max(q.People, 1),
	}
	now.fill()
	if a == nil || a.Outcome != "" {
		return now, true
	}
	if a.Plan == q.Plan && q.Now.Before(a.Expires) {
		return *a.clone(), false
	}
	now.Token = a.Token
	if now.Requester == "" {
		now.Requester = a.Requester
	}
	return now, true
}

// Answer is the approval after a person's answer. One no settles it; so does the last yes that was wanted. An answer that
// does not count is an error, and the approval is as it was: *AnsweredError, *ExpiredError, *NotApproverError,
// *SelfApprovalError (a yes of the requester's), *SaidError (a second yes of one person's).
func (a Approval) Answer(by string, yes bool, text string, now time.Time, rules ApprovalRules) (Approval, error) {
	switch {
	case by == "":
		return a, errors.New("nobody knows who answers")
	case a.Outcome == Expired, a.Outcome == "" && !now.Before(a.Expires):
		return a, &ExpiredError{a.Expires}
	case a.Outcome != "":
		return a, &AnsweredError{a.Outcome, a.Answers[len(a.Answers)-1]}
	case rules.May != nil && !rules.May(by):
		return a, &NotApproverError{by}
	case yes && by == a.Requester && !rules.Self:
		return a, &SelfApprovalError{by}
	case yes && slices.ContainsFunc(a.Answers, func(said Answer) bool { return said.By == by }):
		return a, &SaidError{by, a.Missing()}
	}
	a = *a.clone()
	a.Answers = append(a.Answers, Answer{By: by, At: utc(now), Yes: yes, Text: text})
	switch {
	case !yes:
		a.Outcome = Denied
	case a.Missing() == 0:
		a.Outcome = Approved
	}
	return a, nil
}

// Missing is how many people still have to say yes.
func (a Approval) Missing() int {
	missing := max(a.People, 1)
	for _, said := range a.Answers {
		if said.Yes {
			missing--
		}
	}
	return max(missing, 0)
}

// Expire is the approval at a time: expired if it was open and its time is over; ended says that this ended it.
func (a Approval) Expire(now time.Time) (after Approval, ended bool) {
	if a.Outcome != "" || now.Before(a.Expires) {
		return a, false
	}
	a = *a.clone()
	a.Outcome = Expired
	return a, true
}

// Approves says whether people have said yes to exactly this plan.
func (a *Approval) Approves(plan string) bool {
	return a != nil && a.Outcome == Approved && a.Plan == plan
}

// clone shares nothing with a; nil stays nil.
func (a *Approval) clone() *Approval {
	if a == nil {
		return nil
	}
	b := *a
	b.Why, b.Answers = slices.Clone(a.Why), slices.Clone(a.Answers)
	b.fill()
	return &b
}

// fill makes lists that are nil empty, and times as a store keeps them.
func (a *Approval) fill() {
	if a == nil {
		return
	}
	if a.Why == nil {
		a.Why = []string{}
	}
	if a.Answers == nil {
		a.Answers = []Answer{}
	}
	a.Asked, a.Expires = utc(a.Asked), utc(a.Expires)
	for i := range a.Answers {
		a.Answers[i].At = utc(a.Answers[i].At)
	}
}

// TaskToken is the token of the case's approval, "" for none: a store keeps it apart from the case's JSON.
func (c Case) TaskToken() string {
	if c.Approval == nil {
		return ""
	}
	return c.Approval.Token
}

// SetTaskToken gives the case's approval the token that a store kept apart.
func (c *Case) SetTaskToken(token string) {
	if c.Approval != nil {
		c.Approval.Token = token
	}
}
