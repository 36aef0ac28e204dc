package serve

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go"

	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/casefile/sqlite"
	"cordon/internal/config"
	"cordon/internal/engine"
	"cordon/internal/notify"
)

const planted = "planted-intake-key"

// intakeRig is a rig whose intake is called without a socket.
func intakeRig(t *testing.T, edit func(*config.Serve)) *rig {
	t.Helper()
	conf := serveConfig()
	file := filepath.Join(t.TempDir(), "key")
	write(t, file, planted+"\n")
	conf.Listen, conf.APIKey = "127.0.0.1:0", notify.SecretRef("file:"+file)
	if edit != nil {
		edit(&conf)
	}
	r := newRig(t, awssim.Options{SnapshotTime: time.Millisecond}, conf)
	r.begin(t.Context())
	if err := r.key.load(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.jobs.wait)
	return r
}

func (r *rig) post(t *testing.T, path, method, key, body string) (int, map[string]any, http.Header) {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	if key != "" {
		req.Header.Set("X-Api-Key", key)
	}
	w := httptest.NewRecorder()
	r.intake().ServeHTTP(w, req)
	var out map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		t.Fatalf("the answer is no JSON: %s", w.Body)
	}
	return w.Code, out, w.Header()
}

func TestIntake(t *testing.T) {
	sneaky := strings.Replace(event(web, 1), `"f-`+web+`"`, `"f-\u001b[31m\u202eevil"`, 1)
	for _, tt := range []struct {
		name, path, method, key, body string
		status                        int
		says                          string
	}{
		{"a finding", "/findings", "POST", planted, event(web, 1), 202, `"cases":["c-`},
		{"two findings", "/findings", "POST", planted, event(web, 1) + "\n" + event(batch, 1), 202, `","c-`},
		{"one good, one bad", "/findings", "POST", planted, event(web, 1) + "\n{}", 202, `"document":1`},
		{"no key", "/findings", "POST", "", event(web, 1), 401, "X-Api-Key"},
		{"a wrong key", "/findings", "POST", planted + "x", event(web, 1), 401, "missing or wrong"},
		{"the key's beginning", "/findings", "POST", planted[:5], event(web, 1), 401, "missing or wrong"},
		{"another method", "/findings", "GET", planted, "", 405, "POST"},
		{"another path", "/finding", "POST", planted, event(web, 1), 404, "/findings"},
		{"a path below", "/findings/x", "POST", planted, event(web, 1), 404, "/findings"},
		{"nothing", "/findings", "POST", planted, "", 400, "empty"},
		{"a text", "/findings", "POST", planted, "hello", 400, "not JSON"},
		{"a hostile id", "/findings", "POST", planted, sneaky, 400, "is not one of GuardDuty's"},
		{"another event", "/findings", "POST", planted, `{"source":"aws.guardduty","detail-type":"GuardDuty Malware Protection Object Scan Result","detail":{}}`, 202, `"cases":[]`},
		{"too much", "/findings", "POST", planted, `"` + strings.Repeat("a", 1<<20) + `"`, 413, "1 MiB"},
		{"as much as may be", "/findings", "POST", planted, `"` + strings.Repeat("a", 1<<20-2) + `"`, 400, "no usable finding"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := intakeRig(t, nil)
			status, body, _ := r.post(t, tt.path, tt.method, tt.key, tt.body)
			raw, err := json.Marshal(body)
			if err != nil || status != tt.status || !strings.Contains(string(raw), tt.says) {
				t.Errorf("%d %s, want %d with %q", status, raw, tt.status, tt.says)
			}
			if strings.Contains(string(raw), planted) || strings.Contains(r.log.String(), planted) {
				t.Error("the key is in the answer or in the log")
			}
			r.jobs.wait()
			for _, c := range r.cases(t) {
				if c.Status != casefile.Contained {
					t.Errorf("case %s: %s", c.Status, c.Reason)
				}
			}
			if want := strings.Count(string(raw), `c-`); len(r.cases(t)) != want {
				t.Errorf("%d cases, want %d", len(r.cases(t)), want)
			}
		})
	}
}

func TestIntakeIsFull(t *testing.T) {
	r := intakeRig(t, nil)
	r.pool.add(64)
	status, _, header := r.post(t, "/findings", "POST", planted, event(web, 1))
	if status != http.StatusTooManyRequests || header.Get("Retry-After") == "" || len(r.cases(t)) != 0 {
		t.Errorf("%d, Retry-After %q, %d cases", status, header.Get("Retry-After"), len(r.cases(t)))
	}
	r.pool.release(1)
	if status, _, _ = r.post(t, "/findings", "POST", planted, event(web, 1)); status != http.StatusAccepted {
		t.Errorf("with a place: %d", status)
	}
	r.pool.release(63)
}

