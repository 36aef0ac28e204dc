package engine

import (
	"context"

	"cordon/internal/finding"
)

// Places are where a caller's runs take their turn: it gives each run a place before it calls the engine, and the engine says
// when that is not needed. Each call brings the context of the run, and is of no other run's place: others, of this process too,
// may be at work on the same target. Implementations are safe for concurrent use.
type Places interface {
	// Contained says that the containment of a target is over: what follows is evidence, notices, or nothing. It may be said
	// more than once, and is said in any case before the run returns where a finding has several targets.
	Contained(ctx context.Context, t finding.Target)
	// Wait says that nothing can be done for the target before another run has ended. resume waits for a place, and is called
	// before the containment begins; its error: it is not to begin any more. ended is closed when there is no more use in
	// waiting; nil for never.
	Wait(ctx context.Context, t finding.Target) (resume func(context.Context) error, ended <-chan struct{})
}

// contained tells the caller's places, if it has any.
func (e *Engine) contained(ctx context.Context, t finding.Target) {
	if e.o.Places != nil {
		e.o.Places.Contained(ctx, t)
	}
}

// waits is Places.Wait, if the caller has places.
func (e *Engine) waits(ctx context.Context, t finding.Target) (resume func(context.Context) error, ended <-chan struct{}) {
	if e.o.Places == nil {
		return func(context.Context) error { return nil }, nil
	}
	return e.o.Places.Wait(ctx, t)
}
