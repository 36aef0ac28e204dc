package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"cordon/internal/casefile"
)

func (a *app) casesImport() *cobra.Command {
	return &cobra.Command{
		Use: "import FILE|-", Short: "Take the cases of an export into the store", Args: exactly("FILE"),
		Long: `Takes cases from a file that cordon cases export wrote, each wholly or not at all. A file that is cut off or was changed is
refused before anything is written. What the store has already stays as it is: the same case changes nothing, another state
of a case is refused, and so is a second open case on one target; the others are taken.

Nothing is done in AWS: an imported case can be verified and released like any other.

Exit codes:
  0  every case is in the store
  1  internal error
  2  the file or the store cannot be used: nothing was written, or what was is whole (run it again)
  3  some cases were refused; the others are in the store`,
		Example: "  cordon cases import cordon-2026-03-01.jsonl\n  gunzip -c case.jsonl.gz | cordon cases import -",
		RunE: func(cmd *cobra.Command, args []string) error {
			file, end, err := a.openArchive(args[0])
			if file != nil {
				defer file.Close()
			}
			if err != nil {
				return err
			}
			return a.withStore(cmd, func(store casefile.Store) error { return a.importCases(cmd.Context(), store, args[0], file, end) })
		},
	}
}

// openArchive opens an export and reads it once, to its end: what is read again is known to be whole. Standard input is
// kept in a file that has no name.
func (a *app) openArchive(name string) (file *os.File, end casefile.Archive, err error) {
	if name != "-" {
		if file, err = os.Open(name); err != nil {
			return nil, end, usage("read cases: %w (FILE is what cordon cases export wrote, or - for standard input)", err)
		}
		if info, err := file.Stat(); err == nil && !info.Mode().IsRegular() {
			return file, end, usage("read cases: %s is no regular file (give it on standard input: cordon cases import -)", name)
		}
	} else {
		if file, err = os.CreateTemp("", "cordon-import-*"); err != nil {
			return nil, end, usage("read cases: %w (set TMPDIR)", err)
		}
		_ = os.Remove(file.Name())
		if _, err = io.Copy(file, a.In); err == nil {
			_, err = file.Seek(0, io.SeekStart)
		}
		if err != nil {
			return file, end, usage("read cases from standard input: %w (nothing was written)", err)
		}
	}
	end, err = casefile.ReadArchive(file, func(casefile.Snapshot) error { return nil }, func([]casefile.Entry) error { return nil })
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return file, end, usage("read cases %s: %w; nothing was written", name, err)
	}
	return file, end, nil
}

// importedJSON is the answer of an import.
type importedJSON struct {
	Imported  []string      `json:"imported"`  // ids
	Unchanged []string      `json:"unchanged"` // ids of those that the store had already
	Refused   []refusedJSON `json:"refused"`
	Pauses    bool          `json:"pauses"` // pauses or resumptions were taken
	casefile.Archive
}

type refusedJSON struct {
	Case   string `json:"case"` // "" for the pauses
	Reason string `json:"reason"`
}

func (a *app) importCases(ctx context.Context, store casefile.Store, name string, file *os.File, end casefile.Archive) error {
	out := importedJSON{Imported: []string{}, Unchanged: []string{}, Refused: []refusedJSON{}, Archive: end}
	again, err := casefile.ReadArchive(file, func(s casefile.Snapshot) error {
		written, err := store.Import(ctx, s)
		var differs *casefile.DiffersError
		var taken *casefile.TakenError
		switch {
		case errors.As(err, &differs):
			out.Refused = append(out.Refused, refusedJSON{s.Case.ID, differs.Error()})
		case errors.As(err, &taken):
			out.Refused = append(out.Refused, refusedJSON{s.Case.ID, taken.Error()})
		case err != nil:
			return err
		case written:
			out.Imported = append(out.Imported, s.Case.ID)
		default:
			out.Unchanged = append(out.Unchanged, s.Case.ID)
		}
		return nil
	}, func(entries []casefile.Entry) (err error) {
		out.Pauses, err = store.ImportPauses(ctx, entries)
		var other *casefile.OtherPausesError
		if errors.As(err, &other) {
			out.Refused = append(out.Refused, refusedJSON{"", other.Error()})
			return nil
		}
		return err
	})
	if err == nil && again != end {
		err = fmt.Errorf("read cases %s: it was changed meanwhile", name)
	}
	if err != nil {
		return fmt.Errorf("%w (%d cases of the file are in the store, each wholly; mend that and run the same command again)",
			err, len(out.Imported)+len(out.Unchanged))
	}
	return a.printImported(out)
}

func (a *app) printImported(out importedJSON) error {
	if a.json() {
		if err := a.printJSON(out); err != nil {
			return err
		}
	} else {
		for _, r := range out.Refused {
			a.wrapped("REFUSED  ", r.Reason)
		}
		pauses := ""
		if out.Pauses {
			pauses = " The pauses were taken too: cordon cases says whether one is in force."
		}
		fmt.Fprintf(a.Out, "%d cases imported, %d were there already, %d refused.%s\n", len(out.Imported), len(out.Unchanged), len(out.Refused), pauses)
	}
	if len(out.Refused) > 0 {
		return &exitError{code: exitPartial}
	}
	return nil
}
