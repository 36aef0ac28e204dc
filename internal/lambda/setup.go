package lambda

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"cordon/internal/action"
	"cordon/internal/actions"
	"cordon/internal/casefile/dynamodb"
	"cordon/internal/cloud"
	"cordon/internal/config"
	"cordon/internal/engine"
	"cordon/internal/finding"
	"cordon/internal/notify"
	"cordon/internal/vault"
)

// The function's environment variables.
const (
	ConfigVariable   = "CORDON_CONFIG"          // cordon.yaml, as text (JSON is YAML)
	OverrideVariable = "CORDON_CONFIG_OVERRIDE" // more of it, read over that; "" for none
)

// noticeWait is how long an invocation tries to deliver a notice; then the state machine waits, not the function.
const noticeWait = 3 * time.Second

// Configuration reads the function's configuration from its environment. Store and vault have to be named: a function
// has no disk to keep them on.
func Configuration(env func(string) string) (config.Config, error) {
	conf := config.Default("/")
	conf.Store, conf.Vault = "", ""
	for _, name := range []string{ConfigVariable, OverrideVariable} {
		var err error
		if conf, err = config.Parse("in "+name, []byte(env(name)), conf); err != nil {
			return conf, err
		}
	}
	switch {
	case conf.Store == "":
		return conf, fmt.Errorf("read configuration in %s: store is missing (dynamodb://TABLE)", ConfigVariable)
	case !strings.HasPrefix(conf.Vault, "s3://"):
		return conf, fmt.Errorf("read configuration in %s: vault has to be s3://BUCKET/PREFIX, because what a function keeps on its disk is lost", ConfigVariable)
	}
	return conf, nil
}

// Broken answers every invocation with why the function cannot work: the state machine shows it and does not try again.
func Broken(err error) *Handler {
	return &Handler{broken: &Unusable{"Cordon is not configured right: " + err.Error() + "; mend it and deploy again"}}
}

// Open makes the function's handler from the SDK's configuration and the environment, once a process. It makes no call:
// the first is the first invocation's own.
func Open(cfg aws.Config, env func(string) string, log *slog.Logger) (*Handler, error) {
	conf, err := Configuration(env)
	if err != nil {
		return nil, err
	}
	cfg = cloud.Retries(cfg)
	store, err := dynamodb.OpenURI(cfg, conf.Store, conf.Vault, conf.Accounts.Own)
	if err != nil {
		return nil, err
	}
	v, err := vault.Open(conf.Vault, func() (*s3.Client, string, error) { return cloud.New(cfg, "").S3, conf.Accounts.Own, nil })
	if err != nil {
		return nil, err
	}
	channels, err := notify.New(conf.Notify, notify.Deps{AWS: cfg})
	if err != nil {
		return nil, err
	}
	accounts := cloud.NewAccounts(cfg, conf.Accounts.Own, cloud.Member{
		Role: conf.Accounts.Role, ExternalID: conf.Accounts.ExternalID, Session: conf.Accounts.SessionName,
	}, new(cloud.Pace).Attach)
	return New(engine.New(engine.Options{
		Actions: actions.Catalog(), Store: store, Vault: v, Config: conf, Clients: accounts.Clients,
		Channels: channels, NoticeWait: noticeWait, Progress: progress(log),
		Owner: env("AWS_LAMBDA_FUNCTION_NAME") + "/" + env("AWS_LAMBDA_LOG_STREAM_NAME"),
		Archive: func(ctx context.Context, f finding.Finding) error {
			c := cfg.Copy()
			c.Region = f.Region
			return notify.Archive(ctx, guardduty.NewFromConfig(c), f.DetectorID, f.ID)
		},
	})), nil
}

// progress logs what happens, a JSON object a line.
func progress(log *slog.Logger) func(engine.Event) {
	return func(e engine.Event) {
		level := slog.LevelInfo
		switch e.Status {
		case string(action.Failed), string(action.Conflict), "partial":
			level = slog.LevelWarn
		case string(action.Doing):
			level = slog.LevelDebug
		}
		log.Log(context.Background(), level, e.Text, "case", e.Case, "target", e.Target.ID, "account", e.Target.Account,
			"region", e.Target.Region, "action", e.Action, "status", e.Status, "took_ms", e.Took.Milliseconds())
	}
}
