package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"cordon/internal/action"
	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/cloud"
	"cordon/internal/engine"
	"cordon/internal/finding"
	"cordon/internal/playbook"
)

// refusals counts the attempts that AWS throttled, and the urgent calls, by operation.
type refusals struct {
	mu         sync.Mutex
	by, urgent map[string]int
}

func (r *refusals) Began(ctx context.Context, service, operation, _ string) (context.Context, func(string)) {
	if cloud.IsUrgent(ctx) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.urgent == nil {
			r.urgent = map[string]int{}
		}
		r.urgent[service+" "+operation]++
	}
	return ctx, func(string) {}
}

func (r *refusals) Throttled(_ context.Context, _, operation string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.by == nil {
		r.by = map[string]int{}
	}
	r.by[operation]++
}

func (r *refusals) total() (n int) {
	for _, v := range r.by {
		n += v
	}
	return n
}

// crowd adds n instances of one interface and one volume, with a group of their own.
func crowd(t *testing.T, a *awssim.Account, n int) (findings []finding.Finding) {
	t.Helper()
	const vpc, subnet, group = "vpc-0c000000000000001", "subnet-0c000000000000001", "sg-0c000000000000001"
	err := a.Edit(region, func(ed *awssim.Editor) error {
		if err := ed.VPC(vpc, "10.40.0.0/16", false); err != nil {
			return err
		}
		if err := ed.Subnet(subnet, vpc, "10.40.0.0/18", region+"a", 0); err != nil {
			return err
		}
		if err := ed.Group(group, vpc, "crowd", awssim.Rule{Protocol: "tcp", From: 80, To: 80, Peer: "0.0.0.0/0"}); err != nil {
			return err
		}
		for i := range n {
			id := fmt.Sprintf("i-0c%015x", i)
			if err := ed.Instance(awssim.InstanceSpec{
				ID: id, Interfaces: []awssim.InterfaceSpec{{ID: fmt.Sprintf("eni-0c%015x", i), Subnet: subnet, Groups: []string{group}}},
				Volumes: []awssim.VolumeSpec{{ID: fmt.Sprintf("vol-0c%015x", i), Device: "/dev/xvda"}},
			}); err != nil {
				return err
			}
			findings = append(findings, on(id, 1))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return findings
}

// storm is what became of many findings at once on an account with AWS's rates.
type storm struct {
	refused             refusals
	cut                 time.Duration // when the last instance was cut off
	lastContained, over time.Duration // when the last case was contained, protections included, and when all was over
	statuses            map[casefile.Status]int
}

func answerStorm(t *testing.T, n int, pace *cloud.Pace) *storm {
	s := &storm{statuses: map[casefile.Status]int{}}
	r := newRig(t, awssim.Options{Quotas: true, Latency: func(awssim.Call) time.Duration { return 40 * time.Millisecond }}, quiet())
	findings := crowd(t, r.account, n)
	var mu sync.Mutex
	began := time.Now()
	e := r.engineWith(func(o *engine.Options) {
		through := []func(aws.Config) aws.Config{cloud.Observe(&s.refused)}
		if pace != nil {
			through = append(through, pace.Attach)
		}
		o.Clients = cloud.NewAccounts(r.account.Config(region), awssim.DefaultAccount, cloud.Member{}, through...).Clients
		o.Progress = func(ev engine.Event) {
			if ev.Action == "" && ev.Status == string(casefile.Contained) {
				mu.Lock()
				defer mu.Unlock()
				s.lastContained = max(s.lastContained, time.Since(began))
			}
		}
	})
	for _, res := range e.Respond(t.Context(), findings) {
		if res.Err != nil && pace != nil {
			t.Error(res.Err)
		}
		s.statuses[res.Case.Status]++
		s.cut = max(s.cut, res.Case.ContainedAfter)
	}
	s.over = time.Since(began)
	return s
}

// TestManyFindingsAtOnce: 200 findings on an account with AWS's rates, with pace; 60 without. The containments alone need
// 400 groups, of which AWS makes 50 at once and then 5 a second.
func TestManyFindingsAtOnce(t *testing.T) {
	n, few := 200, 60
	if testing.Short() || raced {
		n = few
	}
	synctest.Test(t, func(t *testing.T) {
		waited := map[bool]time.Duration{}
		var mu sync.Mutex
		with := answerStorm(t, n, &cloud.Pace{Waited: func(_, _ string, urgent bool, d time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			waited[urgent] += d
		}})
		t.Logf("with pace: %d findings: %v; the last cut off after %s, contained after %s, all over after %s; throttled attempts %d; waited in all: containment %s, the rest %s",
			n, with.statuses, with.cut.Round(time.Second), with.lastContained.Round(time.Second), with.over.Round(time.Second), with.refused.total(), waited[true].Round(time.Second), waited[false].Round(time.Second))
		if with.statuses[casefile.Contained] != n {
			t.Errorf("not all are contained: %v", with.statuses)
		}
		if got := with.refused.total(); got > n/20 {
			t.Errorf("%d attempts throttled: %v", got, with.refused.by)
		}
		t.Log("urgent calls:", with.refused.urgent)
		without := answerStorm(t, few, nil)
		t.Logf("without: %d findings: %v; the last cut off after %s, contained after %s, all over after %s; throttled attempts %d",
			few, without.statuses, without.cut.Round(time.Second), without.lastContained.Round(time.Second), without.over.Round(time.Second), without.refused.total())
		if without.refused.total() < 10*few || without.statuses[casefile.Contained] == few {
			t.Errorf("without pace only %d attempts are throttled, cases %v: does the account limit anything?", without.refused.total(), without.statuses)
		}
	})
}

// TestOneFindingNeverWaits: in a quiet account nothing waits, whatever the kind of target, nor does release.
func TestOneFindingNeverWaits(t *testing.T) {
	for name, f := range oneOfEach(t) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, awssim.Options{Quotas: true}, withLiveResponse())
				var refused refusals
				pace := &cloud.Pace{Waited: func(service, operation string, urgent bool, d time.Duration) {
					t.Errorf("%s %s waited %s (urgent %v)", service, operation, d, urgent)
				}}
				e := r.engineWith(func(o *engine.Options) {
					o.Clients = cloud.NewAccounts(r.account.Config(region), awssim.DefaultAccount, cloud.Member{}, cloud.Observe(&refused), pace.Attach).Clients
				})
				res := e.Respond(t.Context(), []finding.Finding{f})[0]
				if res.Err != nil || res.Case.Status != casefile.Contained {
					t.Fatalf("%s, %v", res.Case.Status, res.Err)
				}
				if _, err := e.Release(t.Context(), res.Case.ID, engine.ReleaseOptions{}); err != nil {
					t.Fatal(err)
				}
				if refused.total() != 0 {
					t.Errorf("throttled: %v", refused.by)
				}
			})
		})
	}
}

