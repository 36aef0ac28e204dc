package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cordon/internal/action"
	"cordon/internal/casefile"
	"cordon/internal/finding"
)

func TestOpenErrors(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(t *testing.T, dir string) (path string)
		want    string
	}{
		"directory": {func(_ *testing.T, dir string) string { return dir }, "it is a directory (name a file in it"},
		"parent is a file": {func(t *testing.T, dir string) string {
			return filepath.Join(write(t, dir, "x", nil), "cordon.db")
		}, "a part of the path is a file"},
		"device": {func(*testing.T, string) string { return os.DevNull }, "it is no regular file"},
		"no database": {func(t *testing.T, dir string) string {
			return write(t, dir, "x.db", bytes.Repeat([]byte("plain text\n"), 1000))
		}, "it is no SQLite database, or its first page is damaged: name another file"},
		"damaged": {func(t *testing.T, dir string) string {
			path := made(t, dir)
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for i := 100; i < len(content); i++ { // all but the header
				content[i] = 0xa5
			}
			return write(t, dir, "damaged.db", content)
		}, "the file is damaged"},
		"another program's": {func(t *testing.T, dir string) string {
			return foreign(t, dir, "CREATE TABLE t (x)")
		}, "another program's database (name another file)"},
		"another program's mark": {func(t *testing.T, dir string) string {
			return foreign(t, dir, "PRAGMA application_id = 7; PRAGMA user_version = 1")
		}, "another program's database (name another file)"},
		"newer": {func(t *testing.T, dir string) string {
			path := made(t, dir)
			db := database(t, path)
			if _, err := db.Exec("PRAGMA user_version = 99"); err != nil {
				t.Fatal(err)
			}
			return path
		}, "it has version 99 and this Cordon knows up to 2 (a newer Cordon has written it: use that one)"},
	} {
		t.Run(name, func(t *testing.T) {
			path := test.prepare(t, t.TempDir())
			s, err := Open(t.Context(), path)
			if err == nil {
				_ = s.Close()
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "open store "+path+": ") {
				t.Errorf("error %v\nwant one that says %q", err, test.want)
			}
		})
	}
}

func TestWriteErrors(t *testing.T) {
	for name, test := range map[string]struct{ pragma, want string }{
		"full":      {"PRAGMA max_page_count = 1", "the disk is full; make room"},
		"read-only": {"PRAGMA query_only = 1", "let this user write the file"},
	} {
		t.Run(name, func(t *testing.T) {
			s := opened(t, filepath.Join(t.TempDir(), "cordon.db"))
			if _, err := s.write.Exec(test.pragma); err != nil {
				t.Fatal(err)
			}
			_, err := s.SaveRecord(t.Context(), action.Record{Case: "c-1", Action: "a", Prior: bytes.Repeat([]byte("1"), 100_000)})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v\nwant one that says %q", err, test.want)
			}
			if _, ok, err := s.Record(t.Context(), "c-1", "a"); ok || err != nil {
				t.Errorf("half of the record is there: %v, %v", ok, err)
			}
		})
	}
}

// Root may write anywhere, so a read-only file is shown to it as one that this connection cannot write.
func TestCheckReadOnly(t *testing.T) {
	s := opened(t, filepath.Join(t.TempDir(), "cordon.db"))
	if _, err := s.write.Exec("PRAGMA query_only = 1"); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "let this user write") {
		t.Errorf("Check of a store that cannot be written: %v", err)
	}
}

func TestMigrate(t *testing.T) {
	path := made(t, t.TempDir())
	s := opened(t, path)
	steps := append(slices.Clone(schema), "ALTER TABLE cases ADD COLUMN note TEXT NOT NULL DEFAULT 'none'")
	broken := append(slices.Clone(steps), "CREATE TABLE half (x)", "no SQL")
	if err := migrate(t.Context(), s.write, broken); err == nil || !strings.Contains(err.Error(), "migrate to version 5") {
		t.Errorf("a broken step: %v", err)
	}
	var n int
	if err := s.write.QueryRow("SELECT count(*) FROM sqlite_schema WHERE name = 'half'").Scan(&n); err != nil || n != 0 {
		t.Errorf("half a migration is there: %d, %v", n, err)
	}
	for range 2 { // the second does nothing
		if err := migrate(t.Context(), s.write, steps); err != nil {
			t.Fatal(err)
		}
	}
	var note string
	if err := s.write.QueryRow("SELECT note FROM cases WHERE id = 'c-1'").Scan(&note); err != nil || note != "none" {
		t.Errorf("the old case after the migration: %q, %v", note, err)
	}
	if again, err := Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "a newer Cordon") {
		t.Errorf("the older program opened the newer file: %v, %v", again, err)
	}
}

