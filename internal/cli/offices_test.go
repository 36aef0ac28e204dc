package cli_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// offices are a Slack and a Jira of a script's own; they count what is posted. Package notify has the servers that check
// every request and misbehave.
type offices struct {
	mu     sync.Mutex
	down   bool
	slack  []string // texts
	issues []string // summaries
	notes  []string // comments
}

const officesKey = "offices"

// openOffices starts the servers and puts SLACK_WEBHOOK, JIRA_URL and JIRA_TOKEN into the script's environment.
func openOffices(env *testscript.Env) {
	o := &offices{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /services/hook", func(w http.ResponseWriter, r *http.Request) { o.post(w, r, &o.slack, "ok") })
	mux.HandleFunc("POST /rest/api/2/issue", func(w http.ResponseWriter, r *http.Request) {
		o.post(w, r, &o.issues, `{"id":"1","key":"SEC-1","self":"x"}`)
	})
	mux.HandleFunc("POST /rest/api/2/issue/SEC-1/comment", func(w http.ResponseWriter, r *http.Request) { o.post(w, r, &o.notes, `{"id":"2"}`) })
	mux.HandleFunc("GET /rest/api/2/issue/SEC-1/transitions", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"transitions":[]}`) })
	server := httptest.NewServer(mux)
	env.Defer(server.Close)
	env.Setenv("SLACK_WEBHOOK", server.URL+"/services/hook")
	env.Setenv("JIRA_URL", server.URL)
	env.Setenv("JIRA_TOKEN", "planted-token")
	env.Values[officesKey] = o
}

func (o *offices) post(w http.ResponseWriter, r *http.Request, into *[]string, answer string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.down {
		w.Header().Set("Retry-After", "60")
		http.Error(w, "too many", http.StatusTooManyRequests)
		return
	}
	body, _ := io.ReadAll(r.Body)
	if !json.Valid(body) {
		http.Error(w, "no JSON", http.StatusBadRequest)
		return
	}
	*into = append(*into, string(body))
	if strings.HasPrefix(answer, "{") {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
	}
	fmt.Fprint(w, answer)
}

// posted checks how many messages an office has: posted slack 1. And: office down (it takes nothing), office up.
func posted(ts *testscript.TestScript, _ bool, args []string) {
	o := ts.Value(officesKey).(*offices)
	o.mu.Lock()
	defer o.mu.Unlock()
	messages, ok := map[string][]string{"slack": o.slack, "issues": o.issues, "comments": o.notes}[args[0]]
	if !ok {
		o.down = args[0] == "down"
		return
	}
	if got := fmt.Sprint(len(messages)); got != args[1] {
		ts.Fatalf("%s: %s messages, want %s:\n%s", args[0], got, args[1], strings.Join(messages, "\n"))
	}
}
