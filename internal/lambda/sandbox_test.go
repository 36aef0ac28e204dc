package lambda_test

import (
	"bytes"
	"context"
	"path/filepath"
	"slices"
	"testing"

	"cordon/internal/actions"
	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/casefile/sqlite"
	"cordon/internal/cloud"
	"cordon/internal/config"
	"cordon/internal/engine"
	"cordon/internal/finding"
	"cordon/internal/lambda/lambdatest"
	"cordon/internal/nodetest"
	"cordon/internal/vault"

	"github.com/aws/aws-sdk-go-v2/aws"
)

const sandboxConfig = `{"store": "dynamodb://` + table + `", "vault": "s3://cordon-evidence-111122223333/cordon", "accounts": {"own": "111122223333", "role": null},
	"ec2": {"quarantine_profile": "arn:aws:iam::111122223333:instance-profile/cordon-quarantine", "live_response": {"channel": "https", "seconds": 90}},
	"notify": {"slack": null, "jira": null, "securityhub": false}, "iam": {"protected": ["break-glass-*"]}}`

// TestOnTheSimulatedAccount executes the state machine, with the real bootstrap, on the simulated account: each kind of
// finding ends as it does in the engine in process, step by step and in the same order; then release puts all back.
func TestOnTheSimulatedAccount(t *testing.T) {
	root, err := nodetest.Root()
	if err != nil {
		t.Fatal(err)
	}
	nodetest.Modules(t)
	dir := filepath.Join(t.TempDir(), "account")
	account, _, err := awssim.Open(dir, awssim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := awssim.Demo(account); err != nil {
		t.Fatal(err)
	}
	bootstrap := lambdatest.Build(t, root, "./cmd/cordon-lambda", "-tags", "sandbox,lambda.norpc")
	d := deploy(t, account.Config(region), bootstrap, 2, map[string]string{
		"CORDON_SANDBOX": dir, "AWS_REGION": region, "CORDON_CONFIG": sandboxConfig,
	})
	before := account.Dump(awssim.DumpOptions{})

	inProcess := processEngine(t)
	for _, tc := range []struct{ file, target string }{
		{"ec2-c2.json", "i-0a1b2c3d4e5f60002"},
		{"ec2-cryptomining.json", "i-0a1b2c3d4e5f60001"},
		{"iam-user.json", "deploy-bot"},
		{"s3-public.json", "cordon-demo-customer-data"},
	} {
		t.Run(tc.file, func(t *testing.T) {
			d.t = t
			e := d.execute(example(t, tc.file))
			if !e.clean(t) {
				t.Errorf("the execution ended dirty: %s", e.Output)
			}
			c := d.only(tc.target)
			if c.Status != casefile.Contained || !engine.Whole(c) || c.ContainedAfter == 0 {
				t.Errorf("case %s: %s, contained after %s", c.Status, c.Reason, c.ContainedAfter)
			}
			inOrder(t, d.store, c)
			want := inProcess.respond(t, tc.file, tc.target)
			inOrder(t, inProcess.store, want)
			if got, want := outcomes(t, d.store, c.ID), outcomes(t, inProcess.store, want.ID); !slices.Equal(got, want) {
				t.Errorf("steps %v\nin process %v", got, want)
			}
			if tc.file == "ec2-c2.json" && e.retries("ec2: snapshot-volumes") == 0 {
				t.Error("the snapshots take 2 s, and no state waited for them")
			}
			if again := d.execute(example(t, tc.file)); !again.clean(t) {
				t.Errorf("the same event again ended dirty: %s", again.Output)
			}
		})
	}
	t.Run("sample", func(t *testing.T) {
		d.t = t
		if e := d.execute(example(t, "ec2-sample.json")); !e.clean(t) {
			t.Errorf("a sample ended dirty: %s", e.Output)
		}
	})
	t.Run("unsupported", func(t *testing.T) {
		d.t = t
		if e := d.execute(example(t, "eks-runtime.json")); !e.clean(t) {
			t.Errorf("an unsupported finding, of which people are told, ended dirty: %s", e.Output)
		}
	})
	t.Run("no finding", func(t *testing.T) {
		d.t = t
		if e := d.execute([]byte(`{"detail-type": "GuardDuty Malware Protection Object Scan Result", "detail": {}}`)); e.clean(t) {
			t.Errorf("an event without a finding ended clean: %s", e.Output)
		}
	})
	t.Run("paused", func(t *testing.T) { // the interpreter takes what the gate gives for the answer, so the case has none
		d.t = t
		if err := d.store.Pause(t.Context(), casefile.Pause{By: "a test", At: began}); err != nil {
			t.Fatal(err)
		}
		e := d.execute(example(t, "iam-role.json"))
		if !e.clean(t) || !slices.ContainsFunc(e.Log, func(ev logged) bool { return ev.State.Name == "Ask a person" }) {
			t.Errorf("nobody was asked, or it ended dirty: %s", e.Output)
		}
		c := d.only("web-app-role")
		if c.Status != casefile.AwaitingApproval || c.TaskToken() == "" {
			t.Errorf("case %s: %s, waited for: %v", c.Status, c.Reason, c.TaskToken() != "")
		}
		if err := d.store.Resume(t.Context(), "a test", began); err != nil {
			t.Fatal(err)
		}
		v, err := vault.OpenS3(cloud.New(account.Config(region), "").S3, "cordon-evidence-111122223333", "cordon", "")
		if err != nil {
			t.Fatal(err)
		}
		operator := newEngine(account.Config(region), d.store, v, func(o *engine.Options) {
			o.Caller = func(context.Context) (string, error) { return "arn:aws:iam::111122223333:user/alice", nil }
			o.Answer = func(context.Context, string, bool) error { return engine.ErrNobodyWaits }
		})
		if c, err := operator.Approve(t.Context(), c.ID, true, ""); err != nil || c.Status != casefile.Contained {
			t.Errorf("approved: %s: %s, %v", c.Status, c.Reason, err)
		}
	})
	t.Run("release", func(t *testing.T) {
		d.t = t
		v, err := vault.OpenS3(cloud.New(account.Config(region), "").S3, "cordon-evidence-111122223333", "cordon", "")
		if err != nil {
			t.Fatal(err)
		}
		e := newEngine(account.Config(region), d.store, v)
		cases, err := d.store.Cases(t.Context(), casefile.Filter{Statuses: []casefile.Status{casefile.Contained}})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			if verified, err := e.Verify(t.Context(), c.ID); err != nil || !verified.Holds {
				t.Errorf("verify %s: %+v, %v", c.Target.ID, verified, err)
			}
			if c, err = e.Release(t.Context(), c.ID, engine.ReleaseOptions{ReactivateKeys: true}); err != nil || c.Status != casefile.Released {
				t.Errorf("release %s: %s (%s), %v", c.Target.ID, c.Status, c.Reason, err)
			}
		}
		if diff := awssim.Diff(before, account.Dump(awssim.DumpOptions{})); len(diff) > 0 {
			t.Errorf("not as before: %v", diff)
		}
	})
	t.Logf("largest process: %.1f MiB", float64(d.function.Memory())/(1<<20))
}

