package hostiletest_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cordon/internal/cli"
	ht "cordon/internal/hostiletest"
)

// serve runs the service, gives it hostile findings, no findings, and a hostile path over HTTP, and checks its answers, its
// measurements and its log.
func (d *desk) serve(findings []byte, text string) {
	d.t.Helper()
	intake, health := address(d.t), address(d.t)
	d.t.Setenv("INTAKE_KEY", "k")
	conf := d.file("serve.yaml", fmt.Appendf(nil, "serve: {listen: %q, health: %q, api_key: env:INTAKE_KEY}\npolicy: {builtin: contain-all}\n", intake, health))
	var log locked
	ended := make(chan int)
	go func() {
		ended <- cli.Main(d.t.Context(), []string{"--sandbox", d.box, "--config", conf, "serve"}, cli.IO{In: strings.NewReader(""), Out: io.Discard, Err: &log})
	}()
	d.ask(http.MethodGet, "http://"+health+"/healthz", nil, ht.Terminal)
	d.ask(http.MethodPost, "http://"+intake+"/findings", findings, ht.JSON)
	d.ask(http.MethodPost, "http://"+intake+"/findings", []byte(text), ht.JSON)
	d.ask(http.MethodPost, "http://"+intake+"/"+fmt.Sprintf("%q", text)[1:8], nil, ht.Terminal)
	time.Sleep(time.Second) // something is answered, and written down
	d.ask(http.MethodGet, "http://"+health+"/metrics", nil, ht.Terminal)
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGTERM); err != nil {
		d.t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(time.Minute):
		d.t.Fatal("the service does not end")
	}
	d.wrote.WriteString(log.String())
	if err := ht.Terminal(log.String()); err != nil {
		d.t.Errorf("the log of cordon serve: %v", err)
	}
	d.seen["serve"] = true
}

// ask sends a request, again while nobody listens yet, and checks the answer.
func (d *desk) ask(method, url string, body []byte, check func(string) error) {
	d.t.Helper()
	for n := 0; ; n++ {
		req, err := http.NewRequestWithContext(d.t.Context(), method, strings.ToValidUTF8(strings.ReplaceAll(url, `\`, "%5C"), "x"), bytes.NewReader(body))
		if err != nil {
			return // no address can hold it
		}
		req.Header.Set("X-Api-Key", "k")
		res, err := http.DefaultClient.Do(req)
		if err != nil && n < 100 {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		if err != nil {
			d.t.Fatal(err)
		}
		answer, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if err := check(string(answer)); err != nil {
			d.t.Errorf("%s %s: %v", method, req.URL.Path, err)
		}
		return
	}
}

// address is a free one of this machine.
func address(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// locked is a buffer that is written and read side by side.
type locked struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
