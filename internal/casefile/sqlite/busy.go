package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"cordon/internal/casefile"
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
func (s *Store) change(ctx context.Context, f func(tx *writing) error) error {
	err := retry(ctx, func() error {
		tx, err := s.write.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer func() { _ = tx.Rollback() }() // no effect after Commit
		if err := f(&writing{tx, s.hot}); err != nil {
			return err
		}
		return tx.Commit()
	})
	return explain(ctx, s.path, err)
}

// query runs f, which reads with s.read, again where the file was busy.
func (s *Store) query(ctx context.Context, f func() error) error {
	return explain(ctx, s.path, retry(ctx, f))
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

const restore = "move it away with its -wal and -shm; then put back a copy, or let cordon cases import make a new one from the last export"

// explain makes an error of SQLite's one that says which file and what the user can do. An interrupted call becomes its
// context's error.
func explain(ctx context.Context, path string, err error) error {
	var hint string
	var spoilt *spoiltError
	switch c := code(err); c {
	case 0:
		if !errors.As(err, &spoilt) {
			return err
		}
		hint = "the file is damaged: " + restore
	case sqlite3.SQLITE_INTERRUPT:
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	case sqlite3.SQLITE_NOTADB:
		hint = "it is no SQLite database, or its first page is damaged: name another file, or " + restore
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		hint = "another process holds it for long; see which (fuser " + path + "), and try again"
	case sqlite3.SQLITE_FULL:
		hint = "the disk is full; make room and run the command again"
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN:
		hint = "let this user write the file and its directory, or name another file"
	case sqlite3.SQLITE_IOERR:
		hint = "is the disk full, broken, or a network share? The store needs a local disk with room; then run the command again"
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_SCHEMA, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_CONSTRAINT:
		hint = "the file is damaged: " + restore // a table that is missing, a row that is there twice
	default:
		return err
	}
	var said *casefile.BrokenError
	if errors.As(err, &said) {
		return err
	}
	return &casefile.BrokenError{Store: path, Hint: hint, Err: err}
}

// spoiltError says that what a row holds is not what a store wrote.
type spoiltError struct {
	what string
	err  error
}

func (e *spoiltError) Error() string { return "decode " + e.what + ": " + e.err.Error() }
func (e *spoiltError) Unwrap() error { return e.err }

// decode reads the JSON of a row.
func decode(what string, raw []byte, v any) error {
	if err := json.Unmarshal(raw, v); err != nil {
		return &spoiltError{what, err}
	}
	return nil
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
