package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"cordon/internal/action"
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

// Setup is where Cordon keeps what it needs.
type Setup struct {
	// OnAWS: cases in a DynamoDB table, evidence in an S3 bucket, notices to SNS, all on the same account, with its latency. Else cases in SQLite and
	// evidence in a directory, no notices.
	OnAWS   bool
	Dir     string               // for what is kept on the disk
	Wait    time.Duration        // engine.Options.Wait
	Actions []action.Action      // the catalogue if nil
	Edit    func(*config.Config) // changes the configuration; nil for not at all
}

// Cordon is an engine on an account.
type Cordon struct {
	*engine.Engine
	Store    casefile.Store
	verified time.Time // when the first case was said to be contained
}

// NewCordon makes an engine, with live response as examples/cordon.yaml has it. Close its store.
func NewCordon(ctx context.Context, a *Account, s Setup) (*Cordon, error) {
	conf := config.Default(s.Dir)
	conf.EC2.QuarantineProfile = "arn:aws:iam::" + awssim.DefaultAccount + ":instance-profile/cordon-quarantine"
	conf.EC2.LiveResponse = config.LiveResponse{Channel: config.ChannelHTTPS, Seconds: 90, Commands: []string{"ps aux"}, WindowsCommands: []string{"Get-Process"}}
	if s.Edit != nil {
		s.Edit(&conf)
	}
	c, cfg := &Cordon{}, cloud.Timely(cloud.Retries(a.cfg), 0) // as the programs make it
	o := engine.Options{
		Actions: s.Actions, Config: conf, Owner: "bench", Wait: s.Wait,
		Clients: cloud.NewAccounts(cfg, awssim.DefaultAccount, cloud.Member{}).Clients,
	}
	if o.Actions == nil {
		o.Actions = actions.Catalog()
	}
	var once onceTime
	o.Progress = func(e engine.Event) {
		if e.Action == "" && e.Status == string(casefile.Contained) {
			once.set(e.At, &c.verified)
		}
	}
	var err error
	if s.OnAWS {
		err = c.onAWS(cfg, a.Topic, &o)
	} else {
		err = c.onDisk(ctx, s.Dir, &o)
	}
	if err != nil {
		return nil, err
	}
	c.Engine = engine.New(o)
	return c, nil
}

func (c *Cordon) onDisk(ctx context.Context, dir string, o *engine.Options) (err error) {
	if c.Store, err = sqlite.Open(ctx, filepath.Join(dir, "cordon.db")); err != nil {
		return err
	}
	o.Store = c.Store
	o.Vault, err = vault.OpenDir(filepath.Join(dir, "evidence"))
	return err
}

func (c *Cordon) onAWS(cfg aws.Config, topic string, o *engine.Options) (err error) {
	where := "s3://" + bucket + "/cordon"
	if c.Store, err = dynamodb.OpenURI(cfg, dynamodb.Scheme+table, where, ""); err != nil {
		return err
	}
	o.Store = c.Store
	if o.Vault, err = vault.Open(where, func() (*s3.Client, string, error) { return cloud.New(cfg, "").S3, "", nil }); err != nil {
		return err
	}
	o.Channels, err = notify.New(notify.Config{SNS: &notify.SNSConfig{Topic: topic}}, notify.Deps{AWS: cfg})
	return err
}

// Contain answers one finding on the instance and wants it contained.
func (c *Cordon) Contain(ctx context.Context, instance string) (casefile.Case, error) {
	r := c.Respond(ctx, []finding.Finding{Finding(instance, 1)})
	if r[0].Err != nil {
		return r[0].Case, r[0].Err
	}
	if r[0].Case.Status != casefile.Contained {
		return r[0].Case, errors.New(string(r[0].Case.Status) + ": " + r[0].Case.Reason)
	}
	return r[0].Case, nil
}

// Finding is one of severity 8 on an instance; count tells repeats apart.
func Finding(instance string, count int) finding.Finding {
	id := "f-" + instance
	raw := fmt.Appendf(nil, `{"schemaVersion":"2.0","id":%q,"accountId":%q,"region":%q,"type":"Backdoor:EC2/C&CActivity.B","severity":8,
		"service":{"count":%d},"resource":{"resourceType":"Instance","instanceDetails":{"instanceId":%q}}}`,
		id, awssim.DefaultAccount, region, count, instance)
	return finding.Finding{
		ID: id, Type: "Backdoor:EC2/C&CActivity.B", Severity: 8, Count: count,
		Account: awssim.DefaultAccount, Region: region, Raw: raw, Kind: finding.KindInstance,
		Targets: []finding.Target{{Account: awssim.DefaultAccount, Region: region, Kind: finding.KindInstance, ID: instance}},
	}
}
