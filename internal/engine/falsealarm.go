package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"cordon/internal/action"
	"cordon/internal/casefile"
	"cordon/internal/finding"
	"cordon/internal/notify"
)

// suppress keeps repeats of the case's findings from containing the target again, for the configured days.
func (e *Engine) suppress(ctx context.Context, c casefile.Case, by string) error {
	days := e.o.Config.FalsePositive.SuppressDays
	if days == 0 {
		return nil
	}
	until := time.Now().UTC().AddDate(0, 0, days)
	for _, f := range c.Findings {
		s := casefile.Suppression{Target: c.Target, Finding: f.ID, Case: c.ID, By: by, Until: until}
		if err := e.o.Store.Suppress(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// suppressed looks whether a finding on a target was a false alarm not long ago; then its case stays released, and the
// repeat is written into its journal.
func (e *Engine) suppressed(ctx context.Context, f finding.Finding, t finding.Target, now time.Time) (casefile.Case, bool, error) {
	s, ok, err := e.o.Store.Suppressed(ctx, t, f.ID, now)
	if err != nil {
		return casefile.Case{}, false, storeError(err)
	}
	if !ok {
		return casefile.Case{}, false, nil
	}
	c, err := e.o.Store.Update(ctx, s.Case, func(*casefile.Case) ([]casefile.Entry, error) {
		return []casefile.Entry{{By: e.o.Owner, Event: "suppressed", Text: fmt.Sprintf(
			"finding %s, count %d: a false alarm until %s, declared by %s", f.ID, f.Count, s.Until.Format(time.RFC3339), s.By,
		)}}, nil
	})
	if err != nil {
		return c, false, storeError(err)
	}
	e.tell(Event{Case: c.ID, Target: c.Target, Status: string(c.Status), Text: "repeat of a false alarm: not answered until " + s.Until.Format(time.DateOnly)})
	return c, true, nil
}

// findings decodes the case's findings, in the order in which the case has them.
func (e *Engine) findings(ctx context.Context, c casefile.Case) ([]finding.Finding, error) {
	documents, err := e.o.Store.Documents(ctx, c.ID)
	if err != nil {
		return nil, fmt.Errorf("read findings of case %s: %w", c.ID, err)
	}
	return findingsOf(c, documents), nil
}

// findingsOf decodes documents, by finding id, in the order in which the case has the findings.
func findingsOf(c casefile.Case, documents map[string]json.RawMessage) (out []finding.Finding) {
	for _, known := range c.Findings {
		if f, ok := decodeOne(documents[known.ID]); ok {
			out = append(out, f)
		}
	}
	return out
}

// sendReleased tells people once, and Security Hub once for each finding of the case.
func (n *notices) sendReleased(ctx context.Context, c casefile.Case, key string, findings []finding.Finding, records []action.Record, falseAlarm bool) {
	about := func(f *finding.Finding) notify.Notice {
		notice := noticeOf(c, f, records)
		notice.FalsePositive = falseAlarm
		return notice
	}
	if len(findings) == 0 {
		n.send(ctx, c, key, about(nil))
		return
	}
	last := len(findings) - 1
	n.send(ctx, c, key, about(&findings[last]))
	all := n.channels
	n.channels = slices.DeleteFunc(slices.Clone(all), func(ch notify.Channel) bool { return ch.ID() != notify.SecurityHubID })
	for _, f := range findings[:last] {
		n.send(ctx, c, key+"-"+f.ID, about(&f))
	}
	n.channels = all
}

// archive archives the case's findings in GuardDuty, where it may. It is a record of the case like a notice.
func (n *notices) archive(ctx context.Context, c casefile.Case, findings []finding.Finding) {
	byID := map[string]finding.Finding{}
	for _, f := range findings {
		byID[f.ID] = f
	}
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		n.wg.Go(func() {
			rec, found, err := n.e.o.Store.Record(ctx, c.ID, "guardduty.archive-finding/"+id)
			if err != nil || rec.Status == action.Done {
				return
			}
			if !found {
				rec = action.Record{Case: c.ID, Action: "guardduty.archive-finding/" + id, Request: []byte(`{}`), Started: time.Now().UTC()}
			}
			rec.Status, rec.Error, rec.Attempts = action.Doing, "", rec.Attempts+1
			if rec, err = n.e.o.Store.SaveRecord(ctx, rec); err != nil {
				return // not recorded, so not done
			}
			rec.Status, rec.Ended = action.Done, time.Now().UTC()
			if err := n.e.o.Archive(ctx, byID[id]); err != nil {
				rec.Status, rec.Error = action.Failed, err.Error()
			}
			if _, err := n.e.o.Store.SaveRecord(ctx, rec); err == nil {
				n.e.tell(Event{Case: c.ID, Target: c.Target, Action: rec.Action, Status: string(rec.Status), Text: rec.Error})
			}
		})
	}
}
