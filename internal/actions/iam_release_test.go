package actions_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"

	"cordon/internal/action"
	"cordon/internal/action/actiontest"
	"cordon/internal/actions"
	"cordon/internal/awssim"
	"cordon/internal/finding"
)

// inWorld runs f in a world of its own whose target is as prepare makes it, with the action of that id.
func inWorld(t *testing.T, id string, prepare setup, f func(t *testing.T, w *actiontest.World, a action.Action)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := actiontest.NewWorld(t, actiontest.WebServer, awssim.Options{})
		prepare(t, w)
		catalog := actions.Catalog()
		f(t, w, catalog[slices.IndexFunc(catalog, func(a action.Action) bool { return a.ID == id })])
	})
}

// TestKeysStayInactive: release leaves a key inactive, with the reason, until it is told to reactivate; an inactive one
// stays so.
func TestKeysStayInactive(t *testing.T) {
	inWorld(t, "iam.disable-access-key", on(finding.KindUser, demoUser), func(t *testing.T, w *actiontest.World, a action.Action) {
		ok(t, w.Account.Edit(awssim.DemoRegion, func(ed *awssim.Editor) error {
			ed.AccessKey(demoUser, otherKey, time.Now())
			return nil
		}))
		setKey(t, w, otherKey, iamtypes.StatusTypeInactive)
		w.Run(t, a, settings{"all": true})

		rec := w.Undo(t, a, false)
		if rec.Status != action.Done || !strings.Contains(rec.Reason, demoKey) || strings.Contains(rec.Reason, otherKey) || !strings.Contains(rec.Reason, "--reactivate-keys") {
			t.Errorf("release: %s, reason %q", rec.Status, rec.Reason)
		}
		keyStatus(demoKey, iamtypes.StatusTypeInactive)(t, w, rec)

		w.Env.ReactivateKeys = true
		if rec = w.Undo(t, a, false); rec.Status != action.Undone {
			t.Errorf("release with reactivation: %s, %s%s", rec.Status, rec.Reason, rec.Error)
		}
		keyStatus(demoKey, iamtypes.StatusTypeActive)(t, w, rec)
		keyStatus(otherKey, iamtypes.StatusTypeInactive)(t, w, rec)
	})
}

// TestKeysChangedSince: what came after containment, and what the next run or release makes of it.
func TestKeysChangedSince(t *testing.T) {
	const id = "iam.disable-access-key"
	t.Run("reactivated", func(t *testing.T) {
		inWorld(t, id, on(finding.KindUser, demoUser), func(t *testing.T, w *actiontest.World, a action.Action) {
			with := settings{"keys": []string{demoKey}}
			rec := w.Run(t, a, with)
			setKey(t, w, demoKey, iamtypes.StatusTypeActive)
			if drift, err := action.Drift(t.Context(), w.Env, a, rec); err != nil || len(drift) != 1 {
				t.Errorf("drift %v, %v", drift, err)
			}
			keyStatus(demoKey, iamtypes.StatusTypeInactive)(t, w, w.Run(t, a, with))
		})
	})
	t.Run("another made", func(t *testing.T) {
		inWorld(t, id, on(finding.KindUser, demoUser), func(t *testing.T, w *actiontest.World, a action.Action) {
			with := settings{"all": true}
			w.Run(t, a, with)
			out, err := w.Others.IAM.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String(demoUser)})
			ok(t, err)
			keyStatus(*out.AccessKey.AccessKeyId, iamtypes.StatusTypeInactive)(t, w, w.Run(t, a, with))
		})
	})
	t.Run("deleted", func(t *testing.T) {
		inWorld(t, id, on(finding.KindUser, demoUser), func(t *testing.T, w *actiontest.World, a action.Action) {
			w.Run(t, a, settings{"keys": []string{demoKey}})
			_, err := w.Others.IAM.DeleteAccessKey(t.Context(), &iam.DeleteAccessKeyInput{UserName: aws.String(demoUser), AccessKeyId: aws.String(demoKey)})
			ok(t, err)
			if rec := w.Undo(t, a, false); rec.Status != action.Undone || !strings.Contains(rec.Reason, "does not exist any more") {
				t.Errorf("release: %s, reason %q", rec.Status, rec.Reason)
			}
		})
	})
}

