package telemetry_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"cordon/internal/engine"
	"cordon/internal/telemetry"
)

func newTelemetry(t *testing.T, env func(string) string) *telemetry.Telemetry {
	t.Helper()
	tel, err := telemetry.New(t.Context(), telemetry.Options{Version: "1.2.3", Actions: []string{"ec2.isolate-network", "ec2.tag"}, Env: env})
	if err != nil {
		t.Fatal(err)
	}
	return tel
}

// scrape reads the exposition as Prometheus does: "name{label="value"} number", a histogram by its count.
func scrape(t *testing.T, tel *telemetry.Telemetry) (samples []string) {
	t.Helper()
	w := httptest.NewRecorder()
	tel.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		t.Fatalf("%d %s", w.Code, w.Header().Get("Content-Type"))
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range families {
		if f.GetHelp() == "" {
			t.Errorf("%s has no help text", name)
		}
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			value := m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			samples = append(samples, fmt.Sprintf("%s{%s} %g", name, strings.Join(labels, ","), value))
		}
	}
	slices.Sort(samples)
	return samples
}

func TestExposition(t *testing.T) {
	tel := newTelemetry(t, nil)
	tel.Count("cordon_findings_total", 2, telemetry.Label{Name: "source", Value: "sqs"}, telemetry.Label{Name: "outcome", Value: "accepted"})
	tel.Count("cordon_findings_total", 1, telemetry.Label{Name: "source", Value: "sqs"}, telemetry.Label{Name: "outcome", Value: "accepted"})
	tel.Gauge("cordon_queue_messages", 7)
	tel.Gauge("cordon_queue_messages", 5)
	tel.Observe("cordon_time_to_contain_seconds", 400*time.Millisecond)
	_, ended := tel.Step(t.Context(), "c-abcdefghijkl", "ec2.isolate-network")
	ended("done")
	_, called := tel.Began(t.Context(), "EC2", "DescribeInstances", "us-east-1")
	called("")
	_, called = tel.Began(t.Context(), "EC2", "DescribeInstances", "us-east-1")
	called("UnauthorizedOperation")
	tel.Throttled(t.Context(), "EC2", "CreateTags")
	tel.Waited("EC2", "CreateTags", true, time.Second)
	tel.Event(engine.Event{Action: "notify.slack/3-contained", Status: "done"})
	tel.Event(engine.Event{Action: "ec2.tag", Status: "done"})
	want := []string{
		`cordon_aws_call_seconds{service="EC2"} 2`,
		`cordon_aws_calls_total{code="",operation="DescribeInstances",service="EC2"} 1`,
		`cordon_aws_calls_total{code="UnauthorizedOperation",operation="DescribeInstances",service="EC2"} 1`,
		`cordon_aws_throttled_total{operation="CreateTags",service="EC2"} 1`,
		`cordon_findings_total{outcome="accepted",source="sqs"} 3`,
		`cordon_notices_total{channel="slack",status="done"} 1`,
		`cordon_pace_wait_seconds{service="EC2",urgent="yes"} 1`,
		`cordon_queue_messages{} 5`,
		`cordon_step_seconds{action="ec2.isolate-network"} 1`,
		`cordon_steps_total{action="ec2.isolate-network",status="done"} 1`,
		`cordon_time_to_contain_seconds{} 1`,
		`target_info{service_name="cordon",service_version="1.2.3"} 1`,
	}
	if diff := cmp.Diff(want, scrape(t, tel)); diff != "" {
		t.Error("(-want +got)\n" + diff)
	}
	if err := tel.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestLabelsAreBounded: what is hostile, unknown or too much is "other".
func TestLabelsAreBounded(t *testing.T) {
	tel := newTelemetry(t, nil)
	hostile := []string{
		"ec2.tag\"} 1\nevil_total{x=\"", "\x1b[31mred", strings.Repeat("a", 65), "<script>", "ünï", "i-0a1b2c3d4e5f60001", "\xff", "unknown.action",
	}
	for _, v := range hostile {
		_, ended := tel.Step(t.Context(), v, v)
		ended("done")
	}
	for i := range 1000 {
		_, called := tel.Began(t.Context(), "EC2", "DescribeInstances", "us-east-1")
		called(fmt.Sprintf("Code%d", i))
	}
	_, called := tel.Began(t.Context(), "EC2", "DescribeInstances", "us-east-1")
	called(hostile[0])
	samples := scrape(t, tel)
	if want := fmt.Sprintf(`cordon_steps_total{action="other",status="done"} %d`, len(hostile)); !slices.Contains(samples, want) {
		t.Errorf("no %s in\n%s", want, strings.Join(samples, "\n"))
	}
	codes := 0
	for _, s := range samples {
		if strings.HasPrefix(s, "cordon_aws_calls_total") {
			codes++
		}
		for _, v := range hostile {
			if strings.Contains(s, v) {
				t.Errorf("%q stands in %s", v, s)
			}
		}
	}
	if codes != 201 || !slices.Contains(samples, `cordon_aws_calls_total{code="other",operation="DescribeInstances",service="EC2"} 801`) {
		t.Errorf("%d codes", codes)
	}
}

func TestExportsAreSwitchedOn(t *testing.T) {
	for _, tt := range []struct {
		name string
		env  map[string]string
		want string // of the error
	}{
		{"off", nil, ""},
		{"grpc is not there", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "http/protobuf"},
		{"disabled", map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:1", "OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, ""},
		{"the other protocol of one signal", map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://localhost:1", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc"}, "http/protobuf"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tel, err := telemetry.New(t.Context(), telemetry.Options{Env: func(name string) string { return tt.env[name] }})
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("%v, want %s", err, tt.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			ctx, end := tel.Span(t.Context(), "case")
			end(errors.New("x"))
			if ctx != t.Context() {
				t.Error("a span is made though nothing is exported")
			}
			if err := tel.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestCollectorDown: Shutdown ends when its time does, and says that something was not sent.
func TestCollectorDown(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	tel := newTelemetry(t, os.Getenv)
	_, end := tel.Span(t.Context(), "case")
	end(nil)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := tel.Shutdown(ctx); err == nil {
		t.Error("nobody listens, but all was sent")
	}
}
