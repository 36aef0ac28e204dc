package notify

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// jiraSite is a Jira that keeps issues and comments and checks each request against the documentation.
type jiraSite struct {
	t       *testing.T
	version string
	auth    string

	mu       sync.Mutex
	issues   []map[string]any
	comments []string
	moved    []string
	offers   string // transitions
}

func (j *jiraSite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if got := r.Header.Get("Authorization"); got != j.auth {
		j.t.Errorf("authorization %q", got)
	}
	if strings.Contains(r.URL.String(), plantedToken) {
		j.t.Errorf("secret in %s", r.URL)
	}
	if r.Method == http.MethodPost && r.Header.Get("Content-Type") != "application/json; charset=utf-8" {
		j.t.Errorf("content type %q", r.Header.Get("Content-Type"))
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/context/rest/api/"+j.version+"/")
	if !ok {
		j.t.Errorf("path %s", r.URL.Path)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		j.t.Error(err)
	}
	search := map[string]string{"3": "search/jql", "2": "search"}[j.version]
	switch r.Method + " " + path {
	case "POST issue":
		j.create(w, body)
	case "GET " + search:
		j.search(w, r.URL.Query())
	case "GET issue/SEC-1/comment":
		fmt.Fprintf(w, `{"comments":[%s]}`, strings.Join(j.comments, ","))
	case "POST issue/SEC-1/comment":
		j.checkText(body, "body")
		j.comments = append(j.comments, string(body))
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"id":"%d"}`, 10000+len(j.comments))
	case "GET issue/SEC-1/transitions":
		fmt.Fprint(w, j.offers)
	case "POST issue/SEC-1/transitions":
		var in struct{ Transition struct{ ID string } }
		if json.Unmarshal(body, &in) != nil || in.Transition.ID == "" {
			j.t.Errorf("transition %s", body)
		}
		j.moved = append(j.moved, in.Transition.ID)
		w.WriteHeader(http.StatusNoContent)
	default:
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"errorMessages":["Issue does not exist or you do not have permission to see it."],"errors":{}}`)
	}
}

// checkText holds that a text is an ADF document in version 3 and a string in version 2.
func (j *jiraSite) checkText(body []byte, field string) {
	var fields map[string]any
	if err := json.Unmarshal(body, &fields); err != nil {
		j.t.Errorf("%s: %v", body, err)
	}
	if j.version == "2" {
		if _, ok := fields[field].(string); !ok {
			j.t.Errorf("%s is %T", field, fields[field])
		}
		return
	}
	doc, ok := fields[field].(map[string]any)
	if !ok || doc["type"] != "doc" || doc["version"] != 1.0 || len(doc["content"].([]any)) == 0 {
		j.t.Errorf("%s is no ADF document: %v", field, fields[field])
	}
}

func (j *jiraSite) create(w http.ResponseWriter, body []byte) {
	var in struct{ Fields map[string]any }
	var raw struct{ Fields json.RawMessage }
	if json.Unmarshal(body, &in) != nil || json.Unmarshal(body, &raw) != nil {
		j.t.Errorf("issue %s", body)
	}
	j.checkText(raw.Fields, "description")
	summary, _ := in.Fields["summary"].(string)
	if summary == "" || len([]rune(summary)) > 255 || strings.ContainsAny(summary, "\r\n") {
		j.t.Errorf("summary %q", summary)
	}
	if fmt.Sprint(in.Fields["project"], in.Fields["issuetype"]) != "map[key:SEC] map[name:Task]" {
		j.t.Errorf("%v %v", in.Fields["project"], in.Fields["issuetype"])
	}
	j.issues = append(j.issues, in.Fields)
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, `{"id":"10001","key":"SEC-%d","self":"https://example.atlassian.net/rest/api/3/issue/10001"}`, len(j.issues))
}

func (j *jiraSite) search(w http.ResponseWriter, query url.Values) {
	want := `project = "SEC" AND labels = "cordon-c-7h2k9m4p1q8r" ORDER BY created ASC`
	if query.Get("jql") != want {
		j.t.Errorf("jql %q", query.Get("jql"))
	}
	var found []string
	for i, fields := range j.issues {
		text, err := json.Marshal(fields["description"])
		if err != nil {
			j.t.Error(err)
		}
		found = append(found, fmt.Sprintf(`{"key":"SEC-%d","fields":{"description":%s}}`, i+1, text))
	}
	fmt.Fprintf(w, `{"issues":[%s],"isLast":true}`, strings.Join(found, ","))
}

const offered = `{"transitions":[
	{"id":"11","name":"To Do","to":{"name":"To Do","statusCategory":{"key":"new"}}},
	{"id":"21","name":"Start","to":{"name":"In Progress","statusCategory":{"key":"indeterminate"}}},
	{"id":"31","name":"Resolve","to":{"name":"Resolved","statusCategory":{"key":"done"}}},
	{"id":"41","name":"Close as false alarm","to":{"name":"Closed","statusCategory":{"key":"done"}}}]}`

