package faultsim

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"cordon/internal/action"
	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/engine"
)

var (
	exhaustive = flag.Bool("exhaustive", false, "every call of each playbook's scenarios, not each one in so many")
	everything = flag.Bool("everything", false, "every call of all scenarios")
)

// kind is one way in which a call can go wrong.
type kind struct {
	name string
	// decide is the fault at that call.
	decide func(at call) func(call) effect
	// lasts says that the cause is not gone when another process goes on.
	lasts bool
	media string // where it can happen; "" for anywhere
}

func kinds() []kind {
	once := func(e effect) func(call) func(call) effect {
		return func(at call) func(call) effect {
			return func(c call) effect {
				if c.is(at) {
					return e
				}
				return passes
			}
		}
	}
	return []kind{
		{name: "dies before", decide: once(diesBefore)},
		{name: "dies after", decide: once(diesAfter)},
		{name: "fails once", decide: once(fails)},
		{name: "fails for good", lasts: true, decide: func(at call) func(call) effect {
			var broken atomic.Pointer[string]
			return func(c call) effect {
				if c.is(at) {
					broken.CompareAndSwap(nil, &c.Name)
				}
				if name := broken.Load(); name != nil && *name == c.Name {
					return fails
				}
				return passes
			}
		}},
		{name: "is throttled", media: "aws office", decide: func(at call) func(call) effect {
			var from atomic.Pointer[time.Time]
			var name string
			return func(c call) effect {
				if c.is(at) {
					now := time.Now()
					name = c.Name
					from.Store(&now)
				}
				if since := from.Load(); since != nil && c.Name == name && time.Since(*since) < 5*time.Second {
					return slowed
				}
				return passes
			}
		}},
		{name: "times out", decide: once(silent)},
	}
}

// TestFaults: every fault at every call of every playbook and its release.
func TestFaults(t *testing.T) {
	var scenarios atomic.Int64
	t.Cleanup(func() { fmt.Printf("faults at calls: %d scenarios\n", scenarios.Load()) })
	for _, s := range subjects(t) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			ref, step := undisturbed(t, s), s.stride()
			t.Logf("%s: %d calls to contain, %d to release", s.name, len(ref.contain), len(ref.release))
			for _, k := range kinds() {
				for phase, calls := range map[string][]call{"respond": ref.contain, "release": ref.release} {
					t.Run(phase+"/"+strings.ReplaceAll(k.name, " ", "_"), func(t *testing.T) {
						t.Parallel()
						for n, c := range calls {
							if k.media != "" && !strings.Contains(k.media, string(c.Medium)) || (n+len(s.name))%step != 0 {
								continue
							}
							scenarios.Add(1)
							t.Run(fmt.Sprint(c.N), func(t *testing.T) {
								synctest.Test(t, func(t *testing.T) { disturbed(t, s, ref, k, phase, c) })
							})
						}
					})
				}
			}
		})
	}
}

// TestSame: calls of the same names are made each time, so that a fault that was found is found again.
func TestSame(t *testing.T) {
	for _, s := range subjects(t) {
		if s.onAWS { // how many records go into one write depends on what comes together
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			first, second := undisturbed(t, s), undisturbed(t, s)
			for _, c := range first.contain {
				if !slices.ContainsFunc(second.contain, func(o call) bool { return o.Name == c.Name }) {
					t.Errorf("call %s is made once, and once not", c)
				}
			}
		})
	}
}

// stride is how many calls on the next one lies that is tried.
func (s subject) stride() int {
	switch {
	case *everything, *exhaustive && !s.another:
		return 1
	case *exhaustive:
		return 9
	case raced:
		return 67
	default:
		return 23
	}
}

// reference is what a run without faults does and leaves.
type reference struct {
	contain, release []call
	priors           map[string]string // by action
	contained        map[string]any    // the account, contained
}

func undisturbed(t *testing.T, s subject) (ref reference) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := s.world(t)
		p := w.start(nil)
		p.respond(s.finding)
		ref.contain = p.made()
		c := w.settled(s)
		ref.priors = w.priors(c)
		ref.contained = w.anonymous(c)
		q := w.start(nil)
		if errs := q.release(w, engine.ReleaseOptions{ReactivateKeys: true}); errs != nil {
			t.Fatal(errs)
		}
		ref.release = q.made()
		w.restored()
	})
	return ref
}

func (s subject) world(t *testing.T) *world {
	w := newWorld(t, s.onAWS, 1)
	if s.conf != nil {
		s.conf(&w.conf)
	}
	return w
}

