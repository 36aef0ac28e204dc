package bench

import (
	"archive/zip"
	"bufio"
	"compress/flate"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cordon/internal/lambda/lambdatest"
	"cordon/internal/nodetest"
)

func measureBinaries(t *testing.T, r *Report) {
	root := must[string](t)(nodetest.Root())
	b := &r.Binaries
	b.Arch = runtime.GOARCH
	bootstrap := lambdatest.Build(t, root, "./cmd/cordon-lambda", "-trimpath", "-ldflags", "-s -w", "-tags", "lambda.norpc")
	b.Size, b.Zip = must[os.FileInfo](t)(os.Stat(bootstrap)).Size(), must[int64](t)(zipped(bootstrap))
	var first []time.Duration
	for range 11 {
		took, resident := firstCall(t, bootstrap)
		first, b.Resident = append(first, took), max(b.Resident, resident)
	}
	b.FirstCall, b.Fastest = median(first), slices.Min(first)

	cli := lambdatest.Build(t, root, "./cmd/cordon", "-trimpath", "-ldflags", "-s -w")
	b.CLISize = must[os.FileInfo](t)(os.Stat(cli)).Size()
	var starts []time.Duration
	for range 21 {
		began := time.Now()
		if out, err := exec.CommandContext(t.Context(), cli, "version").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		starts = append(starts, time.Since(began))
	}
	b.CLIStart = median(starts)
}

// firstCall starts the function, as it is deployed, and gives the time to its first call and what it then takes of memory.
func firstCall(t *testing.T, bootstrap string) (took time.Duration, resident int64) {
	t.Helper()
	var once sync.Once
	called := make(chan time.Time, 1)
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		once.Do(func() { called <- time.Now() })
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", "message": "no such table"}`)
	}))
	defer endpoint.Close()
	began := time.Now()
	f := lambdatest.Start(t, bootstrap, 1, map[string]string{
		"AWS_REGION": region, "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "test", "AWS_ENDPOINT_URL": endpoint.URL,
		"CORDON_CONFIG": `{"store": "dynamodb://cordon", "vault": "s3://evidence/cordon"}`,
	})
	if _, err := f.Invoke(t.Context(), example(t, "iam-user.json")); err == nil {
		t.Error("the invocation succeeded without a table")
	}
	return (<-called).Sub(began), f.Memory()
}

func zipped(file string) (int64, error) {
	in, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	var size counter
	z := zip.NewWriter(&size)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	w, err := z.Create("bootstrap")
	if err == nil {
		_, err = io.Copy(w, in)
	}
	if err == nil {
		err = z.Close()
	}
	return int64(size), err
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// machine says what is measured on, as far as Linux tells.
func machine() Machine {
	m := Machine{
		Date: time.Now().UTC().Format(time.DateOnly), Go: strings.TrimPrefix(runtime.Version(), "go"), System: runtime.GOOS + "/" + runtime.GOARCH,
		Cores: runtime.NumCPU(),
	}
	if f, err := os.Open("/proc/cpuinfo"); err == nil {
		defer f.Close()
		for s := bufio.NewScanner(f); s.Scan(); {
			if k, v, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(k) == "model name" {
				m.CPU = strings.TrimSpace(v)
				break
			}
		}
	}
	if raw, err := os.ReadFile("/proc/loadavg"); err == nil {
		if f := strings.Fields(string(raw)); len(f) > 1 {
			m.Load = f[0]
		}
	}
	return m
}