// jiraAt is a channel of each of Jira's two kinds, to an address. It waits as slackAt does.
func jiraAt(t *testing.T, address, version string, change func(*JiraConfig), timeout ...time.Duration) Channel {
	t.Helper()
	cfg := JiraConfig{URL: address + "/context/", Project: "SEC", Token: "env:JIRA_TOKEN", API: version}
	if version == "3" {
		cfg.User = "person@example.com"
	}
	if change != nil {
		change(&cfg)
	}
	return one(t, Config{Jira: &cfg}, Deps{
		Timeout: append(timeout, 0)[0], Getenv: environment(map[string]string{"JIRA_TOKEN": plantedToken + "\n"}),
	})
}

func site(t *testing.T, version string) (*jiraSite, *service) {
	t.Helper()
	j := &jiraSite{t: t, version: version, auth: "Bearer " + plantedToken, offers: offered}
	if version == "3" {
		j.auth = "Basic " + plantedBasic
	}
	return j, serve(t, j.ServeHTTP)
}

// A case's life: one issue, comments, and a transition at its release; every notice delivered twice.
func TestJiraLife(t *testing.T) {
	for _, version := range []string{"3", "2"} {
		t.Run("version "+version, func(t *testing.T) {
			j, s := site(t, version)
			c := jiraAt(t, s.URL, version, func(c *JiraConfig) { c.Priority = map[string]string{"high": "Highest"} })
			n := calm()
			deliver := func(n Notice, again bool) {
				t.Helper()
				if ref, err := c.Deliver(t.Context(), n, again); err != nil || ref != "SEC-1" {
					t.Fatalf("%s: reference %q, %v", n.Event, ref, err)
				}
			}
			deliver(n, false)
			if r := s.requests(); len(r) != 1 {
				t.Errorf("%d requests for a new issue", len(r))
			}
			deliver(n, true) // the process died before it stored the key
			if fmt.Sprint(j.issues[0]["labels"], j.issues[0]["priority"]) != "[cordon cordon-c-7h2k9m4p1q8r] map[name:Highest]" {
				t.Errorf("%v", j.issues[0])
			}
			repeat := n
			repeat.Event, repeat.Count, repeat.Ticket = EventRepeat, 4, "SEC-1"
			deliver(repeat, false)
			deliver(repeat, true)
			repeat.Ticket = "" // the key was never stored: found by the label
			deliver(repeat, true)
			repeat.Count++
			deliver(repeat, true)
			released := n
			released.Event, released.FalsePositive = EventReleased, true
			deliver(released, false)
			deliver(released, true)
			if len(j.issues) != 1 || len(j.comments) != 3 || fmt.Sprint(j.moved) != "[31 31]" {
				t.Errorf("%d issues, %d comments, moved %v", len(j.issues), len(j.comments), j.moved)
			}
			for _, r := range s.requests() {
				clean(t, "body", string(r.body))
			}
		})
	}
}

func TestJiraTransitions(t *testing.T) {
	for name, test := range map[string]struct{ configured, offers, moved string }{
		"by category":             {"", offered, "[31]"},
		"by name":                 {"close as FALSE alarm", offered, "[41]"},
		"by status":               {"in progress", offered, "[21]"},
		"the name is not offered": {"Bury", offered, "[31]"},
		"none to done":            {"", `{"transitions":[{"id":"11","name":"Reopen","to":{"statusCategory":{"key":"new"}}}]}`, "[]"},
		"none":                    {"", `{"transitions":[]}`, "[]"},
	} {
		t.Run(name, func(t *testing.T) {
			j, s := site(t, "3")
			j.offers = test.offers
			c := jiraAt(t, s.URL, "3", func(c *JiraConfig) { c.Transition = test.configured })
			n := calm()
			n.Event, n.Ticket = EventReleased, "SEC-1"
			ref, err := c.Deliver(t.Context(), n, false)
			if err != nil || ref != "SEC-1" || fmt.Sprint(j.moved) != test.moved || len(j.comments) != 1 {
				t.Errorf("reference %q, moved %v, %d comments, %v", ref, j.moved, len(j.comments), err)
			}
		})
	}
}

func TestJiraReleaseWithoutIssue(t *testing.T) {
	j, s := site(t, "2")
	n := calm()
	n.Event = EventReleased
	ref, err := jiraAt(t, s.URL, "2", nil).Deliver(t.Context(), n, false)
	if err != nil || ref != "" || len(j.issues)+len(j.comments) != 0 {
		t.Errorf("reference %q, %v, %v", ref, err, j)
	}
}

// Jira Cloud finds a new issue only after a while: until then it is not known whether there is one.
func TestJiraAgainTooSoon(t *testing.T) {
	j, s := site(t, "3")
	c := jiraAt(t, s.URL, "3", nil)
	n := calm()
	n.At = at.Add(10*time.Minute - 20*time.Second) // the clock of the test says 10 minutes
	_, err := c.Deliver(t.Context(), n, true)
	if r := retryOf(t, err); r.After != 40*time.Second || !r.Unknown || len(j.issues) != 0 {
		t.Errorf("%+v, %d issues", r, len(j.issues))
	}
	n.At = at
	if ref, err := c.Deliver(t.Context(), n, true); err != nil || ref != "SEC-1" {
		t.Errorf("%q, %v", ref, err)
	}
}

