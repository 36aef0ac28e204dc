package blast

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"golang.org/x/sync/errgroup"

	"cordon/internal/cloud"
	"cordon/internal/config"
)

// inFlight bounds the calls that one guard makes at a time; ELB allows a burst of 40 over all its actions.
const inFlight = 24

// instance gives the looks at an instance. The instance itself is read once, by whichever needs it first.
func (l *looker) instance() []func(context.Context) {
	var once sync.Once
	var found ec2types.Instance
	var err error
	done := make(chan struct{})
	read := func(ctx context.Context) (ec2types.Instance, error) {
		once.Do(func() { // nobody waits for the lock of once while AWS answers
			go func() {
				defer close(done)
				found, err = l.describeInstance(ctx)
			}()
		})
		<-done
		return found, err
	}
	return []func(context.Context){
		func(ctx context.Context) { l.targetGroups(ctx, read) },
		l.classicBalancers,
		l.scalingGroup,
		func(ctx context.Context) { l.sharedProfile(ctx, read) },
		func(ctx context.Context) { l.sharedSubnet(ctx, read) },
	}
}

type readInstance func(context.Context) (ec2types.Instance, error)

func (l *looker) describeInstance(ctx context.Context) (ec2types.Instance, error) {
	out, err := l.EC2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{l.t.ID}})
	if err != nil {
		return ec2types.Instance{}, err
	}
	for _, r := range out.Reservations {
		for _, i := range r.Instances {
			return i, nil
		}
	}
	return ec2types.Instance{}, errors.New("AWS does not show it")
}

// sharedProfile looks at who else has the instance's profile, where the sessions of a shared role are going to be
// revoked. Roles that several profiles hold are not followed: that takes calls in a row.
func (l *looker) sharedProfile(ctx context.Context, read readInstance) {
	w := l.b.RoleUsers.Then
	if w == config.Ignore || !l.o.Config.EC2.RevokeSharedRoles {
		return
	}
	i, err := read(ctx)
	if err == nil && i.IamInstanceProfile == nil {
		return
	}
	var others []string
	if err == nil {
		others, err = instancesWith(ctx, l.Clients, l.t.ID, *i.IamInstanceProfile.Arn)
	}
	if err != nil {
		l.unknown(ctx, RoleUsers, w, "which other instances have its instance profile", err)
		return
	}
	if len(others) > l.b.RoleUsers.MoreThan {
		l.add(RoleUsers, w, "%d other running instances in %s have its instance profile %s: their role's sessions end too (%s)",
			len(others), l.Region, lastSegment(*i.IamInstanceProfile.Arn), some(others))
	}
}

// instancesWith lists the running instances but for self that have one of the instance profiles, sorted.
func instancesWith(ctx context.Context, c *cloud.Clients, self string, profiles ...string) (ids []string, err error) {
	if len(profiles) == 0 {
		return nil, nil
	}
	err = eachInstance(ctx, c, func(i ec2types.Instance) {
		if id := aws.ToString(i.InstanceId); id != self {
			ids = append(ids, id)
		}
	}, filter("iam-instance-profile.arn", profiles...), filter("instance-state-name", "pending", "running"))
	slices.Sort(ids)
	return ids, err
}

func eachInstance(ctx context.Context, c *cloud.Clients, f func(ec2types.Instance), filters ...ec2types.Filter) error {
	pages := ec2.NewDescribeInstancesPaginator(c.EC2, &ec2.DescribeInstancesInput{Filters: filters})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, r := range page.Reservations {
			for _, i := range r.Instances {
				f(i)
			}
		}
	}
	return nil
}

func filter(name string, values ...string) ec2types.Filter {
	return ec2types.Filter{Name: &name, Values: values}
}

// each runs f for every item, a bounded number at a time, and gives the first error.
func each[T any](ctx context.Context, items []T, f func(context.Context, T) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(inFlight)
	for _, item := range items {
		g.Go(func() error { return f(ctx, item) })
	}
	return g.Wait()
}

// some joins up to five of the words.
func some(words []string) string {
	if len(words) > 5 {
		return strings.Join(words[:5], ", ") + ", …"
	}
	return strings.Join(words, ", ")
}

// lastSegment is what stands behind the last slash of an ARN.
func lastSegment(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }
