package faultsim

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"cordon/internal/notify"
)

// office is a medium that notices go to, as it is for every process: it keeps what arrived.
type office struct {
	looks bool // what arrived can be looked up, as issues can; else nobody knows

	mu      sync.Mutex
	arrived map[string]int // by case, event and time
}

// gatedOffice is an office as one process reaches it.
type gatedOffice struct {
	g  *gate
	id string
	o  *office
}

func (c gatedOffice) ID() string              { return c.id }
func (gatedOffice) Wants(e notify.Event) bool { return e != notify.EventRepeat }

func (c gatedOffice) Deliver(ctx context.Context, n notify.Notice, again bool) (ref string, err error) {
	key := fmt.Sprintf("%s/%s/%s", n.Case, n.Event, n.At.Format(time.RFC3339Nano)) // the same notice, whoever sends it
	if again && !c.o.looks {
		return "", notify.ErrUnknown
	}
	err = c.g.pass(ctx, toOffice, c.id+" "+string(n.Event), "", func() error {
		c.o.mu.Lock()
		defer c.o.mu.Unlock()
		if c.o.looks { // one issue a case, which later events are written to
			ref = "SEC-" + n.Case
			if again && c.o.arrived[key] > 0 {
				return nil
			}
		}
		c.o.arrived[key]++
		return nil
	}, func(e effect) error {
		switch e {
		case slowed:
			return &notify.RetryError{After: 2 * time.Second, Err: errors.New("429")}
		case silent:
			return &notify.RetryError{Unknown: true, Err: timeout{}}
		default:
			return errors.New("401 Unauthorized")
		}
	})
	if errors.Is(err, errDead) {
		return "", err
	}
	return ref, err
}

// twice are the notices that arrived more than once.
func (o *office) twice() (out []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for key, n := range o.arrived {
		if n > 1 {
			out = append(out, fmt.Sprintf("%s arrived %d times", key, n))
		}
	}
	return out
}
