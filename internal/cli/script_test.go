package cli_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"cordon/internal/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"cordon": func() {
			os.Exit(cli.Main(context.Background(), os.Args[1:], cli.IO{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
		},
	})
}

// TestScripts runs every verb as a user does, each script in a directory and with an environment of its own.
func TestScripts(t *testing.T) {
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("EXAMPLES", examples)
			openOffices(env)
			env.Setenv("HOME", env.WorkDir+"/home")
			env.Setenv("AWS_EC2_METADATA_DISABLED", "true") // no credentials from anywhere
			env.Setenv("AWS_CONFIG_FILE", env.WorkDir+"/none")
			env.Setenv("AWS_SHARED_CREDENTIALS_FILE", env.WorkDir+"/none")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exit": exitCode,
			"json": jsonPath,
			"save": saveCase,
			"big":  bigFile,

			"envsubst": envSubst,
			"groups":   ownGroups,
			"spoil":    spoil, // spoil DIR FAULT

			"ask": ask, "token": token, "meddle": meddle,

			"cut": cutFile, "change": changeFile, "sameaccount": sameAccount,

			"posted": posted, // posted slack 1
			"office": posted, // office down

			"ports": ports, "send": send, "await": await, "term": term,
		},
	})
}

// exitCode runs: exit CODE cordon ARGS…, and wants that exit code.
func exitCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exit CODE COMMAND ARGS...")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := "0"
	if err != nil {
		found := regexp.MustCompile(`exit status (\d+)`).FindStringSubmatch(err.Error())
		if found == nil {
			ts.Fatalf("run %v: %v", args[1:], err)
		}
		code = found[1]
	}
	if code != args[0] {
		ts.Fatalf("exit code %s, want %s\n%s", code, args[0], ts.ReadFile("stderr"))
	}
}

// jsonPath checks one value of the JSON on standard output: json cases.0.status contained.
func jsonPath(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: json PATH VALUE")
	}
	got := lookUp(ts, args[0])
	if (got == args[1]) == neg {
		ts.Fatalf("%s is %s, want %s (negated: %v)", args[0], got, args[1], neg)
	}
}

// saveCase puts a value of the JSON on standard output into a variable: save ID cases.0.id.
func saveCase(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv(args[0], lookUp(ts, args[1]))
}

func lookUp(ts *testscript.TestScript, path string) string {
	var doc any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &doc))
	for _, key := range strings.Split(path, ".") {
		switch v := doc.(type) {
		case map[string]any:
			doc = v[key]
		case []any:
			if key == "len" {
				doc = float64(len(v))
				continue
			}
			var i int
			ts.Check(json.Unmarshal([]byte(key), &i))
			if i >= len(v) {
				ts.Fatalf("%s: only %d elements", path, len(v))
			}
			doc = v[i]
		default:
			ts.Fatalf("%s: %q is not there", path, key)
		}
	}
	if s, ok := doc.(string); ok {
		return s
	}
	raw, err := json.Marshal(doc)
	ts.Check(err)
	return string(raw)
}

// bigFile writes: big FILE MEGABYTES.
func bigFile(ts *testscript.TestScript, _ bool, args []string) {
	var n int
	ts.Check(json.Unmarshal([]byte(args[1]), &n))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(`{"id":"`+strings.Repeat("a", n<<20)+`"}`), 0o600))
}

// envSubst replaces $VARIABLES in a file: envsubst FILE.
func envSubst(ts *testscript.TestScript, _ bool, args []string) {
	text := os.Expand(ts.ReadFile(args[0]), ts.Getenv)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// ownGroups counts the security groups that Cordon has made: groups STATE-FILE N.
func ownGroups(ts *testscript.TestScript, _ bool, args []string) {
	made := map[string]bool{}
	for _, name := range regexp.MustCompile(`"GroupName": "(cordon-(quarantine|collect|sealed|untrack)-[^"]*)"`).FindAllString(ts.ReadFile(args[0]), -1) {
		made[name] = true
	}
	if got := strconv.Itoa(len(made)); got != args[1] {
		ts.Fatalf("%s groups of Cordon's, want %s: %v", got, args[1], made)
	}
}
