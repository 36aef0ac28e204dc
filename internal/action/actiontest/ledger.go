package actiontest

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"cordon/internal/action"
)

// Ledger is an action.Ledger in memory. Its zero value is ready; it is safe for concurrent use.
type Ledger struct {
	// Refuse, when set, is asked before every save; its error is what the save then gives.
	Refuse func(action.Record) error

	mu      sync.Mutex
	records map[[2]string]action.Record // by case and action
	saves   []action.Record
}

// Record gives the record of an action in a case.
func (l *Ledger) Record(ctx context.Context, caseID, id string) (action.Record, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r, ok := l.records[[2]string{caseID, id}]
	return r, ok, ctx.Err()
}

// Records gives a case's records by Seq.
func (l *Ledger) Records(ctx context.Context, caseID string) ([]action.Record, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []action.Record
	for key, r := range l.records {
		if key[0] == caseID {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b action.Record) int { return cmp.Compare(a.Seq, b.Seq) })
	return out, ctx.Err()
}

// SaveRecord stores r; action.ErrStale where r is not the version that is stored.
func (l *Ledger) SaveRecord(ctx context.Context, r action.Record) (action.Record, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return r, err
	}
	if l.Refuse != nil {
		if err := l.Refuse(r); err != nil {
			return r, err
		}
	}
	key := [2]string{r.Case, r.Action}
	if l.records[key].Version != r.Version {
		return r, action.ErrStale
	}
	if r.Version == 0 {
		r.Seq = len(l.records) + 1
	}
	r.Version++
	if l.records == nil {
		l.records = map[[2]string]action.Record{}
	}
	l.records[key] = r
	l.saves = append(l.saves, r)
	return r, nil
}

// Saves gives every record as it was saved, in order.
func (l *Ledger) Saves() []action.Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.saves)
}
