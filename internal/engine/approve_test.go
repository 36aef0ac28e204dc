package engine_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/config"
	"cordon/internal/engine"
	"cordon/internal/finding"
	"cordon/internal/notify"
)

const (
	alice = "arn:aws:iam::111122223333:user/alice"
	bob   = "arn:aws:iam::111122223333:user/bob"
)

// asking is a rig whose every containment asks first.
type asking struct {
	*rig
	slack *post
	rules config.Approval
	why   []string

	tokens []string // that were answered
	answer error    // of Options.Answer

	progress func(engine.Event)
}

func newAsking(t *testing.T, rules config.Approval) *asking {
	t.Helper()
	a := &asking{rig: newRig(t, awssim.Options{}, quiet()), slack: &post{id: "notify.slack"}, rules: rules, why: []string{"it is Friday"}}
	a.channels = []notify.Channel{a.slack}
	a.Engine = a.as("")
	return a
}

// as is the engine of a person's process.
func (a *asking) as(arn string) *engine.Engine {
	return a.engineWith(func(o *engine.Options) {
		o.Config.Policy.Approval = a.rules
		o.Config.Policy.Builtin, o.Progress = config.ContainAll, a.progress
		for _, why := range a.why {
			o.Config.Policy.Rules = append(o.Config.Policy.Rules, config.Rule{Name: "ask", Match: &config.Match{}, Then: config.ThenApprove, Reason: why})
		}
		if arn != "" {
			o.Caller = func(context.Context) (string, error) { return arn, nil }
		}
		o.Answer = func(_ context.Context, token string, yes bool) error {
			if a.answer == nil {
				a.tokens = append(a.tokens, token+map[bool]string{true: " yes", false: " no"}[yes])
			}
			return a.answer
		}
	})
}

func (a *asking) asks(t *testing.T) casefile.Case {
	t.Helper()
	before := a.account.Dump(awssim.DumpOptions{Snapshots: true})
	c := a.respond(t, on(web, 1))
	if c.Status != casefile.AwaitingApproval || c.Approval == nil || c.Approval.Outcome != "" || !slices.Equal(c.Approval.Why, a.why) {
		t.Fatalf("case %s: %s, approval %+v", c.Status, c.Reason, c.Approval)
	}
	if d := awssim.Diff(before, a.account.Dump(awssim.DumpOptions{Snapshots: true})); len(d) > 0 {
		t.Fatalf("asking changed %v", d)
	}
	return c
}

func (a *asking) journaled(t *testing.T, id, by, text string) {
	t.Helper()
	entries, err := a.store.Journal(t.Context(), id)
	if err != nil || !slices.ContainsFunc(entries, func(e casefile.Entry) bool { return e.By == by && strings.Contains(e.Text, text) }) {
		t.Errorf("the journal has no %q by %s: %+v, %v", text, by, entries, err)
	}
}

// TestYes: one question, one notice with the commands, the plan as evidence; a yes contains, and release puts all back.
func TestYes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAsking(t, config.Approval{})
		before := a.account.Dump(awssim.DumpOptions{})
		c := a.asks(t)
		if len(a.slack.sent) != 1 || a.slack.sent[0].Event != notify.EventAwaitingApproval ||
			!slices.Contains(a.slack.sent[0].Next, "cordon approve "+c.ID) || !slices.Contains(a.slack.sent[0].Next, "cordon deny "+c.ID) {
			t.Errorf("notices %+v", a.slack.sent)
		}
		if len(c.Evidence) != 2 {
			t.Errorf("evidence %v, want the finding and the plan", c.Evidence)
		}
		time.Sleep(time.Hour)
		if again := a.respond(t, on(web, 2)); again.ID != c.ID || again.Approval.Plan != c.Approval.Plan || !again.Approval.Asked.Equal(c.Approval.Asked) {
			t.Errorf("a repeat asks another question: %+v", again.Approval)
		}
		if got := a.slack.events(); !slices.Equal(got, []string{"awaiting-approval", "repeat"}) {
			t.Errorf("notices %v", got)
		}
		c, err := a.as(alice).Approve(t.Context(), c.ID, true, "go on")
		if err != nil || c.Status != casefile.Contained || !engine.Whole(c) || c.Approval.Outcome != casefile.Approved || c.Approval.Answers[0].By != alice {
			t.Fatalf("case %s: %s, %+v, %v", c.Status, c.Reason, c.Approval, err)
		}
		a.journaled(t, c.ID, alice, "yes: go on")
		if _, err := a.as(bob).Approve(t.Context(), c.ID, false, ""); !errors.As(err, new(*casefile.AnsweredError)) {
			t.Errorf("a no after the yes: %v", err)
		}
		if c, err = a.Release(t.Context(), c.ID, engine.ReleaseOptions{}); err != nil || c.Status != casefile.Released {
			t.Fatal(c.Status, err)
		}
		restored(t, a.rig, before)
	})
}

