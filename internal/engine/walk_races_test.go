package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/smithy-go"

	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/engine"
	"cordon/internal/finding"
	"cordon/internal/notify"
	"cordon/internal/vault"
)

func second(t *testing.T, f finding.Finding) finding.Finding {
	return decoded(t, strings.Replace(string(f.Raw), `"id":"f1"`, `"id":"f2"`, 1))
}

// TestFindingJoinsAWalk: a second finding, with another key, joins after walk A's containment and before its end.
func TestFindingJoinsAWalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, quiet())
		f1 := identity(t, "IAMUser", "deploy-bot", "AIDAEXAMPLE", "AKIAI44QH8DHBEXAMPLE")
		f2 := second(t, identity(t, "IAMUser", "deploy-bot", "AIDAEXAMPLE", "AKIAIOSFODNN7EXAMPLE"))
		b1, err := r.Begin(t.Context(), f1, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		a := engine.Turn{Case: b1[0].Case.ID, Walk: "A", Received: time.Now()}
		t.Log("inline A:", r.Inline(t.Context(), a, "0"))
		b2, err := r.Begin(t.Context(), f2, time.Now())
		if err != nil || b2[0].Case.ID != a.Case {
			t.Fatal(b2, err)
		}
		b := engine.Turn{Case: a.Case, Walk: "B", Received: time.Now()}
		err = r.Inline(t.Context(), b, "0")
		t.Log("inline B while A holds:", err)
		var held *casefile.HeldError
		if !errors.As(err, &held) {
			t.Fatal("not held")
		}
		c, err := r.Settle(t.Context(), a)
		t.Log("settle A:", c.Status, c.Settled, c.Unanswered, engine.Whole(c), err)
		t.Log("inline B:", r.Inline(t.Context(), b, "0"))
		c, err = r.Settle(t.Context(), b)
		t.Log("settle B:", c.Status, c.Settled, c.Unanswered, "clean", engine.Whole(c), err)
		if got := keyStatus(t, r); got != iamtypes.StatusTypeInactive {
			t.Errorf("key of f2 is %s, case %s clean=%v", got, c.Status, engine.Whole(c))
		}
	})
}

// TestFindingJoinsARunningRelease: it is answered, in a case of its own.
func TestFindingJoinsARunningRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, latency(200*time.Millisecond), quiet())
		first := r.respond(t, on(web, 1))
		done := make(chan struct{})
		go func() {
			defer close(done)
			c, err := r.Release(t.Context(), first.ID, engine.ReleaseOptions{})
			t.Log("release", c.Status, err)
		}()
		time.Sleep(time.Second)
		begun, err := r.Begin(t.Context(), on(web, 2), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		t.Log("begun in", begun[0].Case.ID == first.ID, begun[0].Case.Status, begun[0].Case.Unanswered, begun[0].Playbook)
		turn := engine.Turn{Case: begun[0].Case.ID, Walk: "w", Received: time.Now()}
		t.Log("inline while release:", r.Inline(t.Context(), turn, "0"))
		<-done
		t.Log("inline after:", r.Inline(t.Context(), turn, "0"))
		c, err := r.Settle(t.Context(), turn)
		t.Log("settle", c.Status, c.Unanswered, engine.Whole(c), err)
		open, _ := r.store.Cases(t.Context(), casefile.Filter{Statuses: []casefile.Status{casefile.Contained}})
		if len(open) == 0 {
			t.Errorf("finding that joined the release is answered nowhere; walk clean=%v", engine.Whole(c))
		}
	})
}

// hiccupVault cannot be written while bad.
type hiccupVault struct {
	vault.Vault
	bad *bool
}

func (h hiccupVault) Check(ctx context.Context) error {
	if *h.bad {
		return errors.New("SlowDown")
	}
	return h.Vault.Check(ctx)
}

