package serve

import (
	"context"
	"errors"
	"sync"

	"cordon/internal/casefile"
	"cordon/internal/engine"
)

// group counts goroutines; once it is waited for, none is added.
type group struct {
	mu     sync.Mutex
	closed bool
	wg     sync.WaitGroup
}

// begin runs f beside; false: the group is being waited for, and f was not begun.
func (g *group) begin(f func()) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.wg.Go(f)
	}
	return !g.closed
}

func (g *group) wait() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.wg.Wait()
}

// hands are the cases that are being answered here, or wait for it: the backlog leaves them alone.
type hands struct {
	mu    sync.Mutex
	cases map[string]*hand
}

type hand struct {
	n       int
	counted bool // its time to contain was
}

func (h *hands) take(cases []casefile.Case) (free func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range cases {
		if h.cases[c.ID] == nil {
			h.cases[c.ID] = &hand{}
		}
		h.cases[c.ID].n++
	}
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, c := range cases {
			if h.cases[c.ID].n--; h.cases[c.ID].n == 0 {
				delete(h.cases, c.ID)
			}
		}
	}
}

func (h *hands) has(id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.cases[id] != nil
}

// counts says, to one of those who have a case in hand, that its time to contain is to be counted.
func (h *hands) counts(id string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	one := h.cases[id]
	if one == nil {
		return true // the run made another case
	}
	first := !one.counted
	one.counted = true
	return first
}

// respond answers an accepted finding, for which a place was reserved. An error: it is to be answered again, what was done so
// far is in its cases.
func (s *Service) respond(ctx context.Context, a engine.Accepted) error {
	before := a.Cases()
	defer s.inHand.take(before)()
	ctx, end := s.o.Telemetry.Span(ctx, "case", Label{"case", before[0].ID})
	var results []engine.Result
	err := s.pool.do(ctx, a.Targets(), func(ctx context.Context) { results = s.engine.RespondTo(ctx, a) })
	for i, r := range results {
		err = errors.Join(err, s.outcome(before[i], r))
	}
	end(err)
	return err
}

// outcome says what became of one target. An error: answering again has something to go on with.
func (s *Service) outcome(before casefile.Case, r engine.Result) error {
	c := r.Case
	if c.ID != "" {
		s.o.Telemetry.Count(Cases, 1, Label{"status", string(c.Status)})
	}
	if c.ContainedAfter > 0 && (before.ID != c.ID || before.ContainedAfter == 0) && s.inHand.counts(c.ID) {
		s.o.Telemetry.Observe(TimeToContain, c.ContainedAfter)
	}
	err := r.Err
	if err == nil {
		err = leftOver(c)
	}
	if err == nil {
		s.o.Log.Info("answered", "case", c.ID, "target", c.Target.String(), "status", string(c.Status), "contained_after_ms", c.ContainedAfter.Milliseconds())
		return nil
	}
	if s.pool.stopped() && errors.As(err, new(*engine.InterruptedError)) {
		s.o.Log.Info("left for the next start", "case", c.ID, "target", before.Target.String(), "status", string(c.Status))
		return err
	}
	s.o.Telemetry.Count(Errors, 1, Label{"kind", "case"}, Label{"code", code(err)})
	s.o.Log.Error("not answered to its end", "case", c.ID, "target", before.Target.String(), "status", string(c.Status), "error", err.Error())
	return err
}

// UnfinishedError says that a case is not as policy wants it.
type unfinishedError struct{ c casefile.Case }

func (e *unfinishedError) Error() string {
	return "case " + e.c.ID + " is " + string(e.c.Status) + ": " + e.c.Reason
}

// leftOver is an *unfinishedError where answering a case again may make it better. What is only evidence is none: the backlog
// goes on with that.
func leftOver(c casefile.Case) error {
	if c.Status == casefile.Partial && c.Settled && len(c.Unanswered) == 0 && len(c.LetGo) > 0 {
		return nil // a person has put single actions back: answering again leaves them so
	}
	switch c.Status {
	case casefile.Contained, casefile.Observed, casefile.Unsupported, casefile.AwaitingApproval, casefile.Released:
		return nil
	case casefile.Open, casefile.Partial, casefile.Failed:
		return &unfinishedError{c}
	default:
		return &unfinishedError{c}
	}
}
