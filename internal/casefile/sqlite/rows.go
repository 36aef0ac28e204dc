package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"cordon/internal/casefile"
)

// scanner is a row: *sql.Row or *sql.Rows.
type scanner interface{ Scan(into ...any) error }

// lister is what *sql.DB and *sql.Tx have in common to read rows.
type lister interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// list gives all rows of a query.
func list[T any](ctx context.Context, db lister, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := []T{}
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

const (
	lastEntry   = "SELECT coalesce(max(seq), 0) FROM journal WHERE case_id = ?"
	insertEntry = "INSERT INTO journal (case_id, seq, body) VALUES (?, ?, ?)"
)

// journal adds entries to the case's journal.
func journal(ctx context.Context, tx *writing, id string, entries []casefile.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	var last int
	if err := tx.QueryRowContext(ctx, lastEntry, id).Scan(&last); err != nil {
		return err
	}
	for i, e := range entries {
		e.Seq = last + 1 + i
		body, err := json.Marshal(e)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, insertEntry, id, e.Seq, string(body)); err != nil {
			return err
		}
	}
	return nil
}

// Journal implements casefile.Store.
func (s *Store) Journal(ctx context.Context, id string) (entries []casefile.Entry, err error) {
	err = s.query(ctx, func() (err error) {
		entries, err = list(ctx, s.read, scanEntry, "SELECT body FROM journal WHERE case_id = ? ORDER BY seq", id)
		return err
	})
	if err == nil && len(entries) == 0 { // a case has at least the entry of its opening
		err = casefile.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read journal of case %s: %w", id, err)
	}
	return entries, nil
}

func scanEntry(row scanner) (e casefile.Entry, err error) {
	var body []byte
	if err := row.Scan(&body); err != nil {
		return e, err
	}
	return e, decode("journal entry", body, &e)
}

// Documents implements casefile.Store.
func (s *Store) Documents(ctx context.Context, id string) (map[string]json.RawMessage, error) {
	if _, err := s.Case(ctx, id); err != nil {
		return nil, err
	}
	type document struct {
		finding string
		raw     []byte
	}
	var rows []document
	err := s.query(ctx, func() (err error) {
		rows, err = list(ctx, s.read, func(row scanner) (d document, err error) {
			return d, row.Scan(&d.finding, &d.raw)
		}, "SELECT finding, raw FROM documents WHERE case_id = ?", id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read findings of case %s: %w", id, err)
	}
	documents := make(map[string]json.RawMessage, len(rows))
	for _, d := range rows {
		documents[d.finding] = d.raw
	}
	return documents, nil
}
