package cloud

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const (
	// memberSession is the longest that a role may be assumed for by one that is itself a role.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
	memberSession = time.Hour
	// memberRenewal is how long before their end credentials are renewed, so that no call is signed with dying ones.
	memberRenewal = 5 * time.Minute
	// refusalTime is how long a refusal is taken for given: the steps of one response ask once.
	refusalTime = 5 * time.Second
)

// RoleError says that the role of another account could not be assumed: nothing can be read or changed there. To Denied it
// is no refusal of the call that needed the credentials; it is BadCredentials.
type RoleError struct {
	Role       string // ARN
	Account    string
	ExternalID bool // one was given
	Err        error
}

func (e *RoleError) Error() string { return "assume role " + e.Role + ": " + e.Err.Error() }
func (e *RoleError) Unwrap() error { return e.Err }

// credentials are the account's: the own ones or those of its role, shared by the account's Regions. a.mu is held.
func (a *Accounts) credentials(at place) aws.CredentialsProvider {
	if p, ok := a.roles[at.account]; ok {
		return p
	}
	partition, _ := partitionOf(at.region)
	role := "arn:" + partition + ":iam::" + at.account + ":role/" + a.member.Role
	cfg := a.cfg.Copy()
	cfg.Region = realRegion(cfg.Region, at.region)
	client := sts.NewFromConfig(cfg)
	p := &accountCredentials{accounts: a, account: at.account}
	p.role = aws.NewCredentialsCache(&memberRole{
		AssumeRoleProvider: stscreds.NewAssumeRoleProvider(client, role, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName, o.Duration = a.member.Session, memberSession
			if a.member.ExternalID != "" {
				o.ExternalID = &a.member.ExternalID
			}
		}),
		fault: RoleError{Role: role, Account: at.account, ExternalID: a.member.ExternalID != ""},
	}, func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = memberRenewal })
	a.roles[at.account] = p
	return p
}

// accountCredentials are the own credentials in the own account, and the role's in any other.
type accountCredentials struct {
	accounts *Accounts
	account  string
	role     *aws.CredentialsCache
}

func (c *accountCredentials) Retrieve(ctx context.Context) (aws.Credentials, error) {
	own, err := c.accounts.Own(ctx)
	if err != nil {
		return aws.Credentials{}, err
	}
	if own == c.account {
		return c.accounts.cfg.Credentials.Retrieve(ctx)
	}
	return c.role.Retrieve(ctx)
}

// memberRole assumes the role, and says in its error which one it was. The credentials' cache calls it once at a time.
type memberRole struct {
	*stscreds.AssumeRoleProvider
	fault   RoleError
	refused error // the last refusal
	at      time.Time
}

func (m *memberRole) Retrieve(ctx context.Context) (aws.Credentials, error) {
	if m.refused != nil && time.Since(m.at) < refusalTime {
		return aws.Credentials{}, m.refused
	}
	c, err := m.AssumeRoleProvider.Retrieve(ctx)
	if err == nil {
		return c, nil
	}
	fault := m.fault
	fault.Err = err
	if m.refused = nil; Denied(err) {
		m.refused, m.at = &fault, time.Now()
	}
	return c, &fault
}
