package action_test

import (
	"context"
	"errors"
	"maps"
	"testing"

	"cordon/internal/action"
	"cordon/internal/action/actiontest"
	"cordon/internal/finding"
)

// toy is a target with named parts; its action sets each part that is there to "quarantined".
type toy struct {
	parts map[string]string
	gone  bool
	deaf  error // Observe gives it

	doErr    error           // Do gives it, after the parts in undone are left out
	leaveOut map[string]bool // parts that Do does not get to
	lost     bool            // Do's change takes no effect, though it gives no error
	drift    map[string]string

	does, undoes int
	onDo         func()
}

const set = "quarantined"

type toyRequest struct{ action.On }

type toyState struct {
	Parts map[string]string `json:"parts"`
}

func (y *toy) spec() action.Spec[toyRequest, toyState] {
	return action.Spec[toyRequest, toyState]{
		ID: "test.toy", Summary: "A toy.", Permissions: []string{"test:DescribeToy", "test:ModifyToy"},
		Observe: func(context.Context, *action.Env, toyRequest, *toyState) (toyState, error) {
			if y.gone {
				return toyState{}, &action.Gone{What: "toy"}
			}
			return toyState{Parts: maps.Clone(y.parts)}, y.deaf
		},
		Expect: func(_ toyRequest, prior toyState) toyState {
			want := toyState{Parts: map[string]string{}}
			for k := range prior.Parts {
				want.Parts[k] = set
			}
			return want
		},
		Do: func(_ context.Context, _ *action.Env, _ toyRequest, prior toyState) error {
			y.does++
			if y.onDo != nil {
				y.onDo()
			}
			for k := range prior.Parts {
				if _, there := y.parts[k]; there && !y.leaveOut[k] && !y.lost {
					y.parts[k] = set
				}
			}
			maps.Copy(y.parts, y.drift)
			y.drift = nil
			return y.doErr
		},
		Undo: func(_ context.Context, _ *action.Env, _ toyRequest, prior toyState) error {
			y.undoes++
			for k, v := range prior.Parts {
				if _, there := y.parts[k]; there {
					y.parts[k] = v
				}
			}
			return nil
		},
		Verify: func(_ toyRequest, prior, after toyState) error {
			for k, v := range after.Parts {
				if _, known := prior.Parts[k]; !known {
					return &action.Drifted{What: k}
				}
				if v != set {
					return errors.New(k + " is " + v)
				}
			}
			return nil
		},
		Parts: func(p toyState) map[string]any {
			out := map[string]any{}
			for k, v := range p.Parts {
				out[k] = v
			}
			return out
		},
		Without: func(p toyState, parts map[string]bool) toyState {
			out := toyState{Parts: maps.Clone(p.Parts)}
			maps.DeleteFunc(out.Parts, func(k, _ string) bool { return parts[k] })
			return out
		},
		Extend: func(prior, now toyState) toyState {
			all := maps.Clone(now.Parts)
			maps.Copy(all, prior.Parts)
			return toyState{Parts: all}
		},
	}
}

// rig is a toy under the law.
type rig struct {
	*toy
	ledger *actiontest.Ledger
	env    *action.Env
	action action.Action
}

func newRig(parts map[string]string, change ...func(*action.Spec[toyRequest, toyState])) *rig {
	y := &toy{parts: maps.Clone(parts)}
	s := y.spec()
	for _, f := range change {
		f(&s)
	}
	return &rig{toy: y, ledger: &actiontest.Ledger{}, env: &action.Env{}, action: action.New(s)}
}

const caseID = "c-1"

func request(t testing.TB) action.Request {
	t.Helper()
	req, err := action.NewRequest(action.On{Case: caseID, Target: finding.Target{Account: "111122223333", Kind: finding.KindInstance, ID: "toy"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func (r *rig) run(t testing.TB) action.Record {
	t.Helper()
	rec, err := action.Run(t.Context(), r.ledger, r.env, r.action, caseID, request(t))
	if err != nil {
		t.Fatalf("run: %v", err)
	}
	return rec
}

func (r *rig) undo(t testing.TB, force bool) action.Record {
	t.Helper()
	rec, ok, err := r.ledger.Record(t.Context(), caseID, r.action.ID)
	if err != nil || !ok {
		t.Fatalf("read record: %v, %v", ok, err)
	}
	if rec, err = action.Undo(t.Context(), r.ledger, r.env, r.action, rec, force); err != nil {
		t.Fatalf("undo: %v", err)
	}
	return rec
}

func wantStatus(t testing.TB, rec action.Record, want action.Status) {
	t.Helper()
	if rec.Status != want {
		t.Fatalf("status %s, want %s (error %q, reason %q)", rec.Status, want, rec.Error, rec.Reason)
	}
}

func wantParts(t testing.TB, y *toy, want map[string]string) {
	t.Helper()
	if !maps.Equal(y.parts, want) {
		t.Fatalf("parts %v, want %v", y.parts, want)
	}
}
