package hostiletest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cordon/examples"
	"cordon/internal/awssim"
	"cordon/internal/cli"
	ht "cordon/internal/hostiletest"
)

// desk is a person's terminal over a simulated account whose names are hostile.
type desk struct {
	t      *testing.T
	dir    string
	box    string // of the simulated account; "": AWS
	config string
	seen   map[string]bool // verbs that were run
	wrote  bytes.Buffer    // everything
}

// run runs a verb as text and, where it is not to change anything twice, as JSON too; it gives the last standard output.
func (d *desk) run(twice bool, args ...string) string {
	d.t.Helper()
	out := ""
	for _, format := range []string{"text", "json"} {
		if format == "text" && !twice {
			continue
		}
		all := append([]string{"--sandbox", d.box, "--config", d.config, "-o", format}, args...)
		var stdout, stderr bytes.Buffer
		code := cli.Main(d.t.Context(), all, cli.IO{In: strings.NewReader(""), Out: &stdout, Err: &stderr})
		d.wrote.Write(stdout.Bytes())
		d.wrote.Write(stderr.Bytes())
		what := strings.Join(args[:min(2, len(args))], " ")
		if len(what) > 40 {
			what = args[0]
		}
		if code == 1 && d.box != "" {
			d.t.Errorf("%s: internal error: %s", what, stderr.String())
		}
		if err := ht.Terminal(stdout.String()); err != nil {
			d.t.Errorf("%s -o %s, standard output: %v", what, format, err)
		}
		if err := ht.Terminal(stderr.String()); err != nil {
			d.t.Errorf("%s -o %s, standard error: %v", what, format, err)
		}
		if format == "json" && stdout.Len() > 0 && args[0] != "help" {
			if err := ht.JSON(stdout.String()); err != nil {
				d.t.Errorf("%s -o json: %v", what, err)
			}
		}
		out = stdout.String()
	}
	d.seen[args[0]] = true
	if len(args) > 1 {
		d.seen[args[0]+" "+args[1]] = true
	}
	return out
}

// file writes a file into the desk's directory and gives its path.
func (d *desk) file(name string, content []byte) string {
	d.t.Helper()
	path := filepath.Join(d.dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		d.t.Fatal(err)
	}
	return path
}

func newDesk(t *testing.T, text string) *desk {
	t.Helper()
	d := &desk{t: t, dir: t.TempDir(), seen: map[string]bool{}}
	d.box = filepath.Join(d.dir, "box")
	account, _, err := awssim.Open(d.box, awssim.Options{})
	if err == nil {
		err = awssim.Demo(account)
	}
	if err != nil {
		t.Fatal(err)
	}
	infect(t, account, text)
	office := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		check := ht.Slack
		if strings.HasPrefix(r.URL.Path, "/rest") {
			check = ht.Jira
		}
		if err := check(body); len(body) > 0 && err != nil {
			t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
		}
		http.Error(w, "no "+text, http.StatusTeapot) // an answer of another's is foreign, too
	}))
	t.Cleanup(office.Close)
	t.Setenv("HOOK", office.URL+"/services/hook")
	t.Setenv("TOKEN", "t")
	d.config = d.file("cordon.yaml", []byte(`
notify: {slack: {webhook: env:HOOK}, jira: {url: `+office.URL+`, project: SEC, token: env:TOKEN, api: "2"}}
policy:
  builtin: contain-all
  rules: [{name: users ask, match: {kinds: [iam.user]}, then: approve}]
`))
	return d
}

var caseID = regexp.MustCompile(`c-[a-z0-9]{12}`)

// TestEveryVerb runs every verb over hostile findings on a hostile account, and with hostile arguments.
func TestEveryVerb(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range []string{"all", "line breaks", "long"} {
		text := ht.All()
		if i := slices.IndexFunc(ht.Strings(), func(s ht.Text) bool { return s.Name == name }); i >= 0 {
			text = ht.Strings()[i].Value
		}
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, strings.ToValidUTF8(text, "\ufffd"))
			everyVerb(t, d, text)
			for verb := range d.seen {
				seen[verb] = true
			}
		})
	}
	for _, verb := range verbs(t, "") {
		if !seen[verb] {
			t.Errorf("cordon %s is not run over hostile text: enter it in everyVerb", verb)
		}
	}
}

