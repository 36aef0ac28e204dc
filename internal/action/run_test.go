package action_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cordon/internal/action"
)

type change = func(*action.Spec[toyRequest, toyState])

func TestRunStoresThePriorStateBeforeTheChange(t *testing.T) {
	r := newRig(map[string]string{"a": "1"})
	r.onDo = func() {
		saves := r.ledger.Saves()
		if len(saves) != 1 || saves[0].Status != action.Doing || string(saves[0].Prior) != `{"parts":{"a":"1"}}` {
			t.Errorf("stored when Do began: %+v", saves)
		}
	}
	rec := r.run(t)
	wantStatus(t, rec, action.Done)
	if string(rec.After) != `{"parts":{"a":"quarantined"}}` || rec.Ended.IsZero() || rec.Acted.IsZero() {
		t.Errorf("record %+v", rec)
	}
}

func TestRunChangesNothingThatCannotBeStored(t *testing.T) {
	r := newRig(map[string]string{"a": "1"})
	full := errors.New("disk full")
	r.ledger.Refuse = func(action.Record) error { return full }
	_, err := action.Run(t.Context(), r.ledger, r.env, r.action, caseID, request(t))
	if !errors.Is(err, full) || r.does != 0 {
		t.Fatalf("error %v, Do called %d times", err, r.does)
	}
}

func TestRunIsRefusedByPermitBeforeAnythingIsStored(t *testing.T) {
	r := newRig(map[string]string{"a": "1"})
	limit := errors.New("limit")
	r.env.Permit = func(context.Context) error { return limit }
	_, err := action.Run(t.Context(), r.ledger, r.env, r.action, caseID, request(t))
	var refused *action.RefusedError
	if !errors.As(err, &refused) || !errors.Is(err, limit) || r.does != 0 || len(r.ledger.Saves()) != 0 {
		t.Fatalf("error %v, Do called %d times, saves %d", err, r.does, len(r.ledger.Saves()))
	}
}

func TestRetryKeepsTheStoredPrior(t *testing.T) {
	r := newRig(map[string]string{"a": "1", "b": "2"})
	r.doErr, r.leaveOut = errors.New("half way"), map[string]bool{"b": true}
	rec := r.run(t)
	wantStatus(t, rec, action.Failed)
	if string(rec.After) != `{"parts":{"a":"quarantined","b":"2"}}` {
		t.Errorf("after a failed Do: %s", rec.After)
	}
	r.doErr, r.leaveOut = nil, nil
	rec = r.run(t)
	wantStatus(t, rec, action.Done)
	if string(rec.Prior) != `{"parts":{"a":"1","b":"2"}}` || rec.Error != "" || rec.Attempts != 2 {
		t.Errorf("after the retry: %+v", rec)
	}
	wantStatus(t, r.undo(t, false), action.Undone)
	wantParts(t, r.toy, map[string]string{"a": "1", "b": "2"})
}

func TestRunAgainDoesNothingToWhatIsDone(t *testing.T) {
	r := newRig(map[string]string{"a": "1"})
	r.run(t)
	wantStatus(t, r.run(t), action.Done)
	if r.does != 1 {
		t.Errorf("Do called %d times", r.does)
	}
	r.parts["a"] = "opened again"
	wantStatus(t, r.run(t), action.Done)
	wantParts(t, r.toy, map[string]string{"a": set})
}

func TestRunIsDoneOnlyWhenAfterShowsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(map[string]string{"a": "1"}, func(s *action.Spec[toyRequest, toyState]) { s.Settle = 20 * time.Second })
		r.lost = true
		began := time.Now()
		rec := r.run(t)
		wantStatus(t, rec, action.Failed)
		if !strings.Contains(rec.Error, "a is 1") {
			t.Errorf("error %q", rec.Error)
		}
		if waited := time.Since(began); waited > 20*time.Second {
			t.Errorf("waited %s, longer than the time to settle", waited)
		}
	})
}

func TestRunWaitsUntilAfterShowsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		visible := time.Now().Add(3 * time.Second)
		r := newRig(map[string]string{"a": "1"}, func(s *action.Spec[toyRequest, toyState]) {
			observe := s.Observe
			s.Observe = func(ctx context.Context, env *action.Env, t toyRequest, known *toyState) (toyState, error) {
				if time.Now().Before(visible) {
					return toyState{Parts: map[string]string{"a": "1"}}, nil
				}
				return observe(ctx, env, t, known)
			}
		})
		wantStatus(t, r.run(t), action.Done)
	})
}

