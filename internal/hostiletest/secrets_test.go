package hostiletest_test

import (
	"encoding/base64"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cordon/examples"
	ht "cordon/internal/hostiletest"
)

// Planted secrets: they may stand in the environment and on the wire, and nowhere else.
const (
	hookSecret  = "T0PLANTED/B0PLANTED/hookhunter2hunter2"
	tokenSecret = "ATATT3xPlantedJiraToken0123456789"
	keySecret   = "wJalrPlantedSecretAccessKeyEXAMPLEKEY00"
	sessionPart = "FwoGZXIvYXdzPlantedSessionToken"
)

func planted() []string {
	return []string{hookSecret, tokenSecret, base64.StdEncoding.EncodeToString([]byte("a@example.com:" + tokenSecret)), keySecret, sessionPart}
}

// userData is the beginning of what the demo's first instance has as user data, in which people keep passwords: evidence, and
// nothing that is shown.
const userData = "/opt/shop/start"

// echo answers with a status and everything that it was sent: the address, the header, the body.
func echo(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 200))
		w.Header().Set("Location", "/elsewhere"+r.URL.Path)
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(status)
		fmt.Fprintf(w, "%s %s %s %s", r.Header.Get("Authorization"), r.URL.Path, r.Header.Get("Authorization"), body[:min(50, len(body))])
	}
}

// TestSecretsStay runs findings through channels that fail in every way, most of them telling the secret back, and looks
// for the secrets in everything that was written: both streams, the case store, the evidence, the account.
func TestSecretsStay(t *testing.T) {
	closed := httptest.NewServer(echo(200))
	closed.Close()
	untrusted := httptest.NewUnstartedServer(echo(200))
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)
	at := map[string]string{"refused": closed.URL, "untrusted": untrusted.URL, "no such host": "https://cordon-test.invalid"}
	for _, status := range []int{200, 302, 307, 400, 401, 403, 404, 429, 500} {
		s := httptest.NewServer(echo(status))
		t.Cleanup(s.Close)
		at[fmt.Sprint(status)] = s.URL
	}
	for name, url := range at {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, "x")
			t.Setenv("HOOK", url+"/services/"+hookSecret)
			t.Setenv("TOKEN", tokenSecret)
			t.Setenv("AWS_SECRET_ACCESS_KEY", keySecret)
			t.Setenv("AWS_SESSION_TOKEN", sessionPart)
			d.config = d.file("cordon.yaml", []byte(`
notify: {slack: {webhook: env:HOOK}, jira: {url: `+strings.TrimSuffix(url, "/")+`, project: SEC, user: a@example.com, token: env:TOKEN}}
policy: {builtin: contain-all}`))
			raw, err := examples.Findings.ReadFile("findings/ec2-cryptomining.json") // of the instance with user data
			if err != nil {
				t.Fatal(err)
			}
			f := d.file("finding.json", raw)
			out := d.run(true, "respond", "--wait", "1ms", f)
			id := caseID.FindString(out)
			if id == "" {
				t.Fatalf("no case: %s", d.wrote.String())
			}
			for _, verb := range [][]string{{"cases"}, {"show", id, "--journal"}, {"verify", id}, {"release", id, "--false-positive"}, {"doctor"}} {
				d.run(true, verb...)
			}
			if !strings.Contains(d.wrote.String(), "notify.slack") || !strings.Contains(d.wrote.String(), "notify.jira") {
				t.Error("no channel was tried: the test does not reach what it is for")
			}
			clean(t, d, planted()...)
			if err := ht.Without("what was shown", d.wrote.Bytes(), userData); err != nil {
				t.Error(err)
			}
			if err := ht.Without("the case store", files(t, d.dir, func(p string) bool { return strings.Contains(p, "cordon.db") }), userData); err != nil {
				t.Error(err)
			}
			if len(files(t, d.dir, func(p string) bool { return strings.Contains(p, "user-data") })) == 0 {
				t.Error("the user data is not in evidence: the test does not reach what it is for")
			}
		})
	}
}

