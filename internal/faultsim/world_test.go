package faultsim

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"cordon/internal/actions"
	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/casefile/dynamodb"
	"cordon/internal/casefile/sqlite"
	"cordon/internal/cloud"
	"cordon/internal/config"
	"cordon/internal/engine"
	"cordon/internal/finding"
	"cordon/internal/notify"
	"cordon/internal/vault"
)

const (
	region   = "us-east-1"
	evidence = "cordon-evidence-" + awssim.DefaultAccount
)

// world is what outlives every process: the account, the store, the vault, the offices that get notices.
type world struct {
	t       *testing.T
	account *awssim.Account
	conf    config.Config
	store   casefile.Store // as no fault sees it
	vault   vault.Vault
	onAWS   bool // store and vault are a table and a bucket: their calls are calls to AWS

	issues, messages *office
	before           map[string]any
	seed             int64
}

func newWorld(t *testing.T, onAWS bool, seed int64) *world {
	t.Helper()
	w := &world{
		t: t, onAWS: onAWS, seed: seed, account: awssim.New(awssim.Options{}),
		issues: &office{looks: true, arrived: map[string]int{}}, messages: &office{arrived: map[string]int{}},
	}
	check(t, awssim.Demo(w.account))
	dir := fastDir(t)
	w.conf = config.Default(dir)
	if onAWS {
		cfg := w.account.Config(region)
		_, err := awsdynamodb.NewFromConfig(cfg).CreateTable(t.Context(), dynamodb.CreateTableInput("cordon"))
		check(t, err)
		w.store, err = dynamodb.OpenURI(cfg, "dynamodb://cordon", "s3://"+evidence+"/cordon", "")
		check(t, err)
		w.vault, err = vault.OpenS3(cloud.New(cfg, "").S3, evidence, "cordon", "")
		check(t, err)
	} else {
		store, err := sqlite.Open(t.Context(), dir+"/cordon.db")
		check(t, err)
		w.store = store
		w.vault, err = vault.OpenDir(dir + "/evidence")
		check(t, err)
	}
	t.Cleanup(func() { w.store.Close() })
	w.before = w.dump()
	return w
}

// fastDir is a directory in memory where there is one: what a disk does when the power fails is not what is tried here.
func fastDir(t *testing.T) string {
	if info, err := os.Stat("/dev/shm"); err != nil || !info.IsDir() {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp("/dev/shm", "cordon-faultsim-")
	check(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// process is one run of Cordon in the world.
type process struct {
	*engine.Engine
	*gate
	ctx context.Context
}

// start begins a process whose calls meet what decide says; nil: no fault.
func (w *world) start(decide func(call) effect) *process { return w.startAs("cordon", decide) }

func (w *world) startAs(who string, decide func(call) effect) *process {
	w.t.Helper()
	ctx, kill := context.WithCancel(w.t.Context())
	w.t.Cleanup(kill)
	g := &gate{seed: w.seed, decide: decide, kill: kill}
	cfg := g.attach(w.account.Config(region))
	store, v := casefile.Store(gatedStore{g, w.store}), vault.Vault(gatedVault{g, w.vault})
	if w.onAWS {
		var err error
		store, err = dynamodb.OpenURI(cfg, "dynamodb://cordon", "s3://"+evidence+"/cordon", "")
		check(w.t, err)
		v, err = vault.OpenS3(cloud.New(cfg, "").S3, evidence, "cordon", "")
		check(w.t, err)
	}
	e := engine.New(engine.Options{
		Actions: actions.Catalog(), Store: store, Vault: v, Config: w.conf, Owner: "cordon",
		Channels:   []notify.Channel{gatedOffice{g, notify.JiraID, w.issues}, gatedOffice{g, "notify.slack", w.messages}},
		NoticeWait: 3 * time.Second,
		Caller:     func(context.Context) (string, error) { return "arn:aws:iam::111122223333:user/" + who, nil },
		Clients: func(_ context.Context, account, region string) (*cloud.Clients, error) {
			c := cfg.Copy()
			c.Region = region
			return cloud.New(c, account), nil
		},
	})
	return &process{e, g, ctx}
}

// respond answers findings and sends what is not sent, as each process does at its end.
func (p *process) respond(findings ...finding.Finding) []engine.Result {
	results := p.Respond(p.ctx, findings)
	_ = p.SendUnsent(p.ctx)
	return results
}

// release releases every case of a process's world that is open.
func (p *process) release(w *world, o engine.ReleaseOptions) (errs []error) {
	for _, c := range w.cases() {
		if c.Status == casefile.Released {
			continue
		}
		if _, err := p.Release(p.ctx, c.ID, o); err != nil {
			errs = append(errs, fmt.Errorf("release %s: %w", c.ID, err))
		}
	}
	_ = p.SendUnsent(p.ctx)
	return errs
}

func (w *world) cases() []casefile.Case {
	w.t.Helper()
	all, err := w.store.Cases(w.t.Context(), casefile.Filter{})
	check(w.t, err)
	return all
}

// dump is the account less what Cordon keeps in it of its own.
func (w *world) dump() map[string]any {
	return w.account.Dump(awssim.DumpOptions{})
}
