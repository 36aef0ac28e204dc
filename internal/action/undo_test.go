package action_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cordon/internal/action"
)

func TestUndoThreeWay(t *testing.T) {
	for _, c := range []struct {
		name    string
		before  map[string]string
		change  func(*rig) // after Run
		failing func(*rig) // before Run
		force   bool
		want    action.Status
		text    string
		parts   map[string]string
	}{
		{name: "ours is put back", before: map[string]string{"a": "1"}, want: action.Undone, parts: map[string]string{"a": "1"}},
		{
			name: "put back by hand already", before: map[string]string{"a": "1"}, want: action.Undone, parts: map[string]string{"a": "1"},
			change: func(r *rig) { r.parts["a"] = "1" },
		},
		{
			name: "someone else's is a conflict", before: map[string]string{"a": "1", "b": "2"}, want: action.Conflict,
			change: func(r *rig) { r.parts["a"] = "theirs" }, parts: map[string]string{"a": "theirs", "b": "2"},
			text: `a is "theirs", not "quarantined"`,
		},
		{
			name: "forced", before: map[string]string{"a": "1", "b": "2"}, force: true, want: action.Undone,
			change: func(r *rig) { r.parts["a"] = "theirs" }, parts: map[string]string{"a": "1", "b": "2"},
		},
		{
			name: "what was as wanted is not ours", before: map[string]string{"a": set, "b": "2"}, want: action.Undone,
			change: func(r *rig) { r.parts["a"] = "theirs" }, parts: map[string]string{"a": "theirs", "b": "2"},
		},
		{
			name: "a part that is gone", before: map[string]string{"a": "1", "b": "2"}, want: action.Undone,
			change: func(r *rig) { delete(r.parts, "a") }, parts: map[string]string{"b": "2"}, text: "a does not exist any more: nothing to put back",
		},
		{
			name: "a part that is gone, forced", before: map[string]string{"a": "1", "b": "2"}, force: true, want: action.Undone,
			change: func(r *rig) { delete(r.parts, "a") }, parts: map[string]string{"b": "2"},
		},
		{
			name: "a part that came since", before: map[string]string{"a": "1"}, want: action.Undone,
			change: func(r *rig) { r.parts["b"] = "new" }, parts: map[string]string{"a": "1", "b": "new"},
		},
		{
			name: "half made", before: map[string]string{"a": "1", "b": "2"}, want: action.Undone, parts: map[string]string{"a": "1", "b": "2"},
			failing: func(r *rig) { r.doErr, r.leaveOut = errors.New("half way"), map[string]bool{"b": true} },
		},
		{
			name: "a lost call that takes effect late", before: map[string]string{"a": "1"}, want: action.Undone, parts: map[string]string{"a": "1"},
			failing: func(r *rig) { r.doErr, r.lost = errors.New("timeout"), true },
			change:  func(r *rig) { r.parts["a"] = set },
		},
		{
			name: "the target is gone", before: map[string]string{"a": "1"}, want: action.Undone,
			change: func(r *rig) { r.gone = true }, parts: map[string]string{"a": set}, text: "toy does not exist: nothing to put back",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(c.before)
			if c.failing != nil {
				c.failing(r)
			}
			r.run(t)
			if c.change != nil {
				c.change(r)
			}
			rec := r.undo(t, c.force)
			wantStatus(t, rec, c.want)
			wantParts(t, r.toy, c.parts)
			if !strings.Contains(rec.Reason, c.text) || rec.Released.IsZero() {
				t.Errorf("reason %q, released %s", rec.Reason, rec.Released)
			}
			before := r.undoes
			if again := r.undo(t, c.force); again.Status != c.want || (c.want == action.Undone && r.undoes != before) {
				t.Errorf("undone again: %s, Undo called %d more times", again.Status, r.undoes-before)
			}
			wantParts(t, r.toy, c.parts)
		})
	}
}

func TestUndoOfAProcessThatDied(t *testing.T) {
	r := newRig(map[string]string{"a": "1", "b": "2"})
	stop := errors.New("killed")
	r.ledger.Refuse = func(rec action.Record) error {
		if rec.Status != action.Doing {
			return stop
		}
		return nil
	}
	if _, err := action.Run(t.Context(), r.ledger, r.env, r.action, caseID, request(t)); !errors.Is(err, stop) {
		t.Fatalf("error %v", err)
	}
	r.ledger.Refuse = nil
	r.parts["c"] = "new"
	wantStatus(t, r.undo(t, false), action.Undone)
	wantParts(t, r.toy, map[string]string{"a": "1", "b": "2", "c": "new"})
}

func TestUndoFailure(t *testing.T) {
	r := newRig(map[string]string{"a": "1"}, func(s *action.Spec[toyRequest, toyState]) {
		s.Undo = func(context.Context, *action.Env, toyRequest, toyState) error { return errors.New("denied") }
	})
	r.run(t)
	rec := r.undo(t, false)
	wantStatus(t, rec, action.Failed)
	if rec.Error != "release: denied" || !rec.Open() {
		t.Errorf("error %q, open %v", rec.Error, rec.Open())
	}
}

