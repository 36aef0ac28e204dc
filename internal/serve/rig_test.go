package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"cordon/internal/actions"
	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/casefile/sqlite"
	"cordon/internal/cloud"
	"cordon/internal/config"
	"cordon/internal/engine"
	"cordon/internal/notify"
	"cordon/internal/vault"
)

const (
	web     = "i-0a1b2c3d4e5f60001"
	batch   = "i-0a1b2c3d4e5f60002"
	testURL = "https://sqs.us-east-1.amazonaws.com/111122223333/cordon"
)

// event is a finding as EventBridge sends it.
func event(instance string, count int) string {
	return fmt.Sprintf(`{"version":"0","id":"e-1","detail-type":"GuardDuty Finding","source":"aws.guardduty","account":"111122223333",
		"region":"us-east-1","detail":{"schemaVersion":"2.0","id":"f-%s","accountId":"111122223333","region":"us-east-1",
		"type":"Backdoor:EC2/C&CActivity.B","severity":8,"service":{"count":%d},
		"resource":{"resourceType":"Instance","instanceDetails":{"instanceId":%q}}}}`, instance, count, instance)
}

// rig is a service on a simulated account, a store and a vault of its own. Without HTTP it may be in a synctest bubble.
type rig struct {
	*Service
	account *awssim.Account
	engine  *engine.Engine
	store   casefile.Store
	queue   *fakeQueue
	log     *lockedBuffer
	metrics *counted
	rules   config.Policy // of the next process
}

func newRig(t *testing.T, sim awssim.Options, conf config.Serve) *rig {
	t.Helper()
	account := awssim.New(sim)
	if err := awssim.Demo(account); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	store, err := sqlite.Open(t.Context(), dir+"/cordon.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	r := &rig{account: account, store: store, queue: &fakeQueue{}, log: &lockedBuffer{}, metrics: &counted{}}
	r.restart(t, dir, conf)
	return r
}

// restart is a new process on the rig's account and store.
func (r *rig) restart(t *testing.T, dir string, conf config.Serve) {
	t.Helper()
	v, err := vault.OpenDir(dir + "/evidence")
	if err != nil {
		t.Fatal(err)
	}
	cfg := r.account.Config("us-east-1")
	r.Service = New(Options{
		Config: conf, Log: slog.New(slog.NewJSONHandler(r.log, nil)), Telemetry: r.metrics, Queue: r.queue.client(),
		Key: notify.NewSecret("serve.api_key", conf.APIKey, notify.Deps{AWS: cfg}),
	})
	all := config.Default(dir)
	all.Serve = conf
	if len(r.rules.Rules) > 0 {
		all.Policy = r.rules
	}
	r.engine = engine.New(engine.Options{
		Actions: actions.Catalog(), Store: r.store, Vault: v, Config: all, Owner: "test", Progress: r.Progress,
		Wait: 10 * time.Minute, Places: r.Places(),
		Clients: func(_ context.Context, account, region string) (*cloud.Clients, error) {
			c := cfg.Copy()
			c.Region = region
			return cloud.New(c, account), nil
		},
	})
}

// begin has the service ready for its parts to be called one by one, without its doors.
func (r *rig) begin(ctx context.Context) {
	r.Service.engine, r.Service.store, r.work = r.engine, r.store, context.WithoutCancel(ctx)
}

func (r *rig) cases(t *testing.T) []casefile.Case {
	t.Helper()
	cases, err := r.store.Cases(t.Context(), casefile.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

func serveConfig() config.Serve {
	c := config.Default("/").Serve
	c.Health = "127.0.0.1:0"
	return c
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// counted is telemetry that adds up counters, by metric and labels.
type counted struct {
	none
	mu sync.Mutex
	n  map[string]int
}

func (c *counted) Count(m Metric, n int, labels ...Label) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[string]int{}
	}
	key := string(m)
	for _, l := range labels {
		key += " " + l.Value
	}
	c.n[key] += n
}

func (c *counted) Observe(m Metric, _ time.Duration) { c.Count(m, 1) }

func (c *counted) get(key string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n[key]
}

// fakeQueue is an SQS queue in memory, behind the SDK's HTTP transport: what is received is invisible for its time.
type fakeQueue struct {
	mu       sync.Mutex
	messages map[string]*fakeMessage
	calls    []string
	fail     string // the code that every call is answered with, "" for none
	took     map[string][]int
}

type fakeMessage struct {
	body     string
	sent     time.Time
	visible  time.Time
	receipts int
}

func (q *fakeQueue) client() *sqs.Client {
	return sqs.NewFromConfig(aws.Config{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("AKIA", "x", ""), HTTPClient: q,
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	})
}

func (q *fakeQueue) send(id, body string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.messages == nil {
		q.messages, q.took = map[string]*fakeMessage{}, map[string][]int{}
	}
	q.messages[id] = &fakeMessage{body: body, sent: time.Now()}
}

func (q *fakeQueue) left() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Sorted(maps.Keys(q.messages))
}

// hidden are the visibility timeouts that were set for a message, in order.
func (q *fakeQueue) hidden(id string) []int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.took[id])
}

