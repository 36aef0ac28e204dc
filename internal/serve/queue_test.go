package serve

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go"

	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/config"
	"cordon/internal/finding"
)

// onQueue runs the service's loops, without its doors, while test runs; then it stops them.
func onQueue(t *testing.T, sim awssim.Options, edit func(*config.Serve), test func(t *testing.T, r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		conf := serveConfig()
		conf.Queue = testURL
		if edit != nil {
			edit(&conf)
		}
		r := newRig(t, sim, conf)
		ctx, cancel := context.WithCancel(t.Context())
		r.begin(ctx)
		var loops sync.WaitGroup
		r.loops(ctx, r.work, &loops)
		test(t, r)
		cancel()
		r.pool.stop()
		r.pool.giveUp()
		loops.Wait()
		r.jobs.wait()
	})
}

func TestMessageAnswered(t *testing.T) {
	onQueue(t, awssim.Options{SnapshotTime: 5 * time.Minute}, nil, func(t *testing.T, r *rig) {
		r.queue.send("m-1", event(web, 1))
		time.Sleep(90 * time.Second)
		c := r.cases(t)
		if len(c) != 1 || c[0].Status != casefile.Contained {
			t.Fatalf("cases %+v\n%s", c, r.log)
		}
		// Its snapshots take five minutes: the message is kept from others three times a minute, and then deleted.
		if len(r.queue.left()) != 1 {
			t.Error("deleted before it is answered to its end")
		}
		time.Sleep(10 * time.Minute)
		if left := r.queue.left(); len(left) != 0 {
			t.Errorf("left: %v\n%s", left, r.log)
		}
		hidden := r.queue.hidden("m-1")
		if len(hidden) < 13 || slices.ContainsFunc(hidden, func(n int) bool { return n != 60 }) {
			t.Errorf("heartbeats %v", hidden)
		}
		if n := r.metrics.get("cordon_findings_total sqs accepted"); n != 1 {
			t.Errorf("counted %d findings: %v", n, r.metrics.n)
		}
	})
}

func TestMessageThatIsNoFinding(t *testing.T) {
	scan := `{"source":"aws.guardduty","detail-type":"GuardDuty Malware Protection Object Scan Result","account":"111122223333","region":"us-east-1","detail":{}}`
	for _, tt := range []struct {
		name, body string
		deleted    bool
		log        string
	}{
		{"another event of GuardDuty's", scan, true, "Object Scan Result"},
		{"the same through SNS", fmt.Sprintf(`{"Type":"Notification","Message":%q}`, scan), true, "Object Scan Result"},
		{"another service's event", `{"source":"aws.ec2","detail-type":"EC2 Instance State-change Notification","detail":{}}`, false, "redrive"},
		{"a text", "hello", false, "redrive"},
		{"nothing", "", false, "redrive"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			onQueue(t, awssim.Options{}, nil, func(t *testing.T, r *rig) {
				r.queue.send("m-1", tt.body)
				time.Sleep(2 * time.Minute)
				if gone := len(r.queue.left()) == 0; gone != tt.deleted {
					t.Errorf("deleted: %v", gone)
				}
				if !strings.Contains(r.log.String(), tt.log) {
					t.Errorf("the log does not say %q:\n%s", tt.log, r.log)
				}
				if n, _ := r.pool.idle(); n != 16 {
					t.Errorf("%d workers are idle", n)
				}
			})
		})
	}
}

