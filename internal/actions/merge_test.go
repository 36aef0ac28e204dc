package actions_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"cordon/internal/action"
	"cordon/internal/action/actiontest"
	"cordon/internal/awssim"
	"cordon/internal/finding"
)

// TestLaterActivity: activity after the cut-off revokes anew; activity before it, or of a clock that is ahead, does not
// fail.
func TestLaterActivity(t *testing.T) {
	instance := func(testing.TB, *actiontest.World) {}
	for _, c := range []struct {
		action string
		on     setup
		with   settings
	}{
		{"iam.revoke-role-sessions", on(finding.KindRole, demoRole), settings{}},
		{"iam.revoke-user-sessions", on(finding.KindUser, demoUser), settings{}},
		{"iam.revoke-instance-role-sessions", instance, settings{"include_shared": true}},
	} {
		t.Run(c.action, func(t *testing.T) {
			inWorld(t, c.action, c.on, func(t *testing.T, w *actiontest.World, a action.Action) {
				run := func(since time.Time) action.Record {
					c.with["since"] = since.UTC().Format(time.RFC3339Nano)
					rec := w.Run(t, a, c.with)
					if rec.Status != action.Done {
						t.Fatalf("since %s: %s: %s", since, rec.Status, rec.Error)
					}
					return rec
				}
				began := time.Now()
				first := run(began.Add(-time.Hour))
				time.Sleep(time.Hour)
				if again := run(began.Add(10 * time.Second)); string(again.After) != string(first.After) {
					t.Error("revoked anew for activity before the cut-off")
				}
				revokedUpToNow(t, w, run(time.Now().Add(-time.Minute)))
				time.Sleep(time.Hour)
				revokedUpToNow(t, w, run(time.Now().Add(1000*time.Hour)))
				if rec := w.Undo(t, a, false); rec.Status != action.Undone {
					t.Errorf("release: %s (error %q, reason %q)", rec.Status, rec.Error, rec.Reason)
				}
			})
		})
	}
}

// TestLyingClock: a first finding from the future, and one whose time is no time.
func TestLyingClock(t *testing.T) {
	for _, since := range []string{"2999-01-01T00:00:00Z", "yesterday", ""} {
		t.Run(since, func(t *testing.T) {
			inWorld(t, "iam.revoke-role-sessions", on(finding.KindRole, demoRole), func(t *testing.T, w *actiontest.World, a action.Action) {
				rec := w.Run(t, a, settings{"since": since})
				if rec.Status != action.Done {
					t.Fatalf("%s: %s", rec.Status, rec.Error)
				}
				revokedUpToNow(t, w, rec)
			})
		})
	}
}

// TestTwoCasesOnOneRole: the release of one case leaves the other's revocation in force.
func TestTwoCasesOnOneRole(t *testing.T) {
	for _, c := range []struct {
		action string
		on     setup
		with   settings
	}{
		{"iam.revoke-instance-role-sessions", func(testing.TB, *actiontest.World) {}, settings{"include_shared": true}},
		{"iam.revoke-user-sessions", on(finding.KindFederatedUser, "alice"), settings{"principal_id": demoUserID + ":alice"}},
	} {
		t.Run(c.action, func(t *testing.T) {
			inWorld(t, c.action, c.on, func(t *testing.T, w *actiontest.World, a action.Action) {
				before := w.Dump(true)
				cases := []string{"c-111111111111", "c-222222222222"}
				var recs []action.Record
				for _, id := range cases {
					req, err := action.NewRequest(action.On{Case: id, Target: w.Target}, c.with)
					ok(t, err)
					rec, err := action.Run(t.Context(), w.Ledger, w.Env, a, id, req)
					ok(t, err)
					recs = append(recs, rec)
					time.Sleep(time.Minute)
				}
				for i, rec := range recs {
					if drift, err := action.Drift(t.Context(), w.Env, a, rec); err != nil || len(drift) != 0 {
						t.Errorf("case %s: drift %v, %v", cases[i], drift, err)
					}
					rec, err := action.Undo(t.Context(), w.Ledger, w.Env, a, rec, false)
					ok(t, err)
					if rec.Status != action.Undone {
						t.Errorf("release %s: %s (error %q, reason %q)", cases[i], rec.Status, rec.Error, rec.Reason)
					}
				}
				time.Sleep(time.Minute)
				if diff := awssim.Diff(before, w.Dump(true)); len(diff) > 0 {
					t.Errorf("after release: %v", diff)
				}
			})
		})
	}
}

// TestAnotherKey: a second finding of the case names the user's other key.
func TestAnotherKey(t *testing.T) {
	inWorld(t, "iam.disable-access-key", on(finding.KindUser, demoUser), func(t *testing.T, w *actiontest.World, a action.Action) {
		out, err := w.Others.IAM.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String(demoUser)})
		ok(t, err)
		second := *out.AccessKey.AccessKeyId
		residual := func(rec action.Record) string {
			all, err := action.Residual(a, rec)
			ok(t, err)
			return strings.Join(all, "; ")
		}

		rec := w.Run(t, a, settings{"keys": []string{demoKey}})
		keyStatus(second, iamtypes.StatusTypeActive)(t, w, rec)
		if got, want := residual(rec), "access keys "+second+" of user "+demoUser+" stay active. Remedy"; !strings.HasPrefix(got, want) {
			t.Errorf("residual %q, want %q", got, want)
		}

		rec = w.Run(t, a, settings{"keys": []string{second, otherKey}})
		keyStatus(demoKey, iamtypes.StatusTypeInactive)(t, w, rec)
		keyStatus(second, iamtypes.StatusTypeInactive)(t, w, rec)
		var req struct{ Keys []string }
		ok(t, json.Unmarshal(rec.Request, &req))
		if want := []string{demoKey, second, otherKey}; rec.Status != action.Done || !slices.Equal(req.Keys, want) {
			t.Errorf("%s, keys %v, want %v", rec.Status, req.Keys, want)
		}
		if got := residual(rec); !strings.Contains(got, otherKey+", which the finding names, is none of user") || strings.Contains(got, "stay active") {
			t.Errorf("residual %q", got)
		}

		w.Env.ReactivateKeys = true
		w.Undo(t, a, false)
		keyStatus(demoKey, iamtypes.StatusTypeActive)(t, w, rec)
		keyStatus(second, iamtypes.StatusTypeActive)(t, w, rec)
	})
}