// TestNo: a no leaves the target observed; the same question is not asked again for a repeat.
func TestNo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAsking(t, config.Approval{})
		c := a.asks(t)
		c, err := a.as(bob).Approve(t.Context(), c.ID, false, "it is ours")
		if err != nil || c.Status != casefile.Observed || !strings.Contains(c.Reason, bob) || !strings.Contains(c.Reason, "it is ours") || !engine.Whole(c) {
			t.Fatalf("case %s: %s, %v", c.Status, c.Reason, err)
		}
		if again := a.respond(t, on(web, 2)); again.Status != casefile.Observed || !engine.Whole(again) {
			t.Errorf("after the no: %s, %+v", again.Status, again.Approval)
		}
		if got := a.slack.events(); !slices.Equal(got, []string{"awaiting-approval", "observed", "repeat"}) {
			t.Errorf("notices %v", got)
		}
		a.why = []string{"it is Monday"}
		a.Engine = a.as("")
		if again := a.respond(t, on(web, 3)); again.Status != casefile.AwaitingApproval {
			t.Errorf("for another reason: %s", again.Status)
		}
	})
}

// TestWhoMayAnswer holds who counts, and as whom.
func TestWhoMayAnswer(t *testing.T) {
	const sso, role = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Responder_0123456789abcdef/", "arn:aws:sts::111122223333:assumed-role/Responder/"
	said, self, not := new(*casefile.SaidError), new(*casefile.SelfApprovalError), new(*casefile.NotApproverError)
	for name, tt := range map[string]struct {
		rules     config.Approval
		requester string
		answers   []string
		last      any // the error of the last answer
		want      casefile.Status
	}{
		"two people":                       {rules: config.Approval{People: 2}, answers: []string{alice, bob}, want: casefile.Contained},
		"one of two":                       {rules: config.Approval{People: 2}, answers: []string{alice}, want: casefile.AwaitingApproval},
		"the same twice":                   {rules: config.Approval{People: 2}, answers: []string{alice, alice}, last: said, want: casefile.AwaitingApproval},
		"two sessions of a role":           {rules: config.Approval{People: 2}, answers: []string{role + "alice", role + "bob"}, last: said, want: casefile.AwaitingApproval},
		"two users of the identity center": {rules: config.Approval{People: 2}, answers: []string{sso + "alice", sso + "bob"}, want: casefile.Contained},
		"not an approver":                  {rules: config.Approval{Approvers: []string{bob}}, answers: []string{alice}, last: not, want: casefile.AwaitingApproval},
		"by the role of the session":       {rules: config.Approval{Approvers: []string{"arn:aws:iam::111122223333:role/Responder"}}, answers: []string{role + "x"}, want: casefile.Contained},
		"the requester":                    {requester: alice, answers: []string{alice}, last: self, want: casefile.AwaitingApproval},
		"the requester's other session":    {requester: role + "a", answers: []string{role + "b"}, last: self, want: casefile.AwaitingApproval},
		"the requester may":                {rules: config.Approval{Self: true}, requester: alice, answers: []string{alice}, want: casefile.Contained},
		"another than the requester":       {requester: alice, answers: []string{bob}, want: casefile.Contained},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAsking(t, tt.rules)
				a.recheck = tt.requester != ""
				a.Engine = a.as(tt.requester)
				c := a.asks(t)
				if c.Approval.Requester != tt.requester {
					t.Fatalf("requester %q", c.Approval.Requester)
				}
				var err error
				for i, by := range tt.answers {
					if c, err = a.as(by).Approve(t.Context(), c.ID, true, ""); err != nil && i < len(tt.answers)-1 {
						t.Fatal(err)
					}
				}
				if tt.last == nil && err != nil || tt.last != nil && !errors.As(err, tt.last) || c.Status != tt.want {
					t.Errorf("case %s, %v", c.Status, err)
				}
			})
		})
	}
}

