package sqlite

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Health is what Examine found out about a store's file.
type Health struct {
	Bytes  int64    // of the file and its log
	Free   uint64   // bytes that this user may still write on its disk
	Damage []string // what SQLite's quick check found, in its words; none: nothing
}

// Examine looks at the store in a file without changing it: the file is read whole. fs.ErrNotExist where there is none yet;
// *casefile.BrokenError where it is too damaged to look at.
func Examine(ctx context.Context, path string) (h Health, err error) {
	if h, err = examine(ctx, path); err != nil {
		return h, fmt.Errorf("examine %w", explain(ctx, path, err))
	}
	return h, nil
}

func examine(ctx context.Context, path string) (h Health, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return h, err
	}
	h.Bytes = info.Size()
	if log, err := os.Stat(path + "-wal"); err == nil {
		h.Bytes += log.Size()
	}
	var disk syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(path), &disk); err != nil {
		return h, err
	}
	h.Free = disk.Bavail * uint64(disk.Bsize) //nolint:gosec // a block's size is above 0
	abs, err := filepath.Abs(path)
	if err != nil {
		return h, err
	}
	db, err := pool(abs, 1, "mode=ro")
	if err != nil {
		return h, err
	}
	defer func() { _ = db.Close() }()
	if _, err := version(ctx, db, len(schema)); err != nil {
		return h, err
	}
	found, err := list(ctx, db, scanID, "PRAGMA quick_check(20)")
	if err != nil {
		return h, err
	}
	if len(found) != 1 || found[0] != "ok" {
		h.Damage = found
	}
	return h, nil
}
