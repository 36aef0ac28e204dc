package serve

import (
	"context"
	"errors"
	"slices"
	"sync"

	"cordon/internal/finding"
)

// errStopping says that the service is on its way out and begins nothing new.
var errStopping = errors.New("the service is stopping")

// pool bounds how many containments run at once, and has those of one target run one after another. A place is free again when
// the containment is over; the evidence that follows has none. It is an engine.Places: what a run says is of its own task alone.
type pool struct {
	telemetry Telemetry
	workers   chan struct{}
	queue     int           // how many may wait for a worker
	crowd     int           // how many may wait for their target's turn; they want no worker before they have it
	stopping  chan struct{} // closed: nothing new is begun

	mu      sync.Mutex
	waiting int // for a worker
	behind  int // for a turn
	turns   map[string]*turn
	tasks   map[*task]struct{}
	giving  bool          // evidence is given up
	free    chan struct{} // see idle
}

// turn is a target's: held by the task that contains it.
type turn struct {
	held  chan struct{} // of one place
	users int
}

// task is one piece of work in the pool.
type task struct {
	left   map[string]*turn    // targets that are being contained
	parked map[string]struct{} // those of them that wait for another process's run, or an earlier one's evidence
	works  bool                // it has a worker
	taking chan struct{}       // of one place: held by who takes the worker again
	cancel context.CancelFunc
	end    func(error) // ends the span
}

// taskKey is where a task's context has the task.
type taskKey struct{}

func newPool(workers int, t Telemetry) *pool {
	return &pool{
		telemetry: t, workers: make(chan struct{}, workers), queue: 4 * workers, crowd: 64 * workers, stopping: make(chan struct{}),
		turns: map[string]*turn{}, tasks: map[*task]struct{}{}, free: make(chan struct{}),
	}
}

// reserve takes n places among those that wait for a worker; false: there are too many already. Each place is given back by do,
// or by release.
func (p *pool) reserve(n int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting >= p.queue || p.behind >= p.crowd {
		return false
	}
	p.wait(n)
	return true
}

func (p *pool) release(n int) { p.add(-n) }

// add takes n places whether there are too many or not.
func (p *pool) add(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wait(n)
}

// wait counts who waits; the caller has the lock.
func (p *pool) wait(n int) {
	p.waiting += n
	p.telemetry.Gauge(WaitingAnswers, float64(p.waiting))
	if n < 0 {
		p.wake()
	}
}

// wake has everyone who waits for an idle worker look again; the caller has the lock.
func (p *pool) wake() {
	close(p.free)
	p.free = make(chan struct{})
}

// idle is how many workers nobody waits for; changed is closed when that may be more.
func (p *pool) idle() (n int, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.behind >= p.crowd {
		return 0, p.free
	}
	return cap(p.workers) - len(p.workers) - p.waiting, p.free
}

// awaitIdle waits for an idle worker and gives how many there are; 0: the context is over.
func (p *pool) awaitIdle(ctx context.Context) int {
	for {
		n, changed := p.idle()
		if n > 0 {
			return n
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return 0
		}
	}
}

// do runs f, for which a place was reserved, once its targets are nobody else's and a worker is free. f's context ends when
// evidence is given up. errStopping: f was not begun.
func (p *pool) do(ctx context.Context, targets []finding.Target, f func(context.Context)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	t := &task{left: map[string]*turn{}, parked: map[string]struct{}{}, taking: make(chan struct{}, 1), cancel: cancel, end: func(error) {}}
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.tasks, t)
		for key := range t.left {
			p.over(t, key)
		}
	}()
	ctx = context.WithValue(ctx, taskKey{}, t)
	err := p.begin(ctx, t, targets)
	p.release(1)
	if err != nil {
		return err
	}
	f(ctx)
	return nil
}

// begin takes the targets' turns, always in the same order, and then a worker.
func (p *pool) begin(ctx context.Context, t *task, targets []finding.Target) error {
	var keys []string
	for _, target := range targets {
		keys = append(keys, target.String())
	}
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		if err := p.enter(ctx, t, key); err != nil {
			return err
		}
	}
	if err := p.take(ctx, p.workers); err != nil {
		return err
	}
	_, end := p.telemetry.Span(ctx, "containment")
	p.mu.Lock()
	defer p.mu.Unlock()
	t.works, t.end = true, end
	p.tasks[t] = struct{}{}
	p.telemetry.Gauge(BusyWorkers, float64(len(p.workers)))
	return nil
}

