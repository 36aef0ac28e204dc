package casefiletest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cordon/internal/action"
	"cordon/internal/casefile"
)

// record is a new one of an action in case c-1.
func record(name string) action.Record {
	return action.Record{
		Case: "c-1", Action: name, Status: action.Doing, Attempts: 1, Started: epoch,
		Request: json.RawMessage(`{"case":"c-1"}`), Prior: json.RawMessage(`{"groups":["sg-1"]}`),
	}
}

func recordsSaved(t *testing.T, s casefile.Store) {
	opened(t, s, "c-1", "i-1")
	opened(t, s, "c-2", "i-2")
	for i, name := range []string{"ec2.isolate-network", "ec2.detach-asg", "ec2.tag"} {
		r, err := s.SaveRecord(t.Context(), record(name))
		must(t, err)
		if r.Seq != i+1 || r.Version != 1 {
			t.Errorf("%s: Seq %d, Version %d; want %d, 1", name, r.Seq, r.Version, i+1)
		}
	}
	other := record("ec2.tag")
	other.Case = "c-2"
	if r, err := s.SaveRecord(t.Context(), other); err != nil || r.Seq != 1 {
		t.Errorf("first record of another case: Seq %d, %v", r.Seq, err)
	}

	r, ok, err := s.Record(t.Context(), "c-1", "ec2.isolate-network")
	if err != nil || !ok {
		t.Fatalf("Record: ok %v, %v", ok, err)
	}
	r.Status, r.After = action.Done, json.RawMessage(`{"groups":["sg-2"]}`)
	r.Acted, r.Ended, r.Released = epoch.Add(1), epoch.Add(2), epoch.Add(3)
	r.Error, r.Reason, r.Attempts = "an error", "a reason", 2
	saved, err := s.SaveRecord(t.Context(), r)
	must(t, err)
	r.Version = 2
	same(t, "returned record", saved, r)
	read, _, err := s.Record(t.Context(), "c-1", "ec2.isolate-network")
	must(t, err)
	same(t, "read record", read, r)

	records, err := s.Records(t.Context(), "c-1")
	must(t, err)
	var order []string
	for _, r := range records {
		order = append(order, r.Action)
	}
	same(t, "order", order, []string{"ec2.isolate-network", "ec2.detach-asg", "ec2.tag"})
	same(t, "listed record", records[0], r)

	skipped, err := s.SaveRecord(t.Context(), action.Record{Case: "c-1", Action: "ec2.screenshot", Status: action.Skipped, Request: json.RawMessage(`{}`)})
	must(t, err)
	read, _, err = s.Record(t.Context(), "c-1", "ec2.screenshot")
	must(t, err)
	same(t, "record without states", read, skipped)
	if read.Open() {
		t.Error("a record without a prior state is open")
	}
}

func recordsStale(t *testing.T, s casefile.Store) {
	opened(t, s, "c-1", "i-1")
	first, err := s.SaveRecord(t.Context(), record("ec2.tag"))
	must(t, err)
	second, err := s.SaveRecord(t.Context(), first)
	must(t, err)
	for _, version := range []int{0, 1, 3, -1} {
		stale := first
		stale.Version, stale.Reason = version, "lost"
		if _, err := s.SaveRecord(t.Context(), stale); !errors.Is(err, action.ErrStale) {
			t.Errorf("version %d on top of 2: %v, want ErrStale", version, err)
		}
	}
	missing := record("ec2.none")
	missing.Version = 1
	if _, err := s.SaveRecord(t.Context(), missing); !errors.Is(err, action.ErrStale) {
		t.Errorf("version 1 on top of none: %v, want ErrStale", err)
	}
	read, _, err := s.Record(t.Context(), "c-1", "ec2.tag")
	must(t, err)
	same(t, "record", read, second)
}

func recordsConcurrent(t *testing.T, s casefile.Store) {
	opened(t, s, "c-1", "i-1")
	var group sync.WaitGroup
	var saved, stale atomic.Int32
	for i := range 16 {
		group.Go(func() {
			r := record("ec2.isolate-network")
			r.Prior = json.RawMessage(fmt.Sprintf(`{"by":%d}`, i))
			switch _, err := s.SaveRecord(t.Context(), r); {
			case err == nil:
				saved.Add(1)
			case errors.Is(err, action.ErrStale):
				stale.Add(1)
			default:
				t.Error(err)
			}
			if _, err := s.SaveRecord(t.Context(), record(fmt.Sprintf("ec2.other-%d", i))); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if saved.Load() != 1 || stale.Load() != 15 {
		t.Errorf("%d saved, %d stale; want 1 and 15", saved.Load(), stale.Load())
	}
	records, err := s.Records(t.Context(), "c-1")
	must(t, err)
	for i, r := range records {
		if r.Seq != i+1 {
			t.Errorf("record %d has Seq %d", i+1, r.Seq)
		}
	}
	if len(records) != 17 {
		t.Errorf("%d records, want 17", len(records))
	}
}

func recordsLarge(t *testing.T, s casefile.Store) {
	opened(t, s, "c-1", "i-1")
	r := record("ec2.isolate-network")
	r.Request = json.RawMessage(" { \"html\" : \"<a&b>\" ,\n \"n\": 1.0 } ")
	r.Prior = append(append(json.RawMessage(`"`), bytes.Repeat([]byte("é<x>"), 20_000)...), '"') // 100 kB
	r.After = json.RawMessage(`null`)
	saved, err := s.SaveRecord(t.Context(), r)
	must(t, err)
	read, _, err := s.Record(t.Context(), "c-1", r.Action)
	must(t, err)
	same(t, "record", read, saved)
	if !bytes.Equal(read.Prior, r.Prior) || !bytes.Equal(read.Request, r.Request) || !bytes.Equal(read.After, r.After) {
		t.Error("a state is not kept byte for byte")
	}
}

func reopened(t *testing.T, s casefile.Store, reopen Reopen) {
	opened(t, s, "c-1", "i-1")
	_, err := s.SaveRecord(t.Context(), record("ec2.tag"))
	must(t, err)
	setStatus(t, s, "c-1", casefile.Contained)
	must(t, s.Claim(t.Context(), "c-1", "me", epoch, time.Hour))
	ask(t, s, "c-1", 1)
	limits, pause := []casefile.Limit{limit("total", 2)}, casefile.Pause{By: "me", At: epoch}
	_, err = s.Admit(t.Context(), "c-1", limits, epoch)
	must(t, err)
	must(t, s.Pause(t.Context(), pause))
	before := kept(t, s, "c-1")
	s = reopen(t, s)
	same(t, "kept", kept(t, s, "c-1"), before)
	counted, err := s.Admitted(t.Context(), limits, epoch)
	must(t, err)
	same(t, "counted", counted, []int{1})
	if p, ok, err := s.Paused(t.Context()); p != pause || !ok || err != nil {
		t.Errorf("paused %+v, %v, %v", p, ok, err)
	}
	if _, created, err := s.OpenCase(t.Context(), opening("c-2", "i-1", "f-1", 1)); err != nil || created {
		t.Errorf("the target's case was forgotten: created %v, %v", created, err)
	}
}
