package sqlite_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"cordon/internal/casefile"
	"cordon/internal/casefile/casefiletest"
	"cordon/internal/casefile/sqlite"
	"cordon/internal/finding"
)

func TestMain(m *testing.M) {
	if file := os.Getenv(childFile); file != "" {
		child(file)
		return
	}
	os.Exit(m.Run())
}

func TestStore(t *testing.T) {
	paths := map[casefile.Store]string{}
	casefiletest.Run(t, func(t *testing.T) casefile.Store {
		path := filepath.Join(t.TempDir(), "cordon.db")
		s := open(t, path)
		paths[s] = path
		return s
	}, func(t *testing.T, s casefile.Store) casefile.Store {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return open(t, paths[s])
	})
}

// Every second call goes to another handle on the same file.
func TestTwoHandles(t *testing.T) {
	casefiletest.Run(t, func(t *testing.T) casefile.Store {
		path := filepath.Join(t.TempDir(), "cordon.db")
		return &alternating{Store: open(t, path), other: open(t, path)}
	}, nil)
}

func TestPaths(t *testing.T) {
	for _, name := range []string{
		"with space.db", "a?b&c=d#e.db", "100%25%00.db", "ünï\xff.db", ":memory:", "it's \"q\"; DROP.db", "new/dirs/cordon.db",
	} {
		path := filepath.Join(t.TempDir(), name)
		s := open(t, path)
		if _, created, err := s.OpenCase(t.Context(), opening("c-1")); err != nil || !created {
			t.Errorf("%q: created %v, %v", name, created, err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if info.Mode().Perm() != 0o600 || info.Size() == 0 {
			t.Errorf("%q: mode %o, %d bytes", name, info.Mode().Perm(), info.Size())
		}
		left, err := os.ReadDir(filepath.Dir(path))
		if err != nil || len(left) != 1 {
			t.Errorf("%q: left behind %v, %v", name, left, err)
		}
	}
}

func TestModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	s := open(t, filepath.Join(dir, "cordon.db"))
	if _, _, err := s.OpenCase(t.Context(), opening("c-1")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("directory: %v, %v", info.Mode(), err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 2 {
		t.Fatalf("files %v, %v; want the database and its log", files, err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v; want 0600", f.Name(), info.Mode(), err)
		}
	}
}

func TestBubble(t *testing.T) {
	before := runtime.NumGoroutine()
	synctest.Test(t, func(t *testing.T) { // fails if a goroutine is left
		s := open(t, filepath.Join(t.TempDir(), "cordon.db"))
		start := time.Now()
		if _, _, err := s.OpenCase(t.Context(), opening("c-1")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		c, err := s.Update(t.Context(), "c-1", func(c *casefile.Case) ([]casefile.Entry, error) {
			c.Status = casefile.Contained
			return nil, nil
		})
		if err != nil || !c.Updated.Equal(start.Add(time.Hour)) {
			t.Errorf("updated %s, %v; want the bubble's time", c.Updated, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	after := runtime.NumGoroutine()
	for range 100 { // one that has ended is counted until it is scheduled off
		if after <= before {
			return
		}
		time.Sleep(20 * time.Millisecond)
		after = runtime.NumGoroutine()
	}
	t.Errorf("%d goroutines before, %d after", before, after)
}

func open(t *testing.T, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func opening(newID string) casefile.Opening {
	return casefile.Opening{
		NewID: newID, By: "tester", Now: time.Now(), Raw: []byte(`{}`),
		Target:  finding.Target{Account: "111122223333", Region: "eu-west-1", Kind: finding.KindInstance, ID: "i-1"},
		Finding: casefile.Finding{ID: "f-1", Type: "Test", Count: 1},
	}
}
