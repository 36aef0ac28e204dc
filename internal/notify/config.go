package notify

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// Config is the notify section of cordon.yaml. A channel that is left out is off.
type Config struct {
	SNS         *SNSConfig   `yaml:"sns"`
	Slack       *SlackConfig `yaml:"slack"`
	Jira        *JiraConfig  `yaml:"jira"`
	SecurityHub bool         `yaml:"securityhub"` // write each finding's outcome into Security Hub
}

// SNSConfig is notify.sns.
type SNSConfig struct {
	Topic  string  `yaml:"topic"`  // the topic's ARN
	Events []Event `yaml:"events"` // default: all but repeat
}

// SlackConfig is notify.slack.
type SlackConfig struct {
	Webhook SecretRef `yaml:"webhook"` // the incoming webhook's URL is the secret
	Events  []Event   `yaml:"events"`  // default: all but repeat
}

// JiraConfig is notify.jira.
type JiraConfig struct {
	URL        string            `yaml:"url"`        // https://example.atlassian.net, https://jira.example.com/context
	Project    string            `yaml:"project"`    // key
	Type       string            `yaml:"type"`       // issue type; default Task
	User       string            `yaml:"user"`       // Cloud: the e-mail address of the token's account; Data Center: none
	Token      SecretRef         `yaml:"token"`      // API token (Cloud), personal access token (Data Center)
	API        string            `yaml:"api"`        // "3" (Cloud) or "2" (Data Center); default by the URL
	Transition string            `yaml:"transition"` // by name; default: one to a status of the category done
	Priority   map[string]string `yaml:"priority"`   // critical, high, medium, low → the priority's name in Jira
	Events     []Event           `yaml:"events"`     // default: all but observed
}

// Check says what cannot be used, by its name in cordon.yaml. It never repeats a value that may be a secret.
func (c Config) Check() error {
	if c.SNS != nil {
		if err := c.SNS.check(); err != nil {
			return err
		}
	}
	if c.Slack != nil {
		if err := c.Slack.Webhook.check("notify.slack.webhook"); err != nil {
			return err
		}
		if err := checkEvents("notify.slack.events", c.Slack.Events); err != nil {
			return err
		}
	}
	if c.Jira != nil {
		return c.Jira.check()
	}
	return nil
}

// Permissions lists the IAM actions that the configured channels call, sorted.
func (c Config) Permissions() []string {
	var actions []string
	if c.SNS != nil {
		actions = append(actions, "sns:Publish")
	}
	if c.SecurityHub {
		actions = append(actions, "securityhub:BatchUpdateFindings")
	}
	if c.Slack != nil && c.Slack.Webhook.inSecretsManager() || c.Jira != nil && c.Jira.Token.inSecretsManager() {
		actions = append(actions, "secretsmanager:GetSecretValue")
	}
	slices.Sort(actions)
	return actions
}

var (
	topicName  = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}(\.fifo)?$`)
	regionName = regexp.MustCompile(`^[a-z]{2,}(-[a-z]+)+-[0-9]+$`)
	accountID  = regexp.MustCompile(`^[0-9]{12}$`)
	projectKey = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)
)

func (c SNSConfig) check() error {
	a, err := arn.Parse(c.Topic)
	if err != nil || a.Service != "sns" || !regionName.MatchString(a.Region) || !accountID.MatchString(a.AccountID) || !topicName.MatchString(a.Resource) {
		return fmt.Errorf("notify.sns.topic: %q is no ARN of a topic (arn:aws:sns:eu-west-1:111122223333:NAME)", c.Topic)
	}
	return checkEvents("notify.sns.events", c.Events)
}

func (c JiraConfig) check() error {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return errors.New("notify.jira.url: is no plain address (https://example.atlassian.net, without user, query or fragment)")
	case !secure(u):
		return errors.New("notify.jira.url: must begin with https://, because the token travels with every request")
	case !projectKey.MatchString(c.Project):
		return fmt.Errorf("notify.jira.project: %q is no project key (such as SEC)", c.Project)
	case c.API != "" && c.API != "2" && c.API != "3":
		return fmt.Errorf("notify.jira.api: %q is not known; use \"3\" for Jira Cloud, \"2\" for Data Center", c.API)
	case c.User == "" && strings.HasSuffix(u.Hostname(), cloudDomain):
		return errors.New("notify.jira.user: is missing; for Jira Cloud it is the e-mail address of the account that made the API token")
	case strings.ContainsAny(c.User, ":\r\n"):
		return errors.New("notify.jira.user: must hold neither a colon nor a line break")
	}
	for severity := range c.Priority {
		if !slices.Contains([]string{"critical", "high", "medium", "low"}, severity) {
			return fmt.Errorf("notify.jira.priority: %q is no severity; use critical, high, medium or low", severity)
		}
	}
	if err := c.Token.check("notify.jira.token"); err != nil {
		return err
	}
	return checkEvents("notify.jira.events", c.Events)
}

func checkEvents(key string, events []Event) error {
	for _, e := range events {
		if !slices.Contains(Events(), e) {
			return fmt.Errorf("%s: %q is no event; use some of %v", key, string(e), Events())
		}
	}
	return nil
}

// secure says whether a secret may be sent to u: over TLS, or to this machine itself.
func secure(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	return u.Scheme == "https" || u.Scheme == "http" && local
}
