package serve

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cordon/internal/finding"
)

func target(id string) []finding.Target {
	return []finding.Target{{Account: "111122223333", Region: "us-east-1", Kind: finding.KindInstance, ID: id}}
}

// diary notes what happened, in order.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) note(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
}

// read is what was noted so far.
func (d *diary) read() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.lines)
}

func TestPoolBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(2, none{})
		var running, most int
		var mu sync.Mutex
		var wg sync.WaitGroup
		for i := range 7 {
			p.add(1)
			wg.Go(func() {
				err := p.do(t.Context(), target(string(rune('a'+i))), func(context.Context) {
					mu.Lock()
					running++
					most = max(most, running)
					mu.Unlock()
					time.Sleep(time.Second)
					mu.Lock()
					running--
					mu.Unlock()
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		start := time.Now()
		wg.Wait()
		if most != 2 || time.Since(start) != 4*time.Second {
			t.Errorf("%d at once, %s in all", most, time.Since(start))
		}
		if n, _ := p.idle(); n != 2 || len(p.turns) != 0 || len(p.tasks) != 0 {
			t.Errorf("afterwards: %d idle, %d turns, %d tasks", n, len(p.turns), len(p.tasks))
		}
	})
}

// TestPoolEvidence: a containment does not wait for another one's evidence, and a target's next one begins when its first is over.
func TestPoolEvidence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(1, none{})
		var d diary
		var wg sync.WaitGroup
		work := func(name, id string) {
			p.add(1)
			wg.Go(func() {
				err := p.do(t.Context(), target(id), func(context.Context) {
					d.note(name + " begins")
					time.Sleep(time.Second)
					p.contained(target(id)[0])
					time.Sleep(time.Hour)
					d.note(name + " ends")
				})
				if err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		work("a1", "a")
		work("a2", "a")
		work("b1", "b")
		time.Sleep(10 * time.Second)
		got := d.read()
		if len(got) == 0 || got[0] != "a1 begins" {
			t.Errorf("not in order: %v", got)
		}
		slices.Sort(got)
		if !slices.Equal(got, []string{"a1 begins", "a2 begins", "b1 begins"}) {
			t.Errorf("after ten seconds: %v", got)
		}
		wg.Wait()
	})
}

func TestPoolReserve(t *testing.T) {
	p := newPool(2, none{})
	for n := range 8 {
		if !p.reserve(1) {
			t.Fatalf("place %d is refused", n)
		}
	}
	if p.reserve(1) {
		t.Error("a ninth place is given")
	}
	p.release(1)
	if !p.reserve(5) {
		t.Error("a place that was given back is not given again")
	}
}

// TestPoolStop: what waits is not begun; what is contained is given up; a containment goes to its end, and has no evidence then.
func TestPoolStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(2, none{})
		var d diary
		var wg sync.WaitGroup
		for _, id := range []string{"evidence", "containing", "waiting"} {
			p.add(1)
			wg.Go(func() {
				err := p.do(t.Context(), target(id), func(ctx context.Context) {
					if id == "containing" {
						time.Sleep(time.Minute)
						d.note("contained")
						if ctx.Err() != nil {
							t.Error("a containment was cut")
						}
					}
					p.contained(target(id)[0])
					select {
					case <-ctx.Done():
						d.note(id + " gave its evidence up")
					case <-time.After(time.Hour):
						d.note(id + " went on")
					}
				})
				if errors.Is(err, errStopping) {
					d.note(id + " was not begun")
				}
			})
			synctest.Wait()
			if id == "evidence" {
				p.add(1)
				wg.Go(func() { _ = p.do(t.Context(), target("other"), func(context.Context) { time.Sleep(5 * time.Second) }) })
				synctest.Wait()
			}
		}
		p.stop()
		synctest.Wait()
		time.Sleep(10 * time.Second)
		p.giveUp()
		wg.Wait()
		want := []string{"waiting was not begun", "evidence gave its evidence up", "contained", "containing gave its evidence up"}
		if !slices.Equal(d.lines, want) {
			t.Errorf("got %v, want %v", d.lines, want)
		}
	})
}

// TestPoolSeveralTargets: the worker is free when the last target is contained.
func TestPoolSeveralTargets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(1, none{})
		p.add(1)
		two := append(target("a"), target("b")...)
		err := p.do(t.Context(), two, func(context.Context) {
			p.contained(two[0])
			if n, _ := p.idle(); n != 0 {
				t.Error("free with one of two contained")
			}
			p.contained(two[1])
			p.contained(two[1])
			if n, _ := p.idle(); n != 1 {
				t.Error("not free with both contained")
			}
		})
		if err != nil {
			t.Error(err)
		}
	})
}
