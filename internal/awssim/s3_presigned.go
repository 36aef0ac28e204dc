package awssim

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// presigned is a request of a presigned URL whose signature holds.
type presigned struct {
	bucket *bucket
	key    string
	query  url.Values
}

// part is the number of the part that is sent, 0 for none.
func (p presigned) part() int32 {
	n, err := strconv.ParseInt(p.query.Get("partNumber"), 10, 32)
	if err != nil {
		return 0
	}
	return int32(n)
}

// presigned reads a URL, by the bucket's name as a host or first in the path, and refuses one that was changed, that is over, or
// that was not signed with the account's own key.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
func (s *state) presigned(method, raw string, now time.Time) (presigned, error) {
	wrong := apiError(403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided.")
	r, err := http.NewRequestWithContext(context.Background(), method, raw, nil)
	if err != nil {
		return presigned{}, wrong
	}
	q := r.URL.Query()
	signed, err := time.Parse("20060102T150405Z", q.Get("X-Amz-Date"))
	lives, lerr := strconv.Atoi(q.Get("X-Amz-Expires"))
	credential := strings.Split(q.Get("X-Amz-Credential"), "/") // key, day, Region, service, aws4_request
	if err != nil || lerr != nil || lives > 604800 || len(credential) != 5 || credential[0] != ownKey {
		return presigned{}, wrong
	}
	p := presigned{query: q}
	name, _, _ := strings.Cut(r.URL.Host, ".s3.")
	if p.key = strings.TrimPrefix(r.URL.Path, "/"); name == r.URL.Host {
		name, p.key, _ = strings.Cut(p.key, "/")
	}
	given := q.Get("X-Amz-Signature")
	bare := url.Values{}
	for k, v := range q {
		if !strings.HasPrefix(k, "X-Amz-") || k == "X-Amz-Expires" {
			bare[k] = v
		}
	}
	r.URL.RawQuery = bare.Encode()
	again, _, err := v4.NewSigner().PresignHTTP(context.Background(), aws.Credentials{AccessKeyID: ownKey, SecretAccessKey: ownSecret}, r,
		"UNSIGNED-PAYLOAD", "s3", credential[2], signed, func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	if u, uerr := url.Parse(again); err != nil || uerr != nil || u.Query().Get("X-Amz-Signature") != given {
		return presigned{}, wrong
	}
	if now.After(signed.Add(time.Duration(lives) * time.Second)) {
		return presigned{}, apiError(403, "AccessDenied", "Request has expired")
	}
	if p.bucket = s.Buckets[name]; p.bucket == nil {
		return presigned{}, apiError(404, "NoSuchBucket", "The specified bucket does not exist")
	}
	return p, nil
}
