package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"

	"cordon/internal/casefile/sqlite"
)

// enoughRoom is how many bytes a machine should have left for its cases: a case with its states and documents takes about
// 200 KB, and a full disk stops every response before its first change.
const enoughRoom = 256 << 20

// checkFile looks at the file of a store on this machine: whether it is whole, and has room to grow. One that is not there
// yet is made by the first case.
func checkFile(ctx context.Context, p *patient) ([]Result, error) {
	u, err := url.Parse(p.Config.Store)
	if err != nil || u.Scheme != "sqlite" {
		return nil, nil
	}
	r := Result{Check: "store.file", Severity: OK, Subject: u.Path}
	h, err := sqlite.Examine(ctx, u.Path)
	const restore = "move it away with its -wal and -shm, then put back a copy, or: cordon cases import EXPORT"
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case ctx.Err() != nil:
		return nil, err
	case err != nil:
		r.Severity, r.Found, r.Remedy = Problem, "the file cannot be used: "+err.Error(), restore
	case len(h.Damage) > 0:
		r.Severity, r.Found = Problem, "the file is damaged: "+strings.Join(h.Damage, "; ")
		r.Remedy = "cordon cases export -O FILE saves what can still be read; " + restore
	case h.Free < enoughRoom:
		r.Severity, r.Found = Warning, fmt.Sprintf("the file is whole, and its disk has %d MB left: when it is full, nothing can be answered", h.Free>>20)
		r.Remedy = "make room, or set store to a file on another disk"
	default:
		r.Found = fmt.Sprintf("the file is whole (%d KB), and its disk has %d MB left", h.Bytes>>10, h.Free>>20)
	}
	return one(r)
}
