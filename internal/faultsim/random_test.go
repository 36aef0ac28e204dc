package faultsim

import (
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cordon/internal/casefile"
	"cordon/internal/engine"
	"cordon/internal/finding"
)

var (
	seed   = flag.Int64("seed", 0, "the one round of TestRandom with this seed")
	rounds = flag.Int("rounds", 30, "how many rounds TestRandom has")
)

// TestRandom: several findings on several targets, answered by several processes at once, some of which die, amid failing,
// throttled and unanswered calls, while a person releases cases. A round follows from its seed.
func TestRandom(t *testing.T) {
	from, to := int64(1), int64(*rounds)
	if raced {
		to = min(to, 8)
	}
	if *seed != 0 {
		from, to = *seed, *seed
	}
	t.Cleanup(func() { fmt.Printf("random rounds: %d, from seed %d on\n", to-from+1, from) })
	for n := from; n <= to; n++ {
		t.Run(fmt.Sprint("seed ", n), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { round(t, n) })
		})
	}
}

func round(t *testing.T, seed int64) {
	r := rand.New(rand.NewPCG(uint64(seed), 0))
	all := subjects(t)
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	w := newWorld(t, r.IntN(3) == 0, seed)
	defer func() {
		if t.Failed() {
			t.Logf("again with: go test ./internal/faultsim -run TestRandom -seed %d", seed)
			w.tell()
		}
	}()
	chosen, cut := []finding.Finding{}, map[finding.Target]func(*world) error{}
	for i, s := range all[:3+r.IntN(3)] {
		f := s.finding
		f.ID = fmt.Sprint("f", i)
		f.Raw = reidentified(f)
		if _, twice := cut[f.Targets[0]]; !twice {
			cut[f.Targets[0]] = s.cut
		}
		chosen = append(chosen, f)
		if s.conf != nil {
			s.conf(&w.conf)
		}
	}
	for range 1 + r.IntN(2) { // one after another, each beside its own
		var wg sync.WaitGroup
		for i := range 2 + r.IntN(3) {
			mine := []finding.Finding{}
			for _, f := range chosen {
				if r.IntN(3) > 0 {
					mine = append(mine, f)
				}
			}
			p := w.start(dice(seed, i, r.IntN(3) == 0))
			delay, releases := time.Duration(r.IntN(400))*time.Millisecond, r.IntN(5) == 0
			wg.Go(func() {
				time.Sleep(delay)
				if releases {
					p.release(w, engine.ReleaseOptions{ReactivateKeys: true})
				}
				p.respond(mine...)
				p.die()
			})
		}
		wg.Wait()
		w.allHonest(cut)
	}
	time.Sleep(time.Minute) // what the dead held is free
	w.start(nil).respond(chosen...)
	w.approve()
	w.start(nil).respond(chosen...)
	w.allHonest(cut)
	open := map[finding.Target]bool{}
	for _, c := range w.cases() {
		if c.Status == casefile.Released {
			continue
		}
		if open[c.Target] {
			t.Errorf("two open cases on %s", c.Target.ID)
		}
		open[c.Target] = true
		if c.Status != casefile.Contained && c.Status != casefile.Partial || len(c.Unanswered) > 0 {
			t.Errorf("case %s is %s, unanswered %v: %s", c.ID, c.Status, c.Unanswered, c.Reason)
		}
	}
	for target, isCut := range cut {
		var open *openFlow // which allHonest has looked at
		if err := isCut(w); err != nil && !errors.As(err, &open) {
			t.Errorf("%s is not contained: %v", target.ID, err)
		}
	}
	if errs := w.start(nil).release(w, engine.ReleaseOptions{ReactivateKeys: true}); errs != nil {
		t.Error(errs)
	}
	w.restored()
	w.told()
}

// dice decide what becomes of each call of a process.
func dice(seed int64, process int, mortal bool) func(call) effect {
	return func(c call) effect {
		h := fnv.New64a()
		fmt.Fprint(h, seed, process, c.N, c.Name)
		switch n := h.Sum64() % 1000; {
		case n < 3 && mortal:
			return diesBefore
		case n < 6 && mortal:
			return diesAfter
		case n < 16:
			return fails
		case n < 60:
			return slowed
		case n < 66:
			return silent
		default:
			return passes
		}
	}
}

// allHonest wants no case to say more than the account shows.
func (w *world) allHonest(cut map[finding.Target]func(*world) error) {
	w.t.Helper()
	for _, c := range w.cases() {
		if c.Status != casefile.Contained {
			continue
		}
		var open *openFlow
		err := cut[c.Target](w)
		if named := errors.As(err, &open) && w.names(c, open); err != nil && !named {
			w.t.Errorf("case %s says contained, but %v", c.ID, err)
		}
	}
}
