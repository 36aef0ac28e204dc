package engine_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"cordon/internal/action"
	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/config"
	"cordon/internal/engine"
	"cordon/internal/finding"
	"cordon/internal/vault"
)

func TestContainAndRelease(t *testing.T) {
	for _, instance := range []string{web, batch, db} {
		for name, conf := range map[string]bool{"quiet": false, "live response": true} {
			t.Run(instance+" "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := quiet()
					if conf {
						c = withLiveResponse()
					}
					r := newRig(t, latency(10*time.Millisecond), c)
					before := r.account.Dump(awssim.DumpOptions{})
					got := r.respond(t, on(instance, 1))
					if got.Status != casefile.Contained || got.ContainedAfter == 0 {
						t.Fatalf("status %s after %s: %s", got.Status, got.ContainedAfter, got.Reason)
					}
					for _, f := range r.account.Flows(region) {
						if f.Alive && ofInstance(t, r, f.Interface) == instance && f.Via == "internet-gateway" {
							t.Errorf("a flow through the internet gateway is still open: %+v", f)
						}
					}
					v, err := r.Verify(t.Context(), got.ID)
					if err != nil || !v.Holds || len(v.Checked) < 8 || v.Evidence < 3 {
						t.Errorf("verify: %+v, %v", v, err)
					}
					released, err := r.Release(t.Context(), got.ID, engine.ReleaseOptions{})
					if err != nil || released.Status != casefile.Released {
						t.Fatalf("release: %s %s, %v", released.Status, released.Reason, err)
					}
					restored(t, r, before)
				})
			})
		}
	}
}

func ofInstance(t *testing.T, r *rig, eni string) string {
	out, err := r.clients().EC2.DescribeNetworkInterfaces(t.Context(), &ec2.DescribeNetworkInterfacesInput{NetworkInterfaceIds: []string{eni}})
	if err != nil {
		t.Fatal(err)
	}
	return *out.NetworkInterfaces[0].Attachment.InstanceId
}

// TestCriticalPath counts the AWS round trips in a row from the finding to the last interface isolated: with every
// call taking the same time and nothing else taking any, that is the time to contain in calls.
func TestCriticalPath(t *testing.T) {
	const most, call = 5, 40 * time.Millisecond
	for name, o := range map[string]awssim.LargeOptions{
		"1 interface, 2 + 2 balancers":    {ENIs: 1, Volumes: 3, TargetGroups: 2, ClassicBalancers: 2},
		"2 interfaces, 20 + 50 balancers": {ENIs: 2, Volumes: 3, TargetGroups: 50, ClassicBalancers: 20},
		"8 interfaces, 20 volumes":        {ENIs: 8, Volumes: 20, TargetGroups: 2, ClassicBalancers: 2},
	} {
		for _, live := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					conf := quiet()
					if live {
						conf = withLiveResponse()
					}
					r := newRig(t, latency(call), conf)
					if live { // and the vault on S3, whose calls take as long
						r.onS3(t)
					}
					instance, err := awssim.Large(r.account, o)
					if err != nil {
						t.Fatal(err)
					}
					c := r.respond(t, on(instance, 1))
					if c.Status != casefile.Contained {
						t.Fatalf("status %s: %s", c.Status, c.Reason)
					}
					if rounds := c.ContainedAfter.Seconds() / call.Seconds(); rounds > most {
						t.Errorf("%.2f round trips in a row to the last interface isolated, want at most %d", rounds, most)
					}
				})
			})
		}
	}
}

func TestPreflightRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, quiet())
		before := r.account.Dump(awssim.DumpOptions{Snapshots: true})
		broken := r.engine(brokenVault{r.vault})
		results := broken.Respond(t.Context(), []finding.Finding{on(web, 1)})
		var setup *engine.SetupError
		if !errors.As(results[0].Err, &setup) || results[0].Case.Status != casefile.Failed {
			t.Fatalf("want a SetupError and a failed case, got %+v", results[0])
		}
		for _, d := range awssim.Diff(before, r.account.Dump(awssim.DumpOptions{Snapshots: true})) {
			t.Error("changed:", d)
		}
		// The vault is mended: the same finding is answered in the same case.
		if c := r.respond(t, on(web, 1)); c.Status != casefile.Contained || c.ID != results[0].Case.ID {
			t.Errorf("after mending: case %s %s", c.ID, c.Status)
		}
	})
}

