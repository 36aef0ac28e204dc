package bench

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cordon/internal/awssim"
	"cordon/internal/cloud"
)

const call = 40 * time.Millisecond

var recordings = []string{SampleNoSSM, Sample, SampleLarge, Terraform}

// sceneOf is what a recording was made on.
func sceneOf(name string, latency time.Duration) Scene {
	s := Scene{Classic: 2, TargetGroups: 2, Latency: latency, NoSSM: name == SampleNoSSM}
	if name == SampleLarge {
		s.Classic, s.TargetGroups = 20, 50
	}
	return s
}

// TestReplay: the calls that are made are those of the recording, in order, and they cut the host off as it says.
func TestReplay(t *testing.T) {
	for name, want := range map[string]struct{ contained, of int }{
		SampleNoSSM: {43, 45}, Sample: {48, 50}, SampleLarge: {114, 116}, Terraform: {12, 12},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, err := ReadBaseline(name)
				if err != nil {
					t.Fatal(err)
				}
				if got := b.Containing() + 1; got != want.contained || len(b.Calls) != want.of {
					t.Errorf("contained at call %d of %d, want %d of %d", got, len(b.Calls), want.contained, want.of)
				}
				r, err := RunBaseline(t.Context(), sceneOf(name, call), b)
				if err != nil {
					t.Fatal(err)
				}
				var got, recorded []string
				for i, c := range r.Calls {
					got, recorded = append(got, c.Operation), append(recorded, b.Calls[i].Operation)
				}
				if diff := cmp.Diff(recorded, got); diff != "" {
					t.Errorf("operations (-recorded +replayed):\n%s", diff)
				}
				// AWS does not know a command's invocation at once, and answers so.
				asked := slices.DeleteFunc(r.Calls, func(c cloud.Call) bool { return c.Code == "" || c.Code == "InvocationDoesNotExist" })
				if len(asked) > 0 {
					t.Errorf("calls that AWS refused: %+v", asked)
				}
				if n := len(r.RowContain); n != want.contained {
					t.Errorf("%d calls in a row to the last interface, want %d", n, want.contained)
				}
				if took := time.Duration(want.contained)*call + b.Slept(want.contained); r.Contain != took {
					t.Errorf("contained after %s, want %s", r.Contain, took)
				}
				if r.Reachable != 0 {
					t.Errorf("%d interfaces are still reached", r.Reachable)
				}
			})
		})
	}
}

// TestCarried: the recordings are carried as they were made.
func TestCarried(t *testing.T) {
	for _, name := range recordings {
		theirs, err := os.ReadFile("../../shared/baseline/" + name + ".tsv")
		if err != nil {
			t.Skip("the originals are not here")
		}
		ours, err := recorded.ReadFile("testdata/baseline/" + name + ".tsv")
		if err != nil || !bytes.Equal(ours, theirs) {
			t.Errorf("%s differs from the original (%v)", name, err)
		}
	}
}

// TestUnknownOperation: a call that the replayer cannot make is an error, and is not left out.
func TestUnknownOperation(t *testing.T) {
	a, err := NewAccount(t.Context(), Scene{})
	if err != nil {
		t.Fatal(err)
	}
	b := Baseline{Name: "made up", Calls: []BaselineCall{{0, "ec2", "DescribeInstances"}, {0, "ec2", "StopInstances"}}}
	if _, err := Replay(t.Context(), a, b); err == nil || !strings.Contains(err.Error(), "call 2") {
		t.Errorf("error %v", err)
	}
}

// TestContain holds Cordon's calls: at most five in a row to the last interface isolated, whatever is around the host; and no more calls
// for each balancer and target group than leaving them takes.
func TestContain(t *testing.T) {
	const (
		inARow = 5
		small  = 145 // calls with 2 + 2, evidence and live response included
		each   = 1   // more for each balancer and target group that the host is not in: its health is asked for, while what would break is looked at or when the host leaves it
	)
	made := map[string]int{}
	for _, name := range recordings[:3] {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, err := RunCordon(t.Context(), sceneOf(name, call), Setup{Dir: t.TempDir()})
				if err != nil {
					t.Fatal(err)
				}
				made[name] = len(r.Calls)
				if n := len(r.RowContain); n > inARow {
					t.Errorf("%d calls in a row: %v", n, operations(r.RowContain))
				}
				if r.Contain > inARow*call || r.Reachable != 0 || r.Alive != 0 {
					t.Errorf("contained after %s; %d interfaces are reached, %d connections are open", r.Contain, r.Reachable, r.Alive)
				}
			})
		})
	}
	if made[Sample] > small {
		t.Errorf("%d calls with 2 + 2 balancers, want at most %d", made[Sample], small)
	}
	if more := made[SampleLarge] - made[Sample]; more > each*(18+48) {
		t.Errorf("%d more calls with 20 + 50 balancers, want at most %d", more, each*(18+48))
	}
}

// TestGrowth: neither interfaces nor volumes nor balancers lengthen the row of calls.
func TestGrowth(t *testing.T) {
	for name, o := range map[string]awssim.LargeOptions{
		"15 interfaces":  {ENIs: 15, Volumes: 1},
		"40 volumes":     {ENIs: 1, Volumes: 40},
		"60 + 20 around": {ENIs: 1, Volumes: 1, TargetGroups: 60, ClassicBalancers: 20},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := virtual(t, func(t *testing.T) (Run, error) { return runLarge(t, o) })
			if err != nil {
				t.Fatal(err)
			}
			if n := len(r.RowContain); n > 5 {
				t.Errorf("%d calls in a row: %v", n, operations(r.RowContain))
			}
		})
	}
}

// TestThrottledStore: the store's calls are tried again as the programs try them: no record stays unwritten where AWS
// refuses three calls in ten. Evidence may be given up for a time.
func TestThrottledStore(t *testing.T) {
	for seed := range uint64(5) {
		synctest.Test(t, func(t *testing.T) {
			scene := sceneOf(Sample, call)
			scene.Throttle, scene.Seed = 0.3, seed
			run, err := RunCordon(t.Context(), scene, Setup{Dir: t.TempDir(), OnAWS: true})
			if run.Contain == 0 || run.Reachable != 0 || err != nil && strings.Contains(err.Error(), "operation error DynamoDB") {
				t.Errorf("seed %d: %v, contained after %s, %d reachable", seed, err, run.Contain, run.Reachable)
			}
		})
	}
}