// disturbed is one scenario: the fault, then another process, then release.
func disturbed(t *testing.T, s subject, ref reference, k kind, phase string, at call) {
	w := s.world(t)
	decide := k.decide(at)
	defer func() {
		if t.Failed() {
			t.Logf("the fault: call %s %s", at, k.name)
			w.tell()
		}
	}()
	if phase == "respond" {
		p := w.start(decide)
		p.respond(s.finding)
		w.same(p, at)
		p.die() // it is over, whatever it still had in mind
		w.honest(s)
		if k.lasts {
			p = w.start(decide)
			p.respond(s.finding)
			p.die()
			w.honest(s)
		}
	}
	time.Sleep(time.Second)
	w.start(nil).respond(s.finding)
	w.approve()
	c := w.settled(s)
	w.truePriors(c, ref)
	w.once(c, ref)
	if phase == "release" {
		p := w.start(decide)
		p.release(w, engine.ReleaseOptions{ReactivateKeys: true})
		w.same(p, at)
		p.die()
		w.honest(s)
	}
	time.Sleep(time.Second)
	if errs := w.start(nil).release(w, engine.ReleaseOptions{ReactivateKeys: true}); errs != nil {
		t.Error(errs)
	}
	w.restored()
	w.told()
}

// same says where the process did not come to the call that the fault was for.
func (w *world) same(p *process, at call) {
	w.t.Helper()
	if !slices.ContainsFunc(p.made(), at.is) {
		w.t.Logf("this run does not make call %s of the run without faults", at)
	}
}

// honest wants no case to say more than the account shows: it is not contained, or it names what may still get through.
func (w *world) honest(s subject) {
	w.t.Helper()
	all := w.cases()
	if len(all) > 1 {
		w.t.Errorf("%d cases for one target", len(all))
	}
	for _, c := range all {
		cut := s.cut(w)
		var open *openFlow
		switch {
		case errors.As(cut, &open) && w.names(c, open):
		case slices.ContainsFunc(c.Residual, func(path string) bool { return strings.HasPrefix(path, "ec2.seal-network is replacing") }):
		case c.Status == casefile.Contained && cut != nil:
			w.t.Errorf("case %s says contained, but %v", c.ID, cut)
		case c.Status == casefile.Observed:
			w.t.Errorf("case %s says %s: %s", c.ID, c.Status, c.Reason)
		case c.Status == casefile.Failed && c.Reason == "":
			w.t.Errorf("case %s failed and does not say why", c.ID)
		}
	}
}

// names says whether the case names a connection that is still open as a residual path.
func (w *world) names(c casefile.Case, f *openFlow) bool {
	return slices.ContainsFunc(c.Residual, func(path string) bool { return strings.HasPrefix(path, f.eni+": connections") })
}

// approve says yes where a person is asked: what could not be read may be what had to be known.
func (w *world) approve() {
	w.t.Helper()
	for _, c := range w.cases() {
		for n := 0; c.Status == casefile.AwaitingApproval; n++ {
			var another *engine.PlanChangedError // what could not be read for the plan is there now
			now, err := w.startAs("alice", nil).Approve(w.t.Context(), c.ID, true, "go on")
			if err != nil && (n > 1 || !errors.As(err, &another)) {
				w.t.Errorf("approve: %v", err)
				break
			}
			c = now
		}
	}
}

// settled wants the target contained, the run over, and everything as the records have it.
func (w *world) settled(s subject) casefile.Case {
	w.t.Helper()
	all := w.cases()
	if len(all) != 1 {
		w.t.Fatalf("%d cases", len(all))
	}
	c := all[0]
	// Live response that could not be begun is not begun once the profile for it is gone: the case stays partial, and says so.
	past := c.Status == casefile.Partial && strings.Contains(c.Reason, "ec2.quarantine-profile")
	if c.Status != casefile.Contained && !past || !c.Settled || len(c.Unanswered) > 0 {
		w.t.Errorf("case %s is %s (settled %v, unanswered %v): %s", c.ID, c.Status, c.Settled, c.Unanswered, c.Reason)
	}
	var open *openFlow
	err := s.cut(w)
	if named := errors.As(err, &open) && w.names(c, open); err != nil && !named {
		w.t.Errorf("not contained: %v", err)
	}
	v, err := w.start(nil).Verify(w.t.Context(), c.ID)
	if err != nil || !v.Holds {
		w.t.Errorf("verify: %+v %+v, %v", v.Drift, v.Problems, err)
	}
	return c
}

func (w *world) records(c casefile.Case) []action.Record {
	w.t.Helper()
	records, err := w.store.Records(w.t.Context(), c.ID)
	check(w.t, err)
	return records
}

