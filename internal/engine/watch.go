package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"cordon/internal/action"
	"cordon/internal/casefile"
	"cordon/internal/notify"
)

// What drifts again and again after it was put back is somebody's automation, or somebody: from then on people are told alone.
const (
	putBacks      = 3
	putBackWithin = time.Hour
)

// Watched is what Watch found of a case.
type Watched struct {
	Case    casefile.Case
	Drift   []Drift // what is not as it was set; after PutBack: what is so still
	Unread  []Drift // what could not be read: no drift, and not known to hold
	New     bool    // people are told of this drift now, for the first time
	PutBack bool    // containment was put back
}

// Watchable lists the cases whose containment is to be looked at again: contained, and left alone by everyone.
func (e *Engine) Watchable(ctx context.Context) ([]casefile.Case, error) {
	cases, err := e.o.Store.Cases(ctx, casefile.Filter{Statuses: []casefile.Status{casefile.Contained, casefile.Partial}})
	if err != nil {
		return nil, fmt.Errorf("list contained cases: %w", err)
	}
	return slices.DeleteFunc(cases, func(c casefile.Case) bool { return !watchable(c, time.Now()) }), nil
}

func watchable(c casefile.Case, now time.Time) bool {
	contained := c.Status == casefile.Contained || c.Status == casefile.Partial
	return contained && c.Settled && !c.Releasing && !atWork(c, now)
}

// atWork says whether a run, or a release, has the case.
func atWork(c casefile.Case, now time.Time) bool {
	return c.Lease.Owner != "" && now.Before(c.Lease.Until)
}

// Watch reads back every change of a case, without its evidence. Of drift people are told once, until it is another one.
// With putBack the containment is put back instead, and people are told that: not while containment is paused, not what does
// not exist any more, and not more than three times within an hour.
//
// A case that is not Watchable (any more), or whose release was interrupted, is left alone.
func (e *Engine) Watch(ctx context.Context, caseID string, putBack bool) (Watched, error) {
	c, err := e.o.Store.Case(ctx, caseID)
	if err != nil || !watchable(c, time.Now()) {
		return Watched{Case: c}, err
	}
	records, err := e.o.Store.Records(ctx, caseID)
	if err != nil {
		return Watched{Case: c}, fmt.Errorf("read records of case %s: %w", caseID, err)
	}
	if releaseInterrupted(c, records) {
		return Watched{Case: c}, nil
	}
	w, err := e.drift(ctx, c, records)
	if err != nil {
		return w, err
	}
	if len(w.Drift) > 0 { // somebody may have begun a release meanwhile
		if w.Case, err = e.o.Store.Case(ctx, caseID); err != nil || !watchable(w.Case, time.Now()) || !w.Case.Updated.Equal(c.Updated) {
			return Watched{Case: w.Case}, err
		}
	}
	if putBack && e.mayPutBack(ctx, w) {
		return e.putBack(ctx, w)
	}
	return e.alert(ctx, w, "")
}

// drift holds what a case's records should still hold against the account.
func (e *Engine) drift(ctx context.Context, c casefile.Case, records []action.Record) (Watched, error) {
	w := Watched{Case: c}
	held := e.held(records)
	if len(held) == 0 {
		return w, nil
	}
	var v Verification
	if err := e.verifyRecords(ctx, c, held, &v); err != nil {
		return w, err
	}
	for _, d := range v.Drift {
		if d.unread {
			w.Unread = append(w.Unread, d)
		} else {
			w.Drift = append(w.Drift, d)
		}
	}
	return w, nil
}

// mayPutBack says whether drift is to be put back, and not only told.
func (e *Engine) mayPutBack(ctx context.Context, w Watched) bool {
	actions := driftingActions(w.Drift)
	return actions != "" && w.Case.Watch.Recent(actions, putBackWithin, time.Now()) < putBacks && e.notPaused(ctx) == nil
}

// driftingActions are the actions whose state can be put back, sorted, with commas between them.
func driftingActions(drift []Drift) string {
	var ids []string
	for _, d := range drift {
		if !d.gone {
			ids = append(ids, d.Action)
		}
	}
	slices.Sort(ids)
	return strings.Join(slices.Compact(ids), ",")
}

