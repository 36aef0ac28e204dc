package actions

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// inFlight bounds the calls that one action makes at a time; ELB allows a burst of 40 over all its actions.
const inFlight = 8

// each runs f for every item, a bounded number at a time. One that fails does not stop the others; the errors are
// joined.
func each[T any](items []T, f func(T) error) error {
	var (
		g    errgroup.Group
		mu   sync.Mutex
		errs []error
	)
	g.SetLimit(inFlight)
	for _, item := range items {
		g.Go(func() error {
			if err := f(item); err != nil {
				mu.Lock()
				errs = append(errs, err)
				mu.Unlock()
			}
			return nil
		})
	}
	_ = g.Wait()
	return errors.Join(errs...)
}

// sleep waits, or gives the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// without is m less the named keys: most states' Without.
func without[V any](m map[string]V, names map[string]bool) map[string]V {
	m = maps.Clone(m)
	maps.DeleteFunc(m, func(k string, _ V) bool { return names[k] })
	return m
}

// asParts gives a map as an action's parts.
func asParts[V any](m map[string]V) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}
