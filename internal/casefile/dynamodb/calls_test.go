package dynamodb_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"cordon/internal/action"
	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/casefile/casefiletest"
	"cordon/internal/casefile/dynamodb"
	"cordon/internal/cloud"
	"cordon/internal/finding"
)

const table = "cordon"

func opening(newID, on string) casefile.Opening {
	return casefile.Opening{
		NewID: newID, By: "tester", Now: time.Now(), Raw: []byte(`{"id":"f-1"}`),
		Target:  finding.Target{Account: "111122223333", Region: "eu-west-1", Kind: finding.KindInstance, ID: on},
		Finding: casefile.Finding{ID: "f-1", Type: "Test", Count: 1},
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// made is a store on a new account with its table and bucket.
func made(t *testing.T, o awssim.Options) (*dynamodb.Store, aws.Config) {
	t.Helper()
	cfg := awssim.New(o).Config("us-east-1")
	makeTable(t, cfg, table)
	makeBucket(t, cfg)
	return open(t, cfg, table), cfg
}

// TestCalls holds the number of calls of what an answer does, in a row.
func TestCalls(t *testing.T) {
	_, cfg := made(t, awssim.Options{})
	var j cloud.Journal
	s := open(t, j.Attach(cfg), table)
	rec := action.Record{Case: "c-1", Action: "ec2.tag", Status: action.Doing, Prior: []byte(`{}`)}
	two := []casefile.Limit{{Scope: "account:111122223333", Max: 9, Window: time.Hour}, {Scope: "total", Max: 1, Window: time.Hour}}
	ctx := t.Context()
	for _, step := range []struct {
		name, want string
		do         func() error
	}{
		{"open a new case", "GetItem TransactWriteItems", func() error { _, _, err := s.OpenCase(ctx, opening("c-1", "i-1")); return err }},
		{"open for a repeat", "GetItem GetItem", func() error { _, _, err := s.OpenCase(ctx, opening("c-2", "i-1")); return err }},
		{"open with another finding", "GetItem GetItem TransactWriteItems", func() error {
			o := opening("c-2", "i-1")
			o.Finding.ID = "f-2"
			_, _, err := s.OpenCase(ctx, o)
			return err
		}},
		{"case", "GetItem", func() error { _, err := s.Case(ctx, "c-1"); return err }},
		{"claim", "UpdateItem", func() error { return s.Claim(ctx, "c-1", "me", time.Now(), time.Minute) }},
		{"new record", "TransactWriteItems", func() (err error) { rec, err = s.SaveRecord(ctx, rec); return err }},
		{"record again", "PutItem", func() (err error) { rec, err = s.SaveRecord(ctx, rec); return err }},
		{"record with a large state", "PutObject PutItem", func() (err error) {
			rec.After = []byte(`"` + strings.Repeat("x", 20<<10) + `"`)
			rec, err = s.SaveRecord(ctx, rec)
			return err
		}},
		{"read a record", "GetItem GetObject", func() error { _, _, err := s.Record(ctx, "c-1", "ec2.tag"); return err }},
		{"records", "Query GetObject", func() error { _, err := s.Records(ctx, "c-1"); return err }},
		{"update", "GetItem TransactWriteItems", func() error { _, err := update(ctx, s, "c-1", casefile.Contained); return err }},
		{"update of nothing", "GetItem", func() error {
			_, err := s.Update(ctx, "c-1", func(*casefile.Case) ([]casefile.Entry, error) { return nil, nil })
			return err
		}},
		{"release", "GetItem TransactWriteItems", func() error { _, err := update(ctx, s, "c-1", casefile.Released); return err }},
		{"yield", "UpdateItem", func() error { return s.Yield(ctx, "c-1", "me") }},
		{"journal", "Query", func() error { _, err := s.Journal(ctx, "c-1"); return err }},
		{"documents", "Query", func() error { _, err := s.Documents(ctx, "c-1"); return err }},
		{"suppressed", "GetItem", func() error {
			_, _, err := s.Suppressed(ctx, opening("", "i-1").Target, "f-1", time.Now())
			return err
		}},
		{"admit", "BatchGetItem TransactWriteItems", func() error { _, err := s.Admit(ctx, "c-1", two, began); return err }},
		{"admit again", "BatchGetItem", func() error { _, err := s.Admit(ctx, "c-1", two, began); return err }},
		{"admit where it is full", "BatchGetItem", func() error { _, err := s.Admit(ctx, "c-2", two, began); return err }},
		{"admit without limits", "", func() error { _, err := s.Admit(ctx, "c-1", nil, began); return err }},
		{"admitted", "BatchGetItem", func() error { _, err := s.Admitted(ctx, two, began); return err }},
		{"pause", "GetItem TransactWriteItems", func() error { return s.Pause(ctx, casefile.Pause{By: "me", At: began}) }},
		{"paused", "GetItem", func() error { _, _, err := s.Paused(ctx); return err }},
		{"resume", "GetItem TransactWriteItems", func() error { return s.Resume(ctx, "me", began) }},
		{"resume again", "GetItem", func() error { return s.Resume(ctx, "me", began) }},
		{"pauses", "Query", func() error { _, err := s.Pauses(ctx); return err }},
		{"cases of a target", "Query BatchGetItem", func() error {
			target := opening("", "i-1").Target
			_, err := s.Cases(ctx, casefile.Filter{Target: &target, Limit: 1})
			return err
		}},
		{"cases of a status", "Query BatchGetItem", func() error {
			_, err := s.Cases(ctx, casefile.Filter{Statuses: []casefile.Status{casefile.Released}})
			return err
		}},
		{"unsent", "Query", func() error { _, err := s.Unsent(ctx); return err }},
		{"check", "TransactWriteItems Query", func() error { return s.Check(ctx) }},
	} {
		before := len(j.Calls())
		must(t, step.do())
		var got []string
		for _, c := range j.Calls()[before:] {
			got = append(got, c.Operation)
		}
		if strings.Join(got, " ") != step.want {
			t.Errorf("%s: %v, want %s", step.name, got, step.want)
		}
	}
}

func update(ctx context.Context, s casefile.Store, id string, to casefile.Status) (casefile.Case, error) {
	return s.Update(ctx, id, func(c *casefile.Case) ([]casefile.Entry, error) {
		e := casefile.Entry{By: "tester", Event: "status", From: c.Status, To: to}
		c.Status = to
		return []casefile.Entry{e}, nil
	})
}

// TestPermissions: what the suite's calls ask IAM for is what Permissions lists, no more and no less.
func TestPermissions(t *testing.T) {
	var mu sync.Mutex
	asked := map[string][]string{}
	var on atomic.Bool
	opts := awssim.Options{Authorize: func(c awssim.Check) bool {
		if on.Load() {
			mu.Lock()
			defer mu.Unlock()
			resource := strings.TrimPrefix(c.Resource, "arn:aws:dynamodb:us-east-1:111122223333:")
			if strings.HasPrefix(resource, "arn:aws:s3:::"+overflowBucket+"/cordon/store/") {
				resource = "objects"
			}
			if !slices.Contains(asked[resource], c.Action) {
				asked[resource] = append(asked[resource], c.Action)
			}
		}
		return true
	}}
	casefiletest.Run(t, func(t *testing.T) casefile.Store {
		on.Store(false)
		s, _ := made(t, opts)
		on.Store(true)
		return s
	}, nil)
	want := map[string][]string{
		"table/" + table: dynamodb.Permissions().Table, "table/" + table + "/index/" + dynamodb.Index: dynamodb.Permissions().Index,
		"objects": dynamodb.Permissions().Overflow,
	}
	for _, actions := range asked {
		slices.Sort(actions)
	}
	if fmt.Sprint(asked) != fmt.Sprint(want) {
		t.Errorf("asked %v\nwant  %v", asked, want)
	}
}

// TestLostAnswers: an attempt that took effect and whose answer was lost is made again by the SDK, and changes nothing more.
func TestLostAnswers(t *testing.T) { synctest.Test(t, lostAnswers) }

func lostAnswers(t *testing.T) {
	var lose atomic.Bool
	s, _ := made(t, awssim.Options{Fault: func(c awssim.Call) awssim.Fault {
		if c.Service == "DynamoDB" && lose.CompareAndSwap(true, false) {
			return awssim.Fault{After: awssim.Broken(c)}
		}
		return awssim.Fault{}
	}})
	ctx := t.Context()
	losing := func(f func() error) {
		t.Helper()
		lose.Store(true)
		must(t, f())
		if lose.Load() {
			t.Error("no answer was lost")
		}
	}
	_, _, err := s.OpenCase(ctx, opening("c-1", "i-1"))
	must(t, err)
	losing(func() error { return s.Claim(ctx, "c-1", "me", time.Now(), time.Minute) })
	losing(func() error { return s.Yield(ctx, "c-1", "me") })
	rec, err := s.SaveRecord(ctx, action.Record{Case: "c-1", Action: "ec2.tag", Status: action.Doing, Prior: []byte(`{}`)})
	must(t, err)
	stale := rec
	rec.Status = action.Done
	losing(func() error { rec, err = s.SaveRecord(ctx, rec); return err })
	if _, err := s.SaveRecord(ctx, stale); !errors.Is(err, action.ErrStale) {
		t.Errorf("another's save on top of the old version: %v, want ErrStale", err)
	}
	same := stale
	same.Status = action.Done // the content of what is there, from another process
	if _, err := s.SaveRecord(ctx, same); !errors.Is(err, action.ErrStale) {
		t.Errorf("another's save of the same content: %v, want ErrStale", err)
	}
}

// TestLostTransactions loses the answers of transactions alone, which come after a read.
func TestLostTransactions(t *testing.T) { synctest.Test(t, lostTransactions) }

func lostTransactions(t *testing.T) {
	var lost atomic.Int64
	s, _ := made(t, awssim.Options{Fault: func(c awssim.Call) awssim.Fault {
		if c.Operation == "TransactWriteItems" && lost.Add(1)%2 == 1 {
			return awssim.Fault{After: awssim.Broken(c)}
		}
		return awssim.Fault{}
	}})
	ctx := t.Context()
	if _, created, err := s.OpenCase(ctx, opening("c-1", "i-1")); err != nil || !created {
		t.Errorf("created %v, %v", created, err)
	}
	if _, err := s.SaveRecord(ctx, action.Record{Case: "c-1", Action: "ec2.tag"}); err != nil {
		t.Error(err)
	}
	if _, err := update(ctx, s, "c-1", casefile.Contained); err != nil {
		t.Error(err)
	}
	journal, err := s.Journal(ctx, "c-1")
	if err != nil || len(journal) != 3 || lost.Load() != 6 {
		t.Errorf("%d entries after %d transactions, %v; want 3 after 6", len(journal), lost.Load(), err)
	}
}

// TestConflicts: DynamoDB refuses one of two writes that meet; the store makes it again.
func TestConflicts(t *testing.T) {
	reasons := func(codes ...string) error {
		e := &types.TransactionCanceledException{}
		for _, c := range codes {
			e.CancellationReasons = append(e.CancellationReasons, types.CancellationReason{Code: aws.String(c)})
		}
		return e
	}
	for name, test := range map[string]struct {
		operation string
		err       error
		times     int64
		want      string // in the error; "" for success
	}{
		"conflict":                 {"TransactWriteItems", reasons("TransactionConflict", "None"), 3, ""},
		"conflict and a condition": {"TransactWriteItems", reasons("TransactionConflict", "ConditionalCheckFailed"), 3, ""},
		"throttled inside":         {"TransactWriteItems", reasons("None", "ThrottlingError"), 2, ""},
		"over the rate inside":     {"TransactWriteItems", reasons("None", "ProvisionedThroughputExceeded"), 2, ""},
		"no end of it":             {"TransactWriteItems", reasons("TransactionConflict"), 1 << 40, "TransactionCanceledException"},
		"invalid":                  {"TransactWriteItems", reasons("ValidationError"), 1, "update case c-1"},
		"claim":                    {"UpdateItem", &types.TransactionConflictException{}, 3, ""},
	} {
		conflicts := func(t *testing.T) {
			var on atomic.Bool
			var met atomic.Int64
			s, _ := made(t, awssim.Options{Fault: func(c awssim.Call) awssim.Fault {
				if on.Load() && c.Operation == test.operation && met.Add(1) <= test.times {
					return awssim.Fault{Before: test.err}
				}
				return awssim.Fault{}
			}})
			_, _, err := s.OpenCase(t.Context(), opening("c-1", "i-1"))
			must(t, err)
			on.Store(true)
			began := time.Now()
			_, err = update(t.Context(), s, "c-1", casefile.Contained)
			if test.operation == "UpdateItem" {
				err = s.Claim(t.Context(), "c-1", "me", time.Now(), time.Minute)
			}
			if took := time.Since(began); took > time.Minute {
				t.Errorf("it took %s", took)
			}
			switch {
			case test.want == "" && err != nil, test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("error %v, want one that says %q", err, test.want)
			case test.want == "" && met.Load() != test.times+1:
				t.Errorf("%d attempts, want %d", met.Load(), test.times+1)
			}
		}
		t.Run(name, func(t *testing.T) { synctest.Test(t, conflicts) })
	}
}

// TestReleasedMeanwhile: the target's case is released after it was found and before it is read: a new one is made.
func TestReleasedMeanwhile(t *testing.T) {
	var reads atomic.Int64
	var release func()
	s, _ := made(t, awssim.Options{Latency: func(c awssim.Call) time.Duration {
		if c.Operation == "GetItem" && release != nil && reads.Add(1) == 2 {
			release()
		}
		return 0
	}})
	_, _, err := s.OpenCase(t.Context(), opening("c-1", "i-1"))
	must(t, err)
	release = func() {
		if _, err := update(t.Context(), s, "c-1", casefile.Released); err != nil {
			t.Error(err)
		}
	}
	c, created, err := s.OpenCase(t.Context(), opening("c-2", "i-1"))
	if err != nil || !created || c.ID != "c-2" {
		t.Errorf("case %s, created %v, %v; want c-2, a new one", c.ID, created, err)
	}
}
