package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cordon/internal/action"
	"cordon/internal/casefile"
	"cordon/internal/notify"
)

// putBack has the case answered again, as if its finding had come again, and looks what became of it. Until that is known and
// people are told, the case says what is being put back. A release that was begun meanwhile goes before it.
func (e *Engine) putBack(ctx context.Context, w Watched) (Watched, error) {
	actions, began := driftingActions(w.Drift), false
	c, err := e.o.Store.Update(ctx, w.Case.ID, func(c *casefile.Case) ([]casefile.Entry, error) {
		if began = watchable(*c, time.Now()) && c.Updated.Equal(w.Case.Updated); !began {
			return nil, nil
		}
		c.Watch = c.Watch.Put(actions, putBackWithin, time.Now())
		c.Watch.Untold = driftText(w.Drift)
		return []casefile.Entry{{By: e.o.Owner, Event: "drift", Text: "has drifted, and is being put back: " + c.Watch.Untold}}, nil
	})
	if err != nil {
		return w, storeError(err)
	}
	if !began {
		return Watched{Case: c}, nil
	}
	was := w
	was.Case = c
	c, err = e.carryOutIf(ctx, c, func(c casefile.Case) bool { return holding(c) && c.Watch.Untold != "" })
	switch {
	case errors.Is(err, errReleased):
		return Watched{Case: c}, nil
	case err != nil && ctx.Err() != nil, errors.As(err, new(*InterruptedError)): // the case says what is left to be told
		return was, fmt.Errorf("put back the containment of case %s: %w", was.Case.ID, err)
	case err != nil:
		return e.notPutBack(ctx, was, err)
	}
	records, err := e.o.Store.Records(ctx, c.ID)
	if err != nil {
		return was, fmt.Errorf("read records of case %s: %w", c.ID, err)
	}
	if w, err = e.drift(ctx, c, records); err != nil {
		return was, err
	}
	if w.Case, err = e.o.Store.Case(ctx, c.ID); err != nil {
		return was, err
	}
	contained := w.Case.Status == casefile.Contained || w.Case.Status == casefile.Partial
	switch {
	case contained && !holding(w.Case), w.Case.Status == casefile.Released:
		return Watched{Case: w.Case}, nil
	case len(w.Drift) > 0:
		return e.alert(ctx, w, "; it was put back, and has drifted again at once")
	case !contained || !e.standing(records, w.Unread, actions):
		was.Case = w.Case
		return e.notPutBack(ctx, was, nil)
	}
	w.PutBack = true
	w.Case, err = e.isPutBack(ctx, w.Case)
	return w, err
}

// standing says whether each of the actions is done again, or what takes over from it, and its state could be read.
func (e *Engine) standing(records []action.Record, unread []Drift, actions string) bool {
	done := func(id string) bool {
		return slices.ContainsFunc(records, func(r action.Record) bool { return r.Action == id && r.Status == action.Done })
	}
	for id := range strings.SplitSeq(actions, ",") {
		if until := e.actions[id].Until; !done(id) && !done(until) || slices.ContainsFunc(unread, func(d Drift) bool { return d.Action == id || d.Action == until }) {
			return false
		}
	}
	return true
}

// isPutBack tells people that containment was put back which they were not told had drifted.
func (e *Engine) isPutBack(ctx context.Context, was casefile.Case) (casefile.Case, error) {
	told := false
	c, err := e.o.Store.Update(ctx, was.ID, func(c *casefile.Case) ([]casefile.Entry, error) {
		if told = c.Watch.Untold != ""; told {
			text := "containment had drifted and was put back: " + c.Watch.Untold
			c.Watch = c.Watch.Tell(nil, string(notify.LevelWarning), text, time.Now())
			return []casefile.Entry{{By: e.o.Owner, Event: "drift", Text: "is as it was set again"}}, nil
		}
		return nil, nil
	})
	if err != nil {
		return was, storeError(err)
	}
	if told {
		e.sendDrift(ctx, c)
	}
	return c, nil
}

// notPutBack tells people that drift could not be put back. It is tried again, and does not count as put back.
func (e *Engine) notPutBack(ctx context.Context, w Watched, cause error) (Watched, error) {
	why := "; it could not be put back: " + w.Case.Reason
	if cause != nil {
		why = "; it could not be put back: " + cause.Error()
		cause = fmt.Errorf("put back the containment of case %s: %w", w.Case.ID, cause)
	}
	c, err := e.o.Store.Update(context.WithoutCancel(ctx), w.Case.ID, func(c *casefile.Case) ([]casefile.Entry, error) {
		if n := len(c.Watch.PutBacks); n > 0 {
			c.Watch.PutBacks = c.Watch.PutBacks[:n-1]
		}
		return nil, nil
	})
	if err != nil {
		return w, errors.Join(cause, storeError(err))
	}
	w.Case = c
	w, err = e.alert(ctx, w, why)
	return w, errors.Join(cause, err)
}
