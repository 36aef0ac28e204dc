package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"cordon/internal/casefile"
)

// Pause implements casefile.Store.
func (s *Store) Pause(ctx context.Context, p casefile.Pause) error {
	p, entry, err := p.Kept()
	if err == nil {
		err = s.change(ctx, func(tx *writing) error {
			if err := setPause(ctx, tx, &p); err != nil {
				return err
			}
			return addPause(ctx, tx, entry)
		})
	}
	if err != nil {
		return fmt.Errorf("store pause: %w", err)
	}
	return nil
}

// Resume implements casefile.Store.
func (s *Store) Resume(ctx context.Context, by string, now time.Time) error {
	entry, err := casefile.Resumption(by, now)
	if err == nil {
		err = s.change(ctx, func(tx *writing) error {
			done, err := tx.ExecContext(ctx, "DELETE FROM pause")
			if err != nil {
				return err
			}
			if n, err := done.RowsAffected(); err != nil || n == 0 {
				return err
			}
			return addPause(ctx, tx, entry)
		})
	}
	if err != nil {
		return fmt.Errorf("end pause: %w", err)
	}
	return nil
}

// addPause adds an entry to the pauses' journal.
func addPause(ctx context.Context, tx *writing, e casefile.Entry) error {
	if err := tx.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) + 1 FROM pauses").Scan(&e.Seq); err != nil {
		return err
	}
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO pauses (seq, body) VALUES (?, ?)", e.Seq, string(body))
	return err
}

// Paused implements casefile.Store.
func (s *Store) Paused(ctx context.Context) (p casefile.Pause, ok bool, err error) {
	var body []byte
	err = s.query(ctx, func() error {
		if err := s.read.QueryRowContext(ctx, "SELECT body FROM pause").Scan(&body); err != nil {
			return err
		}
		return decode("pause", body, &p)
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return casefile.Pause{}, false, nil
	case err != nil:
		return casefile.Pause{}, false, fmt.Errorf("read pause: %w", err)
	}
	return p, true, nil
}

// Pauses implements casefile.Store.
func (s *Store) Pauses(ctx context.Context) (entries []casefile.Entry, err error) {
	err = s.query(ctx, func() (err error) {
		entries, err = list(ctx, s.read, scanEntry, "SELECT body FROM pauses ORDER BY seq")
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read pauses: %w", err)
	}
	return entries, nil
}
