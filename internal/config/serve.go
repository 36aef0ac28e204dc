package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"cordon/internal/notify"
	"cordon/internal/strict"
)

// Serve is how cordon serve takes in findings and looks after cases. Queue, listen, or both have to be given for it.
type Serve struct {
	Queue        string           `yaml:"queue"`          // URL of an SQS standard queue; "" for none
	Listen       string           `yaml:"listen"`         // HOST:PORT of the HTTP intake, POST /findings; "" for none
	TLS          TLS              `yaml:"tls"`            // needed unless listen is a loopback address
	APIKey       notify.SecretRef `yaml:"api_key"`        // the intake's key: env:NAME, file:PATH or secretsmanager:ARN
	APIKeyHeader string           `yaml:"api_key_header"` // the header that the key comes in; default X-Api-Key
	Health       string           `yaml:"health"`         // HOST:PORT of /healthz, /readyz and /metrics; default 127.0.0.1:9464
	Workers      int              `yaml:"workers"`        // containments at once, 1 to 256; default 16
	StopTimeout  Duration         `yaml:"stop_timeout"`   // how long evidence may go on once it is to stop; default 30s
	Watch        WatchRules       `yaml:"watch"`
}

// TLS is the certificate that the intake answers with.
type TLS struct {
	Certificate string `yaml:"certificate"` // file with the PEM chain
	Key         string `yaml:"key"`         // file with the PEM key
}

// WatchRules are what is done about contained targets that drift.
type WatchRules struct {
	Every Duration `yaml:"every"` // 10s to 7d; default 5m
	Drift OnDrift  `yaml:"drift"` // default alert
}

// OnDrift is what is done when containment has drifted.
type OnDrift string

// What is done about drift.
const (
	DriftAlert    OnDrift = "alert"    // people are told, once
	DriftReassert OnDrift = "reassert" // containment is put back, and people are told
	DriftOff      OnDrift = "off"      // nobody looks
)

// OnDrifts lists them.
func OnDrifts() []OnDrift { return []OnDrift{DriftAlert, DriftReassert, DriftOff} }

func defaultServe() Serve {
	return Serve{
		APIKeyHeader: "X-Api-Key", Health: "127.0.0.1:9464", Workers: 16, StopTimeout: Duration(30 * time.Second),
		Watch: WatchRules{Every: Duration(5 * time.Minute), Drift: DriftAlert},
	}
}

// QueuePattern is what the URL of a queue looks like; FIFO queues are refused.
const QueuePattern = `^(https://[^/?#@]+|http://(localhost|127\.[0-9.]+|\[::1\])(:[0-9]+)?)/[0-9]{12}/[A-Za-z0-9_-]{1,80}$`

// HeaderPattern is what the name of the key's header looks like (RFC 9110's token, without its odd signs).
const HeaderPattern = `^[A-Za-z0-9-]{1,64}$`

var (
	queueURL   = regexp.MustCompile(QueuePattern)
	headerName = regexp.MustCompile(HeaderPattern)
	queueHost  = regexp.MustCompile(`^sqs(?:-fips)?\.([a-z0-9-]+)\.(amazonaws\.com(\.cn)?|api\.aws)$`)
)

// framing are headers that say how a request is sent: a key cannot travel in them.
var framing = []string{
	"accept-encoding", "connection", "content-encoding", "content-length", "content-type", "expect", "host", "keep-alive", "te",
	"trailer", "transfer-encoding", "upgrade",
}

// QueueRegion is the Region in the queue's URL, "" where it has none, because it is no address of AWS's.
func (s Serve) QueueRegion() string {
	u, err := url.Parse(s.Queue)
	if err != nil {
		return ""
	}
	if m := queueHost.FindStringSubmatch(u.Hostname()); m != nil {
		return m[1]
	}
	return ""
}