type brokenVault struct{ vault.Vault }

func (brokenVault) Check(context.Context) error { return errors.New("disk full") }

// TestOneStepFails: a failing step is recorded and stops nothing else; the case says so.
func TestOneStepFails(t *testing.T) {
	for _, tt := range []struct {
		operation string
		want      casefile.Status
	}{
		{"CreateTags", casefile.Partial}, // groups are tagged as they are made: CreateTags itself is only ec2.tag
		{"CreateSnapshots", casefile.Partial},
		{"DetachInstances", casefile.Partial},
		{"GetConsoleScreenshot", casefile.Contained},
		{"ModifyNetworkInterfaceAttribute", casefile.Failed},
	} {
		t.Run(tt.operation, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				want := tt.want
				var off sync.Map
				r := newRig(t, awssim.Options{Fault: func(c awssim.Call) awssim.Fault {
					if _, mended := off.Load("mended"); !mended && c.Operation == tt.operation {
						return awssim.Fault{Before: awssim.Denied(c)}
					}
					return awssim.Fault{}
				}}, quiet())
				before := r.account.Dump(awssim.DumpOptions{})
				c := r.respond(t, on(web, 1))
				if c.Status != want {
					t.Fatalf("status %s (%s), want %s", c.Status, c.Reason, want)
				}
				if !strings.Contains(c.Reason, "not authorized") {
					t.Errorf("the reason does not say why: %s", c.Reason)
				}
				if want == casefile.Failed && (c.ContainedAfter != 0 || !strings.Contains(c.Reason, "NOT contained")) {
					t.Errorf("claims containment: %s %s", c.ContainedAfter, c.Reason)
				}
				if v, err := r.Verify(t.Context(), c.ID); err != nil || v.Holds == (want == casefile.Failed) && want != casefile.Partial {
					t.Errorf("verify of a %s case holds: %v, %+v, %v", want, v.Holds, v.Drift, err)
				}
				off.Store("mended", true)
				if c = r.respond(t, on(web, 2)); c.Status != casefile.Contained || strings.Contains(c.Reason, "without") {
					t.Errorf("after mending: %s %s", c.Status, c.Reason)
				}
				if c, err := r.Release(t.Context(), c.ID, engine.ReleaseOptions{}); err != nil || c.Status != casefile.Released {
					t.Errorf("release: %s %s %v", c.Status, c.Reason, err)
					rs, _ := r.store.Records(t.Context(), c.ID)
					for _, x := range rs {
						t.Log(x.Action, x.Status, x.Acted, x.Ended, x.Released, x.Error)
					}
				}
				restored(t, r, before)
			})
		})
	}
}

func TestRepeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, quiet())
		first := r.respond(t, on(web, 1))
		calls := r.account.Calls()
		if again := r.respond(t, on(web, 1)); again.ID != first.ID || r.account.Calls() != calls {
			t.Errorf("a duplicate made %d calls in case %s", r.account.Calls()-calls, again.ID)
		}
		// A new interface is attached: a repeat with a higher count finds and isolates it.
		attach(t, r, web)
		c := r.respond(t, on(web, 2))
		if c.ID != first.ID || c.Status != casefile.Contained {
			t.Fatalf("repeat: %s %s %s", c.ID, c.Status, c.Reason)
		}
		if rec := r.record(t, c, "ec2.isolate-network"); strings.Count(string(rec.After), `"groups":["cordon-quarantine-`) != 3 {
			t.Errorf("the new interface is not isolated: %s", rec.After)
		}
	})
}

