package cli_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"cordon/internal/awssim"
)

// cutFile writes the beginning of a file: cut FROM TO BYTES.
func cutFile(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[2])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(ts.ReadFile(args[0])[:n]), 0o600))
}

// changeFile writes a file with a text changed, once: change FROM TO OLD NEW.
func changeFile(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[2]) {
		ts.Fatalf("%s has no %q", args[0], args[2])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(strings.Replace(text, args[2], args[3], 1)), 0o600))
}

// sameAccount wants two accounts' files to hold the same, but for what a response leaves on purpose: sameaccount A B.
func sameAccount(ts *testscript.TestScript, _ bool, args []string) {
	var dumps []map[string]any
	for n, file := range args {
		dir := ts.MkAbs("account-" + strconv.Itoa(n))
		ts.Check(os.MkdirAll(dir, 0o700))
		ts.Check(os.WriteFile(filepath.Join(dir, "account.json"), []byte(ts.ReadFile(file)), 0o600))
		ts.Check(os.WriteFile(filepath.Join(dir, "account.lock"), []byte("00000000000000000001"), 0o600))
		account, _, err := awssim.Open(dir, awssim.Options{})
		ts.Check(err)
		dumps = append(dumps, account.Dump(awssim.DumpOptions{}))
	}
	if d := awssim.Diff(dumps[0], dumps[1]); len(d) > 0 {
		ts.Fatalf("the accounts differ:\n%s", strings.Join(d, "\n"))
	}
}
