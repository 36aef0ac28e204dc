package actions_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go/middleware"

	"cordon/internal/action"
	"cordon/internal/action/actiontest"
	"cordon/internal/actions"
	"cordon/internal/awssim"
)

// TestSnapshotsThatEndInError: a snapshot of one volume that ends in error is taken once more, and no more than that.
func TestSnapshotsThatEndInError(t *testing.T) {
	const volume = "vol-0a1b2c3d4e5f60002"
	for _, c := range []struct {
		name      string
		bad       int // how many snapshots of the volume end in error
		want      action.Status
		text      string
		snapshots int
	}{
		{"once", 1, action.Done, "", 2},
		{"always", 9, action.Failed, volume + ": 2 snapshots ended in error", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := actiontest.NewWorld(t, actiontest.WebServer, awssim.Options{})
				var seen []string
				w.Env.EC2 = ec2.NewFromConfig(w.Account.Config(awssim.DemoRegion), func(o *ec2.Options) {
					o.APIOptions = append(o.APIOptions, onSnapshots(func(s *ec2types.Snapshot) {
						if *s.VolumeId != volume {
							return
						}
						if !slices.Contains(seen, *s.SnapshotId) {
							seen = append(seen, *s.SnapshotId)
						}
						if slices.Index(seen, *s.SnapshotId) < c.bad {
							s.State = ec2types.SnapshotStateError
						}
					}))
				})
				catalog := actions.Catalog()
				a := catalog[slices.IndexFunc(catalog, func(a action.Action) bool { return a.ID == "ec2.snapshot-volumes" })]
				rec := w.Run(t, a, nil)
				if rec.Status != c.want || !strings.Contains(rec.Error, c.text) || len(seen) != c.snapshots {
					t.Errorf("%s (error %q), snapshots %v", rec.Status, rec.Error, seen)
				}
			})
		})
	}
}

// onSnapshots lets f change every snapshot that DescribeSnapshots shows.
func onSnapshots(f func(*ec2types.Snapshot)) func(*middleware.Stack) error {
	return func(s *middleware.Stack) error {
		return s.Initialize.Add(middleware.InitializeMiddlewareFunc("onSnapshots", func(
			ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
		) (middleware.InitializeOutput, middleware.Metadata, error) {
			out, md, err := next.HandleInitialize(ctx, in)
			if shown, ok := out.Result.(*ec2.DescribeSnapshotsOutput); ok {
				for i := range shown.Snapshots {
					f(&shown.Snapshots[i])
				}
			}
			return out, md, err
		}), middleware.Before)
	}
}
