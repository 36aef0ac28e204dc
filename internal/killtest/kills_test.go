// Package killtest kills the built binary, again and again, at random moments, and holds what it leaves behind against what
// Cordon promises.
package killtest

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"cordon/internal/awssim"
	"cordon/internal/casefile"
)

var seed = flag.Uint64("seed", 0, "seed of the kills, as a failure prints it; 0 draws one")

const (
	killsByDefault = 28 // CORDON_KILLS sets another number
	boxesAtOnce    = 4
)

// TestKills answers findings, says yes to them and releases them with processes that are killed at random moments, in many
// sandboxes, until enough of them have died; what they leave behind always goes on to the end that an undisturbed run has.
func TestKills(t *testing.T) {
	if testing.Short() {
		t.Skip("many processes")
	}
	wanted := killsByDefault
	if text := os.Getenv("CORDON_KILLS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("CORDON_KILLS is %q, no number of kills", text)
		}
		wanted = n
	}
	first := *seed
	if first == 0 {
		first = rand.Uint64N(1 << 32)
	}
	h := &hunt{binary: build(t), template: template(t)}
	t.Run("nobody is killed", h.undisturbed)
	if t.Failed() {
		t.Fatal("an undisturbed run does not do what it should")
	}
	var wg sync.WaitGroup
	var begun atomic.Int64
	for range boxesAtOnce {
		wg.Go(func() {
			for h.kills.Load() < int64(wanted) {
				n := uint64(begun.Add(1) - 1)
				ok := t.Run(fmt.Sprint("box ", n), func(t *testing.T) {
					h.box(t, first+n)
				})
				if !ok {
					t.Logf("again: go test ./internal/killtest -run TestKills -seed %d", first+n)
					return
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d processes killed of %d, in %d boxes, from seed %d", h.kills.Load(), h.processes.Load(), begun.Load(), first)
}

func build(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "cordon")
	args := []string{"build", "-o", path}
	if raceOn && os.Getenv("CORDON_KILLS") != "" { // it takes several times as long
		args = append(args, "-race")
	}
	if out, err := exec.CommandContext(t.Context(), "go", append(args, "cordon/cmd/cordon")...).CombinedOutput(); err != nil {
		t.Fatalf("build cordon: %v: %s", err, out)
	}
	return path
}

// template is a sandbox that nobody has touched: every box begins as a copy of it, so that times are the same in all.
func template(t *testing.T) string {
	dir := t.TempDir()
	if _, err := awssim.OpenWith(dir, awssim.Options{}, awssim.Demo); err != nil {
		t.Fatal(err)
	}
	return dir
}

// hunt is what all boxes share: the binary, the account to begin with, and how things are when nobody is killed.
type hunt struct {
	binary, template string
	kills, processes atomic.Int64

	priors                    map[string]string // by target and action
	contained                 map[string]any    // the account, in names that last
	respond, approve, release span
}

// undisturbed is a box in which nobody is killed.
func (h *hunt) undisturbed(t *testing.T) {
	b := h.newBox(t, 0, "")
	h.respond = b.must(0, "respond", "all.jsonl").span
	h.contained, h.priors = b.named(), b.priors()
	b.holds()
	h.approve = span{h.respond.time, h.respond.lines / 6, h.respond.writes / 6, 2}
	for _, c := range b.cases() {
		s := b.must(0, release(c)...).span
		h.release = span{max(h.release.time, s.time), max(h.release.lines, s.lines), max(h.release.writes, s.writes), max(h.release.posts, s.posts)}
	}
	b.released()
	t.Logf("respond %+v, release %+v", h.respond, h.release)
}

// box is the life of one sandbox, in which processes are killed.
func (h *hunt) box(t *testing.T, seed uint64) {
	asks, side, config := seed%4 == 1, 2, ""
	if asks {
		config = asking
	}
	if seed%4 == 2 {
		side = 8
	}
	b := h.newBox(t, seed, config)
	for range 2 {
		b.respondTogether(side)
	}
	if asks {
		b.approveAll()
	}
	b.must(0, "respond", "all.jsonl")
	b.holds()
	b.releaseAll()
	b.released()
}

// respondTogether answers findings with several processes, all of which are to be killed.
func (b *box) respondTogether(side int) {
	var jobs []job
	for range side {
		jobs = append(jobs, job{b.moment(b.hunt.respond), []string{"respond", b.some()}})
	}
	b.together(jobs...)
}

// approveAll says yes to every case, in processes that are killed.
func (b *box) approveAll() {
	b.must(6, "respond", "all.jsonl")
	for range 2 {
		var jobs []job
		for _, c := range b.cases() {
			jobs = append(jobs, job{b.moment(b.hunt.approve), []string{"approve", c.ID}})
		}
		b.together(jobs...)
	}
	var jobs []job
	for _, c := range b.cases() {
		jobs = append(jobs, job{args: []string{"approve", c.ID}})
	}
	b.together(jobs...)
}

// releaseAll releases every case, some of them with processes that are killed.
func (b *box) releaseAll() {
	var jobs []job
	for _, c := range b.cases() {
		for range b.rng.IntN(3) {
			jobs = append(jobs, job{b.moment(b.hunt.release), release(c)})
		}
	}
	b.together(jobs...)
	for _, c := range b.cases() {
		b.must(0, release(c)...)
	}
}

func release(c casefile.Case) []string {
	return []string{"release", c.ID, "--false-positive", "--reactivate-keys"}
}
