package sqlite

import (
	"context"
	"database/sql"
)

// hot are the statements of the writes that every step of a response makes. They are compiled once.
func hot() []string {
	return []string{
		nextRecord, replaceRecord, selectCase + "id = ?", replaceCase, lastEntry, insertEntry, replaceLease,
	}
}

// writing is a write transaction, which knows the hot statements.
type writing struct {
	*sql.Tx
	hot map[string]*sql.Stmt
}

// QueryRowContext is that of the transaction.
func (w *writing) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if s, ok := w.hot[query]; ok {
		return w.StmtContext(ctx, s).QueryRowContext(ctx, args...)
	}
	return w.Tx.QueryRowContext(ctx, query, args...)
}

// ExecContext is that of the transaction.
func (w *writing) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if s, ok := w.hot[query]; ok {
		return w.StmtContext(ctx, s).ExecContext(ctx, args...)
	}
	return w.Tx.ExecContext(ctx, query, args...)
}
