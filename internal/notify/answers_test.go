package notify

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"path"
	"strings"
	"testing"
	"time"
	"unicode"
)

// said is a server that answers everything alike.
type said struct {
	status int
	header string
	body   []byte
}

func (s said) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
		r.Body.Close()
	}
	return &http.Response{
		StatusCode: s.status, Header: http.Header{"Retry-After": {s.header}, "Location": {s.header}}, Request: r,
		Body: io.NopCloser(bytes.NewReader(s.body)), ContentLength: int64(len(s.body)),
	}, nil
}

// FuzzAnswers: whatever Slack or Jira answers, delivering ends, with a reference that is an issue's key or with an error that
// is short, printable and holds no secret.
func FuzzAnswers(f *testing.F) {
	for _, body := range []string{
		`ok`, ``, `null`, `{"key":"SEC-1"}`, `{"key":"../../x"}`, `{"key":1}`, `{"errorMessages":["` + plantedToken + `"],"errors":{"a":"` + plantedBasic + `"}}`,
		`{"issues":[{"key":"SEC-1","fields":{"description":"Notice"}}]}`, `{"issues":[{"key":"SEC-1/../..","fields":null}]}`, `{"issues":[null]}`,
		`{"comments":[{"body":"x"}],"total":1000000000,"startAt":-1,"maxResults":0}`, `{"transitions":[{"id":"../1","name":"Done","to":{"statusCategory":{"key":"done"}}}]}`,
		"no_service " + plantedPath, "\x1b]0;x\x07\u202e" + plantedToken, strings.Repeat("[", 10_000), "<html>" + plantedPath + "</html>",
	} {
		for _, status := range []int{200, 201, 302, 400, 401, 404, 429, 500} {
			f.Add(status, "1", []byte(body), false, false)
		}
		f.Add(200, "", []byte(body), true, true)
	}
	own := map[string][]string{"notify.slack": {plantedPath, path.Base(plantedPath)}, JiraID: {plantedToken, plantedBasic}}
	f.Fuzz(func(t *testing.T, status int, header string, body []byte, again, known bool) {
		if status < 100 || status > 999 || strings.ContainsFunc(header, unicode.IsControl) {
			t.Skip()
		}
		deps := Deps{
			Transport: said{status, header, body}, Timeout: time.Second, Now: func() time.Time { return at },
			Getenv: environment(map[string]string{"HOOK": "https://hooks.slack.com" + plantedPath, "TOKEN": plantedToken}),
		}
		for _, api := range []string{"2", "3"} {
			channels, err := New(Config{
				Slack: &SlackConfig{Webhook: "env:HOOK", Events: Events()},
				Jira:  &JiraConfig{URL: "https://jira.example.com", Project: "SEC", User: "person@example.com", Token: "env:TOKEN", API: api, Events: Events()},
			}, deps)
			must(t, err)
			for _, n := range []Notice{calm(), released()} {
				if known {
					n.Ticket = "SEC-1"
				}
				for _, c := range channels {
					ref, err := c.Deliver(t.Context(), n, again)
					if ref != "" && (c.ID() != JiraID || !issueKey.MatchString(ref)) {
						t.Errorf("%s: reference %q", c.ID(), ref)
					}
					if err == nil {
						continue
					}
					if errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("%s does not end: %v", c.ID(), err)
					}
					for _, secret := range own[c.ID()] {
						if strings.Contains(err.Error(), secret) {
							t.Errorf("%s: the error holds the secret %s: %v", c.ID(), secret, err)
						}
					}
					onlyPrintable(t, err.Error())
					if len(err.Error()) > 4<<10 {
						t.Errorf("%s: an error of %d bytes", c.ID(), len(err.Error()))
					}
				}
			}
		}
	})
}

// released is a notice that closes a ticket.
func released() Notice {
	n := calm()
	n.Event, n.Status, n.FalsePositive = EventReleased, "released", true
	return n
}
