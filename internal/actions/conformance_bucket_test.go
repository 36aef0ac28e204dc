package actions_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"cordon/internal/action"
	"cordon/internal/action/actiontest"
	"cordon/internal/awssim"
	"cordon/internal/finding"
)

const (
	publicBucket = "cordon-demo-customer-data"
	farBucket    = "cordon-demo-far"
	farRegion    = "eu-west-1"

	publicRead = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::` + farBucket + `/*"}]}`
)

func bucketScenarios() []actiontest.Scenario {
	const id = "s3.block-public-access"
	bucket := func(name string, then ...setup) setup { return on(finding.KindBucket, name, then...) }
	return []actiontest.Scenario{
		{
			Name: "public policy", Action: id, Setup: bucket(publicBucket), Text: "its policy lets everyone in", Check: notPublic(publicBucket),
			Meddle: putBlock(publicBucket, s3types.PublicAccessBlockConfiguration{BlockPublicAcls: aws.Bool(true)}),
		},
		{
			Name: "public policy, some flags", Action: id, Check: notPublic(publicBucket), Setup: bucket(publicBucket, putBlock(publicBucket, s3types.PublicAccessBlockConfiguration{
				BlockPublicPolicy: aws.Bool(true), IgnorePublicAcls: aws.Bool(true),
			})),
		},
		{Name: "public ACL", Action: id, Setup: bucket(farBucket, publicACL), Text: "READ to everyone", Check: notPublic(farBucket)},
		{Name: "hosts a website", Action: id, Setup: bucket(publicBucket, website), Text: "hosts a website", Check: notPublic(publicBucket)},
		{Name: "website unreadable", Action: id, Setup: bucket(publicBucket), Fault: refuse("GetBucketWebsite", "AccessDenied"), Text: "could not be read", Check: notPublic(publicBucket)},
		{Name: "in another Region", Action: id, Setup: bucket(farBucket, farAway), Check: notPublic(farBucket)},
		{
			Name: "in another Region that is not named", Action: id, Setup: bucket(farBucket, farAway), Check: notPublic(farBucket),
			Fault: func(c awssim.Call) awssim.Fault {
				if c.Service == "S3" && c.Region != farRegion && c.Operation != "GetBucketLocation" {
					return awssim.Fault{Before: apiError("PermanentRedirect")}
				}
				return awssim.Fault{}
			},
		},
		{Name: "private", Action: id, Setup: bucket(actiontest.Bucket), Want: action.Skipped, Text: "is not public now", Check: moot},
		{
			Name: "restricted already", Action: id, Want: action.Skipped, Text: "single objects may have a public ACL", Check: moot,
			Setup: bucket(publicBucket, putBlock(publicBucket, s3types.PublicAccessBlockConfiguration{RestrictPublicBuckets: aws.Bool(true)})),
		},
		{
			Name: "enforced from above", Action: id, Want: action.Failed, Text: "an organization's policy forbids the change",
			Setup: bucket(publicBucket, func(t testing.TB, w *actiontest.World) {
				ok(t, w.Account.Edit(awssim.DemoRegion, func(ed *awssim.Editor) error { return ed.EnforceBlock(publicBucket) }))
			}),
		},
		{
			Name: "of another owner", Action: id, Want: action.Failed, Text: "account 999999999999 is not the bucket's owner",
			Setup: bucket(publicBucket, func(_ testing.TB, w *actiontest.World) { w.Target.Account = "999999999999" }),
		},
		{Name: "gone", Action: id, Setup: bucket("cordon-nothing-here"), Want: action.Skipped, Text: "does not exist", Check: moot},
		{Name: "directory bucket", Action: id, Setup: bucket("shop--use1-az4--x-s3"), Want: action.Skipped, Text: "directory bucket"},
		{Name: "an ARN", Action: id, Setup: bucket("arn:aws:s3:us-east-1:111122223333:accesspoint/x"), Want: action.Skipped, Text: "is no S3 bucket"},
	}
}

func putBlock(name string, c s3types.PublicAccessBlockConfiguration) setup {
	return func(t testing.TB, w *actiontest.World) {
		_, err := w.Others.S3.PutPublicAccessBlock(t.Context(), &s3.PutPublicAccessBlockInput{Bucket: &name, PublicAccessBlockConfiguration: &c})
		ok(t, err)
	}
}

// publicACL makes a bucket that is public by its ACL.
func publicACL(t testing.TB, w *actiontest.World) {
	_, err := w.Others.S3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(farBucket), ObjectOwnership: s3types.ObjectOwnershipObjectWriter})
	ok(t, err)
	_, err = w.Others.S3.DeletePublicAccessBlock(t.Context(), &s3.DeletePublicAccessBlockInput{Bucket: aws.String(farBucket)})
	ok(t, err)
	_, err = w.Others.S3.PutBucketAcl(t.Context(), &s3.PutBucketAclInput{Bucket: aws.String(farBucket), ACL: s3types.BucketCannedACLPublicRead})
	ok(t, err)
}

// farAway makes a bucket in another Region that is public by its policy.
func farAway(t testing.TB, w *actiontest.World) {
	far := func(o *s3.Options) { o.Region = farRegion }
	_, err := w.Others.S3.CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket: aws.String(farBucket), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: farRegion},
	}, far)
	ok(t, err)
	_, err = w.Others.S3.DeletePublicAccessBlock(t.Context(), &s3.DeletePublicAccessBlockInput{Bucket: aws.String(farBucket)}, far)
	ok(t, err)
	_, err = w.Others.S3.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: aws.String(farBucket), Policy: aws.String(publicRead)}, far)
	ok(t, err)
}

func website(t testing.TB, w *actiontest.World) {
	_, err := w.Others.S3.PutBucketWebsite(t.Context(), &s3.PutBucketWebsiteInput{
		Bucket: &w.Target.ID, WebsiteConfiguration: &s3types.WebsiteConfiguration{IndexDocument: &s3types.IndexDocument{Suffix: aws.String("index.html")}},
	})
	ok(t, err)
}

// notPublic wants the bucket to be out of everyone's reach.
func notPublic(name string) func(testing.TB, *actiontest.World, action.Record) {
	return func(t testing.TB, w *actiontest.World, _ action.Record) {
		if w.Account.Public(name) {
			t.Errorf("%s is public still", name)
		}
	}
}
