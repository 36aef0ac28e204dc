package casefile

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"cordon/internal/action"
)

// What a store does to a case, as functions without a store, so that every store does the same.

// Check says what is missing in an opening.
func (o Opening) Check() error {
	switch {
	case o.NewID == "":
		return errors.New("no id for the case")
	case o.Target.Kind == "" || o.Target.ID == "":
		return errors.New("no target")
	case o.Finding.ID == "":
		return errors.New("the finding has no id")
	}
	return nil
}

// Ask asks Before.
func (o Opening) Ask(ctx context.Context) error {
	if o.Before == nil {
		return nil
	}
	return o.Before(ctx)
}

// Case is the new case of an opening, with its first journal entries.
func (o Opening) Case() (Case, []Entry) {
	var b Beginning
	if o.Begin != nil {
		b = o.Begin()
	}
	now := utc(o.Now)
	c := Case{
		ID: o.NewID, Status: Open, Target: o.Target, Findings: []Finding{o.finding()},
		Opened: now, Updated: now, Residual: []string{}, Evidence: []action.Artifact{},
		News: true, Unanswered: []string{o.Finding.ID}, Rule: b.Rule, Off: b.Off,
	}
	entries := []Entry{
		{At: now, By: o.By, Event: "opened", To: Open, Text: o.Target.String()},
		o.entry(),
	}
	if b.Lease.Owner != "" {
		c.Lease, c.Looking = b.Lease, c.OpenFindings()
	}
	if b.Rule != "" {
		entries = append(entries, Entry{At: now, By: o.By, Event: "policy", Text: "rule " + b.Rule + " decides"})
	}
	return c, entries
}

// Knows says whether the case has the finding with this count or a higher one.
func (c Case) Knows(f Finding) bool {
	i := slices.IndexFunc(c.Findings, func(known Finding) bool { return known.ID == f.ID })
	return i >= 0 && c.Findings[i].Count >= f.Count
}

// Admit adds an opening's finding to the case, or brings its entry up to the higher count, and gives the journal
// entry of it; ok is false, and the case as it was, where the case knows it already.
func (c Case) Admit(o Opening) (changed Case, e Entry, ok bool) {
	if c.Knows(o.Finding) {
		return c, Entry{}, false
	}
	c.Findings = slices.Clone(c.Findings)
	if i := slices.IndexFunc(c.Findings, func(f Finding) bool { return f.ID == o.Finding.ID }); i >= 0 {
		c.Findings[i] = o.finding()
	} else {
		c.Findings = append(c.Findings, o.finding())
	}
	c.News = true
	c.Unanswered = slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(c.Unanswered), o.Finding.ID))))
	if now := utc(o.Now); now.After(c.Updated) {
		c.Updated = now
	}
	return c, o.entry(), true
}

// Change is the case after f, with f's entries completed but for Seq; ok is false where f changed nothing. Updated
// becomes now unless f set it.
func (c Case) Change(f func(*Case) ([]Entry, error), now time.Time) (changed Case, entries []Entry, ok bool, err error) {
	was := c
	c.Findings, c.Residual, c.Evidence = slices.Clone(c.Findings), slices.Clone(c.Residual), slices.Clone(c.Evidence)
	c.Unanswered, c.Looking, c.Approval = slices.Clone(c.Unanswered), slices.Clone(c.Looking), c.Approval.clone()
	c.Watch.Drift, c.Watch.PutBacks = slices.Clone(c.Watch.Drift), slices.Clone(c.Watch.PutBacks)
	if entries, err = f(&c); err != nil {
		return was, nil, false, err
	}
	switch {
	case c.ID != was.ID, c.Target != was.Target, c.Lease != was.Lease, !slices.Equal(c.Findings, was.Findings):
		return was, nil, false, errors.New("id, target, findings and lease do not change in an update")
	case was.Status == Released && c.Status != Released:
		return was, nil, false, errors.New("a released case stays released")
	case c.Status == "":
		return was, nil, false, errors.New("no status for the case")
	}
	c.fill()
	if len(entries) == 0 && reflect.DeepEqual(c, was) {
		return was, nil, false, nil
	}
	now = utc(now)
	entries = slices.Clone(entries)
	for i := range entries {
		if entries[i].At.IsZero() {
			entries[i].At = now
		}
		entries[i].At = utc(entries[i].At)
	}
	if c.Updated.Equal(was.Updated) {
		c.Updated = now
	}
	c.Opened, c.Updated, c.Wanted, c.Watch.Since = utc(c.Opened), utc(c.Updated), utc(c.Wanted), utc(c.Watch.Since)
	return c, entries, true, nil
}

// Answered takes findings, as they were when a run looked at them, off the list of those that are unanswered: one that has
// come again since, with a higher count, stays.
func (c *Case) Answered(looked ...Finding) {
	c.Unanswered = slices.DeleteFunc(c.Unanswered, func(id string) bool {
		known := slices.IndexFunc(c.Findings, func(f Finding) bool { return f.ID == id })
		return slices.ContainsFunc(looked, func(f Finding) bool {
			return f.ID == id && (known < 0 || f.Count >= c.Findings[known].Count)
		})
	})
}

// OpenFindings are those that are unanswered, as the case has them.
func (c Case) OpenFindings() (unanswered []Finding) {
	for _, f := range c.Findings {
		if slices.Contains(c.Unanswered, f.ID) {
			unanswered = append(unanswered, f)
		}
	}
	return unanswered
}

// Unseen says whether a finding is unanswered that the run at work has not begun to look at.
func (c Case) Unseen() bool {
	return slices.ContainsFunc(c.OpenFindings(), func(f Finding) bool {
		return !slices.ContainsFunc(c.Looking, func(l Finding) bool { return l.ID == f.ID && l.Count >= f.Count })
	})
}

// fill makes lists that are nil empty: they are lists in the command line's JSON.
func (c *Case) fill() {
	if c.Findings == nil {
		c.Findings = []Finding{}
	}
	if c.Residual == nil {
		c.Residual = []string{}
	}
	if c.Evidence == nil {
		c.Evidence = []action.Artifact{}
	}
	if len(c.Unanswered) == 0 {
		c.Unanswered = nil
	}
	c.Approval.fill()
}

func (o Opening) finding() Finding {
	f := o.Finding
	f.UpdatedAt, f.Received = utc(f.UpdatedAt), utc(o.Now)
	return f
}

func (o Opening) entry() Entry {
	f := o.Finding
	return Entry{
		At: utc(o.Now), By: o.By, Event: "finding",
		Text: fmt.Sprintf("%s, count %d: %s", f.Type, f.Count, f.ID),
	}
}

// utc is t as a store keeps it: in UTC, without the monotonic reading.
func utc(t time.Time) time.Time { return t.UTC().Round(0) }
