package lambda_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"cordon/examples"
	"cordon/internal/action"
	"cordon/internal/asl"
	"cordon/internal/casefile"
	"cordon/internal/casefile/dynamodb"
	"cordon/internal/lambda/lambdatest"
	"cordon/internal/nodetest"
	"cordon/internal/playbook"
)

const (
	region = "us-east-1"
	table  = "cordon-cases"
)

// deployed is the function and its state machine, over an account that an emulator or the simulation keeps.
type deployed struct {
	t        *testing.T
	function *lambdatest.Function
	address  string
	store    casefile.Store
	number   int
}

// deploy makes the case table and starts the bootstrap.
func deploy(t *testing.T, cfg aws.Config, bootstrap string, processes int, env map[string]string) *deployed {
	t.Helper()
	if _, err := awsdynamodb.NewFromConfig(cfg).CreateTable(t.Context(), dynamodb.CreateTableInput(table)); err != nil {
		t.Fatal(err)
	}
	store, err := dynamodb.OpenURI(cfg, "dynamodb://"+table, "", "")
	if err != nil {
		t.Fatal(err)
	}
	f := lambdatest.Start(t, bootstrap, processes, env)
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the function's log:\n%s", f.Logs())
		}
	})
	return &deployed{t: t, function: f, address: server.URL, store: store}
}

// execution is one of the state machine, as the interpreter logged it.
type execution struct {
	Output json.RawMessage
	Error  *struct{ Name, Message string }
	Log    []logged
}

type logged struct {
	Type  string
	State struct{ Name string }
}

// execute starts the state machine with an event, as the EventBridge rule does.
func (d *deployed) execute(event []byte) execution {
	d.t.Helper()
	machine, err := asl.Machine(asl.Playbooks())
	if err != nil {
		d.t.Fatal(err)
	}
	d.number++
	in, err := json.Marshal(map[string]any{
		"machine": json.RawMessage(strings.NewReplacer("${Partition}", "aws", "${FunctionArn}", "cordon").Replace(string(machine))),
		"input":   json.RawMessage(event), "name": fmt.Sprintf("execution-%d", d.number), "function": d.address, "pause": 400,
	})
	if err != nil {
		d.t.Fatal(err)
	}
	var e execution
	if err := json.Unmarshal(nodetest.Run(d.t, filepath.Join("testdata", "execute.cjs"), in), &e); err != nil {
		d.t.Fatal(err)
	}
	return e
}

// clean says whether the execution came to the end Clean; the other one is Dirty.
func (e execution) clean(t *testing.T) bool {
	t.Helper()
	if len(e.Log) == 0 {
		t.Fatal("the interpreter logged nothing")
	}
	entered := map[string]bool{}
	for _, ev := range e.Log {
		entered[ev.State.Name] = true
	}
	if clean, dirty := entered["Clean"], entered["Dirty"]; clean == dirty || clean != (e.Error == nil) {
		t.Errorf("the execution came to neither end, or to both: %+v", e.Error)
	}
	return e.Error == nil
}

// retries counts how often a state was tried again.
func (e execution) retries(state string) (n int) {
	for _, ev := range e.Log {
		if ev.State.Name == state && ev.Type == "StateRetried" {
			n++
		}
	}
	return n
}

// only is the one case of the target whose id contains part.
func (d *deployed) only(part string) casefile.Case {
	d.t.Helper()
	cases, err := d.store.Cases(d.t.Context(), casefile.Filter{})
	if err != nil {
		d.t.Fatal(err)
	}
	cases = slices.DeleteFunc(cases, func(c casefile.Case) bool { return !strings.Contains(c.Target.ID, part) })
	if len(cases) != 1 {
		d.t.Fatalf("%d cases of %s, want 1", len(cases), part)
	}
	return cases[0]
}

func example(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := examples.Findings.ReadFile("findings/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// inOrder holds a case's records against the playbook's tree: what stands later in a Seq began when what stands before
// had ended.
func inOrder(t *testing.T, store casefile.Store, c casefile.Case) {
	t.Helper()
	records, err := store.Records(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	byAction := map[string]action.Record{}
	for _, r := range records {
		byAction[r.Action] = r
	}
	p, _ := playbook.For(playbook.Subject{Case: c.ID, Target: c.Target})
	var walk func(playbook.Node)
	held := 0
	walk = func(n playbook.Node) {
		switch n := n.(type) {
		case playbook.Seq:
			for i := range n {
				walk(n[i])
				for j := range i {
					for _, before := range playbook.Steps(n[j]) {
						for _, after := range playbook.Steps(n[i]) {
							b, a := byAction[before.Action], byAction[after.Action]
							if b.Ended.IsZero() || a.Started.IsZero() {
								continue
							}
							if held++; a.Started.Before(b.Ended) {
								t.Errorf("%s began at %s, before %s ended at %s", a.Action, a.Started, b.Action, b.Ended)
							}
						}
					}
				}
			}
		case playbook.Par:
			for _, c := range n {
				walk(c)
			}
		case playbook.Inline:
			walk(n.Node)
		case playbook.Step, playbook.Gate:
		}
	}
	walk(p.Root)
	if held == 0 && len(records) > 1 && c.Target.Kind == "ec2.instance" {
		t.Error("no two steps to compare")
	}
}

// outcomes are a case's steps and what became of them, sorted.
func outcomes(t *testing.T, store casefile.Store, id string) []string {
	t.Helper()
	records, err := store.Records(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range records {
		out = append(out, fmt.Sprintf("%s %s", r.Action, r.Status))
	}
	slices.Sort(out)
	return out
}
