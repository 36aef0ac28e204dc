package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cordon/internal/casefile"
)

const replaceLease = "UPDATE cases SET lease_owner = ?, lease_until = ? WHERE id = ?"

// Claim implements casefile.Store.
func (s *Store) Claim(ctx context.Context, id, owner string, now time.Time, ttl time.Duration) error {
	err := errors.New("no owner for the lease")
	if owner != "" {
		err = s.change(ctx, func(tx *writing) error {
			c, err := scanCase(tx.QueryRowContext(ctx, selectCase+"id = ?", id))
			if err != nil {
				return err
			}
			if c.Lease.Owner != owner && c.Lease.Holds(now) {
				return &casefile.HeldError{Lease: c.Lease}
			}
			_, err = tx.ExecContext(ctx, replaceLease, owner, now.Add(ttl).UnixNano(), id)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("claim case %s: %w", id, err)
	}
	return nil
}

// Yield implements casefile.Store.
func (s *Store) Yield(ctx context.Context, id, owner string) error {
	err := s.change(ctx, func(tx *writing) error {
		c, err := scanCase(tx.QueryRowContext(ctx, selectCase+"id = ?", id))
		if err != nil || c.Lease.Owner != owner {
			return err
		}
		_, err = tx.ExecContext(ctx, replaceLease, "", 0, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("yield case %s: %w", id, err)
	}
	return nil
}
