package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"cordon/examples"
	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/config"
	"cordon/internal/engine"
	"cordon/internal/finding"
)

// demoLatency is what a call takes in the demo: about what AWS takes from within its Region.
const demoLatency = 40 * time.Millisecond

var demoFindings = []string{"ec2-cryptomining.json", "ec2-c2.json", "ec2-dns-exfiltration.json"}

func (a *app) demo() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "A simulated account: findings answered, then released, and proof that all is as before",
		Args:  exactly(),
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.runDemo(cmd.Context()) },
	}
}

// demoOutcome is the demo's JSON: part of the contract with scripts.
type demoOutcome struct {
	Cases       []caseJSON `json:"cases"` // as they were when contained
	Restored    bool       `json:"restored"`
	Differences []string   `json:"differences"`
}

func (a *app) runDemo(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "cordon-demo-")
	if err != nil {
		return fmt.Errorf("make a directory for the demo: %w", err)
	}
	defer os.RemoveAll(dir)
	say := io.Discard
	progress := func(engine.Event) {}
	if !a.json() {
		say = a.Out
		if p := a.progress(a.Out); p != nil {
			progress = p
		}
	}
	account := awssim.New(awssim.Options{Latency: func(awssim.Call) time.Duration { return demoLatency }})
	if err := awssim.Demo(account); err != nil {
		return err
	}
	conf, err := config.Parse("examples/cordon.yaml", examples.Config, config.Default(dir))
	if err != nil {
		return err
	}
	conf.Store, conf.Vault = config.URI("sqlite", filepath.Join(dir, "cordon.db")), config.URI("file", filepath.Join(dir, "evidence"))
	w := &world{aws: account.Config("us-east-1"), conf: conf}
	defer w.close()
	e, store, err := w.engine(ctx, progress, engine.Options{})
	if err != nil {
		return err
	}
	before := account.Dump(awssim.DumpOptions{})
	fmt.Fprintf(say, "A simulated AWS account with every call taking %d ms. Three GuardDuty findings arrive.\n\n", demoLatency.Milliseconds())
	out, err := a.demoRespond(ctx, e, store)
	if err != nil {
		return err
	}
	if !a.json() {
		for _, c := range out.Cases {
			a.printCase(c)
		}
		fmt.Fprintf(say, "\nLive connections that were open when the findings came:\n")
		for _, f := range account.Flows("us-east-1") {
			fmt.Fprintf(say, "  %s\n", flowLine(f))
		}
		fmt.Fprintf(say, "\nIt was a false alarm. Everything is put back, the last change first.\n\n")
	}
	for _, c := range out.Cases {
		if _, err := e.Release(ctx, c.ID, engine.ReleaseOptions{FalsePositive: true}); err != nil {
			return err
		}
	}
	out.Differences = append(out.Differences, awssim.Diff(before, account.Dump(awssim.DumpOptions{}))...)
	out.Restored = len(out.Differences) == 0
	return a.demoEnd(out, say)
}

func (a *app) demoRespond(ctx context.Context, e *engine.Engine, store casefile.Store) (demoOutcome, error) {
	out := demoOutcome{Cases: []caseJSON{}, Differences: []string{}}
	var findings []finding.Finding
	for _, name := range demoFindings {
		raw, err := examples.Findings.ReadFile("findings/" + name)
		if err != nil {
			return out, err
		}
		f, err := finding.Decode(bytes.NewReader(raw))
		if err != nil {
			return out, err
		}
		findings = append(findings, f...)
	}
	for _, r := range e.Respond(ctx, findings) {
		if r.Err != nil {
			return out, r.Err
		}
		cj, err := withRecords(ctx, store, r.Case)
		if err != nil {
			return out, err
		}
		out.Cases = append(out.Cases, cj)
	}
	return out, nil
}

func (a *app) demoEnd(out demoOutcome, say io.Writer) error {
	if a.json() {
		if err := a.printJSON(out); err != nil {
			return err
		}
	}
	s := newStyles(a.Out)
	if out.Restored {
		fmt.Fprintf(say, "\n%s The account was dumped before and after: no difference, evidence and snapshots aside.\n", s.good.Render("Restored."))
		fmt.Fprintf(say, "\nNext: cordon plan FILE, or with a simulated account that stays: cordon --sandbox DIR respond FILE\n")
	} else {
		fmt.Fprintf(say, "\n%s\n  %s\n", s.bad.Render("NOT restored:"), strings.Join(out.Differences, "\n  "))
		return &exitError{code: exitPartial}
	}
	for _, c := range out.Cases {
		if code := statusCode(c.Status); code != exitDone {
			return &exitError{code: code}
		}
	}
	return nil
}

func flowLine(f awssim.Flow) string {
	state := "cut"
	if f.Alive {
		state = "STILL OPEN (tracked, through a " + f.Via + ")"
	}
	return fmt.Sprintf("%-21s %s %-22s %s", f.Interface, f.Direction, fmt.Sprintf("%s:%d", f.Remote, f.Port), state)
}
