package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"cordon/internal/casefile"
	"cordon/internal/finding"
)

const (
	selectCase = "SELECT body, lease_owner, lease_until, task_token FROM cases WHERE "
	selectOpen = selectCase + "account = ? AND region = ? AND kind = ? AND target = ? AND status <> 'released'"

	replaceCase = "UPDATE cases SET status = ?, opened = ?, body = ?, task_token = ? WHERE id = ?"
)

// OpenCase implements casefile.Store. A finding that is known costs one query and no write.
func (s *Store) OpenCase(ctx context.Context, o casefile.Opening) (c casefile.Case, created bool, err error) {
	if err = errors.Join(o.Check(), s.there()); err == nil {
		err = o.Ask(ctx)
	}
	if err != nil {
		return casefile.Case{}, false, fmt.Errorf("open case of %s: %w", o.Target, err)
	}
	err = s.query(ctx, func() (err error) {
		c, err = scanCase(s.known.QueryRowContext(ctx, columns(o.Target)...))
		return err
	})
	switch {
	case err == nil && c.Knows(o.Finding):
		return c, false, nil
	case err == nil, errors.Is(err, casefile.ErrNotFound):
		err = s.change(ctx, func(tx *writing) (err error) {
			c, created, err = openCase(ctx, tx, o)
			return err
		})
	}
	if err != nil {
		return casefile.Case{}, false, fmt.Errorf("open case of %s: %w", o.Target, err)
	}
	return c, created, nil
}

func openCase(ctx context.Context, tx *writing, o casefile.Opening) (c casefile.Case, created bool, err error) {
	var entries []casefile.Entry
	switch c, err = scanCase(tx.QueryRowContext(ctx, selectOpen, columns(o.Target)...)); {
	case errors.Is(err, casefile.ErrNotFound):
		created = true
		c, entries = o.Case()
		err = insertCase(ctx, tx, c)
	case err == nil:
		changed, entry, ok := c.Admit(o)
		if !ok {
			return c, false, nil
		}
		c, entries = changed, []casefile.Entry{entry}
		err = updateCase(ctx, tx, c)
	}
	if err == nil && len(o.Raw) > 0 {
		_, err = tx.ExecContext(ctx, `INSERT INTO documents (case_id, finding, raw) VALUES (?, ?, ?)
			ON CONFLICT (case_id, finding) DO UPDATE SET raw = excluded.raw`, c.ID, o.Finding.ID, []byte(o.Raw))
	}
	if err == nil {
		err = journal(ctx, tx, c.ID, entries)
	}
	return c, created, err
}

// Case implements casefile.Store.
func (s *Store) Case(ctx context.Context, id string) (c casefile.Case, err error) {
	err = s.query(ctx, func() (err error) {
		c, err = scanCase(s.byID.QueryRowContext(ctx, id))
		return err
	})
	if err != nil {
		return casefile.Case{}, fmt.Errorf("read case %s: %w", id, err)
	}
	return c, nil
}

// Cases implements casefile.Store.
func (s *Store) Cases(ctx context.Context, f casefile.Filter) (cases []casefile.Case, err error) {
	where, args := "true", []any(nil)
	if len(f.Statuses) > 0 {
		where += " AND status IN (?" + strings.Repeat(", ?", len(f.Statuses)-1) + ")"
		for _, status := range f.Statuses {
			args = append(args, string(status))
		}
	}
	if f.Target != nil {
		where += " AND account = ? AND region = ? AND kind = ? AND target = ?"
		args = append(args, columns(*f.Target)...)
	}
	limit := -1 // none
	if f.Limit > 0 {
		limit = f.Limit
	}
	args = append(args, limit)
	err = s.query(ctx, func() (err error) {
		cases, err = list(ctx, s.read, scanCase, selectCase+where+" ORDER BY opened DESC, rowid DESC LIMIT ?", args...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list cases: %w", err)
	}
	return cases, nil
}

// Update implements casefile.Store. f runs inside the transaction: it must not use the store.
func (s *Store) Update(ctx context.Context, id string, f func(*casefile.Case) ([]casefile.Entry, error)) (c casefile.Case, err error) {
	err = s.change(ctx, func(tx *writing) error {
		was, err := scanCase(tx.QueryRowContext(ctx, selectCase+"id = ?", id))
		if err != nil {
			return err
		}
		var entries []casefile.Entry
		var changed bool
		if c, entries, changed, err = was.Change(f, time.Now()); err != nil || !changed {
			return err
		}
		if err := updateCase(ctx, tx, c); err != nil {
			return err
		}
		return journal(ctx, tx, id, entries)
	})
	if err != nil {
		return casefile.Case{}, fmt.Errorf("update case %s: %w", id, err)
	}
	return c, nil
}

func insertCase(ctx context.Context, tx *writing, c casefile.Case) error {
	body, err := encodeCase(c)
	if err != nil {
		return err
	}
	until := int64(0)
	if c.Lease.Owner != "" {
		until = c.Lease.Until.UnixNano()
	}
	args := append([]any{c.ID, string(c.Status), c.Opened.UnixNano(), body, c.Lease.Owner, until}, columns(c.Target)...)
	_, err = tx.ExecContext(ctx, `INSERT INTO cases (id, status, opened, body, lease_owner, lease_until, account, region, kind, target)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, args...)
	return err
}

func updateCase(ctx context.Context, tx *writing, c casefile.Case) error {
	body, err := encodeCase(c)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, replaceCase,
		string(c.Status), c.Opened.UnixNano(), body, c.TaskToken(), c.ID)
	return err
}

// encodeCase is the case's body: without the lease and the approval's token, which have columns of their own.
func encodeCase(c casefile.Case) (string, error) {
	c.Lease = casefile.Lease{}
	body, err := json.Marshal(c)
	return string(body), err
}

// scanCase reads a row of selectCase; casefile.ErrNotFound where there is none.
func scanCase(row scanner) (c casefile.Case, err error) {
	var body []byte
	var until int64
	var owner, token string
	switch err := row.Scan(&body, &owner, &until, &token); {
	case errors.Is(err, sql.ErrNoRows):
		return c, casefile.ErrNotFound
	case err != nil:
		return c, err
	}
	if c, err = casefile.DecodeCase(body); err != nil {
		return c, &spoiltError{"case", err}
	}
	if owner != "" {
		c.Lease = casefile.Lease{Owner: owner, Until: time.Unix(0, until).UTC()}
	}
	c.SetTaskToken(token)
	return c, nil
}

// columns are the target's columns, in the order account, region, kind, target.
func columns(t finding.Target) []any {
	return []any{t.Account, t.Region, string(t.Kind), t.ID}
}
