package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"cordon/internal/casefile"
)

func (a *app) casesExport() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "export [CASE...]", Short: "Write a whole, verifiable copy of the cases, as JSON lines",
		Long: `Writes all that the store has about each case (all cases, unless some are named): findings with their documents, steps
with the state before, journal, suppressions, approvals; and who paused. Other processes may go on answering meanwhile.
The last line has the number of cases and the SHA-256 of all lines before. Evidence is in the vault, not in the copy.

The copy is as confidential as the store. cordon cases import takes it into the same store or another one.`,
		Example: `  cordon cases export -O cordon-2026-03-01.jsonl
  cordon cases export c-0123456789ab | gzip > case.jsonl.gz`,
		RunE: func(cmd *cobra.Command, ids []string) error {
			return a.withStore(cmd, func(store casefile.Store) error { return a.exportCases(cmd.Context(), store, ids, file) })
		},
	}
	cmd.Flags().StringVarP(&file, "out", "O", "", "the `file` to write, which must not be there yet; standard output if empty")
	return cmd
}

// exportedJSON is the answer of an export into a file.
type exportedJSON struct {
	File string `json:"file"`
	casefile.Archive
}

func (a *app) exportCases(ctx context.Context, store casefile.Store, ids []string, file string) error {
	if file == "" {
		buffered := bufio.NewWriter(a.Out)
		if _, err := writeArchive(ctx, store, ids, buffered); err != nil {
			_ = buffered.Flush()
			return err
		}
		return buffered.Flush()
	}
	end, err := writeWhole(file, func(w io.Writer) (casefile.Archive, error) { return writeArchive(ctx, store, ids, w) })
	if err != nil {
		return err
	}
	if a.json() {
		return a.printJSON(exportedJSON{file, end})
	}
	fmt.Fprintf(a.Out, "%d cases are in %s, SHA-256 %s.\nTake them back with: cordon cases import %s\n", end.Cases, line(file), end.SHA256, line(file))
	return nil
}

func writeArchive(ctx context.Context, store casefile.Store, ids []string, w io.Writer) (casefile.Archive, error) {
	out, err := casefile.NewArchiveWriter(w, time.Now())
	if err != nil {
		return casefile.Archive{}, err
	}
	var of []string // nil: every case
	seen := map[string]bool{}
	for _, id := range ids {
		if !seen[id] {
			of = append(of, id)
		}
		seen[id] = true
	}
	if err := store.Export(ctx, of, out.Add); err != nil {
		if errors.Is(err, casefile.ErrNotFound) {
			return casefile.Archive{}, usage("%w (cordon cases --all lists them)", err)
		}
		return casefile.Archive{}, err
	}
	if of == nil {
		pauses, err := store.Pauses(ctx)
		if err != nil {
			return casefile.Archive{}, err
		}
		if len(pauses) > 0 {
			if err := out.Pauses(pauses); err != nil {
				return casefile.Archive{}, err
			}
		}
	}
	return out.Close()
}

// writeWhole makes a file that is there when all of it is on the disk, for its owner alone (0600), and never in the place
// of another.
func writeWhole(path string, f func(io.Writer) (casefile.Archive, error)) (end casefile.Archive, err error) {
	if _, err := os.Lstat(path); err == nil {
		return end, usage("write %s: it is there already (name another file)", path)
	}
	out, err := os.CreateTemp(filepath.Dir(path), ".cordon-*.new")
	if err != nil {
		return end, usage("write %s: %w (name a file in a directory that this user can write)", path, err)
	}
	defer func() { _ = os.Remove(out.Name()) }()
	buffered := bufio.NewWriter(out)
	end, err = f(buffered)
	if err != nil {
		return end, errors.Join(err, out.Close())
	}
	err = errors.Join(buffered.Flush(), out.Sync(), out.Close())
	if err == nil {
		err = os.Link(out.Name(), path)
	}
	switch {
	case errors.Is(err, fs.ErrExist):
		return end, usage("write %s: it is there already (name another file)", path)
	case err != nil:
		return end, usage("write %s: %w (there is no copy)", path, err)
	}
	return end, nil
}
