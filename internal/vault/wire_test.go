package vault

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"cordon/internal/mototest"
)

// wire is an HTTP client that does something else with some requests.
type wire func(*http.Request) (*http.Response, error)

func (w wire) Do(r *http.Request) (*http.Response, error) { return w(r) }

// over is cfg with its requests going through w, and retries without waiting.
func over(cfg aws.Config, w wire) aws.Config {
	cfg.HTTPClient = w
	cfg.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
	}
	return cfg
}

// answer is S3's error of a status and code.
func answer(r *http.Request, status int, code string) (*http.Response, error) {
	if r.Body != nil {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return nil, err
		}
	}
	body := fmt.Sprintf("<Error><Code>%s</Code><Message>as the test wants it</Message></Error>", code)
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/xml"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}, nil
}

func isObject(r *http.Request, method string) bool {
	return r.Method == method && strings.Contains(r.URL.Path, testPrefix)
}

func TestS3Wire(t *testing.T) {
	cfg := mototest.Start(t)

	t.Run("headers", func(t *testing.T) {
		var mu sync.Mutex
		seen := map[string]int{}
		b := openBuckets(over(cfg, func(r *http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			if _, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/"); path != "" || r.URL.Query().Has("list-type") {
				seen[r.Method]++
				if got := r.Header.Get("X-Amz-Expected-Bucket-Owner"); got != mototest.Account {
					t.Errorf("%s %s expects owner %q", r.Method, r.URL, got)
				}
				if r.Method == http.MethodPut && r.Header.Get("If-None-Match") != "*" {
					t.Errorf("%s %s may replace what is there", r.Method, r.URL)
				}
			}
			if strings.HasSuffix(r.URL.Path, "/piece") && r.Method == http.MethodPut {
				sum, err := base64.StdEncoding.DecodeString(r.Header.Get("X-Amz-Checksum-Sha256"))
				if err != nil || hex.EncodeToString(sum) != digest([]byte("content")) {
					t.Errorf("checksum %x, %v", sum, err)
				}
				if got := r.Header.Get("X-Amz-Server-Side-Encryption"); got != "" {
					t.Errorf("encryption %q, want the bucket's", got)
				}
			}
			return http.DefaultClient.Do(r)
		}), mototest.Account)(t)
		_, _, err := b.v.Put(t.Context(), "c-1", "piece", []byte("content"))
		must(t, err)
		_, err = b.v.Get(t.Context(), "c-1", "piece")
		must(t, err)
		if seen[http.MethodPut] != 2 || seen[http.MethodGet] != 2 { // the list is a GET
			t.Errorf("requests %v, want 2 PUT and 2 GET", seen)
		}
	})

	// The SDK sends a request again whose answer was lost, and S3 refuses it: the key is taken.
	t.Run("answers lost", func(t *testing.T) {
		var n atomic.Int32
		b := openBuckets(over(cfg, func(r *http.Request) (*http.Response, error) {
			response, err := http.DefaultClient.Do(r)
			if err == nil && isObject(r, http.MethodPut) && n.Add(1)%2 == 1 {
				response.Body.Close()
				return nil, errors.New("connection reset by the test")
			}
			return response, err
		}), "")(t)
		known, head := pieces(t, b)
		problems, err := Verify(t.Context(), b.v, "c-1", known, head)
		if err != nil || len(problems) != 0 {
			t.Errorf("problems %v, %v", problems, err)
		}
		if n.Load() < 12 {
			t.Errorf("%d writes: no answer was lost", n.Load())
		}
	})

	t.Run("conflicts", func(t *testing.T) {
		var n atomic.Int32
		b := openBuckets(over(cfg, func(r *http.Request) (*http.Response, error) {
			if isObject(r, http.MethodPut) && n.Add(1)%3 != 0 {
				return answer(r, http.StatusConflict, "ConditionalRequestConflict")
			}
			return http.DefaultClient.Do(r)
		}), "")(t)
		pieces(t, b)
		sound(t, b, 3)
	})

	for name, test := range map[string]struct {
		status     int
		code, hint string
	}{
		"denied":         {403, "AccessDenied", "allow s3:PutObject, s3:GetObject and s3:ListBucket there; the bucket must belong to account 123456789012)"},
		"another Region": {301, "PermanentRedirect", "(the bucket is in another Region)"},
	} {
		t.Run(name, func(t *testing.T) {
			b := openBuckets(over(cfg, func(r *http.Request) (*http.Response, error) {
				if strings.Contains(r.URL.Path, testPrefix) || r.URL.Query().Has("list-type") {
					return answer(r, test.status, test.code)
				}
				return http.DefaultClient.Do(r)
			}), mototest.Account)(t)
			refuses(t, b.v, test.code, test.hint)
		})
	}

	t.Run("corrupted on the way", func(t *testing.T) {
		b := openBuckets(over(cfg, func(r *http.Request) (*http.Response, error) {
			if isObject(r, http.MethodPut) {
				return answer(r, http.StatusBadRequest, "BadDigest")
			}
			return http.DefaultClient.Do(r)
		}), "")(t)
		if _, _, err := b.v.Put(t.Context(), "c-1", "a", []byte("x")); err == nil {
			t.Error("content that did not arrive was chained")
		}
		must(t, b.v.Check(t.Context()))
		if keys := b.keys(t); len(keys) != 0 {
			t.Errorf("left behind: %q", keys)
		}
	})
}