// inProcess is the engine in this process, on a simulated account of its own, with the same configuration.
type inProcess struct {
	*engine.Engine
	store casefile.Store
}

func processEngine(t *testing.T, edit ...func(*engine.Options)) inProcess {
	t.Helper()
	account := awssim.New(awssim.Options{})
	if err := awssim.Demo(account); err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), t.TempDir()+"/cordon.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	v, err := vault.OpenS3(cloud.New(account.Config(region), "").S3, "cordon-evidence-111122223333", "cordon", "")
	if err != nil {
		t.Fatal(err)
	}
	return inProcess{newEngine(account.Config(region), store, v, edit...), store}
}

func newEngine(cfg aws.Config, store casefile.Store, v vault.Vault, edit ...func(*engine.Options)) *engine.Engine {
	conf, err := config.Parse("test", []byte(sandboxConfig), config.Default("/"))
	if err != nil {
		panic(err)
	}
	accounts := cloud.NewAccounts(cfg, "111122223333", cloud.Member{})
	o := engine.Options{Actions: actions.Catalog(), Store: store, Vault: v, Config: conf, Clients: accounts.Clients, Owner: "in process"}
	for _, f := range edit {
		f(&o)
	}
	return engine.New(o)
}

func (p inProcess) respond(t *testing.T, file, target string) casefile.Case {
	t.Helper()
	findings, err := finding.Decode(bytes.NewReader(example(t, file)))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range p.Respond(t.Context(), findings) {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		if r.Case.Target.ID == target {
			return r.Case
		}
	}
	t.Fatalf("no case of %s", target)
	return casefile.Case{}
}
