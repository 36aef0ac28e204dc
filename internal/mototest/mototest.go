// Package mototest runs moto (https://docs.getmoto.org), somebody else's reading of AWS, for tests that hold ours
// against it. It is test support: nothing of the product imports it.
package mototest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Account is the id of moto's account.
const Account = "123456789012"

// Skip is the environment variable that, set to 1, lets tests pass without moto.
const Skip = "SKIP_EMULATOR"

const (
	startTimeout = time.Minute
	attempts     = 3 // another process may take the port between our finding it and moto's binding it
)

// Start runs a moto server of its own for t and its subtests, and gives a configuration whose clients talk to it
// (Region us-east-1; change it at will). The server ends with t. Without moto on the machine the test fails with
// what to install, or is skipped where SKIP_EMULATOR=1.
func Start(t testing.TB) aws.Config {
	t.Helper()
	program, err := find()
	if err != nil {
		if os.Getenv(Skip) == "1" {
			t.Skipf("%v; %s=1", err, Skip)
		}
		t.Fatalf("%v: pip install 'moto[server]', or set %s=1 to go without", err, Skip)
	}
	for n := 1; ; n++ {
		url, err := run(t, program)
		if err == nil {
			return aws.Config{
				Region:       "us-east-1",
				BaseEndpoint: aws.String(url),
				Credentials:  credentials.NewStaticCredentialsProvider("AKIAMOTO", "moto", ""),
			}
		}
		if n == attempts {
			t.Fatalf("start %s: %v", program, err)
		}
	}
}

// Reset empties the account behind a configuration that Start gave, in every Region.
func Reset(t testing.TB, cfg aws.Config) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, *cfg.BaseEndpoint+"/moto-api/reset", nil)
	if err != nil {
		t.Fatalf("reset moto: %v", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("reset moto: %v", err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("reset moto: %s", resp.Status)
	}
}

// find is the path of moto_server: on PATH, else in .venv at the module's root.
func find() (string, error) {
	if p, err := exec.LookPath("moto_server"); err == nil {
		return p, nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find moto_server: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("find moto_server: no module root above the test")
		}
		dir = up
	}
	p := filepath.Join(dir, ".venv", "bin", "moto_server")
	if _, err := os.Stat(p); err != nil {
		return "", errors.New("find moto_server: neither on PATH nor in .venv/bin")
	}
	return p, nil
}

// run starts the server on a free port of the loopback, ends it with t, and gives its URL once it answers.
func run(t testing.TB, program string) (url string, err error) {
	port, err := freePort(t.Context())
	if err != nil {
		return "", err
	}
	var log buffer
	cmd := exec.Command(program, "-H", "127.0.0.1", "-p", port)
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return "", err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()

	url = "http://127.0.0.1:" + port
	for deadline := time.Now().Add(startTimeout); ; {
		select {
		case err := <-ended:
			return "", fmt.Errorf("ended early (%w): %s", err, log.String())
		case <-time.After(20 * time.Millisecond):
		}
		if answers(t.Context(), url) {
			break
		}
		if time.Now().After(deadline) {
			_ = cmd.Process.Kill()
			<-ended //nolint:errcheck // it was killed
			return "", fmt.Errorf("no answer for %v: %s", startTimeout, log.String())
		}
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended //nolint:errcheck // it was killed
	})
	return url, nil
}

func answers(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/moto-api/data.json", nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

func freePort(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

// buffer is a bytes.Buffer that the server's output and a failing test may use at once.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
