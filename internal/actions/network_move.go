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

	"cordon/internal/action"
	"cordon/internal/cloud"
)

// move takes every interface of prior into the case's group of that name:
//
//	┌ make the groups ─ set their rules ┐ touch? ┌ eni 1: all-access ─ quarantine ┐
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
	var repair error // what stands in its way does not keep the interfaces from being isolated
	if env.Attempt > 1 {
		repair = repairGroups(ctx, env, name, name == collectGroup(on.Case))
	}
	if env.Interrupted && cut {
		for id := range prior.Interfaces {
			if !slices.Contains(left, id) {
				leaveOpen(env, id, errors.New("the run that isolated it was interrupted"))
			}
		}
	}
	if len(left) == 0 {
		dropUntrack(ctx, env, on, nil)
		return repair
	}
	groups := readyGroups(ctx, env, on, vpcs(prior, left), name, out, cut)
	if err := env.Touch(ctx); err != nil {
		return takeGroupsBack(ctx, env, on, prior, name, err)
	}
	// One interface that fails does not keep the others from being isolated.
	var wg sync.WaitGroup
	errs := make([]error, len(left))
	for i, id := range left {
		n := prior.Interfaces[id]
		if g := groups[n.VPC]; g.err == nil {
			wg.Go(func() { errs[i] = moveInterface(ctx, env, id, n, g) })
		}
	}
	wg.Wait()
	errs = append(errs, repair)
	for _, vpc := range sortedKeys(groups) {
		errs = append(errs, groups[vpc].err)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	env.InEffect()
	dropUntrack(ctx, env, on, groups)
	return nil
}

// takeGroupsBack deletes the groups that were made for a change that is refused, and gives that refusal.
func takeGroupsBack(ctx context.Context, env *action.Env, on action.On, prior networkState, name string, refused error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	if err := deleteGroups(ctx, env, prior.Keep, name, untrackGroup(on.Case)); err != nil {
		return fmt.Errorf("take the case's empty groups back, as the change was refused: %w", err) // release deletes them
	}
	return refused
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

// moveInterface takes one interface through the all-access group into its quarantine group. Whatever comes of the first
// step, whose answer may be lost, the second one is made, also when the caller gives up. Where that fails for good the
// interface gets its former groups back: all-access would be worse than before.
func moveInterface(ctx context.Context, env *action.Env, id string, prior networkInterface, g vpcGroups) error {
	untrack, group := g.untrack, g.target
	if untrack == "" {
		if g.uncut != nil {
			leaveOpen(env, id, g.uncut)
		}
		return wrap("isolate", id, setGroups(ctx, env, id, group))
	}
	opened := time.Now()
	uncut := setGroups(ctx, env, id, untrack)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	err := patiently(ctx, func() error { return setGroups(ctx, env, id, group) })
	switch {
	case err == nil && uncut == nil:
		env.Note("%s: all-access for %d ms, to cut its live connections", id, time.Since(opened).Milliseconds())
		return nil
	case err == nil && cloud.Temporary(uncut): // isolated by now: once more through the all-access group, to cut what was open
		return cutAgain(ctx, env, id, untrack, group)
	case err == nil:
		leaveOpen(env, id, uncut)
		return nil
	}
	err = errors.Join(uncut, err)
	back, stop := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer stop()
	if undo := patiently(back, func() error { return regroup(back, env, id, prior) }); undo != nil {
		return fmt.Errorf("isolate %s: it may be in the ALL-ACCESS group %s now, put it into %s at once: %w", id, untrack, group, errors.Join(err, undo))
	}
	return fmt.Errorf("isolate %s (its former security groups are back): %w", id, err)
}

// cutAgain takes an isolated interface through the all-access group once more, because it may not have been there.
func cutAgain(ctx context.Context, env *action.Env, id, untrack, group string) error {
	opened := time.Now()
	uncut := patiently(ctx, func() error { return setGroups(ctx, env, id, untrack) })
	back, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	if err := patiently(back, func() error { return setGroups(back, env, id, group) }); err != nil {
		return fmt.Errorf("isolate %s: it may be in the ALL-ACCESS group %s now, put it into %s at once: %w", id, untrack, group, errors.Join(uncut, err))
	}
	if uncut != nil {
		leaveOpen(env, id, uncut)
		return nil
	}
	env.Note("%s: isolated, then all-access again for %d ms, to cut its live connections", id, time.Since(opened).Milliseconds())
	return nil
}

// leaveOpen says that an interface is isolated, and that its live connections may not have been cut.
func leaveOpen(env *action.Env, id string, cause error) {
	env.Remains("%s: connections that were open before may not have been cut, and stay open until idle: %v", id, cause)
}

// regroup gives one interface its former groups back, some of which may be Cordon's own.
func regroup(ctx context.Context, env *action.Env, id string, prior networkInterface) error {
	ids, err := ownGroupIDs(ctx, env, networkState{Interfaces: map[string]networkInterface{id: prior}})
	if err != nil {
		return err
	}
	return restoreInterface(ctx, env, id, prior, ids)
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

// vpcs lists the VPCs of the interfaces with these ids.
func vpcs(s networkState, ids []string) []string {
	set := map[string]bool{}
	for _, id := range ids {
		set[s.Interfaces[id].VPC] = true
	}
	return slices.Sorted(maps.Keys(set))
}
