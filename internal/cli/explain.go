package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"cordon/internal/config"
	"cordon/internal/finding"
	"cordon/internal/playbook"
	"cordon/internal/policy"
)

// explanation is what explain says of one target.
type explanation struct {
	Finding  string          `json:"finding,omitempty"`
	Type     string          `json:"type"`
	Severity float64         `json:"severity,omitempty"`
	Sample   bool            `json:"sample"`
	Target   *finding.Target `json:"target,omitempty"`
	Kind     finding.Kind    `json:"kind"`
	Decision policy.Decision `json:"decision"`
	Steps    []string        `json:"steps"`
	NotYet   []string        `json:"not_yet_supported"`
	Notes    []string        `json:"notes"`
}

func (a *app) explain() *cobra.Command {
	return &cobra.Command{
		Use:   "explain FILE|TYPE",
		Short: "Which rule and playbook would answer, and why; no AWS call",
		Example: `  cordon explain finding.json
  cordon explain 'CryptoCurrency:EC2/BitcoinTool.B!DNS'`,
		Args: exactly("FILE|TYPE"),
		RunE: func(_ *cobra.Command, args []string) error { return a.runExplain(args[0]) },
	}
}

func (a *app) runExplain(what string) error {
	conf, err := a.settings()
	if err != nil {
		return err
	}
	out := struct {
		Explanations []explanation `json:"explanations"`
	}{[]explanation{}}
	var bad error
	if _, err := os.Stat(what); what != "-" && errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(what, ":/") && !strings.HasSuffix(what, ".json") {
		x, err := explainType(what, conf)
		if err != nil {
			return err
		}
		out.Explanations = append(out.Explanations, x)
	} else {
		var findings []finding.Finding
		findings, bad = a.input(what)
		for _, f := range findings {
			out.Explanations = append(out.Explanations, explainFinding(f, conf)...)
		}
	}
	if a.json() {
		if err := a.printJSON(out); err != nil {
			return err
		}
		return bad
	}
	for _, x := range out.Explanations {
		a.printExplanation(x)
	}
	return bad
}

func explainType(name string, conf config.Config) (explanation, error) {
	if !finding.Known(name) {
		return explanation{}, &exitError{code: exitInput, err: fmt.Errorf("%q is neither a file nor a finding type of a known family (for example Backdoor:EC2/C&CActivity.B); a finding of this type would be answered by its resourceType", name)}
	}
	kind := finding.Classify(name)
	return explain(finding.Finding{Type: name}, finding.Target{Kind: kind}, conf), nil
}

func explainFinding(f finding.Finding, conf config.Config) (out []explanation) {
	targets := f.Targets
	if len(targets) == 0 {
		x := explain(f, finding.Target{Kind: f.Kind}, conf)
		x.Notes = append(x.Notes, "the finding names no target")
		return []explanation{x}
	}
	for _, t := range targets {
		x := explain(f, t, conf)
		x.Target = &t
		out = append(out, x)
	}
	return out
}

func explain(f finding.Finding, t finding.Target, conf config.Config) explanation {
	x := explanation{
		Finding: f.ID, Type: f.Type, Severity: f.Severity, Sample: f.Sample, Kind: t.Kind, Decision: policy.Decide(f, t, conf),
		Steps: []string{}, NotYet: []string{}, Notes: append([]string{}, f.Notes...),
	}
	if x.Decision.Outcome != policy.Contain {
		return x
	}
	p, _ := playbook.For(playbook.Subject{Target: t, Config: conf})
	for _, s := range playbook.Steps(p.Root) {
		x.Steps = append(x.Steps, s.Action)
	}
	x.NotYet = append(x.NotYet, p.NotYet...)
	return x
}

func (a *app) printExplanation(x explanation) {
	s := newStyles(a.Out)
	fmt.Fprintf(a.Out, "\n%s\n", s.strong.Render(line(x.Type)))
	if x.Target != nil {
		fmt.Fprintf(a.Out, "  target    %s\n", line(x.Target.String()))
	} else {
		fmt.Fprintf(a.Out, "  kind      %s\n", orNone(string(x.Kind)))
	}
	fmt.Fprintf(a.Out, "  outcome   %s (rule %s)\n", x.Decision.Outcome, x.Decision.Rule)
	a.wrapped("  because   ", x.Decision.Reason)
	if len(x.Steps) > 0 {
		a.wrapped("  playbook  ", x.Decision.Playbook+": "+strings.Join(x.Steps, ", "))
	}
	if len(x.NotYet) > 0 {
		a.wrapped("  not yet   ", strings.Join(x.NotYet, ", ")+" (not supported yet)")
	}
	for _, n := range x.Notes {
		a.wrapped("  note      ", n)
	}
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
