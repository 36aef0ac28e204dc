package awssim_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"cordon/internal/awssim"
	"cordon/internal/cloud"
)

// TestTaskTokens: a token is answered once, in its Region, with JSON.
func TestTaskTokens(t *testing.T) {
	const region = "us-east-1"
	account := awssim.New(awssim.Options{})
	edit := func(f func(*awssim.Editor)) {
		t.Helper()
		if err := account.Edit(region, func(ed *awssim.Editor) error { f(ed); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	edit(func(ed *awssim.Editor) {
		for _, token := range []string{"one", "two", "late"} {
			ed.WaitingTask(token)
		}
		ed.TaskTimesOut("late")
	})
	here, there := sfn.NewFromConfig(account.Config(region)), sfn.NewFromConfig(account.Config("eu-west-1"))
	success := func(c *sfn.Client, token, output string) error {
		_, err := c.SendTaskSuccess(t.Context(), &sfn.SendTaskSuccessInput{TaskToken: &token, Output: &output})
		return err
	}
	failure := func(c *sfn.Client, token, cause string) error {
		_, err := c.SendTaskFailure(t.Context(), &sfn.SendTaskFailureInput{TaskToken: &token, Cause: &cause})
		return err
	}
	for _, tt := range []struct {
		name, want string
		err        error
	}{
		{"not JSON", "InvalidOutput", success(here, "one", "yes")},
		{"too much", "InvalidOutput", success(here, "one", `"`+strings.Repeat("a", 262_143)+`"`)},
		{"another Region", "InvalidToken", success(there, "one", `{}`)},
		{"no such token", "InvalidToken", success(here, "three", `{}`)},
		{"too long a cause", "ValidationError", failure(here, "one", strings.Repeat("a", 32_769))},
		{"success", "", success(here, "one", `{"approved":true}`)},
		{"success again", "TaskTimedOut", success(here, "one", `{"approved":true}`)},
		{"failure after success", "TaskTimedOut", failure(here, "one", "")},
		{"failure", "", failure(here, "two", "no")},
		{"success after failure", "TaskTimedOut", success(here, "two", `{}`)},
		{"too late", "TaskTimedOut", success(here, "late", `{}`)},
	} {
		if got := cloud.Code(tt.err); got != tt.want || (tt.err == nil) != (tt.want == "") {
			t.Errorf("%s: %v, want %q", tt.name, tt.err, tt.want)
		}
	}
	edit(func(ed *awssim.Editor) {
		if got := ed.TaskOutput("one"); got != `{"approved":true}` {
			t.Errorf("output %s", got)
		}
	})
}
