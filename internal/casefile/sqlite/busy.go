package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// attempts bounds retry: with busyTimeout, half a minute.
const attempts = 15

// retry calls f again while the file is busy. SQLite waits by itself for most locks (busyTimeout), but not for all.
func retry(ctx context.Context, f func() error) error {
	for n := 1; ; n++ {
		err := f()
		if !busy(err) || n == attempts {
			return err
		}
		wait := time.NewTimer(time.Duration(n) * 10 * time.Millisecond)
		select {
		case <-ctx.Done():
			wait.Stop()
			return ctx.Err()
		case <-wait.C:
		}
	}
}

// change runs f in a transaction that no other writer overlaps, again where the file was busy. f must use only tx.
func (s *Store) change(ctx context.Context, f func(tx *sql.Tx) error) error {
	err := retry(ctx, func() error {
		tx, err := s.write.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }() // no effect after Commit
		if err := f(tx); err != nil {
			return err
		}
		return tx.Commit()
	})
	return explain(ctx, err)
}

// query runs f, which reads with s.read, again where the file was busy.
func (s *Store) query(ctx context.Context, f func() error) error {
	return explain(ctx, retry(ctx, f))
}

// code is SQLite's primary result code in err, 0 if there is none. https://sqlite.org/rescode.html
func code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

func busy(err error) bool {
	c := code(err)
	return c == sqlite3.SQLITE_BUSY || c == sqlite3.SQLITE_LOCKED
}

// explain adds what the user can do to an error of SQLite's. An interrupted call becomes its context's error.
func explain(ctx context.Context, err error) error {
	hint := ""
	switch code(err) {
	case 0:
		return err
	case sqlite3.SQLITE_INTERRUPT:
		if ctx.Err() != nil {
			return ctx.Err()
		}
	case sqlite3.SQLITE_NOTADB:
		hint = "it is no SQLite database; name another file, or put back a copy"
	case sqlite3.SQLITE_CORRUPT:
		hint = "the file is damaged; put back a copy, or save what is left with `sqlite3 FILE .recover`"
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		hint = "another process holds it; try again"
	case sqlite3.SQLITE_FULL:
		hint = "the disk is full; make room and run the command again"
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN:
		hint = "let this user write the file and its directory, or name another file"
	case sqlite3.SQLITE_IOERR:
		hint = "is the disk full, broken, or a network share? The store needs a local disk"
	}
	if hint == "" {
		return err
	}
	return fmt.Errorf("%w (%s)", err, hint)
}

// hinted adds what the user can do to an error of the file system's.
func hinted(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w (let this user write there, or name another file)", err)
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EEXIST):
		return fmt.Errorf("%w (a part of the path is a file; name another path)", err)
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%w (make room and run the command again)", err)
	}
	return err
}
