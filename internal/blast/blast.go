// Package blast looks at what containing a target would break beside the target: its blast radius.
//
// It reads only, side by side, and is patient for a moment alone: containment waits for it. What a concern leads to
// (a person is asked, or the case says it) is the configuration's.
package blast

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"cordon/internal/cloud"
	"cordon/internal/config"
	"cordon/internal/finding"
)

// Kind is what a concern is about. The values are those of the command line's JSON.
type Kind string

// The kinds of concern.
const (
	LastHealthyTarget Kind = "last-healthy-target"
	GroupAtMinimum    Kind = "group-at-minimum"
	GroupShare        Kind = "group-share"
	RoleUsers         Kind = "role-users"
	SharedSubnet      Kind = "shared-subnet"
	UserInUse         Kind = "user-in-use"
	Website           Kind = "website"
	CloudFront        Kind = "cloudfront"
	OwnPart           Kind = "own-part"
)

// Concern is one thing that containing the target would break, or that could not be read.
type Concern struct {
	Kind Kind   `json:"kind"`
	Text string `json:"text"` // one sentence, for people; names in it are as AWS gave them: hostile
	Ask  bool   `json:"ask"`  // a person must say yes first
}

// Options are what a look needs to know beside the account.
type Options struct {
	Config config.Config
	// Caller gives the ARN that the clients act as, "" where that cannot be known. It may wait: time runs from its answer.
	Caller func(context.Context) string
	// Instances are clients for the Region whose instances count as users of a role, which itself belongs to none; nil:
	// those of the target.
	Instances *cloud.Clients
	// Blocks gives the blocks that are going to be denied in the network ACLs of an instance's subnets; nil: no such step.
	Blocks func(context.Context) ([]string, error)
	// Keys are the access keys that the findings name.
	Keys []string
	// GroupOf gives the Auto Scaling group that a case has taken its instance out of, "" for none; nil for never.
	GroupOf func(ctx context.Context, caseID string) string
}

// patience is how long the reads may take once AWS has said who is asking.
const patience = time.Second

var errSlow = errors.New("no answer within " + patience.String())

// Look gives the concerns about containing a target, ordered by kind; none for a kind of target that it knows nothing of,
// or one that does not exist. It has no error: what could not be read is a concern. Two round trips in a row, one more
// for each 24 target groups in use.
func Look(ctx context.Context, c *cloud.Clients, t finding.Target, o Options) []Concern {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	l := &looker{Clients: c, t: t, o: o, b: o.Config.BlastRadius}
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		caller := o.Caller(ctx)
		slow := time.AfterFunc(patience, func() { cancel(errSlow) })
		context.AfterFunc(ctx, func() { slow.Stop() })
		l.ownParts(ctx, caller)
	})
	var guards []func(context.Context)
	switch t.Kind {
	case finding.KindInstance:
		guards = l.instance()
	case finding.KindRole:
		guards = []func(context.Context){l.roleUsers}
	case finding.KindUser:
		guards = []func(context.Context){l.userInUse}
	case finding.KindBucket:
		guards = []func(context.Context){l.website, l.cloudFront}
	}
	for _, look := range guards {
		wg.Go(func() { look(ctx) })
	}
	wg.Wait()
	slices.SortFunc(l.concerns, func(a, b Concern) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Text, b.Text)) })
	return l.concerns
}

// Permissions lists the IAM actions that Look may call, sorted.
func Permissions() []string {
	return []string{
		"autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeAutoScalingInstances", "ec2:DescribeInstances",
		"ec2:DescribeNetworkAcls", "elasticloadbalancing:DescribeInstanceHealth", "elasticloadbalancing:DescribeLoadBalancers",
		"elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetHealth", "iam:GetInstanceProfile",
		"iam:GetRole", "iam:GetUser", "iam:ListAccessKeys", "iam:ListInstanceProfilesForRole", "s3:GetBucketPolicy",
		"s3:GetBucketWebsite",
	}
}

// looker is one look at one target.
type looker struct {
	*cloud.Clients
	t finding.Target
	o Options
	b config.BlastRadius

	mu       sync.Mutex
	concerns []Concern
}

func (l *looker) add(k Kind, w config.Weight, format string, args ...any) {
	if w == config.Ignore {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.concerns = append(l.concerns, Concern{Kind: k, Text: fmt.Sprintf(format, args...), Ask: w == config.Approve})
}

// unknown is the concern of something that could not be read. A target that is not there breaks nothing.
func (l *looker) unknown(ctx context.Context, k Kind, w config.Weight, what string, err error) {
	if err == nil || cloud.NotFound(err) || w == config.Ignore {
		return
	}
	if w == config.Approve {
		w = l.b.Unknown
	} else if l.b.Unknown != config.Ignore {
		w = config.Report
	}
	why := cloud.Code(err)
	switch {
	case errors.Is(context.Cause(ctx), errSlow):
		why = errSlow.Error()
	case why == "":
		why = err.Error()
	}
	l.add(k, w, "it is not known %s (%s)", what, why)
}
