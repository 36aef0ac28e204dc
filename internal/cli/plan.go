package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"cordon/internal/actions"
	"cordon/internal/casefile"
	"cordon/internal/cloud"
	"cordon/internal/engine"
	"cordon/internal/finding"
	"cordon/internal/policy"
)

func (a *app) plan() *cobra.Command {
	return &cobra.Command{
		Use:   "plan FILE|-",
		Short: "What would be done, from the account's present state; changes nothing",
		Long: `Reads the account and prints every change that respond would make, before → after, with the calls it would make. The
clients it uses refuse every call that could change something.
` + exitCodes,
		Args: exactly("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runPlan(cmd, args[0]) },
	}
}

func (a *app) runPlan(cmd *cobra.Command, file string) error {
	findings, bad := a.input(file)
	if len(findings) == 0 {
		return bad
	}
	w, err := a.world(cmd.Context())
	if err != nil {
		return err
	}
	defer w.close()
	e := engine.New(engine.Options{Actions: actions.Catalog(), Config: w.conf, Clients: w.accounts(cloud.ReadOnly).Clients})
	out := struct {
		Plans []engine.Plan `json:"plans"`
	}{[]engine.Plan{}}
	code := codeOf(bad)
	for _, f := range findings {
		plans, err := e.Plan(cmd.Context(), f)
		if err != nil {
			code = worst(code, a.sayError(err))
		}
		for _, p := range plans {
			for _, s := range p.Steps {
				if s.Error != "" {
					code = worst(code, exitFailed)
				}
			}
		}
		for i := range plans {
			plans[i].OpenCase = w.openCase(cmd.Context(), plans[i].Target)
		}
		out.Plans = append(out.Plans, plans...)
	}
	if a.json() {
		err = a.printJSON(out)
	} else {
		for _, p := range out.Plans {
			a.printPlan(p)
		}
	}
	if err != nil || code == exitDone {
		return err
	}
	return &exitError{code: code}
}

// openCase is the id of the target's open case, "" for none. A store that is not there is not made for a plan.
func (w *world) openCase(ctx context.Context, t finding.Target) string {
	u, err := url.Parse(w.conf.Store)
	if err != nil {
		return ""
	}
	if _, err := os.Stat(u.Path); err != nil && u.Scheme == "sqlite" {
		return ""
	}
	store, err := openStore(ctx, w.conf, w.config)
	if err != nil {
		return ""
	}
	defer store.Close()
	cases, err := store.Cases(ctx, casefile.Filter{Target: &t, Limit: 1})
	if err != nil || len(cases) == 0 || cases[0].Status == casefile.Released {
		return ""
	}
	return cases[0].ID
}

func (a *app) printPlan(p engine.Plan) {
	s := newStyles(a.Out)
	fmt.Fprintf(a.Out, "\n%s %s\n", s.strong.Render("Plan for"), line(p.Target.String()))
	fmt.Fprintf(a.Out, "  finding  %s\n", line(p.Type))
	a.wrapped("  outcome  ", string(p.Decision.Outcome)+": "+p.Decision.Reason)
	if p.OpenCase != "" {
		a.wrapped("  note     ", "case "+p.OpenCase+" is open on this target: respond puts back only what has drifted since; what follows is what it would do without that case")
	}
	if p.Decision.Outcome == policy.Approve {
		a.wrapped("  note     ", "nothing of what follows is done before a person has said yes")
	} else if p.Decision.Outcome != policy.Contain {
		return
	}
	for _, c := range p.Concerns {
		label := "  note     "
		if c.Ask {
			label = "  ASKS     "
		}
		a.wrapped(label, c.Text)
	}
	fmt.Fprintln(a.Out)
	changes := 0
	for _, step := range p.Steps {
		switch {
		case step.Error != "":
			fmt.Fprintf(a.Out, "  %s %s\n", s.bad.Render("!"), step.Action)
			a.wrapped("      ", "cannot be planned: "+step.Error)
		case step.Reason != "":
			fmt.Fprintf(a.Out, "  %s %s\n", s.dim.Render("="), step.Action)
			a.wrapped("      ", step.Reason)
		case len(step.Calls) == 0:
			fmt.Fprintf(a.Out, "  %s %s\n", s.good.Render("+"), step.Action)
			a.wrapped("      ", "reads, and keeps what it read as evidence")
		default:
			fmt.Fprintf(a.Out, "  %s %s\n", s.warn.Render("~"), step.Action)
			for _, d := range step.Parts {
				changes++
				a.wrapped("      ", d.Part+"  "+compact(d.Have)+" → "+compact(d.Want))
			}
			a.wrapped("      calls: ", strings.Join(step.Calls, ", "))
		}
	}
	fmt.Fprintf(a.Out, "\n  %d changes. Nothing was changed. To do it: cordon respond\n", changes)
}

// compact is a state for people: JSON without quotes around plain words.
func compact(raw json.RawMessage) string {
	if raw == nil {
		return "(absent)"
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		if text == "" {
			return "(none)"
		}
		return line(text)
	}
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return line(string(raw))
	}
	return cut(line(strings.ReplaceAll(b.String(), `"`, "")), 400)
}
