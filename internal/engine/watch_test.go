package engine_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"

	"cordon/internal/action"
	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/engine"
	"cordon/internal/notify"
)

// watchRig is a rig with a contained instance, and a channel that is told.
func watchRig(t *testing.T, o awssim.Options) (*rig, *post, casefile.Case) {
	t.Helper()
	r := newRig(t, o, quiet())
	slack := &post{id: "notify.slack"}
	r.channels = []notify.Channel{slack}
	r.Engine = r.engine(r.vault)
	return r, slack, r.respond(t, on(web, 1))
}

// meddle moves one of the instance's interfaces out of its quarantine.
func (r *rig) meddle(t *testing.T) {
	t.Helper()
	eni := "eni-0a1b2c3d4e5f60002"
	_, err := r.clients().EC2.ModifyNetworkInterfaceAttribute(t.Context(), &ec2.ModifyNetworkInterfaceAttributeInput{
		NetworkInterfaceId: &eni, Groups: []string{"sg-0a1b2c3d4e5f60003"},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (r *rig) watch(t *testing.T, c casefile.Case, putBack bool) engine.Watched {
	t.Helper()
	w, err := r.Watch(t.Context(), c.ID, putBack)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (r *rig) drifted(t *testing.T, c casefile.Case) (lines []string) {
	t.Helper()
	journal, err := r.store.Journal(t.Context(), c.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range journal {
		if e.Event == "drift" {
			lines = append(lines, e.Text)
		}
	}
	return lines
}

func TestWatchAlertsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, slack, c := watchRig(t, awssim.Options{})
		if w := r.watch(t, c, false); len(w.Drift)+len(w.Unread) > 0 || w.New {
			t.Fatalf("without drift: %+v", w)
		}
		r.meddle(t)
		for n := range 3 {
			if w := r.watch(t, c, false); len(w.Drift) != 1 || w.New != (n == 0) || w.PutBack {
				t.Fatalf("look %d: %+v", n, w)
			}
		}
		if got := slack.events(); !slices.Equal(got, []string{"contained", "drift"}) || slack.sent[1].Level != notify.LevelCritical {
			t.Fatalf("told %v", got)
		}
		if !strings.Contains(slack.sent[1].Reason, "eni-0a1b2c3d4e5f60002") {
			t.Errorf("the notice does not say what: %q", slack.sent[1].Reason)
		}
		// It is put back by hand, and drifts again: that is news.
		r.recheck = true
		r.Engine = r.engine(r.vault)
		r.respond(t, on(web, 1))
		if w := r.watch(t, c, false); len(w.Drift) > 0 {
			t.Fatalf("put back by hand: %+v", w)
		}
		r.meddle(t)
		if w := r.watch(t, c, false); !w.New {
			t.Error("the second drift is not told")
		}
		if lines := r.drifted(t, c); len(lines) != 3 || lines[1] != "is as it was set again" {
			t.Errorf("journal: %q", lines)
		}
	})
}

func TestWatchPutsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, slack, c := watchRig(t, awssim.Options{})
		for n := range 3 {
			r.meddle(t)
			if w := r.watch(t, c, true); !w.PutBack || len(w.Drift) > 0 || w.Case.Status != casefile.Contained || !w.Case.Settled {
				t.Fatalf("put back %d: %+v", n, w)
			}
			if v, err := r.Verify(t.Context(), c.ID); err != nil || !v.Holds {
				t.Fatalf("verify: %+v, %v", v.Drift, err)
			}
			time.Sleep(5 * time.Minute)
		}
		// The fourth time within the hour people are told alone, once; an hour later it is put back again.
		r.meddle(t)
		for n := range 2 {
			if w := r.watch(t, c, true); w.PutBack || w.New != (n == 0) || len(w.Drift) != 1 {
				t.Fatalf("after three times: %+v", w)
			}
		}
		if last := slack.sent[len(slack.sent)-1]; !strings.Contains(last.Reason, "3 times within an hour") {
			t.Errorf("told %q", last.Reason)
		}
		time.Sleep(time.Hour)
		if w := r.watch(t, c, true); !w.PutBack {
			t.Errorf("an hour later: %+v", w)
		}
		if got := slack.events(); !slices.Equal(got, []string{"contained", "drift", "drift", "drift", "drift", "drift"}) {
			t.Errorf("told %v", got)
		}
		if c, err := r.Release(t.Context(), c.ID, engine.ReleaseOptions{}); err != nil || c.Status != casefile.Released {
			t.Errorf("release: %s %s, %v", c.Status, c.Reason, err)
		}
	})
}

func TestWatchLeavesAlone(t *testing.T) {
	for name, setup := range map[string]func(*testing.T, *rig, casefile.Case){
		"paused": func(t *testing.T, r *rig, _ casefile.Case) {
			if err := r.store.Pause(t.Context(), casefile.Pause{By: "p", At: time.Now().UTC(), Reason: "change freeze"}); err != nil {
				t.Fatal(err)
			}
		},
		"another run has it": func(t *testing.T, r *rig, c casefile.Case) {
			if err := r.store.Claim(t.Context(), c.ID, "other", time.Now().UTC(), time.Minute); err != nil {
				t.Fatal(err)
			}
		},
		"a release that died": func(t *testing.T, r *rig, c casefile.Case) {
			rec := r.record(t, c, "ec2.tag")
			rec.Status = action.Undone
			if _, err := r.store.SaveRecord(t.Context(), rec); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, _, c := watchRig(t, awssim.Options{})
				r.meddle(t)
				setup(t, r, c)
				before := r.account.Dump(awssim.DumpOptions{})
				if w := r.watch(t, c, true); w.PutBack || w.New != (name == "paused") {
					t.Errorf("%+v", w)
				}
				restored(t, r, before)
			})
		})
	}
}

// TestWatchUnread: what cannot be read is no drift, and nobody is told that something has changed.
func TestWatchUnread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		denied := false
		r, slack, c := watchRig(t, awssim.Options{Fault: func(c awssim.Call) awssim.Fault {
			if denied && c.Operation == "DescribeNetworkInterfaces" {
				return awssim.Fault{Before: &smithy.GenericAPIError{Code: "UnauthorizedOperation", Message: "no"}}
			}
			return awssim.Fault{}
		}})
		denied = true
		if w := r.watch(t, c, true); len(w.Unread) == 0 || len(w.Drift) > 0 || w.New || w.PutBack {
			t.Errorf("%+v", w)
		}
		if len(slack.sent) != 1 {
			t.Errorf("told %v", slack.events())
		}
	})
}

func TestVerifyAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, c := watchRig(t, awssim.Options{})
		other := r.respond(t, on(batch, 1))
		gone := r.respond(t, on(db, 1))
		if _, err := r.Release(t.Context(), gone.ID, engine.ReleaseOptions{}); err != nil {
			t.Fatal(err)
		}
		r.meddle(t)
		all, err := r.VerifyAll(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		holds := map[string]bool{}
		for _, v := range all {
			if holds[v.Case.ID] = v.Holds; v.Err != nil {
				t.Error(v.Err)
			}
		}
		if len(holds) != 2 || holds[c.ID] || !holds[other.ID] {
			t.Errorf("verified %v", holds)
		}
	})
}
