package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxAnswer is how much of an answer is read, in bytes.
const maxAnswer = 1 << 20

// web speaks HTTP to Slack and Jira: JSON both ways, no redirects, a time limit on each exchange, bounded answers.
type web struct {
	client *http.Client
	now    func() time.Time
}

func newWeb(d Deps) *web {
	return &web{now: d.Now, client: &http.Client{
		Transport: d.Transport, Timeout: d.Timeout,
		// A redirect would take the secret to an address that nobody configured.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is what came back, whatever its status.
type answer struct {
	status int
	body   []byte
	more   bool          // the body was longer than maxAnswer
	after  time.Duration // Retry-After; 0: none
}

// do makes one exchange; payload may be nil. Its errors hold neither the URL nor the header, which are secret: what
// does not reach the other side is a *RetryError, a certificate that cannot be trusted is final.
func (w *web) do(ctx context.Context, method string, to *url.URL, authorization string, payload []byte) (answer, error) {
	var body io.Reader
	if payload != nil {
		body = bytes.NewReader(payload)
	}
	req, err := http.NewRequestWithContext(ctx, method, to.String(), body)
	if err != nil {
		return answer{}, errors.New("the address cannot be used") // the error would show it
	}
	req.Header.Set("Accept", "application/json, text/plain")
	req.Header.Set("User-Agent", "cordon")
	if payload != nil {
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	res, err := w.client.Do(req)
	if err != nil {
		return answer{}, transportError(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return answer{}, transportError(err)
	}
	a := answer{status: res.StatusCode, body: raw, after: retryAfter(res.Header.Get("Retry-After"), w.now())}
	if len(raw) > maxAnswer {
		a.body, a.more = raw[:maxAnswer], true
	}
	return a, nil
}

// transportError takes the URL out of an error of the HTTP client and classes it.
func transportError(err error) error {
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err
	}
	var untrusted *tls.CertificateVerificationError
	if errors.As(err, &untrusted) {
		return fmt.Errorf("%w (is the address right, and is its certificate authority known to this machine?)", err)
	}
	return &RetryError{Err: err}
}

// retryAfter reads the header of that name, which holds seconds or a date (RFC 9110, 10.2.3): 0 to an hour.
func retryAfter(header string, now time.Time) time.Duration {
	var d time.Duration
	if seconds, err := strconv.Atoi(strings.TrimSpace(header)); err == nil {
		d = time.Duration(min(max(seconds, 0), 3600)) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		d = at.Sub(now)
	}
	return min(max(d, 0), time.Hour)
}

// passing says whether the same request may succeed later.
func (a answer) passing() bool {
	return a.status == http.StatusTooManyRequests || a.status == http.StatusRequestTimeout || a.status == http.StatusTooEarly ||
		a.status >= 500
}

func (a answer) redirect() bool { return a.status >= 300 && a.status < 400 }

// quote shows the beginning of what another server said, for an error; the secrets are taken out, should it echo them.
func quote(said string, secrets ...string) string {
	said = line(said) // first: a secret with a character between that does not print is one afterwards
	for _, s := range secrets {
		if s != "" {
			said = strings.ReplaceAll(said, s, "[secret]")
		}
	}
	return strconv.Quote(fit(said, 200))
}