func TestIntakeWithoutStore(t *testing.T) {
	r := intakeRig(t, nil)
	r.store.Close()
	if status, body, header := r.post(t, "/findings", "POST", planted, event(web, 1)); status != 503 || header.Get("Retry-After") == "" {
		t.Errorf("%d %v", status, body)
	}
	if n, _ := r.pool.idle(); n != 16 {
		t.Errorf("%d workers are idle", n)
	}
	if why := r.reasons(t.Context()); len(why) != 1 || !strings.Contains(why[0], "case store") {
		t.Errorf("reasons %v", why)
	}
}

// TestAcceptedIsStored: what was answered with 202 and never begun is answered by the next process.
func TestAcceptedIsStored(t *testing.T) {
	r := intakeRig(t, nil)
	for range cap(r.pool.workers) {
		r.pool.workers <- struct{}{}
	}
	status, body, _ := r.post(t, "/findings", "POST", planted, event(web, 1))
	if status != 202 || len(r.cases(t)) != 1 || r.cases(t)[0].Status != casefile.Open {
		t.Fatalf("%d %v, cases %+v", status, body, r.cases(t))
	}
	r.pool.stop() // the process dies here
	r.jobs.wait()

	r.restart(t, t.TempDir(), r.o.Config)
	r.begin(t.Context())
	r.backlog(t.Context(), map[string]try{}, map[string]bool{})
	r.jobs.wait()
	if c := r.cases(t); len(c) != 1 || c[0].Status != casefile.Contained {
		t.Errorf("cases %+v", c)
	}
}

// TestKeyRotation: a rotated key is taken, the old one is not any more; where the secret is gone or empty nobody is let in.
func TestKeyRotation(t *testing.T) {
	r := intakeRig(t, nil)
	file := strings.TrimPrefix(string(r.o.Config.APIKey), "file:")
	is := func(key string, want bool) {
		t.Helper()
		r.key.reread = time.Time{} // long ago
		if ok, _ := r.key.matches(t.Context(), key); ok != want {
			t.Errorf("key %q is taken: %v", key, ok)
		}
	}
	is(planted, true)
	write(t, file, "rotated")
	is("rotated", true)
	is(planted, false)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	is("another", false)
	is("rotated", false)
	write(t, file, "back")
	is("back", true)
	write(t, file, "\n")
	is("another", false)
	is("back", false)
}

// TestPassing: a secret that could not be read is gone, or only cannot be read now.
func TestPassing(t *testing.T) {
	aws := func(code string) error {
		return fmt.Errorf("read: %w", &smithy.OperationError{ServiceID: "Secrets Manager", OperationName: "GetSecretValue", Err: &smithy.GenericAPIError{Code: code}})
	}
	for _, tt := range []struct {
		err  error
		want bool
	}{
		{aws("ResourceNotFoundException"), false},
		{aws("InvalidRequestException"), false},
		{aws("ThrottlingException"), true},
		{aws("AccessDeniedException"), true},
		{&smithy.OperationError{Err: errors.New("connection refused")}, true},
		{&fs.PathError{Op: "open", Err: fs.ErrNotExist}, false},
		{&fs.PathError{Op: "open", Err: fs.ErrPermission}, true},
		{errors.New("it must be one line that is not empty"), false},
		{context.DeadlineExceeded, true},
	} {
		if got := passing(tt.err); got != tt.want {
			t.Errorf("%v passes: %v", tt.err, got)
		}
	}
}