// TestMessageBackoff: a case that is not contained keeps its message, which comes again later and later; mended, it is answered.
func TestMessageBackoff(t *testing.T) {
	var denied atomic.Bool
	denied.Store(true)
	sim := awssim.Options{Fault: func(c awssim.Call) awssim.Fault {
		if denied.Load() && c.Operation == "CreateSecurityGroup" {
			return awssim.Fault{Before: &smithy.GenericAPIError{Code: "UnauthorizedOperation", Message: "no"}}
		}
		return awssim.Fault{}
	}}
	onQueue(t, sim, nil, func(t *testing.T, r *rig) {
		r.queue.send("m-1", event(web, 1))
		time.Sleep(10 * time.Minute)
		var waits []int
		for _, n := range r.queue.hidden("m-1") {
			if n != 60 || len(waits) == 1 { // 60 is a heartbeat's as well as the second wait's
				waits = append(waits, n)
			}
		}
		if c := r.cases(t); c[0].Status != casefile.Failed || len(r.queue.left()) != 1 {
			t.Fatalf("case %s, left %v", c[0].Status, r.queue.left())
		}
		if len(waits) < 3 || waits[0] != 30 || !slices.Contains(waits, 120) || !slices.IsSorted(waits) {
			t.Errorf("waits %v", waits)
		}
		denied.Store(false)
		time.Sleep(30 * time.Minute)
		if c := r.cases(t); c[0].Status != casefile.Contained || len(r.queue.left()) != 0 {
			t.Errorf("mended: case %s, left %v", c[0].Status, r.queue.left())
		}
	})
}

// TestQueueDown: whatever the queue answers, the service goes on asking, says so, and takes messages when it is back.
func TestQueueDown(t *testing.T) {
	onQueue(t, awssim.Options{}, nil, func(t *testing.T, r *rig) {
		time.Sleep(5 * time.Second)
		if why := r.reasons(t.Context()); len(why) > 0 {
			t.Errorf("not ready: %v", why)
		}
		r.queue.breakWith("QueueDoesNotExist")
		before := r.queue.asked()
		time.Sleep(30 * time.Minute)
		asked := r.queue.asked() - before
		if asked < 45 || asked > 110 { // two kinds of calls, each about once a minute
			t.Errorf("asked %d times in half an hour", asked)
		}
		if why := r.reasons(t.Context()); len(why) != 1 || !strings.Contains(why[0], "QueueDoesNotExist") {
			t.Errorf("reasons %v", why)
		}
		r.queue.breakWith("")
		r.queue.send("m-1", event(web, 1))
		time.Sleep(5 * time.Minute)
		if c := r.cases(t); len(c) != 1 || c[0].Status != casefile.Contained || len(r.queue.left()) != 0 {
			t.Errorf("back: %v, left %v", c, r.queue.left())
		}
		if why := r.reasons(t.Context()); len(why) > 0 {
			t.Errorf("not ready: %v", why)
		}
	})
}

// TestOnlyAsManyAsWorkers: no more messages are received than workers are idle.
func TestOnlyAsManyAsWorkers(t *testing.T) {
	slow := awssim.Options{Latency: func(awssim.Call) time.Duration { return time.Second }}
	onQueue(t, slow, func(c *config.Serve) { c.Workers = 1 }, func(t *testing.T, r *rig) {
		for n := range 5 {
			r.queue.send(fmt.Sprint("m-", n), event(web, n+1))
		}
		time.Sleep(3 * time.Second)
		r.queue.mu.Lock()
		received := 0
		for _, m := range r.queue.messages {
			received += m.receipts
		}
		r.queue.mu.Unlock()
		if received != 1 {
			t.Errorf("%d messages are received with one worker", received)
		}
		time.Sleep(20 * time.Minute)
		if left := r.queue.left(); len(left) > 0 || len(r.cases(t)) != 1 {
			t.Errorf("left %v, %d cases\n%s", left, len(r.cases(t)), r.log)
		}
	})
}

