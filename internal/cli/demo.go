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

var demoFindings = []string{
	"ec2-cryptomining.json", "ec2-c2.json", "ec2-dns-exfiltration.json", "iam-user.json", "iam-role.json", "s3-public.json",
}

func (a *app) demo() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "A simulated account: findings answered, then released, and proof that all is as before",
		Args:  exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("sandbox") || cmd.Flags().Changed("config") {
				return usage("cordon demo makes an account and a configuration of its own: leave --sandbox and --config out")
			}
			return a.runDemo(cmd.Context())
		},
	}
}

// demoOutcome is the demo's JSON: part of the contract with scripts.
type demoOutcome struct {
	Cases       []caseJSON `json:"cases"`  // as they were when contained
	Guards      []caseJSON `json:"guards"` // an exemption, a question, the breaker's two
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
	if err := exemptOne(account); err != nil {
		return err
	}
	conf, err := config.Parse("examples/cordon.yaml", examples.Config, config.Default(dir))
	if err != nil {
		return err
	}
	conf.Store, conf.Vault = config.URI("sqlite", filepath.Join(dir, "cordon.db")), config.URI("file", filepath.Join(dir, "evidence"))
	w := &world{aws: account.Config("us-east-1"), conf: conf}
	defer w.close()
	alice := func(context.Context) (string, error) { return demoPerson, nil }
	e, store, err := w.engine(ctx, progress, engine.Options{Caller: alice})
	if err != nil {
		return err
	}
	narrow, one := *w, 1
	narrow.conf.Policy.Limits.Total = &one
	limited, _, err := narrow.engine(ctx, progress, engine.Options{Caller: alice})
	if err != nil {
		return err
	}
	w.closes = append(w.closes, narrow.closes[len(w.closes):]...)
	d := demo{app: a, e: e, limited: limited, store: store, account: account, say: say, before: account.Dump(awssim.DumpOptions{})}
	return d.run(ctx)
}

// demo is one demonstration on its own account.
type demo struct {
	*app
	e       *engine.Engine
	limited *engine.Engine // with a limit of one containment
	store   casefile.Store
	account *awssim.Account
	say     io.Writer
	before  map[string]any
}

func (d demo) run(ctx context.Context) error {
	findings, err := readDemoFindings()
	if err != nil {
		return err
	}
	d.chapter("A simulated AWS account, every call taking %d ms. %d GuardDuty findings arrive: on three instances, a user, a role, a bucket.",
		demoLatency.Milliseconds(), len(findings))
	out, err := d.respond(ctx, findings)
	if err != nil {
		return err
	}
	if !d.json() {
		for _, c := range out.Cases {
			d.printCase(c)
		}
		d.chapter("Live connections that were open when the findings came:")
		for _, f := range d.account.Flows(awssim.DemoRegion) {
			fmt.Fprintf(d.say, "  %s\n", flowLine(f))
		}
	}
	d.chapter("One of the findings comes again, with a higher count. Everything is looked at, nothing has to be done.")
	findings[0].Count++
	if _, err := d.respond(ctx, findings[:1]); err != nil {
		return err
	}
	d.chapter("It was a false alarm. Everything is put back, the last change first.")
	for _, c := range out.Cases {
		if _, err := d.e.Release(ctx, c.ID, engine.ReleaseOptions{FalsePositive: true, ReactivateKeys: true}); err != nil {
			return err
		}
	}
	d.chapter("The finding comes once more. It was declared false, so the instance is left alone.")
	findings[0].Count++
	if _, err := d.respond(ctx, findings[:1]); err != nil {
		return err
	}
	if out.Guards, err = d.guards(ctx); err != nil {
		return err
	}
	out.Differences = append(out.Differences, awssim.Diff(d.before, d.account.Dump(awssim.DumpOptions{}))...)
	out.Restored = len(out.Differences) == 0
	return d.end(out)
}

func (d demo) chapter(format string, args ...any) {
	fmt.Fprintln(d.say)
	if !d.json() {
		d.wrapped("", fmt.Sprintf(format, args...))
	}
	fmt.Fprintln(d.say)
}

func readDemoFindings() (findings []finding.Finding, err error) {
	for _, name := range demoFindings {
		raw, err := examples.Findings.ReadFile("findings/" + name)
		if err != nil {
			return nil, err
		}
		f, err := finding.Decode(bytes.NewReader(raw))
		if err != nil {
			return nil, err
		}
		findings = append(findings, f...)
	}
	return findings, nil
}

// respond answers findings and gives each case once, as it is when all are answered.
func (d demo) respond(ctx context.Context, findings []finding.Finding) (demoOutcome, error) {
	out := demoOutcome{Cases: []caseJSON{}, Differences: []string{}}
	seen := map[string]bool{}
	for _, r := range d.e.Respond(ctx, findings) {
		if r.Err != nil {
			return out, r.Err
		}
		if seen[r.Case.ID] {
			continue
		}
		seen[r.Case.ID] = true
		cj, err := current(ctx, d.store, r.Case.ID)
		if err != nil {
			return out, err
		}
		out.Cases = append(out.Cases, cj)
	}
	return out, nil
}

func (d demo) end(out demoOutcome) error {
	if d.json() {
		if err := d.printJSON(out); err != nil {
			return err
		}
	}
	s := newStyles(d.Out)
	if out.Restored {
		fmt.Fprintf(d.say, "\n%s The account was dumped before and after: no difference, evidence and snapshots aside.\n", s.good.Render("Restored."))
		fmt.Fprintf(d.say, "\nNext: cordon plan FILE, or with a simulated account that stays: cordon --sandbox DIR respond FILE\n")
	} else {
		fmt.Fprintf(d.say, "\n%s\n  %s\n", s.bad.Render("NOT restored:"), strings.Join(out.Differences, "\n  "))
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
		state = "STILL OPEN (through a " + f.Via + ")"
	}
	return fmt.Sprintf("%s %-8s %-17s %s", f.Interface, f.Direction, fmt.Sprintf("%s:%d", f.Remote, f.Port), state)
}
