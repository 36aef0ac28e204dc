package actions

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"golang.org/x/sync/errgroup"

	"cordon/internal/action"
)

// networkState is what isolation changes: the security groups of every network interface, and the groups that Cordon
// itself makes for the case. Cordon's own groups appear by name, which is known before they exist; others by id.
type networkState struct {
	Interfaces map[string]networkInterface `json:"interfaces"`         // by eni id
	Groups     map[string]ownGroup         `json:"groups,omitempty"`   // Cordon's own, by "name@vpc"
	Instance   json.RawMessage             `json:"instance,omitempty"` // DescribeInstances before the change: evidence, not compared
	Managed    bool                        `json:"managed,omitempty"`  // SSM reached the host before the change; not compared
	Keep       map[string]bool             `json:"keep,omitempty"`     // parts that release leaves alone
}

type networkInterface struct {
	VPC    string   `json:"vpc"`
	Groups []string `json:"groups"` // sorted
}

// ownGroup is a security group that Cordon made for the case, as rules in words, sorted.
type ownGroup struct {
	Ingress []string `json:"ingress"`
	Egress  []string `json:"egress"`
}

// The groups of a case. The case id makes the names unlike any other group's.
func quarantineGroup(caseID string) string { return "cordon-quarantine-" + caseID } // no rule at all
func collectGroup(caseID string) string    { return "cordon-collect-" + caseID }    // 443 out, while live response runs
func sealedGroup(caseID string) string     { return "cordon-sealed-" + caseID }     // no rule, after live response
func untrackGroup(caseID string) string    { return "cordon-untrack-" + caseID }    // everything: makes live flows untracked

func ownGroupKey(name, vpc string) string { return name + "@" + vpc }

func networkParts(s networkState) map[string]any {
	parts := map[string]any{}
	for id, n := range s.Interfaces {
		parts[id] = n.Groups
	}
	for key, g := range s.Groups {
		parts["security group "+key] = g
	}
	return parts
}

func networkWithout(s networkState, parts map[string]bool) networkState {
	s.Interfaces = maps.Clone(s.Interfaces)
	maps.DeleteFunc(s.Interfaces, func(id string, _ networkInterface) bool { return parts[id] })
	s.Keep = parts
	return s
}

// extendNetwork adds the interfaces that were attached since, with the groups they came with.
func extendNetwork(prior, now networkState) networkState {
	for id, n := range now.Interfaces {
		if _, known := prior.Interfaces[id]; !known {
			prior.Interfaces[id] = n
		}
	}
	return prior
}

// withoutUntrack is the state before, less the case's all-access groups: one that was left is not to come back.
func (s networkState) withoutUntrack(caseID string) networkState {
	s.Groups = maps.Clone(s.Groups)
	maps.DeleteFunc(s.Groups, func(key string, _ ownGroup) bool {
		return strings.HasPrefix(key, ownGroupKey(untrackGroup(caseID), ""))
	})
	return s
}

// observeNetwork reads the instance's interfaces, and those of Cordon's groups named here, side by side.
func observeNetwork(ctx context.Context, env *action.Env, on action.On, names ...string) (networkState, error) {
	s := networkState{Interfaces: map[string]networkInterface{}, Groups: map[string]ownGroup{}}
	own := map[string]bool{}
	for _, n := range []string{quarantineGroup(on.Case), collectGroup(on.Case), sealedGroup(on.Case), untrackGroup(on.Case)} {
		own[n] = true
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		interfaces, err := describeInterfaces(ctx, env, on.Target.ID)
		for _, eni := range interfaces {
			n := networkInterface{VPC: aws.ToString(eni.VpcId), Groups: []string{}}
			for _, sg := range eni.Groups {
				if name := aws.ToString(sg.GroupName); own[name] {
					n.Groups = append(n.Groups, name)
				} else {
					n.Groups = append(n.Groups, aws.ToString(sg.GroupId))
				}
			}
			slices.Sort(n.Groups)
			s.Interfaces[aws.ToString(eni.NetworkInterfaceId)] = n
		}
		return err
	})
	g.Go(func() error {
		groups, err := describeOwnGroups(ctx, env, names)
		for _, sg := range groups {
			s.Groups[ownGroupKey(aws.ToString(sg.GroupName), aws.ToString(sg.VpcId))] = ownGroup{
				Ingress: ruleWords(sg.IpPermissions), Egress: ruleWords(sg.IpPermissionsEgress),
			}
		}
		return err
	})
	return s, g.Wait()
}

// observeKnownNetwork is observeNetwork for an instance that was there before: without interfaces it is gone.
func observeKnownNetwork(ctx context.Context, env *action.Env, on action.On, names ...string) (networkState, error) {
	s, err := observeNetwork(ctx, env, on, names...)
	if err != nil || len(s.Interfaces) > 0 {
		return s, err
	}
	_, err = describeInstance(ctx, env, on.Target.ID)
	return s, err
}

func describeInterfaces(ctx context.Context, env *action.Env, instance string) (out []ec2types.NetworkInterface, err error) {
	pages := ec2.NewDescribeNetworkInterfacesPaginator(env.EC2, &ec2.DescribeNetworkInterfacesInput{
		Filters: []ec2types.Filter{{Name: aws.String("attachment.instance-id"), Values: []string{instance}}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, wrap("read network interfaces of", instance, err)
		}
		out = append(out, page.NetworkInterfaces...)
	}
	return out, nil
}

func describeOwnGroups(ctx context.Context, env *action.Env, names []string) (out []ec2types.SecurityGroup, err error) {
	pages := ec2.NewDescribeSecurityGroupsPaginator(env.EC2, &ec2.DescribeSecurityGroupsInput{
		Filters: []ec2types.Filter{{Name: aws.String("group-name"), Values: names}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, wrap("read security groups", names[0], err)
		}
		out = append(out, page.SecurityGroups...)
	}
	return out, nil
}

// errNoInterfaces: an instance always has an interface; an empty answer must not pass for "all isolated".
var errNoInterfaces = errors.New("AWS shows no network interface of the instance")
