// Package lambda answers the invocations of Cordon's AWS Lambda function: tasks of the state machine (package asl),
// findings that EventBridge or an SQS queue delivers without one.
//
// Kept lean, because its size is paid for at every cold start: no SQLite, no templates, no command line.
package lambda

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cordon/internal/action"
	"cordon/internal/asl"
	"cordon/internal/casefile"
	"cordon/internal/engine"
	"cordon/internal/finding"
)

// timeToStore is what an invocation keeps of its time to store what it did.
const timeToStore = 15 * time.Second

// Handler answers invocations. Make it with Open, or over an engine of your own with New; it is safe for concurrent use.
type Handler struct {
	engine *engine.Engine
	broken error // the answer to everything
}

// New makes a handler over an engine.
func New(e *engine.Engine) *Handler { return &Handler{engine: e} }

// Invoke answers one invocation; what it gives depends on what came in:
//
//	{"task": …}                    a task of the state machine   asl.Opened, asl.Settled or {}
//	{"Records": [SQS messages]}    findings from a queue         events.SQSEventResponse: the messages to deliver again
//	anything that holds findings   an EventBridge event          asl.Opened's cases as asl.Settled; *Unfinished
//
// An error's type name is what the state machine tells errors apart by.
func (h *Handler) Invoke(ctx context.Context, payload json.RawMessage) (any, error) {
	if h.broken != nil {
		return nil, h.broken
	}
	var shape struct {
		Task    string `json:"task"`
		Records []struct {
			EventSource string `json:"eventSource"`
		}
	}
	if err := json.Unmarshal(payload, &shape); err != nil {
		return nil, &Unusable{"the invocation is no JSON object: " + err.Error()}
	}
	if deadline, ok := ctx.Deadline(); ok { // what was done is still written down before Lambda ends the process
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-timeToStore))
		defer cancel()
	}
	switch {
	case shape.Task != "":
		return h.task(ctx, payload)
	case len(shape.Records) > 0 && shape.Records[0].EventSource == "aws:sqs":
		return h.queue(ctx, payload)
	default:
		return h.direct(ctx, payload)
	}
}

// task does one task of the state machine.
func (h *Handler) task(ctx context.Context, payload json.RawMessage) (any, error) {
	var t asl.Task
	d := json.NewDecoder(bytes.NewReader(payload))
	d.DisallowUnknownFields() // the state machine is of another version
	if err := d.Decode(&t); err != nil {
		return nil, &Unusable{"the task cannot be read: " + err.Error() + "; deploy function and state machine of one version"}
	}
	turn := engine.Turn{Case: t.Case, Walk: t.Execution, Received: t.Started}
	switch {
	case t.Execution == "" || t.Started.IsZero():
		return nil, &Unusable{"the task does not name its execution"}
	case t.Task != asl.TaskOpen && !casefile.ValidID(t.Case):
		return nil, &Unusable{fmt.Sprintf("the task names no case: %q", t.Case)}
	}
	switch t.Task {
	case asl.TaskOpen:
		return h.open(ctx, t)
	case asl.TaskInline:
		return nothing{}, named(h.engine.Inline(ctx, turn, t.Node))
	case asl.TaskStep:
		return nothing{}, named(h.engine.Step(ctx, turn, t.Action))
	case asl.TaskGate:
		return h.gate(ctx, t)
	case asl.TaskSettle:
		return h.settle(ctx, turn)
	default:
		return nil, &Unusable{fmt.Sprintf("task %q is not known to this version of the function", t.Task)}
	}
}

type nothing struct{}

// open opens the cases of the event's finding.
func (h *Handler) open(ctx context.Context, t asl.Task) (any, error) {
	findings, err := decode(t.Event)
	if err != nil {
		return nil, err
	}
	out := asl.Opened{Cases: []asl.OpenedCase{}}
	var errs []error
	idle := true
	for _, f := range findings {
		begun, err := h.begin(ctx, f, t.Started)
		errs = append(errs, err)
		for _, b := range begun {
			if b.Case.ID == "" { // of one target; the others do not wait for it, and the execution ends dirty
				out.Cases = append(out.Cases, asl.OpenedCase{Playbook: asl.NoPlaybook})
				continue
			}
			c := asl.OpenedCase{Case: b.Case.ID, Playbook: b.Playbook, Approve: b.Ask}
			if c.Playbook == "" {
				c.Playbook, c.Clean = asl.NoPlaybook, engine.Whole(b.Case)
			} else {
				idle = false
			}
			out.Cases = append(out.Cases, c)
		}
	}
	if err := errors.Join(errs...); err != nil {
		if idle {
			return nil, named(err) // opened again, what is open is found
		}
		h.engine.Tell(engine.Event{Status: "failed", Text: "not every target of the finding has a case: " + err.Error()})
	}
	if idle { // nothing is waiting for this answer: time to see whether people could be told
		for i, c := range out.Cases {
			told, err := h.told(ctx, c.Case)
			if err != nil {
				return nil, err
			}
			out.Cases[i].Clean = c.Clean && told
		}
	}
	return out, nil
}

