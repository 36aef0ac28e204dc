// Package lambdatest runs a function's real bootstrap, as AWS Lambda does: it builds the binary and answers the Lambda
// Runtime API for it (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html). For tests alone.
package lambdatest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// Build compiles the package at path (from the module's root, "./cmd/…") and gives the binary. Extra arguments go to go build.
func Build(t testing.TB, root, path string, args ...string) string {
	t.Helper()
	out := t.TempDir() + "/bootstrap"
	cmd := exec.CommandContext(t.Context(), "go", append(append([]string{"build", "-o", out}, args...), path)...)
	cmd.Dir, cmd.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", path, err, output)
	}
	return out
}

// FunctionError is an invocation's error as the function reports it.
type FunctionError struct {
	Name    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

func (e *FunctionError) Error() string { return e.Name + ": " + e.Message }

// Function is a function whose bootstrap runs in a number of processes, of which each answers one invocation at a time.
type Function struct {
	Timeout time.Duration // of an invocation; 15 min if zero

	free  chan *process
	procs []*process
}

// Start starts the bootstrap n times with the environment env and nothing else; it stops with the test.
func Start(t testing.TB, bootstrap string, n int, env map[string]string) *Function {
	t.Helper()
	f := &Function{free: make(chan *process, n)}
	for i := range n {
		p := start(t, bootstrap, i, env)
		f.procs = append(f.procs, p)
		f.free <- p
	}
	return f
}

// Invoke runs one invocation in the next process that is free. *FunctionError: the function's own error.
func (f *Function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	timeout := f.Timeout
	if timeout == 0 {
		timeout = 15 * time.Minute
	}
	select {
	case p := <-f.free:
		defer func() { f.free <- p }()
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		return p.invoke(ctx, payload)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// ServeHTTP answers POST with an invocation: {"result": …} or {"error": {"errorType", "errorMessage"}}.
func (f *Function) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	payload, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	result, err := f.Invoke(r.Context(), payload)
	answer := map[string]any{"result": json.RawMessage(result)}
	if err != nil {
		var own *FunctionError
		if !errors.As(err, &own) {
			own = &FunctionError{"Lambda.Unknown", err.Error()}
		}
		answer = map[string]any{"error": own}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

// Memory is the largest resident set of the function's processes so far, in bytes; 0 where /proc does not say.
func (f *Function) Memory() int64 {
	var most int64
	for _, p := range f.procs {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
		if err != nil {
			return 0
		}
		for line := range strings.Lines(string(raw)) {
			var kib int64
			if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kib); n == 1 {
				most = max(most, kib<<10)
			}
		}
	}
	return most
}

// Logs is what the processes have written so far.
func (f *Function) Logs() string {
	var all strings.Builder
	for _, p := range f.procs {
		all.WriteString(p.log.String())
	}
	return all.String()
}

// process is one bootstrap and the Runtime API that it asks.
type process struct {
	cmd  *exec.Cmd
	log  safeBuffer
	died chan struct{}

	next    chan invocation
	answers chan answer
}

type invocation struct {
	id       string
	payload  []byte
	deadline time.Time
}

type answer struct {
	id   string
	body []byte
	err  *FunctionError
}

func start(t testing.TB, bootstrap string, number int, env map[string]string) *process {
	t.Helper()
	p := &process{next: make(chan invocation), answers: make(chan answer, 1), died: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", p.giveNext)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", p.takeAnswer)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", p.takeError)
	server := httptest.NewServer(mux)
	p.cmd = exec.Command(bootstrap)
	p.cmd.Env = []string{
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(server.URL, "http://"), "AWS_LAMBDA_FUNCTION_NAME=cordon",
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256", fmt.Sprintf("AWS_LAMBDA_LOG_STREAM_NAME=test/%d", number),
	}
	for k, v := range env {
		p.cmd.Env = append(p.cmd.Env, k+"="+v)
	}
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", bootstrap, err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.died)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.died
		server.CloseClientConnections()
		server.Close()
	})
	return p
}

func (p *process) invoke(ctx context.Context, payload []byte) ([]byte, error) {
	deadline, _ := ctx.Deadline()
	inv := invocation{id: fmt.Sprintf("%08x-0000-4000-8000-000000000000", time.Now().UnixNano()&0xffffffff), payload: payload, deadline: deadline}
	select {
	case p.next <- inv:
	case <-p.died:
		return nil, &FunctionError{"Runtime.ExitError", "the bootstrap has ended: " + p.log.String()}
	case <-ctx.Done():
		return nil, &FunctionError{"Sandbox.Timedout", "the bootstrap did not ask for an invocation: " + p.log.String()}
	}
	select {
	case a := <-p.answers:
		switch {
		case a.id != inv.id:
			return nil, fmt.Errorf("answer to invocation %s, want %s", a.id, inv.id)
		case a.err != nil:
			return nil, a.err
		default:
			return a.body, nil
		}
	case <-p.died:
		return nil, &FunctionError{"Runtime.ExitError", "the bootstrap ended in the invocation: " + p.log.String()}
	case <-ctx.Done():
		_ = p.cmd.Process.Kill()
		return nil, &FunctionError{"Sandbox.Timedout", "the invocation took too long"}
	}
}

func (p *process) giveNext(w http.ResponseWriter, r *http.Request) {
	select {
	case inv := <-p.next:
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", inv.id)
		w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(inv.deadline.UnixMilli()))
		w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:cordon")
		_, _ = w.Write(inv.payload)
	case <-r.Context().Done():
	}
}

func (p *process) takeAnswer(w http.ResponseWriter, r *http.Request) { p.take(w, r, nil) }

func (p *process) takeError(w http.ResponseWriter, r *http.Request) { p.take(w, r, &FunctionError{}) }

func (p *process) take(w http.ResponseWriter, r *http.Request, failed *FunctionError) {
	body, err := io.ReadAll(r.Body)
	if err == nil && failed != nil {
		err = json.Unmarshal(body, failed)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p.answers <- answer{r.PathValue("id"), body, failed}
	w.WriteHeader(http.StatusAccepted)
}

// safeBuffer is a bytes.Buffer for a writer and a reader at once.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
