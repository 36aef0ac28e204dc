package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cordon/internal/action"
)

// bench is a vault under test, and the ways around it.
type bench struct {
	v, other    Vault                                          // two handles on one vault
	write       func(t *testing.T, key string, content []byte) // replaces what is there
	remove      func(t *testing.T, key string)
	keys        func(t *testing.T) []string // all there are
	checkLeaves []string                    // keys that Check leaves where content is not held against its checksum
}

// suite holds a kind of vault to the contract.
func suite(t *testing.T, open func(t *testing.T) bench) {
	for name, test := range map[string]func(t *testing.T, b bench){
		"put, get, manifest":                  putGet,
		"the same name again":                 putAgain,
		"16 writers, one chain":               putConcurrent,
		"16 writers, one piece":               putSame,
		"killed between content and manifest": putCompletes,
		"adopt":                               adopt,
		"hostile names":                       hostileNames,
		"refused names":                       refusedNames,
		"missing":                             missing,
		"cancelled":                           cancelled,
		"check":                               checkLeavesNothing,
		"verify: sound":                       verifySound,
		"verify: tampered":                    func(t *testing.T, _ bench) { verifyTampered(t, open) },
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func putGet(t *testing.T, b bench) {
	ctx := t.Context()
	contents := map[string][]byte{"metadata.json": []byte("{}"), "empty": {}, "big": bytes.Repeat([]byte{0, 255}, 1<<19)}
	for _, name := range []string{"metadata.json", "empty", "big"} {
		a, e, err := b.v.Put(ctx, "c-1", name, contents[name])
		must(t, err)
		want := action.Artifact{URI: b.v.URI("c-1", name), SHA256: digest(contents[name]), Bytes: int64(len(contents[name]))}
		same(t, "artifact", a, want)
		if e.Name != name || e.SHA256 != want.SHA256 || e.Bytes != want.Bytes || e.Case != "c-1" || e.At.IsZero() {
			t.Errorf("entry %+v", e)
		}
		got, err := b.other.Get(ctx, "c-1", name)
		must(t, err)
		if !bytes.Equal(got, contents[name]) {
			t.Errorf("%s: %d bytes come back, %d were put", name, len(got), len(contents[name]))
		}
	}
	_, first, err := b.v.Put(ctx, "c-2", "metadata.json", []byte("another case"))
	must(t, err)
	if first.Seq != 1 || first.Prev != "" {
		t.Errorf("another case's first entry: %+v", first)
	}
	entries, err := b.other.Manifest(ctx, "c-1")
	must(t, err)
	prev := ""
	for i, e := range entries {
		if e.Seq != i+1 || e.Prev != prev || e.Hash == "" {
			t.Errorf("entry %d: %+v", i+1, e)
		}
		prev = e.Hash
	}
	if len(entries) != 3 {
		t.Errorf("%d entries, want 3", len(entries))
	}
}

func putAgain(t *testing.T, b bench) {
	ctx := t.Context()
	a, e, err := b.v.Put(ctx, "c-1", "a", []byte("one"))
	must(t, err)
	_, _, err = b.v.Put(ctx, "c-1", "b", []byte("two"))
	must(t, err)
	for _, v := range []Vault{b.v, b.other} {
		again, entry, err := v.Put(ctx, "c-1", "a", []byte("one"))
		must(t, err)
		same(t, "artifact", again, a)
		same(t, "entry", entry, e)
		if _, _, err := v.Put(ctx, "c-1", "a", []byte("owe")); !errors.Is(err, ErrExists) {
			t.Errorf("other content: %v, want ErrExists", err)
		}
	}
	got, err := b.v.Get(ctx, "c-1", "a")
	if err != nil || string(got) != "one" {
		t.Errorf("content %q, %v", got, err)
	}
	sound(t, b, 2)
}

func putConcurrent(t *testing.T, b bench) {
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			v := b.v
			if i%2 == 1 {
				v = b.other
			}
			if _, _, err := v.Put(t.Context(), "c-1", fmt.Sprintf("piece-%d", i), []byte{byte(i)}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	sound(t, b, 16)
}

func putSame(t *testing.T, b bench) {
	var group sync.WaitGroup
	entries := make([]Entry, 16)
	for i := range entries {
		group.Go(func() {
			v := b.v
			if i%2 == 1 {
				v = b.other
			}
			var err error
			if _, entries[i], err = v.Put(t.Context(), "c-1", "piece", []byte("x")); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, e := range entries {
		same(t, "entry", e, entries[0])
	}
	sound(t, b, 1)
}

func putCompletes(t *testing.T, b bench) {
	b.write(t, "c-1/piece", []byte("content"))
	if _, _, err := b.v.Put(t.Context(), "c-1", "piece", []byte("other")); !errors.Is(err, ErrExists) {
		t.Errorf("other content: %v, want ErrExists", err)
	}
	a, e, err := b.v.Put(t.Context(), "c-1", "piece", []byte("content"))
	must(t, err)
	if e.Seq != 1 || a.SHA256 != digest([]byte("content")) {
		t.Errorf("artifact %+v, entry %+v", a, e)
	}
	sound(t, b, 1)
}

func adopt(t *testing.T, b bench) {
	b.write(t, "c-1/stdout", []byte("uid=0(root)"))
	a, e, err := b.v.Adopt(t.Context(), "c-1", "stdout")
	must(t, err)
	same(t, "artifact", a, action.Artifact{URI: b.v.URI("c-1", "stdout"), SHA256: digest([]byte("uid=0(root)")), Bytes: 11})
	_, again, err := b.other.Adopt(t.Context(), "c-1", "stdout")
	must(t, err)
	same(t, "entry of the second time", again, e)
	sound(t, b, 1)
	b.write(t, "c-1/stdout", []byte("uid=1"))
	if _, _, err := b.v.Adopt(t.Context(), "c-1", "stdout"); !errors.Is(err, ErrExists) {
		t.Errorf("other content: %v, want ErrExists", err)
	}
}

// hostile are names that differ from each other and from every piece that they might be taken for.
func hostile() []string {
	return []string{
		"..", ".", "/", "//", "../../etc/passwd", "/etc/passwd", "a/../../b", "a", "a/b", "a//b", "a/", "A/b", "a\\b", "a%2Fb", "a%2fb", "%",
		"a\x00b", "a\nb", "CON", "con.txt", "nul", "COM1", "COM10", "lpt9.log", "C:\\x", "x.", "x ", ".hidden", ".new-x", "é", "e\u0301", "\u202e",
		"manifest", "Manifest", "manifest/000001.json", "manifest/x", "%6Danifest", strings.Repeat("x", 255), strings.Repeat("x", 256),
		strings.Repeat("x/", 600), strings.Repeat("é", 400), strings.Repeat("é", 401), "-rf", "~", "$(id)", "?q#f", "*",
	}
}

func hostileNames(t *testing.T, b bench) {
	for i, name := range hostile() {
		_, e, err := b.v.Put(t.Context(), "c-1", name, []byte(name))
		must(t, err)
		if e.Seq != i+1 || e.Name != name {
			t.Errorf("%q: entry %+v", name, e)
		}
	}
	for _, name := range hostile() {
		got, err := b.other.Get(t.Context(), "c-1", name)
		if err != nil || string(got) != name {
			t.Errorf("%q: content %q, %v", name, got, err)
		}
	}
	sound(t, b, len(hostile()))
	for _, id := range []string{"..", "../c-1", "/", "c-1/manifest"} {
		if _, e, err := b.v.Put(t.Context(), id, "a", []byte(id)); err != nil || e.Seq != 1 {
			t.Errorf("case %q: %+v, %v", id, e, err)
		}
	}
	keys := b.keys(t)
	for _, key := range keys {
		if strings.Contains("/"+key+"/", "/../") || strings.HasPrefix(key, "/") {
			t.Errorf("key %q leaves the vault", key)
		}
	}
	if want := 2 * (len(hostile()) + 4); len(keys) != want {
		t.Errorf("%d keys, want %d", len(keys), want)
	}
}

func refusedNames(t *testing.T, b bench) {
	for _, test := range [][2]string{{"c-1", ""}, {"", "a"}, {"c-1", "a\xff"}, {"c\xff", "a"}} {
		_, _, errPut := b.v.Put(t.Context(), test[0], test[1], nil)
		_, _, errAdopt := b.v.Adopt(t.Context(), test[0], test[1])
		_, errGet := b.v.Get(t.Context(), test[0], test[1])
		if errPut == nil || errAdopt == nil || errGet == nil {
			t.Errorf("%q: %v, %v, %v", test, errPut, errAdopt, errGet)
		}
	}
	if keys := b.keys(t); len(keys) != 0 {
		t.Errorf("left behind: %q", keys)
	}
}

func missing(t *testing.T, b bench) {
	entries, err := b.v.Manifest(t.Context(), "c-1")
	if err != nil || len(entries) != 0 {
		t.Errorf("manifest of no case: %v, %v", entries, err)
	}
	if _, err := b.v.Get(t.Context(), "c-1", "a"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Get: %v, want ErrNotFound", err)
	}
	if _, _, err := b.v.Adopt(t.Context(), "c-1", "a"); !errors.Is(err, ErrNotFound) {
		t.Errorf("Adopt: %v, want ErrNotFound", err)
	}
	if keys := b.keys(t); len(keys) != 0 {
		t.Errorf("left behind: %q", keys)
	}
}

func cancelled(t *testing.T, b bench) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, errPut := b.v.Put(ctx, "c-1", "a", nil)
	_, errGet := b.v.Get(ctx, "c-1", "a")
	_, errManifest := b.v.Manifest(ctx, "c-1")
	for _, err := range []error{errPut, errGet, errManifest, b.v.Check(ctx)} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want context.Canceled", err)
		}
	}
	if keys := b.keys(t); len(keys) != 0 {
		t.Errorf("left behind: %q", keys)
	}
}

func checkLeavesNothing(t *testing.T, b bench) {
	for range 2 {
		must(t, b.v.Check(t.Context()))
	}
	same(t, "keys left behind", b.keys(t), b.checkLeaves)
}

// sound verifies case c-1: it has n entries and no problem.
func sound(t *testing.T, b bench, n int) {
	t.Helper()
	entries, err := b.v.Manifest(t.Context(), "c-1")
	must(t, err)
	if len(entries) != n {
		t.Errorf("%d entries, want %d", len(entries), n)
		return
	}
	problems, err := Verify(t.Context(), b.other, "c-1", nil, entries[n-1].Hash)
	if err != nil || len(problems) != 0 {
		t.Errorf("problems %v, %v", problems, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