// attach gives the instance one more interface, in the customer's own group.
func attach(t *testing.T, r *rig, instance string) string {
	t.Helper()
	ec2c, ctx := r.clients().EC2, t.Context()
	subnet, group, index := "subnet-0a1b2c3d4e5f60001", "sg-0a1b2c3d4e5f60001", int32(5)
	eni, err := ec2c.CreateNetworkInterface(ctx, &ec2.CreateNetworkInterfaceInput{SubnetId: &subnet, Groups: []string{group}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = ec2c.AttachNetworkInterface(ctx, &ec2.AttachNetworkInterfaceInput{
		InstanceId: &instance, NetworkInterfaceId: eni.NetworkInterface.NetworkInterfaceId, DeviceIndex: &index,
	})
	if err != nil {
		t.Fatal(err)
	}
	return *eni.NetworkInterface.NetworkInterfaceId
}

// TestParallelDeliveries: 64 deliveries of one finding make one case and one set of changes.
func TestParallelDeliveries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, latency(5*time.Millisecond), quiet())
		ids := make([]string, 64)
		var wg sync.WaitGroup
		for i := range ids {
			wg.Go(func() {
				for _, res := range r.engine(r.vault).Respond(t.Context(), []finding.Finding{on(web, 1)}) {
					if res.Err != nil || res.Case.Status != casefile.Contained {
						t.Errorf("delivery %d: %s, %v", i, res.Case.Status, res.Err)
					}
					ids[i] = res.Case.ID
				}
			})
		}
		wg.Wait()
		for _, id := range ids {
			if id != ids[0] {
				t.Fatalf("two cases: %s and %s", ids[0], id)
			}
		}
		made := map[string]int{}
		for _, c := range r.journal.Calls() {
			made[c.Operation]++
		}
		if made["CreateSecurityGroup"] != 2 || made["CreateSnapshots"] != 1 || made["DetachInstances"] != 1 {
			t.Errorf("changes were made more than once: %v", made)
		}
	})
}

func TestConflictOnRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, quiet())
		before := r.account.Dump(awssim.DumpOptions{})
		c := r.respond(t, on(web, 1))
		// Someone puts one of the two interfaces into a group of their own.
		eni := "eni-0a1b2c3d4e5f60002"
		_, err := r.clients().EC2.ModifyNetworkInterfaceAttribute(t.Context(), &ec2.ModifyNetworkInterfaceAttributeInput{
			NetworkInterfaceId: &eni, Groups: []string{"sg-0a1b2c3d4e5f60003"},
		})
		if err != nil {
			t.Fatal(err)
		}
		v, err := r.Verify(t.Context(), c.ID)
		if err != nil || v.Holds || len(v.Drift) != 1 || !strings.Contains(v.Drift[0].Text, eni) {
			t.Errorf("verify does not see the drift: %+v, %v", v.Drift, err)
		}
		got, err := r.Release(t.Context(), c.ID, engine.ReleaseOptions{})
		if err != nil || got.Status != casefile.Partial || !strings.Contains(got.Reason, eni) {
			t.Fatalf("release: %s %s, %v", got.Status, got.Reason, err)
		}
		if rec := r.record(t, c, "ec2.isolate-network"); rec.Status != action.Conflict {
			t.Errorf("record is %s, want conflict", rec.Status)
		}
		// Only the foreign change is left.
		for _, d := range awssim.Diff(before, r.account.Dump(awssim.DumpOptions{})) {
			if !strings.Contains(d, eni) {
				t.Error("not as before:", d)
			}
		}
		if got, err = r.Release(t.Context(), c.ID, engine.ReleaseOptions{Force: true}); err != nil || got.Status != casefile.Released {
			t.Fatalf("forced release: %s %s, %v", got.Status, got.Reason, err)
		}
		restored(t, r, before)
	})
}

func TestInstanceTerminatedMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, quiet())
		c := r.respond(t, on(batch, 1))
		off := false
		for _, in := range []*ec2.ModifyInstanceAttributeInput{
			{DisableApiTermination: &ec2types.AttributeBooleanValue{Value: &off}},
			{DisableApiStop: &ec2types.AttributeBooleanValue{Value: &off}},
		} {
			in.InstanceId = &[]string{batch}[0]
			if _, err := r.clients().EC2.ModifyInstanceAttribute(t.Context(), in); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := r.clients().EC2.TerminateInstances(t.Context(), &ec2.TerminateInstancesInput{InstanceIds: []string{batch}}); err != nil {
			t.Fatal(err)
		}
		if again := r.respond(t, on(batch, 2)); again.Status != casefile.Observed || !strings.Contains(again.Reason, "does not exist") {
			t.Errorf("repeat on a terminated instance: %s %s", again.Status, again.Reason)
		}
		if got, err := r.Release(t.Context(), c.ID, engine.ReleaseOptions{}); err != nil || got.Status != casefile.Released {
			t.Errorf("release: %s %s, %v", got.Status, got.Reason, err)
		}
	})
}

