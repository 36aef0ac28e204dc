package asl_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"cordon/internal/asl"
	"cordon/internal/nodetest"
	"cordon/internal/playbook"
)

const function = "arn:aws:lambda:eu-west-1:111122223333:function:cordon"

// job is one execution for run.cjs.
type job struct {
	Input   any             `json:"input"`
	Instant bool            `json:"instant"` // no time between two attempts
	Plan    map[string]does `json:"plan"`
}

// does is what a task does: of every case, or "CASE KEY" for one of them.
type does struct {
	Units  int      `json:"units,omitempty"`  // milliseconds an attempt
	Errors []string `json:"errors,omitempty"` // of the first attempts
	Always string   `json:"always,omitempty"` // the error of all others
	Never  bool     `json:"never,omitempty"`  // it gives no answer
	Result any      `json:"result,omitempty"`
}

// done is what became of an execution.
type done struct {
	Calls   []call         `json:"calls"`
	Entered []entered      `json:"entered"`
	Output  map[string]any `json:"output"`
	Error   string         `json:"error"`
	Cause   string         `json:"cause"`
	Took    int            `json:"took"` // milliseconds
}

type call struct {
	State    string          `json:"state"`
	Resource string          `json:"resource"`
	Function string          `json:"function"`
	Payload  json.RawMessage `json:"payload"`
	Key      string          `json:"key"`
	Begin    int             `json:"begin"`
	End      *int            `json:"end"`
	Error    string          `json:"error"`
}

// entered is a state's data as they came in.
type entered struct {
	Name   string          `json:"name"`
	Type   string          `json:"type"`
	Input  json.RawMessage `json:"input"`
	InCase bool            `json:"inCase"`
}

// task is the call as the function reads it: nothing in it that Task does not have.
func (c call) task(t *testing.T) asl.Task {
	t.Helper()
	var task asl.Task
	d := json.NewDecoder(bytes.NewReader(c.Payload))
	d.DisallowUnknownFields()
	if err := d.Decode(&task); err != nil {
		t.Fatalf("payload of %s: %v\n%s", c.State, err, c.Payload)
	}
	return task
}

// keys lists the calls' keys in their order.
func (d done) keys() string {
	var out []string
	for _, c := range d.Calls {
		out = append(out, c.Key)
	}
	return strings.Join(out, " ")
}

func (d done) count(key string) (n int) {
	for _, c := range d.Calls {
		if c.Key == key {
			n++
		}
	}
	return n
}

// execute runs all jobs in one Node process, once the definition has passed asl-validator.
func execute(t *testing.T, definition []byte, jobs []job) []done {
	t.Helper()
	in, err := json.Marshal(map[string]any{"definition": json.RawMessage(definition), "jobs": append([]job{}, jobs...)})
	if err != nil {
		t.Fatal(err)
	}
	var out []done
	if err := json.Unmarshal(nodetest.Run(t, "testdata/run.cjs", in), &out); err != nil {
		t.Fatal(err)
	}
	if len(out) != len(jobs) {
		t.Fatalf("%d executions of %d", len(out), len(jobs))
	}
	return out
}

// machine renders playbooks and fills in what a deployment fills in.
func machine(t *testing.T, playbooks ...playbook.Playbook) []byte {
	t.Helper()
	raw, err := asl.Machine(playbooks)
	if err != nil {
		t.Fatal(err)
	}
	return asl.Fill(raw, "aws", function)
}

// opens is the answer of open.
func opens(cases ...asl.OpenedCase) does { return does{Result: asl.Opened{Cases: cases}} }

// toy is a playbook with a tree of its own.
func toy(name string, root playbook.Node) playbook.Playbook {
	return playbook.Playbook{Name: name, Root: root}
}

func step(id string) playbook.Step { return playbook.Step{Action: id} }

func ms(d time.Duration) int { return int(d.Milliseconds()) }
