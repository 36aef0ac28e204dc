package casefiletest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cordon/internal/action"
	"cordon/internal/casefile"
)

// exported are the snapshots of a store, after a passage through JSON.
func exported(t *testing.T, s casefile.Store, ids ...string) (all []casefile.Snapshot) {
	t.Helper()
	must(t, s.Export(t.Context(), ids, func(snapshot casefile.Snapshot) error {
		raw, err := json.Marshal(snapshot)
		must(t, err)
		var back casefile.Snapshot
		must(t, json.Unmarshal(raw, &back))
		again, err := json.Marshal(back)
		must(t, err)
		if !bytes.Equal(raw, again) || !snapshot.Same(back) {
			t.Errorf("JSON does not keep the snapshot:\n%s\n%s", raw, again)
		}
		all = append(all, back)
		return nil
	}))
	return all
}

// imported imports snapshots, each of which has to be written or not.
func imported(t *testing.T, s casefile.Store, written bool, all ...casefile.Snapshot) {
	t.Helper()
	for _, snapshot := range all {
		if got, err := s.Import(t.Context(), snapshot); err != nil || got != written {
			t.Errorf("import %s: written %v, %v; want %v", snapshot.Case.ID, got, err, written)
		}
	}
}

func transferred(t *testing.T, from, to casefile.Store) {
	ctx, soon := t.Context(), time.Now().UTC()
	opened(t, from, "c-1", "i-1")
	odd := opening("c-1", "i-1", "f-2", 2)
	odd.Raw = json.RawMessage("{ \"html\": \"<&>\",\t\"half\": \"\xff\" }\n")
	_, _, err := from.OpenCase(ctx, odd)
	must(t, err)
	large := append(append([]byte(`"`), bytes.Repeat([]byte("x <&>"), 40_000)...), "\"  \t"...) // more than an item of DynamoDB's holds
	for _, r := range []action.Record{
		{Case: "c-1", Action: "ec2.isolate-network", Status: action.Doing, Request: json.RawMessage(`{ "a" : 1 }`), Started: epoch},
		{Case: "c-1", Action: "notify.sns/1", Status: action.Waiting, Started: epoch.Add(time.Second), Prior: large},
	} {
		r, err := from.SaveRecord(ctx, r)
		must(t, err)
		r.Status, r.After = action.Waiting, json.RawMessage(`{"after":"\u2028"}`)
		_, err = from.SaveRecord(ctx, r)
		must(t, err)
	}
	setStatus(t, from, "c-1", casefile.Released)
	c2 := opened(t, from, "c-2", "i-1")
	must(t, from.Claim(ctx, "c-2", "somebody", soon, time.Hour))
	_, err = from.Update(ctx, "c-2", func(c *casefile.Case) ([]casefile.Entry, error) {
		a, _ := c.Approval.Ask(casefile.Question{Plan: "p", Why: []string{"why"}, People: 2, Now: epoch, Timeout: time.Hour})
		a.Token = "the-secret-token"
		c.Approval, c.Status = &a, casefile.AwaitingApproval
		return []casefile.Entry{{By: "tester", Event: "asked"}}, nil
	})
	must(t, err)
	must(t, from.Suppress(ctx, casefile.Suppression{Target: c2.Target, Finding: "f-1", Case: "c-1", By: "tester", Until: soon.Add(time.Hour)}))
	limits := []casefile.Limit{{Scope: "total", Max: 1, Window: time.Hour}, {Scope: "application:\xff\x00", Max: 9, Window: time.Minute}}
	if full, err := from.Admit(ctx, "c-1", limits, soon); full != nil || err != nil {
		t.Fatalf("admit: %v, %v", full, err)
	}

	all := exported(t, from)
	if len(all) != 2 || all[0].Case.ID != "c-1" || all[1].Case.ID != "c-2" {
		t.Fatalf("exported %d cases, want c-1 and c-2", len(all))
	}
	if raw, _ := json.Marshal(all); bytes.Contains(raw, []byte("secret-token")) || bytes.Contains(raw, []byte("somebody")) {
		t.Error("the export has a task token or a lease")
	}
	if one := exported(t, from, "c-2"); len(one) != 1 || !one[0].Same(all[1]) {
		t.Errorf("export of c-2: %d cases", len(one))
	}
	imported(t, to, true, all...)
	imported(t, to, false, all...)
	for n, snapshot := range exported(t, to) {
		if a, b := snapshot, all[n]; !a.Same(b) || len(a.Suppressions) != len(b.Suppressions) || len(a.Counted) != len(b.Counted) {
			t.Errorf("case %s is another in the copy: %+v\nwant %+v", a.Case.ID, a, b)
		}
	}
	want := kept(t, from, "c-2")
	c := want["case"].(casefile.Case)
	c.Lease = casefile.Lease{}
	c.SetTaskToken("")
	want["case"] = c
	same(t, "c-1 in the copy", kept(t, to, "c-1"), kept(t, from, "c-1"))
	same(t, "c-2 in the copy", kept(t, to, "c-2"), want)

	// The copy goes on as the store would.
	if again, created, err := to.OpenCase(ctx, opening("c-9", "i-1", "f-1", 1)); err != nil || created || again.ID != "c-2" {
		t.Errorf("the open case of the target in the copy: %s, created %v, %v", again.ID, created, err)
	}
	if _, ok, err := to.Suppressed(ctx, c2.Target, "f-1", soon); !ok || err != nil {
		t.Errorf("suppressed in the copy: %v, %v", ok, err)
	}
	if full, err := to.Admit(ctx, "c-2", limits, soon); full == nil || err != nil {
		t.Errorf("the limit counts anew in the copy: %v", err)
	}
	if unsent, err := to.Unsent(ctx); err != nil || len(unsent) != 1 || unsent[0].Action != "notify.sns/1" {
		t.Errorf("unsent notices of the copy: %v, %v", unsent, err)
	}
	r, ok, err := to.Record(ctx, "c-1", "ec2.isolate-network")
	if err != nil || !ok || r.Version != 2 {
		t.Fatalf("record in the copy: %+v, %v", r, err)
	}
	if r, err = to.SaveRecord(ctx, r); err != nil || r.Version != 3 || r.Seq != 1 {
		t.Errorf("save the record in the copy: %+v, %v", r, err)
	}
	if r, err = to.SaveRecord(ctx, action.Record{Case: "c-1", Action: "ec2.tag"}); err != nil || r.Seq != 3 {
		t.Errorf("a new record in the copy: %+v, %v", r, err)
	}
	setStatus(t, to, "c-2", casefile.Contained)
	if got := events(t, to, "c-2"); !slices.Equal(got, []string{"opened", "finding", "asked", "status"}) {
		t.Errorf("the copy's journal: %v", got)
	}
}

