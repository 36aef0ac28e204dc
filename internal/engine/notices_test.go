package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cordon/internal/action"
	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/engine"
	"cordon/internal/finding"
	"cordon/internal/notify"
)

// post is a channel that notes what it is given; fail says what happens to an attempt, counted from 1.
type post struct {
	id   string
	fail func(attempt int) error

	mu       sync.Mutex
	attempts int
	sent     []notify.Notice
	again    []bool
}

func (p *post) ID() string              { return p.id }
func (p *post) Wants(notify.Event) bool { return true }

func (p *post) Deliver(_ context.Context, n notify.Notice, again bool) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.attempts++
	p.again = append(p.again, again)
	if p.fail != nil {
		if err := p.fail(p.attempts); err != nil {
			return "", err
		}
	}
	p.sent = append(p.sent, n)
	if n.Ticket != "" {
		return n.Ticket, nil // as Jira: the issue that was commented
	}
	return fmt.Sprintf("SEC-%d", len(p.sent)), nil
}

func (p *post) events() (out []string) {
	for _, n := range p.sent {
		out = append(out, string(n.Event))
	}
	return out
}

func TestNoticesOfALife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, quiet())
		jira := &post{id: notify.JiraID}
		r.channels = []notify.Channel{jira}
		r.Engine = r.engine(r.vault)
		c := r.respond(t, on(web, 1))
		if c.Ticket != "SEC-1" {
			t.Errorf("ticket %q", c.Ticket)
		}
		r.respond(t, on(web, 1)) // a duplicate
		r.respond(t, on(web, 2)) // a repeat
		if _, err := r.Release(t.Context(), c.ID, engine.ReleaseOptions{FalsePositive: true}); err != nil {
			t.Fatal(err)
		}
		if got, want := jira.events(), []string{"contained", "repeat", "released"}; !slices.Equal(got, want) {
			t.Errorf("notices %v, want %v", got, want)
		}
		last := jira.sent[len(jira.sent)-1]
		if !last.FalsePositive || last.Ticket != "SEC-1" || last.Status != "released" {
			t.Errorf("the last notice: %+v", last)
		}
		if len(r.archived) != 1 || r.archived[0] != "f-"+web {
			t.Errorf("archived %v", r.archived)
		}
	})
}

// TestChannelDown: a channel that is down for an hour delays nothing and loses nothing.
func TestChannelDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, latency(40*time.Millisecond), quiet())
		up := time.Now().Add(time.Hour)
		jira := &post{id: notify.JiraID, fail: func(int) error {
			if time.Now().Before(up) {
				return &notify.RetryError{Err: errors.New("503")}
			}
			return nil
		}}
		slack := &post{id: "notify.slack"}
		r.channels, r.noticeWait = []notify.Channel{jira, slack}, 30*time.Second
		r.Engine = r.engine(r.vault)
		c := r.respond(t, on(web, 1))
		if c.Status != casefile.Contained || c.ContainedAfter > 200*time.Millisecond || len(slack.sent) != 1 || len(jira.sent) != 0 {
			t.Fatalf("status %s after %s, slack %d, jira %d", c.Status, c.ContainedAfter, len(slack.sent), len(jira.sent))
		}
		if took := time.Since(c.Opened); took > time.Minute {
			t.Errorf("the response took %s", took)
		}
		time.Sleep(time.Hour)
		later := r.engine(r.vault) // another process
		for range 2 {
			if err := later.SendUnsent(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		c, err := r.store.Case(t.Context(), c.ID)
		if err != nil || c.Ticket != "SEC-1" || len(jira.sent) != 1 || len(slack.sent) != 1 {
			t.Errorf("ticket %q, jira %d, slack %d, %v", c.Ticket, len(jira.sent), len(slack.sent), err)
		}
	})
}

// TestDiedWhileSending: the outcome of an attempt is unknown; the channel is told, so that it looks first.
func TestDiedWhileSending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, quiet())
		c := r.respond(t, on(web, 1))
		notice := action.Record{Case: c.ID, Action: "notify.slack/1-contained", Status: action.Doing, Request: []byte(`{"event":"contained"}`)}
		if _, err := r.store.SaveRecord(t.Context(), notice); err != nil {
			t.Fatal(err)
		}
		slack := &post{id: "notify.slack", fail: func(int) error { return notify.ErrUnknown }}
		r.channels = []notify.Channel{slack}
		if err := r.engine(r.vault).SendUnsent(t.Context()); err != nil {
			t.Fatal(err)
		}
		if rec := r.record(t, c, notice.Action); rec.Status != action.Skipped || !slices.Equal(slack.again, []bool{true}) {
			t.Errorf("record %s %s, again %v", rec.Status, rec.Error, slack.again)
		}
	})
}