func (s Serve) check() error {
	switch {
	case strings.HasSuffix(s.Queue, ".fifo"):
		return strict.In(errors.New("is a FIFO queue; give a standard queue, which EventBridge and dead-letter queues go with"), "queue")
	case s.Queue != "" && !queueURL.MatchString(s.Queue):
		return strict.In(fmt.Errorf("%q is no URL of a queue (https://sqs.us-east-1.amazonaws.com/111122223333/NAME)", s.Queue), "queue")
	case s.Workers < 1 || s.Workers > 256:
		return strict.In(fmt.Errorf("%d is not between 1 and 256", s.Workers), "workers")
	case !headerName.MatchString(s.APIKeyHeader):
		return strict.In(fmt.Errorf("%q is no name of a header", s.APIKeyHeader), "api_key_header")
	case slices.Contains(framing, strings.ToLower(s.APIKeyHeader)):
		return strict.In(fmt.Errorf("%q has a meaning of its own in HTTP; name another header, such as X-Api-Key", s.APIKeyHeader), "api_key_header")
	case time.Duration(s.Watch.Every) < 10*time.Second, time.Duration(s.Watch.Every) > 7*24*time.Hour:
		return strict.In(fmt.Errorf("%s is not between 10s and 7d", s.Watch.Every), "watch", "every")
	case time.Duration(s.StopTimeout) > time.Hour:
		return strict.In(fmt.Errorf("%s is more than 1h", s.StopTimeout), "stop_timeout")
	}
	if err := oneOf(s.Watch.Drift, OnDrifts()); err != nil {
		return strict.In(err, "watch", "drift")
	}
	if _, err := address(s.Health); err != nil {
		return strict.In(err, "health")
	}
	return s.checkIntake()
}

// checkIntake says what is wrong with the HTTP intake.
func (s Serve) checkIntake() error {
	if s.Listen == "" {
		if s.APIKey != "" || s.TLS != (TLS{}) {
			return strict.In(errors.New("is missing; it says where the intake listens that api_key and tls are for"), "listen")
		}
		return nil
	}
	loopback, err := address(s.Listen)
	if err != nil {
		return strict.In(err, "listen")
	}
	switch {
	case collide(s.Listen, s.Health):
		return strict.In(fmt.Errorf("%s and serve.health, %s, are one port; give each its own", s.Listen, s.Health), "listen")
	case (s.TLS.Certificate == "") != (s.TLS.Key == ""):
		return strict.In(errors.New("needs both certificate and key"), "tls")
	case s.TLS.Certificate == "" && !loopback:
		return strict.In(errors.New("is missing; without it listen has to be a loopback address, because the key travels with every request"), "tls")
	case s.TLS.Certificate != "" && (!filepath.IsAbs(s.TLS.Certificate) || !filepath.IsAbs(s.TLS.Key)):
		return strict.In(errors.New("certificate and key are files, each with its absolute path"), "tls")
	case s.APIKey == "":
		return strict.In(errors.New("is missing; who sends findings has things cut off, so the intake wants a key (env:NAME, file:PATH or secretsmanager:ARN)"), "api_key")
	}
	return strict.In(s.APIKey.Check("the key"), "api_key")
}

// collide says whether two addresses cannot be listened on side by side.
func collide(a, b string) bool {
	hostA, portA, _ := net.SplitHostPort(a)
	hostB, portB, _ := net.SplitHostPort(b)
	every := func(host string) bool { return host == "" || host == "0.0.0.0" || host == "::" }
	return portA == portB && portA != "0" && (hostA == hostB || every(hostA) || every(hostB))
}

// address checks HOST:PORT and says whether only this machine can reach it. The host is an IP address, localhost, or empty for
// every address; port 0 is any that is free.
func address(text string) (loopback bool, err error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return false, fmt.Errorf("%q is no address; write HOST:PORT, such as 127.0.0.1:8443", text)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 || port[0] == '+' {
		return false, fmt.Errorf("%q has no port between 0 and 65535", text)
	}
	if host == "" || host == "localhost" {
		return host != "", nil
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false, fmt.Errorf("%q names no IP address; names of hosts are not looked up here", text)
	}
	return ip.IsLoopback(), nil
}
