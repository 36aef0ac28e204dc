package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"golang.org/x/sync/errgroup"

	"cordon/internal/cloud"
	"cordon/internal/finding"
)

// preflight is what must hold before the first change: the credentials belong to the target's account; the vault can
// be written, and is private; policy says the same once it knows the target's tags. It runs beside the first observations and takes one round trip, so it adds none in a row.
type preflight struct {
	done   chan struct{}
	caller string // ARN
	err    error

	identified chan struct{} // closed once caller is known, or cannot be
}

func (e *Engine) startPreflight(ctx context.Context, c *cloud.Clients, t finding.Target, also ...func(context.Context) error) *preflight {
	p := &preflight{done: make(chan struct{}), identified: make(chan struct{})}
	go func() {
		defer close(p.done)
		g, ctx := errgroup.WithContext(ctx)
		g.Go(func() (err error) {
			defer close(p.identified)
			p.caller, err = identify(ctx, c, t.Account)
			return err
		})
		for _, look := range []func(context.Context) error{e.o.Vault.Private, e.o.Vault.Check} {
			g.Go(func() error {
				if err := look(ctx); err != nil {
					return &SetupError{"evidence vault", "nothing was changed; mend it, or set vault in cordon.yaml", err}
				}
				return nil
			})
		}
		for _, look := range also {
			g.Go(func() error { return look(ctx) })
		}
		p.err = g.Wait()
	}()
	return p
}

// permit waits for the preflight; it is an action.Env's Permit.
func (p *preflight) permit(ctx context.Context) error {
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// who is the caller as soon as AWS has said it, "" where it does not.
func (p *preflight) who(ctx context.Context) string {
	select {
	case <-p.identified:
		return p.caller
	case <-ctx.Done():
		return ""
	}
}

// by is the caller for the journal, once the preflight is over.
func (p *preflight) by(fallback string) string {
	<-p.done
	if p.caller == "" {
		return fallback
	}
	return p.caller
}

// AccountError says that the credentials belong to another account than the target's.
type AccountError struct{ Have, Want string }

func (e *AccountError) Error() string {
	return fmt.Sprintf("the finding is about account %s, but these credentials belong to account %s (use credentials of %s, for example "+
		"with AWS_PROFILE; or, to act there as a role of that account, set accounts.role in cordon.yaml)", e.Want, e.Have, e.Want)
}

// roleHint says what lets Cordon assume a role that it was refused.
func roleHint(e *cloud.RoleError) string {
	id := "no accounts.external_id is set"
	if e.ExternalID {
		id = "accounts.external_id must be the sts:ExternalId that it asks for"
	}
	return "the role must be in account " + e.Account + " and its trust policy must let Cordon's own role in; " + id + "; Cordon's own role " +
		"must be allowed sts:AssumeRole on it. deploy/sam/member.yaml makes the role. Nothing was changed"
}

// identify reads who is calling and holds it against the account.
func identify(ctx context.Context, c *cloud.Clients, account string) (string, error) {
	out, err := c.STS.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		if errors.Is(err, context.Canceled) {
			return "", err
		}
		var role *cloud.RoleError
		if errors.As(err, &role) && cloud.Denied(role.Err) {
			return "", &SetupError{"member role", roleHint(role), role}
		}
		hint := "check the network and the Region, then run the command again"
		if cloud.BadCredentials(err) || cloud.Code(err) == "" {
			hint = "log in again, or set AWS_PROFILE or AWS_ACCESS_KEY_ID; nothing was changed"
		}
		return "", &SetupError{"AWS credentials", hint, err}
	}
	if have := aws.ToString(out.Account); have != account {
		return "", &AccountError{have, account}
	}
	return aws.ToString(out.Arn), nil
}
