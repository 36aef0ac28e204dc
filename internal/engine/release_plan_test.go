package engine_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/cloud"
	"cordon/internal/engine"
)

// planRelease plans with clients that only read, and holds that nothing changes.
func (r *rig) planRelease(t *testing.T, id string, o engine.ReleaseOptions) (engine.ReleasePlan, error) {
	t.Helper()
	before, was := r.account.Dump(awssim.DumpOptions{Snapshots: true}), kept(t, r, id)
	e := r.engineWith(func(o *engine.Options) {
		o.Clients = cloud.NewAccounts(r.account.Config(region), "", cloud.Member{}, cloud.ReadOnly).Clients
	})
	p, err := e.PlanRelease(t.Context(), id, o)
	if d := awssim.Diff(before, r.account.Dump(awssim.DumpOptions{Snapshots: true})); len(d) > 0 || kept(t, r, id) != was {
		t.Errorf("planning changed %v", d)
	}
	return p, err
}

// kept is how much the store has of a case.
func kept(t *testing.T, r *rig, id string) [2]int {
	t.Helper()
	entries, err := r.store.Journal(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	records, err := r.store.Records(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return [2]int{len(entries), len(records)}
}

func of(p engine.ReleasePlan, id string) engine.PlannedUndo {
	for _, s := range p.Steps {
		if s.Action == id {
			return s
		}
	}
	return engine.PlannedUndo{}
}

// TestPlanRelease: what it says is put back is put back, and what it calls a conflict is one.
func TestPlanRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, quiet())
		c := r.respond(t, on(web, 1))
		p, err := r.planRelease(t, c.ID, engine.ReleaseOptions{})
		if err != nil || p.Total.Changes == 0 || p.Total.Conflicts+p.Total.Errors+len(p.Held) != 0 {
			t.Fatalf("%+v, %v", p.Total, err)
		}
		if s := of(p, "ec2.isolate-network"); len(s.Back) == 0 && len(of(p, "ec2.seal-network").Back) == 0 {
			t.Errorf("the network is not put back: %+v", s)
		}
		if s := of(p, "ec2.snapshot-volumes"); len(s.Back) != 0 || !strings.Contains(s.Reason, "stays") {
			t.Errorf("snapshots: %+v", s)
		}
		if _, err := r.clients().EC2.ModifyInstanceAttribute(t.Context(), &ec2.ModifyInstanceAttributeInput{
			InstanceId: aws.String(web), InstanceInitiatedShutdownBehavior: &ec2types.AttributeValue{Value: aws.String("terminate")},
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.clients().EC2.CreateTags(t.Context(), &ec2.CreateTagsInput{
			Resources: []string{web}, Tags: []ec2types.Tag{{Key: aws.String("cordon:case"), Value: aws.String("mine")}},
		}); err != nil {
			t.Fatal(err)
		}
		p, err = r.planRelease(t, c.ID, engine.ReleaseOptions{})
		if s := of(p, "ec2.tag"); err != nil || len(s.Conflicts) != 1 || p.Total.Conflicts != 1 {
			t.Errorf("tags that someone else has changed: %+v, %v", s, err)
		}
		if p, err = r.planRelease(t, c.ID, engine.ReleaseOptions{Force: true}); err != nil || p.Total.Conflicts != 0 {
			t.Errorf("forced: %+v, %v", p.Total, err)
		}
		if c, err = r.Release(t.Context(), c.ID, engine.ReleaseOptions{}); err != nil || c.Status != casefile.Partial || !strings.Contains(c.Reason, "ec2.tag") {
			t.Errorf("released: %s %s, %v", c.Status, c.Reason, err)
		}
		if p, err = r.planRelease(t, c.ID, engine.ReleaseOptions{}); err != nil || p.Total.Changes != 0 || p.Total.Conflicts != 1 {
			t.Errorf("after the release: %+v, %v", p.Total, err)
		}
	})
}

