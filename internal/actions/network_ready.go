package actions

import (
	"context"
	"fmt"
	"sync"

	"cordon/internal/action"
)

// vpcGroups are the case's groups in one VPC, by id.
type vpcGroups struct {
	target  string
	untrack string // "" where live connections are not to be cut, or cannot be
	uncut   error  // why live connections cannot be cut
	err     error  // why there is no target
}

// readyGroups makes both groups in every VPC at once. A VPC where that fails does not stop the others, and where only
// the all-access group fails, isolation goes on without it.
func readyGroups(ctx context.Context, env *action.Env, on action.On, vpcs []string, name string, out egress, cut bool) map[string]vpcGroups {
	made := make([]vpcGroups, len(vpcs))
	var wg sync.WaitGroup
	for i, vpc := range vpcs {
		wg.Go(func() { made[i].target, made[i].err = readyGroup(ctx, env, on, name, vpc, out) })
		if !cut {
			continue
		}
		wg.Go(func() {
			id, err := readyUntrackGroup(ctx, env, on, vpc)
			if err != nil {
				made[i].uncut = fmt.Errorf("make the all-access group: %w", err)
				return
			}
			made[i].untrack = id
		})
	}
	wg.Wait()
	groups := map[string]vpcGroups{}
	for i, vpc := range vpcs {
		groups[vpc] = made[i]
	}
	return groups
}

// dropUntrack deletes the case's all-access groups, which no interface is in any more. One that stays is harmless, and
// release deletes it: that is no failure of isolation.
func dropUntrack(ctx context.Context, env *action.Env, on action.On, made map[string]vpcGroups) {
	var ids []string
	for _, g := range made {
		if g.untrack != "" {
			ids = append(ids, g.untrack)
		}
	}
	var err error
	if env.Attempt <= 1 && len(ids) == len(made) {
		err = each(ids, func(id string) error { return deleteGroup(ctx, env, id) })
	} else { // a former attempt, or one that failed, may have left more than is known here
		err = deleteGroups(ctx, env, nil, untrackGroup(on.Case))
	}
	if err != nil {
		env.Note("the all-access group %s, which no interface is in, is left for release to delete: %v", untrackGroup(on.Case), err)
	}
}
