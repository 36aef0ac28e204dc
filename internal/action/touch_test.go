package action_test

import (
	"context"
	"errors"
	"testing"

	"cordon/internal/action"
)

var errLast = errors.New("the last healthy target")

func refuse(context.Context) error { return errLast }

func TestRunIsRefusedByTouchBeforeAnythingIsStored(t *testing.T) {
	r := newRig(map[string]string{"a": "1"})
	r.env.Touch = refuse
	_, err := action.Run(t.Context(), r.ledger, r.env, r.action, caseID, request(t))
	var refused *action.RefusedError
	if !errors.As(err, &refused) || !errors.Is(err, errLast) || r.does != 0 || len(r.ledger.Saves()) != 0 {
		t.Fatalf("error %v, Do called %d times, saves %d", err, r.does, len(r.ledger.Saves()))
	}
}

func TestTouchIsNotAskedAboutWhatIsNotThere(t *testing.T) {
	r := newRig(nil)
	r.gone, r.env.Touch = true, refuse
	if rec := r.run(t); rec.Status != action.Skipped || !rec.Moot {
		t.Errorf("record %+v", rec)
	}
}

// TestTouchRefusesWhatPrepares: Do has begun, and takes back what it made; another time it begins anew, with what is there then.
func TestTouchRefusesWhatPrepares(t *testing.T) {
	made := 0
	r := newRig(map[string]string{"a": "1"}, func(s *action.Spec[toyRequest, toyState]) {
		do := s.Do
		s.Prepares = true
		s.Do = func(ctx context.Context, env *action.Env, req toyRequest, prior toyState) error {
			made++
			if err := env.Touch(ctx); err != nil {
				made--
				return err
			}
			return do(ctx, env, req, prior)
		}
	})
	r.env.Touch = refuse
	rec, err := action.Run(t.Context(), r.ledger, r.env, r.action, caseID, request(t))
	if !errors.Is(err, errLast) || made != 0 || r.does != 0 {
		t.Fatalf("error %v, made %d, done %d", err, made, r.does)
	}
	if rec.Status != action.Undone || rec.Open() || rec.Reason != errLast.Error() || rec.Attempts != 0 {
		t.Errorf("record %+v", rec)
	}
	wantParts(t, r.toy, map[string]string{"a": "1"})

	r.parts["a"], r.env.Touch = "2", nil // changed by its owner meanwhile; then somebody says yes
	rec = r.run(t)
	wantStatus(t, rec, action.Done)
	if string(rec.Prior) != `{"parts":{"a":"2"}}` || made != 1 || rec.Attempts != 1 || rec.Reason != "" {
		t.Errorf("record %+v, made %d", rec, made)
	}
}