func everyVerb(t *testing.T, d *desk, text string) {
	var all bytes.Buffer
	for _, name := range findings {
		raw, err := examples.Findings.ReadFile("findings/" + name)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := ht.Poison(raw, strings.ToValidUTF8(text, "\ufffd"), "")
		if err != nil {
			t.Fatal(err)
		}
		all.Write(append(doc, '\n'))
	}
	f := d.file("findings.json", all.Bytes())
	d.run(true, "explain", f)
	d.run(true, "plan", f)
	out := d.run(false, "respond", "--wait", "1ms", f)
	d.run(true, "respond", "--wait", "1ms", f)
	var answer struct {
		Cases []struct{ ID, Status string }
	}
	if err := json.Unmarshal([]byte(out), &answer); err != nil || len(answer.Cases) < 5 {
		t.Fatalf("%d cases, %v", len(answer.Cases), err)
	}
	d.run(true, "cases", "--all")
	for _, c := range answer.Cases {
		d.run(true, "show", c.ID, "--journal")
		d.run(true, "verify", c.ID)
		if c.Status == "awaiting-approval" {
			d.run(true, "approve", c.ID, "--reason", text)
			d.run(true, "deny", c.ID, "--reason", text)
			d.run(true, "show", c.ID, "--journal")
		}
		d.run(true, "release", c.ID, "--dry-run")
		d.run(true, "release", c.ID, "--false-positive")
	}
	archive := d.run(true, "cases", "export") // the last is the archive itself, in both formats
	d.run(true, "cases", "import", d.file("cases.jsonl", []byte(archive)))
	d.run(true, "cases", "import", d.file("none.jsonl", []byte(text)))
	d.serve(all.Bytes(), text)
	d.run(true, "pause", "--reason", text)
	d.run(true, "cases")
	d.run(true, "resume")
	d.run(true, "doctor")

	// What a person types, pasted from a finding.
	plain := strings.ReplaceAll(text, "\x00", "") // no argument can hold it
	for _, verb := range []string{"show", "verify", "release", "approve", "deny", "explain", "plan", "respond", plain} {
		d.run(true, verb, "--", plain)
	}
	d.run(true, "release", answer.Cases[0].ID, "--only", plain)
	d.run(true, "doctor", "--principal", plain)
	d.run(true, "show", "c-000000000000")
	d.run(true, "plan", d.file("none.json", []byte(text)))
	d.run(true, "respond", d.file("none.json", []byte(`{"id":`+text)))
	quoted, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	d.run(true, "policy", "list")
	d.run(true, "policy", "test", d.file("tests.yaml", []byte(`{"cases":[{"name":`+string(quoted)+`,"finding":{"type":`+string(quoted)+`,"resource":`+string(quoted)+`},"tags":{"Name":`+string(quoted)+`},"expect":"ignore"}]}`)))
	d.run(true, "policy", "test", d.file("tests2.yaml", []byte(text)))
	d.run(true, "asl")
	d.run(true, "permissions")
	d.run(true, "version")
	d.run(true, "help")
	d.config = d.file("other.yaml", []byte(text))
	d.run(true, "doctor")
	d.config = d.file("other2.yaml", []byte(fmt.Sprintf("%s: %s\npolicy: {rules: [{name: %s, match: {}, then: %s}]}", quoted, quoted, quoted, quoted)))
	d.run(true, "doctor")
}

// notRun are the verbs that print nothing foreign: a walk through a fixed account, and scripts for shells.
var notRun = []string{"demo", "completion"}

// verbs lists those of the command line, from its help, two words where a verb has verbs of its own.
func verbs(t *testing.T, of string) (out []string) {
	t.Helper()
	var help bytes.Buffer
	if code := cli.Main(t.Context(), strings.Fields(of+" --help"), cli.IO{Out: &help, Err: &help}); code != 0 {
		t.Fatalf("cordon %s --help: %s", of, help.String())
	}
	_, list, ok := strings.Cut(help.String(), "Available Commands:\n")
	if !ok {
		return nil
	}
	list, _, _ = strings.Cut(list, "\n\n")
	for l := range strings.Lines(list) {
		verb := strings.TrimSpace(of + " " + strings.Fields(l)[0])
		if slices.Contains(notRun, verb) {
			continue
		}
		if inner := verbs(t, verb); len(inner) > 0 {
			out = append(out, inner...)
		} else {
			out = append(out, verb)
		}
	}
	if of == "" && len(out) < 15 {
		t.Fatalf("only %d verbs are found: %v", len(out), out)
	}
	return out
}

// TestEveryField puts each text into each field that names a finding, its target or its kind, one at a time.
func TestEveryField(t *testing.T) {
	d := newDesk(t, "")
	var some [][]byte
	for _, text := range ht.Strings() {
		for _, name := range findings {
			raw, err := examples.Findings.ReadFile("findings/" + name)
			if err != nil {
				t.Fatal(err)
			}
			var all bytes.Buffer
			for _, field := range ht.KeptFields() {
				doc, err := ht.Poison(raw, strings.ToValidUTF8(text.Value, "\ufffd"), field)
				if err != nil {
					t.Fatal(err)
				}
				all.Write(append(doc, '\n'))
				if len(some) < 400 && len(text.Value) < 200 {
					some = append(some, doc)
				}
			}
			d.run(true, "explain", d.file("fields.json", all.Bytes()))
		}
	}
	d.run(false, "respond", "--wait", "1ms", d.file("some.json", bytes.Join(some[:120], []byte("\n"))))
	d.run(true, "cases", "--all")
	ids := caseID.FindAllString(d.wrote.String(), -1)
	slices.Sort(ids)
	for i, id := range slices.Compact(ids) {
		if i%4 == 0 {
			d.run(true, "show", id, "--journal")
		}
	}
}
