package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// maxSummary is Jira's limit of a summary, in UTF-16 units.
const maxSummary = 255

// jiraLabel marks the issue of a case.
func jiraLabel(n Notice) string { return "cordon-" + identifier(n.Case, 200) }

// jiraMark is a line in every issue and comment that tells, on a second attempt, that the first one got through.
func jiraMark(n Notice) string { return "Notice " + n.key() }

// newIssue is the body of POST issue.
func (c *jiraChannel) newIssue(n Notice) map[string]any {
	fields := map[string]any{
		"project":     map[string]string{"key": c.config.Project},
		"issuetype":   map[string]string{"name": c.config.Type},
		"summary":     fit(line("Cordon: "+headline(n)+join(", ", " in "+n.Target.Account, n.Target.Region)), maxSummary),
		"labels":      []string{"cordon", jiraLabel(n)},
		"description": c.write(n),
	}
	if name, ok := c.config.Priority[severity(n.Severity)]; ok {
		fields["priority"] = map[string]string{"name": name}
	}
	return map[string]any{"fields": fields}
}

// write is the notice in the markup of the API's version: an ADF document (v3) or wiki text (v2).
func (c *jiraChannel) write(n Notice) any {
	if c.cloud {
		return adfDocument(n)
	}
	return wikiText(n)
}

func (c *jiraChannel) create(ctx context.Context, n Notice) (string, error) {
	var made struct {
		Key string `json:"key"`
	}
	const verb = "create issue in Jira"
	if err := c.call(ctx, verb, http.MethodPost, []string{"issue"}, nil, c.newIssue(n), &made); err != nil {
		return "", err
	}
	if !issueKey.MatchString(made.Key) {
		return "", &RetryError{Unknown: true, Err: fmt.Errorf("%s: the answer has no issue key, but %s (does notify.jira.url lead to Jira?)", verb, quote(made.Key))}
	}
	return made.Key, nil
}

// issueFound is an issue of the case; made says that it was this very notice that made it.
type issueFound struct {
	key  string
	made bool
}

// find looks for the case's oldest issue by its label. The key is "" where there is none.
func (c *jiraChannel) find(ctx context.Context, n Notice) (issueFound, error) {
	path := []string{"search"}
	if c.cloud {
		path = append(path, "jql") // search itself answers 410 since 2025
	}
	query := url.Values{
		// Neither value can hold a quotation mark.
		"jql":        {fmt.Sprintf(`project = "%s" AND labels = "%s" ORDER BY created ASC`, c.config.Project, jiraLabel(n))},
		"fields":     {"description"},
		"maxResults": {"1"},
	}
	var found struct {
		Issues []struct {
			Key    string          `json:"key"`
			Fields json.RawMessage `json:"fields"`
		} `json:"issues"`
	}
	const verb = "look for the case's issue in Jira"
	if err := c.call(ctx, verb, http.MethodGet, path, query, nil, &found); err != nil {
		return issueFound{}, err
	}
	if len(found.Issues) == 0 {
		return issueFound{}, nil
	}
	issue := found.Issues[0]
	if !issueKey.MatchString(issue.Key) {
		return issueFound{}, fmt.Errorf("%s: the answer has an issue without a key", verb)
	}
	return issueFound{issue.Key, bytes.Contains(issue.Fields, []byte(jiraMark(n)))}, nil
}

// comment adds the notice to the issue; with again only if it is not there yet.
func (c *jiraChannel) comment(ctx context.Context, n Notice, again bool) error {
	path := []string{"issue", n.Ticket, "comment"}
	verb := "comment on issue " + n.Ticket + " in Jira"
	if again {
		var there struct {
			Comments []json.RawMessage `json:"comments"`
		}
		query := url.Values{"orderBy": {"-created"}, "maxResults": {"50"}}
		if err := c.call(ctx, "look for the comment on issue "+n.Ticket+" in Jira", http.MethodGet, path, query, nil, &there); err != nil {
			return err
		}
		for _, comment := range there.Comments {
			if bytes.Contains(comment, []byte(jiraMark(n))) {
				return nil
			}
		}
	}
	var made struct {
		ID string `json:"id"`
	}
	if err := c.call(ctx, verb, http.MethodPost, path, nil, map[string]any{"body": c.write(n)}, &made); err != nil {
		return err
	}
	if made.ID == "" {
		return &RetryError{Unknown: true, Err: errors.New(verb + ": the answer has no comment id")}
	}
	return nil
}
