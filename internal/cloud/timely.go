package cloud

import (
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// AnswerTime is how long an attempt waits for its answer to begin once the request is sent. After that it counts as a passing
// fault, and is tried again: without a bound one connection that went silent would hold a case up for good. It is longer than
// EC2 takes for what it answers slowly (CreateSnapshots of many volumes).
const AnswerTime = 15 * time.Second

// Timely returns cfg with that bound; longer is for calls that wait on purpose (a long poll). An HTTP client that is not the
// SDK's own is left as it is.
func Timely(cfg aws.Config, longer time.Duration) aws.Config {
	client, ours := cfg.HTTPClient.(*awshttp.BuildableClient)
	switch {
	case cfg.HTTPClient == nil:
		client = awshttp.NewBuildableClient()
	case !ours:
		return cfg
	}
	out := cfg.Copy()
	out.HTTPClient = client.WithTransportOptions(func(t *http.Transport) { t.ResponseHeaderTimeout = AnswerTime + longer })
	return out
}
