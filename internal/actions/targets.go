package actions

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbv2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"cordon/internal/action"
	"cordon/internal/cloud"
)

// registration is one target in one target group. Its text form is "group ARN|id|port|zone".
type registration struct {
	Group, ID string
	Port      int32
	Zone      string // "" unless the target names one
}

func (r registration) String() string {
	return r.Group + "|" + r.ID + "|" + strconv.Itoa(int(r.Port)) + "|" + r.Zone
}

func parseRegistration(s string) (registration, error) {
	f := strings.Split(s, "|")
	if len(f) != 4 {
		return registration{}, fmt.Errorf("read target %q: not of the form group|id|port|zone", s)
	}
	port, err := strconv.ParseInt(f[2], 10, 32)
	if err != nil {
		return registration{}, fmt.Errorf("read target %q: %w", s, err)
	}
	return registration{Group: f[0], ID: f[1], Port: int32(port), Zone: f[3]}, nil
}

// description is the registration as the API takes it. Port 0 means the group's own.
func (r registration) description() elbv2types.TargetDescription {
	d := elbv2types.TargetDescription{Id: &r.ID}
	if r.Port != 0 {
		d.Port = &r.Port
	}
	if r.Zone != "" {
		d.AvailabilityZone = &r.Zone
	}
	return d
}

// targetGroupsFor lists the groups that can hold the instance: all of type ip, and those of type instance in its VPC.
func targetGroupsFor(ctx context.Context, env *action.Env, i ec2types.Instance) (arns []string, err error) {
	pages := elbv2.NewDescribeTargetGroupsPaginator(env.ELBV2, &elbv2.DescribeTargetGroupsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, wrap("list target groups for instance", aws.ToString(i.InstanceId), err)
		}
		for _, g := range page.TargetGroups {
			switch g.TargetType {
			case elbv2types.TargetTypeEnumInstance:
				if aws.ToString(g.VpcId) == aws.ToString(i.VpcId) {
					arns = append(arns, aws.ToString(g.TargetGroupArn))
				}
			case elbv2types.TargetTypeEnumIp:
				arns = append(arns, aws.ToString(g.TargetGroupArn))
			}
		}
	}
	return arns, nil
}

// registrationsIn reads in which of the groups one of the ids is a target, and which of the groups are there at all. A
// target that is draining is not counted: it is on its way out.
func registrationsIn(
	ctx context.Context, env *action.Env, groups []string, ids map[string]bool,
) (in map[string]bool, exists map[string]bool, err error) {
	in, exists = map[string]bool{}, map[string]bool{}
	var mu sync.Mutex
	err = each(groups, func(arn string) error {
		out, err := env.ELBV2.DescribeTargetHealth(ctx, &elbv2.DescribeTargetHealthInput{TargetGroupArn: &arn})
		if cloud.Is(err, "TargetGroupNotFound") {
			return nil
		}
		if err != nil {
			return wrap("read targets of", arn, err)
		}
		mu.Lock()
		defer mu.Unlock()
		exists[arn] = true
		for _, t := range out.TargetHealthDescriptions {
			if t.Target == nil || !ids[aws.ToString(t.Target.Id)] || draining(t.TargetHealth) {
				continue
			}
			in[registration{
				Group: arn, ID: aws.ToString(t.Target.Id), Port: aws.ToInt32(t.Target.Port), Zone: aws.ToString(t.Target.AvailabilityZone),
			}.String()] = true
		}
		return nil
	})
	return in, exists, err
}

func draining(h *elbv2types.TargetHealth) bool {
	return h != nil && h.State == elbv2types.TargetHealthStateEnumDraining
}

// targetIDs are the ids under which an instance can be a target: its own and its private addresses.
func targetIDs(i ec2types.Instance) map[string]bool {
	ids := map[string]bool{aws.ToString(i.InstanceId): true}
	for _, n := range i.NetworkInterfaces {
		for _, a := range n.PrivateIpAddresses {
			ids[aws.ToString(a.PrivateIpAddress)] = true
		}
		for _, a := range n.Ipv6Addresses {
			ids[aws.ToString(a.Ipv6Address)] = true
		}
	}
	delete(ids, "")
	return ids
}

// registered are the keys that are true, sorted.
func registered(m map[string]bool) (names []string) {
	for _, name := range sortedKeys(m) {
		if m[name] {
			names = append(names, name)
		}
	}
	return names
}

func allFalse(m map[string]bool) map[string]bool {
	out := map[string]bool{}
	for name := range m {
		out[name] = false
	}
	return out
}
