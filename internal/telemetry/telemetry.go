// Package telemetry measures and traces the long-running service with OpenTelemetry: metrics for Prometheus to scrape, and
// metrics and traces over OTLP/HTTP where the standard variables name an endpoint.
//
// No label of a metric holds what someone else chose: values that are no plain words, and values past a number of
// different ones, are "other". Ids of cases and actions stand in spans alone, where all else that is foreign is escaped.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Telemetry counts and traces. Make it with New; it is safe for concurrent use, and its methods never wait for the network.
type Telemetry struct {
	meters  *sdkmetric.MeterProvider
	traces  *sdktrace.TracerProvider // nil: nothing is traced
	meter   metric.Meter
	tracer  trace.Tracer
	handler http.Handler
	actions map[string]bool

	mu         sync.Mutex
	counters   map[string]metric.Int64Counter
	gauges     map[string]metric.Float64Gauge
	histograms map[string]metric.Float64Histogram
	values     map[valueOf]map[string]bool // the label values that are in use
}

// Options say what the telemetry is of.
type Options struct {
	Version string
	Actions []string // ids that may stand in the label action
	// Env reads the environment: os.Getenv. OTLP is on where OTEL_EXPORTER_OTLP_ENDPOINT, or the same variable for TRACES or
	// METRICS, is set; the exporters take all the standard variables from the process's own environment.
	// https://opentelemetry.io/docs/specs/otel/protocol/exporter/
	Env func(name string) string
}

// New makes the telemetry; nothing is sent or awaited yet. End it with Shutdown.
func New(ctx context.Context, o Options) (*Telemetry, error) {
	res := resource.NewSchemaless(attribute.String("service.name", "cordon"), attribute.String("service.version", o.Version))
	registry := prometheus.NewRegistry()
	scrape, err := otelprometheus.New(otelprometheus.WithRegisterer(registry), otelprometheus.WithoutScopeInfo(),
		otelprometheus.WithTranslationStrategy(otlptranslator.UnderscoreEscapingWithoutSuffixes))
	if err != nil {
		return nil, fmt.Errorf("make the Prometheus exporter: %w", err)
	}
	t := &Telemetry{
		handler: promhttp.HandlerFor(registry, promhttp.HandlerOpts{}), actions: map[string]bool{},
		counters: map[string]metric.Int64Counter{}, gauges: map[string]metric.Float64Gauge{},
		histograms: map[string]metric.Float64Histogram{}, values: map[valueOf]map[string]bool{},
	}
	for _, id := range o.Actions {
		t.actions[id] = true
	}
	meters := []sdkmetric.Option{sdkmetric.WithResource(res), sdkmetric.WithReader(scrape)}
	if on, err := exports(o.Env, "METRICS"); err != nil {
		return nil, err
	} else if on {
		exporter, err := otlpmetrichttp.New(ctx)
		if err != nil {
			return nil, fmt.Errorf("make the OTLP exporter of metrics: %w", err)
		}
		meters = append(meters, sdkmetric.WithReader(sdkmetric.NewPeriodicReader(exporter)))
	}
	t.meters = sdkmetric.NewMeterProvider(meters...)
	t.meter = t.meters.Meter("cordon")
	if on, err := exports(o.Env, "TRACES"); err != nil {
		return nil, err
	} else if on {
		exporter, err := otlptracehttp.New(ctx)
		if err != nil {
			return nil, fmt.Errorf("make the OTLP exporter of traces: %w", err)
		}
		t.traces = sdktrace.NewTracerProvider(sdktrace.WithResource(res), sdktrace.WithBatcher(exporter))
		t.tracer = t.traces.Tracer("cordon")
	}
	return t, nil
}

// exports says whether OTLP is on for a signal.
func exports(env func(string) string, signal string) (bool, error) {
	if env == nil || env("OTEL_EXPORTER_OTLP_ENDPOINT")+env("OTEL_EXPORTER_OTLP_"+signal+"_ENDPOINT") == "" ||
		strings.EqualFold(env("OTEL_SDK_DISABLED"), "true") || env("OTEL_"+signal+"_EXPORTER") == "none" {
		return false, nil
	}
	protocol := env("OTEL_EXPORTER_OTLP_" + signal + "_PROTOCOL")
	if protocol == "" {
		protocol = env("OTEL_EXPORTER_OTLP_PROTOCOL")
	}
	if protocol != "" && protocol != "http/protobuf" {
		return false, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL is %q, but Cordon sends http/protobuf alone: set that, and the collector's HTTP port (4318)", protocol)
	}
	return true, nil
}

// Handler answers Prometheus's scrapes, in its text format.
func (t *Telemetry) Handler() http.Handler { return t.handler }

// Shutdown sends what is not sent yet, as long as ctx lasts, and ends the exporters.
func (t *Telemetry) Shutdown(ctx context.Context) error {
	err := t.meters.Shutdown(ctx)
	if t.traces != nil {
		err = errors.Join(err, t.traces.Shutdown(ctx))
	}
	if err != nil {
		return fmt.Errorf("send the last metrics and traces: %w", err)
	}
	return nil
}

// Label tells the parts of a metric, or spans, apart.
type Label struct{ Name, Value string }

// Count adds to a counter.
func (t *Telemetry) Count(name string, n int, labels ...Label) {
	c, err := instrument(t, t.counters, name, func() (metric.Int64Counter, error) {
		return t.meter.Int64Counter(name, metric.WithDescription(describe(name)))
	})
	if err == nil {
		c.Add(noContext{}, int64(n), metric.WithAttributeSet(t.bounded(name, labels)))
	}
}

// Gauge sets a gauge.
func (t *Telemetry) Gauge(name string, value float64, labels ...Label) {
	g, err := instrument(t, t.gauges, name, func() (metric.Float64Gauge, error) {
		return t.meter.Float64Gauge(name, metric.WithDescription(describe(name)))
	})
	if err == nil {
		g.Record(noContext{}, value, metric.WithAttributeSet(t.bounded(name, labels)))
	}
}

// Observe adds a duration to a histogram, in seconds.
func (t *Telemetry) Observe(name string, d time.Duration, labels ...Label) {
	h, err := instrument(t, t.histograms, name, func() (metric.Float64Histogram, error) {
		return t.meter.Float64Histogram(name, metric.WithDescription(describe(name)), metric.WithUnit("s"), metric.WithExplicitBucketBoundaries(
			.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800))
	})
	if err == nil {
		h.Record(noContext{}, d.Seconds(), metric.WithAttributeSet(t.bounded(name, labels)))
	}
}

// instrument gives the instrument of a name, which is made when it is first used.
func instrument[T any](t *Telemetry, known map[string]T, name string, make func() (T, error)) (T, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if i, ok := known[name]; ok {
		return i, nil
	}
	i, err := make()
	if err == nil {
		known[name] = i
	}
	return i, err
}