// TestAnotherPlan: a yes to what is not the plan any more does not count, says what is different, and asks anew.
func TestAnotherPlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAsking(t, config.Approval{})
		c := a.asks(t)
		if _, err := a.clients().EC2.ModifyInstanceAttribute(t.Context(), &ec2.ModifyInstanceAttributeInput{
			InstanceId: aws.String(web), DisableApiTermination: &ec2types.AttributeBooleanValue{Value: aws.Bool(true)},
		}); err != nil {
			t.Fatal(err)
		}
		now, err := a.as(alice).Approve(t.Context(), c.ID, true, "")
		var changed *engine.PlanChangedError
		if !errors.As(err, &changed) || !strings.Contains(err.Error(), "ec2.protect-termination") {
			t.Fatalf("%v", err)
		}
		if now.Status != casefile.AwaitingApproval || now.Approval.Plan == c.Approval.Plan || len(now.Approval.Answers) != 0 {
			t.Errorf("case %s, %+v", now.Status, now.Approval)
		}
		if got := a.slack.events(); !slices.Equal(got, []string{"awaiting-approval", "awaiting-approval"}) {
			t.Errorf("notices %v", got)
		}
		if now, err = a.as(alice).Approve(t.Context(), c.ID, true, ""); err != nil || now.Status != casefile.Contained {
			t.Errorf("the yes to the new plan: %s, %v", now.Status, err)
		}
	})
}

// lapse ends questions, and contains what is due.
func (a *asking) lapse(t *testing.T) error {
	t.Helper()
	calls := a.account.Calls()
	due, err := a.Lapse(t.Context())
	if a.account.Calls() != calls {
		t.Error("ending questions calls AWS")
	}
	for _, id := range due {
		err = errors.Join(err, a.CarryOut(t.Context(), id).Err)
	}
	return err
}

// TestNobodyAnswers: what happens then is the rules' to say, whoever touches the case.
func TestNobodyAnswers(t *testing.T) {
	for name, tt := range map[string]struct {
		contain bool
		touch   func(*testing.T, *asking, string) error
		want    casefile.Status
	}{
		"observe, by a command":  {false, func(t *testing.T, a *asking, _ string) error { return a.lapse(t) }, casefile.Observed},
		"contain, by a command":  {true, func(t *testing.T, a *asking, _ string) error { return a.lapse(t) }, casefile.Contained},
		"contain, by a delivery": {true, func(t *testing.T, a *asking, _ string) error { a.respond(t, on(web, 2)); return nil }, casefile.Contained},
		"observe, by an answer": {false, func(t *testing.T, a *asking, id string) error {
			if _, err := a.as(alice).Approve(t.Context(), id, true, ""); !errors.As(err, new(*casefile.ExpiredError)) {
				t.Errorf("a late yes: %v", err)
			}
			return nil
		}, casefile.Observed},
		"contain, by an answer": {true, func(t *testing.T, a *asking, id string) error {
			_, err := a.as(alice).Approve(t.Context(), id, true, "")
			return err
		}, casefile.Contained},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAsking(t, config.Approval{Timeout: config.Duration(time.Hour), OnTimeout: map[bool]config.OnTimeout{true: config.TimeoutContain, false: config.TimeoutObserve}[tt.contain]})
				c := a.asks(t)
				time.Sleep(time.Hour - time.Second)
				if err := a.lapse(t); err != nil {
					t.Fatal(err)
				}
				if now, err := a.store.Case(t.Context(), c.ID); err != nil || now.Status != casefile.AwaitingApproval {
					t.Fatalf("before its time: %s, %v", now.Status, err)
				}
				time.Sleep(time.Second)
				if err := tt.touch(t, a, c.ID); err != nil {
					t.Fatal(err)
				}
				now, err := a.store.Case(t.Context(), c.ID)
				if err != nil || now.Status != tt.want || now.Approval.Outcome != casefile.Expired {
					t.Errorf("case %s: %s, %+v, %v", now.Status, now.Reason, now.Approval, err)
				}
				a.journaled(t, c.ID, "test", "nobody settled it")
			})
		})
	}
}

