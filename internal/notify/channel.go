package notify

import (
	"context"
	"errors"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// The ids of the channels whose kind matters to a caller: an issue's key is kept with the case, and a hub is told of
// each finding.
const (
	JiraID        = "notify.jira"
	SecurityHubID = "notify.securityhub"
)

// Channel is one way to tell people. It is safe for concurrent use and keeps nothing between calls but its secret.
type Channel interface {
	// ID is the channel's action id: "notify.sns", "notify.slack", "notify.jira", "notify.securityhub".
	ID() string
	// Wants says whether the channel sends notices of that event.
	Wants(Event) bool
	// Deliver sends n. The reference is what the medium calls the message: the SNS message id, the Jira issue key (to
	// be kept as the case's ticket), "" where the medium has none or there was nothing to do.
	//
	// again says that the outcome of a former attempt at this very notice is unknown: the process died, or that
	// attempt gave a RetryError with Unknown set. A channel that can look first does so; the others give ErrUnknown
	// instead of sending twice.
	//
	// Errors: *RetryError is temporary, the caller tries later. Any other error is final for this configuration and
	// says what to do. A reference beside an error is valid: the message was sent, something after it was not done.
	Deliver(ctx context.Context, n Notice, again bool) (ref string, err error)
}

// ErrUnknown says that a former attempt may have delivered the notice, that the medium cannot tell, and that it was
// therefore not sent again.
var ErrUnknown = errors.New("deliver notice: an earlier attempt may have delivered it, so it was not sent again")

// RetryError is a temporary failure.
type RetryError struct {
	After   time.Duration // the least time to wait, as the other side asked; 0: it did not say
	Unknown bool          // the message may have arrived all the same: deliver with again set
	Err     error
}

func (e *RetryError) Error() string { return e.Err.Error() }
func (e *RetryError) Unwrap() error { return e.Err }

// Deps are what the channels reach the world with.
type Deps struct {
	AWS       aws.Config                  // for SNS, Security Hub and Secrets Manager; each call goes to the Region of its ARN
	Transport http.RoundTripper           // for Slack and Jira; nil: the standard one
	Timeout   time.Duration               // of one HTTP exchange with Slack or Jira; 0: 10 s
	Getenv    func(string) (string, bool) // nil: os.LookupEnv
	Now       func() time.Time            // nil: time.Now
}

func (d Deps) orDefaults() Deps {
	if d.Transport == nil {
		if standard, ok := http.DefaultTransport.(*http.Transport); ok {
			own := standard.Clone()
			own.MaxResponseHeaderBytes = 64 << 10
			d.Transport = own
		}
	}
	if d.Timeout == 0 {
		d.Timeout = 10 * time.Second
	}
	if d.Getenv == nil {
		d.Getenv = os.LookupEnv
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	return d
}

// New makes the configured channels. It calls nobody and reads no secret; its error is Config.Check's.
func New(cfg Config, deps Deps) ([]Channel, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	deps = deps.orDefaults()
	var channels []Channel
	if cfg.SNS != nil {
		channels = append(channels, newSNS(*cfg.SNS, deps))
	}
	if cfg.Slack != nil {
		channels = append(channels, newSlack(*cfg.Slack, deps))
	}
	if cfg.Jira != nil {
		channels = append(channels, newJira(*cfg.Jira, deps))
	}
	if cfg.SecurityHub {
		channels = append(channels, newSecurityHub(deps))
	}
	return channels, nil
}

// wanted is the part of a channel that says which events it sends.
type wanted []Event

func (w wanted) Wants(e Event) bool { return slices.Contains(w, e) }

// orElse is the configured events, or the channel's own choice.
func orElse(configured, standard []Event) wanted {
	if len(configured) > 0 {
		return configured
	}
	return standard
}
