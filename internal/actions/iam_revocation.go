package actions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"cordon/internal/action"
	"cordon/internal/cloud"
)

// revocation is how the sessions of a role or user stand, the state of every action that revokes them. Neither Role nor
// User is set where there is nobody to revoke.
type revocation struct {
	Role string `json:"role,omitempty"`
	User string `json:"user,omitempty"`
	ARN  string `json:"arn,omitempty"` // of the role or user; not compared

	// Trusted are whom the role's trust policy let in when it was first read; not compared.
	Trusted []string `json:"trusted,omitempty"`

	Inline string `json:"inline"` // the inline policy word for word, "" for none

	// Policy is the name of the inline policy, "" for AWSRevokeOlderSessions.
	Policy string `json:"policy,omitempty"`

	// Managed is the ARN of the case's own managed policy while it is attached, "" otherwise, and Document what that
	// says. It stands in where there is no room for an inline policy.
	Managed  string `json:"managed,omitempty"`
	Document string `json:"document,omitempty"`
}

// entity is whom the state is about, nil for nobody.
func (p revocation) entity() entity {
	switch {
	case p.Role != "":
		return roleName(p.Role)
	case p.User != "":
		return userName(p.User)
	default:
		return nil
	}
}

// policy is the name of the inline policy that revokes.
func (p revocation) policy() string {
	if p.Policy == "" {
		return revokePolicyName
	}
	return p.Policy
}

// revokes makes an action that revokes sessions from what is its own: ID, texts, Permissions and Observe. of gives the parts of
// its request that every one of them has.
func revokes[T any](s action.Spec[T, revocation], of func(*T) (*action.On, *activity)) action.Action {
	s.Settle = time.Minute
	s.Expect = func(_ T, prior revocation) revocation { return expectRevoked(prior) }
	s.Do = func(ctx context.Context, env *action.Env, t T, prior revocation) error {
		on, _ := of(&t)
		return revoke(ctx, env, on.Case, prior)
	}
	s.Undo = func(ctx context.Context, env *action.Env, t T, prior revocation) error {
		on, _ := of(&t)
		return unrevoke(ctx, env, on.Case, prior)
	}
	s.Verify = func(t T, prior, after revocation) error {
		_, since := of(&t)
		return verifyRevoked(prior, after, *since)
	}
	s.Parts, s.Without = revocationParts, withoutRevocation
	s.Merge = func(was, asked T) T {
		_, since := of(&was)
		_, later := of(&asked)
		*since = since.later(*later)
		return was
	}
	return action.New(s)
}

// residualRevoked is what a Deny for the sessions up to now does not reach.
func residualRevoked(p revocation) (out []string) {
	e := p.entity()
	if e == nil {
		return nil
	}
	out = append(out, fmt.Sprintf("sessions of other roles that sessions of %s had assumed live on until they expire. Remedy: look in CloudTrail for AssumeRole by it, and revoke the sessions of what it assumed", e))
	if p.User != "" {
		return append(out, fmt.Sprintf("%s can sign in to the console again, if it has a password. Remedy: delete its login profile", e))
	}
	if len(p.Trusted) > 0 {
		out = append(out, fmt.Sprintf("%s can be assumed anew by %s: such a session is not revoked. Remedy: take who is not to be trusted out of the role's trust policy", e, some(p.Trusted, 5)))
	}
	return out
}

// readEntity reads side by side what get reads of p's role or user, its inline policy, and who is calling.
func readEntity(ctx context.Context, env *action.Env, p *revocation, get func(context.Context) error) (caller string, err error) {
	e, policy := p.entity(), p.policy()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return get(ctx) })
	g.Go(func() (err error) {
		p.Inline, err = readInline(ctx, env.IAM, e, policy)
		return err
	})
	g.Go(func() (err error) {
		caller, err = callerARN(ctx, env)
		return err
	})
	err = g.Wait()
	return caller, err
}

// revocationPermissions are the IAM actions of revoking, reading back and releasing for a kind ("Role", "User"), with
// those more that the action itself needs. forRelease are the ones that only release needs.
func revocationPermissions(kind string, more ...string) (all, forRelease []string) {
	forRelease = []string{"iam:DeletePolicy", "iam:Delete" + kind + "Policy", "iam:Detach" + kind + "Policy"}
	all = slices.Concat(more, forRelease, []string{
		"iam:Attach" + kind + "Policy", "iam:CreatePolicy", "iam:CreatePolicyVersion", "iam:DeletePolicyVersion",
		"iam:Get" + kind + "Policy", "iam:GetPolicyVersion", "iam:ListAttached" + kind + "Policies",
		"iam:ListPolicyVersions", "iam:Put" + kind + "Policy",
	})
	slices.Sort(all)
	return all, forRelease
}

