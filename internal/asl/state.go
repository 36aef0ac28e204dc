package asl

import (
	"bytes"
	"encoding/json"
)

// The types here are the part of the Amazon States Language (https://states-language.net/spec.html, JSONPath) that the
// machine needs, with the fields in the order in which a reader wants them.

// graph is a machine, the body of a Map or one branch of a Parallel.
type graph struct {
	Comment         string     `json:",omitempty"`
	TimeoutSeconds  int        `json:",omitempty"` // of the whole machine only
	ProcessorConfig *processor `json:",omitempty"` // of a Map's body only
	StartAt         string
	States          states
}

type processor struct{ Mode string }

// states keeps the order in which they were added: first what runs first.
type states []namedState

type namedState struct {
	name string
	state
}

func (s *states) add(name string, st state) { *s = append(*s, namedState{name, st}) }

// MarshalJSON writes an object.
func (s states) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, st := range s {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := encode(st.name)
		if err != nil {
			return nil, err
		}
		body, err := encode(st.state)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(body)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

type state struct {
	Type           string
	Comment        string          `json:",omitempty"`
	Resource       string          `json:",omitempty"`
	Parameters     any             `json:",omitempty"`
	ItemsPath      string          `json:",omitempty"`
	ItemProcessor  *graph          `json:",omitempty"`
	Branches       []graph         `json:",omitempty"`
	Choices        []choice        `json:",omitempty"`
	Default        string          `json:",omitempty"`
	ResultSelector any             `json:",omitempty"`
	ResultPath     json.RawMessage `json:",omitempty"` // discard, or absent: the result replaces the state's data
	TimeoutSeconds int             `json:",omitempty"`
	Retry          []retrier       `json:",omitempty"`
	Catch          []catcher       `json:",omitempty"`
	Error          string          `json:",omitempty"`
	Cause          string          `json:",omitempty"`
	Next           string          `json:",omitempty"`
	End            bool            `json:",omitempty"`
}

type choice struct {
	Variable      string
	StringEquals  string `json:",omitempty"`
	BooleanEquals bool   `json:",omitempty"`
	Next          string
}

type retrier struct {
	ErrorEquals     []string
	IntervalSeconds int     `json:",omitempty"`
	BackoffRate     float64 `json:",omitempty"`
	MaxDelaySeconds int     `json:",omitempty"`
	MaxAttempts     int
	JitterStrategy  string `json:",omitempty"`
}

type catcher struct {
	ErrorEquals []string
	ResultPath  json.RawMessage
	Next        string
}

// discard is the ResultPath of a result that nobody needs: the state's data stay as they are.
var discard = json.RawMessage("null")

// whatever catches every error that can be caught, drops it, and goes on.
func whatever(next string) []catcher {
	return []catcher{{ErrorEquals: []string{"States.ALL"}, ResultPath: discard, Next: next}}
}

// invocation are the Parameters of a task: the API lambda:invoke.
type invocation struct {
	FunctionName string
	Payload      payload
}

// payload is Task as a payload template: what ends in ".$" is a path.
type payload struct {
	Task      string `json:"task"`
	Execution string `json:"execution.$"`
	Started   string `json:"started.$"`
	Event     string `json:"event.$,omitempty"`
	Case      string `json:"case.$,omitempty"`
	Playbook  string `json:"playbook.$,omitempty"`
	Node      string `json:"node,omitempty"` // absent is the root
	Action    string `json:"action,omitempty"`
	Token     string `json:"token.$,omitempty"`
}

// outcome is what a case leaves behind in the Map's result.
type outcome struct {
	Case  string `json:"case.$"`
	Clean string `json:"clean.$"`
}

// unclean is the outcome of a case that could not be settled.
type unclean struct {
	Case  string `json:"case.$"`
	Clean bool   `json:"clean"`
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