func TestJiraTemporary(t *testing.T) {
	release := make(chan struct{})
	for name, test := range misbehave(release) {
		t.Run(name, func(t *testing.T) {
			s := serve(t, test.answer)
			_, err := jiraAt(t, s.URL, "3", nil, test.timeout).Deliver(t.Context(), calm(), false)
			if name == "time-out" {
				close(release)
			}
			r := retryOf(t, err)
			if r.After != test.after || r.Unknown == strings.HasPrefix(name, "429") {
				t.Errorf("after %v, unknown %v; want %v", r.After, r.Unknown, test.after)
			}
			if n := len(s.requests()); n != 1 {
				t.Errorf("%d requests; retries are the caller's", n)
			}
		})
	}
}

func TestJiraRefused(t *testing.T) {
	for name, test := range map[string]struct {
		status  int
		body    string
		unknown bool
		words   []string
	}{
		"401":              {401, "Basic authentication failed: " + plantedBasic, false, []string{"401", "[secret]", "notify.jira.user"}},
		"403":              {403, `{"errorMessages":["no, ` + plantedToken + `"]}`, false, []string{"may not do this in project SEC", "[secret]"}},
		"400":              {400, `{"errorMessages":[],"errors":{"priority":"Field 'priority' cannot be set.","project":"valid project is required"}}`, false, []string{"Field 'priority'", "project: valid"}},
		"404":              {404, "", false, []string{"gone"}},
		"410":              {410, `{"errorMessages":["The requested API has been removed."]}`, false, []string{"notify.jira.api"}},
		"418":              {418, "", false, []string{"418"}},
		"302":              {302, "", false, []string{"redirect"}},
		"200 with errors":  {200, `{"errors":{"summary":"is required"}}`, false, []string{"with errors", "summary"}},
		"201 with message": {201, `{"errorMessages":["Boom"]}`, false, []string{"Boom"}},
		"a page":           {200, "<html>Log in</html>", false, []string{"lead to Jira"}},
		"no key":           {201, `{"id":"1"}`, true, []string{"no issue key"}},
		"odd key":          {201, `{"key":"../../x"}`, true, []string{"no issue key"}},
		"10 MB":            {201, `{"key":"SEC-1","x":"` + strings.Repeat("x", 10<<20) + `"}`, true, []string{"longer than"}},
	} {
		t.Run(name, func(t *testing.T) {
			elsewhere := serve(t, func(http.ResponseWriter, *http.Request) {})
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", elsewhere.URL)
				w.WriteHeader(test.status)
				fmt.Fprint(w, test.body)
			})
			_, err := jiraAt(t, s.URL, "3", nil).Deliver(t.Context(), calm(), false)
			if test.unknown {
				if r := retryOf(t, err); !r.Unknown {
					t.Errorf("%+v", r)
				}
				for _, word := range test.words {
					if !strings.Contains(err.Error(), word) {
						t.Errorf("error %q does not say %q", err, word)
					}
				}
			} else {
				wantFinal(t, err, test.words...)
			}
			if len(elsewhere.requests()) != 0 {
				t.Error("the token went elsewhere")
			}
		})
	}
}

func TestJiraTicketThatIsNone(t *testing.T) {
	s := serve(t, func(http.ResponseWriter, *http.Request) {})
	n := calm()
	for _, ticket := range []string{"../../../secure", "SEC-1/comment", "SEC", "SEC-1?x"} {
		n.Ticket = ticket
		_, err := jiraAt(t, s.URL, "3", nil).Deliver(t.Context(), n, false)
		wantFinal(t, err, "no issue key")
	}
	if len(s.requests()) != 0 {
		t.Error("asked Jira all the same")
	}
}

// A comment that got through is not repeated because the transition after it failed.
func TestJiraTransitionFails(t *testing.T) {
	j, _ := site(t, "3")
	fail := true
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if fail && r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/transitions") {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		j.ServeHTTP(w, r)
	})
	c := jiraAt(t, s.URL, "3", nil)
	n := calm()
	n.Event, n.Ticket = EventReleased, "SEC-1"
	ref, err := c.Deliver(t.Context(), n, false)
	r := retryOf(t, err)
	if !r.Unknown || ref != "SEC-1" {
		t.Errorf("%q, %+v", ref, r)
	}
	fail = false
	_, err = c.Deliver(t.Context(), n, r.Unknown)
	must(t, err)
	if len(j.comments) != 1 || fmt.Sprint(j.moved) != "[31]" {
		t.Errorf("%d comments, moved %v", len(j.comments), j.moved)
	}
}

func TestJiraAPIByAddress(t *testing.T) {
	for address, cloud := range map[string]bool{
		"https://example.atlassian.net":               true,
		"https://api.atlassian.com/ex/jira/8a7b6c5d/": true,
		"https://jira.example.com":                    false,
		"https://atlassian.net.example.com":           false,
	} {
		if got := newJira(JiraConfig{URL: address}, Deps{}.orDefaults()).cloud; got != cloud {
			t.Errorf("%s: cloud %v", address, got)
		}
	}
}
