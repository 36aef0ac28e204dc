package deploytest

import (
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"cordon/internal/asl"
	"cordon/internal/awssim"
	"cordon/internal/casefile/dynamodb"
	"cordon/internal/cloud"
	"cordon/internal/config"
	cordonfinding "cordon/internal/finding"
	"cordon/internal/lambda"
	"cordon/internal/playbook"
)

// List prices of us-east-1 on 2026-11-22, in dollars each.
const (
	priceTransition = 0.025 / 1e3  // Step Functions, Standard
	priceInvocation = 0.20 / 1e6   // Lambda
	priceGBSecond   = 0.0000133334 // Lambda, arm64
	priceWrite      = 0.625 / 1e6  // DynamoDB on demand, 1 KB; twice in a transaction
	priceRead       = 0.125 / 1e6  // DynamoDB on demand, 4 KB read consistently
	pricePut        = 0.005 / 1e3  // S3 PUT, LIST
	priceGet        = 0.0004 / 1e3 // S3 GET
	priceKMS        = 0.03 / 1e4   // KMS request
	priceMail       = 2.00 / 1e5   // SNS: a notice by e-mail
	secondsATask    = 1.0          // measured: below that but for containing
	memory          = 256.0 / 1024 // GB, as in the template
	itemsOfWrite    = 2.0          // units of a write, generously: 2 KB
	itemsInTransact = 3 * 2 * 2.0  // three items of 2 KB, each twice
	itemsOfRead     = 2.0          // units of a read: up to 8 KB
	kmsRequests     = 10           // a finding: S3 uses a bucket key, DynamoDB and SNS keep theirs for five minutes
	waits           = 15           // how often a task is asked again while snapshots take ten minutes
)

// spent is what the answer to one finding takes.
type spent struct {
	states, invocations     int
	writes, transacts, read int
	puts, gets              int
}

func (s spent) dollars() float64 {
	n := float64(s.invocations)
	return float64(s.states+1)*priceTransition + // and the start
		n*priceInvocation + n*secondsATask*memory*priceGBSecond +
		(float64(s.writes)*itemsOfWrite+float64(s.transacts)*itemsInTransact)*priceWrite + float64(s.read)*itemsOfRead*priceRead +
		float64(s.puts)*pricePut + float64(s.gets)*priceGet + kmsRequests*priceKMS + priceMail
}

