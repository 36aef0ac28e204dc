package cli

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"cordon/internal/actions"
	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/casefile/sqlite"
	"cordon/internal/cloud"
	"cordon/internal/config"
	"cordon/internal/engine"
	"cordon/internal/finding"
	"cordon/internal/notify"
	"cordon/internal/vault"
)

// world is what a verb works in: an account, real or simulated, and what the configuration says.
type world struct {
	aws    aws.Config
	conf   config.Config
	closes []func() error
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
		account, created, err := awssim.Open(a.sandbox, awssim.Options{})
		if err == nil && created {
			err = awssim.Demo(account)
		}
		if err != nil {
			return nil, &engine.SetupError{What: "sandbox", Hint: "choose a directory that you can write", Err: err}
		}
		w.aws = account.Config("us-east-1")
		return w, nil
	}
	if w.aws, err = awsconfig.LoadDefaultConfig(ctx); err != nil {
		return nil, &engine.SetupError{What: "AWS configuration", Hint: "see AWS_PROFILE, AWS_REGION and ~/.aws/config", Err: err}
	}
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

// clients makes the factory that the engine asks; the configuration may be guarded or watched first.
func clients(cfg aws.Config) func(context.Context, string, string) (*cloud.Clients, error) {
	return func(_ context.Context, account, region string) (*cloud.Clients, error) {
		c := cfg.Copy()
		if !strings.HasSuffix(region, "-global") {
			c.Region = region
		}
		if c.Region == "" {
			c.Region = homeRegion(region)
		}
		return cloud.New(c, account), nil
	}
}

// homeRegion is the Region that IAM's endpoint of a pseudo Region ("aws-cn-global") is signed for.
func homeRegion(pseudo string) string {
	switch pseudo {
	case "aws-cn-global":
		return "cn-north-1"
	case "aws-us-gov-global":
		return "us-gov-west-1"
	default:
		return "us-east-1"
	}
}

// engine opens store and vault on top of the world.
func (w *world) engine(ctx context.Context, progress func(engine.Event), o engine.Options) (*engine.Engine, casefile.Store, error) {
	store, err := openStore(ctx, w.conf.Store)
	if err != nil {
		return nil, nil, &engine.SetupError{What: "case store " + w.conf.Store, Hint: "nothing was changed; set store in cordon.yaml", Err: err}
	}
	w.closes = append(w.closes, store.Close)
	v, err := w.vault()
	if err != nil {
		return nil, nil, &engine.SetupError{What: "evidence vault " + w.conf.Vault, Hint: "nothing was changed; set vault in cordon.yaml", Err: err}
	}
	host, _ := os.Hostname()
	o.Actions, o.Store, o.Vault, o.Config = actions.Catalog(), store, v, w.conf
	o.Clients, o.Progress, o.Owner = clients(w.aws), progress, fmt.Sprintf("%s/%d", host, os.Getpid())
	if o.Channels, err = notify.New(w.conf.Notify, notify.Deps{AWS: w.aws}); err != nil {
		return nil, nil, &engine.SetupError{What: "notices", Hint: "nothing was changed; see notify in cordon.yaml", Err: err}
	}
	o.Archive, o.NoticeWait = w.archive, 10*time.Second
	return engine.New(o), store, nil
}

// archive archives a finding in GuardDuty, in the finding's Region.
func (w *world) archive(ctx context.Context, f finding.Finding) error {
	c := w.aws.Copy()
	c.Region = f.Region
	return notify.Archive(ctx, guardduty.NewFromConfig(c), f.DetectorID, f.ID)
}

func openStore(ctx context.Context, uri string) (casefile.Store, error) {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "sqlite" || u.Host != "" || !filepath.IsAbs(u.Path) {
		return nil, fmt.Errorf("%q is not known; use sqlite:///ABSOLUTE/PATH", uri)
	}
	return sqlite.Open(ctx, u.Path)
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
