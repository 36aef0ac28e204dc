// Package cli is Cordon's command line: one file a verb.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"cordon/internal/casefile"
	"cordon/internal/config"
	"cordon/internal/engine"
)

// The exit codes. They are part of the contract with scripts.
const (
	exitDone     = 0 // as policy says: contained, observed, nothing to do
	exitInternal = 1
	exitUsage    = 2 // usage, configuration, credentials, an unwritable store or vault: nothing was changed
	exitPartial  = 3 // partial, conflicts, drift
	exitFailed   = 4
	exitInput    = 5 // the input is no usable finding
	exitRefused  = 6 // not acted on: refused by policy or limit, awaiting approval, or no playbook
)

const exitCodes = `
Exit codes:
  0  done as policy says: contained, observed, nothing to do
  1  internal error
  2  usage or configuration: nothing was changed
  3  partial, conflicts or drift; interrupted
  4  failed
  5  the input is no usable finding
  6  not acted on: refused by policy or limit, awaiting approval, or no playbook
With several findings the worst counts (1, 2, 4, 3, 5, 6, 0).`

// worst orders exit codes from bad to good.
func worst(a, b int) int {
	for _, code := range []int{exitInternal, exitUsage, exitFailed, exitPartial, exitInput, exitRefused} {
		if a == code || b == code {
			return code
		}
	}
	return exitDone
}

// exitError ends the program with a code; Err is nil where everything was said already.
type exitError struct {
	code  int
	err   error
	cause error // what was said already, for JSON
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}
func (e *exitError) Unwrap() error { return e.err }

// IO is where the program reads and writes.
type IO struct {
	In       io.Reader
	Out, Err io.Writer
}

// app is what every verb shares: the global flags and the streams.
type app struct {
	IO
	configFile string
	sandbox    string
	output     string
	quiet      bool
	log        *slog.Logger // of a service; nil where people read standard error
}

// Main runs the command line and gives the exit code.
func Main(ctx context.Context, args []string, streams IO) int {
	out := &watched{w: streams.Out}
	streams.Out, streams.Err = out, &watched{w: streams.Err}
	a := &app{IO: streams}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	err := root.ExecuteContext(ctx)
	if err == nil && out.err != nil && !errors.Is(out.err, syscall.EPIPE) {
		err = fmt.Errorf("write the output: %w", out.err)
	}
	if err == nil {
		return exitDone
	}
	code, said := classify(err)
	if !said {
		fmt.Fprintln(streams.Err, "cordon: "+sentence(err))
	}
	return code
}

// watched remembers the first write that failed: a report that nobody could read was not given. A reader that went away
// on purpose (head) is no failure. What is written side by side (progress, the SDK's warnings) comes one after another.
type watched struct {
	w   io.Writer
	mu  sync.Mutex
	err error
}

func (o *watched) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := o.w.Write(p)
	if err != nil && o.err == nil {
		o.err = err
	}
	return n, err
}

// classify gives an error's exit code, and whether it was said already.
func classify(err error) (code int, said bool) {
	var (
		exit  *exitError
		conf  *config.Error
		setup *engine.SetupError
		other *engine.AccountError
		cut   *engine.InterruptedError
		spoil *casefile.BrokenError
	)
	switch {
	case errors.As(err, &exit):
		return exit.code, exit.err == nil
	case refused(err):
		return exitRefused, false
	case errors.As(err, &conf), errors.As(err, &setup), errors.As(err, &spoil):
		return exitUsage, false
	case errors.As(err, &other):
		return exitFailed, false
	case errors.As(err, &cut):
		return exitPartial, false
	default:
		return exitInternal, false
	}
}

func usage(format string, args ...any) error {
	return &exitError{code: exitUsage, err: fmt.Errorf(format, args...)}
}

func (a *app) root() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cordon",
		Short: "GuardDuty finds it; Cordon contains it",
		Long: `Cordon answers Amazon GuardDuty findings: it cuts the compromised resource off, keeps the evidence, says what it
verified, and puts everything back with one command when it was a false alarm.

Start with:  cordon demo        (a simulated account, nothing else needed)
             cordon plan FILE   (what would be done; changes nothing)
` + exitCodes,
		SilenceUsage: true, SilenceErrors: true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if a.output != "text" && a.output != "json" {
				return usage("output %q is not known; use -o text or -o json", a.output)
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return c.Help() },
		Args: noVerb,
	}
	f := cmd.PersistentFlags()
	f.StringVar(&a.configFile, "config", os.Getenv("CORDON_CONFIG"), "configuration `file` (also CORDON_CONFIG)")
	f.StringVar(&a.sandbox, "sandbox", os.Getenv("CORDON_SANDBOX"), "use a simulated account kept in `dir`, never AWS (also CORDON_SANDBOX)")
	f.StringVarP(&a.output, "output", "o", "text", "text, or json: one document on standard output")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "no progress on standard error")
	cmd.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage("%v (%s --help lists the flags)", err, c.CommandPath())
	})
	cmd.AddCommand(a.demo(), a.plan(), a.respond(), a.release(), a.approve(), a.deny(), a.pause(), a.resume(), a.verify(), a.cases(), a.show(),
		a.explain(), a.policy(), a.serve(), a.doctor(), a.asl(), a.permissions(), a.version())
	cmd.CompletionOptions.HiddenDefaultCmd = true
	return cmd
}

// noVerb turns an unknown verb into a usage error with cobra's suggestion.
func noVerb(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	c.SuggestionsMinimumDistance = 2
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return usage("there is no verb %q%s (cordon --help lists them)", args[0], hint)
}

// exactly wants n arguments, named for the message.
func exactly(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != len(names) {
			want := strings.Join(names, " ")
			if want == "" {
				want = "no argument"
			}
			return usage("%s wants %s; got %d (%s --help)", c.CommandPath(), want, len(args), c.CommandPath())
		}
		return nil
	}
}
