package notify

import (
	"context"
	"errors"
	"net/http"
	"strings"
)

// transition is one that the workflow offers now (GET issue/KEY/transitions).
type transition struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	To   struct {
		Name     string `json:"name"`
		Category struct {
			Key string `json:"key"` // "new", "indeterminate", "done"
		} `json:"statusCategory"`
	} `json:"to"`
}

// finish moves the issue to a done status where its workflow offers a way there; where it offers none, nothing is
// done and it is no error. It runs after the comment, and again as often as the notice is delivered.
func (c *jiraChannel) finish(ctx context.Context, key string) error {
	path := []string{"issue", key, "transitions"}
	var offered struct {
		Transitions []transition `json:"transitions"`
	}
	if err := c.call(ctx, "read transitions of issue "+key+" in Jira", http.MethodGet, path, nil, nil, &offered); err != nil {
		return afterComment(err)
	}
	id := choose(offered.Transitions, c.config.Transition)
	if id == "" {
		return nil
	}
	body := map[string]any{"transition": map[string]string{"id": id}}
	return afterComment(c.call(ctx, "close issue "+key+" in Jira", http.MethodPost, path, nil, body, nil))
}

// afterComment marks a temporary error: the next attempt must look for the comment that is there already.
func afterComment(err error) error {
	var retry *RetryError
	if errors.As(err, &retry) {
		retry.Unknown = true
	}
	return err
}

// choose gives the id of the transition with the configured name (its own, or the status it leads to); where none is
// configured or offered, of the first to a status of the category done; else "".
func choose(offered []transition, name string) string {
	for _, t := range offered {
		if name != "" && (strings.EqualFold(t.Name, name) || strings.EqualFold(t.To.Name, name)) {
			return t.ID
		}
	}
	for _, t := range offered {
		if t.To.Category.Key == "done" {
			return t.ID
		}
	}
	return ""
}
