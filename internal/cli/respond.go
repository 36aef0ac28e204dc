package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"cordon/internal/casefile"
	"cordon/internal/engine"
)

func (a *app) respond() *cobra.Command {
	var wait time.Duration
	cmd := &cobra.Command{
		Use:   "respond FILE|-",
		Short: "Answer findings: contain, keep evidence, verify",
		Long: `Answers the findings in FILE (or standard input): any shape, one or many. Each target gets a case; the same finding
again joins its case and changes nothing that holds. Interrupted, run it again: it goes on where it was.
` + exitCodes,
		Example: `  cordon respond finding.json
  cordon --sandbox /tmp/box respond examples/findings/ec2-c2.json -o json`,
		Args: exactly("FILE"),
		RunE: func(c *cobra.Command, args []string) error { return a.runRespond(c, args[0], wait) },
	}
	cmd.Flags().DurationVar(&wait, "wait", 30*time.Minute, "how long to wait for slow evidence (snapshots); what is pending then goes on with the next run")
	return cmd
}

func (a *app) runRespond(cmd *cobra.Command, file string, wait time.Duration) error {
	ctx := cmd.Context()
	if wait < 0 {
		return usage("--wait %s is negative", wait)
	}
	findings, bad := a.input(file)
	if len(findings) == 0 {
		return bad
	}
	w, err := a.world(ctx)
	if err != nil {
		return err
	}
	defer w.close()
	e, store, err := w.engine(ctx, a.progress(a.Err), engine.Options{Wait: wait, Recheck: true})
	if err != nil {
		return err
	}
	code := codeOf(bad)
	out := struct {
		Cases  []caseJSON     `json:"cases"`
		Errors []inputProblem `json:"errors,omitempty"` // documents that are no usable finding
	}{[]caseJSON{}, problems(bad)}
	results := e.Respond(ctx, findings)
	if err := e.SendUnsent(ctx); err != nil && ctx.Err() == nil {
		fmt.Fprintln(a.Err, "cordon: send what earlier runs could not: "+printable(err.Error()))
	}
	for _, r := range results {
		code = worst(code, a.sayResult(r))
		if r.Case.ID == "" {
			continue
		}
		cj, err := withRecords(context.WithoutCancel(ctx), store, r.Case)
		if err != nil {
			return err
		}
		out.Cases = append(out.Cases, cj)
	}
	if a.json() {
		err = a.printJSON(out)
	} else {
		for _, c := range out.Cases {
			a.printCase(c)
		}
	}
	if err != nil || code == exitDone {
		return err
	}
	return &exitError{code: code}
}

// sayResult prints a result's error and gives its exit code.
func (a *app) sayResult(r engine.Result) int {
	code := statusCode(r.Case.Status)
	if r.Err == nil {
		return code
	}
	fmt.Fprintln(a.Err, "cordon: "+printable(r.Err.Error()))
	errCode, _ := classify(r.Err)
	return worst(code, errCode)
}

// statusCode is the exit code of a case's status.
func statusCode(s casefile.Status) int {
	switch s {
	case casefile.Partial:
		return exitPartial
	case casefile.Failed:
		return exitFailed
	case casefile.AwaitingApproval, casefile.Unsupported:
		return exitRefused
	default:
		return exitDone
	}
}
