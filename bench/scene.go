package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbv2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"cordon/internal/awssim"
	"cordon/internal/casefile/dynamodb"
	"cordon/internal/cloud"
)

// The demo account's web server: two interfaces, three volumes, an Auto Scaling group, target groups and a classic balancer. So is the host of the
// recordings.
const (
	host       = "i-0a1b2c3d4e5f60001"
	hostVPC    = "vpc-0a1b2c3d4e5f60001"
	hostSubnet = "subnet-0a1b2c3d4e5f60001"
	attacker   = "198.51.100.23"

	bucket = "cordon-evidence-" + awssim.DefaultAccount
	table  = "cordon"
	lookup = "reference" // the Terraform project's table
)

// Scene is what both sides find: the demo account with more around it.
type Scene struct {
	Classic, TargetGroups int  // in the Region; the host is in one classic balancer and two target groups
	NoSSM                 bool // Systems Manager does not reach the host

	Latency  time.Duration // of every call
	Throttle float64       // share of the calls that AWS refuses as over its rate
	Seed     uint64        // of which calls those are

	Snapshot time.Duration // how long a snapshot takes; awssim's 2 s if zero
	Command  time.Duration // how long a command takes over SSM; awssim's 1 s if zero
}

// Account is a Scene's account with the journal of what is called from Begin on.
type Account struct {
	*awssim.Account
	Journal *cloud.Journal
	Topic   string // ARN

	cfg   aws.Config
	begun atomic.Bool
	watch func(awssim.Call) // is told of each attempt as it begins; nil for nobody
}

// NewAccount makes the scene's account. Making it takes no latency, and is in no journal.
func NewAccount(ctx context.Context, s Scene) (*Account, error) {
	a := &Account{Journal: &cloud.Journal{}}
	var mu sync.Mutex
	dice := rand.New(rand.NewPCG(s.Seed, 0))
	a.Account = awssim.New(awssim.Options{
		SnapshotTime: s.Snapshot, CommandTime: s.Command,
		Latency: func(c awssim.Call) time.Duration {
			if !a.begun.Load() {
				return 0
			}
			if a.watch != nil {
				mu.Lock()
				defer mu.Unlock()
				a.watch(c)
			}
			return s.Latency
		},
		Fault: func(c awssim.Call) awssim.Fault {
			if s.Throttle == 0 || !a.begun.Load() {
				return awssim.Fault{}
			}
			mu.Lock()
			defer mu.Unlock()
			if dice.Float64() < s.Throttle {
				return awssim.Fault{Before: awssim.Throttled(c)}
			}
			return awssim.Fault{}
		},
	})
	if err := awssim.Demo(a.Account); err != nil {
		return nil, err
	}
	if err := a.furnish(ctx, s); err != nil {
		return nil, fmt.Errorf("make the account: %w", err)
	}
	a.cfg = a.Journal.Attach(a.Config(awssim.DemoRegion))
	return a, nil
}

// Begin lets latency and throttling begin.
func (a *Account) Begin() { a.begun.Store(true) }

// furnish adds what the demo account lacks: balancers and target groups that the host is not in, a topic and tables.
func (a *Account) furnish(ctx context.Context, s Scene) error {
	cfg := a.Config(awssim.DemoRegion)
	if s.NoSSM {
		if err := a.Edit(awssim.DemoRegion, func(ed *awssim.Editor) error { ed.StopAgent(host); return nil }); err != nil {
			return err
		}
	}
	classic, v2 := elb.NewFromConfig(cfg), elbv2.NewFromConfig(cfg)
	for n := 1; n < s.Classic; n++ { // the demo has one
		_, err := classic.CreateLoadBalancer(ctx, &elb.CreateLoadBalancerInput{
			LoadBalancerName: aws.String(fmt.Sprintf("other-%03d", n)), Subnets: []string{hostSubnet},
			Listeners: []elbtypes.Listener{{Protocol: aws.String("HTTP"), LoadBalancerPort: 80, InstanceProtocol: aws.String("HTTP"), InstancePort: aws.Int32(80)}},
		})
		if err != nil {
			return err
		}
	}
	for n := 2; n < s.TargetGroups; n++ { // the demo has two
		_, err := v2.CreateTargetGroup(ctx, &elbv2.CreateTargetGroupInput{
			Name: aws.String(fmt.Sprintf("other-%03d", n)), VpcId: aws.String(hostVPC), Port: aws.Int32(80),
			Protocol: elbv2types.ProtocolEnumHttp, TargetType: elbv2types.TargetTypeEnumInstance,
		})
		if err != nil {
			return err
		}
	}
	topic, err := sns.NewFromConfig(cfg).CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("security")})
	if err != nil {
		return err
	}
	a.Topic = aws.ToString(topic.TopicArn)
	tables := awsdynamodb.NewFromConfig(cfg)
	for _, name := range []string{table, lookup} {
		if _, err := tables.CreateTable(ctx, dynamodb.CreateTableInput(name)); err != nil {
			return err
		}
	}
	return nil
}

// CutOff says what still gets through to or from the host: new connections on any interface, and those connections through the internet gateway
// or within the VPC that were open before.
func (a *Account) CutOff() (reachable, alive int) {
	enis := []string{"eni-0a1b2c3d4e5f60001", "eni-0a1b2c3d4e5f60002"}
	for _, eni := range enis {
		if a.Reachable(awssim.DemoRegion, eni, attacker, 4444, awssim.Outbound) || a.Reachable(awssim.DemoRegion, eni, "10.20.2.99", 22, awssim.Inbound) {
			reachable++
		}
		for _, f := range a.Flows(awssim.DemoRegion) {
			if f.Interface == eni && f.Alive {
				alive++
			}
		}
	}
	return reachable, alive
}
