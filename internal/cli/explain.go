package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

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
	Notes    []string        `json:"notes"`
}

func (a *app) explain() *cobra.Command {
	severity := "high"
	cmd := &cobra.Command{
		Use:   "explain FILE|TYPE",
		Short: "Which rule and playbook would answer, and why; no AWS call",
		Long: `Says which rule of the policy decides, which ones nearly did and why they did not, and which steps would run. It makes no
AWS call: tags are those that the finding carries, where respond reads the target's own.
` + exitCodes,
		Example: `  cordon explain finding.json
  cordon explain 'CryptoCurrency:EC2/BitcoinTool.B!DNS' --severity medium`,
		Args: exactly("FILE|TYPE"),
		RunE: func(_ *cobra.Command, args []string) error { return a.runExplain(args[0], severity) },
	}
	cmd.Flags().StringVar(&severity, "severity", severity, "of a TYPE: low, medium, high, critical, or a number from 0 to 10")
	return cmd
}

func (a *app) runExplain(what, severity string) error {
	conf, err := a.settings()
	if err != nil {
		return err
	}
	out := struct {
		Explanations []explanation `json:"explanations"`
	}{[]explanation{}}
	var bad error
	if _, err := os.Stat(what); what != "-" && errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(what, ":/") && !strings.HasSuffix(what, ".json") {
		x, err := explainType(what, severity, conf)
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

func explainType(name, severity string, conf config.Config) (explanation, error) {
	rating, ok := ratings[severity]
	if n, err := strconv.ParseFloat(severity, 64); err == nil && n >= 0 && n <= 10 {
		rating, ok = n, true
	}
	if !ok {
		return explanation{}, usage("--severity %q is not known; use low, medium, high, critical, or a number from 0 to 10", severity)
	}
	if !finding.Known(name) {
		return explanation{}, &exitError{code: exitInput, err: fmt.Errorf("%q is neither a file nor a finding type of a known family (for example Backdoor:EC2/C&CActivity.B); a finding of this type would be answered by its resourceType", name)}
	}
	kind := finding.Classify(name)
	x := explain(finding.Finding{Type: name, Severity: rating, Count: 1}, finding.Target{Kind: kind}, conf)
	x.Notes = append(x.Notes, fmt.Sprintf("the severity %g is assumed, and an account, Region, name or tag is not: --severity chooses another, a FILE tells all", rating))
	return x, nil
}

// ratings are the severities by name, each at its lowest.
var ratings = map[string]float64{"low": 1, "medium": 4, "high": 7, "critical": 9}

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
	in := policy.Input{Finding: f, Target: t, Config: conf, Now: time.Now()}
	live := policy.NeedsTags(in)
	if len(f.Targets) == 0 || f.Targets[0] == t {
		in.Facts.Tags = f.Tags
	}
	d := policy.Decide(in)
	x := explanation{
		Finding: f.ID, Type: f.Type, Severity: f.Severity, Sample: f.Sample, Kind: t.Kind, Decision: d,
		Steps: []string{}, Notes: append([]string{}, f.Notes...),
	}
	if live {
		x.Notes = append(x.Notes, "the target's tags can change this: respond and plan read them")
	}
	if d.Outcome != policy.Contain && d.Outcome != policy.Approve {
		return x
	}
	steps := map[string]bool{}
	for _, id := range d.Off {
		steps[id] = false
	}
	p, _ := playbook.For(playbook.Subject{Target: t, Config: conf, Steps: steps})
	for _, s := range playbook.Steps(p.Root) {
		if configured(s.Action, conf) {
			x.Steps = append(x.Steps, s.Action)
		}
	}
	return x
}

// configured says whether the configuration has what a step needs; without it the step is skipped.
func configured(step string, c config.Config) bool {
	switch step {
	case "ec2.quarantine-profile", "ec2.live-response":
		return c.EC2.LiveResponse.Channel != ""
	case "ec2.capture-memory":
		return len(c.EC2.Memory.Tools()) > 0
	default:
		return true
	}
}

func (a *app) printExplanation(x explanation) {
	s := newStyles(a.Out)
	fmt.Fprintf(a.Out, "\n%s\n", s.strong.Render(line(x.Type)))
	if x.Target != nil {
		fmt.Fprintf(a.Out, "  target    %s\n", line(x.Target.String()))
	} else {
		fmt.Fprintf(a.Out, "  kind      %s\n", orNone(string(x.Kind)))
	}
	fmt.Fprintf(a.Out, "  outcome   %s (rule %s)\n", x.Decision.Outcome, line(x.Decision.Rule))
	a.wrapped("  because   ", x.Decision.Reason)
	for _, n := range x.Decision.Nearly {
		a.wrapped("  nearly    ", n.Rule+": "+n.Why)
	}
	if len(x.Decision.Off) > 0 {
		a.wrapped("  left out  ", strings.Join(x.Decision.Off, ", "))
	}
	if len(x.Steps) > 0 {
		a.wrapped("  playbook  ", x.Decision.Playbook+": "+strings.Join(x.Steps, ", "))
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
