package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"cordon/internal/casefile"
	"cordon/internal/finding"
)

// Suppress implements casefile.Store.
func (s *Store) Suppress(ctx context.Context, p casefile.Suppression) error {
	err := s.change(ctx, func(tx *writing) error { return putSuppression(ctx, tx, "REPLACE", p) })
	if err != nil {
		return fmt.Errorf("suppress finding %s on %s: %w", p.Finding, p.Target, err)
	}
	return nil
}

const selectSuppressed = `SELECT body FROM suppressions WHERE account = ? AND region = ? AND kind = ? AND target = ?
	AND finding = ? AND until > ?`

// Suppressed implements casefile.Store.
func (s *Store) Suppressed(ctx context.Context, t finding.Target, findingID string, now time.Time) (p casefile.Suppression, ok bool, err error) {
	var body string
	err = s.query(ctx, func() error {
		err := s.suppressed.QueryRowContext(ctx, append(columns(t), findingID, now.UnixNano())...).Scan(&body)
		if err != nil {
			return err
		}
		return decode("suppression", []byte(body), &p)
	})
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return casefile.Suppression{}, false, nil
	case err != nil:
		return casefile.Suppression{}, false, fmt.Errorf("read suppressions of %s: %w", t, err)
	}
	return p, true, nil
}