// rest gives a task's worker back where none of its targets needs it now; the caller has the lock.
func (p *pool) rest(t *task) {
	if !t.works || len(t.left) > len(t.parked) {
		return
	}
	t.works = false
	<-p.workers
	p.telemetry.Gauge(BusyWorkers, float64(len(p.workers)))
	p.wake()
}

// take takes a place of a channel.
func (p *pool) take(ctx context.Context, places chan struct{}) error {
	select {
	case <-p.stopping:
		return errStopping
	default:
	}
	select {
	case places <- struct{}{}:
		return nil
	case <-p.stopping:
		return errStopping
	case <-ctx.Done():
		return errStopping
	}
}

func (p *pool) enter(ctx context.Context, t *task, key string) error {
	p.mu.Lock()
	own := p.turns[key]
	if own == nil {
		own = &turn{held: make(chan struct{}, 1)}
		p.turns[key] = own
	}
	own.users++
	select {
	case own.held <- struct{}{}:
		t.left[key] = own
		p.mu.Unlock()
		return nil
	default:
	}
	p.behind++
	p.wait(-1) // the place is another finding's meanwhile
	p.mu.Unlock()
	err := p.take(ctx, own.held)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.behind--
	p.wait(1)
	if err != nil {
		p.leave(key, own)
		return err
	}
	t.left[key] = own
	return nil
}

// leave forgets a turn that nobody uses; the caller has the lock.
func (p *pool) leave(key string, own *turn) {
	if own.users--; own.users == 0 {
		delete(p.turns, key)
	}
}

// Contained ends the turn at a target of the task whose context it is.
func (p *pool) Contained(ctx context.Context, target finding.Target) {
	t, ok := ctx.Value(taskKey{}).(*task)
	if !ok {
		return // nobody's turn: it looked at what is contained
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if key := target.String(); t.left[key] != nil {
		p.over(t, key)
	}
}

// Wait gives the worker of the task whose context it is back, where its other targets do not need it. The turn stays its own:
// one task alone waits for a target. There is no more use in waiting when the pool is stopped.
func (p *pool) Wait(ctx context.Context, target finding.Target) (resume func(context.Context) error, ended <-chan struct{}) {
	nothing := func(context.Context) error { return nil }
	t, ok := ctx.Value(taskKey{}).(*task)
	if !ok {
		return nothing, nil
	}
	key := target.String()
	p.mu.Lock()
	defer p.mu.Unlock()
	if t.left[key] == nil {
		return nothing, p.stopping
	}
	t.parked[key] = struct{}{}
	p.rest(t)
	return func(ctx context.Context) error { return p.resume(ctx, t, key) }, p.stopping
}

// resume takes a worker for a task again, unless another of its targets has.
func (p *pool) resume(ctx context.Context, t *task, key string) error {
	if err := p.take(ctx, t.taking); err != nil {
		return err
	}
	defer func() { <-t.taking }()
	p.mu.Lock()
	delete(t.parked, key)
	works := t.works
	if !works {
		p.wait(1)
	}
	p.mu.Unlock()
	if works {
		return nil
	}
	err := p.take(ctx, p.workers)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wait(-1)
	if err == nil {
		t.works = true
		p.telemetry.Gauge(BusyWorkers, float64(len(p.workers)))
	}
	return err
}

// over ends a task's turn at a target; with the last its worker is free. The caller has the lock.
func (p *pool) over(t *task, key string) {
	own := t.left[key]
	delete(t.left, key)
	delete(t.parked, key)
	<-own.held
	p.leave(key, own)
	p.rest(t)
	if len(t.left) > 0 {
		return
	}
	t.end(nil)
	if p.giving {
		t.cancel()
	}
}

// stop lets nothing new begin.
func (p *pool) stop() { close(p.stopping) }

// stopped says whether nothing new is begun any more.
func (p *pool) stopped() bool {
	select {
	case <-p.stopping:
		return true
	default:
		return false
	}
}

// giveUp ends the evidence of everything that runs; containments go to their end, and then have none.
func (p *pool) giveUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.giving = true
	for t := range p.tasks {
		if len(t.left) == 0 {
			t.cancel()
		}
	}
}
