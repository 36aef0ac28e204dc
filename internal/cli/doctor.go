package cli

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"cordon/internal/doctor"
	"cordon/internal/engine"
)

func (a *app) doctor() *cobra.Command {
	var principal string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "What would not work in this account and Region, and the remedy; changes nothing",
		Long: `Looks at the account and Region of the AWS credentials, before Cordon is deployed and after: GuardDuty, permissions,
Systems Manager, the network, encryption, and what the configuration names (evidence bucket, table, topic, secrets).

It only reads: IAM simulates the permissions, EC2 is asked by dry runs where IAM may not be. AWS's policy SecurityAudit
with iam:SimulatePrincipalPolicy is enough to run it. Who runs it is often not who Cordon runs as: --principal.

Exit codes:
  0  no problem was found (there may be warnings and notes)
  1  internal error
  2  usage, configuration or credentials: nothing was looked at
  3  a problem was found`,
		Example: `  cordon doctor
  cordon doctor --config cordon.yaml --principal arn:aws:iam::111122223333:role/cordon-function-eu-west-1
  cordon doctor -o json | jq '.checks[] | select(.severity == "problem")'`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runDoctor(cmd, principal) },
	}
	cmd.Flags().StringVar(&principal, "principal", "", "`ARN` of the role or user whose permissions are simulated; the caller's own if empty")
	return cmd
}

func (a *app) runDoctor(cmd *cobra.Command, principal string) error {
	if principal != "" && !principalARN.MatchString(principal) {
		return usage("--principal wants the ARN of a role or user (arn:aws:iam::111122223333:role/NAME), not %q", principal)
	}
	w, err := a.world(cmd.Context())
	if err != nil {
		return err
	}
	defer w.close()
	if w.aws.Region == "" {
		return &engine.SetupError{What: "AWS Region", Hint: "set AWS_REGION: doctor looks at one Region", Err: errNoRegion}
	}
	results := doctor.Run(cmd.Context(), doctor.Options{
		AWS: w.aws, Config: w.conf, ConfigFile: a.configFile, Principal: principal, LookupEnv: os.LookupEnv, Stat: readable,
	})
	out := struct {
		Checks []doctor.Result `json:"checks"`
		OK     bool            `json:"ok"`
	}{results, true}
	code := exitDone
	for _, r := range results {
		if r.Severity == doctor.Problem {
			out.OK, code = false, worst(code, exitPartial)
			if r.Check == doctor.CheckCaller || r.Check == doctor.CheckPrincipal {
				code = exitUsage
			}
		}
	}
	if a.json() {
		err = a.printJSON(out)
	} else {
		a.printCheckup(results)
	}
	if err != nil || code == exitDone {
		return err
	}
	return &exitError{code: code}
}

// principalARN is the ARN of a user or role, with its path; neither root nor a group nor a session has policies that IAM
// simulates.
var principalARN = regexp.MustCompile(`^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/([!-.0-~]+/)*[\w+=,.@-]{1,64}$`)

var errNoRegion = errors.New("none is set")

// readable says whether a file is there and can be read.
func readable(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return f.Close()
}

// checkupGroups are the headings, by what is before the dot in a check's name.
var checkupGroups = map[string]string{
	"identity": "Identity", "guardduty": "GuardDuty", "permissions": "Permissions", "network": "Network", "ssm": "Systems Manager",
	"ebs": "EBS", "iam": "Identity Center", "evidence": "Evidence", "store": "Cases", "notify": "Notices",
}

// printCheckup prints the results for people. Remedies are not wrapped: they are to be copied.
func (a *app) printCheckup(results []doctor.Result) {
	s := newStyles(a.Out)
	last, counts := "", map[doctor.Severity]int{}
	for _, r := range results {
		counts[r.Severity]++
		group, _, _ := strings.Cut(r.Check, ".")
		if group != last {
			fmt.Fprintf(a.Out, "\n%s\n", s.strong.Render(checkupGroups[group]))
			last = group
		}
		subject := ""
		if r.Subject != "" {
			subject = "  " + line(r.Subject)
		}
		fmt.Fprintf(a.Out, "  %s %s%s\n", s.severity(r.Severity), r.Check, s.dim.Render(subject))
		a.wrapped("              ", r.Found)
		if r.Remedy != "" {
			fmt.Fprintf(a.Out, "              %s %s\n", s.strong.Render("remedy:"), line(r.Remedy))
		}
	}
	fmt.Fprintf(a.Out, "\n%d problem(s), %d warning(s), %d note(s), %d ok. Nothing was changed.\n",
		counts[doctor.Problem], counts[doctor.Warning], counts[doctor.Note], counts[doctor.OK])
}

// severity is a result's as one character and a word.
func (s styles) severity(v doctor.Severity) string {
	style, sign := s.dim, "–"
	switch v {
	case doctor.OK:
		style, sign = s.good, "✓"
	case doctor.Note:
	case doctor.Warning:
		style, sign = s.warn, "!"
	case doctor.Problem:
		style, sign = s.bad, "✗"
	}
	return style.Render(sign + " " + pad(string(v), 8))
}
