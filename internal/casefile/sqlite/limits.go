package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cordon/internal/casefile"
)

// Admit implements casefile.Store: it reads and counts in one transaction.
func (s *Store) Admit(ctx context.Context, caseID string, limits []casefile.Limit, now time.Time) (full *casefile.Limit, err error) {
	err = casefile.CheckLimits(limits)
	if err == nil && caseID == "" {
		err = errors.New("no id of a case")
	}
	if err == nil && len(limits) > 0 {
		err = s.change(ctx, func(tx *writing) error {
			tallies, err := tallies(ctx, tx, limits)
			if err != nil {
				return err
			}
			in, none := casefile.Admissions(tallies, caseID, limits, now)
			full = none
			return admit(ctx, tx, caseID, in, now)
		})
	}
	if err != nil {
		return nil, fmt.Errorf("count containment of case %s: %w", caseID, err)
	}
	return full, nil
}

func admit(ctx context.Context, tx *writing, caseID string, in []casefile.Admission, now time.Time) error {
	for _, a := range in {
		_, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO admissions (scope, case_id, at, until) VALUES (?, ?, ?, ?)",
			[]byte(a.Scope), caseID, now.UnixNano(), now.Add(a.Keep).UnixNano())
		if err != nil {
			return err
		}
	}
	if len(in) == 0 {
		return nil
	}
	_, err := tx.ExecContext(ctx, "DELETE FROM admissions WHERE until <= ?", now.UnixNano())
	return err
}

// Admitted implements casefile.Store.
func (s *Store) Admitted(ctx context.Context, limits []casefile.Limit, now time.Time) ([]int, error) {
	var of map[string]casefile.Tally
	err := casefile.CheckLimits(limits)
	if err == nil {
		err = s.query(ctx, func() (err error) {
			of, err = tallies(ctx, s.read, limits)
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("read containments: %w", err)
	}
	counts := make([]int, len(limits))
	for i, l := range limits {
		counts[i] = of[l.Scope].Within(l.Window, now)
	}
	return counts, nil
}

// tallies are those of the limits' scopes.
func tallies(ctx context.Context, q lister, limits []casefile.Limit) (map[string]casefile.Tally, error) {
	of := map[string]casefile.Tally{}
	for _, l := range limits {
		of[l.Scope] = casefile.Tally{}
		_, err := list(ctx, q, func(row scanner) (struct{}, error) {
			var id string
			var at int64
			err := row.Scan(&id, &at)
			of[l.Scope][id] = at
			return struct{}{}, err
		}, "SELECT case_id, at FROM admissions WHERE scope = ?", []byte(l.Scope))
		if err != nil {
			return nil, err
		}
	}
	return of, nil
}
