package engine

import (
	"context"
	"maps"
	"sync"

	"cordon/internal/action"
)

// ledger is the store's, for the steps of one run: what the run has read under its lease, or saved itself, is not read
// again. A lease that was lost is found by the version, which every save holds against the store's.
type ledger struct {
	action.Ledger

	mu    sync.Mutex
	known map[string]action.Record
	all   bool // the case has no other records of steps
}

// knows tells the ledger all records of the case, by action; nil tells it nothing.
func (l *ledger) knows(records map[string]action.Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known, l.all = maps.Clone(records), records != nil
}

// Record implements action.Ledger.
func (l *ledger) Record(ctx context.Context, caseID, name string) (action.Record, bool, error) {
	l.mu.Lock()
	r, ok := l.known[name]
	all := l.all
	l.mu.Unlock()
	if ok || all {
		return r, ok, nil
	}
	return l.Ledger.Record(ctx, caseID, name)
}

// SaveRecord implements action.Ledger.
func (l *ledger) SaveRecord(ctx context.Context, r action.Record) (action.Record, error) {
	saved, err := l.Ledger.SaveRecord(ctx, r)
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err != nil: // it may have been saved all the same
		delete(l.known, r.Action)
		l.all = false
	case l.all:
		l.known[r.Action] = saved
	}
	return saved, err
}
