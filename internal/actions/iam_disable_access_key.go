package actions

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"golang.org/x/sync/errgroup"

	"cordon/internal/action"
	"cordon/internal/cloud"
	"cordon/internal/finding"
)

// accessKeyRequest: Keys are the access key ids that the finding names; All means every key of the user, whatever Keys
// says. Protected are names or globs (path.Match) of users whose keys are left alone.
type accessKeyRequest struct {
	action.On
	Keys      []string `json:"keys"`
	All       bool     `json:"all"`
	Protected []string `json:"protected"`
}

// accessKeysState is the status ("Active", "Inactive") of each key that is asked for and there, by its id. Others are
// the user's other keys, which are not compared.
type accessKeysState struct {
	Keys   map[string]string `json:"keys"`
	Others map[string]string `json:"others,omitempty"`
}

func disableAccessKey() action.Action {
	return action.New(action.Spec[accessKeyRequest, accessKeysState]{
		ID:      "iam.disable-access-key",
		Summary: "Makes the user's long-term access key inactive.",
		Details: "The finding's key, or with iam.all_keys every key of the user. Temporary credentials (ASIA…) have no such switch, and " +
			"sessions drawn with a key outlive it: iam.revoke-user-sessions is what ends those. Release leaves the key inactive, because it " +
			"was in someone else's hands, unless it is told to reactivate (release --reactivate-keys): then the keys that were " +
			"active before are active again, and no other.",
		Permissions: []string{"iam:ListAccessKeys", "iam:UpdateAccessKey", "sts:GetCallerIdentity"},
		Settle:      time.Minute,
		Observe:     observeAccessKeys,
		Expect:      func(_ accessKeyRequest, prior accessKeysState) accessKeysState { return inactive(prior) },
		Do: func(ctx context.Context, env *action.Env, t accessKeyRequest, prior accessKeysState) error {
			return setAccessKeys(ctx, env, t, inactive(prior))
		},
		Undo:   reactivateKeys,
		Verify: verifyAccessKeys,
		Parts:  func(p accessKeysState) map[string]any { return asParts(p.Keys) },
		Without: func(p accessKeysState, parts map[string]bool) accessKeysState {
			return accessKeysState{Keys: without(p.Keys, parts)}
		},
		Extend: func(prior, now accessKeysState) accessKeysState {
			all := maps.Clone(now.Keys)
			maps.Copy(all, prior.Keys)
			return accessKeysState{Keys: all, Others: now.Others}
		},
		Merge: func(was, asked accessKeyRequest) accessKeyRequest {
			for _, id := range asked.Keys {
				if !slices.Contains(was.Keys, id) {
					was.Keys = append(was.Keys, id)
				}
			}
			was.All = was.All || asked.All
			return was
		},
		Residual: residualAccessKeys,
	})
}

func observeAccessKeys(ctx context.Context, env *action.Env, t accessKeyRequest, known *accessKeysState) (accessKeysState, error) {
	if known != nil {
		return readAccessKeys(ctx, env, t)
	}
	switch {
	case t.Target.Kind == finding.KindFederatedUser:
		return accessKeysState{}, action.Skipf("a federated user has temporary credentials only, and no key to disable: iam.revoke-user-sessions is what ends them")
	case t.Target.Kind != finding.KindUser || t.Target.ID == "":
		return accessKeysState{}, action.Skipf("%s is no IAM user: it has no access key that could be disabled here", t.Target)
	}
	var (
		p      accessKeysState
		caller string
	)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		p, err = readAccessKeys(ctx, env, t)
		return err
	})
	g.Go(func() (err error) {
		caller, err = callerARN(ctx, env)
		return err
	})
	if err := g.Wait(); err != nil {
		return accessKeysState{}, err
	}
	for _, id := range t.Keys {
		switch _, there := p.Keys[id]; {
		case there:
		case longTerm(id):
			env.Note("key %s is none of user %s any more, or never was", id, t.Target.ID)
		default:
			env.Note("key %s is temporary and cannot be disabled: iam.revoke-user-sessions is what ends it", id)
		}
	}
	switch {
	case len(p.Keys) > 0:
	case t.All:
		env.Note("user %s has no access key", t.Target.ID)
	default:
		env.Note("the finding names no long-term key of user %s", t.Target.ID)
	}
	return p, refuseProtected(userName(t.Target.ID), t.Target.Account, caller, t.Protected)
}

