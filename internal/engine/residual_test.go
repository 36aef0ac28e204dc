package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cordon/internal/action"
	"cordon/internal/awssim"
	"cordon/internal/blast"
	"cordon/internal/casefile"
	"cordon/internal/config"
	"cordon/internal/engine"
	"cordon/internal/finding"
)

const attacker = "198.51.100.23"

// reaching is a finding on an instance that reached an address.
func reaching(t *testing.T, instance, address string, count int) finding.Finding {
	t.Helper()
	f := on(instance, count)
	f.Raw = []byte(strings.Replace(string(f.Raw), `"service":{`, fmt.Sprintf(
		`"service":{"action":{"actionType":"NETWORK_CONNECTION","networkConnectionAction":{"remoteIpDetails":{"ipAddressV4":%q}}},`, address), 1))
	found, err := finding.Decode(strings.NewReader(string(f.Raw)))
	if err != nil || len(found) != 1 || !slices.Equal(found[0].RemoteIPs, []string{address}) {
		t.Fatalf("%+v, %v", found, err)
	}
	f.RemoteIPs = found[0].RemoteIPs
	return f
}

func (r *rig) blocks(w config.Weight) {
	r.conf.EC2.BlockRemoteIPs, r.conf.BlastRadius.SharedSubnet = true, w
	r.Engine = r.engine(r.vault)
}

// alive are the remote addresses of an interface's live connections.
func (r *rig) alive(eni string) (out []string) {
	for _, f := range r.account.Flows(region) {
		if f.Interface == eni && f.Alive {
			out = append(out, f.Remote)
		}
	}
	return out
}

// TestBlockRemoteIP: the addresses of a case's findings are denied in the subnet's network ACL beside the isolation, which
// waits for none of it; a later finding's address comes to them; release takes the rules away.
func TestBlockRemoteIP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const call = 40 * time.Millisecond
		r := newRig(t, latency(call), quiet())
		r.blocks(config.Report)
		before := r.account.Dump(awssim.DumpOptions{})
		c := r.respond(t, reaching(t, batch, attacker, 1))
		if c.Status != casefile.Contained || slices.Contains(r.alive("eni-0a1b2c3d4e5f60003"), attacker) {
			t.Fatalf("%s (%s), alive: %v", c.Status, c.Reason, r.alive("eni-0a1b2c3d4e5f60003"))
		}
		if rounds := c.ContainedAfter.Seconds() / call.Seconds(); rounds > 5 {
			t.Errorf("%.2f round trips in a row to the last interface isolated", rounds)
		}
		if said := r.record(t, c, "ec2.block-remote-ip").Reason; !strings.Contains(said, "198.51.100.23/32 is denied in network ACL acl-") || !strings.Contains(said, "to all hosts of subnet-") {
			t.Errorf("reason: %s", said)
		}
		if said := strings.Join(c.Concerns, "\n"); !strings.Contains(said, "4 other running instances are under network ACL acl-") {
			t.Errorf("concerns: %s", said)
		}
		again := reaching(t, batch, "198.51.100.24", 2)
		again.ID = "f-later"
		again.Raw = []byte(strings.Replace(string(again.Raw), `"id":"f-`+batch, `"id":"f-later`, 1))
		c = r.respond(t, again)
		if rec := r.record(t, c, "ec2.block-remote-ip"); rec.Status != action.Done || strings.Count(string(rec.After), "deny 198.51.100.24/32") < 2 {
			t.Errorf("after the later finding: %s %s", rec.Status, rec.After)
		}
		if _, err := r.Release(t.Context(), c.ID, engine.ReleaseOptions{}); err != nil {
			t.Fatal(err)
		}
		restored(t, r, before)
	})
}

// TestBlockRemoteIPAsks: where other instances are under the network ACL, a person is asked unless the configuration wants it
// reported, or a rule leaves the step out; nothing is changed before.
func TestBlockRemoteIPAsks(t *testing.T) {
	for _, tt := range []struct {
		name  string
		steps map[string]bool
		want  casefile.Status
		asked bool
	}{
		{"asked", nil, casefile.AwaitingApproval, true},
		{"the step is off", map[string]bool{"ec2.block-remote-ip": false}, casefile.Contained, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, awssim.Options{}, quiet())
				if tt.steps != nil {
					r.conf.Policy.Rules = []config.Rule{{Name: "spare", Then: config.ThenContain, Steps: tt.steps}}
				}
				r.blocks(config.Approve)
				plans, err := r.Plan(t.Context(), reaching(t, batch, attacker, 1))
				if err != nil || len(plans) != 1 {
					t.Fatalf("%v, %v", plans, err)
				}
				planned := slices.ContainsFunc(plans[0].Steps, func(s engine.PlannedStep) bool {
					return s.Action == "ec2.block-remote-ip" && strings.Contains(string(s.Want), "egress 99\":\"deny 198.51.100.23/32")
				})
				asks := slices.ContainsFunc(plans[0].Concerns, func(c blast.Concern) bool { return c.Kind == "shared-subnet" && c.Ask })
				if planned != tt.asked || asks != tt.asked {
					t.Errorf("plan: %v, asks: %v: %+v", planned, asks, plans[0])
				}
				if c := r.respond(t, reaching(t, batch, attacker, 1)); c.Status != tt.want {
					t.Errorf("%s: %s", c.Status, c.Reason)
				}
			})
		})
	}
}

// TestNothingToBlockAsksNothing: an address that the step will not deny is no reason to ask.
func TestNothingToBlockAsksNothing(t *testing.T) {
	for name, tt := range map[string]struct {
		address string
		never   []string
	}{
		"a private address": {"10.20.1.5", nil}, "an address of S3": {"52.216.1.1", nil}, "one of the account": {"203.0.113.11", nil},
		"one that is never blocked": {attacker, []string{"198.51.100.0/24"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, awssim.Options{}, quiet())
				r.conf.EC2.NeverBlock = tt.never
				r.blocks(config.Approve)
				if c := r.respond(t, reaching(t, batch, tt.address, 1)); c.Status != casefile.Contained || len(c.Concerns) > 0 {
					t.Errorf("%s (%s), concerns %v", c.Status, c.Reason, c.Concerns)
				}
			})
		})
	}
}

// TestPathsNamed: from the containment on what may get through is named in general, and once it was looked at, by its name.
func TestPathsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, awssim.Options{}, quiet())
		begun, err := r.Begin(t.Context(), on(batch, 1), time.Now())
		if err != nil || len(begun) != 1 {
			t.Fatal(err)
		}
		turn := engine.Turn{Case: begun[0].Case.ID, Walk: "w", Received: time.Now()}
		if err := r.Inline(t.Context(), turn, "0"); err != nil {
			t.Fatal(err)
		}
		c, err := r.store.Case(t.Context(), turn.Case)
		if said := strings.Join(c.Residual, "\n"); err != nil || !strings.Contains(said, "they are always tracked") || strings.Contains(said, "nat-") {
			t.Errorf("after containment: %s, %v", said, err)
		}
		if err := r.Step(t.Context(), turn, "ec2.map-paths"); err != nil {
			t.Fatal(err)
		}
		c, err = r.Settle(t.Context(), turn)
		if said := strings.Join(c.Residual, "\n"); strings.Contains(said, "they are always tracked") || !strings.Contains(said, "NAT gateway nat-0a1b2c3d4e5f60001 (subnet-0a1b2c3d4e5f60002)") {
			t.Errorf("after the look: %s, %v", said, err)
		}
	})
}
