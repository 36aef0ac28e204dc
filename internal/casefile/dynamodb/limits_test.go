package dynamodb_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"cordon/internal/awssim"
	"cordon/internal/casefile"
)

var (
	began = time.Unix(1_700_000_000, 1)
	total = casefile.Limit{Scope: "total", Max: 2, Window: time.Hour}
)

// tallyKey is the key of a scope's item.
func tallyKey(scope string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{
		"pk": &types.AttributeValueMemberS{Value: "LIMIT#" + scope}, "sk": &types.AttributeValueMemberS{Value: "TALLY"},
	}
}

// TestTallyDeletedMeanwhile: between the read and the write, the tally's TTL is over, and others fill a new one. It comes to
// as many writes as the old one had.
func TestTallyDeletedMeanwhile(t *testing.T) {
	var between func()
	s, cfg := made(t, awssim.Options{Latency: func(c awssim.Call) time.Duration {
		if f := between; f != nil && c.Operation == "TransactWriteItems" {
			between = nil
			f()
		}
		return 0
	}})
	other := open(t, cfg, table)
	admit := func(s casefile.Store, id string, at time.Time) bool {
		full, err := s.Admit(t.Context(), id, []casefile.Limit{total}, at)
		must(t, err)
		return full == nil
	}
	later := began.Add(24 * time.Hour)
	if !admit(s, "c-1", began) || !admit(s, "c-2", began) {
		t.Fatal("no room at first")
	}
	between = func() {
		_, err := awsdynamodb.NewFromConfig(cfg).DeleteItem(t.Context(), &awsdynamodb.DeleteItemInput{TableName: aws.String(table), Key: tallyKey("total")})
		must(t, err)
		if !admit(other, "c-3", later) || !admit(other, "c-4", later) {
			t.Error("no room in the new tally")
		}
	}
	if admit(s, "c-5", later) {
		t.Error("a third case was admitted")
	}
	if counted, err := s.Admitted(t.Context(), []casefile.Limit{total}, later); err != nil || counted[0] != 2 {
		t.Errorf("%d counted, %v; want 2", counted, err)
	}
}

// TestLargeTally: what does not fit into an item goes where large contents go.
func TestLargeTally(t *testing.T) {
	s, cfg := made(t, awssim.Options{})
	const cases = 8000
	tally := casefile.Tally{}
	for n := range cases {
		tally[fmt.Sprintf("c-%012d", n)] = began.UnixNano()
	}
	body, err := json.Marshal(tally)
	must(t, err)
	i := tallyKey("total")
	i["body"], i["revision"] = &types.AttributeValueMemberS{Value: string(body)}, &types.AttributeValueMemberS{Value: "r"}
	_, err = awsdynamodb.NewFromConfig(cfg).PutItem(t.Context(), &awsdynamodb.PutItemInput{TableName: aws.String(table), Item: i})
	must(t, err)
	limits := []casefile.Limit{{Scope: "total", Max: cases + 1, Window: time.Hour}}
	for n, want := range []bool{true, false} {
		full, err := s.Admit(t.Context(), fmt.Sprintf("c-new-%d", n), limits, began)
		must(t, err)
		if (full == nil) != want {
			t.Errorf("case %d: full %+v", n, full)
		}
	}
	if _, err := without(t, cfg, table).Admitted(t.Context(), limits, began); err == nil || !strings.Contains(err.Error(), "set vault:") {
		t.Errorf("a store without the bucket: %v", err)
	}
}

// TestLostAdmissions loses the answers of transactions: made again, they count once.
func TestLostAdmissions(t *testing.T) { synctest.Test(t, lostAdmissions) }

