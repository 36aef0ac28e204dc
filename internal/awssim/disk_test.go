package awssim_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"cordon/internal/awssim"
)

// TestDiskTorn: a change that did not get to the disk, because its process died or could not write, is nobody's: the other
// processes go on from the state before it, and so does its own.
func TestDiskTorn(t *testing.T) {
	dir := t.TempDir()
	first, err := awssim.OpenWith(dir, awssim.Options{}, awssim.Demo)
	if err != nil {
		t.Fatal(err)
	}
	second, _, err := awssim.Open(dir, awssim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tag := func(a *awssim.Account, key string) error {
		_, err := ec2.NewFromConfig(a.Config(region)).CreateTags(t.Context(), &ec2.CreateTagsInput{
			Resources: []string{web1}, Tags: []types.Tag{{Key: &key, Value: aws.String("x")}},
		})
		return err
	}
	unwritable := filepath.Join(dir, "account.json.new")
	for i, a := range []*awssim.Account{first, second, first} {
		before, err := os.ReadFile(filepath.Join(dir, "account.lock"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(unwritable, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := tag(a, fmt.Sprint("lost", i)); err == nil {
			t.Fatal("a change that could not be kept is no error")
		}
		if err := os.Remove(unwritable); err != nil {
			t.Fatal(err)
		}
		if after, err := os.ReadFile(filepath.Join(dir, "account.lock")); err != nil || bytes.Equal(before, after) {
			t.Errorf("the generation was not raised first: %s, %v", after, err)
		}
		if err := tag(a, fmt.Sprint("kept", i)); err != nil {
			t.Fatal(err)
		}
	}
	for _, a := range []*awssim.Account{first, second} {
		out := must(ec2.NewFromConfig(a.Config(region)).DescribeTags(t.Context(), &ec2.DescribeTagsInput{
			Filters: []types.Filter{{Name: aws.String("key"), Values: []string{"kept*", "lost*"}}},
		}))(t)
		var keys []string
		for _, tag := range out.Tags {
			keys = append(keys, *tag.Key)
		}
		if slices.Sort(keys); !slices.Equal(keys, []string{"kept0", "kept1", "kept2"}) {
			t.Errorf("the tags are %v", keys)
		}
	}
}

// TestDiskFilledAtOnce: nobody sees a new account before it is filled, also where whoever made it has died over it.
func TestDiskFilledAtOnce(t *testing.T) {
	dir := t.TempDir()
	died := errors.New("died")
	if _, err := awssim.OpenWith(dir, awssim.Options{}, func(*awssim.Account) error { return died }); !errors.Is(err, died) {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "account.lock"), []byte("00000000000000000001"), 0o600); err != nil { // and no state
		t.Fatal(err)
	}
	filled := 0
	for range 2 {
		a, err := awssim.OpenWith(dir, awssim.Options{}, func(a *awssim.Account) error {
			filled++
			return awssim.Demo(a)
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(a.Flows(region)); n == 0 {
			t.Error("the account is empty")
		}
	}
	if filled != 1 {
		t.Errorf("filled %d times", filled)
	}
}
