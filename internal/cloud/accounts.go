package cloud

import (
	"context"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Member is the role that Cordon assumes in each account that is not its own.
type Member struct {
	Role       string // the role's name, after its path if it has one; "" for no other account
	ExternalID string // "" for none
	Session    string // the role session's name; "cordon" if empty
}

// Accounts makes clients for every account and Region that Cordon acts in, and keeps them, so that connections and
// credentials are used again. It is safe for concurrent use.
//
// The own account is acted in with the configuration as it is; another one as Member.Role of that account, with one
// AssumeRole an account, made when the first call is signed, and again before the credentials expire.
type Accounts struct {
	cfg     aws.Config
	member  Member
	through []func(aws.Config) aws.Config

	asking chan struct{} // held by whoever reads or asks for own
	own    string        // "" until it is asked

	mu      sync.Mutex
	clients map[place]*Clients
	roles   map[string]aws.CredentialsProvider // by account
}

type place struct{ account, region string }

// maxClients is how many accounts and Regions clients are kept for; at one more all are let go. A set takes 20 KB, and
// its open connections.
const maxClients = 256

// NewAccounts makes the factory; no call is made. own is the account that cfg's credentials belong to; "" to ask STS once
// (GetCallerIdentity), which happens only where member names a role. Each of through changes the configuration that
// clients are made from (ReadOnly, Pace.Attach), not the one that assumes roles.
func NewAccounts(cfg aws.Config, own string, member Member, through ...func(aws.Config) aws.Config) *Accounts {
	if member.Session == "" {
		member.Session = "cordon"
	}
	return &Accounts{
		cfg: Retries(cfg), member: member, through: through, asking: make(chan struct{}, 1), own: own,
		clients: map[place]*Clients{}, roles: map[string]aws.CredentialsProvider{},
	}
}

// Clients gives the clients for an account and Region, or pseudo Region ("aws-global": IAM's). It makes no call. Without
// a member role they have the own credentials, whatever the account: who calls must hold GetCallerIdentity against it.
// A call of theirs fails with a *RoleError when the account's role cannot be assumed.
func (a *Accounts) Clients(_ context.Context, account, region string) (*Clients, error) {
	if a.member.Role != "" && !isAccount(account) {
		return nil, fmt.Errorf("make clients for account %q: an account id is 12 digits", account)
	}
	at := place{account, realRegion(region, a.cfg.Region)}
	a.mu.Lock()
	defer a.mu.Unlock()
	if c, ok := a.clients[at]; ok {
		return c, nil
	}
	cfg := a.cfg.Copy()
	cfg.Region = at.region
	if a.member.Role != "" {
		cfg.Credentials = a.credentials(at)
	}
	for _, f := range a.through {
		cfg = f(cfg)
	}
	if len(a.clients) == maxClients {
		clear(a.clients) // those in use live on
	}
	c := New(cfg, account)
	a.clients[at] = c
	return c, nil
}

// Own is the account that Cordon's own credentials belong to. It is asked once; an error is not kept.
func (a *Accounts) Own(ctx context.Context) (string, error) {
	select {
	case a.asking <- struct{}{}:
		defer func() { <-a.asking }()
	case <-ctx.Done():
		return "", fmt.Errorf("wait for Cordon's own account: %w", ctx.Err())
	}
	if a.own != "" {
		return a.own, nil
	}
	cfg := a.cfg.Copy()
	cfg.Region = realRegion("", cfg.Region)
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", fmt.Errorf("ask for Cordon's own account: %w", err)
	}
	a.own = aws.ToString(out.Account)
	return a.own, nil
}

func isAccount(id string) bool {
	for _, c := range id {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(id) == 12
}
