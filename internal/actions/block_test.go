package actions_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"cordon/internal/action"
	"cordon/internal/action/actiontest"
	"cordon/internal/actions"
	"cordon/internal/awssim"
	"cordon/internal/finding"
)

// blockCase is one case's ec2.block-remote-ip on one of the demo's instances.
type blockCase struct {
	id, instance string
	addresses    []string
	ledger       *actiontest.Ledger
}

func blockAction(t testing.TB) action.Action {
	t.Helper()
	catalog := actions.Catalog()
	return catalog[slices.IndexFunc(catalog, func(a action.Action) bool { return a.ID == "ec2.block-remote-ip" })]
}

func (c *blockCase) run(t testing.TB, w *actiontest.World) action.Record {
	t.Helper()
	target := finding.Target{Account: awssim.DefaultAccount, Region: awssim.DemoRegion, Kind: finding.KindInstance, ID: c.instance}
	req, err := action.NewRequest(action.On{Case: c.id, Target: target}, blocking(c.addresses...))
	ok(t, err)
	env := *w.Env
	env.Records = func(ctx context.Context) ([]action.Record, error) { return c.ledger.Records(ctx, c.id) }
	rec, err := action.Run(t.Context(), c.ledger, &env, blockAction(t), c.id, req)
	ok(t, err)
	return rec
}

func (c *blockCase) release(t testing.TB, w *actiontest.World) action.Record {
	t.Helper()
	rec, _, err := c.ledger.Record(t.Context(), c.id, "ec2.block-remote-ip")
	ok(t, err)
	rec, err = action.Undo(t.Context(), c.ledger, w.Env, blockAction(t), rec, false)
	ok(t, err)
	return rec
}

// TestTwoCasesInOneACL: cases that plan the same numbers at the same time each get rules of their own, and releasing one
// leaves the other's.
func TestTwoCasesInOneACL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := actiontest.NewWorld(t, actiontest.WebServer, awssim.Options{Latency: func(awssim.Call) time.Duration { return 40 * time.Millisecond }})
		before := rulesOf(t, w)
		cases := []*blockCase{
			{id: "c-0123456789a1", instance: actiontest.WebServer, addresses: []string{attacker, "198.51.100.24"}, ledger: &actiontest.Ledger{}},
			{id: "c-0123456789a2", instance: actiontest.BatchServer, addresses: []string{"198.51.100.25", "198.51.100.26"}, ledger: &actiontest.Ledger{}},
		}
		var wg sync.WaitGroup
		for _, c := range cases {
			wg.Go(func() {
				if rec := c.run(t, w); rec.Status != action.Done {
					t.Errorf("%s: %s (error %q, reason %q)", c.id, rec.Status, rec.Error, rec.Reason)
				}
			})
		}
		wg.Wait()
		if got := rulesOf(t, w); len(got) != len(before)+8 {
			t.Fatalf("rules: %v", got)
		}
		if rec := cases[0].release(t, w); rec.Status != action.Undone {
			t.Fatalf("release: %s (error %q, reason %q)", rec.Status, rec.Error, rec.Reason)
		}
		left := strings.Join(rulesOf(t, w), "; ")
		for _, address := range cases[1].addresses {
			if strings.Count(left, "deny "+address+"/32") != 2 {
				t.Errorf("of the other case's rules for %s is left: %s", address, left)
			}
		}
		if strings.Contains(left, attacker) {
			t.Errorf("the released case's rules are still there: %s", left)
		}
		if rec := cases[1].release(t, w); rec.Status != action.Undone || !slices.Equal(rulesOf(t, w), before) {
			t.Errorf("release: %s (error %q), rules %v", rec.Status, rec.Error, rulesOf(t, w))
		}
	})
}

// TestTheSameAddress: cases that deny the same address, whether they begin at once or one after the other, each have rules of
// their own: whichever is released, the others' address stays denied; after the last nothing is left.
func TestTheSameAddress(t *testing.T) {
	for name, atOnce := range map[string]bool{"at once": true, "one after the other": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := actiontest.NewWorld(t, actiontest.WebServer, awssim.Options{Latency: func(awssim.Call) time.Duration { return 40 * time.Millisecond }})
				before := rulesOf(t, w)
				var cases []*blockCase
				for i, instance := range []string{actiontest.WebServer, actiontest.BatchServer, actiontest.Database} {
					cases = append(cases, &blockCase{
						id: fmt.Sprintf("c-0123456789a%d", i), instance: instance, addresses: []string{attacker}, ledger: &actiontest.Ledger{},
					})
				}
				var wg sync.WaitGroup
				for _, c := range cases {
					wg.Go(func() {
						if rec := c.run(t, w); rec.Status != action.Done {
							t.Errorf("%s: %s (error %q, reason %q)", c.id, rec.Status, rec.Error, rec.Reason)
						}
					})
					if !atOnce {
						wg.Wait()
					}
				}
				wg.Wait()
				for i, c := range cases {
					if got := strings.Count(strings.Join(rulesOf(t, w), "; "), "deny "+attacker+"/32"); got != 2*(len(cases)-i) {
						t.Errorf("%d denies before release %d: %v", got, i+1, rulesOf(t, w))
					}
					if rec := c.release(t, w); rec.Status != action.Undone {
						t.Errorf("release of %s: %s (error %q, reason %q)", c.id, rec.Status, rec.Error, rec.Reason)
					}
				}
				if got := rulesOf(t, w); !slices.Equal(got, before) {
					t.Errorf("left: %v", got)
				}
			})
		})
	}
}

// TestBlockedByAnotherCase: where the quota has no room for rules of one's own, an address that another case denies is left
// and said; once that case is released, the next run denies it itself.
func TestBlockedByAnotherCase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := actiontest.NewWorld(t, actiontest.BatchServer, awssim.Options{})
		for n := range 17 { // beside the two that each network ACL has
			entry(t, w, true, int32(200+n), ec2types.RuleActionDeny, fmt.Sprintf("192.0.2.%d/32", n))
		}
		before := rulesOf(t, w)
		one := &blockCase{id: "c-0123456789a1", instance: actiontest.WebServer, addresses: []string{attacker}, ledger: &actiontest.Ledger{}}
		two := &blockCase{id: "c-0123456789a2", instance: actiontest.BatchServer, addresses: []string{attacker}, ledger: &actiontest.Ledger{}}
		if rec := one.run(t, w); rec.Status != action.Done {
			t.Fatalf("%s (error %q, reason %q)", rec.Status, rec.Error, rec.Reason)
		}
		rec := two.run(t, w)
		one.release(t, w)
		if again := two.run(t, w); again.Status != action.Done || strings.Count(strings.Join(rulesOf(t, w), "; "), "deny "+attacker) != 2 {
			t.Fatalf("again: %s (error %q): %v; before: %s", again.Status, again.Error, rulesOf(t, w), rec.Reason)
		}
		if rec = two.release(t, w); rec.Status != action.Undone || !slices.Equal(rulesOf(t, w), before) {
			t.Errorf("release: %s (error %q): %v", rec.Status, rec.Error, rulesOf(t, w))
		}
	})
}