// TestRecheck: a person who answers a contained finding again has what drifted put back; a duplicate delivery has not.
func TestRecheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, quiet())
		c := r.respond(t, on(web, 1))
		eni := "eni-0a1b2c3d4e5f60002"
		move := &ec2.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: &eni, Groups: []string{"sg-0a1b2c3d4e5f60003"}}
		if _, err := r.clients().EC2.ModifyNetworkInterfaceAttribute(t.Context(), move); err != nil {
			t.Fatal(err)
		}
		r.respond(t, on(web, 1))
		if v, err := r.Verify(t.Context(), c.ID); err != nil || v.Holds {
			t.Errorf("a duplicate was looked at: %+v, %v", v.Drift, err)
		}
		r.recheck = true
		r.Engine = r.engine(r.vault)
		if c = r.respond(t, on(web, 1)); c.Status != casefile.Contained {
			t.Errorf("rechecked: %s %s", c.Status, c.Reason)
		}
		if v, err := r.Verify(t.Context(), c.ID); err != nil || !v.Holds {
			t.Errorf("not put back: %+v, %v", v.Drift, err)
		}
	})
}

// TestRoleOfARepeat: the role whose sessions count is the one that the instance had before Cordon took its profile away,
// and never the quarantine role.
func TestRoleOfARepeat(t *testing.T) {
	for name, conf := range map[string]func() config.EC2{"quiet": quiet, "live response": withLiveResponse} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, awssim.Options{}, conf())
				first := r.respond(t, on(web, 1))
				again := r.respond(t, on(web, 2))
				rec := r.record(t, again, "iam.revoke-instance-role-sessions")
				if rec.Status != action.Skipped || !strings.Contains(rec.Reason, "web-app-role") {
					t.Errorf("revocation is %s (%s), want skipped: web-app-role is shared", rec.Status, rec.Reason)
				}
				if !slices.Equal(first.Residual, again.Residual) {
					t.Errorf("residual paths changed:\n%q\n%q", first.Residual, again.Residual)
				}
			})
		})
	}
}

// TestLinked: a finding with several targets makes a case for each, and each names the others.
func TestLinked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, quiet())
		f := on(web, 1)
		f.Targets = append(f.Targets, on(db, 1).Targets...)
		results := r.Respond(t.Context(), []finding.Finding{on(batch, 1), f})
		if len(results) != 3 {
			t.Fatalf("%d results", len(results))
		}
		alone, one, two := results[0].Case, results[1].Case, results[2].Case
		if len(alone.Linked) != 0 || !slices.Equal(one.Linked, []string{two.ID}) || !slices.Equal(two.Linked, []string{one.ID}) {
			t.Errorf("linked: %v, %v, %v", alone.Linked, one.Linked, two.Linked)
		}
		if stored, err := r.store.Case(t.Context(), one.ID); err != nil || !slices.Equal(stored.Linked, one.Linked) {
			t.Errorf("stored: %v, %v", stored.Linked, err)
		}
	})
}

// TestJoinedDuringRelease: a finding that arrives while its target's case is being released gets a case of its own.
func TestJoinedDuringRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, latency(20*time.Millisecond), quiet())
		c := r.respond(t, on(web, 1))
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := r.Release(t.Context(), c.ID, engine.ReleaseOptions{FalsePositive: true}); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(50 * time.Millisecond)
		other := on(web, 1)
		other.ID = "f-other"
		got := r.respond(t, other)
		wg.Wait()
		if got.ID == c.ID || got.Status != casefile.Contained {
			t.Errorf("the joined finding: case %s %s, the released one is %s", got.ID, got.Status, c.ID)
		}
		// A person releases that one, too: nothing contains the target a third time.
		if _, err := r.Release(t.Context(), got.ID, engine.ReleaseOptions{}); err != nil {
			t.Fatal(err)
		}
		if b, err := r.Backlog(t.Context()); err != nil || len(b.Cases) > 0 {
			t.Errorf("backlog %+v, %v", b, err)
		}
	})
}