// putBack has the case answered again, as if its finding had come again, and looks what became of it.
func (e *Engine) putBack(ctx context.Context, w Watched) (Watched, error) {
	actions := driftingActions(w.Drift)
	c, err := e.o.Store.Update(ctx, w.Case.ID, func(c *casefile.Case) ([]casefile.Entry, error) {
		c.Settled = false // so that the run looks at everything again
		c.Watch = c.Watch.Put(actions, putBackWithin, time.Now())
		return []casefile.Entry{{By: e.o.Owner, Event: "drift", Text: "has drifted, and is put back: " + driftText(w.Drift)}}, nil
	})
	if err != nil {
		return w, storeError(err)
	}
	was := w.Drift
	if c, err = e.carryOut(ctx, c); err != nil {
		return w, fmt.Errorf("put back the containment of case %s: %w", c.ID, err)
	}
	records, err := e.o.Store.Records(ctx, c.ID)
	if err != nil {
		return w, fmt.Errorf("read records of case %s: %w", c.ID, err)
	}
	if w, err = e.drift(ctx, c, records); err != nil {
		return w, err
	}
	if len(w.Drift) > 0 {
		return e.alert(ctx, w, "; it was put back, and has drifted again at once")
	}
	w.PutBack = true
	c, err = e.o.Store.Update(ctx, c.ID, func(c *casefile.Case) ([]casefile.Entry, error) {
		c.Watch.Drift, c.Watch.Since, c.Watch.Notices = nil, time.Time{}, c.Watch.Notices+1
		return nil, nil
	})
	if err != nil {
		return w, storeError(err)
	}
	w.Case = c
	e.sendDrift(ctx, c, notify.LevelWarning, "containment had drifted and was put back: "+driftText(was))
	return w, nil
}

// alert tells people of drift that they have not been told of, and writes down when it is over.
func (e *Engine) alert(ctx context.Context, w Watched, more string) (Watched, error) {
	var now []string
	for _, d := range w.Drift {
		now = append(now, d.Action+": "+d.Text)
	}
	slices.Sort(now)
	if len(now) == 0 && len(w.Unread) > 0 {
		return w, nil // nobody knows
	}
	if again := w.Case.Watch.Recent(driftingActions(w.Drift), putBackWithin, time.Now()); len(now) > 0 && again >= putBacks {
		more += fmt.Sprintf("; it was put back %d times within an hour, and is left so now: look what changes it", again)
		now = append(now, "left so: put back too often")
	}
	if slices.Equal(now, w.Case.Watch.Drift) {
		return w, nil
	}
	said := false
	c, err := e.o.Store.Update(ctx, w.Case.ID, func(c *casefile.Case) ([]casefile.Entry, error) {
		if said = false; slices.Equal(now, c.Watch.Drift) {
			return nil, nil // another process was faster
		}
		c.Watch.Drift, c.Watch.Since = now, time.Now()
		if len(now) == 0 {
			c.Watch.Since = time.Time{}
			return []casefile.Entry{{By: e.o.Owner, Event: "drift", Text: "is as it was set again"}}, nil
		}
		said = true
		c.Watch.Notices++
		return []casefile.Entry{{By: e.o.Owner, Event: "drift", Text: "has drifted" + more + ": " + driftText(w.Drift)}}, nil
	})
	if err != nil {
		return w, storeError(err)
	}
	if w.Case, w.New = c, said; said {
		e.sendDrift(ctx, c, notify.LevelCritical, "containment has drifted"+more+": "+driftText(w.Drift))
	}
	return w, nil
}

// sendDrift tells people of drift, once for each time that the case counts.
func (e *Engine) sendDrift(ctx context.Context, c casefile.Case, level notify.Level, reason string) {
	f, _ := e.lastFinding(ctx, c) // without it the notice says less
	notice := noticeOf(c, f, nil)
	notice.Event, notice.Level, notice.Reason = notify.EventDrift, level, reason
	notice.Next = []string{"cordon verify " + c.ID, "cordon show " + c.ID}
	e.tell(Event{Case: c.ID, Target: c.Target, Status: string(c.Status), Text: reason})
	n := e.notices()
	n.send(ctx, c, fmt.Sprintf("drift-%d", c.Watch.Notices), notice)
	n.wait()
}

// driftText is drift in one line; what does not fit is counted.
func driftText(drift []Drift) string {
	const most = 5
	var parts []string
	for i, d := range drift {
		if i == most {
			parts = append(parts, fmt.Sprintf("and %d more (cordon verify)", len(drift)-most))
			break
		}
		parts = append(parts, d.Action+": "+d.Text)
	}
	return strings.Join(parts, "; ")
}

// releaseInterrupted says whether a release of the case was begun and not gone through with: its process died, or something
// was in the way. What is put back and what is not is a person's to decide.
func releaseInterrupted(c casefile.Case, records []action.Record) bool {
	if c.Status != casefile.Contained && c.Status != casefile.Partial {
		return false
	}
	return c.Releasing || slices.ContainsFunc(records, func(r action.Record) bool {
		return r.Status == action.Undone && !isNotice(r) && !slices.Contains(c.LetGo, r.Action)
	})
}
