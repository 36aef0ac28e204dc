package actions_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"cordon/internal/action"
	"cordon/internal/action/actiontest"
	"cordon/internal/actions"
	"cordon/internal/awssim"
)

const quarantineGroup = "cordon-quarantine-" + actiontest.CaseID

func find(id string) action.Action {
	catalog := actions.Catalog()
	return catalog[slices.IndexFunc(catalog, func(a action.Action) bool { return a.ID == id })]
}

// groupsOf gives the names of the groups of each of the target's interfaces.
func groupsOf(t testing.TB, w *actiontest.World) map[string][]string {
	t.Helper()
	out, err := w.Others.EC2.DescribeNetworkInterfaces(t.Context(), &ec2.DescribeNetworkInterfacesInput{
		Filters: []ec2types.Filter{{Name: aws.String("attachment.instance-id"), Values: []string{w.Target.ID}}},
	})
	ok(t, err)
	groups := map[string][]string{}
	for _, n := range out.NetworkInterfaces {
		for _, g := range n.Groups {
			groups[*n.NetworkInterfaceId] = append(groups[*n.NetworkInterfaceId], *g.GroupName)
		}
	}
	return groups
}

// intoAllAccess says whether a call moves an interface out of its own groups for the first time: each interface's
// first.
func intoAllAccess() func(awssim.Call) bool {
	seen := map[string]bool{}
	return func(c awssim.Call) bool {
		in, is := c.Input.(*ec2.ModifyNetworkInterfaceAttributeInput)
		if !is || seen[*in.NetworkInterfaceId] {
			return false
		}
		seen[*in.NetworkInterfaceId] = true
		return true
	}
}

// TestFirstStepFails: whatever comes of the step into the all-access group, the interface ends in quarantine.
func TestFirstStepFails(t *testing.T) {
	lost := apiError("AnswerLost")
	for _, c := range []struct {
		name  string
		fault func(cancel func()) awssim.Fault
		want  action.Status
	}{
		{"refused", func(func()) awssim.Fault { return awssim.Fault{Before: apiError("UnauthorizedOperation")} }, action.Done},
		{"answer lost", func(func()) awssim.Fault { return awssim.Fault{After: lost} }, action.Done},
		{"cancelled before", func(cancel func()) awssim.Fault { cancel(); return awssim.Fault{Before: lost} }, action.Done},
		{"cancelled after", func(cancel func()) awssim.Fault { cancel(); return awssim.Fault{After: lost} }, action.Done},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := actiontest.NewWorld(t, actiontest.WebServer, awssim.Options{})
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				first := intoAllAccess()
				w.Inject(func(_ int, call awssim.Call) awssim.Fault {
					if ctx.Err() == nil && first(call) { // once the caller has gone, the next call is the second step
						return c.fault(cancel)
					}
					return awssim.Fault{}
				})
				rec, err := action.Run(ctx, w.Ledger, w.Env, find("ec2.isolate-network"), actiontest.CaseID, w.Request(t, nil))
				ok(t, err)
				if rec.Status != c.want || !strings.Contains(rec.Reason, "may not have been cut") {
					t.Errorf("%s (error %q, reason %q)", rec.Status, rec.Error, rec.Reason)
				}
				for eni, groups := range groupsOf(t, w) {
					if !slices.Equal(groups, []string{quarantineGroup}) {
						t.Errorf("%s is in %v", eni, groups)
					}
				}
			})
		})
	}
}

// TestNeverLeftOpen: where the quarantine group is refused too, the former groups are back, Cordon's own among them.
func TestNeverLeftOpen(t *testing.T) {
	for _, c := range []struct{ action, instance, first string }{
		{action: "ec2.isolate-network", instance: actiontest.WebServer},
		{action: "ec2.seal-network", instance: actiontest.BatchServer, first: "ec2.isolate-network"},
	} {
		t.Run(c.action, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := actiontest.NewWorld(t, c.instance, awssim.Options{})
				with := settings{"channel": true}
				if c.first != "" {
					w.Run(t, find(c.first), with)
				}
				before := fmt.Sprint(groupsOf(t, w))
				calls := map[string]int{}
				w.Inject(func(_ int, call awssim.Call) awssim.Fault {
					in, is := call.Input.(*ec2.ModifyNetworkInterfaceAttributeInput)
					if !is {
						return awssim.Fault{}
					}
					if calls[*in.NetworkInterfaceId]++; calls[*in.NetworkInterfaceId] == 2 { // out of the all-access group
						return awssim.Fault{Before: apiError("UnauthorizedOperation")}
					}
					return awssim.Fault{}
				})
				rec := w.Run(t, find(c.action), with)
				if rec.Status != action.Failed || !strings.Contains(rec.Error, "former security groups are back") {
					t.Errorf("%s (error %q, reason %q)", rec.Status, rec.Error, rec.Reason)
				}
				if after := fmt.Sprint(groupsOf(t, w)); after != before {
					t.Errorf("%s, before %s", after, before)
				}
			})
		})
	}
}