func TestJournalIsAppendOnly(t *testing.T) {
	s := opened(t, filepath.Join(t.TempDir(), "cordon.db"))
	for _, query := range []string{"DELETE FROM journal", "UPDATE journal SET body = '{}'"} {
		if _, err := s.write.Exec(query); err == nil || !strings.Contains(err.Error(), "only ever added") {
			t.Errorf("%s: %v", query, err)
		}
	}
}

func TestRecordOfNoCase(t *testing.T) {
	s := opened(t, filepath.Join(t.TempDir(), "cordon.db"))
	if _, err := s.SaveRecord(t.Context(), action.Record{Case: "c-2", Action: "a"}); !errors.Is(err, casefile.ErrNotFound) {
		t.Errorf("a record of no case: %v, want ErrNotFound", err)
	}
}

func TestRetry(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cordon.db")
	s, other := opened(t, path), database(t, path)
	other.SetMaxOpenConns(1)
	if _, err := other.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.write.Exec("PRAGMA busy_timeout = 1"); err != nil {
		t.Fatal(err)
	}
	err := s.Check(t.Context())
	if err == nil || !strings.Contains(err.Error(), "another process holds it for long") {
		t.Errorf("Check of a locked store: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := s.Check(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Check of a locked store with a deadline: %v", err)
	}
	if _, err := s.Case(t.Context(), "c-1"); err != nil {
		t.Errorf("a writer keeps a reader out: %v", err)
	}
	if _, err := other.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Errorf("Check afterwards: %v", err)
	}
}

func BenchmarkKnownFinding(b *testing.B) {
	s, err := Open(b.Context(), filepath.Join(b.TempDir(), "cordon.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for b.Loop() {
		if _, _, err := s.OpenCase(b.Context(), opening); err != nil {
			b.Fatal(err)
		}
	}
}

var opening = casefile.Opening{
	NewID: "c-1", By: "tester", Raw: []byte(`{}`), Now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
	Target:  finding.Target{Account: "111122223333", Region: "eu-west-1", Kind: finding.KindInstance, ID: "i-1"},
	Finding: casefile.Finding{ID: "f-1", Type: "Test", Count: 1},
}

// opened is a store with one case, c-1.
func opened(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if _, _, err := s.OpenCase(t.Context(), opening); err != nil {
		t.Fatal(err)
	}
	return s
}

// made is the path of a closed store with one case.
func made(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "cordon.db")
	if err := opened(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func database(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func foreign(t *testing.T, dir, query string) string {
	t.Helper()
	path := filepath.Join(dir, "foreign.db")
	if _, err := database(t, path).Exec(query); err != nil {
		t.Fatal(err)
	}
	return path
}

func write(t *testing.T, dir, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestOlderFile: a store that an older Cordon made is brought up to date, with its cases.
func TestOlderFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cordon.db")
	db, err := pool(path, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := migrate(t.Context(), db, schema[:1]); err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec(`INSERT INTO cases (id, status, account, region, kind, target, opened, body) VALUES
		('c-1', 'contained', '111122223333', 'eu-west-1', 'ec2.instance', 'i-1', 1, '{"id":"c-1","status":"contained"}')`)
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	s := opened(t, path)
	c, err := s.Case(t.Context(), "c-1")
	if err != nil || c.Status != casefile.Contained || c.Approval != nil {
		t.Errorf("the old case: %+v, %v", c, err)
	}
	c, err = s.Update(t.Context(), "c-1", func(c *casefile.Case) ([]casefile.Entry, error) {
		c.Approval = &casefile.Approval{Token: "secret"}
		return nil, nil
	})
	if err != nil || c.TaskToken() != "secret" {
		t.Errorf("an approval in it: %+v, %v", c.Approval, err)
	}
	var body, token string
	if err := s.read.QueryRow("SELECT body, task_token FROM cases").Scan(&body, &token); err != nil || token != "secret" || strings.Contains(body, "secret") {
		t.Errorf("body %s, token %q, %v", body, token, err)
	}
	if full, err := s.Admit(t.Context(), "c-1", []casefile.Limit{{Scope: "total", Max: 1, Window: time.Hour}}, time.Now()); full != nil || err != nil {
		t.Errorf("admit: %+v, %v", full, err)
	}
}

// TestAdmissionsArePruned: what is of no use to any window does not pile up, whatever its scope.
func TestAdmissionsArePruned(t *testing.T) {
	s := opened(t, filepath.Join(t.TempDir(), "cordon.db"))
	began := time.Unix(1_700_000_000, 0)
	for n := range 200 {
		limit := casefile.Limit{Scope: "application:" + strings.Repeat("x", n%7), Max: 100, Window: time.Hour}
		if _, err := s.Admit(t.Context(), strings.Repeat("c", n+1), []casefile.Limit{limit}, began.Add(time.Duration(n)*time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	var rows int
	if err := s.read.QueryRow("SELECT count(*) FROM admissions").Scan(&rows); err != nil || rows != 70 {
		t.Errorf("%d rows, %v; want those of the hour and ten minutes", rows, err)
	}
}
