package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"cordon/internal/casefile"
	"cordon/internal/casefile/dynamodb"
	"cordon/internal/casefile/sqlite"
	"cordon/internal/config"
	"cordon/internal/engine"
)

// openStore opens the case store that the configuration names. account gives the SDK's configuration, which a table is
// reached with; it is called for dynamodb:// alone.
func openStore(ctx context.Context, conf config.Config, account func() (aws.Config, error)) (casefile.Store, error) {
	if strings.HasPrefix(conf.Store, dynamodb.Scheme) {
		cfg, err := account()
		if err != nil {
			return nil, err
		}
		return dynamodb.OpenURI(cfg, conf.Store, conf.Vault, "")
	}
	u, err := url.Parse(conf.Store)
	if err != nil || u.Scheme != "sqlite" || u.Host != "" || !filepath.IsAbs(u.Path) {
		return nil, fmt.Errorf("%q is not known; use sqlite:///ABSOLUTE/PATH or dynamodb://TABLE", conf.Store)
	}
	return sqlite.Open(ctx, u.Path)
}

// store opens the case store for verbs that answer or release, once it is known that a table can be written.
func (w *world) store(ctx context.Context) (casefile.Store, error) {
	store, err := openStore(ctx, w.conf, w.config)
	if _, table := store.(*dynamodb.Store); err == nil && table {
		err = store.Check(ctx)
	}
	var broken *casefile.BrokenError
	switch {
	case errors.As(err, &broken):
		return nil, fmt.Errorf("%w. Nothing was changed", err)
	case err != nil:
		return nil, &engine.SetupError{What: "case store " + w.conf.Store, Hint: "nothing was changed; set store in cordon.yaml", Err: err}
	}
	w.closes = append(w.closes, store.Close)
	return store, nil
}

func (w *world) config() (aws.Config, error) { return w.aws, nil }

// readStore opens the store alone, for verbs that read what is in it.
func (a *app) readStore(ctx context.Context) (casefile.Store, error) {
	conf, err := a.settings()
	if err != nil {
		return nil, err
	}
	store, err := openStore(ctx, conf, func() (aws.Config, error) {
		w, err := a.world(ctx)
		if err != nil {
			return aws.Config{}, err
		}
		return w.aws, nil
	})
	var setup *engine.SetupError
	var broken *casefile.BrokenError
	switch {
	case errors.As(err, &setup):
		return nil, setup
	case errors.As(err, &broken):
		return nil, err
	case err != nil:
		return nil, &engine.SetupError{What: "case store " + conf.Store, Hint: "set store in cordon.yaml, or --sandbox", Err: err}
	}
	return store, nil
}
