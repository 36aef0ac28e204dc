package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"cordon/internal/casefile"
	"cordon/internal/engine"
)

func (a *app) release() *cobra.Command {
	var o engine.ReleaseOptions
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "release CASE",
		Short: "Put everything back as it was",
		Long: `Compares what was, what Cordon set and what is now, and puts Cordon's own changes back, the last first. What someone
else has changed since is a conflict: reported and left alone, unless --force. Evidence and snapshots are kept. With --dry-run it only
says what it would do. With --only the case stays, and says what it still holds; the actions are those that cordon show lists.
` + exitCodes,
		Args: exactly("CASE"),
		Example: `  cordon release c-0123456789ab --dry-run
  cordon release c-0123456789ab --only ec2.protect-stop,ec2.protect-termination`,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case cmd.Flags().Changed("only") && len(o.Only) == 0:
				return usage("--only names no action")
			case o.FalsePositive && len(o.Only) > 0:
				return usage("--only leaves the case open, so it is no false positive yet: leave one of both out")
			case dryRun:
				return a.planRelease(cmd, args[0], o)
			}
			return a.withEngine(cmd, func(ctx context.Context, e *engine.Engine, store casefile.Store) error {
				if err := readableCase(ctx, store, args[0]); err != nil {
					return err
				}
				c, err := e.Release(ctx, args[0], o)
				if err != nil {
					return noRelease(args[0], midway(err))
				}
				cj, err := withRecords(ctx, store, c)
				if err != nil {
					return err
				}
				if a.json() {
					err = a.printJSON(struct {
						Cases []caseJSON `json:"cases"`
					}{[]caseJSON{cj}})
				} else {
					a.printCase(cj)
				}
				if err == nil && c.Status != casefile.Released && (len(o.Only) == 0 || statusCode(c.Status) != exitDone) {
					return &exitError{code: exitPartial}
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&o.FalsePositive, "false-positive", false, "a false alarm: close the ticket, archive the finding, suppress its repeats for a time")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be put back, and what someone else has changed since; change nothing")
	cmd.Flags().StringSliceVar(&o.Only, "only", nil, "put back only what these `actions` have changed, separated by commas")
	cmd.Flags().BoolVar(&o.Force, "force", false, "put back also what someone else has changed since")
	cmd.Flags().BoolVar(&o.ReactivateKeys, "reactivate-keys", false, "also reactivate access keys (they were in someone else's hands: rotating them is better)")
	return cmd
}

func (a *app) verify() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "verify CASE | --all",
		Short: "Does containment still hold? Do the evidence hashes match?",
		Long: `Reads every change of the case back from AWS and computes the hash of every piece of evidence and of the manifest's
chain again. It changes nothing. Exit code 3: something has drifted, or evidence is not as it was. With --all it does so for every open
case that contains something, a few at once.
` + exitCodes,
		Args: func(c *cobra.Command, args []string) error {
			if !all {
				return exactly("CASE")(c, args)
			}
			if len(args) > 0 {
				return usage("--all verifies every case: leave %s out", line(args[0]))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withEngine(cmd, func(ctx context.Context, e *engine.Engine, store casefile.Store) error {
				if all {
					return a.verifyAll(ctx, e, store)
				}
				v, err := e.Verify(ctx, args[0])
				if err != nil {
					return noCase(args[0], err)
				}
				if err := a.printVerification(ctx, store, v); err != nil || v.Holds {
					return err
				}
				return &exitError{code: exitPartial}
			})
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every open case that contains something: one line each")
	return cmd
}

func (a *app) printVerification(ctx context.Context, store casefile.Store, v engine.Verification) error {
	if a.json() {
		cj, err := withRecords(ctx, store, v.Case)
		if err != nil {
			return err
		}
		return a.printJSON(verification{cj, v, ""})
	}
	s := newStyles(a.Out)
	fmt.Fprintf(a.Out, "%s  %s\n", s.strong.Render("Case "+v.Case.ID), s.status(string(v.Case.Status)))
	switch {
	case len(v.Checked) == 0:
		fmt.Fprintln(a.Out, "  no step of this case stands, so there is nothing to hold against the account")
	case len(v.Drift) == 0:
		fmt.Fprintf(a.Out, "  %s all %d steps that stand were read back: as they were set\n", s.good.Render("✓"), len(v.Checked))
	}
	for _, d := range v.Drift {
		a.wrapped("  "+s.bad.Render("✗")+" ", d.Action+": "+d.Text)
	}
	if len(v.Problems) == 0 {
		fmt.Fprintf(a.Out, "  %s %d pieces of evidence: hashes and chain match\n", s.good.Render("✓"), v.Evidence)
	}
	for _, p := range v.Problems {
		a.wrapped("  "+s.bad.Render("✗")+" ", "evidence "+p.Name+": "+p.Text)
	}
	for _, r := range v.Case.Residual {
		a.wrapped("  ! may still get through: ", r)
	}
	if len(v.Drift) > 0 && !v.Case.Releasing {
		fmt.Fprintln(a.Out, "\n  Next: answer the finding again (cordon respond FILE): it puts back what has drifted")
	}
	return nil
}

// withEngine opens the world for a verb that works on a case.
func (a *app) withEngine(cmd *cobra.Command, f func(context.Context, *engine.Engine, casefile.Store) error) error {
	return a.withEngineOf(cmd, engine.Options{}, f)
}

// withEngineOf is withEngine with options of the engine's own.
func (a *app) withEngineOf(cmd *cobra.Command, o engine.Options, f func(context.Context, *engine.Engine, casefile.Store) error) error {
	w, err := a.world(cmd.Context())
	if err != nil {
		return err
	}
	defer w.close()
	e, store, err := w.engine(cmd.Context(), a.progress(a.Err), o)
	if err != nil {
		return err
	}
	return f(cmd.Context(), e, store)
}

// withStore opens the store alone, for verbs that only read it.
func (a *app) withStore(cmd *cobra.Command, f func(casefile.Store) error) error {
	store, err := a.readStore(cmd.Context())
	if err != nil {
		return err
	}
	defer store.Close()
	return f(store)
}