// TestReleaseOfWhatIsGone: the role, user or bucket was deleted since.
func TestReleaseOfWhatIsGone(t *testing.T) {
	const fresh = "cordon-demo-fresh"
	newRole := func(t testing.TB, w *actiontest.World) {
		_, err := w.Others.IAM.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String(fresh), AssumeRolePolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
		ok(t, err)
	}
	newUser := func(t testing.TB, w *actiontest.World) {
		_, err := w.Others.IAM.CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String(fresh)})
		ok(t, err)
	}
	for _, c := range []struct {
		name, action string
		prepare      setup
		remove       func(testing.TB, *actiontest.World) error
	}{
		{"role", "iam.revoke-role-sessions", on(finding.KindRole, fresh, newRole), func(t testing.TB, w *actiontest.World) error {
			_, err := w.Others.IAM.DeleteRolePolicy(t.Context(), &iam.DeleteRolePolicyInput{RoleName: aws.String(fresh), PolicyName: aws.String(revokePolicyName)})
			ok(t, err)
			_, err = w.Others.IAM.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: aws.String(fresh)})
			return err
		}},
		{"user", "iam.revoke-user-sessions", on(finding.KindUser, fresh, newUser), func(t testing.TB, w *actiontest.World) error {
			_, err := w.Others.IAM.DeleteUserPolicy(t.Context(), &iam.DeleteUserPolicyInput{UserName: aws.String(fresh), PolicyName: aws.String(revokePolicyName)})
			ok(t, err)
			_, err = w.Others.IAM.DeleteUser(t.Context(), &iam.DeleteUserInput{UserName: aws.String(fresh)})
			return err
		}},
		{"bucket", "s3.block-public-access", on(finding.KindBucket, farBucket, publicACL), func(t testing.TB, w *actiontest.World) error {
			_, err := w.Others.S3.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: aws.String(farBucket)})
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, c.action, c.prepare, func(t *testing.T, w *actiontest.World, a action.Action) {
				if rec := w.Run(t, a, nil); rec.Status != action.Done {
					t.Fatalf("run: %s: %s", rec.Status, rec.Error)
				}
				ok(t, c.remove(t, w))
				if rec := w.Undo(t, a, false); rec.Status != action.Undone || !strings.Contains(rec.Reason, "nothing to put back") {
					t.Errorf("release: %s (error %q, reason %q)", rec.Status, rec.Error, rec.Reason)
				}
			})
		})
	}
}

// TestBlockDeniedMeanwhilePrivate: the block is refused, and the bucket is not public any more: that is no failure to
// contain, and nothing is claimed that was not done.
func TestBlockDeniedMeanwhilePrivate(t *testing.T) {
	inWorld(t, "s3.block-public-access", on(finding.KindBucket, publicBucket), func(t *testing.T, w *actiontest.World, a action.Action) {
		w.Env.S3 = s3.NewFromConfig(w.Account.Config(awssim.DemoRegion), func(o *s3.Options) {
			o.APIOptions = append(o.APIOptions, insteadOf("PutPublicAccessBlock", func(ctx context.Context) error {
				if _, err := w.Others.S3.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: aws.String(publicBucket)}); err != nil {
					return err
				}
				return apiError("AccessDenied")
			}))
		})
		rec := w.Run(t, a, nil)
		if rec.Status == action.Done || !strings.Contains(rec.Error+rec.Reason, "is not public now") {
			t.Errorf("%s (error %q, reason %q)", rec.Status, rec.Error, rec.Reason)
		}
	})
}

func setKey(t testing.TB, w *actiontest.World, id string, status iamtypes.StatusType) {
	t.Helper()
	_, err := w.Others.IAM.UpdateAccessKey(t.Context(), &iam.UpdateAccessKeyInput{UserName: aws.String(demoUser), AccessKeyId: &id, Status: status})
	ok(t, err)
}

// insteadOf answers every call of an operation with f's error.
func insteadOf(operation string, f func(context.Context) error) func(*middleware.Stack) error {
	return func(s *middleware.Stack) error {
		return s.Initialize.Add(middleware.InitializeMiddlewareFunc("insteadOf", func(
			ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
		) (middleware.InitializeOutput, middleware.Metadata, error) {
			if awsmiddleware.GetOperationName(ctx) == operation {
				return middleware.InitializeOutput{}, middleware.Metadata{}, f(ctx)
			}
			return next.HandleInitialize(ctx, in)
		}), middleware.After)
	}
}
