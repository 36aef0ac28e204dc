package casefile_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cordon/internal/casefile"
)

const (
	alice = "arn:aws:iam::111122223333:user/alice"
	bob   = "arn:aws:iam::111122223333:user/bob"
	carol = "arn:aws:sts::111122223333:assumed-role/security/carol"
)

var asked = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func question(plan string, people int) casefile.Question {
	return casefile.Question{Plan: plan, Why: []string{"a limit"}, Requester: alice, People: people, Now: asked, Timeout: time.Hour}
}

func open(people int) casefile.Approval {
	var none *casefile.Approval
	a, _ := none.Ask(question("p", people))
	return a
}

func TestAnswer(t *testing.T) {
	type said struct {
		by  string
		yes bool
		at  time.Duration // since it was asked
	}
	staff := func(by string) bool { return strings.Contains(by, ":user/") }
	for name, tt := range map[string]struct {
		people  int
		rules   casefile.ApprovalRules
		answers []said
		want    casefile.Outcome
		counted int
		err     string // of the last answer
	}{
		"a yes":                             {1, casefile.ApprovalRules{}, []said{{bob, true, 0}}, casefile.Approved, 1, ""},
		"no number of people is one":        {0, casefile.ApprovalRules{}, []said{{bob, true, 0}}, casefile.Approved, 1, ""},
		"a no":                              {1, casefile.ApprovalRules{}, []said{{bob, false, 0}}, casefile.Denied, 1, ""},
		"the requester's no":                {2, casefile.ApprovalRules{}, []said{{alice, false, 0}}, casefile.Denied, 1, ""},
		"the requester's yes":               {1, casefile.ApprovalRules{}, []said{{alice, true, 0}}, "", 0, "brought this about"},
		"the requester's yes, allowed":      {1, casefile.ApprovalRules{Self: true}, []said{{alice, true, 0}}, casefile.Approved, 1, ""},
		"one of two":                        {2, casefile.ApprovalRules{}, []said{{bob, true, 0}}, "", 1, ""},
		"two of two":                        {2, casefile.ApprovalRules{}, []said{{bob, true, 0}, {carol, true, 0}}, casefile.Approved, 2, ""},
		"the same twice":                    {2, casefile.ApprovalRules{}, []said{{bob, true, 0}, {bob, true, 0}}, "", 1, "has said yes already: another person has"},
		"the same twice of three":           {3, casefile.ApprovalRules{}, []said{{bob, true, 0}, {bob, true, 0}}, "", 1, "2 others have"},
		"yes, then no":                      {2, casefile.ApprovalRules{}, []said{{bob, true, 0}, {bob, false, 0}}, casefile.Denied, 2, ""},
		"no after the last yes":             {1, casefile.ApprovalRules{}, []said{{bob, true, 0}, {carol, false, 0}}, casefile.Approved, 1, "approved already, by " + bob},
		"yes after a no":                    {2, casefile.ApprovalRules{}, []said{{bob, false, 0}, {carol, true, 0}}, casefile.Denied, 1, "denied already, by " + bob},
		"at the last moment":                {1, casefile.ApprovalRules{}, []said{{bob, true, time.Hour - 1}}, casefile.Approved, 1, ""},
		"too late":                          {1, casefile.ApprovalRules{}, []said{{bob, true, time.Hour}}, "", 0, "until 2026-03-01T13:00:00Z"},
		"the second is too late":            {2, casefile.ApprovalRules{}, []said{{bob, true, 0}, {carol, true, time.Hour}}, "", 1, "nobody had settled it"},
		"no, too late":                      {1, casefile.ApprovalRules{}, []said{{bob, false, time.Hour}}, "", 0, "until"},
		"settled, and late besides":         {1, casefile.ApprovalRules{}, []said{{bob, true, 0}, {carol, true, time.Hour}}, casefile.Approved, 1, "the first answer counts"},
		"no approver":                       {1, casefile.ApprovalRules{May: staff}, []said{{carol, true, 0}}, "", 0, "policy.approval.approvers"},
		"no approver's no":                  {1, casefile.ApprovalRules{May: staff}, []said{{carol, false, 0}}, "", 0, "may not answer"},
		"an approver":                       {1, casefile.ApprovalRules{May: staff}, []said{{bob, true, 0}}, casefile.Approved, 1, ""},
		"an approver who is the requester":  {1, casefile.ApprovalRules{May: staff}, []said{{alice, true, 0}}, "", 0, "another person"},
		"nobody":                            {1, casefile.ApprovalRules{Self: true}, []said{{"", true, 0}}, "", 0, "nobody knows who"},
		"hostile name":                      {1, casefile.ApprovalRules{May: staff}, []said{{"\x1b[2J", true, 0}}, "", 0, `"\x1b[2J" may not`},
		"hostile name of the one before":    {1, casefile.ApprovalRules{}, []said{{"\x1b[2J", true, 0}, {bob, true, 0}}, casefile.Approved, 1, `by "\x1b[2J"`},
		"as many as wanted, and not before": {3, casefile.ApprovalRules{}, []said{{bob, true, 0}, {carol, true, 0}}, "", 2, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := open(tt.people)
			var err error
			for n, s := range tt.answers {
				if err != nil {
					t.Fatalf("answer %d: %v", n, err)
				}
				before, was := a, copyOf(t, a)
				a, err = a.Answer(s.by, s.yes, "text", asked.Add(s.at).Local(), tt.rules)
				if diff := cmp.Diff(was, before); diff != "" {
					t.Errorf("the approval itself was changed:\n%s", diff)
				}
				if err != nil && !reflect.DeepEqual(a, before) {
					t.Errorf("an answer that does not count changed something: %+v", a)
				}
			}
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
			if a.Outcome != tt.want || len(a.Answers) != tt.counted {
				t.Errorf("outcome %q of %+v; want %q of %d", a.Outcome, a.Answers, tt.want, tt.counted)
			}
			if tt.want == casefile.Approved != a.Approves("p") || a.Approves("q") {
				t.Errorf("approves p: %v, q: %v", a.Approves("p"), a.Approves("q"))
			}
		})
	}
}

