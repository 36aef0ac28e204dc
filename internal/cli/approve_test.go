package cli_test

import (
	"bytes"
	"context"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/rogpeppe/go-internal/testscript"

	"cordon/internal/actions"
	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/casefile/sqlite"
	"cordon/internal/cloud"
	"cordon/internal/config"
	"cordon/internal/engine"
	"cordon/internal/finding"
	"cordon/internal/vault"
)

// box is a sandbox as a process of the service has it, which nobody has started.
type box struct {
	*engine.Engine
	account *awssim.Account
	store   casefile.Store
}

func openBox(ts *testscript.TestScript, dir string, rules config.Approval) box {
	dir = ts.MkAbs(dir)
	account, created, err := awssim.Open(dir, awssim.Options{})
	ts.Check(err)
	if created {
		ts.Check(awssim.Demo(account))
	}
	conf := config.Default(dir)
	conf.Policy.Approval = rules
	conf.Policy.Rules = []config.Rule{{Name: "friday", Match: &config.Match{}, Then: config.ThenApprove, Reason: "it is Friday \x1b[2Jand late"}}
	store, err := sqlite.Open(context.Background(), filepath.Join(dir, "cordon.db"))
	ts.Check(err)
	v, err := vault.Open(conf.Vault, nil)
	ts.Check(err)
	return box{engine.New(engine.Options{
		Actions: actions.Catalog(), Store: store, Vault: v, Config: conf, Owner: "service",
		Clients: cloud.NewAccounts(account.Config("us-east-1"), "", cloud.Member{}).Clients,
	}), account, store}
}

// ask has the service ask about the case of a finding: ask DIR FILE [two | timeout D].
func ask(ts *testscript.TestScript, _ bool, args []string) {
	rules := config.Approval{}
	switch {
	case len(args) == 4 && args[2] == "timeout":
		d, err := time.ParseDuration(args[3])
		ts.Check(err)
		rules.Timeout = config.Duration(d)
	case len(args) == 3 && args[2] == "two":
		rules.People = 2
	}
	b := openBox(ts, args[0], rules)
	defer b.store.Close()
	findings, err := finding.Decode(bytes.NewReader([]byte(ts.ReadFile(args[1]))))
	ts.Check(err)
	for _, r := range b.Respond(context.Background(), findings) {
		ts.Check(r.Err)
		if r.Case.Status != casefile.AwaitingApproval {
			ts.Fatalf("case %s: %s", r.Case.Status, r.Case.Reason)
		}
		ts.Setenv("ID", r.Case.ID)
	}
}

// token has an execution wait for a case's answer: token DIR CASE TOKEN [late]; or wants it answered: token DIR CASE TOKEN = OUTPUT.
func token(ts *testscript.TestScript, _ bool, args []string) {
	b := openBox(ts, args[0], config.Approval{})
	defer b.store.Close()
	ts.Check(b.account.Edit("us-east-1", func(ed *awssim.Editor) error {
		switch got := ed.TaskOutput(args[2]); {
		case len(args) == 5 && got != args[4]:
			ts.Fatalf("output of %s is %q, want %q", args[2], got, args[4])
		case len(args) < 5:
			ed.WaitingTask(args[2])
		}
		if args[len(args)-1] == "late" {
			ed.TaskTimesOut(args[2])
		}
		return nil
	}))
	if len(args) < 5 {
		ts.Check(b.SaveToken(context.Background(), args[1], args[2]))
	}
}

// meddle changes an instance as somebody else would: meddle DIR INSTANCE protect|tag.
func meddle(ts *testscript.TestScript, _ bool, args []string) {
	b := openBox(ts, args[0], config.Approval{})
	defer b.store.Close()
	c := ec2.NewFromConfig(b.account.Config("us-east-1"))
	var err error
	switch args[2] {
	case "protect":
		_, err = c.ModifyInstanceAttribute(context.Background(), &ec2.ModifyInstanceAttributeInput{
			InstanceId: &args[1], DisableApiTermination: &ec2types.AttributeBooleanValue{Value: aws.Bool(true)},
		})
	case "tag":
		_, err = c.CreateTags(context.Background(), &ec2.CreateTagsInput{
			Resources: []string{args[1]}, Tags: []ec2types.Tag{{Key: aws.String("cordon:case"), Value: aws.String("mine")}},
		})
	}
	ts.Check(err)
}