// TestStopGivesMessagesBack: what is not answered is visible to others at once.
func TestStopGivesMessagesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conf := serveConfig()
		conf.Queue = testURL
		r := newRig(t, awssim.Options{SnapshotTime: time.Hour}, conf)
		ctx, cancel := context.WithCancel(t.Context())
		r.begin(ctx)
		var loops sync.WaitGroup
		r.loops(ctx, r.work, &loops)
		r.queue.send("m-1", event(web, 1))
		time.Sleep(30 * time.Second)
		cancel()
		r.pool.stop()
		over := make(chan struct{})
		go func() {
			loops.Wait()
			r.jobs.wait()
			close(over)
		}()
		begin := time.Now()
		if err := r.finish(over, nil, func() {}, func() { t.Error("abandoned") }); err != nil {
			t.Error(err)
		}
		if took := time.Since(begin); took < 30*time.Second || took > 40*time.Second {
			t.Errorf("stopped after %s", took)
		}
		hidden := r.queue.hidden("m-1")
		c := r.cases(t)[0]
		if len(r.queue.left()) != 1 || hidden[len(hidden)-1] != 0 || c.Status != casefile.Contained || c.Settled {
			t.Errorf("left %v, hidden %v, case %s, settled %v", r.queue.left(), hidden, c.Status, c.Settled)
		}
		if strings.Contains(r.log.String(), "not answered to its end") || !strings.Contains(r.log.String(), "left for the next start") {
			t.Errorf("a stop is told as an error:\n%s", r.log)
		}
	})
}

// TestWaitingForAnotherRun: findings of a target that another process is at work on keep nobody else waiting, one of them alone
// asks whether that is over, and their containment has a worker then. A stop while it runs does not cut it.
func TestWaitingForAnotherRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conf := serveConfig()
		conf.Queue, conf.Workers = testURL, 1
		r := newRig(t, awssim.Options{Latency: func(awssim.Call) time.Duration { return time.Second }}, conf)
		claims := &claims{Store: r.store}
		r.store = claims
		r.restart(t, t.TempDir(), conf)
		ctx, cancel := context.WithCancel(t.Context())
		r.begin(ctx)
		var poll sync.WaitGroup
		poll.Go(func() { r.poll(ctx) })
		f, err := finding.Decode(strings.NewReader(event(web, 1)))
		if err != nil {
			t.Fatal(err)
		}
		a, aerr := r.engine.Accept(t.Context(), f[0], time.Now())
		if aerr != nil {
			t.Fatal(aerr)
		}
		id := a.Cases()[0].ID
		if err := r.store.Claim(t.Context(), id, "other", time.Now(), 10*time.Minute); err != nil {
			t.Fatal(err)
		}
		claims.n.Store(0)
		for n := range 40 {
			r.queue.send(fmt.Sprintf("m-%02d", n), event(web, n+2))
		}
		time.Sleep(time.Minute)
		r.queue.send("m-other", event(batch, 1))
		time.Sleep(2 * time.Minute)
		for _, c := range r.cases(t) {
			if (c.Target.ID == batch) != (c.Status == casefile.Contained) {
				t.Errorf("%s is %s", c.Target.ID, c.Status)
			}
		}
		if n := claims.n.Load(); n > 150 {
			t.Errorf("asked for a lease %d times in three minutes", n)
		}
		if err := r.store.Yield(t.Context(), id, "other"); err != nil {
			t.Fatal(err)
		}
		for begun := false; !begun; time.Sleep(50 * time.Millisecond) {
			records, err := r.store.Records(t.Context(), id)
			begun = err != nil || len(records) > 0
		}
		if n, _ := r.pool.idle(); n != 0 {
			t.Error("contains without a worker")
		}
		cancel()
		r.pool.stop()
		r.pool.giveUp()
		poll.Wait()
		r.jobs.wait()
		if c, err := r.store.Case(t.Context(), id); err != nil || c.ContainedAfter == 0 || c.Settled {
			t.Errorf("stopped: %s %s, %v", c.Status, c.Reason, err)
		}
		if left := len(r.queue.left()); left < 30 {
			t.Errorf("%d messages are left", left)
		}
	})
}

// claims counts how often a lease is asked for.
type claims struct {
	casefile.Store
	n atomic.Int64
}

func (c *claims) Claim(ctx context.Context, id, owner string, now time.Time, ttl time.Duration) error {
	c.n.Add(1)
	return c.Store.Claim(ctx, id, owner, now, ttl)
}
