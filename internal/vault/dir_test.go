package vault

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func openDirs(t *testing.T) bench {
	dir := filepath.Join(t.TempDir(), "with space %41", "vault")
	return benchOf(t, dir)
}

func benchOf(t *testing.T, dir string) bench {
	v, err := OpenDir(dir)
	must(t, err)
	other, err := OpenDir(dir)
	must(t, err)
	return bench{
		v: v, other: other,
		write: func(t *testing.T, key string, content []byte) {
			path := filepath.Join(dir, key)
			must(t, os.MkdirAll(filepath.Dir(path), 0o700))
			must(t, os.WriteFile(path, content, 0o600))
		},
		remove: func(t *testing.T, key string) { must(t, os.Remove(filepath.Join(dir, key))) },
		keys:   func(t *testing.T) []string { return filesIn(t, dir) },
	}
}

// filesIn are all files in dir, also unfinished ones, by their relative paths.
func filesIn(t *testing.T, dir string) (files []string) {
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if os.IsNotExist(err) && path == dir {
			return nil
		}
		if err == nil && !entry.IsDir() {
			files = append(files, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	must(t, err)
	return files
}

func TestDir(t *testing.T) { suite(t, openDirs) }

func TestDirModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "vault")
	b := benchOf(t, dir)
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("opening made the directory: %v", err)
	}
	pieces(t, b)
	n := 0
	err := filepath.WalkDir(filepath.Dir(dir), func(path string, entry fs.DirEntry, err error) error {
		must(t, err)
		info, err := entry.Info()
		must(t, err)
		want := fs.FileMode(0o600)
		if entry.IsDir() {
			want = 0o700
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s: mode %o, want %o", path, info.Mode().Perm(), want)
		}
		n++
		return nil
	})
	must(t, err)
	if n != 2+2+6 { // a, vault, c-1, manifest, and three pieces with their entries
		t.Errorf("%d files and directories, want 10", n)
	}
	if _, _, ok := b.v.Bucket("c-1"); ok {
		t.Error("a directory says that it is a bucket")
	}
	if got, want := b.v.URI("c-1", "a b/c"), "file://"+dir+"/c-1/a%2520b%252Fc"; got != want {
		t.Errorf("URI %s, want %s", got, want)
	}
}

func TestDirRefused(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	must(t, os.WriteFile(file, nil, 0o600))
	open := filepath.Join(dir, "open")
	must(t, os.Mkdir(open, 0o700))
	must(t, os.Chmod(open, 0o777))
	for path, want := range map[string]string{
		file:                       "it is no directory (name another one with vault: in cordon.yaml)",
		filepath.Join(file, "sub"): "a part of the path is a file",
		open:                       "everybody can write there, so it proves nothing (chmod o-w " + open + ")",
	} {
		if _, err := OpenDir(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\nwant an error that says %q", path, err, want)
		}
	}
	b := benchOf(t, filepath.Join(dir, "later"))
	must(t, os.Mkdir(filepath.Join(dir, "later"), 0o700))
	must(t, os.Chmod(filepath.Join(dir, "later"), 0o707))
	if err := b.v.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "everybody can write there") {
		t.Errorf("Check: %v", err)
	}
}

// A killed writer leaves a temporary file; a link must not lead a writer out of the vault.
func TestDirLeftovers(t *testing.T) {
	dir := t.TempDir()
	b := benchOf(t, dir)
	b.write(t, "c-1/"+tempPrefix+"X", []byte("ha"))
	b.write(t, "c-1/manifest/"+tempPrefix+"X", []byte("{"))
	pieces(t, b)
	sound(t, b, 3)

	outside := t.TempDir()
	must(t, os.Symlink(outside, filepath.Join(dir, "c-2")))
	must(t, os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o600))
	if _, _, err := b.v.Put(t.Context(), "c-2", "a", nil); err == nil {
		t.Error("Put followed a link out of the vault")
	}
	if content, err := b.v.Get(t.Context(), "c-2", "secret"); err == nil {
		t.Errorf("Get followed a link out of the vault: %q", content)
	}
	if files := filesIn(t, outside); len(files) != 1 {
		t.Errorf("files outside: %q", files)
	}
}