// TestRun: over TLS, from a start to a stop, with real sockets; and the service manager is told.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	cert, pool := selfSigned(t, dir)
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	t.Setenv("NOTIFY_SOCKET", filepath.Join(dir, "notify"))
	told := func() string {
		b := make([]byte, 64)
		n, err := manager.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}
	r := intakeRig(t, func(c *config.Serve) { c.TLS = cert })
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx, nil, r.engine, r.store) }()
	if got := told(); got != "READY=1" {
		t.Fatalf("told %q", got)
	}
	address := func(what string) string {
		m := regexp.MustCompile(`"what":"` + what + `","address":"([^"]+)"`).FindStringSubmatch(r.log.String())
		if m == nil {
			t.Fatalf("no address of the %s:\n%s", what, r.log)
		}
		return m[1]
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MaxVersion: tls.VersionTLS12}}
	client := &http.Client{Transport: transport, Timeout: 30 * time.Second}
	do := func(method, url, body string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewBufferString(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Api-Key", planted)
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		raw, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(raw)
	}
	if status, body := do("POST", "https://"+address("intake")+"/findings", event(web, 1)); status != 202 {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := do("POST", "http://"+address("intake")+"/findings", event(web, 1)); status == 202 {
		t.Error("taken without TLS")
	}
	transport.CloseIdleConnections()
	old := &tls.Config{RootCAs: pool, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10} //nolint:gosec // what is to be refused
	if conn, err := (&tls.Dialer{Config: old}).DialContext(t.Context(), "tcp", address("intake")); err == nil {
		conn.Close()
		t.Error("TLS 1.1 is taken")
	}
	health := "http://" + address("health page")
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 404} {
		if status, body := do("GET", health+path, ""); status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	transport.CloseIdleConnections()
	stop()
	if err := <-ended; err != nil {
		t.Errorf("stopped: %v", err)
	}
	if got := told(); got != "STOPPING=1" {
		t.Errorf("told %q", got)
	}
	if c := r.cases(t); len(c) != 1 || c[0].Status != casefile.Contained {
		t.Errorf("cases %+v", c)
	}
}

// TestRunRefuses: what cannot be listened on, or read, is said before anything is taken in.
func TestRunRefuses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, edit := range map[string]func(*config.Serve){
		"the health page's address": func(c *config.Serve) { c.Health = taken.Addr().String() },
		"the intake's address":      func(c *config.Serve) { c.Listen = taken.Addr().String() },
		"the certificate":           func(c *config.Serve) { c.TLS = config.TLS{Certificate: "/nowhere", Key: "/nowhere"} },
	} {
		t.Run(name, func(t *testing.T) {
			r := intakeRig(t, edit)
			var setup *engine.SetupError
			if err := r.Run(t.Context(), nil, r.engine, r.store); !errors.As(err, &setup) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// selfSigned makes a certificate for 127.0.0.1.
func selfSigned(t *testing.T, dir string) (config.TLS, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "cordon"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	c := config.TLS{Certificate: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	write(t, c.Certificate, string(public))
	write(t, c.Key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(public)
	return c, pool
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestKeyRevoked: a key that was taken back does not work for longer than half a minute, also where nobody sends another one.
func TestKeyRevoked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := t.TempDir() + "/key"
		write(t, file, "leaked")
		k := &apiKey{secret: notify.NewSecret("serve.api_key", notify.SecretRef("file:"+file), notify.Deps{})}
		if err := k.load(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var failed atomic.Int64
		go k.keep(ctx, func(error) { failed.Add(1) })
		write(t, file, "new")
		if ok, _ := k.matches(ctx, "leaked"); !ok {
			t.Error("refused before it is read again")
		}
		time.Sleep(rereadKey + time.Second)
		if ok, _ := k.matches(ctx, "leaked"); ok {
			t.Error("the leaked key still works")
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		time.Sleep(rereadKey)
		if ok := k.same(sha256.Sum256([]byte("new"))); ok || failed.Load() != 1 {
			t.Errorf("a secret that is gone: works %v, said %d times", ok, failed.Load())
		}
	})
}

// TestStoreLook: a probe that hangs up early says nothing of the store.
func TestStoreLook(t *testing.T) {
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	var r readiness
	for _, ctx := range []context.Context{gone, t.Context()} {
		if err := r.store(ctx, func(ctx context.Context) error { return ctx.Err() }); err != nil {
			t.Error(err)
		}
	}
}

// TestStoreMoved: what is posted after the store's file was moved away is not said to be stored.
func TestStoreMoved(t *testing.T) {
	r := intakeRig(t, nil)
	path := filepath.Join(t.TempDir(), "cordon.db")
	store, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	r.store = store
	r.restart(t, t.TempDir(), r.o.Config)
	r.begin(t.Context())
	if err := r.key.load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	if status, body, _ := r.post(t, "/findings", "POST", planted, event(web, 1)); status != http.StatusServiceUnavailable {
		t.Errorf("%d %v", status, body)
	}
	if why := r.reasons(t.Context()); len(why) != 1 || !strings.Contains(why[0], "case store") {
		t.Errorf("reasons %v", why)
	}
	if err := os.Rename(path+".old", path); err != nil {
		t.Fatal(err)
	}
	if status, body, _ := r.post(t, "/findings", "POST", planted, event(web, 1)); status != http.StatusAccepted {
		t.Errorf("put back: %d %v", status, body)
	}
	r.jobs.wait()
}

// TestPartlyUsable: what is no finding among findings is logged and counted.
func TestPartlyUsable(t *testing.T) {
	r := intakeRig(t, nil)
	status, body, _ := r.post(t, "/findings", "POST", planted, "["+event(web, 1)+`,{"hello":1}]`)
	if status != http.StatusAccepted || r.metrics.get("cordon_findings_total http unusable") != 1 || !strings.Contains(r.log.String(), "documents that are none") {
		t.Errorf("%d %v, counted %v\n%s", status, body, r.metrics.n, r.log)
	}
	r.jobs.wait()
}
