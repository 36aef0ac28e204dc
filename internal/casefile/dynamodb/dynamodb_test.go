package dynamodb_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"

	"cordon/internal/action"
	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/casefile/casefiletest"
	"cordon/internal/casefile/dynamodb"
	"cordon/internal/cloud"
	"cordon/internal/mototest"
)

const overflowBucket = "cordon-evidence"

func TestStore(t *testing.T) { suite(t, awssim.New(awssim.Options{}).Config("us-east-1")) }

func TestStoreOnMoto(t *testing.T) { suite(t, oneAtATime(mototest.Start(t))) }

// suite runs the shared suite, a table a test.
func suite(t *testing.T, cfg aws.Config) {
	makeBucket(t, cfg)
	tables := map[casefile.Store]string{}
	casefiletest.Run(t, func(t *testing.T) casefile.Store {
		name := fmt.Sprintf("cases-%d", len(tables)+1)
		makeTable(t, cfg, name)
		s := open(t, cfg, name)
		tables[s] = name
		return s
	}, func(t *testing.T, s casefile.Store) casefile.Store { return open(t, cfg, tables[s]) })
}

// TestTwoStores: every second call goes to another store on the same table, as to another process. Calls take their time,
// so that callers meet between a read and the write after it.
func TestTwoStores(t *testing.T) {
	casefiletest.Run(t, func(t *testing.T) casefile.Store {
		s, cfg := made(t, awssim.Options{Latency: func(awssim.Call) time.Duration { return time.Millisecond }})
		return &alternating{Store: s, other: open(t, cfg, table)}
	}, nil)
}

func makeTable(t *testing.T, cfg aws.Config, name string) {
	t.Helper()
	if _, err := awsdynamodb.NewFromConfig(cfg).CreateTable(t.Context(), dynamodb.CreateTableInput(name)); err != nil {
		t.Fatal(err)
	}
}

func makeBucket(t *testing.T, cfg aws.Config) {
	t.Helper()
	if _, err := cloud.New(cfg, "").S3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(overflowBucket)}); err != nil {
		t.Fatal(err)
	}
}

// open is a store with an overflow.
func open(t *testing.T, cfg aws.Config, table string) *dynamodb.Store {
	t.Helper()
	s, err := dynamodb.OpenURI(cfg, "dynamodb://"+table, "s3://"+overflowBucket+"/cordon", "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// without is a store without one.
func without(t *testing.T, cfg aws.Config, table string) *dynamodb.Store {
	t.Helper()
	s, err := dynamodb.OpenURI(cfg, "dynamodb://"+table, "file:///evidence", "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// oneAtATime makes calls one after another, as DynamoDB's own are to the outside: moto undoes a failed transaction by
// putting back the whole table, and with it what others wrote meanwhile.
func oneAtATime(cfg aws.Config) aws.Config {
	var mu sync.Mutex
	out := cfg.Copy()
	out.APIOptions = append(out.APIOptions, func(s *middleware.Stack) error {
		return s.Finalize.Insert(middleware.FinalizeMiddlewareFunc("OneAtATime", func(
			ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
		) (middleware.FinalizeOutput, middleware.Metadata, error) {
			mu.Lock()
			defer mu.Unlock()
			return next.HandleFinalize(ctx, in)
		}), "Retry", middleware.After)
	})
	return out
}

// alternating sends every second call to another store on the same table.
type alternating struct {
	casefile.Store
	other casefile.Store
	n     atomic.Int64
}

func (a *alternating) next() casefile.Store {
	if a.n.Add(1)%2 == 0 {
		return a.other
	}
	return a.Store
}

func (a *alternating) OpenCase(ctx context.Context, o casefile.Opening) (casefile.Case, bool, error) {
	return a.next().OpenCase(ctx, o)
}

func (a *alternating) Case(ctx context.Context, id string) (casefile.Case, error) {
	return a.next().Case(ctx, id)
}

func (a *alternating) Update(ctx context.Context, id string, f func(*casefile.Case) ([]casefile.Entry, error)) (casefile.Case, error) {
	return a.next().Update(ctx, id, f)
}

func (a *alternating) Claim(ctx context.Context, id, owner string, now time.Time, ttl time.Duration) error {
	return a.next().Claim(ctx, id, owner, now, ttl)
}

func (a *alternating) SaveRecord(ctx context.Context, r action.Record) (action.Record, error) {
	return a.next().SaveRecord(ctx, r)
}

func (a *alternating) Admit(ctx context.Context, caseID string, limits []casefile.Limit, now time.Time) (*casefile.Limit, error) {
	return a.next().Admit(ctx, caseID, limits, now)
}

func (a *alternating) Admitted(ctx context.Context, limits []casefile.Limit, now time.Time) ([]int, error) {
	return a.next().Admitted(ctx, limits, now)
}

func (a *alternating) Pause(ctx context.Context, p casefile.Pause) error {
	return a.next().Pause(ctx, p)
}

func (a *alternating) Resume(ctx context.Context, by string, now time.Time) error {
	return a.next().Resume(ctx, by, now)
}

func (a *alternating) Paused(ctx context.Context) (casefile.Pause, bool, error) {
	return a.next().Paused(ctx)
}
