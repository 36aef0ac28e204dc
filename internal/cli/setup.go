package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"

	"cordon/internal/actions"
	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/casefile/sqlite"
	"cordon/internal/cloud"
	"cordon/internal/config"
	"cordon/internal/engine"
	"cordon/internal/finding"
	"cordon/internal/notify"
	"cordon/internal/telemetry"
	"cordon/internal/vault"
)

// world is what a verb works in: an account, real or simulated, and what the configuration says.
type world struct {
	aws  aws.Config
	conf config.Config
	pace *cloud.Pace // of all clients that act on targets

	observer cloud.Observer // of their calls; nil for nobody
	closes   []func() error
}

func (w *world) close() {
	for _, f := range w.closes {
		_ = f()
	}
}

// settings reads the configuration over the defaults; it reaches for nothing else.
func (a *app) settings() (config.Config, error) {
	dir := a.sandbox
	if dir == "" {
		state, err := config.StateDir()
		if err != nil {
			return config.Config{}, err
		}
		dir = state
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return config.Config{}, fmt.Errorf("find %s: %w", dir, err)
	}
	defaults := config.Default(dir)
	if a.configFile == "" {
		return defaults, nil
	}
	return config.Load(a.configFile, defaults)
}

// world opens the account and reads the configuration.
func (a *app) world(ctx context.Context) (*world, error) {
	conf, err := a.settings()
	if err != nil {
		return nil, err
	}
	w := &world{conf: conf}
	if a.sandbox != "" {
		account, err := awssim.OpenWith(a.sandbox, awssim.Options{}, awssim.Demo)
		if err == nil {
			_, err = awssim.NewOrganization(account) // of itself alone: there is no other account whose role could be assumed
		}
		if err != nil {
			return nil, &engine.SetupError{What: "sandbox", Hint: "choose a directory that you can write", Err: err}
		}
		w.aws = cloud.Retries(account.Config("us-east-1"))
		return w, nil
	}
	if w.aws, err = awsconfig.LoadDefaultConfig(ctx, awsconfig.WithLogger(logging.LoggerFunc(a.sdkSays))); err != nil {
		return nil, &engine.SetupError{What: "AWS configuration", Hint: "see AWS_PROFILE, AWS_REGION and ~/.aws/config", Err: err}
	}
	w.aws = cloud.Timely(cloud.Retries(w.aws), 0)
	if w.aws.Credentials == nil {
		w.aws.Credentials = aws.AnonymousCredentials{}
	}
	if _, err := w.aws.Credentials.Retrieve(ctx); err != nil {
		return nil, &engine.SetupError{
			What: "AWS credentials", Err: err,
			Hint: "log in, or set AWS_PROFILE, or try without an account: --sandbox DIR. Nothing was changed",
		}
	}
	return w, nil
}

// sdkSays is the SDK's logger: a line in the log, or on standard error where it is wanted.
func (a *app) sdkSays(class logging.Classification, format string, args ...any) {
	switch {
	case a.log != nil:
		say := a.log.Warn
		if class == logging.Debug {
			say = a.log.Debug
		}
		say("AWS SDK", "text", fmt.Sprintf(format, args...))
	case !a.quiet:
		fmt.Fprintf(a.Err, "cordon: AWS SDK, %s: %s\n", class, line(fmt.Sprintf(format, args...)))
	}
}

// accounts makes the clients' factory; the configuration that clients get may be guarded.
func (w *world) accounts(through ...func(aws.Config) aws.Config) *cloud.Accounts {
	c := w.conf.Accounts
	if w.pace == nil {
		w.pace = &cloud.Pace{}
	}
	through = append(through, w.pace.Attach)
	if w.observer != nil {
		through = append(through, cloud.Observe(w.observer))
	}
	return cloud.NewAccounts(w.aws, c.Own, cloud.Member{Role: c.Role, ExternalID: c.ExternalID, Session: c.SessionName}, through...)
}

// observe has the calls to AWS measured, and how long they are held back.
func (w *world) observe(t *telemetry.Telemetry) {
	w.pace, w.observer = &cloud.Pace{Waited: t.Waited}, t
}

// engine opens store and vault on top of the world.
func (w *world) engine(ctx context.Context, progress func(engine.Event), o engine.Options) (*engine.Engine, casefile.Store, error) {
	store, err := w.store(ctx)
	if err != nil {
		return nil, nil, err
	}
	v, err := w.vault()
	if err != nil {
		return nil, nil, &engine.SetupError{What: "evidence vault " + w.conf.Vault, Hint: "nothing was changed; set vault in cordon.yaml", Err: err}
	}
	host, _ := os.Hostname()
	o.Actions, o.Store, o.Vault, o.Config = actions.Catalog(), store, v, w.conf
	o.Clients, o.Progress, o.Owner = w.accounts().Clients, progress, fmt.Sprintf("%s/%d", host, os.Getpid())
	if o.Channels, err = notify.New(w.conf.Notify, notify.Deps{AWS: w.aws}); err != nil {
		return nil, nil, &engine.SetupError{What: "notices", Hint: "nothing was changed; see notify in cordon.yaml", Err: err}
	}
	o.Archive, o.NoticeWait = w.archive, 10*time.Second
	if o.Caller == nil {
		o.Caller = w.caller
	}
	o.Answer = w.answer
	_, o.Local = store.(*sqlite.Store)
	return engine.New(o), store, nil
}

// archive archives a finding in GuardDuty, in the finding's Region, with Cordon's own credentials also where the finding is
// another account's: only the GuardDuty administrator may archive, members may not.
func (w *world) archive(ctx context.Context, f finding.Finding) error {
	c := w.aws.Copy()
	c.Region = f.Region
	return notify.Archive(ctx, guardduty.NewFromConfig(c), f.DetectorID, f.ID)
}

func (w *world) vault() (vault.Vault, error) {
	return vault.Open(w.conf.Vault, func() (*s3.Client, string, error) {
		c := w.aws.Copy()
		if c.Region == "" {
			c.Region = "us-east-1"
		}
		return cloud.New(c, "").S3, "", nil
	})
}
