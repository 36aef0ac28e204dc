package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"cordon/internal/actions"
	"cordon/internal/cloud"
	"cordon/internal/config"
	"cordon/internal/engine"
	"cordon/internal/notify"
	"cordon/internal/serve"
)

// serveWait is how long a run of the service waits for slow evidence; what is pending then is gone on with later.
const serveWait = 10 * time.Minute

func (a *app) serve() *cobra.Command {
	var check, health bool
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Answer findings from an SQS queue and over HTTP, until stopped",
		Long: `Runs until it is stopped, as the section serve of cordon.yaml says: takes findings from an SQS queue and over HTTP
(POST /findings), answers them, goes on with what an earlier run left, and looks whether containment still holds. The log goes to
standard error: JSON, or text on a terminal.

SIGTERM and Ctrl-C stop it: nothing new is taken in, containments go to their end, evidence is given up after stop_timeout. A
second one stops it at once. Whatever is not done goes on at the next start.

Exit codes:
  0  stopped
  1  internal error
  2  usage or configuration: nothing was taken in
  3  stopped at once, with work left`,
		Example: `  cordon serve --config /etc/cordon/cordon.yaml --check
  cordon serve --config /etc/cordon/cordon.yaml`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case check && health:
				return usage("--check and --healthcheck are two questions: leave one of both out")
			case check:
				return a.checkServe(cmd.Context())
			case health:
				return a.healthcheck(cmd.Context())
			default:
				return a.runServe(cmd.Context())
			}
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "read the configuration, print what would be listened to, and end")
	cmd.Flags().BoolVar(&health, "healthcheck", false, "ask the service that runs here whether it is alive, and end; exit code 1: it is not")
	return cmd
}