// TestCost counts the states and the calls of each kind of finding, on the simulated account, and holds what docs/deploy.md
// says that it costs against that.
func TestCost(t *testing.T) {
	account := awssim.New(awssim.Options{})
	if err := awssim.Demo(account); err != nil {
		t.Fatal(err)
	}
	cfg := account.Config(Region)
	if _, err := awsdynamodb.NewFromConfig(cfg).CreateTable(t.Context(), dynamodb.CreateTableInput("cases")); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(File(t, "docs/deploy.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ row, file string }{
		{"an instance", "ec2-c2.json"}, {"a user", "iam-user.json"}, {"a bucket", "s3-public.json"}, {"a sample", "ec2-sample.json"},
	} {
		t.Run(tt.row, func(t *testing.T) {
			s := answer(t, cfg, tt.file)
			t.Logf("%+v: $%.4f", s, s.dollars())
			row := regexp.MustCompile(`(?m)^\| ` + tt.row + `[^|]*\| ([0-9]+) \| ([0-9]+) \| \$([0-9.]+) \|`).FindSubmatch(page)
			if row == nil {
				t.Fatalf("docs/deploy.md has no row for %s", tt.row)
			}
			for n, counted := range []float64{float64(s.states), float64(s.invocations), s.dollars()} {
				written, err := strconv.ParseFloat(string(row[n+1]), 64)
				// The states are counted exactly. How often a task is asked again, and so what it costs, goes by the clock.
				if err != nil || math.Abs(written-counted) > []float64{0, 2, counted / 8}[n] {
					t.Errorf("docs/deploy.md says %s, counted %.5g", row[n+1], counted)
				}
			}
		})
	}
}

// answer does what the state machine does with a finding, one task after the other.
func answer(t *testing.T, cfg aws.Config, file string) spent {
	t.Helper()
	env := map[string]string{lambda.ConfigVariable: `{"store": "dynamodb://cases", "vault": "s3://cordon-evidence-111122223333/cordon",
		"accounts": {"own": "111122223333"}, "ec2": {"live_response": {"channel": "https"},
		"quarantine_profile": "arn:aws:iam::111122223333:instance-profile/cordon-quarantine"}}`}
	journal := &cloud.Journal{}
	h, err := lambda.Open(journal.Attach(cfg), func(name string) string { return env[name] }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	var s spent
	waited := false
	do := func(task asl.Task) any {
		t.Helper()
		task.Execution, task.Started = "execution", time.Now()
		raw, err := json.Marshal(task)
		if err != nil {
			t.Fatal(err)
		}
		for s.invocations++; ; {
			out, err := h.Invoke(t.Context(), raw)
			var pending *lambda.Pending
			if !errors.As(err, &pending) {
				if err != nil {
					t.Fatalf("%s %s: %v", task.Task, task.Action, err)
				}
				return out
			}
			waited = true
			time.Sleep(200 * time.Millisecond) // about `waits` times in all: a snapshot takes 2 s here
		}
	}
	event, err := os.ReadFile(File(t, "examples/findings/"+file))
	if err != nil {
		t.Fatal(err)
	}
	opened := do(asl.Task{Task: asl.TaskOpen, Event: event}).(asl.Opened)
	if len(opened.Cases) != 1 {
		t.Fatalf("opened %+v", opened)
	}
	c := opened.Cases[0]
	s.states = states(t, c.Playbook)
	if c.Playbook != asl.NoPlaybook {
		do(asl.Task{Task: asl.TaskInline, Case: c.Case, Playbook: c.Playbook, Node: "0"})
		for _, step := range afterContainment(c.Playbook) {
			do(asl.Task{Task: asl.TaskStep, Case: c.Case, Playbook: c.Playbook, Action: step})
		}
		do(asl.Task{Task: asl.TaskSettle, Case: c.Case, Playbook: c.Playbook})
	}
	if waited {
		s.states, s.invocations = s.states+waits, s.invocations+waits
	}
	for _, call := range journal.Calls() {
		switch name := call.Service + "." + call.Operation; {
		case name == "DynamoDB.TransactWriteItems":
			s.transacts++
		case strings.HasPrefix(name, "DynamoDB.Get") || strings.HasPrefix(name, "DynamoDB.BatchGet") || name == "DynamoDB.Query":
			s.read++
		case strings.HasPrefix(name, "DynamoDB."):
			s.writes++
		case strings.HasPrefix(name, "S3.Put") || strings.HasPrefix(name, "S3.List"):
			s.puts++
		case strings.HasPrefix(name, "S3."):
			s.gets++
		}
	}
	return s
}

// afterContainment are the steps of a playbook that are states of their own.
func afterContainment(name string) []string {
	for _, kind := range playbook.Kinds() {
		p, ok := playbook.For(playbook.Subject{Target: cordonfinding.Target{Kind: kind}, Config: config.Default("/")})
		if !ok || p.Name != name {
			continue
		}
		var out []string
		for _, step := range playbook.Steps(p.Root.(playbook.Seq)[1:]) {
			if step.Action != playbook.Settle {
				out = append(out, step.Action)
			}
		}
		return out
	}
	return nil
}

// states is how many states of the machine one case of a playbook goes through.
func states(t *testing.T, name string) int {
	t.Helper()
	raw, err := os.ReadFile(File(t, "deploy/cordon.asl.json"))
	if err != nil {
		t.Fatal(err)
	}
	var machine map[string]any
	if err := json.Unmarshal(raw, &machine); err != nil {
		t.Fatal(err)
	}
	n := 6 // Open, Cases, Playbook, Any dirty?, Clean or dirty, Clean
	if name == asl.NoPlaybook {
		return n + 1 // Settled before
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for key, item := range v {
				if state := object(item); state["Type"] != nil && strings.HasPrefix(key, name+": ") {
					n++
				}
				walk(item)
			}
		case []any:
			for _, item := range v {
				walk(item)
			}
		}
	}
	walk(machine)
	return n
}
