package lambda_test

import (
	"archive/zip"
	"compress/flate"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"cordon/internal/lambda/lambdatest"
	"cordon/internal/nodetest"
)

// TestBinary builds the function as it is deployed and holds its size against the budget; it logs how long a process takes
// to its first AWS call, and its memory then.
func TestBinary(t *testing.T) {
	root, err := nodetest.Root()
	if err != nil {
		t.Fatal(err)
	}
	bootstrap := lambdatest.Build(t, root, "./cmd/cordon-lambda", "-trimpath", "-ldflags", "-s -w", "-tags", "lambda.norpc")
	info, err := os.Stat(bootstrap)
	if err != nil {
		t.Fatal(err)
	}
	packed := zipped(t, bootstrap)
	if packed > 12<<20 {
		t.Errorf("zip of %d bytes, more than 12 MiB", packed)
	}

	var once sync.Once
	called := make(chan time.Time, 1)
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		once.Do(func() { called <- time.Now() })
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", "message": "no such table"}`)
	}))
	t.Cleanup(endpoint.Close)
	started := time.Now()
	f := lambdatest.Start(t, bootstrap, 1, map[string]string{
		"AWS_REGION": region, "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": endpoint.URL,
		"CORDON_CONFIG": `{"store": "dynamodb://cordon", "vault": "s3://evidence/cordon"}`,
	})
	if _, err := f.Invoke(t.Context(), example(t, "iam-user.json")); err == nil {
		t.Error("the invocation succeeded without a table")
	}
	first := <-called
	t.Logf("binary %.1f MiB, zip %.1f MiB; process start to first AWS call %s; resident then %.1f MiB",
		float64(info.Size())/(1<<20), float64(packed)/(1<<20), first.Sub(started).Round(time.Millisecond), float64(f.Memory())/(1<<20))
}

func zipped(t *testing.T, file string) (size int64) {
	t.Helper()
	in, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	counted := &counter{}
	z := zip.NewWriter(counted)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	w, err := z.Create("bootstrap")
	if err == nil {
		_, err = io.Copy(w, in)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return counted.n
}

type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}
