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
				err := p.do(t.Context(), target(id), func(ctx context.Context) {
					d.note(name + " begins")
					time.Sleep(time.Second)
					p.Contained(ctx, target(id)[0])
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
					p.Contained(ctx, target(id)[0])
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
		err := p.do(t.Context(), two, func(ctx context.Context) {
			p.Contained(ctx, two[0])
			if n, _ := p.idle(); n != 0 {
				t.Error("free with one of two contained")
			}
			p.Contained(ctx, two[1])
			p.Contained(ctx, two[1])
			if n, _ := p.idle(); n != 1 {
				t.Error("not free with both contained")
			}
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// TestPoolWait: who waits for another process's run keeps the target's turn and gives the worker back; before it goes on it takes
// one again. Those behind it want no worker. What others say of the target is not its own.
func TestPoolWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(1, none{})
		var d diary
		var wg sync.WaitGroup
		work := func(name, id string, f func(ctx context.Context)) {
			p.add(1)
			wg.Go(func() {
				if err := p.do(t.Context(), target(id), f); err != nil {
					t.Error(err)
				}
				d.note(name + " ends")
			})
			synctest.Wait()
		}
		two := slices.Concat(target("a"), target("b"))
		p.add(1)
		wg.Go(func() {
			_ = p.do(t.Context(), two, func(ctx context.Context) {
				one, _ := p.Wait(ctx, two[0])
				if n, _ := p.idle(); n != 0 {
					t.Error("free while another target of its own is contained")
				}
				other, _ := p.Wait(ctx, two[1])
				if n, _ := p.idle(); n != 1 {
					t.Error("not free while both wait")
				}
				p.Contained(t.Context(), two[0]) // a look's, which has no turn
				time.Sleep(time.Minute)
				var both sync.WaitGroup
				for i, resume := range []func(context.Context) error{one, other} {
					both.Go(func() {
						if err := resume(ctx); err != nil {
							t.Error(err)
						}
						if n, _ := p.idle(); n > 0 {
							t.Error("without a worker")
						}
						time.Sleep(time.Second)
						p.Contained(ctx, two[i])
					})
				}
				both.Wait()
			})
			d.note("both end")
		})
		synctest.Wait()
		for range 20 {
			work("behind", "a", func(context.Context) {})
		}
		if n, _ := p.idle(); n != 1 || !p.reserve(0) {
			t.Errorf("%d idle, with twenty behind", n)
		}
		work("c", "c", func(context.Context) {})
		work("d", "d", func(context.Context) { time.Sleep(2 * time.Minute) })
		wg.Wait()
		if got := d.read(); !slices.Equal(got[:2], []string{"c ends", "d ends"}) || len(got) != 23 {
			t.Errorf("got %v", got)
		}
		if n, _ := p.idle(); n != 1 || p.behind != 0 || p.waiting != 0 || len(p.turns) != 0 {
			t.Errorf("afterwards: %d idle, %d behind, %d waiting, %d turns", n, p.behind, p.waiting, len(p.turns))
		}
	})
}

// TestPoolWaitStops: with a stop nobody waits any more, and nobody goes on.
func TestPoolWaitStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(1, none{})
		p.add(1)
		err := p.do(t.Context(), target("a"), func(ctx context.Context) {
			resume, ended := p.Wait(ctx, target("a")[0])
			p.stop()
			<-ended
			if err := resume(ctx); !errors.Is(err, errStopping) {
				t.Errorf("goes on: %v", err)
			}
		})
		if err != nil {
			t.Error(err)
		}
	})
}
