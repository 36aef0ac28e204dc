package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"cordon/internal/casefile"
	"cordon/internal/engine"
)

func (a *app) cases() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: "cases", Short: "List the cases, newest first", Args: exactly(),
		Example: "  cordon cases --all -o json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd, func(store casefile.Store) error { return a.listCases(cmd, store, all) })
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "released cases too")
	cmd.AddCommand(a.casesExport(), a.casesImport())
	return cmd
}

func (a *app) listCases(cmd *cobra.Command, store casefile.Store, all bool) error {
	cases, err := store.Cases(cmd.Context(), casefile.Filter{})
	if err != nil {
		return err
	}
	out := struct {
		Cases  []caseJSON  `json:"cases"`
		Paused *pausedJSON `json:"paused,omitempty"`
	}{Cases: []caseJSON{}}
	stopped, err := paused(cmd.Context(), store)
	if err != nil {
		return err
	}
	if stopped.Paused {
		out.Paused = &stopped
	}
	for _, c := range cases {
		if c.Status == casefile.Released && !all {
			continue
		}
		cj, err := withRecords(cmd.Context(), store, c)
		if err != nil {
			return err
		}
		out.Cases = append(out.Cases, cj)
	}
	if a.json() {
		return a.printJSON(out)
	}
	a.sayPaused(stopped)
	if len(out.Cases) == 0 {
		fmt.Fprintln(a.Out, "No open cases. Answer a finding with: cordon respond FILE")
		return nil
	}
	fmt.Fprintf(a.Out, "%-14s  %-11s  %-30s  %4s  %9s\n", "CASE", "STATUS", "TARGET", "AGE", "CONTAINED")
	s := newStyles(a.Out)
	for _, c := range out.Cases {
		contained := "-"
		if c.ContainedAfterMS != nil {
			contained = took(time.Duration(*c.ContainedAfterMS) * time.Millisecond)
		}
		status := s.status(pad(cut(string(c.Status), 11), 11))
		fmt.Fprintf(a.Out, "%-14s  %s  %-30s  %4s  %9s\n", c.ID, status, cut(line(c.Target.ID), 30), age(time.Since(c.Opened)), contained)
		if lines := approvalLines(c); c.Status == casefile.AwaitingApproval && len(lines) > 0 {
			a.wrapped("                ", lines[0])
		}
		if c.Status == casefile.Failed || c.Status == casefile.Partial || c.Status == casefile.AwaitingApproval {
			a.wrapped("                ", c.Reason)
		}
	}
	return nil
}

// age is a duration in one unit: "42s", "3h", "12d".
func age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	default:
		return fmt.Sprintf("%dd", int(d.Hours()/24))
	}
}

func (a *app) show() *cobra.Command {
	var journal bool
	cmd := &cobra.Command{
		Use: "show CASE", Short: "Show a case: steps, residual paths, evidence", Args: exactly("CASE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withStore(cmd, func(store casefile.Store) error { return a.showCase(cmd, store, args[0], journal) })
		},
	}
	cmd.Flags().BoolVar(&journal, "journal", false, "also every event of the case, with who caused it")
	return cmd
}

func (a *app) showCase(cmd *cobra.Command, store casefile.Store, id string, journal bool) error {
	c, err := store.Case(cmd.Context(), id)
	if err != nil {
		return noCase(id, err)
	}
	out := struct {
		caseJSON
		Journal []casefile.Entry   `json:"journal"`
		Plan    []engine.AskedStep `json:"plan,omitempty"` // what people are asked about
	}{}
	if out.caseJSON, err = withRecords(cmd.Context(), store, c); err != nil {
		return err
	}
	if out.Journal, err = store.Journal(cmd.Context(), id); err != nil {
		return err
	}
	if c.Status == casefile.AwaitingApproval && c.Approval != nil {
		if out.Plan, err = a.askedPlan(cmd.Context(), c); err != nil {
			fmt.Fprintln(a.Err, "cordon: read the plan that is asked about: "+sentence(err))
		}
	}
	if a.json() {
		return a.printJSON(out)
	}
	a.printCase(out.caseJSON)
	a.printAsked(out.Plan)
	if journal {
		fmt.Fprintln(a.Out, "\n  Journal:")
		for _, e := range out.Journal {
			text := e.Text
			if e.To != "" {
				text = fmt.Sprintf("%s → %s  %s", e.From, e.To, e.Text)
			}
			a.wrapped(fmt.Sprintf("  %s  %-9s ", e.At.UTC().Format(time.DateTime), line(e.Event)), text+"  by "+e.By)
		}
	}
	return nil
}

// noCase turns the store's "not found" into a usage error with a hint.
func noCase(id string, err error) error {
	if errors.Is(err, casefile.ErrNotFound) {
		return usage("there is no case %q (cordon cases --all lists them)", id)
	}
	return err
}
