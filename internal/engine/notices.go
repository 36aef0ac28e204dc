package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"cordon/internal/action"
	"cordon/internal/casefile"
	"cordon/internal/finding"
	"cordon/internal/notify"
)

// A notice is sent once for each change of a case's state and channel. Its record, "notify.slack/3-contained", is the
// outbox: stored as doing before it is sent, pending while the channel is down, done with the channel's reference. The
// notice itself is the record's request, so that another process can send it later exactly as it was.

// notices sends a case's notices side by side and remembers that they are under way.
// A channel takes a case's notices one after another.
type notices struct {
	e        *Engine
	channels []notify.Channel
	turn     map[string]slots // by channel
	wg       sync.WaitGroup
}

func (e *Engine) notices() *notices {
	n := &notices{e: e, channels: e.o.Channels, turn: map[string]slots{}}
	for _, ch := range n.channels {
		n.turn[ch.ID()] = make(slots, 1)
	}
	return n
}

// send starts the delivery of one event's notice on every channel that wants it. It never waits.
func (n *notices) send(ctx context.Context, c casefile.Case, key string, notice notify.Notice) {
	for _, ch := range n.channels {
		if !ch.Wants(notice.Event) {
			continue
		}
		turn := n.turn[ch.ID()]
		n.wg.Go(func() {
			defer turn.take()()
			id := ch.ID() + "/" + key
			request, err := json.Marshal(notice)
			if err == nil {
				rec := action.Record{Case: c.ID, Action: id, Request: request, Started: time.Now().UTC()}
				err = n.e.deliver(ctx, ch, rec, n.e.o.NoticeWait)
			}
			if err != nil {
				n.e.tell(Event{Case: c.ID, Target: c.Target, Action: id, Status: string(action.Failed), Text: err.Error()})
			}
		})
	}
}

// wait ends when every delivery is done, or pending in the store for a later run.
func (n *notices) wait() { n.wg.Wait() }

// statusKey names a change of a case's status: "3-contained" is the third.
func statusKey(c casefile.Case) string { return fmt.Sprintf("%d-%s", c.Changes, c.Status) }

// sendRepeat tells the channels that want it that a finding of the case came again, once for each count.
func (e *Engine) sendRepeat(ctx context.Context, c casefile.Case, f finding.Finding) {
	n := e.notices()
	notice := noticeOf(c, &f, nil)
	notice.Event = notify.EventRepeat
	n.send(ctx, c, fmt.Sprintf("repeat-%s-%d", f.ID, f.Count), notice)
	n.wait()
}

// deliver sends a notice under its record, again and again while the channel says that it is a passing fault and
// patience lasts. What is not sent then stays pending in the store.
func (e *Engine) deliver(ctx context.Context, ch notify.Channel, rec action.Record, patience time.Duration) error {
	stored, found, err := e.o.Store.Record(ctx, rec.Case, rec.Action)
	if err != nil {
		return err
	}
	if found && rec.Version == 0 && !e.o.Recheck && !dueNow(stored, time.Now()) {
		return nil // this run has tried it, or another one
	}
	if found {
		rec = stored
	}
	if rec.Status == action.Done || rec.Status == action.Skipped {
		return nil
	}
	var n notify.Notice
	if err := json.Unmarshal(rec.Request, &n); err != nil {
		return fmt.Errorf("read notice %s: %w", rec.Action, err)
	}
	// A process died while it was sending, or an attempt ended without an answer: until the channel has looked, nobody knows.
	again := found && (rec.Status == action.Doing || strings.HasPrefix(rec.Reason, unknownOutcome))
	until := time.Now().Add(patience)
	for {
		c, err := e.o.Store.Case(ctx, rec.Case)
		if err != nil {
			return err
		}
		if overtaken(rec, c) {
			rec.Status, rec.Reason, rec.Ended = action.Skipped, "overtaken by a later change of the case", time.Now().UTC()
			if again {
				rec.Reason = unknownOutcome + ": " + rec.Reason
			}
			_, err := e.saveNotice(ctx, rec, ch, "")
			return err
		}
		rec.Status, rec.Attempts = action.Doing, rec.Attempts+1
		if rec, err = e.o.Store.SaveRecord(ctx, rec); err != nil {
			return err // not stored, or another process has it: not sent
		}
		if n.Ticket, n.Unsure, err = e.ticket(ctx, rec, c); err != nil {
			return err
		}
		ref, derr := ch.Deliver(ctx, n, again)
		after := settleNotice(&rec, ref, again, derr)
		if rec, err = e.saveNotice(ctx, rec, ch, ref); err != nil {
			return err
		}
		e.tell(Event{Case: rec.Case, Target: n.Target, Action: rec.Action, Status: string(rec.Status), Text: rec.Reason + rec.Error})
		if rec.Status != action.Waiting || time.Now().Add(after).After(until) {
			return nil
		}
		again = strings.HasPrefix(rec.Reason, unknownOutcome)
		select {
		case <-time.After(after):
		case <-ctx.Done():
			return nil
		}
	}
}

// How long a notice that was refused is left at most, and how long one that a channel asks to send later.
const (
	refusedMost = time.Hour
	retryMost   = 24 * time.Hour
)

const unknownOutcome = "may have arrived"

