package vault_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"cordon/internal/awssim"
	"cordon/internal/vault"
)

func TestPrivate(t *testing.T) {
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::evidence/*"}]}`
	everything := &s3types.PublicAccessBlockConfiguration{
		BlockPublicAcls: aws.Bool(true), BlockPublicPolicy: aws.Bool(true), IgnorePublicAcls: aws.Bool(true), RestrictPublicBuckets: aws.Bool(true),
	}
	for _, tt := range []struct {
		name   string
		policy string
		block  *s3types.PublicAccessBlockConfiguration
		public bool
	}{
		{"nothing said", "", nil, false},
		{"a public policy", policy, nil, true},
		{"a public policy behind a block", policy, everything, false},
		{"blocked", "", everything, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client := s3.NewFromConfig(awssim.New(awssim.Options{}).Config("us-east-1"))
			ctx, bucket := t.Context(), aws.String("evidence")
			if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}); err != nil {
				t.Fatal(err)
			}
			off := &s3types.PublicAccessBlockConfiguration{}
			if _, err := client.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: bucket, PublicAccessBlockConfiguration: off}); err != nil {
				t.Fatal(err)
			}
			if tt.policy != "" {
				if _, err := client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: bucket, Policy: &tt.policy}); err != nil {
					t.Fatal(err)
				}
			}
			if tt.block != nil {
				if _, err := client.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: bucket, PublicAccessBlockConfiguration: tt.block}); err != nil {
					t.Fatal(err)
				}
			}
			v, err := vault.OpenS3(client, "evidence", "cordon", "")
			if err != nil {
				t.Fatal(err)
			}
			err = v.Private(ctx)
			if (err != nil) != tt.public || err != nil && !strings.Contains(err.Error(), "is public") {
				t.Errorf("private: %v, want public %v", err, tt.public)
			}
		})
	}
}
