package cloud_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"cordon/internal/awssim"
	"cordon/internal/cloud"
)

func asError[E error](err error, e *E) bool { return errors.As(err, e) }

// paced is an account whose clients go through one pace.
type paced struct {
	pace    cloud.Pace
	account *awssim.Account

	mu     sync.Mutex
	waited map[bool]int // how many calls had to wait, by urgency
}

func newPaced(o awssim.Options) *paced {
	p := &paced{account: awssim.New(o), waited: map[bool]int{}}
	p.pace.Waited = func(_, _ string, urgent bool, _ time.Duration) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.waited[urgent]++
	}
	return p
}

func (p *paced) clients(account, region string) *cloud.Clients {
	return cloud.New(p.pace.Attach(p.account.Config(region)), account)
}

// tag draws from a bucket of 100 that gains 10 a second: Pace makes 90 and 9 of it, and reserves 27.
func tag(ctx context.Context, c *cloud.Clients) error {
	_, err := c.EC2.CreateTags(ctx, &ec2.CreateTagsInput{
		Resources: []string{"i-0a1b2c3d4e5f60001"}, Tags: []ec2types.Tag{{Key: aws.String("case"), Value: aws.String("1")}},
	})
	if cloud.NotFound(err) {
		err = nil // whatever the account says, the call was made
	}
	return err
}

// TestPace: how long n calls at once take, by the bucket that they draw from.
func TestPace(t *testing.T) {
	for _, tt := range []struct {
		name    string
		n       int
		urgent  bool
		seconds float64
	}{
		{"urgent, within the bucket", 90, true, 0},
		{"urgent, nine over it", 99, true, 1},
		{"others, within their part", 63, false, 0},
		{"others leave the reserve", 81, false, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPaced(awssim.Options{})
				c, ctx := p.clients("111122223333", "us-east-1"), t.Context()
				if tt.urgent {
					ctx = cloud.Urgent(ctx)
				}
				began := time.Now()
				var wg sync.WaitGroup
				for range tt.n {
					wg.Go(func() {
						if err := tag(ctx, c); err != nil {
							t.Error(err)
						}
					})
				}
				wg.Wait()
				if took := time.Since(began).Seconds(); took < tt.seconds-0.01 || took > tt.seconds+0.1 {
					t.Errorf("%d calls took %.3f s, want %.0f", tt.n, took, tt.seconds)
				}
				if (p.waited[tt.urgent] > 0) != (tt.seconds > 0) || p.waited[!tt.urgent] != 0 {
					t.Errorf("waited: %v", p.waited)
				}
			})
		})
	}
}

// TestUrgentGoesFirst: while hundreds of others wait, an urgent call is made at once; when it has come to the bucket's end,
// the others wait for it.
func TestUrgentGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPaced(awssim.Options{})
		c := p.clients("111122223333", "us-east-1")
		others, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 300 {
			wg.Go(func() { _ = tag(others, c) })
		}
		time.Sleep(time.Second)
		for range 20 {
			began := time.Now()
			if err := tag(cloud.Urgent(t.Context()), c); err != nil || time.Since(began) != 0 {
				t.Errorf("an urgent call waited %s: %v", time.Since(began), err)
			}
		}
		before := p.account.Calls()
		time.Sleep(time.Second)
		if made := p.account.Calls() - before; made != 0 {
			t.Errorf("%d others were made while the reserve was not full", made)
		}
		time.Sleep(5 * time.Second)
		if p.account.Calls() == before {
			t.Error("the others are starved")
		}
		stop()
		wg.Wait() // whoever waited goes away
	})
}

// TestBucketsAreApart: what is used up for one account, Region or API is not for another.
func TestBucketsAreApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, ctx := newPaced(awssim.Options{}), cloud.Urgent(t.Context())
		for range 90 {
			_ = tag(ctx, p.clients("111122223333", "us-east-1"))
		}
		began := time.Now()
		for _, f := range []func() error{
			func() error { return tag(ctx, p.clients("111122223333", "eu-west-1")) },
			func() error { return tag(ctx, p.clients("444455556666", "us-east-1")) },
			func() error { return describe(ctx, p.clients("111122223333", "us-east-1")) },
		} {
			if err := f(); err != nil || time.Since(began) != 0 {
				t.Errorf("waited %s: %v", time.Since(began), err)
			}
		}
		if err := tag(ctx, p.clients("111122223333", "us-east-1")); err != nil || time.Since(began) == 0 {
			t.Errorf("the bucket that was used up let a call through at once: %v", err)
		}
	})
}

