package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"cordon/internal/action"
	"cordon/internal/casefile"
)

const selectRecord = "SELECT body, seq, version, request, prior, after FROM records WHERE case_id = ?"

// Record implements action.Ledger.
func (s *Store) Record(ctx context.Context, caseID, name string) (r action.Record, ok bool, err error) {
	err = s.query(ctx, func() (err error) {
		r, err = scanRecord(s.read.QueryRowContext(ctx, selectRecord+" AND action = ?", caseID, name))
		return err
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return action.Record{}, false, nil
	case err != nil:
		return action.Record{}, false, fmt.Errorf("read record %s of case %s: %w", name, caseID, err)
	}
	return r, true, nil
}

// Records implements action.Ledger.
func (s *Store) Records(ctx context.Context, caseID string) (records []action.Record, err error) {
	err = s.query(ctx, func() (err error) {
		records, err = list(ctx, s.read, scanRecord, selectRecord+" ORDER BY seq", caseID)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read records of case %s: %w", caseID, err)
	}
	return records, nil
}

// Unsent implements casefile.Store.
func (s *Store) Unsent(ctx context.Context) (records []action.Record, err error) {
	err = s.query(ctx, func() (err error) {
		records, err = list(ctx, s.read, scanRecord, `SELECT body, seq, version, request, prior, after FROM records
			WHERE action GLOB 'notify.*' AND status IN ('doing', 'pending', 'failed') ORDER BY case_id, seq`)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read unsent notices: %w", err)
	}
	slices.SortStableFunc(records, func(a, b action.Record) int { return a.Started.Compare(b.Started) })
	return records, nil
}

// SaveRecord implements action.Ledger. casefile.ErrNotFound where there is no such case.
func (s *Store) SaveRecord(ctx context.Context, r action.Record) (action.Record, error) {
	err := s.change(ctx, func(tx *writing) (err error) {
		r.Seq, err = saveRecord(ctx, tx, r)
		return err
	})
	if err != nil {
		return action.Record{}, fmt.Errorf("save record %s of case %s: %w", r.Action, r.Case, err)
	}
	r.Version++
	return r, nil
}

// nextRecord says whether there is the case, and which version and number its record has, or would have.
const nextRecord = `SELECT (SELECT count(*) FROM cases WHERE id = ?1),
		coalesce((SELECT version FROM records WHERE case_id = ?1 AND action = ?2), 0),
		coalesce((SELECT seq FROM records WHERE case_id = ?1 AND action = ?2),
			(SELECT coalesce(max(seq), 0) + 1 FROM records WHERE case_id = ?1))`

// saveRecord stores r as the version after r.Version and gives its Seq.
func saveRecord(ctx context.Context, tx *writing, r action.Record) (seq int, err error) {
	var stored, found int
	row := tx.QueryRowContext(ctx, nextRecord, r.Case, r.Action)
	switch err := row.Scan(&found, &stored, &seq); {
	case err != nil:
		return 0, err
	case found == 0:
		return 0, casefile.ErrNotFound
	case stored != r.Version:
		return 0, action.ErrStale
	}
	r.Seq, r.Version = seq, r.Version+1
	return seq, putRecord(ctx, tx, r)
}

func scanRecord(row scanner) (r action.Record, err error) {
	var body, request, prior, after []byte
	var seq, version int
	if err := row.Scan(&body, &seq, &version, &request, &prior, &after); err != nil {
		return r, err
	}
	if r, err = casefile.DecodeRecord(body, request, prior, after); err != nil {
		return r, &spoiltError{"record", err}
	}
	r.Seq, r.Version = seq, version
	return r, nil
}

// blob is raw as a column's value: NULL for nothing.
func blob(raw json.RawMessage) any {
	if len(raw) == 0 {
		return nil
	}
	return []byte(raw)
}
