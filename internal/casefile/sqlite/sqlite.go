// Package sqlite keeps cases in one SQLite file, for Cordon on one machine. Any number of processes may have the
// file open. It must be on a local disk: the write-ahead log needs shared memory and honest locks.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"modernc.org/sqlite"

	"cordon/internal/casefile"
)

// busyTimeout is how long one attempt waits for another process's write; see retry.
const busyTimeout = 2 * time.Second

// readers is how many queries may run side by side, next to the one writer.
const readers = 4

// Store is a casefile.Store in a file. Make it with Open.
type Store struct {
	path  string      // as it was given
	at    string      // absolute
	write *sql.DB     // one connection; its transactions begin immediate
	read  *sql.DB     // cannot write
	file  os.FileInfo // what is open

	known, suppressed *sql.Stmt            // what every delivery asks
	byID              *sql.Stmt            // what every step asks
	hot               map[string]*sql.Stmt // of write, by what they say
}

var _ casefile.Store = (*Store)(nil)

// Open opens the store in the file at path, which is made (0600, its directory 0700) if it is not there, and
// brings an older store up to date. The caller closes it.
func Open(ctx context.Context, path string) (*Store, error) {
	s, err := open(ctx, path)
	var broken *casefile.BrokenError
	switch {
	case errors.As(err, &broken): // it says which
		return nil, fmt.Errorf("open %w", broken)
	case err != nil:
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	return s, nil
}

func open(ctx context.Context, path string) (*Store, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := makeFile(abs); err != nil {
		return nil, err
	}
	file, err := os.Stat(abs)
	if err != nil {
		return nil, err
	}
	s := &Store{path: path, at: abs, file: file}
	if s.write, err = pool(abs, 1, "_journal_mode=WAL", "_synchronous=FULL", "_txlock=immediate"); err != nil {
		return nil, err
	}
	err = retry(ctx, func() error { return migrate(ctx, s.write, schema) })
	if err == nil {
		s.read, err = pool(abs, readers, "_query_only=1")
	}
	for query, into := range map[string]**sql.Stmt{selectOpen: &s.known, selectSuppressed: &s.suppressed, selectCase + "id = ?": &s.byID} {
		if err == nil {
			err = retry(ctx, func() (err error) { *into, err = s.read.PrepareContext(ctx, query); return err })
		}
	}
	s.hot = map[string]*sql.Stmt{}
	for _, query := range hot() {
		if err == nil {
			err = retry(ctx, func() (err error) { s.hot[query], err = s.write.PrepareContext(ctx, query); return err })
		}
	}
	if err != nil {
		return nil, errors.Join(explain(ctx, path, err), s.Close())
	}
	return s, nil
}

// pool opens n connections to the file. The path is escaped: it may hold any character but NUL.
func pool(path string, n int, options ...string) (*sql.DB, error) {
	query := "_busy_timeout=" + strconv.FormatInt(busyTimeout.Milliseconds(), 10) + "&_foreign_keys=1&_dqs=0"
	for _, o := range options {
		query += "&" + o
	}
	name := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: query}
	connector, err := sqlite.NewConnector(name.String())
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(n)
	db.SetMaxIdleConns(n)
	return db, nil
}

// makeFile makes the file and its directory where they are not there. It never opens a file that is in use: closing
// it would drop the locks that SQLite holds on it in this process. So a new file appears under its name closed.
func makeFile(path string) error {
	switch info, err := os.Stat(path); {
	case err == nil && info.IsDir():
		return errors.New("it is a directory (name a file in it, such as " + filepath.Join(path, "cordon.db") + ")")
	case err == nil && !info.Mode().IsRegular():
		return errors.New("it is no regular file (name another file)")
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return hinted(err)
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return hinted(err)
	}
	f, err := os.CreateTemp(dir, ".cordon-*.new") // 0600
	if err != nil {
		return hinted(err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	if err := f.Close(); err != nil {
		return hinted(err)
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return hinted(err)
	}
	return nil
}

// Check proves that the store can be written: it writes the schema's version again, to the disk.
func (s *Store) Check(ctx context.Context) error {
	if err := s.there(); err != nil {
		return fmt.Errorf("write store %s: %w", s.path, err)
	}
	err := s.change(ctx, func(tx *writing) error {
		_, err := tx.ExecContext(ctx, "PRAGMA user_version = "+strconv.Itoa(len(schema)))
		return err
	})
	if err != nil {
		return fmt.Errorf("write store %s: %w", s.path, err)
	}
	return nil
}

// errMoved says that what is open is not what the next process would open: it would be written for nobody.
var errMoved = errors.New("the file was removed or moved while it was open: put it back, or start again")

// there says whether the file is still the one that was opened.
func (s *Store) there() error {
	now, err := os.Stat(s.at)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && !os.SameFile(now, s.file):
		return errMoved
	default:
		return err
	}
}

// Close ends the store's connections. Calls after it fail.
func (s *Store) Close() error {
	var errs []error
	for _, statement := range slices.Concat([]*sql.Stmt{s.known, s.suppressed, s.byID}, slices.Collect(maps.Values(s.hot))) {
		if statement != nil {
			errs = append(errs, statement.Close())
		}
	}
	for _, db := range []*sql.DB{s.read, s.write} { // the writer last: it moves the log into the file
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close store %s: %w", s.path, err)
	}
	return nil
}