// TestIAMIsGlobal: clients of two Regions draw from the one bucket that IAM has for the account.
func TestIAMIsGlobal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, ctx := newPaced(awssim.Options{}), cloud.Urgent(t.Context())
		began := time.Now()
		for i := range 55 { // 54 are there
			_, err := p.clients("111122223333", []string{"us-east-1", "eu-west-1"}[i%2]).IAM.ListUsers(ctx, &iam.ListUsersInput{})
			if err != nil && cloud.Code(err) == "" {
				t.Fatal(err)
			}
		}
		if time.Since(began) == 0 {
			t.Error("two Regions have a bucket each")
		}
	})
}

// TestUnfilteredIsApart: reading all instances without pages has a smaller bucket of its own.
func TestUnfilteredIsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, ctx := newPaced(awssim.Options{}), cloud.Urgent(t.Context())
		c, began := p.clients("111122223333", "us-east-1"), time.Now()
		for range 46 { // 45 are there
			_, _ = c.EC2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{})
		}
		if time.Since(began) == 0 {
			t.Error("46 calls did not wait")
		}
		began = time.Now()
		for range 90 {
			_, _ = c.EC2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{MaxResults: aws.Int32(5)})
		}
		if time.Since(began) != 0 {
			t.Error("reading pages waited for reading all")
		}
	})
}

// TestDeadline: a wait that there is no time for fails at once, is not repeated, sends nothing, and leaves its token.
func TestDeadline(t *testing.T) {
	for _, urgent := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			p := newPaced(awssim.Options{})
			c := p.clients("111122223333", "us-east-1")
			for range 90 {
				_ = tag(cloud.Urgent(t.Context()), c)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if urgent {
				ctx = cloud.Urgent(ctx)
			}
			began, calls := time.Now(), p.account.Calls()
			for range 5 {
				err := tag(ctx, c)
				if !errors.Is(err, context.DeadlineExceeded) || !cloud.Temporary(err) || time.Since(began) != 0 {
					t.Errorf("urgent %v: after %s %v", urgent, time.Since(began), err)
				}
			}
			if p.account.Calls() != calls {
				t.Error("a call was sent without a token")
			}
			time.Sleep(112 * time.Millisecond) // one token
			if began = time.Now(); tag(cloud.Urgent(t.Context()), c) != nil || time.Since(began) != 0 {
				t.Errorf("a token was lost: waited %s", time.Since(began))
			}
		})
	}
}

// TestThrottledAllTheSame: where others use the account's rate too, calls that are not urgent hold back.
func TestThrottledAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := true
		p := newPaced(awssim.Options{Fault: func(c awssim.Call) (f awssim.Fault) {
			if first {
				f.Before, first = awssim.Throttled(c), false
			}
			return f
		}})
		c := p.clients("111122223333", "us-east-1")
		if err := tag(cloud.Urgent(t.Context()), c); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := tag(cloud.Urgent(t.Context()), c); err != nil || time.Since(began) != 0 {
			t.Errorf("an urgent call waited %s: %v", time.Since(began), err)
		}
		if err := tag(t.Context(), c); err != nil || time.Since(began) == 0 {
			t.Errorf("the others did not hold back: %v", err)
		}
	})
}

// TestNotPaced: services that allow far more than Cordon asks.
func TestNotPaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPaced(awssim.Options{})
		c, began := p.clients("111122223333", "us-east-1"), time.Now()
		for range 500 {
			if _, err := c.STS.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}); err != nil {
				t.Fatal(err)
			}
		}
		if time.Since(began) != 0 {
			t.Errorf("waited %s", time.Since(began))
		}
	})
}
