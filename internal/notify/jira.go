package notify

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// cloudDomain ends the host name of every Jira Cloud site; cloudGateway is where tokens with scopes are taken.
const (
	cloudDomain  = ".atlassian.net"
	cloudGateway = "api.atlassian.com"
)

// jiraSettle is how long Jira Cloud may take until a new issue can be found.
const jiraSettle = time.Minute

var issueKey = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*-[0-9]{1,18}$`)

// jiraChannel keeps one issue a case: made at the first notice, commented on at each later one, moved to a done
// status at release. Its reference is the issue key.
//
//	no ticket ──▶ POST issue ──▶ key            again, or released: first GET search by the label cordon-CASE
//	ticket    ──▶ POST comment                  again: first GET comment, looking for this notice's mark
//	released  ──▶ POST comment ──▶ GET transitions ──▶ POST transitions, where one leads to done
type jiraChannel struct {
	wanted
	config JiraConfig
	base   *url.URL
	cloud  bool // REST v3, else v2
	token  *secret
	web    *web
	now    func() time.Time
}

func newJira(c JiraConfig, d Deps) *jiraChannel {
	base, err := url.Parse(strings.TrimRight(c.URL, "/"))
	if err != nil {
		base = &url.URL{} // Check has refused it
	}
	if c.Type == "" {
		c.Type = "Task"
	}
	cloud := strings.HasSuffix(base.Hostname(), cloudDomain) || base.Hostname() == cloudGateway
	if c.API != "" {
		cloud = c.API == "3"
	}
	return &jiraChannel{
		wanted: orElse(c.Events, but(EventObserved)), config: c, base: base, cloud: cloud,
		token: newSecret("notify.jira.token", c.Token, d), web: newWeb(d), now: d.Now,
	}
}

// ID is JiraID.
func (*jiraChannel) ID() string { return JiraID }

// Deliver makes the case's issue or comments on it. With again it looks first, in the issues or comments there are,
// for this very notice; where another notice may have made the issue, for that. A release without an issue is nothing to tell
// Jira.
func (c *jiraChannel) Deliver(ctx context.Context, n Notice, again bool) (string, error) {
	if n.Ticket == "" && (again || n.Unsure || n.Event == EventReleased) {
		found, err := c.find(ctx, n)
		switch {
		case err != nil:
			return "", err
		case found.made:
			return found.key, nil
		case found.key != "":
			n.Ticket = found.key
		case n.Event == EventReleased:
			return "", nil
		}
		wait := jiraSettle - c.now().Sub(n.At)
		switch {
		case found.key != "" || wait <= 0:
		case again:
			return "", &RetryError{
				After: wait, Unknown: true,
				Err: errors.New("create issue in Jira: an earlier attempt may have made it, and Jira may not show it yet"),
			}
		case n.Unsure: // soon again: who makes it will say its key
			return "", &RetryError{Err: errors.New("create issue in Jira: another notice of the case may be making it")}
		}
	}
	if n.Ticket == "" {
		return c.create(ctx, n)
	}
	if !issueKey.MatchString(n.Ticket) {
		return "", fmt.Errorf("comment on issue %s: it is no issue key of Jira's", quote(n.Ticket))
	}
	if err := c.comment(ctx, n, again); err != nil {
		return "", err
	}
	if n.Event == EventReleased {
		return n.Ticket, c.finish(ctx, n.Ticket)
	}
	return n.Ticket, nil
}

// authorization is the header's value, and what must not appear in an error.
func (c *jiraChannel) authorization(ctx context.Context) (header string, secrets []string, err error) {
	token, err := c.token.get(ctx)
	if err != nil {
		return "", nil, err
	}
	if c.config.User == "" {
		return "Bearer " + token, []string{token}, nil
	}
	basic := base64.StdEncoding.EncodeToString([]byte(c.config.User + ":" + token))
	return "Basic " + basic, []string{basic, token}, nil
}
