package bench

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cordon/internal/awssim"
	"cordon/internal/nodetest"
)

var report = flag.Bool("report", false, "measure, print, and write docs/performance.md and its plots")

var only = flag.String("measure", "", "measure this part alone, and write nothing")

// TestReport is make bench.
func TestReport(t *testing.T) {
	if !*report {
		t.Skip("make bench measures")
	}
	root, err := nodetest.Root()
	if err != nil {
		t.Fatal(err)
	}
	steps := []part{
		{"containment", measureContainment},
		{"asked", measureAsked},
		{"throttling", measureThrottling},
		{"growth", measureGrowth},
		{"overhead", measureOverhead},
		{"repeats", measureRepeats},
		{"workers", measureWorkers},
		{"store", measureStores},
		{"binaries", measureBinaries},
	}
	if err := knownPart(steps, *only); err != nil {
		t.Fatal(err)
	}
	var r Report
	for _, step := range steps {
		if *only != "" && step.name != *only {
			continue
		}
		began := time.Now()
		step.do(t, &r)
		fmt.Fprintf(os.Stderr, "measured %s in %s\n", step.name, time.Since(began).Round(100*time.Millisecond))
	}
	r.Machine = machine()
	page := r.Page()
	fmt.Println(page)
	if *only != "" || t.Failed() {
		return
	}
	for name, content := range r.Files(page) {
		if err := os.WriteFile(root+"/docs/"+name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// part is what can be measured alone.
type part struct {
	name string
	do   func(*testing.T, *Report)
}

// knownPart says what is wrong with the name of a part; "" is all of them.
func knownPart(parts []part, name string) error {
	var names []string
	for _, p := range parts {
		names = append(names, p.name)
	}
	if name == "" || slices.Contains(names, name) {
		return nil
	}
	return fmt.Errorf("-measure %s: there is no such part; choose one of %s", name, strings.Join(names, ", "))
}

func TestKnownPart(t *testing.T) {
	parts := []part{{name: "store"}, {name: "asked"}}
	if err := knownPart(parts, "store"); err != nil {
		t.Error(err)
	}
	if err := knownPart(parts, ""); err != nil {
		t.Error(err)
	}
	if err := knownPart(parts, "floor"); err == nil || !strings.Contains(err.Error(), "store, asked") {
		t.Errorf("an unknown part: %v", err)
	}
}

// virtual runs f in a bubble of its own and gives its result.
func virtual(t *testing.T, f func(t *testing.T) (Run, error)) (r Run, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { r, err = f(t) })
	return r, err
}

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

var latencies = []time.Duration{0, 40 * time.Millisecond, 120 * time.Millisecond}

// subjects are what is measured on each recording's scene.
func subjects(name string) []subject {
	own := []subject{{name: titles[name], reference: name}}
	if name != Terraform { // whose host is that of the first scene
		own = append(own, subject{name: "Cordon, SQLite and a directory"}, subject{name: "Cordon, DynamoDB, S3 and SNS", onAWS: true})
	}
	return own
}

type subject struct {
	name      string
	reference string // its recording, "" for Cordon
	onAWS     bool
}

func (s subject) run(t *testing.T, scene Scene, wait time.Duration) (Run, error) {
	if s.reference == "" {
		return RunCordon(t.Context(), scene, Setup{Dir: t.TempDir(), OnAWS: s.onAWS, Wait: wait})
	}
	b, err := ReadBaseline(s.reference)
	if err != nil {
		return Run{}, err
	}
	return RunBaseline(t.Context(), scene, b)
}

func measureContainment(t *testing.T, r *Report) {
	for _, name := range []string{Sample, SampleLarge, SampleNoSSM, Terraform} {
		g := Group{Scene: sceneTitles[name]}
		for _, s := range subjects(name) {
			row := Row{Name: s.name, Cordon: s.reference == ""}
			for i, latency := range latencies {
				if latency == 0 {
					continue
				}
				row.Runs[i] = must[Run](t)(virtual(t, func(t *testing.T) (Run, error) { return s.run(t, sceneOf(name, latency), 0) }))
			}
			row.Runs[0] = onRealClock(t, s, name)
			g.Rows = append(g.Rows, row)
		}
		r.Groups = append(r.Groups, g)
	}
}

// onRealClock measures what is computed: the median of several runs with calls that take no time. A reference's sleeps are added to what
// its calls take, not slept; Cordon does not wait for snapshots and commands, so there is no total.
func onRealClock(t *testing.T, s subject, name string) Run {
	var runs []Run
	for range 11 {
		scene := sceneOf(name, 0)
		if s.reference == "" {
			runs = append(runs, must[Run](t)(s.run(t, scene, time.Nanosecond)))
			continue
		}
		b := must[Baseline](t)(ReadBaseline(s.reference))
		slept, all := b.Slept(b.Containing()+1), b.Slept(len(b.Calls))
		for i := range b.Calls {
			b.Calls[i].Sleep = 0
		}
		run := must[Run](t)(RunBaseline(t.Context(), scene, b))
		run.Contain, run.Total = run.Contain+slept, run.Total+all
		runs = append(runs, run)
	}
	slices.SortFunc(runs, func(a, b Run) int { return int(a.Contain - b.Contain) })
	return runs[len(runs)/2]
}

const throttledRuns = 20

func measureThrottling(t *testing.T, r *Report) {
	for _, name := range []string{Sample, SampleLarge, Terraform} {
		for _, s := range subjects(name) {
			row := Throttled{Name: s.name, Scene: sceneTitles[name], Of: throttledRuns}
			for seed := range uint64(throttledRuns) {
				scene := sceneOf(name, call)
				scene.Throttle, scene.Seed = 0.3, seed
				run, err := virtual(t, func(t *testing.T) (Run, error) { return s.run(t, scene, 0) })
				row.Attempts += run.Attempts
				if run.Contain > 0 && run.Reachable == 0 {
					row.Contained = append(row.Contained, run.Contain)
				}
				if err == nil && len(run.Failed) == 0 {
					row.Whole++
				}
			}
			slices.Sort(row.Contained)
			r.Throttled = append(r.Throttled, row)
		}
	}
}

func measureGrowth(t *testing.T, r *Report) {
	for _, o := range []awssim.LargeOptions{
		{ENIs: 1, Volumes: 1},
		{ENIs: 2, Volumes: 1},
		{ENIs: 8, Volumes: 1},
		{ENIs: 15, Volumes: 1},
		{ENIs: 1, Volumes: 8},
		{ENIs: 1, Volumes: 40},
		{ENIs: 1, Volumes: 1, ClassicBalancers: 2, TargetGroups: 2},
		{ENIs: 1, Volumes: 1, ClassicBalancers: 20, TargetGroups: 50},
		{ENIs: 1, Volumes: 1, ClassicBalancers: 40, TargetGroups: 200},
	} {
		run := must[Run](t)(virtual(t, func(t *testing.T) (Run, error) { return runLarge(t, o) }))
		r.Growth = append(r.Growth, Grown{o, run})
	}
}

func runLarge(t *testing.T, o awssim.LargeOptions) (Run, error) {
	a, err := NewAccount(t.Context(), Scene{Latency: call})
	if err != nil {
		return Run{}, err
	}
	instance, err := awssim.Large(a.Account, o)
	if err != nil {
		return Run{}, err
	}
	return respond(t.Context(), a, Setup{Dir: t.TempDir()}, instance)
}

// measureAsked counts what one response asks for with the very same input.
func measureAsked(t *testing.T, r *Report) {
	type question struct{ operation, input string }
	asked := map[question]map[time.Time]int{}
	must[Run](t)(virtual(t, func(t *testing.T) (Run, error) {
		a, err := NewAccount(t.Context(), sceneOf(Sample, call))
		if err != nil {
			return Run{}, err
		}
		a.watch = func(c awssim.Call) {
			input, err := json.Marshal(c.Input)
			if err != nil {
				t.Error(err)
			}
			q := question{c.Operation, string(input)}
			if asked[q] == nil {
				asked[q] = map[time.Time]int{}
			}
			asked[q][time.Now()]++
		}
		return respond(t.Context(), a, Setup{Dir: t.TempDir()}, host)
	}))
	by := map[string]Asked{}
	for q, moments := range asked {
		a := by[q.operation]
		a.Operation = q.operation
		a.Inputs++
		for _, n := range moments {
			a.Calls, a.AtOnce = a.Calls+n, max(a.AtOnce, n)
		}
		by[q.operation] = a
	}
	r.Asked = slices.SortedFunc(maps.Values(by), func(a, b Asked) int {
		return cmp.Or(b.Calls-b.Inputs-a.Calls+a.Inputs, strings.Compare(a.Operation, b.Operation))
	})
}