// begin opens a finding's cases, again where that fails for some of them.
func (h *Handler) begin(ctx context.Context, f finding.Finding, started time.Time) (begun []engine.Begun, err error) {
	for n := range 3 {
		if n > 0 {
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
				return begun, err
			}
		}
		if begun, err = h.engine.Begin(ctx, f, started); err == nil {
			break
		}
	}
	return begun, err
}

// gate keeps the token with which the answer comes, and sees to it that people know that they are asked. What it gives is no
// answer: that is the operator's to send, with a permission that the function does not have. *Settled: there is nothing to
// wait for.
func (h *Handler) gate(ctx context.Context, t asl.Task) (any, error) {
	switch {
	case t.Node != "":
		return nil, &Unusable{"a gate within a playbook is not known to this version of the function"}
	case t.Token == "":
		return nil, &Unusable{"the gate has no task token"}
	}
	if err := h.engine.SaveToken(ctx, t.Case, t.Token); err != nil {
		return nil, named(err)
	}
	_, err := h.told(ctx, t.Case)
	return nothing{}, err
}

// settle ends a walk. While a channel does not take a notice it is Pending: the state machine is what waits.
func (h *Handler) settle(ctx context.Context, t engine.Turn) (any, error) {
	c, err := h.engine.Settle(ctx, t)
	if err != nil {
		return nil, named(err)
	}
	told, err := h.told(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	return asl.Settled{Case: c.ID, Status: string(c.Status), Clean: (engine.Whole(c) || engine.Wanted(c)) && told}, nil
}

// told sends the case's notices that are not sent yet, and says whether all are.
func (h *Handler) told(ctx context.Context, caseID string) (bool, error) {
	waiting, failed, err := h.engine.SendUnsentOf(ctx, caseID)
	switch {
	case err != nil:
		return false, named(err)
	case len(waiting) > 0:
		return false, &Pending{"case " + caseID + ": not sent yet: " + strings.Join(waiting, ", ")}
	default:
		return len(failed) == 0, nil
	}
}

// direct answers an event that came without a state machine, from its beginning to its end in this invocation.
func (h *Handler) direct(ctx context.Context, event json.RawMessage) (any, error) {
	settled, err := h.respond(ctx, event)
	if err != nil {
		return nil, err
	}
	return struct {
		Cases []asl.Settled `json:"cases"`
	}{settled}, nil
}

// queue answers a batch from SQS, side by side. A message that was not answered to its end is delivered again by the
// queue, and goes on where it was. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
func (h *Handler) queue(ctx context.Context, payload json.RawMessage) (any, error) {
	var batch events.SQSEvent
	if err := json.Unmarshal(payload, &batch); err != nil {
		return nil, &Unusable{"the batch cannot be read: " + err.Error()}
	}
	failed := make(chan string, len(batch.Records))
	for _, m := range batch.Records {
		go func() {
			if _, err := h.respond(ctx, json.RawMessage(m.Body)); err != nil {
				h.engine.Tell(engine.Event{Status: "failed", Text: "message " + m.MessageId + ": " + err.Error()})
				failed <- m.MessageId
				return
			}
			failed <- ""
		}()
	}
	out := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for range batch.Records {
		if id := <-failed; id != "" {
			out.BatchItemFailures = append(out.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: id})
		}
	}
	return out, nil
}

// respond answers a document's findings in process. *Unfinished: answer it again.
func (h *Handler) respond(ctx context.Context, document json.RawMessage) ([]asl.Settled, error) {
	findings, err := decode(document)
	if err != nil {
		return nil, err
	}
	out := []asl.Settled{}
	var left []string
	for _, r := range h.engine.Respond(ctx, findings) {
		if r.Err != nil {
			left = append(left, r.Err.Error())
			continue
		}
		whole := engine.Whole(r.Case)
		if out = append(out, asl.Settled{Case: r.Case.ID, Status: string(r.Case.Status), Clean: whole}); !whole {
			left = append(left, "case "+r.Case.ID+" is "+string(r.Case.Status)+": "+r.Case.Reason)
		}
	}
	if len(left) > 0 {
		return nil, &Unfinished{strings.Join(left, "; ")}
	}
	return out, nil
}

func decode(document json.RawMessage) ([]finding.Finding, error) {
	findings, err := finding.Decode(bytes.NewReader(document))
	if err == nil && len(findings) == 0 {
		err = errors.New("there is none in it")
	}
	if err != nil {
		return nil, &Unusable{"no GuardDuty finding: " + err.Error()}
	}
	return findings, nil
}

// named gives err the type that the state machine knows it by; others stay as they are.
func named(err error) error {
	var pending *action.Pending
	var held *casefile.HeldError
	var place *engine.PlaceError
	var asked *engine.Asked
	var settled *engine.NotAskedError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, casefile.ErrNotFound), errors.As(err, &place):
		return &Unusable{err.Error()}
	case errors.As(err, &pending):
		return &Pending{pending.Reason}
	case errors.As(err, &held):
		return &Busy{held.Error()}
	case errors.As(err, &asked):
		return &Asks{asked.Error()}
	case errors.As(err, &settled):
		return &Settled{settled.Error()}
	default:
		return &Failed{err.Error()}
	}
}
