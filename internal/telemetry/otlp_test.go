package telemetry_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	collectormetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collectortrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"cordon/internal/actions"
	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/casefile/sqlite"
	"cordon/internal/cloud"
	"cordon/internal/config"
	"cordon/internal/engine"
	"cordon/internal/finding"
	"cordon/internal/telemetry"
	"cordon/internal/vault"
)

// collector is what an OTLP collector has been sent.
type collector struct {
	mu       sync.Mutex
	spans    []*trace.Span
	metrics  map[string]bool
	resource map[string]string
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch r.URL.Path {
	case "/v1/traces":
		var in collectortrace.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &in)
		}
		for _, rs := range in.ResourceSpans {
			c.resource = values(rs.Resource.Attributes)
			for _, ss := range rs.ScopeSpans {
				c.spans = append(c.spans, ss.Spans...)
			}
		}
	case "/v1/metrics":
		var in collectormetrics.ExportMetricsServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &in)
		}
		for _, rm := range in.ResourceMetrics {
			for _, sm := range rm.ScopeMetrics {
				for _, m := range sm.Metrics {
					c.metrics[m.Name] = true
				}
			}
		}
	}
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func values(kvs []*common.KeyValue) map[string]string {
	out := map[string]string{}
	for _, kv := range kvs {
		out[kv.Key] = kv.Value.GetStringValue()
	}
	return out
}

func (c *collector) named(name string) (found []*trace.Span) {
	for _, s := range c.spans {
		if s.Name == name {
			found = append(found, s)
		}
	}
	return found
}

func listen(t *testing.T) *collector {
	c := &collector{metrics: map[string]bool{}}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
	return c
}

// TestTraceOfACase: a finding, a step within it, an AWS call within that; nothing hostile unescaped.
func TestTraceOfACase(t *testing.T) {
	c := listen(t)
	tel := newTelemetry(t, os.Getenv)
	ctx, found := tel.Span(t.Context(), "finding", telemetry.Label{Name: "id", Value: "f-\x1b[2J\n" + strings.Repeat("é", 300)})
	step, stepped := tel.Step(ctx, "c-abcdefghijkl", "ec2.tag")
	_, called := tel.Began(step, "EC2", "CreateTags", "us-east-1")
	called("RequestLimitExceeded")
	stepped("failed")
	found(nil)
	if err := tel.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(c.spans) != 3 {
		t.Fatalf("%d spans", len(c.spans))
	}
	call, mid, top := c.spans[0], c.spans[1], c.spans[2]
	if call.Name != "EC2.CreateTags" || mid.Name != "step ec2.tag" || top.Name != "finding" ||
		string(call.ParentSpanId) != string(mid.SpanId) || string(mid.ParentSpanId) != string(top.SpanId) {
		t.Errorf("the spans are not within each other: %v", c.spans)
	}
	if call.Status.Code != trace.Status_STATUS_CODE_ERROR || call.Status.Message != "RequestLimitExceeded" || mid.Status.Code != trace.Status_STATUS_CODE_ERROR {
		t.Errorf("status of the call %v, of the step %v", call.Status, mid.Status)
	}
	if id := values(top.Attributes)["id"]; !strings.HasPrefix(id, "f-?[2J?é") || len(id) > 200 {
		t.Errorf("the finding's id is %q", id)
	}
	if values(mid.Attributes)["cordon.case"] != "c-abcdefghijkl" || values(mid.Attributes)["cordon.status"] != "failed" {
		t.Errorf("the step's attributes: %v", mid.Attributes)
	}
	if c.resource["service.name"] != "cordon" || c.resource["service.version"] != "1.2.3" {
		t.Errorf("the resource: %v", c.resource)
	}
	for _, name := range []string{"cordon_steps_total", "cordon_step_seconds", "cordon_aws_calls_total"} {
		if !c.metrics[name] {
			t.Errorf("%s was not sent", name)
		}
	}
}

// TestEngineIsTraced: what an engine does for a finding, and takes back, is in the metrics and in the trace.
func TestEngineIsTraced(t *testing.T) {
	c := listen(t)
	var ids []string
	for _, a := range actions.Catalog() {
		ids = append(ids, a.ID)
	}
	tel, err := telemetry.New(t.Context(), telemetry.Options{Actions: ids, Env: os.Getenv})
	if err != nil {
		t.Fatal(err)
	}
	account, dir := awssim.New(awssim.Options{SnapshotTime: 1}), t.TempDir()
	if err := awssim.Demo(account); err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), dir+"/cordon.db")
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	v, err := vault.OpenDir(dir + "/evidence")
	if err != nil {
		t.Fatal(err)
	}
	e := engine.New(engine.Options{
		Actions: actions.Catalog(), Store: store, Vault: v, Config: config.Default(dir), Owner: "test", Step: tel.Step, Progress: tel.Event,
		Clients: cloud.NewAccounts(account.Config("us-east-1"), "", cloud.Member{}, cloud.Observe(tel)).Clients,
	})
	f, err := finding.Decode(strings.NewReader(`{"schemaVersion":"2.0","id":"f-secret-id","accountId":"111122223333","region":"us-east-1",
		"type":"Backdoor:EC2/C&CActivity.B","severity":8,"service":{"count":1},"resource":{"resourceType":"Instance","instanceDetails":{"instanceId":"i-0a1b2c3d4e5f60003"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	res := e.Respond(t.Context(), f)[0]
	if res.Err != nil || res.Case.Status != casefile.Contained {
		t.Fatalf("%s, %v", res.Case.Status, res.Err)
	}
	if _, err := e.Release(t.Context(), res.Case.ID, engine.ReleaseOptions{}); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(scrape(t, tel), "\n")
	for _, want := range []string{
		`cordon_steps_total{action="ec2.isolate-network",status="done"} 1`, `cordon_steps_total{action="ec2.isolate-network",status="undone"} 1`,
		`cordon_aws_calls_total{code="",operation="CreateSecurityGroup",service="EC2"} 2`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	for _, secret := range []string{res.Case.ID, "i-0a1b", "f-secret"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s is in the metrics", secret)
		}
	}
	if err := tel.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	steps := map[string]bool{}
	for _, s := range c.named("step ec2.isolate-network") {
		steps[string(s.SpanId)] = true
	}
	created := c.named("EC2.CreateSecurityGroup")
	if len(steps) != 2 || len(created) != 2 {
		t.Errorf("%d spans of the step and its undoing, %d of making groups", len(steps), len(created))
	}
	for _, s := range created {
		if !steps[string(s.ParentSpanId)] {
			t.Error("a group was made outside of the step that isolates")
		}
	}
}
