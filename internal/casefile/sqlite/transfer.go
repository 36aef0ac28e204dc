package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"cordon/internal/action"
	"cordon/internal/casefile"
)

// Export implements casefile.Store: all snapshots are of one moment, also while other processes write.
func (s *Store) Export(ctx context.Context, ids []string, f func(casefile.Snapshot) error) error {
	tx, err := s.read.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("export cases: %w", explain(ctx, s.path, err))
	}
	defer func() { _ = tx.Rollback() }() // it has written nothing
	if ids == nil {
		err := retry(ctx, func() (err error) { // the first read may find the file busy
			ids, err = list(ctx, tx, scanID, "SELECT id FROM cases ORDER BY opened, rowid")
			return err
		})
		if err != nil {
			return fmt.Errorf("export cases: %w", explain(ctx, s.path, err))
		}
	}
	for _, id := range ids {
		snapshot, err := snapshotOf(ctx, tx, id)
		if err != nil {
			return fmt.Errorf("export case %s: %w", id, explain(ctx, s.path, err))
		}
		if err := f(snapshot); err != nil {
			return err
		}
	}
	return nil
}

func scanID(row scanner) (id string, err error) { return id, row.Scan(&id) }

// reader is what a transaction reads with.
type reader interface {
	querier
	lister
}

// snapshotOf reads a case whole; casefile.ErrNotFound.
func snapshotOf(ctx context.Context, tx reader, id string) (out casefile.Snapshot, err error) {
	if out.Case, err = scanCase(tx.QueryRowContext(ctx, selectCase+"id = ?", id)); err != nil {
		return out, err
	}
	if out.Records, err = list(ctx, tx, scanRecord, selectRecord+" ORDER BY seq", id); err != nil {
		return out, err
	}
	if out.Journal, err = list(ctx, tx, scanEntry, "SELECT body FROM journal WHERE case_id = ? ORDER BY seq", id); err != nil {
		return out, err
	}
	out.Documents = map[string]json.RawMessage{}
	if _, err = list(ctx, tx, func(row scanner) (struct{}, error) {
		var finding string
		var raw []byte
		err := row.Scan(&finding, &raw)
		out.Documents[finding] = raw
		return struct{}{}, err
	}, "SELECT finding, raw FROM documents WHERE case_id = ?", id); err != nil {
		return out, err
	}
	suppressions, err := list(ctx, tx, scanSuppression,
		"SELECT body FROM suppressions WHERE account = ? AND region = ? AND kind = ? AND target = ?", columns(out.Case.Target)...)
	if err != nil {
		return out, err
	}
	for _, p := range suppressions {
		if p.Case == id {
			out.Suppressions = append(out.Suppressions, p)
		}
	}
	out.Counted, err = list(ctx, tx, func(row scanner) (c casefile.Counted, err error) {
		var scope []byte
		var at, until int64
		err = row.Scan(&scope, &at, &until)
		return casefile.Counted{Scope: string(scope), At: time.Unix(0, at).UTC(), Until: time.Unix(0, until).UTC()}, err
	}, "SELECT scope, at, until FROM admissions WHERE case_id = ?", id)
	return out, err
}

func scanSuppression(row scanner) (p casefile.Suppression, err error) {
	var body []byte
	if err := row.Scan(&body); err != nil {
		return p, err
	}
	return p, decode("suppression", body, &p)
}

// Import implements casefile.Store.
func (s *Store) Import(ctx context.Context, snapshot casefile.Snapshot) (written bool, err error) {
	if err = snapshot.Check(); err == nil {
		err = s.change(ctx, func(tx *writing) (err error) {
			written, err = importCase(ctx, tx, snapshot, time.Now())
			return err
		})
	}
	if err != nil {
		return false, fmt.Errorf("import case %s: %w", snapshot.Case.ID, err)
	}
	return written, nil
}