// TestPlanReleaseOfKeys: a key stays inactive unless that is asked for.
func TestPlanReleaseOfKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, quiet())
		c := r.respond(t, identity(t, "IAMUser", "deploy-bot", "AIDAEXAMPLE", "AKIAIOSFODNN7EXAMPLE"))
		for _, reactivate := range []bool{false, true} {
			p, err := r.planRelease(t, c.ID, engine.ReleaseOptions{ReactivateKeys: reactivate})
			if s := of(p, "iam.disable-access-key"); err != nil || (len(s.Back) > 0) != reactivate || (s.Reason == "") != reactivate {
				t.Errorf("reactivate %v: %+v, %v", reactivate, s, err)
			}
		}
	})
}

// TestReleaseOnly: single actions are put back, the case says what is still held, and no run takes them again.
func TestReleaseOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, quiet())
		before := r.account.Dump(awssim.DumpOptions{})
		c := r.respond(t, on(web, 1))
		only := engine.ReleaseOptions{Only: []string{"ec2.protect-stop", "ec2.tag"}}
		p, err := r.planRelease(t, c.ID, only)
		if err != nil || len(p.Steps) != 2 || !slices.Contains(p.Held, "ec2.detach-asg") {
			t.Fatalf("%+v, %v", p, err)
		}
		if c, err = r.Release(t.Context(), c.ID, only); err != nil || c.Status != casefile.Contained {
			t.Fatalf("%s: %s, %v", c.Status, c.Reason, err)
		}
		if !strings.Contains(c.Reason, "ec2.protect-stop, ec2.tag put back") || !strings.Contains(c.Reason, "ec2.detach-asg") {
			t.Errorf("reason %s", c.Reason)
		}
		for _, id := range only.Only {
			if rec := r.record(t, c, id); rec.Open() {
				t.Errorf("%s is %s", id, rec.Status)
			}
		}
		if v, err := r.Verify(t.Context(), c.ID); err != nil || !v.Holds {
			t.Errorf("verify: %+v, %v", v.Drift, err)
		}
		again := r.respond(t, on(web, 2))
		if rec := r.record(t, c, "ec2.tag"); rec.Open() || again.Status != casefile.Contained {
			t.Errorf("a repeat took it again: %s, %s", rec.Status, again.Status)
		}
		var unknown *engine.UnknownActionError
		if _, err := r.Release(t.Context(), c.ID, only); !errors.As(err, &unknown) || unknown.Action != "ec2.protect-stop" || slices.Contains(unknown.Held, "ec2.tag") {
			t.Errorf("what is put back already: %v", err)
		}
		c, err = r.Release(t.Context(), c.ID, engine.ReleaseOptions{Only: []string{"ec2.isolate-network"}})
		if err != nil || c.Status != casefile.Partial || !strings.Contains(c.Reason, "not contained any more") || len(c.Residual) == 0 {
			t.Errorf("the network alone: %s: %s, %q, %v", c.Status, c.Reason, c.Residual, err)
		}
		if again = r.respond(t, on(web, 3)); again.Status != casefile.Partial {
			t.Errorf("a repeat: %s: %s", again.Status, again.Reason)
		}
		if c, err = r.Release(t.Context(), c.ID, engine.ReleaseOptions{}); err != nil || c.Status != casefile.Released {
			t.Errorf("the rest: %s: %s, %v", c.Status, c.Reason, err)
		}
		restored(t, r, before)
	})
}

// TestReleaseOnlyWithWhatStandsOnIt: an action that another one took over from is put back together with that one.
func TestReleaseOnlyWithWhatStandsOnIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, withLiveResponse())
		c := r.respond(t, on(batch, 1))
		before := r.account.Dump(awssim.DumpOptions{})
		if _, err := r.Release(t.Context(), c.ID, engine.ReleaseOptions{Only: []string{"ec2.isolate-network"}}); !errors.As(err, new(*engine.StandsOnError)) {
			t.Errorf("alone: %v", err)
		}
		restored(t, r, before)
		c, err := r.Release(t.Context(), c.ID, engine.ReleaseOptions{Only: []string{"ec2.isolate-network", "ec2.seal-network"}})
		if err != nil || c.Status != casefile.Partial || r.record(t, c, "ec2.isolate-network").Open() || r.record(t, c, "ec2.seal-network").Open() {
			t.Errorf("both: %s: %s, %v", c.Status, c.Reason, err)
		}
	})
}
