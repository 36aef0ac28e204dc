package serve

import (
	"context"
	"errors"
	"time"

	"github.com/aws/smithy-go"
)

// Telemetry is where the service counts and traces. Implementations are safe for concurrent use and never block.
type Telemetry interface {
	Count(m Metric, n int, labels ...Label)                                                // adds to a counter
	Gauge(m Metric, value float64)                                                         // sets a gauge
	Observe(m Metric, value time.Duration)                                                 // adds to a histogram
	Span(ctx context.Context, name string, labels ...Label) (context.Context, func(error)) // ends the span
}

// Label tells the parts of a metric, or spans, apart. Values of metrics are words of Cordon's own, never a finding's text.
type Label struct{ Name, Value string }

// Metric names what is measured.
type Metric string

// The metrics, with their labels. Durations are observed in seconds.
const (
	Findings       Metric = "cordon_findings_total"            // counter: source (sqs, http), outcome (accepted, refused, unusable, no-finding, failed)
	Cases          Metric = "cordon_cases_total"               // counter: status; answers, not cases
	TimeToContain  Metric = "cordon_time_to_contain_seconds"   // histogram: from the receipt to the last containing change
	QueueDepth     Metric = "cordon_queue_messages"            // gauge: visible messages, as SQS estimates
	MessageAge     Metric = "cordon_queue_message_age_seconds" // histogram: from sent to received
	BusyWorkers    Metric = "cordon_workers_busy"              // gauge
	WaitingAnswers Metric = "cordon_findings_waiting"          // gauge: for a worker
	Drifts         Metric = "cordon_drift_total"               // counter: outcome (alerted, put-back, unread)
	Resumed        Metric = "cordon_cases_resumed_total"       // counter
	CutReleases    Metric = "cordon_releases_interrupted"      // gauge: a person has to look
	Errors         Metric = "cordon_errors_total"              // counter: kind (of the part), code (AWS's, or other)
)

// none is the telemetry of a service that is not given any.
type none struct{}

func (none) Count(Metric, int, ...Label)   {}
func (none) Gauge(Metric, float64)         {}
func (none) Observe(Metric, time.Duration) {}
func (none) Span(ctx context.Context, _ string, _ ...Label) (context.Context, func(error)) {
	return ctx, func(error) {}
}

// code is an error's AWS code, for people and metrics; it holds nothing that is foreign.
func code(err error) string {
	var api smithy.APIError
	switch {
	case errors.As(err, &api):
		return api.ErrorCode()
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	default:
		return "other"
	}
}
