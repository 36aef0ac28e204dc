package awssim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// disk keeps an account's state in a directory that several processes may share: one file, replaced whole, under
// an advisory lock that is held for the length of one call. The lock file holds the generation of the state file. It is
// raised first: a process that is killed between both leaves an old state that everybody reads again, and no new one
// that those who know the old one would write over.
type disk struct {
	dir string
	gen int // the generation in memory; 0 before the first save, unread where the state has to be read again
}

const unread = -1

// Open is New with the state kept in dir, which is made when missing; created says that it held no account yet.
func Open(dir string, opts Options) (a *Account, created bool, err error) {
	return open(dir, opts, nil)
}

// OpenWith is Open where a new account is filled before any other process sees it.
func OpenWith(dir string, opts Options, fill func(*Account) error) (*Account, error) {
	a, _, err := open(dir, opts, fill)
	return a, err
}

func open(dir string, opts Options, fill func(*Account) error) (a *Account, created bool, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, false, fmt.Errorf("make sandbox %s: %w", dir, err)
	}
	a = New(opts)
	a.disk = &disk{dir: dir}
	err = a.locked(func() (bool, error) {
		_, err := os.Stat(a.disk.file())
		if created = errors.Is(err, fs.ErrNotExist); !created || fill == nil {
			return created, nil
		}
		blank := New(opts)
		if err := fill(blank); err != nil {
			return false, err
		}
		a.st = blank.st
		return true, nil
	})
	if err != nil {
		return nil, false, err
	}
	return a, created, nil
}

func (d *disk) file() string { return filepath.Join(d.dir, "account.json") }

func (d *disk) exclusive(a *Account, f func() (bool, error)) error {
	lock, err := os.OpenFile(filepath.Join(d.dir, "account.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open sandbox %s: %w", d.dir, err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("lock sandbox %s: %w", d.dir, err)
	}
	gen, err := generation(lock)
	if err != nil {
		return fmt.Errorf("read sandbox %s: %w (delete the directory to start anew)", lock.Name(), err)
	}
	if gen != d.gen {
		if err := d.load(a); err != nil {
			return err
		}
		d.gen = gen
	}
	changed, err := f()
	if !changed || err != nil {
		return err
	}
	d.gen = unread // unless all goes well
	if _, err := lock.WriteAt(fmt.Appendf(nil, "%020d", gen+1), 0); err != nil {
		return fmt.Errorf("write sandbox %s: %w", d.dir, err)
	}
	if err := d.save(a.st); err != nil {
		return err
	}
	d.gen = gen + 1
	return nil
}

// generation reads the lock file; an empty one is generation 0.
func generation(lock *os.File) (int, error) {
	raw, err := io.ReadAll(lock)
	if err != nil || len(raw) == 0 {
		return 0, err
	}
	return strconv.Atoi(string(raw))
}

func (d *disk) load(a *Account) error {
	raw, err := os.ReadFile(d.file())
	if errors.Is(err, fs.ErrNotExist) { // killed before the first one was there
		a.st = newState(a.opts.AccountID, a.opts.Partition)
		return nil
	}
	if err != nil {
		return fmt.Errorf("read sandbox %s: %w", d.dir, err)
	}
	st := newState(a.opts.AccountID, a.opts.Partition)
	err = json.Unmarshal(raw, st)
	if err == nil {
		err = st.sound()
	}
	if err != nil {
		return fmt.Errorf("read sandbox %s: %w (delete the directory to start anew)", d.file(), err)
	}
	a.st = st
	return nil
}

func (d *disk) save(st *state) error {
	raw, err := json.MarshalIndent(st, "", " ")
	if err != nil {
		return fmt.Errorf("encode sandbox %s: %w", d.dir, err)
	}
	tmp := d.file() + ".new"
	if err := os.WriteFile(tmp, raw, 0o600); err != nil {
		return fmt.Errorf("write sandbox %s: %w", d.dir, err)
	}
	if err := os.Rename(tmp, d.file()); err != nil {
		return fmt.Errorf("write sandbox %s: %w", d.dir, err)
	}
	return nil
}
