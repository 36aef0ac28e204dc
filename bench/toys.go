package bench

import (
	"context"
	"sync"

	"cordon/internal/action"
	"cordon/internal/actions"
	"cordon/internal/config"
)

type (
	toyRequest struct{ action.On }
	toyState   struct {
		Set bool `json:"set"`
	}
)

// toys are actions with the catalogue's ids that call nobody: what a step of them costs is the engine's and the store's.
func toys() (out []action.Action) {
	var mu sync.Mutex
	set := map[string]bool{}
	for _, a := range actions.Catalog() {
		key := func(t toyRequest) string { return a.ID + " " + t.Case }
		put := func(t toyRequest, to bool) error {
			mu.Lock()
			defer mu.Unlock()
			set[key(t)] = to
			return nil
		}
		out = append(out, action.New(action.Spec[toyRequest, toyState]{
			ID: a.ID, Summary: a.Summary, Permissions: []string{"ec2:CreateTags", "ec2:DescribeInstances"}, Until: a.Until,
			Observe: func(_ context.Context, _ *action.Env, t toyRequest, _ *toyState) (toyState, error) {
				mu.Lock()
				defer mu.Unlock()
				return toyState{set[key(t)]}, nil
			},
			Expect: func(toyRequest, toyState) toyState { return toyState{true} },
			Do:     func(_ context.Context, _ *action.Env, t toyRequest, _ toyState) error { return put(t, true) },
			Undo:   func(_ context.Context, _ *action.Env, t toyRequest, _ toyState) error { return put(t, false) },
		}))
	}
	return out
}

// carefree switches every look at the blast radius off: it calls AWS.
func carefree(c *config.Config) {
	b := &c.BlastRadius
	for _, w := range []*config.Weight{
		&b.LastHealthyTarget, &b.GroupAtMinimum, &b.GroupShare.Then, &b.RoleUsers.Then, &b.UserInUse, &b.Website, &b.CloudFront, &b.OwnParts, &b.Unknown,
	} {
		*w = config.Ignore
	}
}
