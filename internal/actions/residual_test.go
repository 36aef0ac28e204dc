package actions_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"cordon/internal/action"
	"cordon/internal/action/actiontest"
	"cordon/internal/awssim"
	"cordon/internal/finding"
)

const (
	foreignRead = `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::444455556666:root","arn:aws:iam::111122223333:role/own"],"Service":"logging.s3.amazonaws.com"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::BUCKET/*"},
		{"Effect":"Deny","Principal":{"AWS":"999988887777"},"Action":"s3:*","Resource":"arn:aws:s3:::BUCKET/*"}]}`
	delegated = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"*","Resource":"arn:aws:s3:::BUCKET/*",
		"Condition":{"StringEquals":{"s3:DataAccessPointAccount":"777766665555"}}}}`
)

// TestResidualOfIdentitiesAndBuckets: what a revocation or a block leaves is named from what is there, and nothing else is.
func TestResidualOfIdentitiesAndBuckets(t *testing.T) {
	policy := func(document string) setup {
		return func(t testing.TB, w *actiontest.World) {
			_, err := w.Others.S3.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{
				Bucket: aws.String(w.Target.ID), Policy: aws.String(strings.ReplaceAll(document, "BUCKET", w.Target.ID)),
			})
			ok(t, err)
		}
	}
	for _, tt := range []struct {
		name, action string
		setup        setup
		fault        func(awssim.Call) awssim.Fault
		named, not   []string
	}{
		{
			name: "a bucket that is public by its ACL, another account in its policy", action: "s3.block-public-access",
			setup: on(finding.KindBucket, farBucket, publicACL, policy(foreignRead)),
			named: []string{"presigned URLs", "policy lets in arn:aws:iam::444455556666:root: that"}, not: []string{"role/own", "999988887777", "logging", "access points"},
		},
		{
			name: "access points of another account", action: "s3.block-public-access",
			setup: on(finding.KindBucket, farBucket, publicACL, policy(delegated)),
			named: []string{"access points of account 777766665555"}, not: []string{"policy lets in"},
		},
		{
			name: "a bucket that is public by its policy", action: "s3.block-public-access",
			setup: on(finding.KindBucket, publicBucket), named: []string{"presigned URLs"}, not: []string{"policy lets in", "could not be looked at", "canonical"},
		},
		{
			name: "a policy that is not to be read", action: "s3.block-public-access", fault: refuse("GetBucketPolicy", "AccessDenied"),
			setup: on(finding.KindBucket, publicBucket), named: []string{"could not be looked at (AccessDenied)"},
		},
		{
			name: "a role", action: "iam.revoke-role-sessions", setup: on(finding.KindRole, "web-app-role"),
			named: []string{"assumed anew by ec2.amazonaws.com", "role web-app-role had assumed"}, not: []string{"console"},
		},
		{
			name: "a user", action: "iam.revoke-user-sessions", setup: on(finding.KindUser, "deploy-bot"),
			named: []string{"user deploy-bot can sign in to the console again", "user deploy-bot had assumed"}, not: []string{"assumed anew"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := actiontest.NewWorld(t, actiontest.WebServer, awssim.Options{})
				tt.setup(t, w)
				w.Inject(func(_ int, c awssim.Call) awssim.Fault {
					if tt.fault == nil {
						return awssim.Fault{}
					}
					return tt.fault(c)
				})
				rec := w.Run(t, byID(t, tt.action), nil)
				if rec.Status != action.Done {
					t.Fatalf("%s: %s (error %q, reason %q)", tt.action, rec.Status, rec.Error, rec.Reason)
				}
				got := said(t, rec)
				for _, word := range tt.named {
					if !strings.Contains(got, word) {
						t.Errorf("%q is not named:\n%s", word, got)
					}
				}
				for _, word := range tt.not {
					if strings.Contains(got, word) {
						t.Errorf("%q is named:\n%s", word, got)
					}
				}
			})
		})
	}
}