// TestSecretsInTheWrongPlace: a secret that stands in the configuration itself is refused, and not repeated.
func TestSecretsInTheWrongPlace(t *testing.T) {
	for _, yaml := range []string{
		"notify: {slack: {webhook: https://hooks.slack.com/services/" + hookSecret + "}}",
		"notify: {jira: {url: https://example.atlassian.net, project: SEC, token: " + tokenSecret + "}}",
		"notify: {jira: {url: 'https://a:" + tokenSecret + "@example.atlassian.net', project: SEC, token: env:TOKEN}}",
		"notify: {slack: {webhook: env:" + tokenSecret + "=x}}",
		"slack_webhook: https://hooks.slack.com/services/" + hookSecret,
		"notify: {slack: [" + tokenSecret + "]}", "notify: " + tokenSecret, tokenSecret,
		"false_positive: {suppress_days: " + tokenSecret + "}",
		"notify: {slack: {webhook: \"https://hooks.slack.com/services/" + hookSecret,
	} {
		d := newDesk(t, "x")
		d.config = d.file("cordon.yaml", []byte(yaml))
		d.run(true, "cases")
		d.run(true, "doctor")
		if !strings.Contains(d.wrote.String(), "read configuration") {
			t.Errorf("%s is accepted: %s", yaml, d.wrote.String())
		}
		if err := ht.Without("what was said of "+yaml, d.wrote.Bytes(), planted()...); err != nil {
			t.Error(err)
		}
	}
}

// TestAWSKeysStay: where AWS refuses or cannot be reached, neither key nor session token is told.
func TestAWSKeysStay(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"denied": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`)
		},
		"no AWS": echo(400), "expired": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Amzn-Errortype", "ExpiredTokenException")
			http.Error(w, `{"__type":"ExpiredTokenException","message":"expired"}`, http.StatusBadRequest)
		},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(h)
			t.Cleanup(server.Close)
			d := newDesk(t, "x")
			for k, v := range map[string]string{
				"AWS_ENDPOINT_URL": server.URL, "AWS_REGION": region, "AWS_ACCESS_KEY_ID": "AKIAPLANTED", "AWS_SECRET_ACCESS_KEY": keySecret, "AWS_SESSION_TOKEN": sessionPart,
				"AWS_CONFIG_FILE": d.dir + "/none", "AWS_SHARED_CREDENTIALS_FILE": d.dir + "/none", "AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true",
			} {
				t.Setenv(k, v)
			}
			d.config = d.file("cordon.yaml", []byte("store: dynamodb://cordon\nvault: s3://cordon-evidence/x\n"))
			d.box = ""
			raw, err := examples.Findings.ReadFile("findings/ec2-c2.json")
			if err != nil {
				t.Fatal(err)
			}
			f := d.file("finding.json", raw)
			for _, verb := range [][]string{{"plan", f}, {"respond", f}, {"cases"}, {"show", "c-0123456789ab"}, {"doctor"}, {"pause"}} {
				d.run(true, verb...)
			}
			if d.wrote.Len() == 0 {
				t.Error("nothing was said")
			}
			clean(t, d, keySecret, sessionPart)
		})
	}
}

// clean looks for secrets in what a desk has shown and in every file that it has left.
func clean(t *testing.T, d *desk, secrets ...string) {
	t.Helper()
	if err := ht.Without("what was shown", d.wrote.Bytes(), secrets...); err != nil {
		t.Error(err)
	}
	if err := ht.Without("a file", files(t, d.dir, func(string) bool { return true }), secrets...); err != nil {
		t.Error(err)
	}
}

// files are the contents of the files under dir that f wants.
func files(t *testing.T, dir string, f func(path string) bool) (all []byte) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !f(path) {
			return err
		}
		raw, err := os.ReadFile(path)
		all = append(append(all, raw...), '\n')
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestNoChildren: Cordon starts no process, so nothing can stand in one's arguments. Only what helps tests may.
func TestNoChildren(t *testing.T) {
	helpers := []string{"nodetest", "mototest", "lambda/lambdatest", "deploytest"}
	seen := 0
	for _, root := range []string{"../../internal", "../../cmd"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			rel, err := filepath.Rel(root, filepath.Dir(path))
			if err != nil || slices.ContainsFunc(helpers, func(h string) bool { return rel == h || strings.HasPrefix(rel, h+"/") }) {
				return err
			}
			seen++
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
			if err != nil {
				return err
			}
			for _, imp := range file.Imports {
				if imp.Path.Value == `"os/exec"` || imp.Path.Value == `"plugin"` {
					t.Errorf("%s imports %s", path, imp.Path.Value)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen < 100 {
		t.Fatalf("only %d files seen", seen)
	}
}
