package actions_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"

	"cordon/internal/action"
	"cordon/internal/action/actiontest"
	"cordon/internal/actions"
	"cordon/internal/awssim"
)

// TestReleaseAfterTheWorldMovedOn: what happened since containment, and what release then says.
func TestReleaseAfterTheWorldMovedOn(t *testing.T) {
	group := aws.String("web-asg")
	for _, c := range []struct {
		name, action string
		with         any
		since        func(t testing.TB, w *actiontest.World)
		want         action.Status
		text         string
	}{
		{
			name: "instance terminated", action: "ec2.tag", with: settings{"tags": map[string]string{"a": "b"}},
			since: terminate(actiontest.WebServer), want: action.Undone, text: "nothing to put back",
		},
		{
			name: "instance terminated, targets", action: "ec2.deregister-targets",
			since: terminate(actiontest.WebServer), want: action.Undone, text: "nothing to put back",
		},
		{
			name: "group at its maximum", action: "ec2.detach-asg", want: action.Failed, text: "at its maximum size of 1; raise the maximum",
			since: func(t testing.TB, w *actiontest.World) {
				_, err := w.Others.AutoScaling.UpdateAutoScalingGroup(t.Context(), &autoscaling.UpdateAutoScalingGroupInput{
					AutoScalingGroupName: group, MinSize: aws.Int32(1), MaxSize: aws.Int32(1), DesiredCapacity: aws.Int32(1),
				})
				ok(t, err)
			},
		},
		{
			name: "group deleted", action: "ec2.detach-asg", want: action.Undone, text: "does not exist any more",
			since: func(t testing.TB, w *actiontest.World) {
				_, err := w.Others.AutoScaling.DeleteAutoScalingGroup(t.Context(), &autoscaling.DeleteAutoScalingGroupInput{
					AutoScalingGroupName: group, ForceDelete: aws.Bool(true),
				})
				ok(t, err)
			},
		},
		{
			name: "balancer deleted", action: "ec2.deregister-classic-elb", want: action.Undone, text: "web-classic does not exist any more",
			since: func(t testing.TB, w *actiontest.World) {
				_, err := w.Others.ELB.DeleteLoadBalancer(t.Context(), &elb.DeleteLoadBalancerInput{LoadBalancerName: aws.String("web-classic")})
				ok(t, err)
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := actiontest.NewWorld(t, actiontest.WebServer, awssim.Options{})
				catalog := actions.Catalog()
				a := catalog[slices.IndexFunc(catalog, func(a action.Action) bool { return a.ID == c.action })]
				if rec := w.Run(t, a, c.with); rec.Status != action.Done {
					t.Fatalf("run: %s: %s", rec.Status, rec.Error)
				}
				c.since(t, w)
				rec := w.Undo(t, a, false)
				if rec.Status != c.want || !strings.Contains(rec.Error+rec.Reason, c.text) {
					t.Errorf("release: %s, want %s with %q (error %q, reason %q)", rec.Status, c.want, c.text, rec.Error, rec.Reason)
				}
			})
		})
	}
}
