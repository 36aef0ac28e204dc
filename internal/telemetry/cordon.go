package telemetry

import (
	"context"
	"errors"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"cordon/internal/cloud"
	"cordon/internal/engine"
)

// The metrics that this package keeps itself; the service's own are named where they are counted.
const (
	steps     = "cordon_steps_total"         // action, status
	stepTime  = "cordon_step_seconds"        // action
	notices   = "cordon_notices_total"       // channel, status
	calls     = "cordon_aws_calls_total"     // service, operation, code
	callTime  = "cordon_aws_call_seconds"    // service
	throttled = "cordon_aws_throttled_total" // service, operation
	paceTime  = "cordon_pace_wait_seconds"   // service, urgent
)

// describe is a metric's help text.
func describe(name string) string {
	return map[string]string{
		"cordon_findings_total":            "Findings received, by source and outcome.",
		"cordon_cases_total":               "Answers to findings, by the status of their case.",
		"cordon_time_to_contain_seconds":   "Time from the receipt of a finding to the last containing change.",
		"cordon_queue_messages":            "Messages in the queue, as SQS estimates.",
		"cordon_queue_message_age_seconds": "Time from a message's sending to its receipt.",
		"cordon_drift_total":               "Contained targets that were found changed, by outcome.",
		"cordon_cases_resumed_total":       "Cases that a process before left unfinished.",
		"cordon_releases_interrupted":      "Releases that a process that died left unfinished: a person has to look.",
		"cordon_findings_waiting":          "Findings that wait for a worker.",
		"cordon_workers_busy":              "Workers that contain a target.",
		"cordon_errors_total":              "Errors of the service's parts, by AWS error code.",
		steps:                              "Steps run, by action and status.",
		stepTime:                           "Time that a step took.",
		notices:                            "Attempts to send notices, by channel and status.",
		calls:                              "AWS calls, by error code; retries are within a call.",
		callTime:                           "Time that an AWS call took, retries and waits included.",
		throttled:                          "Attempts that AWS refused for their rate.",
		paceTime:                           "Time that calls waited so as to keep under AWS's rates; calls that did not are not in it.",
	}[name]
}

// Span begins a part of a trace, within the one in ctx; the returned function ends it. Labels may be ids; what cannot be
// printed in them is replaced. Errors stand in the trace by their AWS code, not by their text.
func (t *Telemetry) Span(ctx context.Context, name string, labels ...Label) (context.Context, func(error)) {
	ctx, span := t.start(ctx, name, trace.SpanKindInternal, labels...)
	return ctx, func(err error) {
		if err != nil {
			code := cloud.Code(err)
			switch {
			case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
				code = "timeout"
			case code == "":
				code = other
			}
			span.SetStatus(codes.Error, escaped(code))
		}
		span.End()
	}
}

func (t *Telemetry) start(ctx context.Context, name string, kind trace.SpanKind, labels ...Label) (context.Context, trace.Span) {
	if t.tracer == nil {
		return ctx, trace.SpanFromContext(noContext{})
	}
	kvs := make([]attribute.KeyValue, len(labels))
	for i, l := range labels {
		kvs[i] = attribute.String(l.Name, escaped(l.Value))
	}
	return t.tracer.Start(ctx, escaped(name), trace.WithSpanKind(kind), trace.WithAttributes(kvs...))
}

// Step is an engine's Options.Step: a span and the metrics of every step.
func (t *Telemetry) Step(ctx context.Context, caseID, action string) (context.Context, func(status string)) {
	began := time.Now()
	ctx, span := t.start(ctx, "step "+action, trace.SpanKindInternal, Label{"cordon.case", caseID}, Label{"cordon.action", action})
	return ctx, func(status string) {
		span.SetAttributes(attribute.String("cordon.status", escaped(status)))
		if status == "failed" {
			span.SetStatus(codes.Error, status)
		}
		span.End()
		t.Count(steps, 1, Label{"action", action}, Label{"status", status})
		t.Observe(stepTime, time.Since(began), Label{"action", action})
	}
}

// Event counts what an engine's Progress is told of notices.
func (t *Telemetry) Event(ev engine.Event) {
	if channel, ok := strings.CutPrefix(ev.Action, "notify."); ok {
		channel, _, _ = strings.Cut(channel, "/")
		t.Count(notices, 1, Label{"channel", channel}, Label{"status", ev.Status})
	}
}

// Began implements cloud.Observer: a span and the metrics of every AWS call.
func (t *Telemetry) Began(ctx context.Context, service, operation, region string) (context.Context, func(code string)) {
	began := time.Now()
	ctx, span := t.start(ctx, service+"."+operation, trace.SpanKindClient,
		Label{"rpc.system", "aws-api"}, Label{"rpc.service", service}, Label{"rpc.method", operation}, Label{"cloud.region", region})
	return ctx, func(code string) {
		if code != "" {
			span.SetStatus(codes.Error, escaped(code))
		}
		span.End()
		t.Count(calls, 1, Label{"service", service}, Label{"operation", operation}, Label{"code", code})
		t.Observe(callTime, time.Since(began), Label{"service", service})
	}
}

// Throttled implements cloud.Observer.
func (t *Telemetry) Throttled(_ context.Context, service, operation string) {
	t.Count(throttled, 1, Label{"service", service}, Label{"operation", operation})
}

// Waited is a cloud.Pace's Waited.
func (t *Telemetry) Waited(service, _ string, urgent bool, d time.Duration) {
	label := Label{"urgent", "no"}
	if urgent {
		label.Value = "yes"
	}
	t.Observe(paceTime, d, Label{"service", service}, label)
}
