package casefile_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"cordon/internal/action"
	"cordon/internal/casefile"
	"cordon/internal/finding"
)

// twoCases is an archive.
func twoCases(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := casefile.NewArchiveWriter(&out, asked)
	for _, id := range []string{"c-000000000001", "c-000000000002"} {
		o := casefile.Opening{
			NewID: id, By: "tester", Now: asked, Target: finding.Target{Account: "1", Region: "eu-west-1", Kind: finding.KindInstance, ID: "i-" + id},
			Finding: casefile.Finding{ID: "f", Count: 1},
		}
		c, entries := o.Case()
		for i := range entries {
			entries[i].Seq = i + 1
		}
		err = errors.Join(err, w.Add(casefile.Snapshot{
			Case: c, Journal: entries, Documents: map[string]json.RawMessage{"f": json.RawMessage(`{ "half": "` + "\xff" + `" }`)},
			Records: []action.Record{{Case: id, Action: "a", Seq: 1, Version: 1, Prior: json.RawMessage(`{ }`)}},
		}))
	}
	err = errors.Join(err, w.Pauses([]casefile.Entry{{Seq: 1, At: asked, By: "tester", Event: "paused"}}))
	if _, closeErr := w.Close(); errors.Join(err, closeErr) != nil {
		t.Fatal(err, closeErr)
	}
	return out.Bytes()
}

func readArchive(raw []byte) (cases []casefile.Snapshot, pauses []casefile.Entry, err error) {
	_, err = casefile.ReadArchive(bytes.NewReader(raw), func(s casefile.Snapshot) error { cases = append(cases, s); return nil },
		func(entries []casefile.Entry) error { pauses = entries; return nil })
	return cases, pauses, err
}

func TestArchive(t *testing.T) {
	raw := twoCases(t)
	cases, pauses, err := readArchive(raw)
	if err != nil || len(cases) != 2 || len(pauses) != 1 {
		t.Fatalf("%d cases, %d pauses, %v", len(cases), len(pauses), err)
	}
	if got := string(cases[1].Documents["f"]); got != `{ "half": "`+"\xff"+`" }` || string(cases[1].Records[0].Prior) != "{ }" {
		t.Errorf("document %q, prior %q", got, cases[1].Records[0].Prior)
	}
}

// TestArchiveDamaged: no byte can be missing at the end, and none be another, without an error.
func TestArchiveDamaged(t *testing.T) {
	raw := twoCases(t)
	for n := range raw {
		var wrong *casefile.ArchiveError
		if _, _, err := readArchive(raw[:n]); !errors.As(err, &wrong) {
			t.Fatalf("cut off after %d of %d bytes: %v", n, len(raw), err)
		}
		for _, flip := range []byte{0x01, 0x20, 0x80} {
			other := bytes.Clone(raw)
			other[n] ^= flip
			if _, _, err := readArchive(other); !errors.As(err, &wrong) && !harmless(raw, other) {
				t.Fatalf("byte %d (%q) as %q: %v", n, raw[n], other[n], err)
			}
		}
	}
}

// harmless says whether a change is one of letter case in the last line, which is in no hash and says the same.
func harmless(raw, other []byte) bool {
	last := bytes.LastIndexByte(raw[:len(raw)-1], '\n') + 1
	return bytes.Equal(raw[:last], other[:last]) && bytes.EqualFold(raw[last:], other[last:])
}

func TestArchiveRefused(t *testing.T) {
	raw := string(twoCases(t))
	lines := strings.SplitAfter(raw, "\n")
	newer := strings.Replace(raw, `"version":1`, `"version":2`, 1)
	for name, tt := range map[string]struct{ content, want string }{
		"empty":           {"", "line 1: it is no export of cases"},
		"another file":    {"plain text\n", "line 1: it is no export of cases"},
		"another JSON":    {`{"cases":[]}` + "\n", "line 1: it is no export of cases"},
		"newer":           {newer, "line 1: it has format version 2, and this Cordon knows up to 1 (a newer Cordon"},
		"no end":          {lines[0] + lines[1], "line 3: it is cut off"},
		"half a line":     {lines[0] + lines[1][:50], "line 2: it is cut off"},
		"a case less":     {lines[0] + lines[1] + lines[3] + lines[4], "line 4: it was changed after it was written"},
		"the other order": {lines[0] + lines[2] + lines[1] + lines[3] + lines[4], "line 5: it was changed"},
		"a case twice":    {lines[0] + lines[1] + lines[1], "line 3: it is damaged (take another copy): case c-000000000001 is there twice"},
		"two files":       {raw + raw, "line 5: there is something after it"},
		"unknown field":   {lines[0] + strings.Replace(lines[1], `"status"`, `"colour":1,"status"`, 1), `unknown field "colour"`},
		"another's path":  {lines[0] + strings.ReplaceAll(lines[1], "c-000000000001", "../../etc"), `"../../etc" is no id of a case`},
		"a gap":           {lines[0] + strings.Replace(lines[1], `"seq":2`, `"seq":3`, 1), "entry 2 of the journal"},
		"no JSON":         {lines[0] + "{\n", "line 2: it is damaged"},
		"something else":  {lines[0] + "{}\n", "neither a case nor the end"},
	} {
		if _, _, err := readArchive([]byte(tt.content)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v\nwant %s", name, err, tt.want)
		}
	}
	broken := errors.New("broken")
	if _, err := casefile.ReadArchive(strings.NewReader(raw), func(casefile.Snapshot) error { return broken }, nil); !errors.Is(err, broken) {
		t.Errorf("an error of the callback: %v", err)
	}
	if _, err := casefile.NewArchiveWriter(failing{}, time.Now()); !errors.Is(err, errFull) {
		t.Errorf("write to what is full: %v", err)
	}
}

var errFull = errors.New("full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }

func FuzzReadArchive(f *testing.F) {
	f.Add(twoCases(f))
	f.Add([]byte("{\"cordon\":\"cases\",\"version\":1}\n{\"end\":{\"cases\":0,\"sha256\":\"\"}}\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		cases, _, err := readArchive(raw)
		if err != nil {
			return
		}
		for _, s := range cases {
			if s.Check() != nil || !casefile.ValidID(s.Case.ID) {
				t.Errorf("a case was let through that no store keeps: %+v", s)
			}
		}
	})
}