func TestRunWithNothingToDo(t *testing.T) {
	fails := func(err error) change {
		return func(s *action.Spec[toyRequest, toyState]) {
			s.Observe = func(context.Context, *action.Env, toyRequest, *toyState) (toyState, error) { return toyState{}, err }
		}
	}
	for _, c := range []struct {
		name   string
		parts  map[string]string
		change change
		want   action.Status
		text   string
	}{
		{"as wanted already", map[string]string{"a": set}, func(*action.Spec[toyRequest, toyState]) {}, action.Done, "as wanted already"},
		{"skipped", nil, fails(action.Skipf("no %s here", "toy")), action.Skipped, "no toy here"},
		{"gone", nil, fails(&action.Gone{What: "toy"}), action.Skipped, "toy does not exist"},
		{"failed", nil, fails(errors.New("broken")), action.Failed, "broken"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(c.parts, c.change)
			rec := r.run(t)
			wantStatus(t, rec, c.want)
			if rec.Reason+rec.Error != c.text || r.does != 0 {
				t.Errorf("reason %q, error %q, Do called %d times", rec.Reason, rec.Error, r.does)
			}
			if rec = r.undo(t, false); r.undoes != 0 || rec.Status == action.Failed && c.want != action.Failed {
				t.Errorf("undo called Undo %d times, status %s", r.undoes, rec.Status)
			}
		})
	}
}

func TestRunPending(t *testing.T) {
	r := newRig(map[string]string{"a": "1"})
	r.doErr = &action.Pending{After: time.Second, Reason: "slow"}
	_, err := action.Run(t.Context(), r.ledger, r.env, r.action, caseID, request(t))
	var pending *action.Pending
	if !errors.As(err, &pending) || pending.After != time.Second {
		t.Fatalf("error %v", err)
	}
	rec, _, _ := r.ledger.Record(t.Context(), caseID, r.action.ID)
	if rec.Status != action.Waiting || rec.Reason != "slow" || rec.Error != "" {
		t.Fatalf("record %+v", rec)
	}
	r.doErr = nil
	wantStatus(t, r.run(t), action.Done)
}

func TestRunFollowsDrift(t *testing.T) {
	r := newRig(map[string]string{"a": "1"})
	r.drift = map[string]string{"b": "new"}
	rec := r.run(t)
	wantStatus(t, rec, action.Done)
	if string(rec.Prior) != `{"parts":{"a":"1","b":"new"}}` || r.does != 2 {
		t.Errorf("prior %s, Do called %d times", rec.Prior, r.does)
	}
	wantStatus(t, r.undo(t, false), action.Undone)
	wantParts(t, r.toy, map[string]string{"a": "1", "b": "new"})
}

func TestRunStoresTheEndWhenTheCallerHasGone(t *testing.T) {
	r := newRig(map[string]string{"a": "1"})
	ctx, cancel := context.WithCancel(t.Context())
	r.onDo = cancel
	r.doErr = context.Canceled
	if _, err := action.Run(ctx, r.ledger, r.env, r.action, caseID, request(t)); err != nil {
		t.Fatal(err)
	}
	rec, _, _ := r.ledger.Record(t.Context(), caseID, r.action.ID)
	wantStatus(t, rec, action.Failed)
	if len(rec.After) == 0 {
		t.Error("what is there after the failure is not known")
	}
}

func TestFailureToReadKeepsWhatIsKnown(t *testing.T) {
	r := newRig(map[string]string{"a": "1"})
	done := r.run(t)
	r.deaf = errors.New("throttled")
	rec := r.run(t)
	wantStatus(t, rec, action.Failed)
	if string(rec.After) != string(done.After) {
		t.Errorf("after %s, want %s", rec.After, done.After)
	}
	r.gone = true
	wantStatus(t, r.run(t), action.Skipped)
}

func TestTwoProcessesDoNotShareARecord(t *testing.T) {
	r := newRig(map[string]string{"a": "1"})
	r.onDo = func() {
		rec, _, _ := r.ledger.Record(t.Context(), caseID, r.action.ID)
		if _, err := r.ledger.SaveRecord(t.Context(), rec); err != nil {
			t.Error(err)
		}
	}
	_, err := action.Run(t.Context(), r.ledger, r.env, r.action, caseID, request(t))
	if !errors.Is(err, action.ErrStale) {
		t.Fatalf("error %v, want ErrStale", err)
	}
}

func TestNotesAreKeptOnce(t *testing.T) {
	r := newRig(map[string]string{"a": "1"}, func(s *action.Spec[toyRequest, toyState]) {
		observe := s.Observe
		s.Observe = func(ctx context.Context, env *action.Env, t toyRequest, known *toyState) (toyState, error) {
			env.Note("seen")
			return observe(ctx, env, t, known)
		}
	})
	if rec := r.run(t); rec.Reason != "seen" {
		t.Errorf("reason %q", rec.Reason)
	}
}
