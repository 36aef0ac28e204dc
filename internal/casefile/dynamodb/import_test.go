package dynamodb_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/casefile/dynamodb"
)

func exported(t *testing.T, s *dynamodb.Store) (one casefile.Snapshot) {
	t.Helper()
	must(t, s.Export(t.Context(), []string{"c-1"}, func(s casefile.Snapshot) error { one = s; return nil }))
	return one
}

// snapshots are of one case that grows, by the number of notes in its journal.
func snapshots(t *testing.T, notes ...int) (all []casefile.Snapshot) {
	s, _ := made(t, awssim.Options{})
	_, _, err := s.OpenCase(t.Context(), opening("c-1", "i-1"))
	must(t, err)
	had := 0
	for _, want := range notes {
		for had < want {
			more := make([]casefile.Entry, min(want-had, 50))
			for n := range more {
				more[n] = casefile.Entry{By: "tester", Event: "note", Text: fmt.Sprint(had + n)}
			}
			had += len(more)
			_, err := s.Update(t.Context(), "c-1", func(*casefile.Case) ([]casefile.Entry, error) { return more, nil })
			must(t, err)
		}
		all = append(all, exported(t, s))
	}
	return all
}

// TestImportsMeet: an import meets another one, of another snapshot, at each of its transactions. The other one's case, with which a
// run goes on at once, stays as it is.
func TestImportsMeet(t *testing.T) {
	for _, notes := range []int{10, 120, 300} {
		for at := 1; at <= 5; at++ {
			t.Run(fmt.Sprintf("%d notes at %d", notes, at), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { importsMeet(t, notes, at) })
			})
		}
	}
}

func importsMeet(t *testing.T, notes, at int) {
	both := snapshots(t, min(notes, 210), max(notes, 210))
	ours, theirs := both[0], both[1]
	if notes < 210 {
		ours, theirs = theirs, ours
	}
	var meet func()
	calls := 0
	s, cfg := made(t, awssim.Options{Latency: func(c awssim.Call) time.Duration {
		if meet != nil && c.Operation == "TransactWriteItems" {
			if calls++; calls == at {
				f := meet
				meet = nil
				f()
			}
		}
		return 0
	}})
	var live casefile.Snapshot
	meet = func() {
		other := open(t, cfg, table)
		if written, err := other.Import(t.Context(), theirs); err != nil || !written {
			t.Errorf("the other import: written %v, %v", written, err)
		}
		_, err := update(t.Context(), other, "c-1", casefile.Contained)
		must(t, err)
		live = exported(t, other)
	}
	written, err := s.Import(t.Context(), ours)
	if calls < at {
		t.Fatalf("the import made %d transactions", calls)
	}
	var differs *casefile.DiffersError
	if written || !errors.As(err, &differs) {
		t.Errorf("written %v, %v; want a DiffersError", written, err)
	}
	if now := exported(t, s); !now.Same(live) || len(now.Journal) != len(theirs.Journal)+1 {
		t.Errorf("the case has %d entries and status %s, want %d and %s", len(now.Journal), now.Case.Status, len(live.Journal), live.Case.Status)
	}
}

// TestImportAfterDeath: what an import that died has left is nothing of the next one's, which waits for the other's claim.
func TestImportAfterDeath(t *testing.T) {
	for _, notes := range []int{10, 120} {
		t.Run(fmt.Sprint(notes), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { importAfterDeath(t, notes) })
		})
	}
}

func importAfterDeath(t *testing.T, notes int) {
	both := snapshots(t, notes, 300)
	calls := 0
	a := awssim.New(awssim.Options{Fault: func(c awssim.Call) awssim.Fault {
		if c.Operation == "TransactWriteItems" {
			if calls++; calls == 4 {
				return awssim.Fault{Before: errors.New("dead")}
			}
		}
		return awssim.Fault{}
	}})
	cfg := a.Config("us-east-1")
	makeTable(t, cfg, table)
	makeBucket(t, cfg)
	s := open(t, cfg, table)
	if _, err := s.Import(t.Context(), both[1]); err == nil || !strings.Contains(err.Error(), "dead") {
		t.Fatalf("the import that dies: %v", err)
	}
	if _, err := s.Case(t.Context(), "c-1"); !errors.Is(err, casefile.ErrNotFound) {
		t.Errorf("half of a case is there: %v", err)
	}
	if written, err := s.Import(t.Context(), both[0]); err != nil || !written {
		t.Errorf("the next import: written %v, %v", written, err)
	}
	if now := exported(t, s); !now.Same(both[0]) {
		t.Errorf("the case has %d entries, want %d", len(now.Journal), len(both[0].Journal))
	}
	if slices.ContainsFunc(items(t, a), func(i map[string]string) bool { return i["sk"] == "IMPORT" }) {
		t.Error("the claim is there still")
	}
}
