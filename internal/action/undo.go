package action

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cordon/internal/cloud"
)

// Undo puts back what the record changed, part by part, and returns the record as stored: Undone, Conflict (someone
// else has changed a part since; those parts were left alone unless force is set), or Failed with the reason. A record
// that changed nothing, cannot be undone, or that its Undo left on purpose (with the reason) keeps its status. The error is a fault of the ledger only.
func Undo(ctx context.Context, l Ledger, env *Env, a Action, rec Record, force bool) (Record, error) {
	if !rec.Open() || a.Irreversible != "" {
		return rec, nil
	}
	own := *env
	own.notes = &notebook{}
	r := runner{l: l, env: &own, a: a, drifts: new(int)}
	rec.Error, rec.Reason = "", ""
	now, err := a.impl.observe(ctx, r.env, rec.Request, rec.Prior)
	if err != nil {
		return r.undoFailed(ctx, rec, err, "read before release: %w")
	}
	w, err := threeWay(a.impl, rec, now)
	if err != nil {
		return r.undoFailed(ctx, rec, err, "%w")
	}
	if force {
		for part := range w.conflicts {
			w.ours[part] = true
		}
		w.conflicts = nil
	}
	for _, part := range sortedKeys(w.gone) {
		r.env.Note("%s does not exist any more: nothing to put back", part)
	}
	if len(w.conflicts) == 0 || a.impl.divisible() {
		if err := r.putBack(ctx, rec, w); err != nil {
			var skip *Skip
			if errors.As(err, &skip) {
				r.env.Note("%s", skip.Reason)
				return r.released(ctx, rec)
			}
			if len(w.conflicts) == 0 {
				rec.After = r.halfReleased(ctx, rec)
				return r.undoFailed(ctx, rec, err, "%w")
			}
			rec.Error = "release: " + err.Error() // beside the conflict, which may be its cause
		}
	}
	if len(w.conflicts) > 0 {
		r.env.Note("%s", conflictText(w.conflicts))
		rec.Status = Conflict
		return r.released(ctx, rec)
	}
	rec.Status = Undone
	return r.released(ctx, rec)
}

// LeaveOff ends the record of an Irreversible action that was not done when its case was released: nothing is going to go on with it,
// and what it had under way is ended, or the record says why it could not be. The error is a fault of the ledger only.
func LeaveOff(ctx context.Context, l Ledger, env *Env, a Action, rec Record) (Record, error) {
	waiting := rec.Status == Waiting || rec.Status == Doing
	if a.Irreversible == "" || !waiting && rec.Status != Failed {
		return rec, nil
	}
	var notes []string
	if waiting {
		rec.Status, rec.Ended = Skipped, time.Now().UTC()
		notes = append(notes, "not waited for, because the case was released")
	}
	if err := a.impl.leave(ctx, env, rec.Request); err != nil {
		notes = append(notes, "what it had under way was not ended: "+err.Error())
	}
	if len(notes) == 0 {
		return rec, nil
	}
	rec.Reason = strings.TrimPrefix(rec.Reason+"; "+strings.Join(notes, "; "), "; ")
	return l.SaveRecord(ctx, rec)
}

// putBack undoes the parts that are ours to put back, and reads back until AWS shows it.
func (r runner) putBack(ctx context.Context, rec Record, w ways) error {
	without := maps.Clone(w.settled)
	for part := range w.conflicts {
		without[part] = true
	}
	if len(w.ours) == 0 && len(w.foreign) == 0 {
		return nil
	}
	if err := r.a.impl.undo(ctx, r.env, rec.Request, rec.Prior, without); err != nil {
		return err
	}
	maps.Copy(without, w.foreign)
	deadline := time.Now().Add(r.a.settle)
	for wait := 100 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		now, err := r.a.impl.observe(ctx, r.env, rec.Request, rec.Prior)
		if err == nil {
			left, derr := differences(r.a.impl, rec.Prior, now)
			if derr != nil {
				return derr
			}
			left = slices.DeleteFunc(left, func(d Difference) bool { return without[d.Part] })
			if len(left) == 0 {
				return nil
			}
			err = errors.New(left[0].String())
		} else if !cloud.Temporary(err) {
			return fmt.Errorf("read back after release: %w", err)
		}
		if time.Now().Add(wait).After(deadline) || sleep(ctx, wait) != nil {
			return fmt.Errorf("read back after release: %w", err)
		}
	}
}