// TestPaused: nothing is contained; people are asked, and their yes waits for the end of the pause.
func TestPaused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAsking(t, config.Approval{})
		a.why = nil
		a.Engine = a.as("")
		if err := a.store.Pause(t.Context(), casefile.Pause{By: bob, At: time.Now(), Reason: "a drill"}); err != nil {
			t.Fatal(err)
		}
		before := a.account.Dump(awssim.DumpOptions{Snapshots: true})
		c := a.respond(t, on(web, 1))
		if c.Status != casefile.AwaitingApproval || !strings.Contains(c.Reason, "a drill") {
			t.Fatalf("case %s: %s", c.Status, c.Reason)
		}
		if _, err := a.as(alice).Approve(t.Context(), c.ID, true, ""); !errors.As(err, new(*engine.PausedError)) {
			t.Errorf("a yes while it is paused: %v", err)
		}
		if d := awssim.Diff(before, a.account.Dump(awssim.DumpOptions{Snapshots: true})); len(d) > 0 {
			t.Errorf("changed %v", d)
		}
		if err := a.store.Resume(t.Context(), bob, time.Now()); err != nil {
			t.Fatal(err)
		}
		if c, err := a.as(alice).Approve(t.Context(), c.ID, true, ""); err != nil || c.Status != casefile.Contained {
			t.Errorf("case %s, %v", c.Status, err)
		}
	})
}

// TestGoesOn: a process that died in the middle of what people said yes to is gone on with, and nobody is asked again.
func TestGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAsking(t, config.Approval{})
		c := a.asks(t)
		if _, err := a.as(alice).Approve(t.Context(), c.ID, true, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := a.store.Update(t.Context(), c.ID, func(c *casefile.Case) ([]casefile.Entry, error) {
			c.Status, c.Settled = casefile.AwaitingApproval, false // as if it had died before it settled
			return nil, nil
		}); err != nil {
			t.Fatal(err)
		}
		if c = a.respond(t, on(web, 2)); c.Status != casefile.Contained || !engine.Whole(c) {
			t.Errorf("case %s: %s", c.Status, c.Reason)
		}
	})
}

// TestWaitingExecution: the walk that waits is told; where it does not wait any more, the answer is carried out here.
func TestWaitingExecution(t *testing.T) {
	for name, tt := range map[string]struct {
		answer error
		yes    bool
		want   casefile.Status
		tokens []string
		fails  bool
	}{
		"yes":             {nil, true, casefile.AwaitingApproval, []string{"token-1 yes"}, false},
		"no":              {nil, false, casefile.Observed, []string{"token-1 no"}, false},
		"it has ended":    {engine.ErrNobodyWaits, true, casefile.Contained, nil, false},
		"no, it ended":    {engine.ErrNobodyWaits, false, casefile.Observed, nil, false},
		"may not be told": {errors.New("denied"), true, casefile.AwaitingApproval, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAsking(t, config.Approval{})
				begun, err := a.Begin(t.Context(), on(web, 1), time.Now())
				if err != nil || !begun[0].Ask || begun[0].Playbook != "ec2" {
					t.Fatalf("%+v, %v", begun, err)
				}
				id := begun[0].Case.ID
				if err := a.SaveToken(t.Context(), id, "token-1"); err != nil {
					t.Fatal(err)
				}
				if begun, err = a.Begin(t.Context(), on(web, 2), time.Now()); err != nil || begun[0].Ask || begun[0].Playbook != "" || !engine.Whole(begun[0].Case) {
					t.Errorf("a second execution: %+v, %v", begun, err)
				}
				a.answer = tt.answer
				c, err := a.as(alice).Approve(t.Context(), id, tt.yes, "")
				if (err != nil) != tt.fails || c.Status != tt.want || !slices.Equal(a.tokens, tt.tokens) {
					t.Errorf("case %s: %s, told %v, %v", c.Status, c.Reason, a.tokens, err)
				}
				if raw, err := json.Marshal(c); err != nil || strings.Contains(string(raw), "token-1") {
					t.Errorf("the token is in the case's JSON: %v", err)
				}
				if err := a.SaveToken(t.Context(), id, "token-2"); !errors.As(err, new(*engine.NotAskedError)) {
					t.Errorf("a token after the answer: %v", err)
				}
				if tt.fails { // mended, the yes is carried out
					a.answer = nil
					if _, err := a.as(alice).Approve(t.Context(), id, true, ""); err != nil || !slices.Equal(a.tokens, []string{"token-1 yes"}) {
						t.Errorf("again: told %v, %v", a.tokens, err)
					}
				}
			})
		})
	}
}

