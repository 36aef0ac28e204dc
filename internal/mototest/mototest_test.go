package mototest_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"cordon/internal/mototest"
)

func TestStartAndReset(t *testing.T) {
	cfg := mototest.Start(t)
	client := iam.NewFromConfig(cfg)
	users := func() int {
		t.Helper()
		out, err := client.ListUsers(t.Context(), &iam.ListUsersInput{})
		if err != nil {
			t.Fatalf("list users: %v", err)
		}
		return len(out.Users)
	}
	if _, err := client.CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String("one")}); err != nil {
		t.Fatalf("create user: %v", err)
	}
	if n := users(); n != 1 {
		t.Fatalf("users = %d, want 1", n)
	}
	mototest.Reset(t, cfg)
	if n := users(); n != 0 {
		t.Fatalf("users after Reset = %d, want 0", n)
	}
}

func TestServersAreSeparate(t *testing.T) {
	a, b := mototest.Start(t), mototest.Start(t)
	if *a.BaseEndpoint == *b.BaseEndpoint {
		t.Fatalf("both servers are %s", *a.BaseEndpoint)
	}
}

func TestSkipWithoutMoto(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv(mototest.Skip, "1")
	t.Chdir(t.TempDir())
	ran := false
	t.Run("skipped", func(t *testing.T) {
		mototest.Start(t)
		ran = true
	})
	if ran {
		t.Fatal("Start went on without moto")
	}
}
