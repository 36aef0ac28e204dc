package cli

import (
	"context"
	"fmt"

	"cordon/internal/casefile"
	"cordon/internal/engine"
)

// askedPlan reads the plan that people are asked about from the evidence.
func (a *app) askedPlan(ctx context.Context, c casefile.Case) ([]engine.AskedStep, error) {
	w, err := a.world(ctx)
	if err != nil {
		return nil, err
	}
	defer w.close()
	v, err := w.vault()
	if err != nil {
		return nil, err
	}
	return engine.New(engine.Options{Vault: v}).AskedPlan(ctx, c)
}

// printAsked prints the plan that people are asked about.
func (a *app) printAsked(steps []engine.AskedStep) {
	if len(steps) == 0 {
		return
	}
	s := newStyles(a.Out)
	fmt.Fprintln(a.Out, "\n  The plan:")
	for _, step := range steps {
		switch {
		case step.Unknown:
			fmt.Fprintf(a.Out, "  %s %s\n", s.bad.Render("!"), step.Action)
			a.wrapped("      ", "could not be planned: its target could not be read")
		case step.Nothing:
			fmt.Fprintf(a.Out, "  %s %s\n", s.dim.Render("="), step.Action)
		case len(step.Changes) == 0:
			fmt.Fprintf(a.Out, "  %s %s\n", s.good.Render("+"), step.Action)
		default:
			fmt.Fprintf(a.Out, "  %s %s\n", s.warn.Render("~"), step.Action)
			for _, d := range step.Changes {
				a.wrapped("      ", d.Part+"  "+compact(d.Have)+" → "+compact(d.Want))
			}
		}
	}
}
