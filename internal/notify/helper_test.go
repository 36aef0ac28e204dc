package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/middleware"
	"github.com/google/go-cmp/cmp"

	"cordon/internal/finding"
)

var update = flag.Bool("update", false, "write the golden files anew")

// Planted secrets: no error and no message may ever hold one.
const (
	plantedPath  = "/services/T0PLANTED/B0PLANTED/hunter2hunter2"
	plantedToken = "ATATT3xplantedtoken"
	plantedBasic = "cGVyc29uQGV4YW1wbGUuY29tOkFUQVRUM3hwbGFudGVkdG9rZW4="
)

var at = time.Date(2026, 11, 21, 3, 14, 7, 0, time.UTC)

// calm is what a notice usually looks like.
func calm() Notice {
	return Notice{
		Event: EventContained, Level: LevelWarning, Case: "c-7h2k9m4p1q8r", Status: "contained",
		Target: finding.Target{Account: "111122223333", Region: "eu-west-1", Kind: finding.KindInstance, ID: "i-0123456789abcdef0"},
		Title:  "The EC2 instance i-0123456789abcdef0 is communicating with a command and control server.",
		Type:   "Backdoor:EC2/C&CActivity.B!DNS", Description: "EC2 instance i-0123456789abcdef0 is querying a domain name of a known command and control server.",
		Severity: 8, Count: 3, FindingID: "1ab92989eaf0e742df4a014d5ae4f7a3",
		FindingARN:     "arn:aws:guardduty:eu-west-1:111122223333:detector/12abc34d567e8fa901bc2d34e56789f0/finding/1ab92989eaf0e742df4a014d5ae4f7a3",
		ContainedAfter: 812 * time.Millisecond,
		Done:           []string{"ec2.isolate-network", "ec2.snapshot-volumes"},
		Failed:         []string{"ec2.screenshot: the instance type has no console screenshot"},
		Residual:       []string{"connections through the NAT gateway that were open before stay open until they time out"},
		Evidence:       4, EvidenceURI: "s3://evidence/cordon/c-7h2k9m4p1q8r",
		Next: []string{"cordon show c-7h2k9m4p1q8r", "cordon release c-7h2k9m4p1q8r --false-positive"},
		At:   at,
	}
}

// nastyText is what an attacker may put into a name or a tag.
const nastyText = "<script>alert(1)</script> *bold* _it_ ~no~ `code` ```block``` <!channel> <@U0123> <https://evil.example|click> @here " +
	"https://evil.example/x {code}{noformat} {{mono}} [~admin] h1. big\r\n\x00\x1b[31mred\x07\u202e\u200b\ufeff\u2028 \xff\xfe & &amp; \"quoted\" \\ | || ]]> 💥"

// nasty is a notice in which everything foreign is hostile.
func nasty() Notice {
	n := calm()
	n.Event, n.Level, n.Status = EventFailed, LevelCritical, "failed"
	n.Reason = "observe bucket: " + nastyText
	n.Target.Kind, n.Target.ID = finding.KindObject, "bucket/"+nastyText
	n.Title, n.Type = nastyText, "Type:"+nastyText
	n.Description = strings.Repeat(nastyText+"\n", 1+50<<10/len(nastyText))
	n.Done = []string{nastyText}
	n.Residual = nil
	for range 40 {
		n.Failed = append(n.Failed, nastyText)
		n.Residual = append(n.Residual, strings.Repeat("W", 1000))
	}
	n.FindingID = nastyText
	return n
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(path, got, 0o644))
		return
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got); go test -update writes it anew:\n%s", path, diff)
	}
}

func pretty(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	must(t, e.Encode(v))
	return b.Bytes()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// clean holds that no planted secret is in a text.
func clean(t *testing.T, where, text string) {
	t.Helper()
	for _, s := range []string{plantedPath, "hunter2", plantedToken, plantedBasic} {
		if strings.Contains(text, s) {
			t.Errorf("%s holds the secret %q: %s", where, s, text)
		}
	}
}

// wantRetry holds that err is temporary, retryOf also gives it, and wantFinal holds that it is not; none may hold a
// secret.
func wantRetry(t *testing.T, err error) {
	t.Helper()
	if r := retryOf(t, err); r.After < 0 {
		t.Errorf("retry after %v", r.After)
	}
}

func retryOf(t *testing.T, err error) *RetryError {
	t.Helper()
	var r *RetryError
	if !errors.As(err, &r) {
		t.Fatalf("error %v, want a RetryError", err)
	}
	clean(t, "error", err.Error())
	return r
}

func wantFinal(t *testing.T, err error, words ...string) {
	t.Helper()
	var r *RetryError
	if err == nil || errors.As(err, &r) {
		t.Fatalf("error %v, want a final one", err)
	}
	clean(t, "error", err.Error())
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q does not say %q", err, w)
		}
	}
}

// request is one that a test's server got.
type request struct {
	method, path, query string
	header              http.Header
	body                []byte
}

// service is an HTTP server that keeps what it got.
type service struct {
	*httptest.Server
	mu  sync.Mutex
	got []request
}

// serve starts a server of t's own.
func serve(t *testing.T, answer http.HandlerFunc) *service {
	t.Helper()
	s := &service{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("read request: %v", err)
		}
		s.mu.Lock()
		s.got = append(s.got, request{r.Method, r.URL.Path, r.URL.RawQuery, r.Header, body})
		s.mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *service) requests() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]request(nil), s.got...)
}

// environment is a Getenv.
func environment(pairs map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := pairs[name]
		return v, ok
	}
}

type inputKey struct{}

// fakeAWS is a configuration whose calls f answers, inside the SDK's retries and after its validation of the input.
func fakeAWS(f func(ctx context.Context, input any) (any, error)) aws.Config {
	return aws.Config{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "none", ""),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
			})
		},
		APIOptions: []func(*middleware.Stack) error{func(s *middleware.Stack) error {
			keep := middleware.InitializeMiddlewareFunc("KeepInput", func(
				ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
			) (middleware.InitializeOutput, middleware.Metadata, error) {
				return next.HandleInitialize(middleware.WithStackValue(ctx, inputKey{}, in.Parameters), in)
			})
			if err := s.Initialize.Add(keep, middleware.After); err != nil {
				return err
			}
			return s.Finalize.Insert(middleware.FinalizeMiddlewareFunc("Answer", func(
				ctx context.Context, _ middleware.FinalizeInput, _ middleware.FinalizeHandler,
			) (middleware.FinalizeOutput, middleware.Metadata, error) {
				out, err := f(ctx, middleware.GetStackValue(ctx, inputKey{}))
				return middleware.FinalizeOutput{Result: out}, middleware.Metadata{}, err
			}), "Retry", middleware.After)
		}},
	}
}

// one makes the only channel of a configuration.
func one(t *testing.T, cfg Config, d Deps) Channel {
	t.Helper()
	if d.Now == nil {
		d.Now = func() time.Time { return at.Add(10 * time.Minute) }
	}
	channels, err := New(cfg, d)
	must(t, err)
	if len(channels) != 1 {
		t.Fatalf("%d channels", len(channels))
	}
	return channels[0]
}

// newTLS starts a server whose certificate no client trusts, and gives its address.
func newTLS(t *testing.T) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the secret was sent to a server that is not trusted")
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}