// asked is how many calls were made.
func (q *fakeQueue) asked() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.calls)
}

func (q *fakeQueue) breakWith(code string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.fail = code
}

func (q *fakeQueue) Do(req *http.Request) (*http.Response, error) {
	raw, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	operation := strings.TrimPrefix(req.Header.Get("X-Amz-Target"), "AmazonSQS.")
	var in struct {
		MaxNumberOfMessages, WaitTimeSeconds, VisibilityTimeout int
		ReceiptHandle                                           string
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, err
	}
	until := time.Now().Add(time.Duration(in.WaitTimeSeconds) * time.Second)
	for {
		status, out := q.once(operation, in.MaxNumberOfMessages, in.VisibilityTimeout, in.ReceiptHandle)
		if operation != "ReceiveMessage" || out != `{}` || !time.Now().Before(until) {
			return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, Body: io.NopCloser(strings.NewReader(out))}, nil
		}
		select {
		case <-time.After(time.Second):
		case <-req.Context().Done():
			return nil, req.Context().Err()
		}
	}
}

func (q *fakeQueue) once(operation string, most, hide int, receipt string) (int, string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.calls = append(q.calls, operation)
	if q.fail != "" {
		return 400, fmt.Sprintf(`{"__type":"com.amazonaws.sqs#%s","message":"no"}`, q.fail)
	}
	now := time.Now()
	switch operation {
	case "ReceiveMessage":
		type message struct {
			ID            string `json:"MessageId"`
			ReceiptHandle string
			Body          string
			Attributes    map[string]string
		}
		var out []message
		for _, id := range slices.Sorted(maps.Keys(q.messages)) {
			m := q.messages[id]
			if len(out) == most || now.Before(m.visible) {
				continue
			}
			m.receipts++
			m.visible = now.Add(time.Duration(hide) * time.Second)
			out = append(out, message{id, id, m.body, map[string]string{
				"ApproximateReceiveCount": fmt.Sprint(m.receipts), "SentTimestamp": fmt.Sprint(m.sent.UnixMilli()),
			}})
		}
		if out == nil {
			return 200, `{}`
		}
		raw, _ := json.Marshal(map[string]any{"Messages": out})
		return 200, string(raw)
	case "DeleteMessage":
		delete(q.messages, receipt)
	case "ChangeMessageVisibility":
		q.took[receipt] = append(q.took[receipt], hide)
		if m := q.messages[receipt]; m != nil {
			m.visible = now.Add(time.Duration(hide) * time.Second)
		}
	case "GetQueueAttributes":
		return 200, fmt.Sprintf(`{"Attributes":{"ApproximateNumberOfMessages":"%d"}}`, len(q.messages))
	}
	return 200, `{}`
}
