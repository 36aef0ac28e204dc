package vault

import (
	"bytes"
	"testing"
	"time"

	"cordon/internal/action"
)

func verifySound(t *testing.T, b bench) {
	problems, err := Verify(t.Context(), b.v, "c-1", nil, "")
	if err != nil || len(problems) != 0 {
		t.Errorf("a case without evidence: %v, %v", problems, err)
	}
	known, head := pieces(t, b)
	for _, head := range []string{head, ""} {
		problems, err := Verify(t.Context(), b.v, "c-1", known, head)
		if err != nil || len(problems) != 0 {
			t.Errorf("problems %v, %v", problems, err)
		}
	}
}

func verifyTampered(t *testing.T, open func(t *testing.T) bench) {
	const entry1, entry2, entry3 = "c-1/manifest/000001.json", "c-1/manifest/000002.json", "c-1/manifest/000003.json"
	// forge writes an entry that is right by itself.
	forge := func(t *testing.T, b bench, key string, change func(*Entry)) {
		e, err := b.v.(*keeper).entry(t.Context(), key)
		must(t, err)
		change(&e)
		e.Hash, err = hashOf(e)
		must(t, err)
		line, err := encode(e)
		must(t, err)
		b.write(t, key, line)
	}
	const unknownHead = "manifest: the last entry that the case knows is not there: entries are missing or replaced"
	for name, test := range map[string]struct {
		tamper func(t *testing.T, b bench)
		want   []string // beginnings
	}{
		"content changed": {func(t *testing.T, b bench) { b.write(t, "c-1/b", []byte("TWO")) }, []string{"b: its content was changed"}},
		"content removed": {func(t *testing.T, b bench) { b.remove(t, "c-1/b") }, []string{"b: it is missing"}},
		"entry changed": {func(t *testing.T, b bench) {
			line, err := b.v.(*keeper).files.read(t.Context(), entry2)
			must(t, err)
			b.write(t, entry2, bytes.Replace(line, []byte(`"bytes":3`), []byte(`"bytes":4`), 1))
		}, []string{"manifest: entry 2 was changed", "b: it has 3 bytes, the manifest says 4"}},
		"entry and content replaced": {func(t *testing.T, b bench) {
			forge(t, b, entry2, func(e *Entry) { e.SHA256 = digest([]byte("TWO")) })
			b.write(t, "c-1/b", []byte("TWO"))
		}, []string{"manifest: entry 3 does not follow", "URI(b): the case and the manifest have different hashes of it"}},
		"last entry replaced": {func(t *testing.T, b bench) {
			forge(t, b, entry3, func(e *Entry) { e.At = e.At.Add(time.Hour) })
		}, []string{unknownHead}},
		"first entry removed": {func(t *testing.T, b bench) { b.remove(t, entry1) }, []string{
			"manifest: entry 1 does not follow", "manifest: entry 2 says it is entry 3", "URI(a): the case lists it, the manifest does not",
		}},
		"middle entry removed": {func(t *testing.T, b bench) { b.remove(t, entry2) }, []string{
			"manifest: entry 2 does not follow", "URI(b): the case lists it, the manifest does not",
		}},
		"last entry removed": {func(t *testing.T, b bench) { b.remove(t, entry3) }, []string{
			unknownHead, "URI(c): the case lists it, the manifest does not",
		}},
		"everything removed": {func(t *testing.T, b bench) {
			for _, key := range b.keys(t) {
				b.remove(t, key)
			}
		}, []string{
			unknownHead, "URI(a): the case lists it, the manifest does not", "URI(b): the case lists it, the manifest does not",
			"URI(c): the case lists it, the manifest does not",
		}},
		"entry added": {func(t *testing.T, b bench) {
			_, _, err := b.v.Put(t.Context(), "c-1", "d", nil)
			must(t, err)
		}, []string{"manifest: 1 entries follow the last one that the case knows"}},
		"entry of another case": {func(t *testing.T, b bench) {
			forge(t, b, entry3, func(e *Entry) { e.Case = "c-2" })
		}, []string{`manifest: entry 3 is of case "c-2"`, unknownHead}},
		"hostile name in an entry": {func(t *testing.T, b bench) {
			forge(t, b, entry3, func(e *Entry) { e.Name = "../../../../etc/hostname" })
		}, []string{unknownHead, "../../../../etc/hostname: it is missing", "URI(c): the case lists it, the manifest does not"}},
		"no JSON":       {func(t *testing.T, b bench) { b.write(t, entry2, []byte("{")) }, []string{"manifest: read manifest of case c-1: the manifest is damaged: entry " + entry2}},
		"empty entry":   {func(t *testing.T, b bench) { b.write(t, entry2, nil) }, []string{"manifest: read manifest of case c-1: the manifest is damaged: entry " + entry2}},
		"unknown field": {func(t *testing.T, b bench) { b.write(t, entry2, []byte(`{"seq":2,"x":1}`)) }, []string{"manifest: read manifest of case c-1: the manifest is damaged: entry " + entry2}},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t)
			known, head := pieces(t, b)
			test.tamper(t, b)
			problems, err := Verify(t.Context(), b.other, "c-1", known, head)
			must(t, err)
			names := map[string]string{}
			for _, name := range []string{"a", "b", "c"} {
				names[b.v.URI("c-1", name)] = "URI(" + name + ")"
			}
			var got []string
			for _, p := range problems {
				if short, ok := names[p.Name]; ok {
					p.Name = short
				}
				got = append(got, p.Name+": "+p.Text)
			}
			for i := range min(len(got), len(test.want)) {
				got[i] = got[i][:min(len(got[i]), len(test.want[i]))]
			}
			same(t, "problems", got, test.want)
		})
	}
}

// pieces puts three into case c-1 and gives them with the chain's head.
func pieces(t *testing.T, b bench) (known []action.Artifact, head string) {
	for _, p := range [][2]string{{"a", "one"}, {"b", "two"}, {"c", "three"}} {
		a, e, err := b.v.Put(t.Context(), "c-1", p[0], []byte(p[1]))
		must(t, err)
		known, head = append(known, a), e.Hash
	}
	return known, head
}

// The form of a manifest is for ever: evidence is verified years later, by other programs too.
func TestEntryForm(t *testing.T) {
	e := Entry{
		Seq: 2, Case: "c-0123456789ab", Name: `<a> & "b"é`, SHA256: digest(nil), Bytes: 0,
		At: time.Date(2026, 3, 1, 12, 0, 0, 1000, time.UTC), Prev: "00ff",
	}
	line, err := encode(e)
	must(t, err)
	want := `{"seq":2,"case":"c-0123456789ab","name":"<a> & \"b\"é","sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",` +
		`"bytes":0,"at":"2026-03-01T12:00:00.000001Z","prev":"00ff","hash":""}`
	same(t, "line", string(line), want)
	hash, err := hashOf(e)
	must(t, err)
	same(t, "hash", hash, digest([]byte(want)))
	e.Hash = "anything"
	if again, err := hashOf(e); err != nil || again != hash {
		t.Errorf("the hash depends on the hash: %s, %v", again, err)
	}
}