// readAccessKeys reads the user's keys: those that are asked for, and the others. *action.Gone: there is no such user.
func readAccessKeys(ctx context.Context, env *action.Env, t accessKeyRequest) (accessKeysState, error) {
	p := accessKeysState{Keys: map[string]string{}, Others: map[string]string{}}
	pages := iam.NewListAccessKeysPaginator(env.IAM, &iam.ListAccessKeysInput{UserName: &t.Target.ID})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if cloud.Is(err, "NoSuchEntity") {
			return p, &action.Gone{What: "user " + t.Target.ID}
		}
		if err != nil {
			return p, wrap("list access keys of user", t.Target.ID, err)
		}
		for _, k := range page.AccessKeyMetadata {
			if id := aws.ToString(k.AccessKeyId); t.All || (longTerm(id) && slices.Contains(t.Keys, id)) {
				p.Keys[id] = string(k.Status)
			} else {
				p.Others[id] = string(k.Status)
			}
		}
	}
	return p, nil
}

// longTerm says whether an access key id is a user's own; those of temporary credentials begin ASIA.
func longTerm(id string) bool { return strings.HasPrefix(id, "AKIA") }

func inactive(p accessKeysState) accessKeysState {
	want := accessKeysState{Keys: map[string]string{}}
	for id := range p.Keys {
		want.Keys[id] = string(iamtypes.StatusTypeInactive)
	}
	return want
}

// setAccessKeys gives each key its status, side by side; one that is deleted meanwhile is left out.
func setAccessKeys(ctx context.Context, env *action.Env, t accessKeyRequest, want accessKeysState) error {
	return each(sortedKeys(want.Keys), func(id string) error {
		status := iamtypes.StatusType(want.Keys[id])
		_, err := env.IAM.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: &t.Target.ID, AccessKeyId: &id, Status: status})
		return wrap("set access key "+id+" "+string(status)+" of user", t.Target.ID, unless(err, "NoSuchEntity"))
	})
}

// reactivateKeys activates the keys that were active before, where that is asked for; *action.Skip where it is not.
func reactivateKeys(ctx context.Context, env *action.Env, t accessKeyRequest, prior accessKeysState) error {
	was := accessKeysState{Keys: maps.Clone(prior.Keys)}
	maps.DeleteFunc(was.Keys, func(_, status string) bool { return status != string(iamtypes.StatusTypeActive) })
	if len(was.Keys) > 0 && !env.ReactivateKeys {
		return action.Skipf("the key stays inactive (%s): it was in someone else's hands; rotate it, or release --reactivate-keys",
			some(sortedKeys(was.Keys), 2))
	}
	return setAccessKeys(ctx, env, t, was)
}

// verifyAccessKeys wants no key to be active. One that was made since is a drift: with All, every key counts.
func verifyAccessKeys(_ accessKeyRequest, prior, after accessKeysState) error {
	for _, id := range sortedKeys(after.Keys) {
		if after.Keys[id] != string(iamtypes.StatusTypeActive) {
			continue
		}
		if _, known := prior.Keys[id]; !known {
			return &action.Drifted{What: "key " + id + " was made"}
		}
		return fmt.Errorf("key %s is active still", id)
	}
	return nil
}

// residualAccessKeys names the user's keys that still work, and those of the finding that are not the user's.
func residualAccessKeys(t accessKeyRequest, prior, after accessKeysState) (out []string) {
	var active []string
	for _, id := range sortedKeys(after.Others) {
		if after.Others[id] == string(iamtypes.StatusTypeActive) {
			active = append(active, id)
		}
	}
	if len(active) > 0 {
		out = append(out, fmt.Sprintf("access keys %s of user %s stay active. Remedy: deactivate those that the user does not need, or set iam.all_keys and answer the finding again", some(active, 5), t.Target.ID))
	}
	for _, id := range t.Keys {
		_, was := prior.Keys[id]
		_, is := after.Keys[id]
		if longTerm(id) && !was && !is {
			out = append(out, fmt.Sprintf("access key %s, which the finding names, is none of user %s: whose it is, if it is there still, is not known here", id, t.Target.ID))
		}
	}
	return out
}
