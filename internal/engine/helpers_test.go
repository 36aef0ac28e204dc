package engine_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"cordon/internal/action"
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

const region = "us-east-1"

// rig is an engine over a simulated account, a store and a vault of its own. Use it inside a synctest bubble: the
// account's latency is then exact and costs no time.
type rig struct {
	*engine.Engine
	account *awssim.Account
	store   casefile.Store
	vault   vault.Vault
	journal *cloud.Journal
	conf    config.Config

	channels   []notify.Channel
	noticeWait time.Duration
	recheck    bool
	archived   []string
}

func newRig(t *testing.T, o awssim.Options, conf config.EC2) *rig {
	t.Helper()
	a := awssim.New(o)
	if err := awssim.Demo(a); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	store, err := sqlite.Open(t.Context(), dir+"/cordon.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	v, err := vault.OpenDir(dir + "/evidence")
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{account: a, store: store, vault: v, journal: &cloud.Journal{}, conf: config.Default(dir)}
	r.conf.EC2 = conf
	r.Engine = r.engine(r.vault)
	return r
}

// engine is a new engine on the rig's account and store, as a new process would make it.
func (r *rig) engine(v vault.Vault) *engine.Engine {
	return engine.New(r.options(v))
}

// engineWith is another engine on the same, with other options.
func (r *rig) engineWith(edit func(*engine.Options)) *engine.Engine {
	o := r.options(r.vault)
	edit(&o)
	return engine.New(o)
}

func (r *rig) options(v vault.Vault) engine.Options {
	cfg := r.journal.Attach(r.account.Config(region))
	return engine.Options{
		Actions: actions.Catalog(), Store: r.store, Vault: v, Config: r.conf, Owner: "test",
		Channels: r.channels, NoticeWait: r.noticeWait, Recheck: r.recheck,
		Archive: func(_ context.Context, f finding.Finding) error {
			r.archived = append(r.archived, f.ID)
			return nil
		},
		Clients: func(_ context.Context, account, region string) (*cloud.Clients, error) {
			c := cfg.Copy()
			c.Region = region
			return cloud.New(c, account), nil
		},
	}
}

// onS3 moves the rig's vault to the account's evidence bucket.
func (r *rig) onS3(t *testing.T) {
	t.Helper()
	v, err := vault.OpenS3(r.clients().S3, "cordon-evidence-111122223333", "cordon", r.account.ID())
	if err != nil {
		t.Fatal(err)
	}
	r.vault = v
	r.Engine = r.engine(v)
}

func (r *rig) clients() *cloud.Clients { return cloud.New(r.account.Config(region), r.account.ID()) }

// respond answers a finding on an instance and wants no error.
func (r *rig) respond(t *testing.T, f finding.Finding) casefile.Case {
	t.Helper()
	results := r.Respond(t.Context(), []finding.Finding{f})
	if len(results) != 1 || results[0].Err != nil {
		t.Fatalf("respond: %+v", results)
	}
	return results[0].Case
}

func (r *rig) record(t *testing.T, c casefile.Case, id string) action.Record {
	t.Helper()
	rec, ok, err := r.store.Record(t.Context(), c.ID, id)
	if err != nil || !ok {
		t.Fatalf("record of %s: %v, %v", id, ok, err)
	}
	return rec
}

// on is a finding on an instance; count tells repeats apart.
func on(instance string, count int) finding.Finding {
	raw := fmt.Appendf(nil, `{"schemaVersion":"2.0","id":"f-%s","accountId":%q,"region":%q,"type":"Backdoor:EC2/C&CActivity.B","severity":8,
		"service":{"count":%d},"resource":{"resourceType":"Instance","instanceDetails":{"instanceId":%q}}}`,
		instance, awssim.DefaultAccount, region, count, instance)
	return finding.Finding{
		ID: "f-" + instance, Type: "Backdoor:EC2/C&CActivity.B", Severity: 8, Count: count,
		Account: awssim.DefaultAccount, Region: region, Raw: raw, Kind: finding.KindInstance,
		Targets: []finding.Target{{Account: awssim.DefaultAccount, Region: region, Kind: finding.KindInstance, ID: instance}},
	}
}

const (
	web   = "i-0a1b2c3d4e5f60001" // Auto Scaling, balancers, two interfaces
	batch = "i-0a1b2c3d4e5f60002" // Windows, managed by Systems Manager, behind NAT
	db    = "i-0a1b2c3d4e5f60003" // Arm, termination protection on
)

func quiet() config.EC2 {
	return config.EC2{CutEstablished: true, LiveResponse: config.LiveResponse{Seconds: 90}}
}

func withLiveResponse() config.EC2 {
	c := quiet()
	c.QuarantineProfile = "arn:aws:iam::111122223333:instance-profile/cordon-quarantine"
	c.LiveResponse = config.LiveResponse{Channel: config.ChannelHTTPS, Seconds: 90, Commands: []string{"ps aux"}, WindowsCommands: []string{"Get-Process"}}
	return c
}

func latency(d time.Duration) awssim.Options {
	return awssim.Options{Latency: func(awssim.Call) time.Duration { return d }}
}

func restored(t *testing.T, r *rig, before map[string]any) {
	t.Helper()
	for _, d := range awssim.Diff(before, r.account.Dump(awssim.DumpOptions{})) {
		t.Error("not as before:", d)
	}
}
