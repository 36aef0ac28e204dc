package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// jiraError is Jira's error collection; it may come with any status.
type jiraError struct {
	Messages []string          `json:"errorMessages"`
	Fields   map[string]string `json:"errors"` // by field
}

func (e jiraError) String() string {
	words := slices.Clone(e.Messages)
	for _, field := range slices.Sorted(maps.Keys(e.Fields)) {
		words = append(words, field+": "+e.Fields[field])
	}
	return strings.Join(words, "; ")
}

// call makes one request under the REST API's root and decodes what it answers into out (nil: nothing is read). A
// request other than GET whose outcome is not known gives a RetryError with Unknown set.
func (c *jiraChannel) call(ctx context.Context, verb, method string, path []string, query url.Values, in, out any) error {
	authorization, secrets, err := c.authorization(ctx)
	if err != nil {
		return err
	}
	var payload []byte
	if in != nil {
		if payload, err = json.Marshal(in); err != nil {
			return fmt.Errorf("%s: encode: %w", verb, err)
		}
	}
	version := "2"
	if c.cloud {
		version = "3"
	}
	to := c.base.JoinPath(append([]string{"rest", "api", version}, path...)...)
	to.RawQuery = query.Encode()
	a, err := c.web.do(ctx, method, to, authorization, payload)
	if err == nil {
		err = c.judge(a, out, secrets)
	}
	if err == nil {
		return nil
	}
	err = saying(verb, err)
	var retry *RetryError
	if errors.As(err, &retry) && method != http.MethodGet && a.status != http.StatusTooManyRequests {
		retry.Unknown = true
	}
	return err
}

// judge classes an answer and decodes it. Jira may say 200 and put errors inside.
func (c *jiraChannel) judge(a answer, out any, secrets []string) error {
	var said jiraError
	known := json.Unmarshal(a.body, &said) == nil && said.String() != ""
	text := quote(said.String(), secrets...)
	if !known {
		text = quote(string(a.body), secrets...)
	}
	switch {
	case a.passing():
		return &RetryError{After: a.after, Err: fmt.Errorf("status %d, %s", a.status, text)}
	case a.redirect():
		return fmt.Errorf("status %d, a redirect, which is not followed (put the address that Jira answers at into notify.jira.url)", a.status)
	case a.status < 200 || a.status >= 300:
		if a.status == http.StatusUnauthorized || a.status == http.StatusForbidden {
			c.token.forget()
		}
		return fmt.Errorf("status %d, %s (%s)", a.status, text, c.hint(a.status))
	case a.more:
		return &RetryError{Err: fmt.Errorf("status %d, but the answer is longer than %d bytes", a.status, maxAnswer)}
	case known:
		return fmt.Errorf("status %d, but with errors: %s", a.status, text)
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(a.body, out); err != nil {
		return fmt.Errorf("status %d, but the answer is not Jira's: %s (does notify.jira.url lead to Jira?)", a.status, text)
	}
	return nil
}

func (c *jiraChannel) hint(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "are project, type and priority right, and does the project ask for further fields?"
	case http.StatusUnauthorized:
		if c.config.User == "" {
			return "the token is wrong or expired; without notify.jira.user it must be a personal access token"
		}
		return "notify.jira.user or the token is wrong, or the token expired"
	case http.StatusForbidden:
		return "the account may not do this in project " + c.config.Project + ": it needs browse, create, comment and transition"
	case http.StatusNotFound:
		return "the issue is gone, or the account may not see it; or notify.jira.url or notify.jira.api is wrong"
	case http.StatusGone:
		return "this Jira is Cloud: set notify.jira.api to \"3\""
	default:
		return "see Jira's REST API documentation for this status"
	}
}