// TestSettleRefused: settling that was refused is an error, so that it is tried again.
func TestSettleRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, quiet())
		bad := false
		r.Engine = r.engine(hiccupVault{r.vault, &bad})
		b, _ := r.Begin(t.Context(), on(web, 1), time.Now())
		turn := engine.Turn{Case: b[0].Case.ID, Walk: "w", Received: time.Now()}
		t.Log(r.Inline(t.Context(), turn, "0"))
		bad = true
		c, err := r.Settle(t.Context(), turn)
		t.Log("settle with a preflight hiccup:", c.Status, c.Settled, engine.Whole(c), "err:", err)
		if err == nil {
			t.Error("no error, so no retry")
		}
	})
}

// TestRepeatRefused: a finding whose containment was refused stays unanswered, whatever the case's records say.
func TestRepeatRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, quiet())
		bad := false
		r.Engine = r.engine(hiccupVault{r.vault, &bad})
		f1 := identity(t, "IAMUser", "deploy-bot", "AIDAEXAMPLE", "AKIAI44QH8DHBEXAMPLE")
		f2 := second(t, identity(t, "IAMUser", "deploy-bot", "AIDAEXAMPLE", "AKIAIOSFODNN7EXAMPLE"))
		r.respond(t, f1)
		b, _ := r.Begin(t.Context(), f2, time.Now())
		turn := engine.Turn{Case: b[0].Case.ID, Walk: "w", Received: time.Now()}
		bad = true
		t.Log("inline:", r.Inline(t.Context(), turn, "0"))
		bad = false
		c, err := r.Settle(t.Context(), turn)
		t.Log("settle:", c.Status, c.Settled, c.Unanswered, err)
		if got := keyStatus(t, r); got != iamtypes.StatusTypeInactive && engine.Whole(c) {
			t.Errorf("key %s, but case is clean", got)
		}
	})
}

// TestChannelGone: nobody waits for a channel that is not configured any more.
func TestChannelGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, quiet())
		r.channels = []notify.Channel{&downChannel{}}
		r.Engine = r.engine(r.vault)
		c := r.respond(t, on(web, 1))
		r.channels = []notify.Channel{&post{id: "notify.sns"}}
		r.Engine = r.engine(r.vault)
		w, f, err := r.SendUnsentOf(t.Context(), c.ID)
		t.Log(w, f, err)
		if len(w) > 0 {
			t.Error("waits for a channel that is not configured any more")
		}
	})
}

type downChannel struct{}

func (*downChannel) ID() string              { return "notify.slack" }
func (*downChannel) Wants(notify.Event) bool { return true }
func (*downChannel) Deliver(context.Context, notify.Notice, bool) (string, error) {
	return "", &notify.RetryError{Err: errors.New("down")}
}

// TestAnewFails: a walk whose finding is answered in a new case ends well only where that case does.
func TestAnewFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fail := false
		r := newRig(t, awssim.Options{Fault: func(c awssim.Call) awssim.Fault {
			if fail && c.Operation == "ModifyNetworkInterfaceAttribute" {
				return awssim.Fault{Before: &smithy.GenericAPIError{Code: "UnauthorizedOperation", Message: "no"}}
			}
			return awssim.Fault{}
		}}, quiet())
		first := r.respond(t, on(web, 1))
		_, err := r.Begin(t.Context(), on(web, 2), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.store.Update(t.Context(), first.ID, func(c *casefile.Case) ([]casefile.Entry, error) { c.Status = casefile.Released; return nil, nil }); err != nil {
			t.Fatal(err)
		}
		fail = true
		turn := engine.Turn{Case: first.ID, Walk: "w", Received: time.Now()}
		t.Log("inline", r.Inline(t.Context(), turn, "0"))
		c, err := r.Settle(t.Context(), turn)
		all, _ := r.store.Cases(t.Context(), casefile.Filter{})
		for _, x := range all {
			t.Log(x.ID, x.Status, x.Reason, x.Settled)
		}
		if engine.Whole(c) {
			t.Errorf("walk ends clean: %v %v", c.Status, err)
		}
	})
}