func importCase(ctx context.Context, tx *writing, s casefile.Snapshot, now time.Time) (written bool, err error) {
	there, err := snapshotOf(ctx, tx, s.Case.ID)
	if err == nil {
		return false, s.Differs(there)
	}
	if !errors.Is(err, casefile.ErrNotFound) {
		return false, err
	}
	if s.Case.Status != casefile.Released {
		open, err := scanCase(tx.QueryRowContext(ctx, selectOpen, columns(s.Case.Target)...))
		if err == nil {
			return false, &casefile.TakenError{Case: s.Case.ID, Open: open.ID}
		}
		if !errors.Is(err, casefile.ErrNotFound) {
			return false, err
		}
	}
	free := s.Case
	free.Lease = casefile.Lease{}
	if err := insertCase(ctx, tx, free); err != nil {
		return false, err
	}
	if err := journal(ctx, tx, s.Case.ID, s.Journal); err != nil {
		return false, err
	}
	for _, r := range s.Records {
		if err := putRecord(ctx, tx, r); err != nil {
			return false, err
		}
	}
	for id, raw := range s.Documents {
		if _, err := tx.ExecContext(ctx, "INSERT INTO documents (case_id, finding, raw) VALUES (?, ?, ?)", s.Case.ID, id, []byte(raw)); err != nil {
			return false, err
		}
	}
	for _, p := range s.Suppressions {
		if err := putSuppression(ctx, tx, "IGNORE", p); err != nil {
			return false, err
		}
	}
	for _, c := range s.Counted {
		if !c.Until.After(now) {
			continue
		}
		if _, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO admissions (scope, case_id, at, until) VALUES (?, ?, ?, ?)",
			[]byte(c.Scope), s.Case.ID, c.At.UnixNano(), c.Until.UnixNano()); err != nil {
			return false, err
		}
	}
	return true, nil
}

const replaceRecord = `INSERT OR REPLACE INTO records (case_id, action, seq, version, status, request, prior, after, body)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`

// putRecord stores a record with its number and version, in the place of one of the same action.
func putRecord(ctx context.Context, tx *writing, r action.Record) error {
	body := r
	body.Request, body.Prior, body.After = nil, nil, nil
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, replaceRecord,
		r.Case, r.Action, r.Seq, r.Version, string(r.Status), blob(r.Request), blob(r.Prior), blob(r.After), string(text))
	return err
}

// putSuppression stores a suppression; otherwise says what becomes of one that is there: "REPLACE" it, or "IGNORE" the new one.
func putSuppression(ctx context.Context, tx *writing, otherwise string, p casefile.Suppression) error {
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT OR "+otherwise+` INTO suppressions (account, region, kind, target, finding, until, body)
		VALUES (?, ?, ?, ?, ?, ?, ?)`, append(columns(p.Target), p.Finding, p.Until.UnixNano(), string(body))...)
	return err
}

// ImportPauses implements casefile.Store.
func (s *Store) ImportPauses(ctx context.Context, entries []casefile.Entry) (written bool, err error) {
	err = s.change(ctx, func(tx *writing) error {
		had, err := list(ctx, tx, scanEntry, "SELECT body FROM pauses ORDER BY seq")
		if err != nil {
			return err
		}
		more, left, err := casefile.PausesAfter(had, entries)
		if err != nil || len(more) == 0 {
			written = false
			return err
		}
		written = true
		for _, e := range more {
			if err := addPause(ctx, tx, e); err != nil {
				return err
			}
		}
		return setPause(ctx, tx, left)
	})
	if err != nil {
		return false, fmt.Errorf("import pauses: %w", err)
	}
	return written, nil
}

// setPause puts a pause in force; nil ends it.
func setPause(ctx context.Context, tx *writing, p *casefile.Pause) error {
	if p == nil {
		_, err := tx.ExecContext(ctx, "DELETE FROM pause")
		return err
	}
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT OR REPLACE INTO pause (id, body) VALUES (1, ?)", string(body))
	return err
}