// TestWalkHeldBack: a walk does nothing in a case without a yes, and goes on after one.
func TestWalkHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAsking(t, config.Approval{Timeout: config.Duration(time.Hour)})
		before := a.account.Dump(awssim.DumpOptions{Snapshots: true})
		walk := func() (engine.Turn, casefile.Case) {
			begun, err := a.Begin(t.Context(), on(web, 1), time.Now())
			if err != nil {
				t.Fatal(err)
			}
			turn := engine.Turn{Case: begun[0].Case.ID, Walk: "w", Received: time.Now()}
			if err := a.Inline(t.Context(), turn, "0"); err != nil {
				t.Fatal(err)
			}
			if err := a.Step(t.Context(), turn, "ec2.capture-metadata"); err != nil {
				t.Fatal(err)
			}
			c, err := a.Settle(t.Context(), turn)
			if err != nil {
				t.Fatal(err)
			}
			return turn, c
		}
		turn, c := walk()
		if c.Status != casefile.AwaitingApproval {
			t.Errorf("case %s, lease %+v", c.Status, c.Lease)
		}
		if d := awssim.Diff(before, a.account.Dump(awssim.DumpOptions{Snapshots: true})); len(d) > 0 {
			t.Errorf("without a yes: %v", d)
		}
		if err := a.SaveToken(t.Context(), c.ID, "token-1"); err != nil {
			t.Fatal(err)
		}
		if _, err := a.as(alice).Approve(t.Context(), c.ID, true, ""); err != nil || len(a.tokens) != 1 {
			t.Fatalf("told %v, %v", a.tokens, err)
		}
		if err := a.Inline(t.Context(), turn, "0"); err != nil {
			t.Fatal(err)
		}
		if c, err := a.Settle(t.Context(), turn); err != nil || len(c.Residual) == 0 {
			t.Errorf("case %s: %s, %v", c.Status, c.Reason, err)
		}
		if rec := a.record(t, c, "ec2.isolate-network"); rec.Status != "done" {
			t.Errorf("isolation is %s", rec.Status)
		}
	})
}

// TestPolicyWantsNoYes: a case that waits is contained for another finding that nothing wants a yes for.
func TestPolicyWantsNoYes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAsking(t, config.Approval{})
		c := a.asks(t)
		a.why = nil
		a.Engine = a.as("")
		begun, err := a.Begin(t.Context(), on(web, 2), time.Now())
		if err != nil || begun[0].Playbook != "ec2" || begun[0].Ask {
			t.Fatalf("%+v, %v", begun, err)
		}
		turn := engine.Turn{Case: c.ID, Walk: "w", Received: time.Now()}
		if err := a.Inline(t.Context(), turn, "0"); err != nil {
			t.Fatal(err)
		}
		if rec := a.record(t, c, "ec2.isolate-network"); rec.Status != "done" {
			t.Errorf("isolation is %s", rec.Status)
		}
	})
}

// TestReleaseEndsTheQuestion: a case that is released while it waits is not approved any more.
func TestReleaseEndsTheQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAsking(t, config.Approval{})
		c := a.asks(t)
		if err := a.SaveToken(t.Context(), c.ID, "token-1"); err != nil {
			t.Fatal(err)
		}
		c, err := a.as(bob).Release(t.Context(), c.ID, engine.ReleaseOptions{})
		if err != nil || c.Status != casefile.Released || c.Approval.Outcome != casefile.Denied || !slices.Equal(a.tokens, []string{"token-1 no"}) {
			t.Errorf("case %s, %+v, told %v, %v", c.Status, c.Approval, a.tokens, err)
		}
		if _, err := a.as(alice).Approve(t.Context(), c.ID, true, ""); !errors.As(err, new(*casefile.AnsweredError)) {
			t.Errorf("a yes after the release: %v", err)
		}
	})
}

// TestPlanIsStable: the same account gives the same plan, whatever the time and the finding's count.
func TestPlanIsStable(t *testing.T) {
	for _, f := range []finding.Finding{on(web, 1), on(batch, 1), identity(t, "Role", "web-app-role", "AROA5EXAMPLE", ""), identity(t, "IAMUser", "deploy-bot", "AIDAEXAMPLE", "AKIAIOSFODNN7EXAMPLE")} {
		synctest.Test(t, func(t *testing.T) {
			a := newAsking(t, config.Approval{Timeout: config.Duration(7 * 24 * time.Hour)})
			first := a.respond(t, f)
			if first.Approval == nil {
				t.Fatalf("%s: %s %s", f.Type, first.Status, first.Reason)
			}
			time.Sleep(25 * time.Hour)
			f.Count, f.LastSeen = f.Count+1, f.LastSeen.Add(24*time.Hour)
			f.Raw = bytes.Replace(f.Raw, []byte("eventLastSeen\":\"2"), []byte("eventLastSeen\":\"3"), 1)
			if again := a.respond(t, f); again.Approval.Plan != first.Approval.Plan || len(again.Findings) != 1 {
				t.Errorf("%s: another plan a day later", first.Target)
			}
		})
	}
}
