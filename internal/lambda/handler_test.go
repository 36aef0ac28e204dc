package lambda_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cordon/internal/asl"
	"cordon/internal/casefile"
	"cordon/internal/lambda"
)

func invoke(t *testing.T, h *lambda.Handler, payload string) (string, error) {
	t.Helper()
	out, err := h.Invoke(t.Context(), json.RawMessage(payload))
	if err != nil {
		return "", err
	}
	raw, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw), nil
}

// TestTasksThatMakeNoSense are refused with an error that no retry is spent on, and change nothing.
func TestTasksThatMakeNoSense(t *testing.T) {
	p := processEngine(t)
	h := lambda.New(p.Engine)
	const rest = `"execution": "e", "started": "2026-01-01T00:00:00Z"`
	for name, tc := range map[string]struct{ payload, want string }{
		"no JSON":               {`{`, "no JSON"},
		"a number":              {`7`, "no JSON object"},
		"an unknown task":       {`{"task": "destroy", "case": "c-0123456789ab", ` + rest + `}`, `"destroy"`},
		"an unknown field":      {`{"task": "step", "force": true, "case": "c-0123456789ab", ` + rest + `}`, "of one version"},
		"no execution":          {`{"task": "settle", "case": "c-0123456789ab"}`, "execution"},
		"no case":               {`{"task": "settle", ` + rest + `}`, "names no case"},
		"a case that is a path": {`{"task": "settle", "case": "../../etc", ` + rest + `}`, "names no case"},
		"no finding":            {`{"task": "open", "event": {"detail-type": "x"}, ` + rest + `}`, "no GuardDuty finding"},
		"an empty event":        {`{}`, "no GuardDuty finding"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := invoke(t, h, tc.payload)
			var unusable *lambda.Unusable
			if !errors.As(err, &unusable) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want Unusable with %q", err, tc.want)
			}
		})
	}
	if _, err := invoke(t, h, `{"task": "settle", "case": "c-0123456789ab", `+rest+`}`); err == nil {
		t.Error("a case that does not exist was settled")
	}
	cases, err := p.store.Cases(t.Context(), casefile.Filter{})
	if err != nil || len(cases) != 0 {
		t.Errorf("cases %v, %v; want none", cases, err)
	}
}

// TestQueue answers a batch: only what was not answered to its end comes again.
func TestQueue(t *testing.T) {
	p := processEngine(t)
	h := lambda.New(p.Engine)
	batch := events.SQSEvent{}
	for id, body := range map[string]string{
		"user": string(example(t, "iam-user.json")), "bucket": string(example(t, "s3-public.json")), "sample": string(example(t, "ec2-sample.json")),
		"broken": `{"detail": {"id": `, "elsewhere": strings.ReplaceAll(string(example(t, "iam-role.json")), "111122223333", "444455556666"),
	} {
		batch.Records = append(batch.Records, events.SQSMessage{MessageId: id, Body: body, EventSource: "aws:sqs"})
	}
	raw, err := json.Marshal(batch)
	if err != nil {
		t.Fatal(err)
	}
	out, err := h.Invoke(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	failed := map[string]bool{}
	for _, f := range out.(events.SQSEventResponse).BatchItemFailures {
		failed[f.ItemIdentifier] = true
	}
	if fmt.Sprint(failed) != "map[broken:true elsewhere:true]" {
		t.Errorf("failed: %v; want the broken one and the one of another account", failed)
	}
	cases, err := p.store.Cases(t.Context(), casefile.Filter{Statuses: []casefile.Status{casefile.Contained}})
	if err != nil || len(cases) != 2 {
		t.Errorf("contained %v, %v; want the user and the bucket", cases, err)
	}
}

// TestDirect answers an EventBridge event without a state machine; what is not answered to its end is an error, so that
// Lambda's own retry goes on.
func TestDirect(t *testing.T) {
	p := processEngine(t)
	h := lambda.New(p.Engine)
	out, err := invoke(t, h, string(example(t, "iam-user.json")))
	if err != nil || !strings.Contains(out, `"status":"contained","clean":true`) {
		t.Errorf("%s, %v", out, err)
	}
	var unfinished *lambda.Unfinished
	_, err = invoke(t, h, strings.ReplaceAll(string(example(t, "iam-role.json")), "111122223333", "444455556666"))
	if !errors.As(err, &unfinished) || !strings.Contains(err.Error(), "444455556666") {
		t.Errorf("another account's finding: %v", err)
	}
}

// TestOpen gives each target's case, those that nothing is to be done in as settled.
func TestOpen(t *testing.T) {
	p := processEngine(t)
	h := lambda.New(p.Engine)
	open := func(file string) asl.Opened {
		t.Helper()
		raw, err := json.Marshal(asl.Task{Task: asl.TaskOpen, Execution: "e", Started: began, Event: example(t, file)})
		if err != nil {
			t.Fatal(err)
		}
		out, err := h.Invoke(t.Context(), raw)
		if err != nil {
			t.Fatal(err)
		}
		return out.(asl.Opened)
	}
	if o := open("ec2-sample.json"); len(o.Cases) == 0 || o.Cases[0].Playbook != asl.NoPlaybook || !o.Cases[0].Clean {
		t.Errorf("a sample: %+v", o)
	}
	if o := open("eks-runtime.json"); len(o.Cases) == 0 || o.Cases[0].Playbook != asl.NoPlaybook {
		t.Errorf("unsupported: %+v", o)
	}
	first := open("attack-sequence.json")
	if len(first.Cases) < 2 {
		t.Errorf("an attack sequence: %+v, want several cases", first)
	}
	again := open("attack-sequence.json")
	if fmt.Sprint(first) != fmt.Sprint(again) {
		t.Errorf("opened again: %+v, before %+v", again, first)
	}
}

var began = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
