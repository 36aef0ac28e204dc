package cli_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

const patience = time.Minute

// ports puts a free address of this machine into each variable: ports INTAKE HEALTH.
func ports(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
		defer l.Close()
		ts.Setenv(name, l.Addr().String())
	}
}

// send makes one request and wants a status: send STATUS URL [KEY FILE]. It waits for whoever is to answer.
func send(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 && len(args) != 4 {
		ts.Fatalf("usage: send STATUS URL [KEY FILE]")
	}
	method, body := http.MethodGet, []byte(nil)
	if len(args) == 4 {
		var err error
		method = http.MethodPost
		body, err = os.ReadFile(ts.MkAbs(args[3]))
		ts.Check(err)
	}
	for until := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		req, err := http.NewRequest(method, args[1], bytes.NewReader(body))
		ts.Check(err)
		if len(args) == 4 {
			req.Header.Set("X-Api-Key", args[2])
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			if time.Now().Before(until) {
				continue
			}
			ts.Fatalf("nobody answers: %v", err)
		}
		answer, err := io.ReadAll(res.Body)
		res.Body.Close()
		ts.Check(err)
		ts.Logf("%d %s", res.StatusCode, answer)
		if strconv.Itoa(res.StatusCode) != args[0] {
			ts.Fatalf("status %d, want %s: %s", res.StatusCode, args[0], answer)
		}
		return
	}
}

// await waits until the first case in a sandbox has a status: await SANDBOX STATUS.
func await(ts *testscript.TestScript, _ bool, args []string) {
	for until := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		ts.Check(ts.Exec("cordon", "--sandbox", args[0], "cases", "-o", "json"))
		var out struct{ Cases []struct{ Status string } }
		ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &out))
		if len(out.Cases) > 0 && out.Cases[0].Status == args[1] {
			return
		}
		if time.Now().After(until) {
			ts.Fatalf("cases are %v, want %s", out.Cases, args[1])
		}
	}
}

// term sends SIGTERM to what runs in the background.
func term(ts *testscript.TestScript, _ bool, _ []string) {
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(syscall.SIGTERM))
	}
}
