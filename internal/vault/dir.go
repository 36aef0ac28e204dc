package vault

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"cordon/internal/action"
)

// tempPrefix begins the names of files that are not finished. No clean name begins with a dot.
const tempPrefix = ".new-"

// OpenDir is the vault in a directory, which is made (0700) when the first piece comes. It refuses a directory that
// everybody can write.
func OpenDir(path string) (Vault, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open evidence vault %s: %w", path, err)
	}
	d := dir(abs)
	if err := d.usable(); err != nil {
		return nil, fmt.Errorf("open evidence vault %s: %w", path, err)
	}
	return &keeper{files: d}, nil
}

// dir is the files of a directory, by its absolute path. It works through os.Root: no link leads out of it.
type dir string

// usable says what is wrong with the directory; one that is not there is fine.
func (d dir) usable() error {
	switch info, err := os.Stat(string(d)); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return hinted(err)
	case !info.IsDir():
		return errors.New("it is no directory (name another one with vault: in cordon.yaml)")
	case info.Mode().Perm()&0o002 != 0:
		return fmt.Errorf("everybody can write there, so it proves nothing (chmod o-w %s)", d)
	}
	return nil
}

// create writes a temporary file and links it under its name, which fails where there is one.
func (d dir) create(ctx context.Context, key string, content []byte) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	root, err := d.root()
	if err != nil {
		return err
	}
	defer root.Close()
	parent := path.Dir(key)
	if err := makeDirs(root, parent); err != nil {
		return hinted(err)
	}
	temp := path.Join(parent, tempPrefix+rand.Text())
	defer func() { _ = root.Remove(temp) }()
	if err := writeFile(root, temp, content); err != nil {
		return hinted(err)
	}
	switch err := root.Link(temp, key); {
	case errors.Is(err, fs.ErrExist):
		// Whoever made it may have been killed before the directory was on the disk.
		return errors.Join(errTaken, syncDir(root, parent))
	case err != nil:
		return hinted(err)
	}
	return syncDir(root, parent)
}

func (d dir) open(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, err := os.OpenInRoot(string(d), filepath.FromSlash(key))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, hinted(err)
	}
	return f, nil
}

func (d dir) read(ctx context.Context, key string) ([]byte, error) {
	f, err := d.open(ctx, key)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

func (d dir) list(ctx context.Context, prefix string) ([]string, error) {
	f, err := d.open(ctx, strings.TrimSuffix(prefix, "/"))
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	names, err := f.(*os.File).Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, name := range names {
		if !strings.HasPrefix(name, tempPrefix) {
			keys = append(keys, prefix+name)
		}
	}
	return keys, nil
}

func (d dir) uri(key string) string {
	u := url.URL{Scheme: "file", Path: path.Join(filepath.ToSlash(string(d)), key)}
	return u.String()
}

// name keeps a case's pieces in one directory: "a" and "a/b" cannot both be files otherwise.
func (dir) name(name string) string { return cleanName(name, "%2F", maxSegment) }

// facts: nothing is uploaded into a directory in parts.
func (dir) facts(context.Context, string) (action.Uploaded, bool, error) {
	return action.Uploaded{}, false, nil
}

func (dir) bucket(string) (bucket, key string, ok bool) { return "", "", false }

func (d dir) check(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := d.usable(); err != nil {
		return err
	}
	root, err := d.root()
	if err != nil {
		return err
	}
	defer root.Close()
	temp := tempPrefix + rand.Text()
	err = writeFile(root, temp, []byte("check\n"))
	if removed := root.Remove(temp); err == nil {
		err = removed
	}
	return hinted(err)
}

// root opens the directory, made now if it is not there.
func (d dir) root() (*os.Root, error) {
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return nil, hinted(err)
	}
	root, err := os.OpenRoot(string(d))
	if err != nil {
		return nil, hinted(err)
	}
	return root, nil
}

// makeDirs makes the directories of a path inside root; each is on the disk when it returns.
func makeDirs(root *os.Root, parent string) error {
	if parent == "." {
		return nil
	}
	if _, err := root.Stat(parent); err == nil {
		return nil
	}
	if err := makeDirs(root, path.Dir(parent)); err != nil {
		return err
	}
	if err := root.Mkdir(parent, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(root, path.Dir(parent))
}

func writeFile(root *os.Root, name string, content []byte) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func syncDir(root *os.Root, name string) error {
	f, err := root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// hinted adds what the user can do to an error of the file system's.
func hinted(err error) error {
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("%w (let this user write there, or name another directory with vault: in cordon.yaml)", err)
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%w (a part of the path is a file; name another path)", err)
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%w (make room and run the command again)", err)
	}
	return err
}
