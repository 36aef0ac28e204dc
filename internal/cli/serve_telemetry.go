package cli

import (
	"context"
	"os"
	"time"

	"cordon/internal/action"
	"cordon/internal/serve"
	"cordon/internal/telemetry"
)

// measures is the telemetry as the service counts and traces.
type measures struct{ *telemetry.Telemetry }

func newMeasures(ctx context.Context, version string, catalog []action.Action) (measures, error) {
	o := telemetry.Options{Version: version, Env: os.Getenv}
	for _, a := range catalog {
		o.Actions = append(o.Actions, a.ID)
	}
	t, err := telemetry.New(ctx, o)
	return measures{t}, err
}

// end sends what is not sent yet; the service does not wait long for that.
func (m measures) end(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return m.Shutdown(ctx)
}

func (m measures) Count(name serve.Metric, n int, labels ...serve.Label) {
	m.Telemetry.Count(string(name), n, labelled(labels)...)
}

func (m measures) Gauge(name serve.Metric, value float64) { m.Telemetry.Gauge(string(name), value) }

func (m measures) Observe(name serve.Metric, d time.Duration) { m.Telemetry.Observe(string(name), d) }

func (m measures) Span(ctx context.Context, name string, labels ...serve.Label) (context.Context, func(error)) {
	return m.Telemetry.Span(ctx, name, labelled(labels)...)
}

func labelled(labels []serve.Label) []telemetry.Label {
	out := make([]telemetry.Label, len(labels))
	for i, l := range labels {
		out[i] = telemetry.Label(l)
	}
	return out
}
