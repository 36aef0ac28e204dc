package faultsim

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"sync"
	"time"
)

// medium is what a call goes to.
type medium string

const (
	toAWS    medium = "aws"
	toStore  medium = "store"
	toVault  medium = "vault"
	toOffice medium = "office"
)

// call is one call of a process to the world outside it.
type call struct {
	N      int    // 1 for the process's first
	Medium medium // what it goes to
	Name   string // what is called: "EC2 ModifyNetworkInterfaceAttribute", "store SaveRecord ec2.tag"
	Nth    int    // 1 for the process's first of that name
}

func (c call) String() string { return fmt.Sprintf("%d (the %d. %s)", c.N, c.Nth, c.Name) }

// is says whether two calls are the same one of a scenario: what is made side by side at one moment has no order.
func (c call) is(o call) bool { return c.Name == o.Name && c.Nth == o.Nth }

// effect is what becomes of a call.
type effect int

const (
	passes     effect = iota
	diesBefore        // the process is gone, and the call was not made
	diesAfter         // the call took effect, and the process is gone
	fails             // refused without effect
	slowed            // refused for the rate, without effect
	silent            // takes effect, and no answer comes
)

// errDead is what every call of a dead process gets. Nothing of it reaches the world any more.
var errDead = errors.New("the process is dead")

// gate is what every call of one process passes.
type gate struct {
	seed   int64
	decide func(call) effect // nil: all pass
	kill   context.CancelFunc

	mu    sync.Mutex
	dead  bool
	calls []call
	seen  map[string]int
	named map[string]int
}

// pass makes a call, or what the fault makes of it. key tells calls apart that may be under way side by side.
func (g *gate) pass(ctx context.Context, m medium, name, key string, do func() error, wrong func(effect) error) error {
	if err := g.travel(ctx, name+" "+key); err != nil {
		return err
	}
	g.mu.Lock()
	if g.dead {
		g.mu.Unlock()
		return errDead
	}
	g.named[name]++
	c := call{len(g.calls) + 1, m, name, g.named[name]}
	g.calls = append(g.calls, c)
	e := passes
	if g.decide != nil {
		e = g.decide(c)
	}
	g.dead = e == diesBefore
	g.mu.Unlock()
	switch e {
	case passes:
		return do()
	case diesBefore:
		g.kill()
		return errDead
	case diesAfter:
		_ = do()
		g.mu.Lock()
		g.dead = true
		g.mu.Unlock()
		g.kill()
		return errDead
	case silent:
		err := do()
		if err == nil {
			time.Sleep(noAnswer)
			err = wrong(e)
		}
		return err
	case fails, slowed:
		return wrong(e)
	default:
		panic("faultsim: unknown effect")
	}
}

// noAnswer is how long a process waits for an answer that does not come.
const noAnswer = 10 * time.Second

// travel takes the call's time: 1 to 9 ms, to the nanosecond its own.
func (g *gate) travel(ctx context.Context, key string) error {
	g.mu.Lock()
	if g.seen == nil {
		g.seen, g.named = map[string]int{}, map[string]int{}
	}
	g.seen[key]++
	occurrence := g.seen[key]
	g.mu.Unlock()
	h := fnv.New64a()
	fmt.Fprint(h, g.seed, key, occurrence)
	select {
	case <-time.After(time.Millisecond + time.Duration(h.Sum64()%uint64(8*time.Millisecond))):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// die ends the process from outside, as the end of a machine does.
func (g *gate) die() {
	g.mu.Lock()
	g.dead = true
	g.mu.Unlock()
	g.kill()
}

func (g *gate) made() []call {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]call(nil), g.calls...)
}
