package killtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// office is a Slack and a Jira that keep what they are told. Jira can be asked what it has; Slack cannot.
type office struct {
	url string

	mu       sync.Mutex
	writers  map[string]*writer // by name
	slack    []string
	issues   []issue
	comments []comment
	trouble  []string
}

type issue struct {
	key, body string
	labels    []string
}

type comment struct{ issue, body string }

// writer is a process that writes: it is killed at its n-th request.
type writer struct {
	sent  int
	at    int // 0: never
	heard bool
	kill  func()
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{writers: map[string]*writer{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /services/hook/{writer}", o.take(func(_ *http.Request, body string) (int, any) {
		o.slack = append(o.slack, body)
		return http.StatusOK, nil
	}))
	mux.HandleFunc("POST /rest/api/2/issue", o.take(o.newIssue))
	mux.HandleFunc("GET /rest/api/2/search", o.take(o.search))
	mux.HandleFunc("POST /rest/api/2/issue/{key}/comment", o.take(func(r *http.Request, body string) (int, any) {
		o.comments = append(o.comments, comment{r.PathValue("key"), body})
		return http.StatusCreated, map[string]string{"id": fmt.Sprint(len(o.comments))}
	}))
	mux.HandleFunc("GET /rest/api/2/issue/{key}/comment", o.take(func(r *http.Request, _ string) (int, any) {
		found := []json.RawMessage{}
		for _, c := range o.comments {
			if c.issue == r.PathValue("key") {
				found = append(found, json.RawMessage(c.body))
			}
		}
		return http.StatusOK, map[string]any{"comments": found}
	}))
	mux.HandleFunc("GET /rest/api/2/issue/{key}/transitions", o.take(func(*http.Request, string) (int, any) {
		return http.StatusOK, map[string]any{"transitions": []any{}}
	}))
	mux.HandleFunc("/", o.take(func(r *http.Request, _ string) (int, any) {
		o.trouble = append(o.trouble, r.Method+" "+r.URL.String())
		return http.StatusNotFound, map[string]any{"errorMessages": []string{"there is no such thing here"}}
	}))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	o.url = server.URL
	return o
}

// take answers one request at a time, and kills the writer whose moment it is: before it is heard, or before the answer.
func (o *office) take(f func(r *http.Request, body string) (int, any)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		o.mu.Lock()
		defer o.mu.Unlock()
		from, ok := o.writers[r.PathValue("writer")+strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
		if !ok {
			o.trouble = append(o.trouble, "from a stranger: "+r.Method+" "+r.URL.String())
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		from.sent++
		if from.sent == from.at {
			from.kill()
			if !from.heard {
				return
			}
		}
		code, answer := f(r, string(body))
		if answer == nil {
			fmt.Fprint(w, "ok")
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(answer)
	}
}

// join lets a process write under a name; it is killed at its moment.
func (o *office) join(name string, at moment, kill func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.writers[name] = &writer{at: at.post, heard: at.heard, kill: kill}
}

// sent is how many requests a process has made.
func (o *office) sent(name string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.writers[name].sent
}

func (o *office) newIssue(_ *http.Request, body string) (int, any) {
	var made struct {
		Fields struct {
			Labels []string `json:"labels"`
		} `json:"fields"`
	}
	if err := json.Unmarshal([]byte(body), &made); err != nil {
		return http.StatusBadRequest, map[string]any{"errorMessages": []string{err.Error()}}
	}
	i := issue{fmt.Sprintf("SEC-%d", len(o.issues)+1), body, made.Fields.Labels}
	o.issues = append(o.issues, i)
	return http.StatusCreated, map[string]string{"id": "1", "key": i.key, "self": "x"}
}

// search answers: project = "SEC" AND labels = "cordon-CASE" ORDER BY created ASC.
func (o *office) search(r *http.Request, _ string) (int, any) {
	_, rest, _ := strings.Cut(r.URL.Query().Get("jql"), `labels = "`)
	label, _, _ := strings.Cut(rest, `"`)
	found := []any{}
	for _, i := range o.issues {
		if slices.Contains(i.labels, label) {
			found = append(found, map[string]any{"key": i.key, "fields": map[string]string{"description": i.body}})
		}
	}
	return http.StatusOK, map[string]any{"issues": found}
}