// reopened has someone open the case's group, and wants the next run to close it.
func reopened(id, group string, with any) func(testing.TB, *actiontest.World, action.Record) {
	all := []ec2types.IpPermission{{IpProtocol: aws.String("-1"), IpRanges: []ec2types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}}}}
	return func(t testing.TB, w *actiontest.World, _ action.Record) {
		read := func() ec2types.SecurityGroup {
			out, err := w.Others.EC2.DescribeSecurityGroups(t.Context(), &ec2.DescribeSecurityGroupsInput{
				Filters: []ec2types.Filter{{Name: aws.String("group-name"), Values: []string{group}}},
			})
			ok(t, err)
			return out.SecurityGroups[0]
		}
		before := read()
		_, err := w.Others.EC2.AuthorizeSecurityGroupEgress(t.Context(), &ec2.AuthorizeSecurityGroupEgressInput{GroupId: before.GroupId, IpPermissions: all})
		ok(t, err)
		_, err = w.Others.EC2.AuthorizeSecurityGroupIngress(t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{GroupId: before.GroupId, IpPermissions: all})
		ok(t, err)
		rec := w.Run(t, find(id), with)
		if rec.Status != action.Done || !strings.Contains(rec.Reason, "was closed again") {
			t.Errorf("run again: %s (error %q, reason %q)", rec.Status, rec.Error, rec.Reason)
		}
		after := read()
		if len(after.IpPermissions) != 0 || len(after.IpPermissionsEgress) != len(before.IpPermissionsEgress) {
			t.Errorf("%s lets in %v, out %v", group, after.IpPermissions, after.IpPermissionsEgress)
		}
	}
}

// untrackLeft wants the all-access group to be there still, which release then deletes.
func untrackLeft(t testing.TB, w *actiontest.World, _ action.Record) {
	out, err := w.Others.EC2.DescribeSecurityGroups(t.Context(), &ec2.DescribeSecurityGroupsInput{
		Filters: []ec2types.Filter{{Name: aws.String("group-name"), Values: []string{"cordon-untrack-" + actiontest.CaseID}}},
	})
	ok(t, err)
	if len(out.SecurityGroups) != 1 {
		t.Errorf("%d all-access groups", len(out.SecurityGroups))
	}
}

// refuseUntrack refuses to make the all-access group.
func refuseUntrack(c awssim.Call) awssim.Fault {
	if in, is := c.Input.(*ec2.CreateSecurityGroupInput); is && strings.HasPrefix(*in.GroupName, "cordon-untrack-") {
		return awssim.Fault{Before: apiError("SecurityGroupLimitExceeded")}
	}
	return awssim.Fault{}
}

// keepUntrack refuses to delete security groups from now on.
func keepUntrack(w *actiontest.World) {
	w.Inject(func(_ int, c awssim.Call) awssim.Fault {
		return refuse("DeleteSecurityGroup", "UnauthorizedOperation")(c)
	})
}

// TestUntrackGroupStays: that the all-access group cannot be deleted is no failure of isolation, nor of sealing; release
// deletes it.
func TestUntrackGroupStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := actiontest.NewWorld(t, actiontest.BatchServer, awssim.Options{})
		before := w.Dump(true)
		with := settings{"channel": true}
		for _, id := range []string{"ec2.isolate-network", "ec2.seal-network"} {
			keepUntrack(w)
			if rec := w.Run(t, find(id), with); rec.Status != action.Done || !strings.Contains(rec.Reason, "left for release") {
				t.Errorf("%s: %s (error %q, reason %q)", id, rec.Status, rec.Error, rec.Reason)
			}
			untrackLeft(t, w, action.Record{})
		}
		w.Inject(nil)
		for _, id := range []string{"ec2.seal-network", "ec2.isolate-network"} {
			if rec := w.Undo(t, find(id), false); rec.Status != action.Undone {
				t.Errorf("release %s: %s (error %q, reason %q)", id, rec.Status, rec.Error, rec.Reason)
			}
		}
		if diff := awssim.Diff(before, w.Dump(true)); len(diff) > 0 {
			t.Errorf("after release: %v", diff)
		}
	})
}