// healthcheck asks /healthz of the service that the configuration names, on this machine.
func (a *app) healthcheck(ctx context.Context) error {
	conf, err := a.settings()
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(conf.Serve.Health)
	if err != nil {
		return usage("serve.health: %w", err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	ctx, cancel := context.WithTimeout(ctx, 4*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/healthz", nil)
	if err != nil {
		return fmt.Errorf("ask whether the service is alive: %w", err)
	}
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return fmt.Errorf("ask whether the service is alive: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the service answers %s: it is not alive", res.Status)
	}
	return nil
}

// serveSettings reads the configuration, and wants a way for findings to come in.
func (a *app) serveSettings() (config.Config, error) {
	conf, err := a.settings()
	if err != nil {
		return conf, err
	}
	if conf.Serve.Queue == "" && conf.Serve.Listen == "" {
		return conf, usage("serve has nothing to take findings from: set serve.queue, serve.listen or both in cordon.yaml (docs/serve.md)")
	}
	return conf, nil
}

// writable says what keeps this user from writing an SQLite store; it makes none. Of another store nothing is said.
func writable(store string) error {
	u, err := url.Parse(store)
	if err != nil || u.Scheme != "sqlite" {
		return err
	}
	const toWrite = 2
	if err := syscall.Access(u.Path, toWrite); err != nil && !errors.Is(err, fs.ErrNotExist) { // what is not there the service makes
		return &fs.PathError{Op: "access", Path: u.Path, Err: err}
	}
	return nil
}

func (a *app) checkServe(ctx context.Context) error {
	conf, err := a.serveSettings()
	if err != nil {
		return err
	}
	if _, err := serve.Certificate(conf.Serve.TLS); err != nil {
		return usage("read the certificate of the intake: %w (see serve.tls)", err)
	}
	c := conf.Serve
	if c.Listen != "" && !c.APIKey.InSecretsManager() { // which would be a call
		if _, err := notify.NewSecret("serve.api_key", c.APIKey, notify.Deps{}).Get(ctx); err != nil {
			return usage("%w (see serve.api_key)", err)
		}
	}
	if err := writable(conf.Store); err != nil {
		return usage("write store: %w (see store)", err)
	}
	if a.json() {
		return a.printJSON(struct {
			Queue   string         `json:"queue,omitempty"`
			Listen  string         `json:"listen,omitempty"`
			TLS     bool           `json:"tls"`
			Health  string         `json:"health"`
			Workers int            `json:"workers"`
			Every   string         `json:"watch_every"`
			Drift   config.OnDrift `json:"drift"`
			Store   string         `json:"store"`
			Vault   string         `json:"vault"`
		}{c.Queue, c.Listen, c.TLS.Certificate != "", c.Health, c.Workers, c.Watch.Every.String(), c.Watch.Drift, conf.Store, conf.Vault})
	}
	or := func(s, none string) string {
		if s == "" {
			return none
		}
		return line(s)
	}
	intake := or(c.Listen, "no intake")
	if c.Listen != "" {
		how := "http, this machine only"
		if c.TLS.Certificate != "" {
			how = "https"
		}
		intake = fmt.Sprintf("%s (%s), POST /findings, key from %s in %s", intake, how, line(c.APIKey.String()), c.APIKeyHeader)
	}
	for _, l := range [][2]string{
		{"queue", or(c.Queue, "no queue")},
		{"intake", intake},
		{"health", line(c.Health) + ": /healthz, /readyz, /metrics"},
		{"workers", fmt.Sprint(c.Workers)},
		{"watch", fmt.Sprintf("every %s, on drift: %s", c.Watch.Every, c.Watch.Drift)},
		{"store", line(conf.Store)},
		{"vault", line(conf.Vault)},
	} {
		fmt.Fprintf(a.Out, "%-8s %s\n", l[0], l[1])
	}
	return nil
}

func (a *app) runServe(ctx context.Context) error {
	conf, err := a.serveSettings()
	if err != nil {
		return err
	}
	ctx, now, release := stops(ctx)
	defer release()
	a.log = logger(a.Err)
	w, err := a.world(ctx)
	if err != nil {
		return err
	}
	defer w.close()
	m, err := newMeasures(ctx, built().Version, actions.Catalog())
	if err != nil {
		return usage("set up telemetry: %w (see the OTEL_EXPORTER_OTLP_ variables)", err)
	}
	defer func() { _ = m.end(ctx) }()
	w.observe(m.Telemetry)
	o := serve.Options{Config: conf.Serve, Log: a.log, Telemetry: m, Metrics: m.Handler()}
	o.Queue = sqs.NewFromConfig(cloud.Timely(w.aws, serve.LongPoll), func(q *sqs.Options) {
		if r := conf.Serve.QueueRegion(); r != "" {
			q.Region = r
		}
	})
	if conf.Serve.Listen != "" {
		o.Key = notify.NewSecret("serve.api_key", conf.Serve.APIKey, notify.Deps{AWS: w.aws})
	}
	s := serve.New(o)
	progress := func(ev engine.Event) {
		s.Progress(ev)
		m.Event(ev)
	}
	e, store, err := w.engine(ctx, progress, engine.Options{Wait: serveWait, Step: m.Step, Places: s.Places(), Containments: max(32, conf.Serve.Workers)})
	if err != nil {
		return err
	}
	err = s.Run(ctx, now, e, store)
	if errors.Is(err, serve.ErrStoppedAtOnce) {
		return &exitError{code: exitPartial, err: err}
	}
	return err
}

// stops gives a context that ends with the first signal to stop, and a channel that is closed with the second.
func stops(ctx context.Context) (stopped context.Context, now <-chan struct{}, release func()) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	// The caller's context ends with the first signal as well: it is not listened to, so that no second one is missed.
	stopped, stop := context.WithCancel(context.WithoutCancel(ctx))
	at, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer stop()
		for n := 0; n < 2; n++ {
			select {
			case <-signals:
				stop()
			case <-done:
				return
			}
		}
		close(at)
	}()
	return stopped, at, func() {
		signal.Stop(signals)
		close(done)
	}
}

// logger writes JSON, or text to a terminal. What comes from findings is escaped in both.
func logger(w io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{ReplaceAttr: func(_ []string, at slog.Attr) slog.Attr {
		if at.Value.Kind() == slog.KindString {
			at.Value = slog.StringValue(line(at.Value.String()))
		}
		return at
	}}
	if f, ok := file(w); ok && term.IsTerminal(int(f.Fd())) {
		return slog.New(slog.NewTextHandler(w, o))
	}
	return slog.New(slog.NewJSONHandler(w, o))
}