func transferRefused(t *testing.T, from, to casefile.Store) {
	opened(t, from, "c-1", "i-1")
	before := exported(t, from)[0]
	opened(t, to, "c-2", "i-1")
	_, err := to.Import(t.Context(), before)
	var taken *casefile.TakenError
	if !errors.As(err, &taken) || taken.Open != "c-2" || taken.Case != "c-1" {
		t.Errorf("a second open case: %v", err)
	}
	if _, err := to.Case(t.Context(), "c-1"); !errors.Is(err, casefile.ErrNotFound) {
		t.Errorf("a refused case is there: %v", err)
	}
	setStatus(t, to, "c-2", casefile.Released)
	imported(t, to, true, before)
	setStatus(t, from, "c-1", casefile.Contained)
	_, err = to.Import(t.Context(), exported(t, from)[0])
	var differs *casefile.DiffersError
	if !errors.As(err, &differs) || differs.Case != "c-1" || differs.Here != 3 || differs.There != 2 {
		t.Errorf("another case of that id: %v", err)
	}
	imported(t, to, false, before)
	for name, spoil := range map[string]func(*casefile.Snapshot){
		"no id":          func(s *casefile.Snapshot) { s.Case.ID = "" },
		"no target":      func(s *casefile.Snapshot) { s.Case.Target.ID = "" },
		"unknown status": func(s *casefile.Snapshot) { s.Case.Status = "lost" },
		"no journal":     func(s *casefile.Snapshot) { s.Journal = nil },
		"a gap":          func(s *casefile.Snapshot) { s.Journal = s.Journal[1:] },
		"another's record": func(s *casefile.Snapshot) {
			s.Records = []action.Record{{Case: "c-8", Action: "a", Seq: 1, Version: 1}}
		},
		"another's silence": func(s *casefile.Snapshot) { s.Suppressions = []casefile.Suppression{{Case: "c-8"}} },
	} {
		bad := before
		bad.Case.ID, bad.Journal = "c-7", slices.Clone(before.Journal)
		spoil(&bad)
		if written, err := to.Import(t.Context(), bad); err == nil || written {
			t.Errorf("%s: imported", name)
		}
	}
	if err := from.Export(t.Context(), []string{"c-3"}, func(casefile.Snapshot) error { return nil }); !errors.Is(err, casefile.ErrNotFound) {
		t.Errorf("export of a case that is not there: %v", err)
	}
	broken := errors.New("broken")
	if err := from.Export(t.Context(), nil, func(casefile.Snapshot) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("export into what is broken: %v", err)
	}
}

