package cli_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cordon/internal/cli"
)

// answered is a sandbox with one contained case: its directory, the case's id, its database and its export.
type answered struct {
	dir, id  string
	db       []byte
	exported string // without the lines that have a time
}

func answer(t *testing.T) answered {
	t.Helper()
	a := answered{dir: t.TempDir()}
	out := string(cordon(t, 0, "--sandbox", a.dir, "-q", "respond", c2Finding, "-o", "json"))
	_, rest, _ := strings.Cut(out, `"id": "`)
	a.id, _, _ = strings.Cut(rest, `"`)
	a.exported = cases(string(cordon(t, 0, "--sandbox", a.dir, "cases", "export")))
	var err error
	if a.db, err = os.ReadFile(a.file()); err != nil || !strings.Contains(a.exported, a.id) {
		t.Fatalf("%v\n%s", err, a.exported)
	}
	return a
}

var c2Finding = filepath.Join("..", "..", "examples", "findings", "ec2-c2.json")

func (a answered) file() string { return filepath.Join(a.dir, "cordon.db") }

// cases are an export's lines of cases.
func cases(export string) string {
	_, rest, _ := strings.Cut(export, "\n")
	return rest[:strings.LastIndex(strings.TrimSuffix(rest, "\n"), "\n")+1]
}

// withoutDocuments leaves the findings' documents out of a line: they are any bytes, so nobody can see damage in them.
func withoutDocuments(line string) string {
	var parts map[string]json.RawMessage
	if err := json.Unmarshal([]byte(line), &parts); err != nil {
		return err.Error()
	}
	delete(parts, "documents")
	rest, _ := json.Marshal(parts)
	return string(rest)
}

// spoil puts a database in the place of the sandbox's, without log.
func (a answered) spoil(t *testing.T, db []byte) {
	t.Helper()
	for _, log := range []string{"-wal", "-shm"} {
		_ = os.Remove(a.file() + log)
	}
	if err := os.WriteFile(a.file(), db, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (a answered) run(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = cli.Main(t.Context(), append([]string{"--sandbox", a.dir, "-q"}, args...), cli.IO{In: &bytes.Buffer{}, Out: &o, Err: &e})
	return code, o.String(), e.String()
}

// account is the simulated account's file.
func (a answered) account(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(a.dir, "account.json"))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestBrokenStore: every verb that needs the store says what is wrong with which file and what to do, ends with 2, and
// changes nothing.
func TestBrokenStore(t *testing.T) {
	a := answer(t)
	before := a.account(t)
	random := rand.New(rand.NewPCG(1, 2))
	noise := func(db []byte, from, to int) []byte {
		db = bytes.Clone(db)
		for i := from; i < to; i++ {
			db[i] = byte(random.Uint32())
		}
		return db
	}
	for name, tt := range map[string]struct {
		db   []byte
		want string
	}{
		"header":          {noise(a.db, 0, 100), "it is no SQLite database, or its first page is damaged"},
		"all but page 1":  {noise(a.db, 4096, len(a.db)), "the file is damaged: move it away"},
		"cut in half":     {a.db[:len(a.db)/2/4096*4096], "the file is damaged: move it away"},
		"text":            {[]byte(strings.Repeat("no database\n", 1000)), "it is no SQLite database"},
		"another program": {database(t, "CREATE TABLE t (x)"), "it is another program's database"},
		"newer":           {database(t, "PRAGMA application_id = 0x4372646e; PRAGMA user_version = 99"), "a newer Cordon has written it"},
		"no tables":       {database(t, "PRAGMA application_id = 0x4372646e; PRAGMA user_version = 2"), "the file is damaged: move it away"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, verb := range [][]string{
				{"cases"},
				{"show", a.id},
				{"cases", "export"},
				{"verify", a.id},
				{"respond", c2Finding},
				{"release", a.id},
				{"approve", a.id},
				{"pause"},
				{"resume"},
			} {
				a.spoil(t, tt.db)
				code, _, errs := a.run(t, verb...)
				if code != 2 || !strings.Contains(errs, tt.want) || !strings.Contains(errs, a.file()) {
					t.Errorf("%v: exit code %d, want 2 and %q\n%s", verb, code, tt.want, errs)
				}
				if a.account(t) != before {
					t.Fatalf("%v changed the account", verb)
				}
			}
		})
	}
}

// TestBrokenPages spoils one page after the other: whatever can still be read is what it was, and what cannot is said.
func TestBrokenPages(t *testing.T) {
	a := answer(t)
	before := a.account(t)
	random := rand.New(rand.NewPCG(3, 4))
	said := 0
	for page := range len(a.db) / 4096 {
		db := bytes.Clone(a.db)
		for i := page * 4096; i < (page+1)*4096; i++ {
			db[i] = byte(random.Uint32())
		}
		for _, verb := range [][]string{{"cases", "export"}, {"show", a.id}, {"cases"}, {"verify", a.id}} {
			a.spoil(t, db)
			code, out, errs := a.run(t, verb...)
			switch {
			case code == 2 && strings.Contains(errs, a.file()) && strings.Contains(errs, "damaged"):
				said++
			case code != 0:
				t.Errorf("page %d: %v: exit code %d\n%s", page+1, verb, code, errs)
			case verb[len(verb)-1] == "export" && withoutDocuments(cases(out)) != withoutDocuments(a.exported):
				t.Errorf("page %d: another export", page+1)
			}
		}
	}
	if said == 0 {
		t.Error("no page matters")
	}
	if a.account(t) != before {
		t.Error("the account is another")
	}
	t.Logf("%d pages, %d refusals", len(a.db)/4096, said)
}

// TestSpoiltLog: garbage in the place of the write-ahead log is no part of the store.
func TestSpoiltLog(t *testing.T) {
	a := answer(t)
	if err := os.WriteFile(a.file()+"-wal", bytes.Repeat([]byte("garbage "), 5000), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errs := a.run(t, "cases", "export"); code != 0 || cases(out) != a.exported {
		t.Errorf("exit code %d\n%s", code, errs)
	}
}

// database is a SQLite file that a statement made.
func database(t *testing.T, statement string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.db")
	db, err := sql.Open("sqlite", path)
	if err == nil {
		_, err = db.Exec(statement)
	}
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
