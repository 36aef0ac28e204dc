package cloud_test

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"cordon/internal/cloud"
)

// TestTimely: a service that takes a request and never answers does not hold the caller up; the next attempt is answered.
func TestTimely(t *testing.T) {
	var asked atomic.Int64
	closed := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			select {
			case <-closed:
			case <-r.Context().Done():
			}
			return
		}
		w.Header().Set("Content-Type", "text/xml")
		_, _ = w.Write([]byte(`<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`))
	}))
	defer server.Close()
	defer close(closed)
	cfg := cloud.Timely(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "secret", ""),
	}, 200*time.Millisecond-cloud.AnswerTime)
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil)
	if err != nil || aws.ToString(out.Account) != "111122223333" {
		t.Fatalf("%+v, %v", out, err)
	}
	if n := asked.Load(); n != 2 {
		t.Errorf("asked %d times", n)
	}
	if own := (aws.Config{HTTPClient: http.DefaultClient}); cloud.Timely(own, 0).HTTPClient != own.HTTPClient {
		t.Error("another HTTP client was replaced")
	}
}