// ticket gives the issue that another notice of the case has made, also where the case does not say so yet; unsure says that one
// whose outcome nobody knows (yet) may have made it. It is asked once rec is stored as doing: of two that are sent side by side
// at least one sees the other, and the first of them goes on.
func (e *Engine) ticket(ctx context.Context, rec action.Record, c casefile.Case) (key string, unsure bool, err error) {
	if c.Ticket != "" || !strings.HasPrefix(rec.Action, notify.JiraID+"/") {
		return c.Ticket, false, nil
	}
	records, err := e.o.Store.Records(ctx, c.ID)
	if err != nil {
		return "", false, fmt.Errorf("read records of case %s: %w", c.ID, err)
	}
	for _, r := range records {
		switch {
		case !strings.HasPrefix(r.Action, notify.JiraID+"/") || r.Action == rec.Action:
		case r.Status == action.Done && r.Reason != "": // the channel's reference
			return r.Reason, false, nil
		case r.Status == action.Doing && (r.Seq < rec.Seq || rec.Attempts > 1), strings.HasPrefix(r.Reason, unknownOutcome):
			unsure = true
		}
	}
	return "", unsure, nil
}

// overtaken says whether the case's status has changed since the change that the notice is about, "2-contained".
func overtaken(rec action.Record, c casefile.Case) bool {
	_, key, _ := strings.Cut(rec.Action, "/")
	number, _, _ := strings.Cut(key, "-")
	change, err := strconv.Atoi(number)
	return err == nil && change < c.Changes
}

// settleNotice puts the outcome of one attempt into the record and says how long to wait before the next. unknown: the
// outcome of a former attempt is not known, and stays so until one succeeds.
func settleNotice(rec *action.Record, ref string, unknown bool, err error) (after time.Duration) {
	rec.Error, rec.Reason = "", ref
	var retry *notify.RetryError
	switch {
	case err == nil:
		rec.Status, rec.Ended = action.Done, time.Now().UTC()
	case errors.As(err, &retry):
		rec.Status, rec.Reason = action.Waiting, retry.Error()
		if retry.Unknown || unknown {
			rec.Reason = unknownOutcome + ": " + rec.Reason
		}
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		rec.Status, rec.Reason = action.Waiting, unknownOutcome+": "+err.Error()
	case errors.Is(err, notify.ErrUnknown):
		rec.Status, rec.Reason, rec.Ended = action.Skipped, err.Error(), time.Now().UTC()
	default: // a wrong token, say: tried again when it may be mended
		rec.Status, rec.Error, rec.Ended = action.Failed, err.Error(), time.Now().UTC()
	}
	after = min(time.Second<<min(rec.Attempts, 8), 5*time.Minute)
	if rec.Status == action.Failed {
		after = min(time.Minute<<min(rec.Attempts-1, 6), refusedMost)
	}
	if retry != nil && retry.After > after {
		after = min(retry.After, retryMost)
	}
	if rec.Next = (time.Time{}); rec.Status == action.Waiting || rec.Status == action.Failed {
		rec.Next = time.Now().UTC().Round(0).Add(after)
	}
	return after
}

// saveNotice stores the record, and the key with the case, also when the caller has gone away meanwhile.
func (e *Engine) saveNotice(ctx context.Context, rec action.Record, ch notify.Channel, ref string) (action.Record, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	rec, err := e.o.Store.SaveRecord(ctx, rec)
	if err != nil || ref == "" || ch.ID() != notify.JiraID {
		return rec, err
	}
	_, err = e.o.Store.Update(ctx, rec.Case, func(c *casefile.Case) ([]casefile.Entry, error) {
		if c.Ticket == ref {
			return nil, nil
		}
		c.Ticket = ref
		return []casefile.Entry{{By: e.o.Owner, Event: "ticket", Text: ref}}, nil
	})
	return rec, err
}

// noticeOf puts a case's state into a notice. f is the finding that brought it about.
func noticeOf(c casefile.Case, f *finding.Finding, records []action.Record) notify.Notice {
	n := notify.Notice{
		Event: notify.Event(c.Status), Case: c.ID, Status: string(c.Status), Reason: reasonOf(c), Target: c.Target,
		ContainedAfter: c.ContainedAfter, Residual: c.Residual, Evidence: len(c.Evidence), Ticket: c.Ticket, At: time.Now().UTC(),
		Next: []string{"cordon show " + c.ID, "cordon release " + c.ID + " --false-positive"},
	}
	if len(c.Evidence) > 0 {
		n.EvidenceURI = c.Evidence[0].URI
	}
	if f != nil {
		n.Title, n.Type, n.Description, n.Severity, n.Count = f.Title, f.Type, f.Description, f.Severity, f.Count
		n.FindingID, n.FindingARN = f.ID, f.ARN
	} else if len(c.Findings) > 0 {
		last := c.Findings[len(c.Findings)-1]
		n.Type, n.Severity, n.Count, n.FindingID = last.Type, last.Severity, last.Count, last.ID
	}
	for _, r := range records {
		switch {
		case isNotice(r):
		case r.Status == action.Done:
			n.Done = append(n.Done, r.Action)
		case r.Status == action.Failed, r.Status == action.Conflict:
			n.Failed = append(n.Failed, r.Action+": "+why(r))
		}
	}
	n.Level = level(c, n)
	return n
}

// level says how urgent a state is. An unsupported root identity is as bad as a failure: only a person can act.
func level(c casefile.Case, n notify.Notice) notify.Level {
	switch {
	case c.Status == casefile.Failed, c.Target.Kind == finding.KindRoot && c.Status != casefile.Released:
		return notify.LevelCritical
	case c.Status == casefile.Partial, c.Status == casefile.Unsupported, n.Severity >= 9:
		return notify.LevelWarning
	default:
		return notify.LevelInfo
	}
}
