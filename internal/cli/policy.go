package cli

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cordon/internal/config"
	"cordon/internal/policytest"
)

func (a *app) policy() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "The policy of cordon.yaml: list it, test it",
		Args:  noVerb,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "test FILE",
		Short: "Hold the policy against cases of your own; no AWS call",
		Long: `Runs the cases in FILE: findings, and what the policy of --config is expected to say of them. Exit code 3 when one differs.

  cases:
    - name: a probe of the web servers is only looked at
      finding: {type: Recon:EC2/PortProbeUnprotectedPort, severity: 2, role: target}
      expect: observe
    - name: production is never cut off without a yes
      file: findings/ec2-c2.json
      tags: {env: production}
      expect: {outcome: approve, rule: production}
` + exitCodes,
		Example: "  cordon --config cordon.yaml policy test policy-test.yaml",
		Args:    exactly("FILE"),
		RunE:    func(_ *cobra.Command, args []string) error { return a.runPolicyTest(args[0]) },
	}, &cobra.Command{
		Use:   "list",
		Short: "The rules in their order, and the exemptions with their ends; no AWS call",
		Args:  exactly(),
		RunE:  func(*cobra.Command, []string) error { return a.runPolicyList(time.Now()) },
	})
	return cmd
}

func (a *app) runPolicyTest(file string) error {
	conf, err := a.settings()
	if err != nil {
		return err
	}
	cases, err := policytest.Read(file)
	if err != nil {
		return usage("%w", err)
	}
	results, err := cases.Run(conf, filepath.Dir(file), time.Now())
	if err != nil {
		return usage("%w", err)
	}
	failed := 0
	for _, r := range results {
		if !r.OK {
			failed++
		}
	}
	if a.json() {
		err = a.printJSON(struct {
			Results []policytest.Result `json:"results"`
			Failed  int                 `json:"failed"`
		}{results, failed})
	} else {
		a.printPolicyTest(results, failed)
	}
	if err != nil || failed == 0 {
		return err
	}
	return &exitError{code: exitPartial}
}

func (a *app) printPolicyTest(results []policytest.Result, failed int) {
	s := newStyles(a.Out)
	for _, r := range results {
		if r.OK {
			fmt.Fprintf(a.Out, "  %s %s\n", s.good.Render("ok  "), line(r.Case))
			continue
		}
		fmt.Fprintf(a.Out, "  %s %s\n", s.bad.Render("DIFF"), line(r.Case))
		fmt.Fprintf(a.Out, "       target  %s\n", line(r.Target.String()))
		fmt.Fprintf(a.Out, "       - want  %s\n", line(outcome(r.Want.Outcome, r.Want.Rule)))
		fmt.Fprintf(a.Out, "       + have  %s\n", line(outcome(string(r.Decision.Outcome), r.Decision.Rule)))
		a.wrapped("       because ", r.Decision.Reason)
		for _, n := range r.Decision.Nearly {
			a.wrapped("       nearly  ", n.Rule+": "+n.Why)
		}
	}
	fmt.Fprintf(a.Out, "\n%d decisions, %d differ\n", len(results), failed)
}

func outcome(what, rule string) string {
	if rule == "" {
		return what
	}
	return what + " (rule " + rule + ")"
}

// policyList is the JSON of cordon policy list.
type policyList struct {
	Builtin    config.Builtin    `json:"builtin"`
	Rules      []listedRule      `json:"rules"`
	Exemptions []listedExemption `json:"exemptions"`
	ExemptTag  string            `json:"exempt_tag"`
}

type listedRule struct {
	Name   string      `json:"name"`
	Then   config.Then `json:"then"`
	Match  []string    `json:"match"` // the conditions, for people
	Reason string      `json:"reason,omitempty"`
}

type listedExemption struct {
	Of      []string    `json:"of"` // the conditions, for people
	Reason  string      `json:"reason"`
	Until   config.Date `json:"until,omitempty"`
	Expired bool        `json:"expired"`
}

func (a *app) runPolicyList(now time.Time) error {
	conf, err := a.settings()
	if err != nil {
		return err
	}
	p := conf.Policy
	out := policyList{Builtin: p.Builtin, Rules: []listedRule{}, Exemptions: []listedExemption{}, ExemptTag: p.ExemptTag}
	for _, r := range p.Rules {
		out.Rules = append(out.Rules, listedRule{r.Name, r.Then, r.Conditions(), r.Reason})
	}
	for _, e := range p.Exemptions {
		out.Exemptions = append(out.Exemptions, listedExemption{e.Conditions(), e.Reason, e.Until, e.Until.Past(now)})
	}
	if a.json() {
		return a.printJSON(out)
	}
	s := newStyles(a.Out)
	fmt.Fprintln(a.Out, s.strong.Render("Rules, the first that matches decides:"))
	for i, r := range out.Rules {
		fmt.Fprintf(a.Out, "  %d. %s: %s\n", i+1, line(r.Name), r.Then)
		a.wrapped("       ", strings.Join(r.Match, "; "))
		if r.Reason != "" {
			a.wrapped("       because ", r.Reason)
		}
	}
	fmt.Fprintf(a.Out, "  %d. else the built-in policy %q\n", len(out.Rules)+1, out.Builtin)
	fmt.Fprintf(a.Out, "\n%s\n", s.strong.Render("Never touched:"))
	if out.ExemptTag != "" {
		fmt.Fprintf(a.Out, "  - what carries the tag %s with a reason\n", line(out.ExemptTag))
	}
	for _, e := range out.Exemptions {
		a.wrapped("  - ", strings.Join(e.Of, "; ")+": "+e.Reason+ends(e))
	}
	return nil
}

func ends(e listedExemption) string {
	switch {
	case e.Expired:
		return " (ENDED on " + string(e.Until) + ", it does not count any more)"
	case e.Until != "":
		return " (until " + string(e.Until) + ")"
	default:
		return " (for good)"
	}
}