// expectRevoked is the state that revoke leaves, in words where it holds the time of the call.
func expectRevoked(prior revocation) revocation {
	if prior.entity() == nil {
		return prior
	}
	want := prior
	want.Inline = "deny everything to sessions issued before the time of the call + 30 s"
	return want
}

// revocationParts is the state as one part: whichever of the two policies holds, they are put back together.
func revocationParts(p revocation) map[string]any {
	e := p.entity()
	switch {
	case e == nil:
		return nil
	case p.Managed == "":
		return map[string]any{e.String(): canonicalPolicy(p.Inline)}
	default:
		return map[string]any{e.String(): map[string]string{
			"inline": canonicalPolicy(p.Inline), "managed": p.Managed, "document": canonicalPolicy(p.Document),
		}}
	}
}

func withoutRevocation(p revocation, parts map[string]bool) revocation {
	if e := p.entity(); e != nil && parts[e.String()] {
		return revocation{}
	}
	return p
}

// readRevocation reads how a known entity stands now. *action.Gone: it does not exist any more.
func readRevocation(ctx context.Context, env *action.Env, caseID string, known revocation) (revocation, error) {
	e := known.entity()
	if e == nil {
		return known, nil
	}
	now := revocation{Role: known.Role, User: known.User, ARN: known.ARN, Policy: known.Policy}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		now.Inline, err = readInline(ctx, env.IAM, e, known.policy())
		return err
	})
	g.Go(func() (err error) {
		now.Managed, now.Document, err = readManaged(ctx, env.IAM, e, managedPolicyARN(known.ARN, caseID))
		return err
	})
	return now, g.Wait()
}

// revoke denies everything to the sessions issued up to now, by an inline policy or, where that finds no room, by a
// managed one.
func revoke(ctx context.Context, env *action.Env, caseID string, prior revocation) error {
	e := prior.entity()
	if e == nil {
		return nil
	}
	policy := revokePolicy(time.Now().Add(revokeAhead))
	err := e.putInline(ctx, env.IAM, prior.policy(), policy)
	switch {
	case err == nil:
	case cloud.Is(err, "NoSuchEntity"):
		return &action.Gone{What: e.String()}
	case cloud.Is(err, "UnmodifiableEntity"):
		return action.Skipf("%s belongs to an AWS service or to IAM Identity Center and cannot be changed here: end its sessions there", e)
	case cloud.Is(err, "LimitExceeded"):
		if err := revokeManaged(ctx, env, e, managedPolicyARN(prior.ARN, caseID), policy); err != nil {
			return err
		}
		env.Note("the inline policies of %s would be over %s characters together: the managed policy %s was attached instead",
			e, e.inlineRoom(), managedPolicyName(caseID))
	default:
		return wrap("put policy "+prior.policy()+" on", e.String(), err)
	}
	env.Note("every session of %s is cut off, whoever holds it; it takes a new one to go on", e)
	return nil
}

// verifyRevoked wants one of the two policies to be a revocation that was not there before, of the sessions issued up
// to since.
func verifyRevoked(prior, after revocation, a activity) error {
	e := prior.entity()
	if e == nil {
		return nil
	}
	var before time.Time
	if after.Inline != prior.Inline {
		before, _ = revokedBefore(after.Inline)
	}
	if managed, _ := revokedBefore(after.Document); managed.After(before) {
		before = managed
	}
	switch {
	case !before.IsZero():
		if since := a.since(time.Now()); !before.After(since) {
			return fmt.Errorf("the sessions of %s are revoked up to %s only, and there was activity at %s",
				e, before.Format(time.RFC3339), since.Format(time.RFC3339))
		}
		return nil
	case after.Inline == prior.Inline:
		return fmt.Errorf("%s shows its former policy still", e)
	default:
		return fmt.Errorf("policy %s of %s is not what was put: %s", prior.policy(), e, after.Inline)
	}
}

// unrevoke puts the former inline policy back, and takes the case's managed policy away, both as far as they are there.
func unrevoke(ctx context.Context, env *action.Env, caseID string, prior revocation) error {
	e := prior.entity()
	if e == nil {
		return nil
	}
	return errors.Join(
		restoreInline(ctx, env, e, prior.policy(), prior.Inline),
		dropManaged(ctx, env.IAM, e, managedPolicyARN(prior.ARN, caseID)),
	)
}

func restoreInline(ctx context.Context, env *action.Env, e entity, name, document string) error {
	if document == "" {
		err := e.dropInline(ctx, env.IAM, name)
		return wrap("delete policy "+name+" of", e.String(), unless(err, "NoSuchEntity", "UnmodifiableEntity"))
	}
	err := e.putInline(ctx, env.IAM, name, document)
	if cloud.Is(err, "NoSuchEntity") {
		return &action.Gone{What: e.String()}
	}
	return wrap("put back policy "+name+" of", e.String(), unless(err, "UnmodifiableEntity"))
}