// oneOfEach is a finding on each kind of target that is contained.
func oneOfEach(t *testing.T) map[string]finding.Finding {
	return map[string]finding.Finding{
		"instance":         on(web, 1),
		"managed instance": on(batch, 1),
		"role":             identity(t, "Role", "web-app-role", "AROA5EXAMPLE", ""),
		"user":             identity(t, "IAMUser", "deploy-bot", "AIDAEXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
		"bucket": about(t, "Policy:S3/BucketAnonymousAccessGranted",
			`{"resourceType":"S3Bucket","s3BucketDetails":[{"name":"cordon-demo-customer-data","type":"Destination","owner":{"id":"x"}}]}`),
	}
}

// inlineActions are the actions of the containment of a case.
func inlineActions(p playbook.Playbook) (ids []string) {
	root, _ := p.Root.(playbook.Seq)
	for _, n := range root {
		if in, ok := n.(playbook.Inline); ok {
			for _, s := range playbook.Steps(in) {
				ids = append(ids, s.Action)
			}
		}
	}
	return ids
}

// TestThrottledThroughout: AWS throttles 30 % of all attempts, at random. Every containment completes, before its evidence
// begins, and release restores exactly.
func TestThrottledThroughout(t *testing.T) {
	seeds := uint64(6)
	if testing.Short() || raced {
		seeds = 2
	}
	for name, f := range oneOfEach(t) {
		t.Run(name, func(t *testing.T) {
			attempts, refused, statuses := 0, 0, map[casefile.Status]int{}
			var longest time.Duration
			for seed := range seeds {
				synctest.Test(t, func(t *testing.T) {
					o := throttledRun(t, seed, f)
					attempts, refused, longest = attempts+o.attempts, refused+o.refused, max(longest, o.contained)
					statuses[o.status]++
				})
			}
			t.Logf("%d seeds, %d attempts, %d of them throttled; cases %v; contained after %s at most", seeds, attempts, refused, statuses, longest.Round(time.Millisecond))
			if refused < attempts/5 {
				t.Error("too few attempts were throttled")
			}
		})
	}
}

type throttledOutcome struct {
	attempts, refused int
	status            casefile.Status
	contained         time.Duration
}

func throttledRun(t *testing.T, seed uint64, f finding.Finding) (o throttledOutcome) {
	random := rand.New(rand.NewPCG(seed, 30))
	var mu sync.Mutex
	r := newRig(t, awssim.Options{Fault: func(c awssim.Call) (fault awssim.Fault) {
		mu.Lock()
		defer mu.Unlock()
		if o.attempts++; random.Float64() < 0.3 {
			o.refused++
			fault.Before = awssim.Throttled(c)
		}
		return fault
	}}, withLiveResponse())
	before := r.account.Dump(awssim.DumpOptions{})
	var order []engine.Event
	e := r.engineWith(func(o *engine.Options) {
		o.Clients = cloud.NewAccounts(r.account.Config(region), awssim.DefaultAccount, cloud.Member{}, new(cloud.Pace).Attach).Clients
		o.Progress = func(ev engine.Event) {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, ev)
		}
	})
	res := e.Respond(t.Context(), []finding.Finding{f})[0]
	if res.Err != nil {
		t.Fatalf("seed %d: %v", seed, res.Err)
	}
	c := res.Case
	o.status, o.contained = c.Status, c.ContainedAfter
	p, _ := playbook.For(playbook.Subject{Case: c.ID, Target: c.Target, Config: r.conf})
	inline := inlineActions(p)
	records, err := r.store.Records(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range records {
		if slices.Contains(inline, rec.Action) && rec.Status != action.Done && rec.Status != action.Skipped {
			t.Errorf("seed %d: %s is %s: %s%s", seed, rec.Action, rec.Status, rec.Error, rec.Reason)
		}
	}
	evidenceBegan := false
	for _, ev := range order {
		switch part := slices.Contains(inline, ev.Action); {
		case ev.Action == "":
		case !part:
			evidenceBegan = true
		case evidenceBegan:
			t.Errorf("seed %d: %s %s after evidence had begun", seed, ev.Action, ev.Status)
		}
	}
	released, err := e.Release(t.Context(), c.ID, engine.ReleaseOptions{ReactivateKeys: true})
	if err != nil || released.Status != casefile.Released {
		t.Errorf("seed %d: release: %s (%s), %v", seed, released.Status, released.Reason, err)
	}
	restored(t, r, before)
	return o
}