// ways sorts the parts of a state by what a release does with them.
type ways struct {
	ours      map[string]bool       // to be put back
	settled   map[string]bool       // nothing to do: as before already, never changed by us, or gone
	gone      map[string]bool       // settled, because the resource does not exist any more
	foreign   map[string]bool       // neither there before nor meant by us: what Undo leaves of it is no concern of ours
	conflicts map[string]Difference // changed by someone else since
}

// threeWay compares before, set and now. A conflict is neither as before, nor as we found it after our change, nor as
// we meant to set it (a call that timed out may take effect late). Without an after (the process died in between)
// every part that we meant to change is taken for ours. After a change that failed, a part that we meant to change is put
// back even where it looks as before: what failed may have taken effect, and AWS may only show it later.
func threeWay(e erased, rec Record, now json.RawMessage) (ways, error) {
	w := ways{
		ours: map[string]bool{}, settled: map[string]bool{}, gone: map[string]bool{}, foreign: map[string]bool{},
		conflicts: map[string]Difference{},
	}
	uncertain := rec.Status == Doing || rec.Status == Failed || rec.Status == Waiting
	want, err := e.expect(rec.Request, rec.Prior)
	if err != nil {
		return w, err
	}
	unknown := len(rec.After) == 0
	if unknown {
		rec.After = now
	}
	var states [4]map[string]json.RawMessage
	names := map[string]bool{}
	for i, raw := range []json.RawMessage{rec.Prior, rec.After, want, now} {
		if states[i], err = e.parts(raw); err != nil {
			return w, err
		}
		for name := range states[i] {
			names[name] = true
		}
	}
	for name := range names {
		before, set, meant, n := states[0][name], states[1][name], states[2][name], states[3][name]
		switch {
		case bytes.Equal(n, before) && (!uncertain || bytes.Equal(before, meant)):
			w.settled[name] = true
		case bytes.Equal(before, meant) && (unknown || bytes.Equal(before, set)) && before != nil:
			w.settled[name] = true
		case n == nil && before != nil && meant != nil:
			w.settled[name], w.gone[name] = true, true
		case before == nil && meant == nil && (unknown || set == nil):
			w.foreign[name] = true
		case !bytes.Equal(n, before) && !bytes.Equal(n, set) && !bytes.Equal(n, meant):
			w.conflicts[name] = Difference{Part: name, Want: set, Have: n}
		default:
			w.ours[name] = true
		}
	}
	return w, nil
}

func conflictText(conflicts map[string]Difference) string {
	var text []string
	for _, name := range sortedKeys(conflicts) {
		text = append(text, conflicts[name].String())
	}
	return "changed by someone else since: " + strings.Join(text, "; ") + ". Put it right by hand, or release with --force"
}

// halfReleased is what a release that failed left, so that the next one does not take it for someone else's change.
func (r runner) halfReleased(ctx context.Context, rec Record) json.RawMessage {
	ctx, cancel := detached(ctx)
	defer cancel()
	if now, err := r.a.impl.observe(ctx, r.env, rec.Request, rec.Prior); err == nil {
		return now
	}
	return rec.After
}

// undoFailed stores a release that did not work; a target that is gone is no failure.
func (r runner) undoFailed(ctx context.Context, rec Record, err error, format string) (Record, error) {
	var gone *Gone
	if errors.As(err, &gone) {
		r.env.Note("%s: nothing to put back", gone)
		rec.Status = Undone
		return r.released(ctx, rec)
	}
	rec.Status, rec.Error = Failed, fmt.Errorf("release: "+format, err).Error()
	return r.released(ctx, rec)
}

// released stores the end of an Undo.
func (r runner) released(ctx context.Context, rec Record) (Record, error) {
	rec.Released, rec.Reason = time.Now().UTC(), r.env.notes.text()
	return r.store(ctx, rec)
}
