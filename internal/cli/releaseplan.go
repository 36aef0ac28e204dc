package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"cordon/internal/actions"
	"cordon/internal/casefile"
	"cordon/internal/cloud"
	"cordon/internal/engine"
)

// planRelease prints what a release would put back. Its clients refuse every call that could change something.
func (a *app) planRelease(cmd *cobra.Command, id string, o engine.ReleaseOptions) error {
	return a.withStore(cmd, func(store casefile.Store) error {
		w, err := a.world(cmd.Context())
		if err != nil {
			return err
		}
		defer w.close()
		e := engine.New(engine.Options{
			Actions: actions.Catalog(), Store: store, Config: w.conf, Clients: w.accounts(cloud.ReadOnly).Clients,
		})
		p, err := e.PlanRelease(cmd.Context(), id, o)
		if err != nil {
			return noRelease(id, err)
		}
		if a.json() {
			err = a.printJSON(struct {
				Case   string          `json:"case"`
				Status casefile.Status `json:"status"`
				engine.ReleasePlan
			}{p.Case.ID, p.Case.Status, p})
		} else {
			a.printReleasePlan(p, o)
		}
		switch {
		case err != nil:
			return err
		case p.Total.Errors > 0:
			return &exitError{code: exitFailed}
		case p.Total.Conflicts > 0:
			return &exitError{code: exitPartial}
		default:
			return nil
		}
	})
}

func (a *app) printReleasePlan(p engine.ReleasePlan, o engine.ReleaseOptions) {
	s := newStyles(a.Out)
	fmt.Fprintf(a.Out, "\n%s  %s\n", s.strong.Render("Release of case "+p.Case.ID), s.status(string(p.Case.Status)))
	fmt.Fprintf(a.Out, "  target   %s\n\n", line(p.Case.Target.String()))
	for _, step := range p.Steps {
		switch {
		case step.Error != "":
			fmt.Fprintf(a.Out, "  %s %s\n", s.bad.Render("!"), step.Action)
			a.wrapped("      ", "cannot be planned: "+step.Error)
		case len(step.Back)+len(step.Conflicts) == 0:
			fmt.Fprintf(a.Out, "  %s %s\n", s.dim.Render("="), step.Action)
		default:
			fmt.Fprintf(a.Out, "  %s %s\n", s.warn.Render("~"), step.Action)
		}
		for _, d := range step.Back {
			a.wrapped("      ", d.Part+"  "+compact(d.Have)+" → "+compact(d.Want))
		}
		for _, d := range step.Conflicts {
			a.wrapped("      CONFLICT ", d.Part+"  is "+compact(d.Have)+", which someone else has set; before it was "+compact(d.Want))
		}
		if step.Reason != "" {
			a.wrapped("      ", step.Reason)
		}
	}
	if len(p.Steps) == 0 {
		fmt.Fprintln(a.Out, "  The case holds nothing that could be put back.")
	}
	if len(p.Held) > 0 {
		a.wrapped("\n  Still held then: ", strings.Join(p.Held, ", "))
	}
	fmt.Fprintf(a.Out, "\n  %d changes, %d conflicts. Nothing was changed.", p.Total.Changes, p.Total.Conflicts)
	if p.Total.Conflicts > 0 && !o.Force {
		fmt.Fprint(a.Out, " Conflicts are left alone unless --force is given.")
	}
	fmt.Fprintln(a.Out)
}

// noRelease turns the errors of a release that was asked for wrongly into usage errors.
func noRelease(id string, err error) error {
	var unknown *engine.UnknownActionError
	var stands *engine.StandsOnError
	switch {
	case errors.As(err, &unknown):
		if meant := nearest(unknown.Action, unknown.Held); meant != "" {
			return usage("%v; did you mean %s?", unknown, meant)
		}
		return usage("%v", unknown)
	case errors.As(err, &stands):
		return usage("%v", stands)
	default:
		return noCase(id, err)
	}
}