func TestUndoOfTheIrreversibleLeavesTheRecord(t *testing.T) {
	r := newRig(map[string]string{"a": "1"}, func(s *action.Spec[toyRequest, toyState]) {
		s.Undo, s.Irreversible = nil, "evidence"
	})
	r.run(t)
	wantStatus(t, r.undo(t, false), action.Done)
	wantParts(t, r.toy, map[string]string{"a": set})
}

// TestReleaseProperties: whatever half-made change of ours and whatever changes by others, release puts back ours,
// leaves theirs, and says so; forced, it puts back everything that is still there.
func TestReleaseProperties(t *testing.T) {
	names := []string{"a", "b", "c", "d"}
	values := rapid.SampledFrom([]string{"1", "2", set})
	rapid.Check(t, func(rt *rapid.T) {
		before := rapid.MapOfN(rapid.SampledFrom(names), values, 1, 4).Draw(rt, "before")
		r := newRig(before)
		if rapid.Bool().Draw(rt, "fails") {
			r.doErr = errors.New("half way")
			r.leaveOut = map[string]bool{}
			for _, k := range rapid.SliceOf(rapid.SampledFrom(names)).Draw(rt, "left out") {
				r.leaveOut[k] = true
			}
		}
		r.run(t)
		found := maps.Clone(r.parts)
		maps.Copy(r.parts, rapid.MapOf(rapid.SampledFrom(append(slices.Clone(names), "e")), rapid.SampledFrom([]string{"1", "2", "3", set})).Draw(rt, "others"))
		for _, k := range rapid.SliceOf(rapid.SampledFrom(names)).Draw(rt, "deleted") {
			delete(r.parts, k)
		}
		now := maps.Clone(r.parts)
		force := rapid.Bool().Draw(rt, "force")
		rec := r.undo(t, force)

		conflict := false
		for k, n := range now {
			was, known := before[k]
			want := was
			switch {
			case !known || (was == set && found[k] == set):
				want = n // not ours
			case n != was && n != found[k] && n != set && !force:
				want, conflict = n, true
			}
			if r.parts[k] != want {
				rt.Errorf("%s is %q, want %q (before %q, found %q, now %q)", k, r.parts[k], want, was, found[k], n)
			}
		}
		for k := range r.parts {
			if _, there := now[k]; !there {
				rt.Errorf("%s was made", k)
			}
		}
		if want := map[bool]action.Status{true: action.Conflict, false: action.Undone}[conflict]; rec.Status != want {
			rt.Errorf("status %s, want %s: %s", rec.Status, want, rec.Error)
		}
	})
}

func TestPlanAndDrift(t *testing.T) {
	r := newRig(map[string]string{"a": "1", "b": set})
	plan, err := action.Plan(t.Context(), r.env, r.action, request(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Parts) != 1 || plan.Parts[0].Part != "a" || !slices.Equal(plan.Calls, []string{"test:ModifyToy"}) || r.does != 0 {
		t.Errorf("plan %+v, Do called %d times", plan, r.does)
	}
	rec := r.run(t)
	for _, c := range []struct {
		name, value string
		want        int
	}{{"unchanged", set, 0}, {"changed", "theirs", 1}} {
		r.parts["a"] = c.value
		drift, err := action.Drift(t.Context(), r.env, r.action, rec)
		if err != nil || len(drift) != c.want {
			t.Errorf("%s: %v, %v", c.name, drift, err)
		}
	}
}

func TestNewRequestMergesSettings(t *testing.T) {
	raw, err := action.NewRequest(action.On{Case: "c-1"}, struct {
		Tags map[string]string `json:"tags"`
		Case string            `json:"case"`
	}{map[string]string{"a": "1"}, "other"})
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		action.On
		Tags map[string]string
	}
	if err := json.Unmarshal(raw, &got); err != nil || got.Case != "c-1" || got.Tags["a"] != "1" {
		t.Errorf("%s: %+v, %v", raw, got, err)
	}
}

func TestNewRefusesABrokenSpec(t *testing.T) {
	for name, breakIt := range map[string]change{
		"no Observe":                func(s *action.Spec[toyRequest, toyState]) { s.Observe = nil },
		"Undo and Irreversible":     func(s *action.Spec[toyRequest, toyState]) { s.Irreversible = "why" },
		"neither":                   func(s *action.Spec[toyRequest, toyState]) { s.Undo = nil },
		"Parts without Without":     func(s *action.Spec[toyRequest, toyState]) { s.Without = nil },
		"permissions not in order":  func(s *action.Spec[toyRequest, toyState]) { s.Permissions = []string{"b:B", "a:A"} },
		"a permission listed twice": func(s *action.Spec[toyRequest, toyState]) { s.Permissions = []string{"a:A", "a:A"} },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("New took it")
				}
			}()
			newRig(nil, breakIt)
		})
	}
}
