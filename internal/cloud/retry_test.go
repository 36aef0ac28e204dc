package cloud_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"cordon/internal/awssim"
	"cordon/internal/cloud"
)

// describe makes one call that reads.
func describe(ctx context.Context, c *cloud.Clients) error {
	_, err := c.EC2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{"i-0a1b2c3d4e5f60001"}})
	if cloud.NotFound(err) {
		err = nil
	}
	return err
}

// TestAttempts: how often a call that never succeeds is sent.
func TestAttempts(t *testing.T) {
	for _, tt := range []struct {
		name          string
		edit          func(*aws.Config)
		fault         func(awssim.Call) error
		usual, urgent int
	}{
		{"throttled", nil, awssim.Throttled, 5, 12},
		{"broken", nil, awssim.Broken, 5, 5},
		{"denied", nil, awssim.Denied, 1, 1},
		{"AWS_MAX_ATTEMPTS=2, throttled", func(c *aws.Config) { c.RetryMaxAttempts = 2 }, awssim.Throttled, 2, 2},
		{"AWS_MAX_ATTEMPTS=2, broken", func(c *aws.Config) { c.RetryMaxAttempts = 2 }, awssim.Broken, 2, 2},
		{"a retryer of its own", func(c *aws.Config) { c.Retryer = func() aws.Retryer { return aws.NopRetryer{} } }, awssim.Throttled, 1, 1},
		{"retries attached twice", func(c *aws.Config) { *c = cloud.Retries(*c) }, awssim.Throttled, 5, 12},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := awssim.New(awssim.Options{Fault: func(c awssim.Call) awssim.Fault { return awssim.Fault{Before: tt.fault(c)} }})
				cfg := a.Config("us-east-1")
				if tt.edit != nil {
					tt.edit(&cfg)
				}
				c := cloud.New(cfg, a.ID())
				for _, of := range []struct {
					ctx  context.Context
					want int
				}{{t.Context(), tt.usual}, {cloud.Urgent(t.Context()), tt.urgent}} {
					before := a.Calls()
					if err := describe(of.ctx, c); err == nil {
						t.Error("no error")
					}
					if got := a.Calls() - before; got != of.want {
						t.Errorf("urgent %v: %d attempts, want %d", cloud.IsUrgent(of.ctx), got, of.want)
					}
				}
			})
		})
	}
}

// TestAdaptive: the SDK's adaptive mode works for urgent calls too. It does not run in a bubble's time.
func TestAdaptive(t *testing.T) {
	fail := true
	a := awssim.New(awssim.Options{Fault: func(c awssim.Call) (f awssim.Fault) {
		if fail = !fail; !fail {
			f.Before = awssim.Throttled(c)
		}
		return f
	}})
	cfg := a.Config("us-east-1")
	cfg.RetryMode = aws.RetryModeAdaptive
	if err := describe(cloud.Urgent(t.Context()), cloud.New(cfg, a.ID())); err != nil || a.Calls() != 2 {
		t.Errorf("%v after %d attempts", err, a.Calls())
	}
}

// TestSettingsOfTheUser: what the SDK reads from the environment reaches the retries.
func TestSettingsOfTheUser(t *testing.T) {
	t.Setenv("AWS_MAX_ATTEMPTS", "7")
	t.Setenv("AWS_RETRY_MODE", "adaptive")
	t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/none")
	cfg, err := awsconfig.LoadDefaultConfig(t.Context(), awsconfig.WithRegion("us-east-1"))
	if err != nil {
		t.Fatal(err)
	}
	if got := cloud.Retries(cfg); got.RetryMaxAttempts != 7 || got.RetryMode != aws.RetryModeAdaptive {
		t.Errorf("%d attempts, mode %s", got.RetryMaxAttempts, got.RetryMode)
	}
}

// TestQuotaDoesNotStarveUrgentCalls: other calls' failures use up the SDK's retry quota (500 tokens, 5 a retry), urgent
// calls go on.
func TestQuotaDoesNotStarveUrgentCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		chance := 1.0
		random := rand.New(rand.NewPCG(1, 2))
		a := awssim.New(awssim.Options{Fault: func(c awssim.Call) awssim.Fault {
			if random.Float64() < chance {
				return awssim.Fault{Before: awssim.Throttled(c)}
			}
			return awssim.Fault{}
		}})
		c := cloud.New(a.Config("us-east-1"), a.ID())
		for range 40 {
			_ = describe(t.Context(), c)
		}
		before := a.Calls()
		if err := describe(t.Context(), c); err == nil || a.Calls() != before+1 {
			t.Fatalf("the quota is not used up: %d attempts, %v", a.Calls()-before, err)
		}
		chance = 0.3
		for i := range 500 {
			if err := describe(cloud.Urgent(t.Context()), c); err != nil {
				t.Fatalf("urgent call %d of 500: %v", i, err)
			}
		}
	})
}

// TestUrgentPauses are short, so that a call that is throttled throughout ends while there is time to say so.
func TestUrgentPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := awssim.New(awssim.Options{Fault: func(c awssim.Call) awssim.Fault { return awssim.Fault{Before: awssim.Throttled(c)} }})
		c := cloud.New(a.Config("us-east-1"), a.ID())
		began := time.Now()
		var gaveUp *retry.MaxAttemptsError
		if err := describe(cloud.Urgent(t.Context()), c); !cloud.Throttled(err) || !asError(err, &gaveUp) {
			t.Errorf("%v, want a MaxAttemptsError", err)
		}
		if took := time.Since(began); took < 7*time.Second || took > 16*time.Second {
			t.Errorf("it was given up after %s", took)
		}
	})
}
