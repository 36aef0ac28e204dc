package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"cordon/internal/action"
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
	if err := lapse(ctx, e); err != nil && ctx.Err() == nil {
		fmt.Fprintln(a.Err, "cordon: end questions that nobody answered: "+sentence(err))
	}
	if err := e.SendUnsent(ctx); err != nil && ctx.Err() == nil {
		fmt.Fprintln(a.Err, "cordon: send what earlier runs could not: "+sentence(err))
	}
	seen := map[string]bool{}
	for _, r := range results {
		failure := r.Err
		if r.Case.ID != "" { // the store had it before it broke
			failure = midway(r.Err)
		}
		code = worst(code, a.sayError(failure))
		if r.Case.ID == "" || seen[r.Case.ID] {
			continue
		}
		seen[r.Case.ID] = true
		cj, err := current(context.WithoutCancel(ctx), store, r.Case.ID)
		if err != nil {
			return err
		}
		code = worst(code, statusCode(cj.Status))
		a.sayUnsent(cj)
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

// lapse ends questions whose time is over, and contains what is due then, side by side.
func lapse(ctx context.Context, e *engine.Engine) error {
	due, err := e.Lapse(ctx)
	errs := make([]error, len(due))
	var wg sync.WaitGroup
	for i, id := range due {
		wg.Go(func() { errs[i] = e.CarryOut(ctx, id).Err })
	}
	wg.Wait()
	return errors.Join(err, errors.Join(errs...))
}

// sayError prints an error, if there is one, and gives its exit code.
func (a *app) sayError(err error) int {
	if err == nil {
		return exitDone
	}
	fmt.Fprintln(a.Err, "cordon: "+sentence(err))
	code, _ := classify(err)
	return code
}

// sayUnsent names the notices that nobody has got: they are kept, and sent by the next run when the cause is mended.
func (a *app) sayUnsent(c caseJSON) {
	for _, s := range c.Steps {
		if strings.HasPrefix(s.Action, "notify.") && (s.Status == action.Failed || s.Status == action.Waiting) {
			fmt.Fprintf(a.Err, "cordon: notice %s of case %s is not sent, the next run tries again: %s\n", s.Action, c.ID, line(s.Error+s.Reason))
		}
	}
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