// TestBlockDrift: an address that gets through again although the case's rules stand is drift, and answering again denies it.
func TestBlockDrift(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(testing.TB, *actiontest.World)
		want   string
	}{
		"allowed by a lower number": {func(t testing.TB, w *actiontest.World) {
			entry(t, w, true, 98, ec2types.RuleActionAllow, "198.51.100.0/24")
		}, "does not deny 198.51.100.23/32 on the way out any more: rule 98 lets it through"},
		"the subnet is under another network ACL": {func(t testing.TB, w *actiontest.World) {
			ok(t, w.Account.Edit(awssim.DemoRegion, func(ed *awssim.Editor) error {
				return ed.NetworkACL("acl-0a1b2c3d4e5f600a1", demoVPC, publicSubnet, "subnet-0a1b2c3d4e5f60002")
			}))
		}, "does not deny 198.51.100.23/32"},
		"nothing": {func(testing.TB, *actiontest.World) {}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := actiontest.NewWorld(t, actiontest.BatchServer, awssim.Options{})
				a := blockAction(t)
				rec := w.Run(t, a, blocking(attacker))
				tt.change(t, w)
				drift, err := action.Drift(t.Context(), w.Env, a, rec)
				ok(t, err)
				if said := fmt.Sprint(drift); (len(drift) > 0) != (tt.want != "") || !strings.Contains(said, tt.want) {
					t.Errorf("drift: %s", said)
				}
				if !strings.Contains(rec.Reason, attacker+"/32 is denied in network ACL acl-") || !strings.Contains(rec.Reason, " (egress 99, ingress 99) to all hosts of subnet-") || said(t, rec) != "" {
					t.Errorf("reason: %s; what may get through: %s", rec.Reason, said(t, rec))
				}
				rec = w.Run(t, a, blocking(attacker))
				if drift, err = action.Drift(t.Context(), w.Env, a, rec); rec.Status != action.Done || err != nil || len(drift) > 0 {
					t.Errorf("answered again: %s (error %q), drift %v, %v", rec.Status, rec.Error, drift, err)
				}
			})
		})
	}
}

// TestReplacedRule: a rule of somebody else's at a number of the case's is not deleted, not even by force, and the next run
// takes another number; what the instance has come to is no matter.
func TestReplacedRule(t *testing.T) {
	for _, again := range []bool{false, true} {
		t.Run(map[bool]string{false: "released", true: "answered again"}[again], func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { replacedRule(t, again) })
		})
	}
}

func replacedRule(t *testing.T, again bool) {
	w := actiontest.NewWorld(t, actiontest.BatchServer, awssim.Options{})
	a := blockAction(t)
	rec := w.Run(t, a, blocking(attacker))
	_, err := w.Others.EC2.DeleteNetworkAclEntry(t.Context(), &ec2.DeleteNetworkAclEntryInput{
		NetworkAclId: aws.String(demoACL(t, w)), Egress: aws.Bool(true), RuleNumber: aws.Int32(99),
	})
	ok(t, err)
	entry(t, w, true, 99, ec2types.RuleActionAllow, "192.0.2.0/24")
	drift, err := action.Drift(t.Context(), w.Env, a, rec)
	if ok(t, err); len(drift) != 1 {
		t.Errorf("drift: %v", drift)
	}
	if plan, err := action.PlanUndo(t.Context(), w.Env, a, rec); err != nil || !strings.Contains(plan.Reason, "egress 99 is not Cordon's, and is left") {
		t.Errorf("the plan of a release: %q, %v", plan.Reason, err)
	}
	if again {
		if rec = w.Run(t, a, blocking(attacker)); rec.Status != action.Done || !slices.Contains(rulesOf(t, w), "true 98 deny "+attacker+"/32") {
			t.Fatalf("again: %s (error %q): %v", rec.Status, rec.Error, rulesOf(t, w))
		}
	}
	terminate(actiontest.BatchServer)(t, w)
	time.Sleep(time.Hour)
	rec = w.Undo(t, a, true)
	if said := strings.Contains(rec.Reason, "egress 99 is not Cordon's"); rec.Status != action.Undone || said == again {
		t.Errorf("release: %s (error %q, reason %q)", rec.Status, rec.Error, rec.Reason)
	}
	if got := strings.Join(rulesOf(t, w), "; "); strings.Contains(got, attacker) || !strings.Contains(got, "true 99 allow 192.0.2.0/24") {
		t.Errorf("rules after release: %s", got)
	}
}
