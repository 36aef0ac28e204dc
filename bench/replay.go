package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"cordon/internal/cloud"
)

// Replay makes a recording's calls on the account, one after another, with its sleeps. Each is a real call with an input of its own
// that AWS takes; what a call answers is used by those after it. It gives the error of each call that failed, the SDK's retries
// included, and goes on after it: what the reference would do then is not known.
func Replay(ctx context.Context, a *Account, b Baseline) (failed []error, err error) {
	r := &replayer{
		a: a, ec2: ec2.NewFromConfig(a.cfg), elb: elb.NewFromConfig(a.cfg), elbv2: elbv2.NewFromConfig(a.cfg),
		scaling: autoscaling.NewFromConfig(a.cfg), ssm: ssm.NewFromConfig(a.cfg), s3: s3.NewFromConfig(a.cfg),
		sns: sns.NewFromConfig(a.cfg), tables: awsdynamodb.NewFromConfig(a.cfg), times: map[string]int{},
	}
	calls := r.calls()
	for i, c := range b.Calls {
		call, ok := calls[c.Service+" "+c.Operation]
		if !ok {
			return failed, fmt.Errorf("replay %s: call %d: not known how to make %s %s", b.Name, i+1, c.Service, c.Operation)
		}
		if c.Sleep > 0 {
			select {
			case <-time.After(c.Sleep):
			case <-ctx.Done():
				return failed, ctx.Err()
			}
		}
		if err := call(ctx); err != nil && !cloud.Is(err, "InvocationDoesNotExist") { // AWS does not know a command's invocation at once
			if errors.Is(err, errNothingRead) {
				return failed, fmt.Errorf("replay %s: call %d, %s: %w", b.Name, i+1, c.Operation, err)
			}
			failed = append(failed, fmt.Errorf("%s: %w", c.Operation, err))
		}
		r.times[c.Operation]++
	}
	return failed, nil
}

// errNothingRead says that a call lacks what an earlier one should have read.
var errNothingRead = errors.New("no earlier call has read what it needs")

// replayer is one replay: its clients, and what its calls have read and made so far.
type replayer struct {
	a       *Account
	ec2     *ec2.Client
	elb     *elb.Client
	elbv2   *elbv2.Client
	scaling *autoscaling.Client
	ssm     *ssm.Client
	s3      *s3.Client
	sns     *sns.Client
	tables  *awsdynamodb.Client

	times       map[string]int // how often an operation was called
	volumes     []string
	interfaces  []string
	association string
	group       string // the quarantine group
	rules       []ec2types.IpPermission
	egress      []ec2types.IpPermission
	command     string
	scalingName string
	balancers   []string // classic, by name
	targets     []string // target groups, by ARN
	target      *string  // the one that the host is in
}

// nth gives one of the items by how often the operation was called: all in turn.
func (r *replayer) nth(operation string, items []string) (*string, error) {
	if len(items) == 0 {
		return nil, errNothingRead
	}
	return &items[r.times[operation]%len(items)], nil
}
