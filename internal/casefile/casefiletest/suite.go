// Package casefiletest is the suite of tests that every casefile.Store passes: the sentences of its contract, one
// test each.
package casefiletest

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cordon/internal/casefile"
	"cordon/internal/finding"
)

// Open gives a test a new, empty store that is closed at the test's end.
type Open func(t *testing.T) casefile.Store

// Reopen closes a store and opens another one on what it kept.
type Reopen func(t *testing.T, s casefile.Store) casefile.Store

// Run runs the suite; reopen may be nil for a store that cannot be opened again.
func Run(t *testing.T, open Open, reopen Reopen) {
	for name, test := range map[string]func(t *testing.T, s casefile.Store){
		"open: a new case":                      openNew,
		"open: 64 callers make one case":        openOnce,
		"open: findings of one target":          openFindings,
		"open: repeats and counts":              openCounts,
		"open: lists are never nil":             openLists,
		"open: incomplete openings":             openIncomplete,
		"open: hostile text":                    openHostile,
		"open: what is asked before":            openBefore,
		"open: released, then a new case":       openAfterRelease,
		"update: case, journal and time":        updateCase,
		"update: refused changes":               updateRefused,
		"update: 32 at once lose nothing":       updateConcurrent,
		"update: nothing changed":               updateNothing,
		"list: order, filters, limit":           listCases,
		"missing case":                          missingCase,
		"records: save, read, order":            recordsSaved,
		"records: stale":                        recordsStale,
		"records: one of 16 savers wins":        recordsConcurrent,
		"records: large, and byte for byte":     recordsLarge,
		"lease: claim, renew, held, expired":    leaseClaimed,
		"lease: a clock that jumps":             leaseJumps,
		"lease: yield":                          leaseYielded,
		"lease: one of 16 claimers wins":        leaseConcurrent,
		"context: a cancelled one does nothing": cancelled,
		"suppress: in force, over, replaced":    suppressed,
		"notices: the unsent ones":              unsent,
		"check: leaves no trace":                checked,
		"approval: whole, its token apart":      approvalKept,
		"approval: of 16 answers two count":     approvalConcurrent,
		"limits: the window slides":             limitsSlide,
		"limits: in all scopes or in none":      limitsTogether,
		"limits: refused ones":                  limitsRefused,
		"limits: hostile scopes":                limitsHostile,
		"limits: exact over 8 workers":          limitsStorm,
		"limits: scopes in any order":           limitsCrossed,
		"pause: in force, replaced, over":       paused,
		"pause: at once, by many":               pausedConcurrently,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
	for name, test := range map[string]func(t *testing.T, from, to casefile.Store){
		"transfer: a copy is whole, and made once":  transferred,
		"transfer: nothing is written over":         transferRefused,
		"transfer: a long case":                     transferLong,
		"transfer: while the case is being changed": transferLive,
		"transfer: pauses":                          transferPauses,
		"transfer: many pauses":                     transferManyPauses,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t), open(t)) })
	}
	if reopen != nil {
		t.Run("reopen: everything is there", func(t *testing.T) { reopened(t, open(t), reopen) })
	}
}

// epoch is when the suite's cases begin.
var epoch = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)

func target(id string) finding.Target {
	return finding.Target{Account: "111122223333", Region: "eu-west-1", Kind: finding.KindInstance, ID: id}
}

// opening is one of a finding with a count on a target.
func opening(newID, on, id string, count int) casefile.Opening {
	return casefile.Opening{
		NewID: newID, Target: target(on), By: "tester", Now: epoch.Add(time.Duration(count) * time.Minute),
		Finding: casefile.Finding{ID: id, Type: "Backdoor:EC2/C&CActivity.B", Severity: 8, Count: count, UpdatedAt: epoch},
		Raw:     json.RawMessage(`{ "id": "` + id + `",  "n": ` + string(rune('0'+count)) + ` }`),
	}
}

// opened opens a case and fails the test unless that made it.
func opened(t *testing.T, s casefile.Store, newID, on string) casefile.Case {
	t.Helper()
	c, created, err := s.OpenCase(t.Context(), opening(newID, on, "f-1", 1))
	if err != nil || !created || c.ID != newID {
		t.Fatalf("OpenCase: case %q, created %v, %v; want a new case %q", c.ID, created, err, newID)
	}
	if !c.News {
		t.Error("a new case is no news")
	}
	c.News = false // nothing that is stored
	return c
}

// setStatus updates a case's status with a journal entry.
func setStatus(t *testing.T, s casefile.Store, id string, to casefile.Status) casefile.Case {
	t.Helper()
	c, err := s.Update(t.Context(), id, func(c *casefile.Case) ([]casefile.Entry, error) {
		e := casefile.Entry{By: "tester", Event: "status", From: c.Status, To: to}
		c.Status = to
		return []casefile.Entry{e}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// kept is all that a store has about a case.
func kept(t *testing.T, s casefile.Store, id string) map[string]any {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	c, err := s.Case(ctx, id)
	must(t, err)
	journal, err := s.Journal(ctx, id)
	must(t, err)
	documents, err := s.Documents(ctx, id)
	must(t, err)
	records, err := s.Records(ctx, id)
	must(t, err)
	return map[string]any{"case": c, "journal": journal, "documents": documents, "records": records}
}

// events are the journal's events in order; the entries must be numbered from 1.
func events(t *testing.T, s casefile.Store, id string) []string {
	t.Helper()
	journal, err := s.Journal(t.Context(), id)
	must(t, err)
	var all []string
	for i, e := range journal {
		if e.Seq != i+1 {
			t.Errorf("entry %d has Seq %d", i+1, e.Seq)
		}
		if e.At.IsZero() {
			t.Errorf("entry %d has no time", e.Seq)
		}
		all = append(all, e.Event)
	}
	return all
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
