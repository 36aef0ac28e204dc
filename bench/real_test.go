package bench

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"cordon/examples"
	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/casefile/sqlite"
	"cordon/internal/finding"
)

const (
	onDisk = "SQLite, on disk"
	onAWS  = "DynamoDB-shaped, simulated"
)

var stores = []string{onDisk, onAWS}

// rig is an engine on an account whose calls take no time, or the scene's, on the real clock.
func rig(t *testing.T, s Scene, setup Setup) (*Account, *Cordon) {
	t.Helper()
	a := must[*Account](t)(NewAccount(t.Context(), s))
	if setup.Dir == "" {
		setup.Dir = t.TempDir()
	}
	c := must[*Cordon](t)(NewCordon(t.Context(), a, setup))
	t.Cleanup(func() { _ = c.Store.Close() })
	return a, c
}

// instances adds n instances to the account, with one interface and one volume each, and gives their ids.
func instances(t *testing.T, a *Account, n int) (ids []string) {
	t.Helper()
	err := a.Edit(region, func(ed *awssim.Editor) error {
		for i := range n {
			id := fmt.Sprintf("i-0c%015x", i+1)
			ids = append(ids, id)
			if err := ed.Instance(awssim.InstanceSpec{
				ID: id, Volumes: []awssim.VolumeSpec{{ID: fmt.Sprintf("vol-0c%015x", i+1), Device: "/dev/xvda"}},
				Interfaces: []awssim.InterfaceSpec{{ID: fmt.Sprintf("eni-0c%015x", i+1), Subnet: hostSubnet, Groups: []string{"sg-0a1b2c3d4e5f60002"}}},
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// syncTime is what one durable write of 4 KiB takes in a directory: the median.
func syncTime(t *testing.T, dir string) time.Duration {
	t.Helper()
	f := must[*os.File](t)(os.Create(filepath.Join(dir, "sync")))
	defer f.Close()
	var took []time.Duration
	for range 100 {
		began := time.Now()
		if _, err := f.WriteAt(make([]byte, 4096), 0); err != nil {
			t.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	return median(took)
}

func measureOverhead(t *testing.T, r *Report) {
	for _, name := range stores {
		setup := Setup{OnAWS: name == onAWS, Actions: toys(), Edit: carefree}
		_, c := rig(t, Scene{}, setup)
		o := Overhead{Store: name}
		if name == onDisk {
			o.Sync = syncTime(t, t.TempDir())
		}
		var took []time.Duration
		var spent time.Duration
		const responses = 40
		for i := range responses {
			busy := cpu()
			began := time.Now()
			done, err := c.Contain(t.Context(), fmt.Sprintf("i-0d%015x", i))
			if err != nil {
				t.Fatal(err)
			}
			took = append(took, time.Since(began))
			spent += cpu() - busy
			records := must[int](t)(count(c.Store.Records(t.Context(), done.ID)))
			o.Steps = records
		}
		o.PerStep = median(took) / time.Duration(o.Steps)
		o.CPU = spent / responses / time.Duration(o.Steps)
		r.Overhead = append(r.Overhead, o)
	}
}

// count is for the number of what a store lists; notices are no steps.
func count[T any](items []T, err error) (int, error) { return len(items), err }

// answered answers a finding on an instance of toys, so that its repeats bring nothing new.
func answered(t *testing.T, c *Cordon, instance string) finding.Finding {
	t.Helper()
	must[casefile.Case](t)(c.Contain(t.Context(), instance))
	return Finding(instance, 1)
}

func measureRepeats(t *testing.T, r *Report) {
	for _, name := range stores {
		a, c := rig(t, Scene{}, Setup{OnAWS: name == onAWS, Actions: toys(), Edit: carefree})
		f := answered(t, c, host)
		r.Repeats = append(r.Repeats, repeats(t, a, c, name, 1, []finding.Finding{f}))
	}
}

// repeats delivers a known finding again and again on one core, from its document on.
func repeats(t *testing.T, a *Account, c *Cordon, name string, open int, f []finding.Finding) Repeats {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var before, after runtime.MemStats
	calls := len(a.Journal.Calls())
	runtime.ReadMemStats(&before)
	n, began, busy := 0, time.Now(), cpu()
	for ; time.Since(began) < time.Second; n++ {
		again, _ := finding.Decode(bytes.NewReader(f[0].Raw))
		if res := c.Respond(t.Context(), again); len(res) != 1 || res[0].Err != nil || res[0].Case.News {
			t.Fatalf("a repeat was not suppressed: %+v", res)
		}
	}
	took, spent := time.Since(began), cpu()-busy
	runtime.ReadMemStats(&after)
	return Repeats{
		Store: name, Open: open, PerSecond: float64(n) / took.Seconds(), CPU: spent / time.Duration(n), Allocs: (after.Mallocs - before.Mallocs) / uint64(n),
		Calls: (len(a.Journal.Calls()) - calls) / n,
	}
}

func measureWorkers(t *testing.T, r *Report) {
	for _, w := range []Workers{
		{Store: onDisk, Workers: 1, Findings: 16},
		{Store: onDisk, Workers: 64, Findings: 64},
		{Store: onDisk, Workers: 1, Findings: 4, Latency: call},
		{Store: onDisk, Workers: 64, Findings: 64, Latency: call},
		{Store: onAWS, Workers: 1, Findings: 16},
		{Store: onAWS, Workers: 64, Findings: 32},
	} {
		r.Workers = append(r.Workers, answerAll(t, w))
	}
}

// answerAll answers findings on as many instances. What is slow (snapshots) is left for a later run, as a service does.
func answerAll(t *testing.T, w Workers) Workers {
	t.Helper()
	a, c := rig(t, Scene{Latency: w.Latency}, Setup{OnAWS: w.Store == onAWS, Wait: time.Nanosecond})
	ids := make(chan string, w.Findings)
	for _, id := range instances(t, a, w.Findings) {
		ids <- id
	}
	close(ids)
	a.Begin()
	results := make(chan engineResult, w.Findings)
	began, busy := time.Now(), cpu()
	for range w.Workers {
		go func() {
			for id := range ids {
				done, err := c.Contain(t.Context(), id)
				results <- engineResult{done, err}
			}
		}()
	}
	var took []time.Duration
	for range w.Findings {
		res := <-results
		if res.err != nil {
			t.Error(res.err)
		}
		took = append(took, res.c.ContainedAfter)
	}
	w.CPU = (cpu() - busy) / time.Duration(w.Findings)
	w.PerSecond = float64(w.Findings) / time.Since(began).Seconds()
	w.Median = median(took)
	return w
}

type engineResult struct {
	c   casefile.Case
	err error
}

func measureStores(t *testing.T, r *Report) {
	for _, open := range []int{10, 1000, 100_000} {
		dir := filled(t, open)
		a, c := rig(t, Scene{}, Setup{Dir: dir, Actions: toys(), Edit: carefree})
		r.Stores = append(r.Stores, fresh(t, a, c, onDisk, open))
		r.Repeats = append(r.Repeats, repeats(t, a, c, onDisk, open, []finding.Finding{answered(t, c, host)}))
	}
	for _, open := range []int{10, 1000} { // more takes the simulation long, and calls are what is counted
		a, c := rig(t, Scene{}, Setup{OnAWS: true, Actions: toys(), Edit: carefree})
		fill(t, c.Store, open)
		r.Stores = append(r.Stores, fresh(t, a, c, onAWS, open))
		r.Repeats = append(r.Repeats, repeats(t, a, c, onAWS, open, []finding.Finding{answered(t, c, host)}))
	}
}

// fresh measures new findings in a store that has many open cases.
func fresh(t *testing.T, a *Account, c *Cordon, name string, open int) StoreSize {
	t.Helper()
	s := StoreSize{Store: name, Open: open}
	const responses = 15
	busy := cpu()
	for i := range responses {
		before := len(a.Journal.Calls())
		must[casefile.Case](t)(c.Contain(t.Context(), fmt.Sprintf("i-0e%015x", i)))
		s.Calls = 0
		for _, call := range a.Journal.Calls()[before:] {
			if call.Service == "DynamoDB" {
				s.Calls++
			}
		}
	}
	s.CPU = (cpu() - busy) / responses
	return s
}

// filled is a directory with a SQLite store of that many open cases: one that was opened, and copies of it.
func filled(t *testing.T, open int) string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "cordon.db")
	s := must[*sqlite.Store](t)(sqlite.Open(t.Context(), file))
	fill(t, s, 1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db := must[*sql.DB](t)(sql.Open("sqlite", file))
	defer db.Close()
	for _, copied := range []string{
		`INSERT INTO cases (id, status, account, region, kind, target, opened, body)
			SELECT printf('c-f%011d', n), status, account, region, kind, printf('i-0f%015x', n), opened + n,
				replace(replace(body, id, printf('c-f%011d', n)), target, printf('i-0f%015x', n)) FROM cases, n WHERE id = first`,
		`INSERT INTO documents (case_id, finding, raw) SELECT printf('c-f%011d', n), finding, raw FROM documents, n WHERE case_id = first`,
		`INSERT INTO journal (case_id, seq, body) SELECT printf('c-f%011d', n), seq, body FROM journal, n WHERE case_id = first`,
	} {
		const numbers = "WITH RECURSIVE n (n, first) AS (SELECT 1, 'c-f00000000000' UNION ALL SELECT n + 1, first FROM n WHERE n < ?) "
		if _, err := db.ExecContext(t.Context(), numbers+copied, open-1); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func fill(t *testing.T, s casefile.Store, open int) {
	t.Helper()
	f := Finding(host, 1)
	for i := range open {
		target := f.Targets[0]
		target.ID = fmt.Sprintf("i-0f%015x", i)
		_, _, err := s.OpenCase(t.Context(), casefile.Opening{
			NewID: fmt.Sprintf("c-f%011d", i), Target: target, By: "bench", Now: time.Now(), Raw: f.Raw,
			Finding: casefile.Finding{ID: "f-" + target.ID, Type: f.Type, Severity: f.Severity, Count: 1},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func example(t *testing.T, name string) []byte {
	t.Helper()
	return must[[]byte](t)(examples.Findings.ReadFile("findings/" + name))
}
