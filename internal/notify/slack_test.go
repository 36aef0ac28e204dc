package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"
	"testing"
	"time"
)

// slackAt is the channel with its webhook on s. It waits for an answer as long as it does by default, or less.
func slackAt(t *testing.T, s *service, timeout ...time.Duration) Channel {
	t.Helper()
	return one(t, Config{Slack: &SlackConfig{Webhook: "env:SLACK_WEBHOOK"}}, Deps{
		Timeout: append(timeout, 0)[0], Getenv: environment(map[string]string{"SLACK_WEBHOOK": s.URL + plantedPath}),
	})
}

// misbehave are the ways a server can fail that are temporary for any channel.
func misbehave(release <-chan struct{}) map[string]struct {
	after, timeout time.Duration
	answer         http.HandlerFunc
} {
	status := func(code int, header, value string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if header != "" {
				w.Header().Set(header, value)
			}
			w.WriteHeader(code)
			fmt.Fprintf(w, "%d %s %s %s", code, r.URL.Path, path.Base(r.URL.Path), r.Header.Get("Authorization")) // an indiscreet one
		}
	}
	return map[string]struct {
		after, timeout time.Duration
		answer         http.HandlerFunc
	}{
		"429 with seconds":  {7 * time.Second, 0, status(429, "Retry-After", "7")},
		"429 with a date":   {20 * time.Second, 0, status(429, "Retry-After", at.Add(10*time.Minute+20*time.Second).Format(http.TimeFormat))},
		"429 without":       {0, 0, status(429, "", "")},
		"429 with nonsense": {0, 0, status(429, "Retry-After", "soon")},
		"429 for a year":    {time.Hour, 0, status(429, "Retry-After", "31536000")},
		"500":               {0, 0, status(500, "", "")},
		"502":               {0, 0, status(502, "", "")},
		"503":               {3 * time.Second, 0, status(503, "Retry-After", "3")},
		"408":               {0, 0, status(408, "", "")},
		"time-out":          {0, 100 * time.Millisecond, func(http.ResponseWriter, *http.Request) { <-release }},
		"cut": {0, 0, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "half")
			panic(http.ErrAbortHandler)
		}},
		"cut at once": {0, 0, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
	}
}

func TestSlackDelivers(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })
	c := slackAt(t, s)
	for name, n := range map[string]Notice{"calm": calm(), "nasty": nasty()} {
		ref, err := c.Deliver(t.Context(), n, false)
		must(t, err)
		if ref != "" {
			t.Errorf("%s: reference %q", name, ref)
		}
	}
	for _, r := range s.requests() {
		if r.method != http.MethodPost || r.path != plantedPath || r.query != "" {
			t.Errorf("%s %s?%s", r.method, r.path, r.query)
		}
		if got := r.header.Get("Content-Type"); got != "application/json; charset=utf-8" {
			t.Errorf("content type %q", got)
		}
		if r.header.Get("Authorization") != "" || r.header.Get("Cookie") != "" {
			t.Errorf("headers %v", r.header)
		}
		var p slackPayload
		must(t, json.Unmarshal(r.body, &p))
		checkSlack(t, p)
		clean(t, "message", string(r.body))
	}
	if len(s.requests()) != 2 {
		t.Errorf("%d requests", len(s.requests()))
	}
}

func TestSlackAgain(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })
	if _, err := slackAt(t, s).Deliver(t.Context(), calm(), true); !errors.Is(err, ErrUnknown) {
		t.Errorf("%v", err)
	}
	if len(s.requests()) != 0 {
		t.Error("sent twice")
	}
}

func TestSlackTemporary(t *testing.T) {
	release := make(chan struct{})
	for name, test := range misbehave(release) {
		t.Run(name, func(t *testing.T) {
			s := serve(t, test.answer)
			_, err := slackAt(t, s, test.timeout).Deliver(t.Context(), calm(), false)
			if name == "time-out" {
				close(release)
			}
			r := retryOf(t, err)
			if r.After != test.after || r.Unknown {
				t.Errorf("after %v, unknown %v; want %v", r.After, r.Unknown, test.after)
			}
			if n := len(s.requests()); n != 1 {
				t.Errorf("%d requests; retries are the caller's", n)
			}
		})
	}
}

