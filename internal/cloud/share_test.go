package cloud_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"cordon/internal/awssim"
	"cordon/internal/cloud"
)

// TestShare: reads with one input that are under way at one moment are one call, but none is that a change came after.
func TestShare(t *testing.T) {
	const web, other = "i-0a1b2c3d4e5f60001", "i-0a1b2c3d4e5f60002"
	type at struct {
		ms  int
		do  string // read, write, urgent, or giving up after 5 ms
		of  string
		own bool // the call has a context of its own
	}
	for name, tc := range map[string]struct {
		calls []at
		made  int // calls that AWS sees
	}{
		"at one moment":                  {[]at{{0, "read", web, false}, {0, "read", web, false}, {20, "read", web, false}}, 1},
		"another input":                  {[]at{{0, "read", web, false}, {0, "read", other, false}}, 2},
		"after the first has ended":      {[]at{{0, "read", web, false}, {50, "read", web, false}}, 2},
		"after a change began":           {[]at{{0, "read", web, false}, {10, "write", web, false}, {20, "read", web, false}}, 3},
		"after a change ended":           {[]at{{0, "write", web, false}, {30, "read", web, false}, {45, "read", web, false}}, 3},
		"urgent beside another":          {[]at{{0, "read", web, false}, {0, "urgent", web, false}}, 2},
		"the first gives up":             {[]at{{0, "giving up", web, false}, {2, "read", web, false}}, 2},
		"the second gives up":            {[]at{{0, "read", web, false}, {2, "giving up", web, false}}, 1},
		"a context that shares nothing":  {[]at{{0, "read", web, false}, {0, "read", web, true}}, 2},
		"three changes at the same time": {[]at{{0, "write", web, false}, {0, "write", web, false}, {0, "write", web, false}}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				account := awssim.New(awssim.Options{Latency: func(awssim.Call) time.Duration { return 40 * time.Millisecond }})
				if err := awssim.Demo(account); err != nil {
					t.Fatal(err)
				}
				journal := &cloud.Journal{}
				c := cloud.New(journal.Attach(account.Config(awssim.DemoRegion)), awssim.DefaultAccount)
				shared := cloud.Share(t.Context())
				for _, one := range tc.calls {
					go func() {
						time.Sleep(time.Duration(one.ms) * time.Millisecond)
						ctx := shared
						if one.own {
							ctx = t.Context()
						}
						switch one.do {
						case "urgent":
							ctx = cloud.Urgent(ctx)
						case "giving up":
							var cancel context.CancelFunc
							ctx, cancel = context.WithTimeout(ctx, 5*time.Millisecond)
							defer cancel()
						case "write":
							_, err := c.EC2.CreateTags(ctx, &ec2.CreateTagsInput{
								Resources: []string{one.of}, Tags: []ec2types.Tag{{Key: aws.String("k"), Value: aws.String("v")}},
							})
							if err != nil {
								t.Error(err)
							}
							return
						}
						out, err := c.EC2.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{one.of}})
						switch {
						case (err != nil) != (one.do == "giving up"):
							t.Error(err)
						case err == nil && *out.Reservations[0].Instances[0].InstanceId != one.of:
							t.Errorf("another instance than %s", one.of)
						}
					}()
				}
				time.Sleep(time.Second)
				synctest.Wait()
				if n := len(journal.Calls()); n != tc.made {
					t.Errorf("%d calls, want %d: %+v", n, tc.made, journal.Calls())
				}
			})
		})
	}
}
