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

// lostLook is how old a notice of drift may be that is sent because nobody has.
const lostLook = 24 * time.Hour

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

// watchable: a case whose putting back was not gone through with is looked at, too, so that people hear of it.
func watchable(c casefile.Case, now time.Time) bool {
	return holding(c) && (c.Settled || c.Watch.Untold != "") && !atWork(c, now)
}

// holding says whether a case is contained, and nobody has begun to release it.
func holding(c casefile.Case) bool {
	return (c.Status == casefile.Contained || c.Status == casefile.Partial) && !c.Releasing && len(c.ReleasingOnly) == 0
}

// atWork says whether a run, or a release, has the case.
func atWork(c casefile.Case, now time.Time) bool {
	return c.Lease.Holds(now)
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
	e.sendLost(ctx, c, records)
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
	if len(now) == 0 && w.Case.Watch.Untold != "" {
		c, err := e.isPutBack(ctx, w.Case)
		w.Case, w.PutBack = c, err == nil
		return w, err
	}
	if again := w.Case.Watch.Recent(driftingActions(w.Drift), putBackWithin, time.Now()); len(now) > 0 && again >= putBacks {
		more += fmt.Sprintf("; it was put back %d times within an hour, and is left so now: look what changes it", again)
		now = append(now, "left so: put back too often")
	}
	if slices.Equal(now, w.Case.Watch.Drift) && w.Case.Watch.Untold == "" {
		return w, nil
	}
	said := false
	c, err := e.o.Store.Update(context.WithoutCancel(ctx), w.Case.ID, func(c *casefile.Case) ([]casefile.Entry, error) {
		c.Watch.Untold = ""
		if said = false; slices.Equal(now, c.Watch.Drift) {
			return nil, nil // told already
		}
		if len(now) == 0 {
			c.Watch.Drift, c.Watch.Since = nil, time.Time{}
			return []casefile.Entry{{By: e.o.Owner, Event: "drift", Text: "is as it was set again"}}, nil
		}
		said = true
		c.Watch = c.Watch.Tell(now, string(notify.LevelCritical), "containment has drifted"+more+": "+driftText(w.Drift), time.Now())
		return []casefile.Entry{{By: e.o.Owner, Event: "drift", Text: "has drifted" + more + ": " + driftText(w.Drift)}}, nil
	})
	if err != nil {
		return w, storeError(err)
	}
	if w.Case, w.New = c, said; said {
		e.sendDrift(ctx, c)
	}
	return w, nil
}

// sendDrift tells people of drift as the case says, once for each time that it counts.
func (e *Engine) sendDrift(ctx context.Context, c casefile.Case) {
	ctx = context.WithoutCancel(ctx)
	f, _ := e.lastFinding(ctx, c) // without it the notice says less
	notice := noticeOf(c, f, nil)
	notice.Event, notice.Level, notice.Reason = notify.EventDrift, notify.Level(c.Watch.Last.Level), c.Watch.Last.Text
	notice.Next = []string{"cordon verify " + c.ID, "cordon show " + c.ID}
	e.tell(Event{Case: c.ID, Target: c.Target, Status: string(c.Status), Text: notice.Reason})
	n := e.notices()
	n.send(ctx, c, driftKey(c), notice)
	n.wait()
}

func driftKey(c casefile.Case) string { return fmt.Sprintf("drift-%d", c.Watch.Notices) }

// sendLost sends the last notice of drift where the process that was to do so died before the notice was in the outbox.
func (e *Engine) sendLost(ctx context.Context, c casefile.Case, records []action.Record) {
	age := time.Since(c.Watch.Last.At)
	if c.Watch.Last.Text == "" || age < leaseTime || age > lostLook {
		return // nothing, or another process may be about to, or it is old
	}
	wanted := slices.ContainsFunc(e.o.Channels, func(ch notify.Channel) bool { return ch.Wants(notify.EventDrift) })
	if wanted && !slices.ContainsFunc(records, func(r action.Record) bool { return isNotice(r) && strings.HasSuffix(r.Action, "/"+driftKey(c)) }) {
		e.sendDrift(ctx, c)
	}
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
