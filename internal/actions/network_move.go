package actions

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"golang.org/x/sync/errgroup"

	"cordon/internal/action"
	"cordon/internal/cloud"
)

// move takes every interface of prior into the case's group of that name:
//
//	┌ make the groups ─ set their rules ┐        ┌ eni 1: all-access ─ quarantine ┐
//	┤   (per VPC, all at once)          ├────────┤ eni 2: all-access ─ quarantine ├─ delete the all-access groups
//	└───────────────────────────────────┘        └ …                              ┘
//
// The moment under the all-access group makes live flows untracked, so that they end with it; cut = false leaves it
// out, and established flows then live on. Four round trips in a row, whatever the number of interfaces.
func move(ctx context.Context, env *action.Env, on action.On, prior networkState, name string, out egress, cut bool) error {
	if len(prior.Interfaces) == 0 {
		return errNoInterfaces
	}
	left, err := notYetIn(ctx, env, on, prior, name)
	if err != nil {
		return err
	}
	if len(left) == 0 {
		return deleteGroups(ctx, env, nil, untrackGroup(on.Case))
	}
	groups, untrack, err := readyGroups(ctx, env, on, vpcs(prior), name, out, cut)
	if err != nil {
		return err
	}
	// One interface that fails does not keep the others from being isolated.
	var wg sync.WaitGroup
	errs := make([]error, len(left))
	for i, id := range left {
		n := prior.Interfaces[id]
		wg.Go(func() { errs[i] = moveInterface(ctx, env, id, n, untrack[n.VPC], groups[n.VPC]) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	env.InEffect()
	g, ctx := errgroup.WithContext(ctx)
	for _, id := range untrack {
		g.Go(func() error { return deleteGroup(ctx, env, id) })
	}
	return g.Wait()
}

// notYetIn lists the interfaces that a former attempt has not moved: those it has are not to be opened again.
func notYetIn(ctx context.Context, env *action.Env, on action.On, prior networkState, name string) ([]string, error) {
	all := slices.Sorted(maps.Keys(prior.Interfaces))
	if env.Attempt <= 1 {
		return all, nil
	}
	now, err := observeNetwork(ctx, env, on, name)
	return slices.DeleteFunc(all, func(id string) bool {
		n, attached := now.Interfaces[id]
		return !attached || slices.Equal(n.Groups, []string{name})
	}), err
}

// readyGroups makes both groups in every VPC at once; the maps give their ids by VPC.
func readyGroups(
	ctx context.Context, env *action.Env, on action.On, vpcs []string, name string, out egress, cut bool,
) (groups, untrack map[string]string, err error) {
	groups, untrack = map[string]string{}, map[string]string{}
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	for _, vpc := range vpcs {
		g.Go(func() error {
			id, err := readyGroup(ctx, env, on, name, vpc, out)
			mu.Lock()
			defer mu.Unlock()
			groups[vpc] = id
			return err
		})
		if !cut {
			continue
		}
		g.Go(func() error {
			id, err := readyUntrackGroup(ctx, env, on, vpc)
			mu.Lock()
			defer mu.Unlock()
			untrack[vpc] = id
			return err
		})
	}
	return groups, untrack, g.Wait()
}

// moveInterface takes one interface through the all-access group into its quarantine group. Where the second step fails
// for good the interface gets its former groups back: all-access would be worse than before.
func moveInterface(ctx context.Context, env *action.Env, id string, prior networkInterface, untrack, group string) error {
	if untrack == "" {
		return wrap("isolate", id, setGroups(ctx, env, id, group))
	}
	if err := setGroups(ctx, env, id, untrack); err != nil {
		return wrap("isolate", id, err)
	}
	opened := time.Now()
	// From here on the interface must not stay as it is, even when the caller gives up.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	err := patiently(ctx, func() error { return setGroups(ctx, env, id, group) })
	if err == nil {
		env.Note("%s: all-access for %d ms, to cut its live connections", id, time.Since(opened).Milliseconds())
		return nil
	}
	back, stop := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer stop()
	if undo := patiently(back, func() error { return setGroups(back, env, id, prior.Groups...) }); undo != nil {
		return fmt.Errorf("isolate %s: it is in the ALL-ACCESS group %s now, put it into %s at once: %w", id, untrack, group, errors.Join(err, undo))
	}
	return fmt.Errorf("isolate %s (its former security groups are back): %w", id, err)
}

func setGroups(ctx context.Context, env *action.Env, id string, groups ...string) error {
	return eventually(ctx, func() error {
		_, err := env.EC2.ModifyNetworkInterfaceAttribute(ctx, &ec2.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: &id, Groups: groups})
		return err
	}, "InvalidGroup.NotFound")
}

// restoreNetwork puts every interface of prior back into its former groups, then deletes the case's groups.
func restoreNetwork(ctx context.Context, env *action.Env, prior networkState, names ...string) error {
	ids, err := ownGroupIDs(ctx, env, prior)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	errs := make([]error, len(prior.Interfaces))
	for i, id := range slices.Sorted(maps.Keys(prior.Interfaces)) {
		wg.Go(func() { errs[i] = restoreInterface(ctx, env, id, prior.Interfaces[id], ids) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return deleteGroups(ctx, env, prior.Keep, names...)
}

func restoreInterface(ctx context.Context, env *action.Env, id string, prior networkInterface, ids map[string]string) error {
	groups := slices.Clone(prior.Groups)
	for i, name := range groups {
		if sg, ok := ids[ownGroupKey(name, prior.VPC)]; ok {
			groups[i] = sg
		}
	}
	_, err := env.EC2.ModifyNetworkInterfaceAttribute(ctx, &ec2.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: &id, Groups: groups})
	if cloud.Is(err, "InvalidGroup.NotFound") {
		return fmt.Errorf("restore %s: one of its former security groups %v was deleted meanwhile; choose its groups by hand, then release with --force: %w", id, prior.Groups, err)
	}
	return wrap("restore", id, unless(err, "InvalidNetworkInterfaceID.NotFound"))
}

// ownGroupIDs gives the ids, by name and VPC, of those groups in prior that are Cordon's own.
func ownGroupIDs(ctx context.Context, env *action.Env, prior networkState) (map[string]string, error) {
	var names []string
	for _, n := range prior.Interfaces {
		for _, g := range n.Groups {
			if !strings.HasPrefix(g, "sg-") && !slices.Contains(names, g) {
				names = append(names, g)
			}
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	groups, err := describeOwnGroups(ctx, env, names)
	ids := map[string]string{}
	for _, sg := range groups {
		ids[ownGroupKey(aws.ToString(sg.GroupName), aws.ToString(sg.VpcId))] = aws.ToString(sg.GroupId)
	}
	return ids, err
}

func vpcs(s networkState) []string {
	set := map[string]bool{}
	for _, n := range s.Interfaces {
		set[n.VPC] = true
	}
	return slices.Sorted(maps.Keys(set))
}