func (w *world) priors(c casefile.Case) map[string]string {
	w.t.Helper()
	out := map[string]string{}
	for _, rec := range w.records(c) {
		if len(rec.Prior) > 0 {
			prior := map[string]any{}
			check(w.t, json.Unmarshal(rec.Prior, &prior))
			delete(prior, "managed")  // before the profile was changed, or after
			delete(prior, "grants")   // what could not be read of them is said in it
			delete(prior, "instance") // as it was described beside the other actions: what they change may be changed already
			raw, err := json.Marshal(prior)
			check(w.t, err)
			out[rec.Action] = drawn.ReplaceAllString(string(raw), "*")
		}
	}
	return out
}

func (w *world) truePriors(c casefile.Case, ref reference) {
	w.t.Helper()
	now := w.priors(c)
	for id, want := range ref.priors {
		got, held := now[id]
		switch id {
		case "ec2.screenshot", "ec2.live-response", "ec2.quarantine-profile", "ec2.seal-network":
			if !held { // optional, or its time is past
				continue
			}
		case "ec2.map-paths": // what could not be read is said in it
			continue
		case "ec2.deregister-targets", "ec2.deregister-classic-elb": // what leaves a scaling group is deregistered beside it
			continue
		case "ec2.remove-profile": // which one there is depends on whether live response could be begun
			continue
		}
		if got != want {
			w.t.Errorf("prior of %s is %s\nwant %s", id, got, want)
		}
	}
}

// anonymous is the contained account less what differs from case to case. Which groups of its own an instance is in is left
// out: they depend on whether live response could run, and the subject knows what they have to let through.
func (w *world) anonymous(c casefile.Case) map[string]any {
	w.t.Helper()
	raw, err := json.Marshal(w.dump())
	check(w.t, err)
	text := moment.ReplaceAllString(strings.ReplaceAll(string(raw), c.ID, "CASE"), "TIME")
	out := map[string]any{}
	check(w.t, json.Unmarshal([]byte(text), &out))
	network := out["Regions"].(map[string]any)[region].(map[string]any)["EC2"].(map[string]any)
	delete(network, "Groups")
	for _, eni := range network["Interfaces"].(map[string]any) {
		delete(eni.(map[string]any), "Groups")
	}
	tags := network["Tags"].(map[string]any)
	maps.DeleteFunc(tags, func(id string, _ any) bool { return strings.HasPrefix(id, "sg-") })
	out["snapshots of"] = w.snapshots()
	return out
}

// snapshots are the volumes that have some, one entry a snapshot.
func (w *world) snapshots() (volumes []any) {
	w.t.Helper()
	all, err := w.clients().EC2.DescribeSnapshots(w.t.Context(), &ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}})
	check(w.t, err)
	for _, s := range all.Snapshots {
		volumes = append(volumes, *s.VolumeId)
	}
	slices.SortFunc(volumes, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
	return volumes
}

// commands are those that were sent to hosts.
func (w *world) commands() int {
	w.t.Helper()
	all, err := w.clients().SSM.ListCommands(w.t.Context(), &ssm.ListCommandsInput{})
	check(w.t, err)
	return len(all.Commands)
}

// once wants the account as one run leaves it: nothing is there twice.
func (w *world) once(c casefile.Case, ref reference) {
	w.t.Helper()
	for _, d := range awssim.Diff(ref.contained, w.anonymous(c)) {
		w.t.Error("not as one run leaves it:", d)
	}
	if n := w.commands(); n > 1 {
		w.t.Errorf("%d commands were sent", n)
	}
}

func (w *world) restored() {
	w.t.Helper()
	for _, d := range awssim.Diff(w.before, w.dump()) {
		w.t.Error("not as before:", d)
	}
	for _, c := range w.cases() {
		if c.Status != casefile.Released {
			w.t.Errorf("case %s is %s: %s", c.ID, c.Status, c.Reason)
		}
	}
}

// told wants no notice to have arrived twice.
func (w *world) told() {
	w.t.Helper()
	for _, o := range []*office{w.issues, w.messages} {
		for _, text := range o.twice() {
			w.t.Error(text)
		}
	}
}

// tell prints how the case came to where it is.
func (w *world) tell() {
	for _, c := range w.cases() {
		journal, _ := w.store.Journal(w.t.Context(), c.ID)
		for _, e := range journal {
			w.t.Logf("%s %s %s→%s %s", e.At.Format(time.StampMilli), e.Event, e.From, e.To, e.Text)
		}
		for _, r := range w.records(c) {
			w.t.Logf("%-40s %-8s ×%d %s%s", r.Action, r.Status, r.Attempts, r.Error, r.Reason)
		}
	}
}