// TestSuppression: a false alarm is not answered again for a time; another finding on the target is.
func TestSuppression(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, quiet())
		c := r.respond(t, on(web, 1))
		if _, err := r.Release(t.Context(), c.ID, engine.ReleaseOptions{FalsePositive: true}); err != nil {
			t.Fatal(err)
		}
		calls := r.account.Calls()
		if again := r.respond(t, on(web, 9)); again.ID != c.ID || again.Status != casefile.Released || r.account.Calls() != calls {
			t.Errorf("a repeat of a false alarm: case %s %s, %d calls", again.ID, again.Status, r.account.Calls()-calls)
		}
		other := on(web, 1)
		other.ID = "f-other"
		if again := r.respond(t, other); again.ID == c.ID || again.Status != casefile.Contained {
			t.Errorf("another finding: case %s %s", again.ID, again.Status)
		}
		time.Sleep(8 * 24 * time.Hour)
		if again := r.respond(t, on(batch, 1)); again.Status != casefile.Contained {
			t.Errorf("another target: %s", again.Status)
		}
		if again := r.respond(t, on(web, 10)); again.ID == c.ID {
			t.Errorf("after a week the finding is still suppressed")
		}
	})
}

// TestOneNotice: 64 deliveries of one finding make one notice and one ticket.
func TestOneNotice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, latency(5*time.Millisecond), quiet())
		jira, slack := &post{id: notify.JiraID}, &post{id: "notify.slack"}
		r.channels = []notify.Channel{jira, slack}
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				for _, res := range r.engine(r.vault).Respond(t.Context(), []finding.Finding{on(web, 1)}) {
					if res.Err != nil {
						t.Error(res.Err)
					}
				}
			})
		}
		wg.Wait()
		if len(jira.sent) != 1 || len(slack.sent) != 1 {
			t.Errorf("jira %v, slack %v", jira.events(), slack.events())
		}
	})
}

// TestMendedChannel: a notice that a channel refused for good (a wrong token) is sent when the cause is mended.
func TestMendedChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, quiet())
		broken := true
		slack := &post{id: "notify.slack", fail: func(int) error {
			if broken {
				return errors.New("401")
			}
			return nil
		}}
		r.channels = []notify.Channel{slack}
		r.Engine = r.engine(r.vault)
		c := r.respond(t, on(web, 1))
		if c.Status != casefile.Contained || len(slack.sent) != 0 {
			t.Fatalf("%s, sent %v", c.Status, slack.events())
		}
		broken = false
		time.Sleep(time.Minute)
		if err := r.engine(r.vault).SendUnsent(t.Context()); err != nil || len(slack.sent) != 1 {
			t.Errorf("after mending: sent %v, %v", slack.events(), err)
		}
	})
}

// TestOvertaken: a notice of a state that is past is not sent after the notice of a later one.
func TestOvertaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, quiet())
		down := true
		slack := &post{id: "notify.slack", fail: func(int) error {
			if down {
				return &notify.RetryError{Err: errors.New("503")}
			}
			return nil
		}}
		r.channels = []notify.Channel{slack}
		r.Engine = r.engine(r.vault)
		c := r.respond(t, on(web, 1))
		down = false
		if _, err := r.Release(t.Context(), c.ID, engine.ReleaseOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := r.SendUnsent(t.Context()); err != nil || !slices.Equal(slack.events(), []string{"released"}) {
			t.Errorf("sent %v, %v", slack.events(), err)
		}
	})
}

// TestUnsentBackOff: what a channel refuses is sent less and less often, and not before it wants it; a person's run tries at once;
// no channel waits for another.
func TestUnsentBackOff(t *testing.T) {
	for name, tt := range map[string]struct {
		err   error
		tries int // within six hours, a look each minute
	}{
		"refused":            {errors.New("404"), 13},
		"down":               {&notify.RetryError{Err: errors.New("503")}, 80},
		"asks for two hours": {&notify.RetryError{Err: errors.New("429"), After: 2 * time.Hour}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, awssim.Options{}, quiet())
				slack := &post{id: "notify.slack", fail: func(int) error { return tt.err }}
				r.channels = []notify.Channel{slack}
				r.Engine = r.engine(r.vault)
				r.respond(t, on(web, 1))
				for range 6 * 60 {
					time.Sleep(time.Minute)
					if err := r.SendUnsent(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				if slack.attempts < tt.tries-2 || slack.attempts > tt.tries {
					t.Errorf("%d attempts, want about %d", slack.attempts, tt.tries)
				}
				n := slack.attempts
				if err := r.engineWith(func(o *engine.Options) { o.Recheck = true }).SendUnsent(t.Context()); err != nil || slack.attempts != n+1 {
					t.Errorf("a person's run: %d attempts more, %v", slack.attempts-n, err)
				}
			})
		})
	}
}

// TestUnsentSideBySide: a channel that hangs delays no other one, of the same case either.
func TestUnsentSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, quiet())
		var sent time.Time
		down := true
		slack := &post{id: "notify.slack", fail: func(int) error { return &notify.RetryError{Err: errors.New("503")} }}
		jira := &post{id: notify.JiraID, fail: func(int) error {
			if down {
				return &notify.RetryError{Err: errors.New("503")}
			}
			sent = time.Now()
			return nil
		}}
		r.channels = []notify.Channel{slack, jira}
		r.Engine = r.engine(r.vault)
		r.respond(t, on(web, 1))
		slack.fail = func(int) error { time.Sleep(10 * time.Second); return nil }
		down = false
		time.Sleep(time.Minute)
		began := time.Now()
		if err := r.SendUnsent(t.Context()); err != nil || len(slack.sent) != 1 || len(jira.sent) != 1 {
			t.Fatalf("slack %v, jira %v, %v", slack.events(), jira.events(), err)
		}
		if waited := sent.Sub(began); waited > time.Second {
			t.Errorf("one waited %s for the other", waited)
		}
	})
}