func TestAnswerErrors(t *testing.T) {
	expired, _ := open(1).Expire(asked.Add(time.Hour))
	_, err := expired.Answer(bob, true, "", asked, casefile.ApprovalRules{}) // by a clock that is behind
	var late *casefile.ExpiredError
	if !errors.As(err, &late) || !late.Expires.Equal(asked.Add(time.Hour)) {
		t.Errorf("answer to an expired one: %v", err)
	}
	approved, err := open(1).Answer(bob, true, "fine", asked, casefile.ApprovalRules{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = approved.Answer(carol, false, "", asked, casefile.ApprovalRules{})
	var answered *casefile.AnsweredError
	if !errors.As(err, &answered) || answered.Outcome != casefile.Approved || answered.Last.By != bob || answered.Last.Text != "fine" {
		t.Errorf("answer to an approved one: %v", err)
	}
}

func TestExpire(t *testing.T) {
	a := open(2)
	if b, ended := a.Expire(asked.Add(time.Hour - 1)); ended || b.Outcome != "" {
		t.Errorf("before its end: %+v", b)
	}
	b, ended := a.Expire(asked.Add(time.Hour))
	if !ended || b.Outcome != casefile.Expired || a.Outcome != "" {
		t.Errorf("at its end: %+v of %+v", b, a)
	}
	if _, ended := b.Expire(asked.Add(2 * time.Hour)); ended {
		t.Error("it ended twice")
	}
	approved, err := open(1).Answer(bob, true, "", asked, casefile.ApprovalRules{})
	if err != nil {
		t.Fatal(err)
	}
	if b, ended := approved.Expire(asked.Add(2 * time.Hour)); ended || b.Outcome != casefile.Approved {
		t.Errorf("one that was settled in time: %+v", b)
	}
}

func TestAsk(t *testing.T) {
	first := open(2)
	first.Token = "token"
	half, err := first.Answer(bob, true, "", asked, casefile.ApprovalRules{})
	if err != nil {
		t.Fatal(err)
	}
	done, err := half.Answer(carol, true, "", asked, casefile.ApprovalRules{})
	if err != nil {
		t.Fatal(err)
	}
	later := question("p", 2)
	later.Now = asked.Add(time.Minute)
	if a, again := half.Ask(later); again || !reflect.DeepEqual(a, half) {
		t.Errorf("the same question again: %v, %+v; want it as it was", again, a)
	}
	other := later
	other.Plan, other.Requester = "q", ""
	for name, tt := range map[string]struct {
		was   casefile.Approval
		q     casefile.Question
		token string
	}{
		"another plan":               {half, other, "token"},
		"another plan, after a yes":  {done, other, ""},
		"the same plan, after a yes": {done, later, ""},
		"the same plan, too late":    {half, casefile.Question{Plan: "p", People: 2, Now: asked.Add(time.Hour), Timeout: time.Hour}, "token"},
	} {
		a, again := tt.was.Ask(tt.q)
		if !again || len(a.Answers) != 0 || a.Outcome != "" || a.Plan != tt.q.Plan || !a.Asked.Equal(tt.q.Now) || !a.Expires.Equal(tt.q.Now.Add(time.Hour)) {
			t.Errorf("%s: asked %v, %+v", name, again, a)
		}
		if a.Token != tt.token || (tt.token != "" && a.Requester != alice) {
			t.Errorf("%s: token %q, requester %q", name, a.Token, a.Requester)
		}
	}
	if a := open(0); a.People != 1 || a.Missing() != 1 || a.Answers == nil || a.Why == nil {
		t.Errorf("a new question: %+v", a)
	}
}

// TestTokenIsInNoJSON: whoever has the token can answer in the place of a person.
func TestTokenIsInNoJSON(t *testing.T) {
	a := open(1)
	a.Token = "secret-token"
	c := casefile.Case{ID: "c-1", Approval: &a}
	for _, v := range []any{a, &a, c, &c, []casefile.Case{c}, map[string]any{"case": c}} {
		raw, err := json.Marshal(v)
		if err != nil || strings.Contains(string(raw), "secret-token") || !strings.Contains(string(raw), `"why":["a limit"]`) {
			t.Errorf("%T: %s, %v", v, raw, err)
		}
	}
	if c.TaskToken() != "secret-token" || (casefile.Case{}).TaskToken() != "" {
		t.Error("a store cannot keep the token")
	}
	var none casefile.Case
	none.SetTaskToken("token") // no approval to have it
	if none.Approval != nil {
		t.Error("a token made an approval")
	}
}

// copyOf shares nothing with a.
func copyOf(t *testing.T, a casefile.Approval) (b casefile.Approval) {
	t.Helper()
	raw, err := json.Marshal(a)
	if err == nil {
		err = json.Unmarshal(raw, &b)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}
