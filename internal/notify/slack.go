package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// slackChannel posts to an incoming webhook (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks).
// It has no reference: Slack gives none.
type slackChannel struct {
	wanted
	webhook *secret
	web     *web
}

func newSlack(c SlackConfig, d Deps) *slackChannel {
	return &slackChannel{orElse(c.Events, but(EventRepeat)), newSecret("notify.slack.webhook", c.Webhook, d), newWeb(d)}
}

// ID is "notify.slack".
func (*slackChannel) ID() string { return "notify.slack" }

// Deliver posts n. A time-out is retried although Slack may have taken the message: twice is better than never. Where
// the process died (again), ErrUnknown.
func (c *slackChannel) Deliver(ctx context.Context, n Notice, again bool) (string, error) {
	if again {
		return "", ErrUnknown
	}
	raw, err := c.webhook.get(ctx)
	if err != nil {
		return "", err
	}
	to, err := webhookURL(raw)
	if err != nil {
		c.webhook.forget()
		return "", err
	}
	message := slackMessage(n)
	a, err := c.post(ctx, to, message)
	if err == nil && a.status == http.StatusBadRequest {
		message.Blocks = nil // should Slack refuse the layout, the words still get through
		a, err = c.post(ctx, to, message)
	}
	if err != nil {
		return "", err
	}
	return "", c.judge(a, raw, to.Path, path.Base(to.Path))
}

func (c *slackChannel) post(ctx context.Context, to *url.URL, message slackPayload) (answer, error) {
	payload, err := json.Marshal(message)
	if err != nil {
		return answer{}, fmt.Errorf("encode Slack message: %w", err)
	}
	a, err := c.web.do(ctx, http.MethodPost, to, "", payload)
	if err == nil {
		return a, nil
	}
	return answer{}, saying("post to Slack", err)
}

// judge classes an answer of Slack's.
func (c *slackChannel) judge(a answer, secrets ...string) error {
	said := quote(string(a.body), secrets...)
	switch {
	case a.status == http.StatusOK && !a.more && strings.TrimSpace(string(a.body)) == "ok":
		return nil
	case a.status == http.StatusOK:
		return fmt.Errorf("post to Slack: status 200, but the answer is %s instead of ok (does the webhook's address lead to Slack, and not to a proxy's page?)", said)
	case a.passing():
		return &RetryError{After: a.after, Err: fmt.Errorf("post to Slack: status %d, %s", a.status, said)}
	case a.redirect():
		return fmt.Errorf("post to Slack: status %d, a redirect, which is not followed (take the webhook's address from Slack as it is)", a.status)
	}
	c.webhook.forget()
	hint := "see Slack's list of webhook errors"
	switch a.status {
	case http.StatusBadRequest:
		hint = "Slack could not read the message"
	case http.StatusUnauthorized, http.StatusForbidden:
		hint = "the workspace forbids this webhook to post: allow it there, or make a new one"
	case http.StatusNotFound:
		hint = "the webhook was removed, or its app or channel: make a new one and put its address where notify.slack.webhook says"
	case http.StatusGone:
		hint = "the channel is archived: make a webhook for another one"
	}
	return fmt.Errorf("post to Slack: status %d, %s (%s)", a.status, said, hint)
}

// webhookURL reads the secret; its errors do not show it.
func webhookURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Host == "" || u.User != nil:
		return nil, errors.New("read notify.slack.webhook: the secret is no address (https://hooks.slack.com/services/…)")
	case !secure(u):
		return nil, errors.New("read notify.slack.webhook: the address must begin with https://")
	}
	return u, nil
}

// saying puts what was tried before an error and keeps its class.
func saying(verb string, err error) error {
	var retry *RetryError
	if errors.As(err, &retry) {
		return &RetryError{After: retry.After, Unknown: retry.Unknown, Err: fmt.Errorf("%s: %w", verb, retry.Err)}
	}
	return fmt.Errorf("%s: %w", verb, err)
}