func lostAdmissions(t *testing.T) {
	var lost atomic.Int64
	s, _ := made(t, awssim.Options{Fault: func(c awssim.Call) awssim.Fault {
		if c.Operation == "TransactWriteItems" && lost.Add(1)%2 == 1 {
			return awssim.Fault{After: awssim.Broken(c)}
		}
		return awssim.Fault{}
	}})
	ctx, limits := t.Context(), []casefile.Limit{total, {Scope: "account:111122223333", Max: 9, Window: time.Hour}}
	for _, id := range []string{"c-1", "c-2"} {
		if full, err := s.Admit(ctx, id, limits, began); full != nil || err != nil {
			t.Errorf("%s: full %+v, %v", id, full, err)
		}
	}
	must(t, s.Pause(ctx, casefile.Pause{By: "alice", At: began}))
	must(t, s.Resume(ctx, "bob", began))
	counted, err := s.Admitted(ctx, limits, began)
	pauses, errPauses := s.Pauses(ctx)
	if err != nil || counted[0] != 2 || counted[1] != 2 || errPauses != nil || len(pauses) != 2 || lost.Load() != 8 {
		t.Errorf("counted %d, %d pauses and resumptions, %d transactions; %v, %v", counted, len(pauses), lost.Load(), err, errPauses)
	}
}

// TestGuardItems looks at the items: what expires, and where the token is.
func TestGuardItems(t *testing.T) {
	a := awssim.New(awssim.Options{})
	cfg := a.Config("us-east-1")
	makeTable(t, cfg, table)
	makeBucket(t, cfg)
	s := open(t, cfg, table)
	_, _, err := s.OpenCase(t.Context(), opening("c-1", "i-1"))
	must(t, err)
	token := func(token, reason string) {
		_, err = s.Update(t.Context(), "c-1", func(c *casefile.Case) ([]casefile.Entry, error) {
			asked, _ := c.Approval.Ask(casefile.Question{Plan: "p", Now: began, Timeout: time.Hour})
			asked.Token, c.Approval, c.Reason = token, &asked, reason
			return nil, nil
		})
		must(t, err)
	}
	token("secret", "")
	_, err = s.Admit(t.Context(), "c-1", []casefile.Limit{total}, began)
	must(t, err)
	must(t, s.Pause(t.Context(), casefile.Pause{By: "alice", At: began}))
	seen := map[string]int{}
	for _, i := range items(t, a) {
		switch i["pk"] + " " + i["sk"] {
		case "CASE#c-1 CASE":
			seen["case"]++
			if i["task_token"] != "secret" || !strings.Contains(i["body"], `"approval"`) {
				t.Errorf("case %v", i)
			}
		case "LIMIT#total TALLY":
			seen["tally"]++
			if want := "1700004201"; i["ttl"] != want { // the window and ten minutes later, in whole seconds
				t.Errorf("the tally's ttl is %s, want %s", i["ttl"], want)
			}
		case "PAUSE PAUSE", "PAUSE JOURNAL#0000000001":
			seen["pause"]++
			if i["ttl"] != "" {
				t.Errorf("a pause ends by itself: %v", i)
			}
		}
		for name, v := range i {
			if strings.Contains(v, "secret") && name != "task_token" {
				t.Errorf("the token is in %s of %s %s", name, i["pk"], i["sk"])
			}
		}
	}
	if seen["case"] != 1 || seen["tally"] != 1 || seen["pause"] != 2 {
		t.Errorf("items %v", seen)
	}
	for _, large := range []string{strings.Repeat("x", 300<<10), ""} { // a large case is an object in the bucket, the token is not
		for _, want := range []string{"secret", ""} {
			token(want, large)
			for _, i := range items(t, a) {
				if i["sk"] == "CASE" && i["task_token"] != want {
					t.Errorf("a case of %d bytes has the token %q, want %q", len(large), i["task_token"], want)
				}
			}
			if c, err := s.Case(t.Context(), "c-1"); err != nil || c.TaskToken() != want || c.Reason != large {
				t.Errorf("read back: token %q, %v; want %q", c.TaskToken(), err, want)
			}
		}
	}
}
