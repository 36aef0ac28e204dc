package serve

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"cordon/internal/action"
	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/cloud"
	"cordon/internal/config"
	"cordon/internal/engine"
)

// meddle moves one of the instance's interfaces out of its quarantine.
func (r *rig) meddle(t *testing.T) {
	t.Helper()
	eni := "eni-0a1b2c3d4e5f60002"
	_, err := cloud.New(r.account.Config("us-east-1"), r.account.ID()).EC2.ModifyNetworkInterfaceAttribute(t.Context(),
		&ec2.ModifyNetworkInterfaceAttributeInput{NetworkInterfaceId: &eni, Groups: []string{"sg-0a1b2c3d4e5f60003"}})
	if err != nil {
		t.Fatal(err)
	}
}

// TestWatch: drift is alerted, put back, or left alone, as the configuration says.
func TestWatch(t *testing.T) {
	for _, tt := range []struct {
		drift config.OnDrift
		log   string
		count string
		holds bool
	}{
		{config.DriftAlert, `"containment has drifted"`, "cordon_drift_total alerted", false},
		{config.DriftReassert, "was put back", "cordon_drift_total put-back", true},
		{config.DriftOff, "", "", false},
	} {
		t.Run(string(tt.drift), func(t *testing.T) {
			onQueue(t, awssim.Options{}, func(c *config.Serve) { c.Watch.Drift = tt.drift }, func(t *testing.T, r *rig) {
				r.queue.send("m-1", event(web, 1))
				time.Sleep(10 * time.Minute)
				r.meddle(t)
				time.Sleep(time.Hour)
				if !strings.Contains(r.log.String(), tt.log) || tt.count != "" && r.metrics.get(tt.count) != 1 {
					t.Errorf("counted %v\n%s", r.metrics.n, r.log)
				}
				v, err := r.engine.Verify(t.Context(), r.cases(t)[0].ID)
				if err != nil || v.Holds != tt.holds {
					t.Errorf("holds: %v, %+v, %v", v.Holds, v.Drift, err)
				}
			})
		})
	}
}

// TestEvidenceGoesOn: evidence that takes longer than a run waits for it is gone on with, and then the case is settled.
func TestEvidenceGoesOn(t *testing.T) {
	onQueue(t, awssim.Options{SnapshotTime: 25 * time.Minute}, nil, func(t *testing.T, r *rig) {
		r.queue.send("m-1", event(web, 1))
		time.Sleep(15 * time.Minute)
		if c := r.cases(t)[0]; c.Status != casefile.Contained || c.Settled || len(r.queue.left()) != 0 {
			t.Errorf("after a quarter of an hour: %s, settled %v, left %v", c.Status, c.Settled, r.queue.left())
		}
		time.Sleep(time.Hour)
		if c := r.cases(t)[0]; c.Status != casefile.Contained || !c.Settled {
			t.Errorf("in the end: %s %s, settled %v", c.Status, c.Reason, c.Settled)
		}
	})
}

// TestInterruptedRelease: it is said, once, and nothing is done about it.
func TestInterruptedRelease(t *testing.T) {
	onQueue(t, awssim.Options{}, func(c *config.Serve) { c.Watch.Drift = config.DriftReassert }, func(t *testing.T, r *rig) {
		r.queue.send("m-1", event(web, 1))
		time.Sleep(5 * time.Minute)
		id := r.cases(t)[0].ID
		rec, ok, err := r.store.Record(t.Context(), id, "ec2.tag")
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		rec.Status = action.Undone
		if _, err := r.store.SaveRecord(t.Context(), rec); err != nil {
			t.Fatal(err)
		}
		r.meddle(t)
		before := r.account.Dump(awssim.DumpOptions{})
		time.Sleep(30 * time.Minute)
		if n := strings.Count(r.log.String(), "cordon release "+id); n != 1 {
			t.Errorf("said %d times", n)
		}
		for _, d := range awssim.Diff(before, r.account.Dump(awssim.DumpOptions{})) {
			t.Error("changed:", d)
		}
	})
}

// TestForget: what is not in the backlog any more is forgotten, unless it is being worked on.
func TestForget(t *testing.T) {
	m := map[string]try{"c-gone": {n: 3}, "c-there": {n: 1}, "c-busy": {n: 2}}
	forget(m, []casefile.Case{{ID: "c-there"}, {ID: "c-new"}}, func(id string) bool { return id == "c-busy" })
	if len(m) != 2 || m["c-there"].n != 1 || m["c-busy"].n != 2 {
		t.Errorf("left %v", m)
	}
}

// TestLetGo: a finding of a case in which a person has put single actions back is answered, and not tried again and again.
func TestLetGo(t *testing.T) {
	onQueue(t, awssim.Options{}, nil, func(t *testing.T, r *rig) {
		r.queue.send("m-1", event(web, 1))
		time.Sleep(5 * time.Minute)
		id := r.cases(t)[0].ID
		if _, err := r.engine.Release(t.Context(), id, engine.ReleaseOptions{Only: []string{"ec2.isolate-network"}}); err != nil {
			t.Fatal(err)
		}
		r.queue.send("m-2", event(web, 2))
		time.Sleep(5 * time.Minute)
		c, err := r.store.Case(t.Context(), id)
		if err != nil || c.Status != casefile.Partial || len(c.Findings) != 1 || c.Findings[0].Count != 2 {
			t.Errorf("%s %s, %+v, %v", c.Status, c.Reason, c.Findings, err)
		}
		if left := r.queue.left(); len(left) > 0 {
			t.Errorf("left %v, hidden %v\n%s", left, r.queue.hidden("m-2"), r.log)
		}
	})
}

// TestTimeToContainOnce: a case's time to contain is counted once, however many findings of it were taken in before.
func TestTimeToContainOnce(t *testing.T) {
	slow := awssim.Options{Latency: func(awssim.Call) time.Duration { return time.Second }}
	onQueue(t, slow, nil, func(t *testing.T, r *rig) {
		for n := range 8 {
			r.queue.send(fmt.Sprint("m-", n), event(web, n+1))
		}
		time.Sleep(20 * time.Minute)
		if n := r.metrics.get(string(TimeToContain)); n != 1 || len(r.queue.left()) > 0 {
			t.Errorf("counted %d times, left %v", n, r.queue.left())
		}
	})
}
