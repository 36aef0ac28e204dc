package casefiletest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cordon/internal/casefile"
)

const secret = "AQCEAAAAKgAAAAMAAAAA-a-task-token"

// ask puts a question into a case, as an execution that waits does.
func ask(t *testing.T, s casefile.Store, id string, people int) casefile.Case {
	t.Helper()
	c, err := s.Update(t.Context(), id, func(c *casefile.Case) ([]casefile.Entry, error) {
		a, _ := c.Approval.Ask(casefile.Question{
			Plan: strings.Repeat("ab", 32), Why: []string{"a limit"}, Requester: "arn:aws:iam::111122223333:user/eve", People: people,
			Now: epoch.In(time.FixedZone("elsewhere", 3600)), Timeout: time.Hour,
		})
		a.Token, c.Approval, c.Status = secret, &a, casefile.AwaitingApproval
		return []casefile.Entry{{By: "tester", Event: "asked"}}, nil
	})
	must(t, err)
	return c
}

func approvalKept(t *testing.T, s casefile.Store) {
	opened(t, s, "c-1", "i-1")
	c := ask(t, s, "c-1", 2)
	want := &casefile.Approval{
		Plan: strings.Repeat("ab", 32), Why: []string{"a limit"}, Requester: "arn:aws:iam::111122223333:user/eve",
		Asked: epoch, Expires: epoch.Add(time.Hour), People: 2, Answers: []casefile.Answer{}, Token: secret,
	}
	same(t, "approval", c.Approval, want)
	read, err := s.Case(t.Context(), "c-1")
	must(t, err)
	same(t, "read case", read, c)
	on := target("i-1")
	for name, f := range map[string]casefile.Filter{"all": {}, "of the target": {Target: &on}} {
		cases, err := s.Cases(t.Context(), f)
		must(t, err)
		if len(cases) != 1 {
			t.Fatalf("%s: %d cases", name, len(cases))
		}
		same(t, name, cases[0].Approval, want)
	}
	again, _, err := s.OpenCase(t.Context(), opening("c-2", "i-1", "f-2", 1))
	must(t, err)
	same(t, "approval after another finding", again.Approval, want)
	raw, err := json.Marshal(again)
	must(t, err)
	if strings.Contains(string(raw), secret) || !strings.Contains(string(raw), "a limit") {
		t.Errorf("the case's JSON: %s", raw)
	}

	// In place, and with times of elsewhere: what f changes behind the pointer is a change.
	c, err = s.Update(t.Context(), "c-1", func(c *casefile.Case) ([]casefile.Entry, error) {
		c.Approval.Answers = append(c.Approval.Answers, casefile.Answer{By: "a", Yes: true, Text: "x\x00\u202e", At: epoch.Local()})
		c.Approval.Why[0] = "another"
		c.Approval.Token = "next"
		return nil, nil
	})
	must(t, err)
	want.Answers, want.Why, want.Token = []casefile.Answer{{By: "a", Yes: true, Text: "x\x00\u202e", At: epoch}}, []string{"another"}, "next"
	same(t, "changed in place", c.Approval, want)
	read, err = s.Case(t.Context(), "c-1")
	must(t, err)
	same(t, "read after that", read, c)

	refused := errors.New("refused")
	_, err = s.Update(t.Context(), "c-1", func(c *casefile.Case) ([]casefile.Entry, error) {
		c.Approval.Why[0], c.Approval.Token = "lost", "lost"
		return nil, refused
	})
	if !errors.Is(err, refused) {
		t.Errorf("update: %v", err)
	}
	read, err = s.Case(t.Context(), "c-1")
	must(t, err)
	same(t, "read after a refused change", read, c)

	for _, change := range []func(*casefile.Case){
		func(c *casefile.Case) { c.Approval.Token = "" },
		func(c *casefile.Case) { c.Approval.Token = secret },
		func(c *casefile.Case) { c.Approval = nil },
	} {
		c, err := s.Update(t.Context(), "c-1", func(c *casefile.Case) ([]casefile.Entry, error) { change(c); return nil, nil })
		must(t, err)
		read, err := s.Case(t.Context(), "c-1")
		must(t, err)
		same(t, "read", read, c)
	}
}

func approvalConcurrent(t *testing.T, s casefile.Store) {
	opened(t, s, "c-1", "i-1")
	ask(t, s, "c-1", 2)
	var group sync.WaitGroup
	var counted, late atomic.Int32
	for i := range 16 {
		group.Go(func() {
			_, err := s.Update(t.Context(), "c-1", func(c *casefile.Case) ([]casefile.Entry, error) {
				a, err := c.Approval.Answer(fmt.Sprintf("arn:aws:iam::111122223333:user/%d", i), true, "", epoch, casefile.ApprovalRules{})
				c.Approval = &a
				return []casefile.Entry{{By: "tester", Event: "answered"}}, err
			})
			var answered *casefile.AnsweredError
			switch {
			case err == nil:
				counted.Add(1)
			case errors.As(err, &answered):
				late.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	group.Wait()
	c, err := s.Case(t.Context(), "c-1")
	must(t, err)
	if counted.Load() != 2 || late.Load() != 14 || c.Approval.Outcome != casefile.Approved || len(c.Approval.Answers) != 2 {
		t.Errorf("%d answers count, %d are late: %+v", counted.Load(), late.Load(), c.Approval)
	}
	if got := events(t, s, "c-1"); len(got) != 3+2 {
		t.Errorf("events %q, want two answers", got)
	}
}
