package awssim

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Organization is several accounts that know each other. AssumeRole in one of them asks the trust policy of the role,
// whichever account it is in, and gives credentials with which a client of any of the accounts acts in the role's:
//
//	client of A, own credentials ──── signed request ─▶ A answers, as the principal that the client was made for
//	client of A, a session of B's ─── signed request ─▶ B answers, as arn:aws:sts::B:assumed-role/NAME/SESSION
//
// So that a request says whose it is, accounts in an organization answer it after it was signed; the signature itself is
// not checked. Sessions are kept in memory and are never forgotten.
type Organization struct {
	id       string
	accounts map[string]*Account

	mu       sync.Mutex
	sessions map[string]session // by access key id
}

// session is what a role was assumed with.
type session struct {
	account   *Account
	principal string // ARN of the assumed role
	token     string
	expires   time.Time
}

// NewOrganization joins accounts, which have ids of their own and are in no organization yet. Join them before their first
// client is made. The organization's id is o-cordonsim1.
func NewOrganization(accounts ...*Account) (*Organization, error) {
	o := &Organization{id: "o-cordonsim1", accounts: map[string]*Account{}, sessions: map[string]session{}}
	for _, a := range accounts {
		if o.accounts[a.ID()] != nil || a.org != nil {
			return nil, fmt.Errorf("join account %s: it is in an organization already", a.ID())
		}
		o.accounts[a.ID()] = a
	}
	for _, a := range accounts {
		a.org = o
	}
	return o, nil
}

// answer does one attempt. In an organization the account of the request's credentials does it.
func (a *Account) answer(ctx context.Context, req any, c Call) (any, error) {
	if a.org == nil {
		return a.do(ctx, c)
	}
	at, err := a.org.caller(a, req, &c)
	if err != nil {
		return nil, err
	}
	out, err := at.do(ctx, c)
	if in, ok := c.Input.(*sts.AssumeRoleInput); ok && err == nil {
		return a.org.assume(c, in) // outside the caller's lock: the role may be another account's
	}
	return out, err
}

// caller finds the account that a signed request's credentials belong to and names its principal in c. Requests without a
// signature, and those of the credentials that Account.Config gives, are the client's own.
func (o *Organization) caller(a *Account, req any, c *Call) (*Account, error) {
	key, token := signedBy(req)
	if key == "" || key == ownKey {
		return a, nil
	}
	o.mu.Lock()
	s, ok := o.sessions[key]
	o.mu.Unlock()
	switch {
	case !ok || s.token != token:
		return nil, unknownKey(c.Service)
	case !time.Now().Before(s.expires):
		return nil, expiredToken(c.Service)
	}
	c.Principal = s.principal
	return s.account, nil
}

// signedBy reads access key id and session token from a request that Signature Version 4 has signed.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-signing-elements.html
func signedBy(req any) (key, token string) {
	r, ok := req.(*smithyhttp.Request)
	if !ok {
		return "", ""
	}
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, _, _ = strings.Cut(credential, "/")
	return key, r.Header.Get("X-Amz-Security-Token")
}

// issue keeps a new session and names it.
func (o *Organization) issue(s session) (key, token string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	name := func(kind string) string {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s/%s/%d", kind, s.account.ID(), len(o.sessions)))
		return base32.StdEncoding.EncodeToString(sum[:])
	}
	key, s.token = "ASIA"+name("key")[:16], "token-"+name("token")
	o.sessions[key] = s
	return key, s.token
}

// unknownKey is what a service answers to credentials that it does not know.
func unknownKey(service string) error {
	const text = "The security token included in the request is invalid."
	switch service {
	case "EC2":
		return apiError(401, "AuthFailure", "AWS was not able to validate the provided access credentials")
	case "S3":
		return apiError(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
	case "STS", "IAM", "Auto Scaling", "Elastic Load Balancing", "Elastic Load Balancing v2", "SNS":
		return apiError(403, "InvalidClientTokenId", text)
	default:
		return apiError(400, "UnrecognizedClientException", text)
	}
}

// expiredToken is what a service answers to credentials whose time is over.
func expiredToken(service string) error {
	const text = "The security token included in the request is expired"
	switch service {
	case "EC2":
		return apiError(400, "RequestExpired", "Request has expired.")
	case "S3":
		return apiError(400, "ExpiredToken", "The provided token has expired.")
	case "STS", "IAM", "Auto Scaling", "Elastic Load Balancing", "Elastic Load Balancing v2", "SNS":
		return apiError(403, "ExpiredToken", text)
	default:
		return apiError(400, "ExpiredTokenException", text)
	}
}