// transferLong: more entries, and more bytes, than one transaction of DynamoDB's takes.
func transferLong(t *testing.T, from, to casefile.Store) {
	opened(t, from, "c-1", "i-1")
	for range 6 {
		_, err := from.Update(t.Context(), "c-1", func(c *casefile.Case) ([]casefile.Entry, error) {
			var more []casefile.Entry
			for n := range 30 {
				more = append(more, casefile.Entry{By: "tester", Event: "note", Text: strings.Repeat(string(rune('a'+n%26)), 20_000)})
			}
			return more, nil
		})
		must(t, err)
	}
	for n := range 12 {
		_, err := from.SaveRecord(t.Context(), action.Record{Case: "c-1", Action: fmt.Sprintf("notify.sns/%d", n), Status: action.Failed})
		must(t, err)
	}
	all := exported(t, from)
	imported(t, to, true, all...)
	imported(t, to, false, all...)
	same(t, "the copy", kept(t, to, "c-1"), kept(t, from, "c-1"))
}

// transferLive: a snapshot is of one moment, however the case is changed beside it: its status is that of its journal.
func transferLive(t *testing.T, from, _ casefile.Store) {
	opened(t, from, "c-1", "i-1")
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := range 20 {
			_, err := from.Update(t.Context(), "c-1", func(c *casefile.Case) ([]casefile.Entry, error) {
				c.Reason = fmt.Sprint(n)
				return []casefile.Entry{{By: "tester", Event: "status", Text: c.Reason}}, nil
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
	for range 5 {
		snapshot := exported(t, from)[0]
		if last := snapshot.Journal[len(snapshot.Journal)-1]; last.Event == "status" && last.Text != snapshot.Case.Reason {
			t.Errorf("the case says %q and its journal %q", snapshot.Case.Reason, last.Text)
		}
	}
	wg.Wait()
}

func transferPauses(t *testing.T, from, to casefile.Store) {
	ctx := t.Context()
	pauses := func(s casefile.Store) []casefile.Entry {
		t.Helper()
		all, err := s.Pauses(ctx)
		must(t, err)
		return all
	}
	put := func(entries []casefile.Entry, want bool) {
		t.Helper()
		if written, err := to.ImportPauses(ctx, entries); err != nil || written != want {
			t.Errorf("import of %d pauses: written %v, %v; want %v", len(entries), written, err, want)
		}
	}
	put(pauses(from), false)
	must(t, from.Pause(ctx, casefile.Pause{By: "tester", At: epoch, Reason: "a drill"}))
	paused := pauses(from)
	put(paused, true)
	put(paused, false)
	if p, ok, err := to.Paused(ctx); !ok || err != nil || p.Reason != "a drill" || !p.At.Equal(epoch) {
		t.Errorf("the copy's pause: %+v, %v, %v", p, ok, err)
	}
	must(t, from.Resume(ctx, "tester", epoch.Add(time.Hour)))
	put(pauses(from), true)
	put(paused, false) // the store has more
	if _, ok, err := to.Paused(ctx); ok || err != nil {
		t.Errorf("the copy is paused: %v", err)
	}
	same(t, "pauses", pauses(to), pauses(from))
	must(t, to.Pause(ctx, casefile.Pause{By: "other", At: epoch}))
	must(t, from.Pause(ctx, casefile.Pause{By: "tester", At: epoch}))
	if written, err := to.ImportPauses(ctx, pauses(from)); err == nil || written {
		t.Error("other pauses were imported")
	}
	must(t, to.Resume(ctx, "tester", epoch))
	if all := pauses(to); len(all) != 4 {
		t.Errorf("the copy goes on with %d pauses, want 4", len(all))
	}
}

// transferManyPauses: more entries than one transaction of DynamoDB's takes.
func transferManyPauses(t *testing.T, from, to casefile.Store) {
	for n := range 120 {
		at := epoch.Add(time.Duration(n) * time.Hour)
		must(t, from.Pause(t.Context(), casefile.Pause{By: "tester", At: at, Reason: "a drill"}))
		must(t, from.Resume(t.Context(), "tester", at.Add(time.Minute)))
	}
	must(t, from.Pause(t.Context(), casefile.Pause{By: "tester", At: epoch.Add(500 * time.Hour), Reason: "the last"}))
	want, err := from.Pauses(t.Context())
	must(t, err)
	for _, written := range []bool{true, false} {
		if got, err := to.ImportPauses(t.Context(), want); err != nil || got != written {
			t.Errorf("import of %d pauses: written %v, %v; want %v", len(want), got, err, written)
		}
	}
	got, err := to.Pauses(t.Context())
	must(t, err)
	same(t, "pauses", got, want)
	if p, ok, err := to.Paused(t.Context()); !ok || err != nil || p.Reason != "the last" {
		t.Errorf("the copy's pause: %+v, %v, %v", p, ok, err)
	}
}