func TestSlackRefused(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
		words  []string
	}{
		"no_service":          {404, "no_service", []string{"404", "no_service", "make a new one"}},
		"action_prohibited":   {403, "action_prohibited", []string{"action_prohibited", "allow it there"}},
		"channel_is_archived": {410, "channel_is_archived", []string{"archived"}},
		"echo":                {404, "no such hook: " + plantedPath, []string{"[secret]"}},
		"error inside 200":    {200, "invalid_token", []string{"invalid_token", "instead of ok"}},
		"a page":              {200, "<html>Sign in</html>", []string{"proxy"}},
		"10 MB":               {200, strings.Repeat("ok\n", 10<<20/3), []string{"instead of ok"}},
		"teapot":              {418, "", []string{"418"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				fmt.Fprint(w, test.body)
			})
			_, err := slackAt(t, s).Deliver(t.Context(), calm(), false)
			wantFinal(t, err, test.words...)
			if len(err.Error()) > 1000 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
		})
	}
}

// Should Slack find fault with the layout, the words still get through.
func TestSlackLayoutRefused(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var p slackPayload
		if err := json.NewDecoder(r.Body).Decode(&p); err != nil {
			t.Error(err)
		}
		if len(p.Blocks) > 0 {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, "invalid_blocks")
			return
		}
		if !strings.Contains(p.Text, "i-0123456789abcdef0") {
			t.Errorf("text %q", p.Text)
		}
		fmt.Fprint(w, "ok")
	})
	_, err := slackAt(t, s).Deliver(t.Context(), calm(), false)
	must(t, err)
	if len(s.requests()) != 2 {
		t.Errorf("%d requests", len(s.requests()))
	}
}

func TestSlackRedirectIsNotFollowed(t *testing.T) {
	elsewhere := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL+plantedPath, http.StatusTemporaryRedirect)
	})
	_, err := slackAt(t, s).Deliver(t.Context(), calm(), false)
	wantFinal(t, err, "redirect")
	if len(elsewhere.requests()) != 0 {
		t.Error("the message went elsewhere")
	}
}

func TestSlackUnreachable(t *testing.T) {
	s := serve(t, func(http.ResponseWriter, *http.Request) {})
	c := slackAt(t, s)
	s.Close()
	_, err := c.Deliver(t.Context(), calm(), false)
	wantRetry(t, err)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.Deliver(ctx, calm(), false)
	wantRetry(t, err)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestSlackWebhookAddress(t *testing.T) {
	for name, webhook := range map[string]string{
		"plain http":  "http://hooks.slack.example" + plantedPath,
		"no address":  "%zz" + plantedPath,
		"no scheme":   "hooks.slack.com" + plantedPath,
		"other":       "ftp://hooks.slack.com" + plantedPath,
		"user":        "https://user:hunter2@hooks.slack.com" + plantedPath,
		"line break":  "https://hooks.slack.com" + plantedPath + "\nX-Evil: 1",
		"two secrets": "https://hooks.slack.com" + plantedPath + "\x00",
		"empty":       " \n",
	} {
		t.Run(name, func(t *testing.T) {
			c := one(t, Config{Slack: &SlackConfig{Webhook: "env:W"}}, Deps{Getenv: environment(map[string]string{"W": webhook})})
			_, err := c.Deliver(t.Context(), calm(), false)
			wantFinal(t, err, "notify.slack.webhook")
		})
	}
}

// A certificate that nobody vouches for does not mend itself, and the webhook does not go to such a server.
func TestSlackUntrusted(t *testing.T) {
	c := one(t, Config{Slack: &SlackConfig{Webhook: "env:W"}}, Deps{Getenv: environment(map[string]string{"W": newTLS(t) + plantedPath})})
	_, err := c.Deliver(t.Context(), calm(), false)
	wantFinal(t, err, "certificate")
}

// A webhook that was replaced is read anew after Slack refused the old one.
func TestSlackRotation(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != plantedPath+"/new" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		fmt.Fprint(w, "ok")
	})
	env := map[string]string{"W": s.URL + plantedPath}
	c := one(t, Config{Slack: &SlackConfig{Webhook: "env:W"}}, Deps{Getenv: environment(env)})
	_, err := c.Deliver(t.Context(), calm(), false)
	wantFinal(t, err)
	env["W"] += "/new"
	_, err = c.Deliver(t.Context(), calm(), false)
	must(t, err)
}
